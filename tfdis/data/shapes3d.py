"""3D Shapes (Burgess and Kim, 2018): objects in a coloured room."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tfdis.data.files import NpzMember, RemoteFile, Source, find, reading, unpacked
from tfdis.data.ground_truth import GroundTruthData
from tfdis.data.named import named_data
from tfdis.data.stored import StoredImages
from tfdis.errors import UserError

_MD5 = "099a2078d58cec4daad0702c55d06868"  # as recorded in disent's data classes
_FILE = RemoteFile(
    "3dshapes/3dshapes.h5",
    "https://storage.googleapis.com/3d-shapes/3dshapes.h5",
    _MD5,
    mirrors=(
        Source(
            "https://storage.googleapis.com/storage/v1/b/3d-shapes/o/3dshapes.h5?alt=media", _MD5
        ),
    ),
    # What disentanglement_lib reads; it was never published.
    alternatives=(
        "3dshapes/look-at-object-room_floor-hueXwall-hueXobj-hueXobj-sizeXobj-shapeXview-azi.npz",
    ),
)


@named_data("shapes3d", "https://github.com/deepmind/3d-shapes", "Apache-2.0")
class Shapes3D(StoredImages, GroundTruthData):
    """A cube, cylinder, sphere or pill in a room; 64x64 images, 3 channels.

    Reads disentanglement_lib's .npz or the published 3dshapes.h5 (which needs h5py).
    """

    name = "shapes3d"
    files = (_FILE,)
    factor_names = ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")
    value_names = {"shape": ("cube", "cylinder", "sphere", "capsule")}
    factors_num_values = [10, 10, 10, 8, 4, 15]
    observation_shape = [64, 64, 3]

    def __init__(self) -> None:
        path = find("shapes3d", _FILE)
        shape = (self.num_images, *self.observation_shape)

        def chunks() -> Iterator[np.ndarray]:
            with reading(path, f"3D Shapes' {shape[0]} images 'images' of 64x64x3"):
                if path.suffix == ".npz":
                    yield from NpzMember(path, "images", shape[0], shape[1:]).chunks()
                else:
                    yield from _h5_chunks(path, shape)

        self.stored = unpacked("shapes3d", [path], shape, chunks)


def _h5_chunks(path: Path, shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    try:
        import h5py
    except ImportError as error:
        raise UserError(f"Reading {path} needs h5py: `pip install h5py`.") from error
    with h5py.File(path, "r") as file:
        images = file["images"]
        if images.shape != shape or images.dtype != np.uint8:
            raise ValueError(f"its 'images' is {images.dtype} of shape {images.shape}")
        for start in range(0, len(images), 2000):
            yield images[start : start + 2000]
