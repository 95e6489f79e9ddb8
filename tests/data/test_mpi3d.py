import zipfile

import numpy as np
import pytest

from tfdis.data import mpi3d
from tfdis.data.mpi3d import MPI3DReal, MPI3DRealistic, MPI3DToy
from tfdis.errors import UserError

_SIZES = [2, 3, 2, 1, 2, 3, 2]
_PUBLISHED = {make: make.factors_num_values for make in (MPI3DToy, MPI3DRealistic, MPI3DReal)}


@pytest.fixture(params=[MPI3DToy, MPI3DRealistic, MPI3DReal])
def ours(request, data_dir, monkeypatch):
    monkeypatch.setattr(request.param, "factors_num_values", _SIZES)
    (data_dir / request.param.name).mkdir()
    return request.param


@pytest.fixture
def path(ours, data_dir):
    return data_dir / ours.name / f"{ours.name}.npz"


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (144, 64, 64, 3), np.uint8)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_mpi3d_is_disentanglement_libs(
    ours, path, images, save, data_dir, dlib_data, same_draws, monkeypatch
):
    save(path, images=images)
    module = dlib_data("mpi3d")
    # The class reads the variable when it is made; its os is ours.
    theirs = module.MPI3D(mode=ours.name)
    assert theirs.factors_num_values == _PUBLISHED[ours]
    theirs.state_space = dlib_data("util").SplitDiscreteStateSpace(_SIZES, list(range(7)))
    theirs.factor_bases = np.prod(_SIZES) / np.cumprod(_SIZES)
    same_draws(ours(), theirs)


def test_an_uncompressed_archive_is_mapped_in_its_place(ours, path, images, tmp_path):
    np.savez(path, other=np.zeros(3), images=images)
    data = ours()
    assert isinstance(data.stored, np.memmap)
    assert str(data.stored.filename) == str(path)
    np.testing.assert_array_equal(data.stored, images)
    assert not (tmp_path / "cache").exists()


def test_the_set_of_another_mode_is_noticed(ours, path, images):
    np.savez(path, images=images[:100])
    with pytest.raises(UserError, match=rf"{ours.name}\.npz.*\(100, 64, 64, 3\).*144 images"):
        ours()


def test_a_truncated_archive_is_named(ours, path, images):
    np.savez(path, images=images)
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(UserError, match=rf"{ours.name}\.npz is damaged"):
        ours()


def test_what_arrives_is_read_to_its_end(tmp_path, images, monkeypatch):
    monkeypatch.setattr(mpi3d._MPI3D, "factors_num_values", _SIZES)
    path = tmp_path / "toy.npz"
    np.savez(path, images=images)
    (file,) = MPI3DToy.files
    file.check(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(zipfile.BadZipFile, match="CRC"):
        file.check(path)
    np.savez(path, images=images[1:])
    with pytest.raises(ValueError, match="143"):
        file.check(path)
