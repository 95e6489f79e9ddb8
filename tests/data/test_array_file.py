import io
import zipfile

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
        ({"images": _IMAGES, "factor_names": np.array([["a"]])}, "factor_names"),
        ({"images": _IMAGES, "factor_names": np.array([1, 2])}, "factor_names"),
    ],
)
def test_another_archive_is_told(tmp_path, arrays, message):
    np.savez(tmp_path / "mine.npz", **arrays)
    with pytest.raises(UserError, match=rf"mine\.npz is damaged.*{message}.*write it again"):
        array_file(str(tmp_path / "mine.npz"))


def _header(shape, dtype="|u1"):
    header = io.BytesIO()
    description = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, description)
    return header.getvalue()


@pytest.mark.parametrize(
    ("name", "shape", "size"),
    [
        ("images", (100_000, 200, 200, 3), r"12\.0 GB"),
        ("images", (10**12, 64, 64, 3), "GB"),
        ("factors", (10**10, 1), r"10\.0 GB"),
        ("factor_names", (10**11,), r"100\.0 GB"),
    ],
)
def test_an_archive_that_would_fill_the_memory_is_refused_by_its_header(
    tmp_path, name, shape, size
):
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, **({} if name == "images" else {"images": _IMAGES}))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}.npy", _header(shape) + bytes(1000))
    with pytest.raises(UserError, match=rf"'{name}' unpacks from 0\.0 MB to .*{size}"):
        array_file(str(path))


def test_a_file_of_the_other_kind_is_told(tmp_path):
    np.save(tmp_path / "mine.npy", _IMAGES)
    np.savez(tmp_path / "mine.npz", images=_IMAGES)
    (tmp_path / "array.npz").write_bytes((tmp_path / "mine.npy").read_bytes())
    (tmp_path / "archive.npy").write_bytes((tmp_path / "mine.npz").read_bytes())
    (tmp_path / "object.npy").write_bytes(_header((2,), "|O") + b"\0" * 16)
    for name in ("array.npz", "archive.npy", "object.npy"):
        with pytest.raises(UserError, match=rf"{name} is damaged"):
            array_file(str(tmp_path / name))


def test_a_truncated_file_is_told(tmp_path):
    np.save(tmp_path / "mine.npy", _IMAGES)
    content = (tmp_path / "mine.npy").read_bytes()
    (tmp_path / "mine.npy").write_bytes(content[:-10])
    with pytest.raises(UserError, match=r"mine\.npy is damaged"):
        array_file(str(tmp_path / "mine.npy"))


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(UserError, match=r"no file .*mine\.npz"):
        array_file(str(tmp_path / "mine.npz"))
