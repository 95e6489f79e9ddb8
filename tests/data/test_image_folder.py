import io
import zlib

import numpy as np
import pytest
from PIL import Image

from tfdis.config import parsed
from tfdis.data.image_folder import image_folder
from tfdis.data.named import get_named_ground_truth_data
from tfdis.errors import UserError


@pytest.fixture
def folder(data_dir, tmp_path):
    folder = tmp_path / "mine"
    (folder / "b").mkdir(parents=True)
    for number, name in enumerate(["b/one.png", "a.jpg", "c.PNG"]):
        picture = np.zeros((40, 60, 3), np.uint8)
        picture[:, 10:50] = 60 + 60 * number  # what is left and right of the square stays black
        Image.fromarray(picture).save(folder / name)
    (folder / "notes.txt").write_text("no image")
    return folder


def test_images_are_ordered_by_path_cut_square_and_scaled(folder):
    with parsed(gin_bindings=[f"image_folder.path = '{folder}'", "image_folder.side = 32"]):
        data = get_named_ground_truth_data("image_folder")
    assert data.observation_shape == [32, 32, 3]
    images = data.images(np.arange(3))
    for image, value in zip(images, [120, 60, 180]):
        assert abs(image.astype(int) - value).max() <= 8  # a JPEG's noise


def test_grey_and_the_cache(folder, tmp_path):
    data = image_folder(str(folder), side=16, num_channels=1)
    assert data.observation_shape == [16, 16, 1]
    assert isinstance(data.stored, np.memmap)
    image_folder(str(folder), side=16, num_channels=1)
    assert len(list((tmp_path / "cache").iterdir())) == 1
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(folder / "new.png")
    assert image_folder(str(folder), side=16, num_channels=1).num_images == 4


def test_sixteen_bits_are_scaled_and_thirty_two_refused(data_dir, tmp_path):
    folder = tmp_path / "deep"
    folder.mkdir()
    ramp = np.repeat(np.linspace(0, 65535, 64).astype(np.uint16)[None], 64, axis=0)
    Image.fromarray(ramp).save(folder / "ramp.png")
    image = image_folder(str(folder), num_channels=1).images(np.array([0]))[0, ..., 0]
    np.testing.assert_array_equal(image, ramp >> 8)
    other = tmp_path / "deeper"
    other.mkdir()
    Image.fromarray(ramp.astype(np.float32)).save(other / "ramp.tiff")
    (other / "ramp.tiff").rename(other / "ramp.png")
    with pytest.raises(UserError, match=r"ramp.png .*32 bits"):
        image_folder(str(other), num_channels=1)


def test_a_damaged_image_is_named(folder):
    (folder / "a.jpg").write_bytes((folder / "a.jpg").read_bytes()[:200])
    with pytest.raises(UserError, match=r"a\.jpg is damaged.*expected an image") as caught:
        image_folder(str(folder))
    assert "delete" not in str(caught.value)


@pytest.mark.parametrize("side", [9_500, 60_000])
def test_a_picture_that_would_fill_the_memory_is_refused_by_its_header(folder, side):
    picture = io.BytesIO()
    Image.new("RGB", (1, 1)).save(picture, "PNG")
    content = bytearray(picture.getvalue())
    content[16:24] = np.array([side, side], ">u4").tobytes()
    content[29:33] = np.array(zlib.crc32(content[12:29]), ">u4").tobytes()
    (folder / "bomb.png").write_bytes(content)
    with pytest.raises(UserError, match=r"bomb\.png is damaged.*pixels.*take it out"):
        image_folder(str(folder))


def test_an_empty_or_missing_folder_is_named(tmp_path):
    with pytest.raises(UserError, match="nowhere holds no image"):
        image_folder(str(tmp_path / "nowhere"))
