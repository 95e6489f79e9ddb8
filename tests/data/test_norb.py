import numpy as np
import pytest

from tfdis.data.norb import SmallNORB
from tfdis.errors import UserError

_GRID = [2, 3, 2, 3, 2]
_MAGIC = {np.dtype(np.uint8): 0x1E3D4C55, np.dtype(np.int32): 0x1E3D4C54}


def _write_matrix(path, array):
    sizes = [*array.shape, 1, 1][: max(3, array.ndim)]
    header = np.array([_MAGIC[array.dtype], array.ndim, *sizes], "<i4")
    path.write_bytes(header.tobytes() + array.tobytes())


@pytest.fixture
def norb(data_dir, monkeypatch):
    monkeypatch.setattr(SmallNORB, "grid", _GRID)
    monkeypatch.setattr(SmallNORB, "factors_num_values", [_GRID[i] for i in (0, 2, 3, 4)])
    folder = data_dir / "small_norb"
    folder.mkdir()
    rng = np.random.default_rng(0)
    rows = rng.permutation(np.stack(np.unravel_index(np.arange(72), _GRID), axis=-1))
    for part, chunk in zip(
        np.split(rows, [30]), ["5x46789x9x18x6x2x96x96-training", "5x01235x9x18x6x2x96x96-testing"]
    ):
        # Hard edges, so that the resampling overshoots.
        photographs = 255 * rng.integers(0, 2, (len(part), 2, 12, 12), np.uint8)
        photographs = photographs.repeat(8, axis=2).repeat(8, axis=3)
        info = part[:, 1:].astype(np.int32)
        info[:, 2] *= 2
        _write_matrix(folder / f"smallnorb-{chunk}-dat.mat", photographs)
        _write_matrix(folder / f"smallnorb-{chunk}-cat.mat", part[:, 0].astype(np.int32))
        _write_matrix(folder / f"smallnorb-{chunk}-info.mat", info)
    return folder


def test_smallnorb_is_disentanglement_libs_clipped(norb, dlib_data, same_draws, monkeypatch):
    module = dlib_data("norb")
    monkeypatch.setattr(module, "SMALLNORB_TEMPLATE", str(norb / "smallnorb-{}-{}.mat"))

    class SmallSizes:  # the class has its sizes in its code
        StateSpaceAtomIndex = staticmethod(
            lambda sizes, features: util.StateSpaceAtomIndex(_GRID, features)
        )
        SplitDiscreteStateSpace = staticmethod(
            lambda sizes, factors: util.SplitDiscreteStateSpace(_GRID, factors)
        )

    util = dlib_data("util")
    monkeypatch.setattr(module, "util", SmallSizes)
    theirs = module.SmallNORB()
    assert theirs.images.max() > 1
    assert theirs.images.min() < 0
    same_draws(SmallNORB(), theirs, clip=True)


def test_truncated_photographs_are_named(norb):
    path = next(norb.glob("*testing-dat.mat"))
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(UserError, match=r"testing-dat\.mat is damaged"):
        SmallNORB()


def test_swapped_files_are_named(norb):
    path = next(norb.glob("*testing-dat.mat"))
    path.write_bytes(next(norb.glob("*testing-cat.mat")).read_bytes())
    with pytest.raises(UserError, match=r"testing-dat\.mat is damaged or another file"):
        SmallNORB()


def test_training_files_in_place_of_the_testing_ones_are_noticed(norb):
    for kind in ("dat", "cat", "info"):
        path = next(norb.glob(f"*testing-{kind}.mat"))
        path.write_bytes(next(norb.glob(f"*training-{kind}.mat")).read_bytes())
    with pytest.raises(UserError, match="42 are missing"):
        SmallNORB()


def test_a_missing_file_is_named(norb):
    next(norb.glob("*testing-info.mat")).unlink()
    with pytest.raises(UserError, match=r"testing-info\.mat is missing"):
        SmallNORB()
