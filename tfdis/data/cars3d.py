"""Cars3D (Reed et al., 2015): rendered cars, scaled to 64x64."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tfdis.data.files import RemoteFile, find, reading, unpacked
from tfdis.data.ground_truth import GroundTruthData
from tfdis.data.named import named_data
from tfdis.data.stored import StoredImages

_CARS = RemoteFile(
    "cars",
    "http://www.scottreed.info/files/nips2015-analogy-data.tar.gz",
    "4e866a7919c1beedf53964e6f7a23686",  # as recorded in disent's data classes
    "tar:data/cars",
)


@named_data("cars3d", "http://www.scottreed.info/", "none given by its authors")
class Cars3D(StoredImages, GroundTruthData):
    """183 cars from 24 sides and 4 heights.

    The cars are numbered in the order of their files' names; disentanglement_lib numbers them in
    whichever order the file system lists them.
    """

    name = "cars3d"
    files = (_CARS,)
    factor_names = ("elevation", "azimuth", "object_type")
    factors_num_values = [4, 24, 183]
    observation_shape = [64, 64, 3]

    def __init__(self) -> None:
        folder, num_cars = find("cars3d", _CARS), self.factors_num_values[2]
        paths = sorted(path for path in folder.iterdir() if ".mat" in path.name)
        with reading(folder, f"{num_cars} .mat files"):
            if len(paths) != num_cars:
                raise ValueError(f"there are {len(paths)}")
        shape = (self.num_images, *self.observation_shape)

        def chunks() -> Iterator[np.ndarray]:
            yield np.stack([_views(path) for path in paths], axis=2).reshape(shape)

        self.stored = unpacked("cars3d", paths, shape, chunks)


def _views(path: Path) -> np.ndarray:
    """One car from every side, uint8 `[elevation 4, azimuth 24, 64, 64, 3]`."""
    import scipy.io
    from PIL import Image

    with reading(path, "a car 'im' of 128x128x3 pixels from 24 sides and 4 heights"):
        try:
            views = scipy.io.loadmat(path)["im"].transpose(4, 3, 0, 1, 2)
        except (TypeError, NotImplementedError, scipy.io.matlab.MatReadError) as error:
            raise ValueError(error) from error
        if views.shape[:2] != (4, 24) or views.shape[4:] != (3,) or views.dtype != np.uint8:
            raise ValueError(f"it is {views.dtype} of shape {views.shape}")
        scaled = np.empty((4, 24, 64, 64, 3), np.uint8)
        for place in np.ndindex(4, 24):
            picture = Image.fromarray(np.ascontiguousarray(views[place]))
            picture.thumbnail((64, 64), Image.Resampling.LANCZOS)
            scaled[place] = picture
        return scaled
