import numpy as np
import pytest
from PIL import Image

from tfdis.data.celeba import celeba
from tfdis.data.labels import select_labels
from tfdis.data.named import get_named_ground_truth_data
from tfdis.errors import UserError

_NAMES = ["5_o_Clock_Shadow", "Bald", "Young"]
_VALUES = np.array([[1, -1, -1], [-1, -1, 1], [1, 1, 1], [-1, -1, 1]])


@pytest.fixture
def faces(data_dir):
    folder = data_dir / "CelebA" / "img_align_celeba"
    folder.mkdir(parents=True)
    for number in range(4):
        face = np.full((218, 178, 3), 50 * number, np.uint8)
        Image.fromarray(face).save(folder / f"{number + 1:06}.jpg")
    return data_dir / "CelebA"


@pytest.fixture
def csv(faces):
    rows = [",".join([f"{i + 1:06}.jpg", *map(str, row)]) for i, row in enumerate(_VALUES)]
    path = faces / "list_attr_celeba.csv"
    path.write_text("\n".join([",".join(["image_id", *_NAMES]), *rows]) + "\n")
    return path


@pytest.fixture
def txt(faces):
    rows = [f"{i + 1:06}.jpg " + " ".join(f"{v:2}" for v in row) for i, row in enumerate(_VALUES)]
    path = faces / "list_attr_celeba.txt"
    path.write_text("\n".join(["4", " ".join(_NAMES) + " ", *rows]) + "\n")
    return path


@pytest.mark.parametrize("attributes", ["csv", "txt"])
def test_faces_with_their_attributes(attributes, request):
    request.getfixturevalue(attributes)
    data = get_named_ground_truth_data("celebA")
    assert data.factor_names == tuple(_NAMES)
    assert data.factors_num_values == [2, 2, 2]
    assert data.observation_shape == [64, 64, 3]
    np.testing.assert_array_equal(data.factors(np.arange(4)), _VALUES > 0)
    means = data.images(np.arange(4)).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(means, [0, 50, 100, 150], atol=2)
    labels = select_labels(data, ["Young", "Bald"])
    np.testing.assert_allclose(labels.class_weights, [0.75, 0.25, 0.25, 0.75])


def test_a_photograph_without_attributes_is_named(csv):
    Image.fromarray(np.zeros((218, 178, 3), np.uint8)).save(csv.parent / "new.jpg")
    with pytest.raises(
        UserError, match=r"lists 4 and there are 5 photographs, among them new\.jpg"
    ):
        celeba()


@pytest.mark.parametrize("content", ["", "image_id,Bald\n000001.jpg,2\n", "image_id,Bald\n1.jpg\n"])
def test_a_damaged_list_is_named(csv, content):
    csv.write_text(content)
    with pytest.raises(UserError, match=r"list_attr_celeba\.csv is damaged"):
        celeba()


def test_where_to_get_it_is_told(data_dir):
    with pytest.raises(UserError, match=r"CelebA.*is missing.*mmlab\.ie\.cuhk\.edu\.hk"):
        celeba()
