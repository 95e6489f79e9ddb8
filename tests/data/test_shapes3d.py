import h5py
import numpy as np
import pytest

from tfdis.data.shapes3d import Shapes3D
from tfdis.errors import UserError

_SIZES = [2, 3, 2, 2, 2, 3]


@pytest.fixture
def images(data_dir, monkeypatch):
    monkeypatch.setattr(Shapes3D, "factors_num_values", _SIZES)
    (data_dir / "3dshapes").mkdir()
    return np.random.default_rng(0).integers(0, 256, (144, 64, 64, 3), np.uint8)


@pytest.fixture
def npz(data_dir, images):
    path = data_dir / "3dshapes"
    path /= "look-at-object-room_floor-hueXwall-hueXobj-hueXobj-sizeXobj-shapeXview-azi.npz"
    labels = np.stack(np.unravel_index(np.arange(144), _SIZES), axis=-1)
    np.savez_compressed(
        path, images=images.reshape(*_SIZES, 64, 64, 3), labels=labels.reshape(*_SIZES, 6)
    )
    return path


@pytest.fixture
def h5(data_dir, images):
    path = data_dir / "3dshapes" / "3dshapes.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("images", data=images, compression="gzip")
    return path


def test_shapes3d_is_disentanglement_libs(npz, dlib_data, same_draws, monkeypatch):
    module = dlib_data("shapes3d")
    monkeypatch.setattr(module, "SHAPES3D_PATH", str(npz))
    theirs = module.Shapes3D()
    theirs.factor_sizes = _SIZES
    theirs.state_space = dlib_data("util").SplitDiscreteStateSpace(_SIZES, list(range(6)))
    theirs.factor_bases = np.prod(_SIZES) / np.cumprod(_SIZES)
    same_draws(Shapes3D(), theirs)


def test_the_published_file_holds_the_same_images(h5, images):
    data = Shapes3D()
    np.testing.assert_array_equal(data.images(np.arange(144)), images)
    assert isinstance(data.stored, np.memmap)


def test_a_truncated_h5_is_named(h5):
    h5.write_bytes(h5.read_bytes()[:-5000])
    with pytest.raises(UserError, match=r"3dshapes\.h5 is damaged"):
        Shapes3D()


def test_another_h5_is_named(h5):
    with h5py.File(h5, "w") as file:
        file.create_dataset("images", data=np.zeros((3, 64, 64, 3), np.uint8))
    with pytest.raises(UserError, match=r"3dshapes\.h5.*\(3, 64, 64, 3\).*expected .* 144 images"):
        Shapes3D()


def test_both_names_are_told_where_both_are_missing(images):
    with pytest.raises(UserError, match=r"view-azi\.npz or .*3dshapes\.h5 is missing"):
        Shapes3D()
