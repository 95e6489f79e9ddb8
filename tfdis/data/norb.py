"""SmallNORB (LeCun et al., 2004): grey photographs of toys, scaled to 64x64."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tfdis.data.files import RemoteFile, find, reading, unpacked
from tfdis.data.grid import GridData
from tfdis.data.named import named_data
from tfdis.data.stored import StoredImages

_URL = "https://cs.nyu.edu/~ylclab/data/norb-v1.0-small"
_CHUNKS = ("5x46789x9x18x6x2x96x96-training", "5x01235x9x18x6x2x96x96-testing")
# As recorded in disent's data classes; of the compressed files.
_MD5 = {
    (0, "dat"): "66054832f9accfe74a0f4c36a75bc0a2",
    (0, "cat"): "23c8b86101fbf0904a000b43d3ed2fd9",
    (0, "info"): "51dee1210a742582ff607dfd94e332e3",
    (1, "dat"): "e4ad715691ed5a3a5f138751a4ceb071",
    (1, "cat"): "5aa791cd7e6016cf957ce9bdb93b8603",
    (1, "info"): "a9454f3864d7fd4bb3ea7fc3eb84924e",
}
# The magic numbers of the binary matrix format, as its authors' page gives them.
_DTYPES = {0x1E3D4C55: "u1", 0x1E3D4C54: "<i4", 0x1E3D4C51: "<f4", 0x1E3D4C53: "<f8"}


def _file(chunk: int, kind: str) -> RemoteFile:
    file = f"smallnorb-{_CHUNKS[chunk]}-{kind}.mat"
    return RemoteFile(f"small_norb/{file}", f"{_URL}/{file}.gz", _MD5[chunk, kind], "gz")


@named_data("smallnorb", f"{_URL}/", "research only (its authors' terms)")
class SmallNORB(StoredImages, GridData):
    """Toys of five categories; the instance is drawn from the random state.

    Lanczos resampling overshoots: where disentanglement_lib leaves [0, 1], pixels are clipped here.
    """

    name = "smallnorb"
    files = tuple(_file(*key) for key in _MD5)
    factor_names = ("category", "elevation", "azimuth", "lighting")
    factors_num_values = [5, 9, 18, 6]
    observation_shape = [64, 64, 1]
    grid = [5, 10, 9, 18, 6]
    factor_axes = (0, 2, 3, 4)

    def __init__(self) -> None:
        paths = {key: find("smallnorb", _file(*key)) for key in _MD5}
        shape = (self.num_images, *self.observation_shape)

        def chunks() -> Iterator[np.ndarray]:
            yield self._read(paths)

        self.stored = unpacked("smallnorb", list(paths.values()), shape, chunks)

    def _read(self, paths: dict[tuple[int, str], Path]) -> np.ndarray:
        images = np.zeros((self.num_images, *self.observation_shape), np.uint8)
        seen = np.zeros(self.num_images, bool)
        for chunk in range(len(_CHUNKS)):
            path = paths[chunk, "dat"]
            pairs = _matrix(path, "SmallNORB's photographs, bytes of shape [n, 2, 96, 96]", 4)
            category = _matrix(paths[chunk, "cat"], "SmallNORB's categories, shape [n]", 1)
            info = _matrix(paths[chunk, "info"], "SmallNORB's labels, shape [n, 4]", 2)
            with reading(path, "as many images as there are labels, each of other factors"):
                # Azimuths are stored as 0, 2, ..., 34.
                columns = (category, info[:, 0], info[:, 1], info[:, 2] // 2, info[:, 3])
                indices = np.ravel_multi_index(columns, self.grid)
                seen[indices] = True
                images[indices] = _resized(pairs[: len(indices), 0])
        with reading(paths[0, "info"].parent, f"one photograph for each of {len(seen)} factors"):
            if not seen.all():
                raise ValueError(f"{np.sum(~seen)} are missing")
        return images


def _matrix(path: Path, expected: str, num_axes: int) -> np.ndarray:
    """Reads NORB's binary matrix format: magic, number of axes, at least three sizes, data."""
    with reading(path, expected):
        magic, axes = (int(word) for word in np.fromfile(path, "<i4", 2))
        if magic not in _DTYPES or axes != num_axes:
            raise ValueError(f"its first words are {magic:#x} and {axes}")
        words = max(3, axes)
        sizes = np.fromfile(path, "<i4", words, offset=8)[:axes]
        return np.fromfile(path, _DTYPES[magic], offset=8 + 4 * words).reshape(sizes)


def _resized(images: np.ndarray) -> np.ndarray:
    """Lanczos to 64x64 in whole numbers, clipped to [0, 255]: `[n, 64, 64, 1]`."""
    from PIL import Image

    resized = np.empty((len(images), 64, 64, 1), np.uint8)
    for into, image in zip(resized, images):
        scaled = Image.fromarray(image.astype(np.int32)).resize((64, 64), Image.Resampling.LANCZOS)
        into[..., 0] = np.clip(np.array(scaled), 0, 255)
    return resized
