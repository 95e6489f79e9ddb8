"""An .npy or .npz file of one's own."""

from pathlib import Path

import gin
import numpy as np

from tfdis.config import configurable
from tfdis.data.files import reading
from tfdis.data.labelled import LabelledData
from tfdis.data.named import named_data
from tfdis.errors import UserError


@named_data("array_file", source="a file of your own", licence="your own")
@configurable("array_file")
def array_file(path: str = gin.REQUIRED) -> LabelledData:
    """Images from an .npy file, or from an .npz with or without factors.

    Args:
        path: an .npy with images, which is memory-mapped; or an .npz with "images" and, if you have
            them, "factors" (integers from 0, `[num_images, num_factors]`) and "factor_names".
            Images are uint8, or floats in [0, 1]: `[num_images, height, width(, channels)]`.

    Raises:
        UserError: the file is missing or damaged, or holds something else.
    """
    file = Path(path)
    if not file.is_file():
        raise UserError(f"array_file.path: there is no file {file.resolve()}.")
    factors = names = None
    with reading(file, "an .npy of images, or an .npz with 'images'"):
        if file.suffix == ".npy":
            images = np.load(file, mmap_mode="c", allow_pickle=False)
        else:
            with np.load(file, allow_pickle=False) as archive:
                images, factors = archive["images"], archive.get("factors")
                names = archive.get("factor_names")
    return LabelledData(images, factors, None if names is None else names.tolist(), file.name)
