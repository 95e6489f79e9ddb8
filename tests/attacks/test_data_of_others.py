"""Data sets that do not fit: arrays of wrong kinds, pictures that are none, other shapes."""

import io

import numpy as np
import pytest
from attack import Attack
from PIL import Image

_IMAGES = np.random.default_rng(0).integers(0, 256, (12, 64, 64, 1), np.uint8)
_FACTORS = np.arange(12)[:, None] % 3
_SHOW = "show array_file --gin_bindings='array_file.path = \"mine.npz\"'"
_FOLDER = "show image_folder --gin_bindings='image_folder.path = \"pictures\"'"


def _npz(**arrays):
    return lambda here: np.savez(here / "mine.npz", **{"images": _IMAGES, **arrays})


def _picture(name, content):
    def given(here):
        (here / "pictures").mkdir()
        (here / "pictures" / name).write_bytes(content)

    return given


def _bomb(side):
    content = io.BytesIO()
    Image.new("1", (side, side)).save(content, "PNG")
    return content.getvalue()


_COLOURS = _npz(images=_IMAGES.repeat(3, axis=3), factors=_FACTORS)
_ARRAYS = {
    "1 or 3 channels": [_IMAGES.repeat(2, axis=3), _IMAGES.repeat(4, axis=3), _IMAGES[:, 0, 0],
                        _IMAGES[:0], np.zeros((4, 0, 64, 1))],
    "not uint64": [_IMAGES.astype(np.uint64)],
    "not int16": [_IMAGES.astype(np.int16)],
    "not complex128": [_IMAGES.astype(complex)],
    "not bool": [_IMAGES > 9],
    "not <U": [_IMAGES.astype(str)],
    "range from": [_IMAGES.astype(float), -(_IMAGES / 255.0), np.full_like(_IMAGES, np.nan, float)],
    "allow_pickle=False.*write it again": [_IMAGES.astype(object)],
}  # fmt: skip
_WRONG_FACTORS = {
    "not float64": _FACTORS / 2,
    "not complex128": _FACTORS.astype(complex),
    "integers from 0": _FACTORS - 1,
    "999999 is the highest": _FACTORS + 10**6,
    "the value 18446744073709551615": np.full((12, 1), 2**64 - 1, np.uint64),
    r"\[12, num_factors\]": _FACTORS[:5],
    "allow_pickle=False": _FACTORS.astype(object),
}
_OTHER = "--gin_bindings='dataset.name = \"rooms\"'"
_SHAPES = r"takes images of 64 x 64 x 1, and those of 'rooms' are 64 x 64 x 3"

ATTACKS = [
    *(Attack("data", _SHOW, says, _npz(images=images))
      for says, every in _ARRAYS.items() for images in every),
    *(Attack("data", _SHOW, says, _npz(factors=factors))
      for says, factors in _WRONG_FACTORS.items()),
    Attack("data", _SHOW, "3 factors and 1 factor_names",
           _npz(factors=_FACTORS.repeat(3, 1), factor_names=np.array(["one"]))),
    Attack("data", _SHOW, "factor_names.*write it again", _npz(factor_names=np.array([1, 2]))),
    Attack("data", _SHOW, "damaged", lambda here: (here / "mine.npz").write_bytes(b"PK\3\4")),
    Attack("data", _SHOW, "damaged", lambda here: (here / "mine.npz").write_bytes(b"")),
    *(Attack("data", f"{_FOLDER} --gin_bindings='image_folder.side = {side}'", "image_folder.side",
             _picture("a.png", _bomb(9))) for side in (0, -3, '"x"', 1_000_000, 1.5, None, True)),
    Attack("data", f"{_FOLDER} --gin_bindings='image_folder.num_channels = 2'",
           "image_folder.num_channels", _picture("a.png", _bomb(9))),
    *(Attack("evaluate", f"--model_dir={{model}} --output_dir=new --gin_file={file} {_OTHER}",
             _SHAPES) for file in ("metrics/mig.gin", "metrics/dci.gin")),
    Attack("postprocess", f"--model_dir={{model}} --output_dir=new "
           f"--gin_file=postprocess/mean.gin {_OTHER}", _SHAPES),
    Attack("visualize", f"--model_dir={{model}} --output_dir=new {_OTHER}", "64, 64, 3"),
    Attack("train", "--gin_file={small} --model_dir=new --gin_bindings='dataset.name = "
           "\"array_file\"' --gin_bindings='array_file.path = \"mine.npz\"' "
           "--gin_bindings='model.batch_size = 13'", "13.*has 12", _npz()),
    Attack("train", "--gin_file=cvae.gin --model_dir=new --gin_bindings='dataset.name = "
           "\"array_file\"' --gin_bindings='array_file.path = \"mine.npz\"' "
           "--gin_bindings='model.batch_size = 4'", "has no factor 'shape'", _npz()),
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_data_that_do_not_fit(attack, refused, monkeypatch, tmp_path):
    monkeypatch.setenv("TFDIS_CACHE", str(tmp_path / "cache"))
    refused(attack)


@pytest.mark.parametrize(("name", "content"), [
    ("a.jpg", b"no picture"), ("a.png", _bomb(64)[:45]), ("a.png", b""), ("a.png", _bomb(9_600)),
])  # fmt: skip
def test_nobody_is_told_to_delete_a_picture(name, content, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFDIS_CACHE", str(tmp_path / "cache"))
    _picture(name, content)(tmp_path)
    assert Attack("data", _FOLDER, "").main() == 2
    said = capfd.readouterr().err.strip().splitlines()[-1]
    assert f"pictures/{name} is damaged" in said
    assert "replace it, or take it out" in said
    assert "delete" not in said
