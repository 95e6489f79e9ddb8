"""MPI3D (Gondal et al., 2019): a robot arm, drawn simply, drawn realistically and photographed."""

from collections.abc import Iterator

import numpy as np

from tfdis.data.files import NpzMember, RemoteFile, find, reading, unpacked
from tfdis.data.ground_truth import GroundTruthData
from tfdis.data.named import named_data
from tfdis.data.stored import StoredImages

_SOURCE, _LICENCE = "https://github.com/rr-learning/disentanglement_dataset", "CC-BY-4.0"


def _file(name: str, md5: str) -> RemoteFile:
    url = f"https://storage.googleapis.com/disentanglement_dataset/Final_Dataset/{name}.npz"
    return RemoteFile(f"{name}/{name}.npz", url, md5)  # MD5 as recorded in disent's data classes


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
    """MPI3D, drawn simply."""

    name = "mpi3d_toy"
    files = (_file("mpi3d_toy", "55889cb7c7dfc655d6e0277beee88868"),)


@named_data("mpi3d_realistic", _SOURCE, _LICENCE)
class MPI3DRealistic(_MPI3D):
    """MPI3D, drawn realistically."""

    name = "mpi3d_realistic"
    files = (_file("mpi3d_realistic", "59a6225b88b635365f70c91b3e52f70f"),)


@named_data("mpi3d_real", _SOURCE, _LICENCE)
class MPI3DReal(_MPI3D):
    """MPI3D, photographed; six colours and six shapes."""

    name = "mpi3d_real"
    files = (_file("mpi3d_real", "0f33f609918fb5c97996692f91129802"),)
    factors_num_values = [6, 6, 2, 3, 3, 40, 40]
