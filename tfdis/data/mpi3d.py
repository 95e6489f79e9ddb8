"""MPI3D (Gondal et al., 2019): a robot arm, rendered simply, realistically, and photographed."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tfdis.data.files import NpzMember, RemoteFile, Source, find, reading, unpacked
from tfdis.data.ground_truth import GroundTruthData
from tfdis.data.named import named_data
from tfdis.data.stored import StoredImages

_SOURCE, _LICENCE = "https://github.com/rr-learning/disentanglement_dataset", "CC-BY-4.0"


_STORAGE = "https://storage.googleapis.com"


def _file(name: str, md5: str, moved_name: str) -> RemoteFile:
    # The first bucket was closed; its authors named the new one in 2024, in issues 3 and 4 of their
    # repository, and mended mpi3d_real there in 2025 (issue 5). The MD5s, as recorded in disent's
    # data classes, are those of the first, which may open again.
    return RemoteFile(
        f"{name}/{name}.npz",
        f"{_STORAGE}/mpi3d_disentanglement_dataset/data/{moved_name}.npz",
        check=lambda path: _check(path, name),
        mirrors=(Source(f"{_STORAGE}/disentanglement_dataset/Final_Dataset/{name}.npz", md5),),
    )


def _check(path: Path, name: str) -> None:
    """Reads a whole archive, whose checksums zipfile compares."""
    sizes = (MPI3DReal if name == "mpi3d_real" else _MPI3D).factors_num_values
    for _ in NpzMember(path, "images", math.prod(sizes), _MPI3D.observation_shape).chunks():
        pass


class _MPI3D(StoredImages, GroundTruthData):
    """A robot arm that holds an object; 64x64 images, 3 channels."""

    files: tuple[RemoteFile, ...]
    factor_names = (
        "object_color",
        "object_shape",
        "object_size",
        "camera_height",
        "background_color",
        "first_dof",
        "second_dof",
    )
    factors_num_values = [4, 4, 2, 3, 3, 40, 40]
    observation_shape = [64, 64, 3]

    def __init__(self) -> None:
        path = find(self.name, self.files[0])
        shape = (self.num_images, *self.observation_shape)
        expected = f"{self.name}'s {shape[0]} images 'images' of 64x64x3"
        with reading(path, expected):
            member = NpzMember(path, "images", shape[0], shape[1:])
            stored = member.mapped()

        def chunks() -> Iterator[np.ndarray]:
            with reading(path, expected):
                yield from member.chunks()

        self.stored = unpacked(self.name, [path], shape, chunks) if stored is None else stored


@named_data("mpi3d_toy", _SOURCE, _LICENCE)
class MPI3DToy(_MPI3D):
    """MPI3D, simple renderings."""

    name = "mpi3d_toy"
    files = (_file("mpi3d_toy", "55889cb7c7dfc655d6e0277beee88868", "mpi3d_toy"),)


@named_data("mpi3d_realistic", _SOURCE, _LICENCE)
class MPI3DRealistic(_MPI3D):
    """MPI3D, realistic renderings."""

    name = "mpi3d_realistic"
    files = (_file("mpi3d_realistic", "59a6225b88b635365f70c91b3e52f70f", "mpi3d_realistic"),)


@named_data("mpi3d_real", _SOURCE, _LICENCE)
class MPI3DReal(_MPI3D):
    """MPI3D, photographs; six colours and six shapes."""

    name = "mpi3d_real"
    files = (_file("mpi3d_real", "0f33f609918fb5c97996692f91129802", "real"),)
    factors_num_values = [6, 6, 2, 3, 3, 40, 40]
