import numpy as np
import pytest

from tfdis.config import parsed
from tfdis.data.array_file import array_file
from tfdis.data.named import get_named_ground_truth_data
from tfdis.errors import UserError

_IMAGES = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), np.uint8)


def test_an_npy_is_mapped(tmp_path):
    np.save(tmp_path / "mine.npy", _IMAGES)
    with parsed(gin_bindings=[f"array_file.path = '{tmp_path / 'mine.npy'}'"]):
        data = get_named_ground_truth_data("array_file")
    assert isinstance(data.stored, np.memmap)
    assert data.num_factors == 0
    np.testing.assert_array_equal(data.images(np.arange(12)), _IMAGES)


def test_an_npz_with_factors(tmp_path):
    factors = np.arange(24).reshape(12, 2) % 3
    np.savez(tmp_path / "mine.npz", images=_IMAGES, factors=factors, factor_names=["a", "b"])
    data = array_file(str(tmp_path / "mine.npz"))
    assert data.factor_names == ("a", "b")
    np.testing.assert_array_equal(data.factors(np.arange(12)), factors)


def test_an_npz_with_images_alone(tmp_path):
    np.savez_compressed(tmp_path / "mine.npz", images=_IMAGES)
    assert array_file(str(tmp_path / "mine.npz")).num_factors == 0


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"pictures": _IMAGES}, "images"),
        ({"images": np.array([None, {}], dtype=object)}, "allow_pickle"),
    ],
)
def test_another_archive_is_told(tmp_path, arrays, message):
    np.savez(tmp_path / "mine.npz", **arrays)
    with pytest.raises(UserError, match=rf"mine\.npz is damaged.*{message}"):
        array_file(str(tmp_path / "mine.npz"))


def test_a_truncated_file_is_told(tmp_path):
    np.save(tmp_path / "mine.npy", _IMAGES)
    content = (tmp_path / "mine.npy").read_bytes()
    (tmp_path / "mine.npy").write_bytes(content[:-10])
    with pytest.raises(UserError, match=r"mine\.npy is damaged"):
        array_file(str(tmp_path / "mine.npy"))


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(UserError, match=r"no file .*mine\.npz"):
        array_file(str(tmp_path / "mine.npz"))
