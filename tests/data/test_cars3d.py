import numpy as np
import pytest
import scipy.io

from tfdis.data.cars3d import Cars3D
from tfdis.errors import UserError


@pytest.fixture
def cars(data_dir, monkeypatch):
    monkeypatch.setattr(Cars3D, "factors_num_values", [4, 24, 2])
    folder = data_dir / "cars"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in (4, 11):
        coarse = rng.integers(0, 256, (16, 16, 3, 24, 4), np.uint8)
        path = folder / f"car_{number:03}_mesh.mat"
        scipy.io.savemat(path, {"im": coarse.repeat(8, axis=0).repeat(8, axis=1)})
    (folder / "list.txt").write_text("car_004_mesh\ncar_011_mesh\n")
    return folder


def test_cars3d_is_disentanglement_libs(cars, dlib_data, same_draws, monkeypatch):
    module = dlib_data("cars3d")
    monkeypatch.setattr(module, "CARS3D_PATH", str(cars))
    # Its order of the cars is the file system's.
    monkeypatch.setattr(
        module.gfile, "ListDirectory", lambda path: sorted(p.name for p in cars.iterdir()), False
    )
    theirs = module.Cars3D()
    util = dlib_data("util")
    theirs.state_space = util.SplitDiscreteStateSpace([4, 24, 2], [0, 1, 2])
    same_draws(Cars3D(), theirs)


def test_a_missing_car_is_noticed(cars):
    (cars / "car_011_mesh.mat").unlink()
    with pytest.raises(UserError, match=r"cars is damaged.*there are 1.*expected 2 \.mat"):
        Cars3D()


@pytest.mark.parametrize("content", [b"", b"not a car" * 100, None])
def test_a_damaged_car_is_named(cars, content):
    path = cars / "car_011_mesh.mat"
    path.write_bytes(path.read_bytes()[:5000] if content is None else content)
    with pytest.raises(UserError, match=r"car_011_mesh\.mat is damaged"):
        Cars3D()


def test_another_matrix_is_named(cars):
    scipy.io.savemat(cars / "car_011_mesh.mat", {"im": np.zeros((8, 8, 3, 24, 1), np.uint8)})
    with pytest.raises(UserError, match=r"car_011_mesh\.mat.*\(1, 24, 8, 8, 3\)"):
        Cars3D()
