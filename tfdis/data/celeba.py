"""CelebA (Liu et al., 2015): faces with forty attributes."""

import re
from pathlib import Path
from typing import Annotated

import numpy as np
from annotated_types import Interval

from tfdis.config import configurable
from tfdis.data.files import RemoteFile, find, reading
from tfdis.data.image_folder import list_images, scaled_images
from tfdis.data.labelled import LabelledData
from tfdis.data.named import named_data

_PAGE = "http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
_ATTRIBUTES = RemoteFile(
    "CelebA/list_attr_celeba.csv",
    _PAGE,
    alternatives=("CelebA/list_attr_celeba.txt",),
    by_hand=True,
)


@named_data("celebA", _PAGE, "non-commercial research only")
@configurable("celebA")
def celeba(side: Annotated[int, Interval(ge=1, le=4096)] = 64) -> LabelledData:
    """Faces; each attribute is a factor of two values, 0 where it is absent.

    Reads the JPEGs anywhere below CelebA/, in the order of their names, and the attributes from
    list_attr_celeba, .csv or the original .txt. A photograph is cut to its central square and
    scaled.

    Args:
        side: height and width in pixels.

    Raises:
        UserError: files are missing or damaged, or a photograph has no attributes.
    """
    attributes_path = find("celebA", _ATTRIBUTES)
    names, attributes = _attributes(attributes_path)
    paths = sorted(list_images(attributes_path.parent), key=lambda path: path.name)
    with reading(attributes_path, "the attributes of each photograph beside it"):
        missing = [path.name for path in paths if path.name not in attributes]
        if missing or len(paths) != len(attributes):
            raise ValueError(
                f"it lists {len(attributes)} and there are {len(paths)} photographs"
                + (f", among them {missing[0]}, which it does not list" if missing else "")
            )
    factors = np.stack([attributes[path.name] for path in paths])
    return LabelledData(scaled_images(paths, side, 3, "celebA"), factors, names, "celebA")


celeba.files = (_ATTRIBUTES,)


def _attributes(path: Path) -> tuple[list[str], dict[str, np.ndarray]]:
    """The attributes' names, and 0 or 1 for each, by file name.

    The .csv starts with a line of names, the .txt with the number of images and then that line.
    """
    with reading(path, "CelebA's list of attributes, -1 or 1"):
        lines = [line for line in path.read_text().splitlines() if line.strip()]
        header, *rows = lines if path.suffix == ".csv" else lines[1:]
        names = [name for name in re.split(r"[,\s]+", header) if name]
        names = names[1:] if names[0] == "image_id" else names
        fields = [re.split(r"[,\s]+", row.strip()) for row in rows]
        values = np.array([field[1:] for field in fields], np.int64)
        if values.ndim != 2 or values.shape[1] != len(names) or np.any(np.abs(values) != 1):
            raise ValueError(f"its rows do not hold one of -1 and 1 for each of {len(names)} names")
        return names, dict(zip((field[0] for field in fields), (values > 0).astype(np.int64)))
