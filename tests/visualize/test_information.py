import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import mutual_info_score

from tfdis.errors import UserError
from tfdis.visualize.information import information_text, mutual_information_table


@pytest.fixture
def drawn():
    random = np.random.RandomState(0)
    factors = np.stack([random.randint(3, size=3000), random.randint(40, size=3000)], axis=1)
    codes = random.randn(3000, 4)
    codes[:, 1] += factors[:, 1]
    codes[:, 3] = 0.0
    return codes, factors


def test_is_scikit_learns_information_over_scipys_entropy(drawn):
    codes, factors = drawn
    table = mutual_information_table(codes, factors, ["shape", "x"])
    assert table.shape == (4, 2)
    for i, latent in enumerate(codes.T):
        bins = np.digitize(latent, np.histogram(latent, 20)[1][:-1])
        for j, factor in enumerate(factors.T):
            expected = mutual_info_score(bins, factor) / stats.entropy(np.bincount(factor))
            assert table[i, j] == pytest.approx(expected, abs=1e-9)


def test_a_latent_that_is_the_factor_has_one_and_a_constant_nothing(drawn):
    _, factors = drawn
    codes = np.stack([2.0 * factors[:, 0], np.zeros(len(factors))], axis=1)
    table = mutual_information_table(codes, np.stack([factors[:, 0], 0 * factors[:, 0]], axis=1))
    np.testing.assert_allclose(table, [[1, 0], [0, 0]], atol=1e-9)


def test_text_names_best_second_and_ratio():
    table = np.array([[0.1, 0.0], [0.8, 0.0], [0.4, 0.5]])
    text = information_text(table, ["position_x", "shape"])
    lines = [line.split() for line in text.splitlines()]
    assert lines[2] == ["position_x", "z1", "0.80", "z2", "0.40", "2.0", "0.10", "0.80", "0.40"]
    assert lines[3] == ["shape", "z2", "0.50", "z0", "0.00", ">99", "0.00", "0.00", "0.50"]
    nothing = information_text(np.zeros((2, 1)), ["x"]).splitlines()[2].split()
    assert nothing == ["x", "z0", "0.00", "z1", "0.00", "0.00", "0.00"]


def test_a_dead_latent_is_neither_best_nor_second():
    table = np.array([[0.1, 0.2], [0.8, 0.0], [0.4, 0.5]])
    lines = [
        line.split() for line in information_text(table, "xy", [False, True, False]).splitlines()
    ]
    assert lines[1][-3:] == ["z0", "(z1)", "z2"]
    assert lines[2][:6] == ["x", "z2", "0.40", "z0", "0.10", "4.0"]
    only = information_text(table, "xy", [True, False, True]).splitlines()[2]
    assert only.split() == ["x", "z1", "0.80", "0.10", "0.80", "0.40"]


def test_text_of_many_latents_stays_narrow():
    text = information_text(np.random.RandomState(0).rand(64, 2), ["x", "y"])
    assert max(map(len, text.splitlines())) < 80
    assert mutual_information_table(np.ones((5, 1)), np.ones((5, 1), int)).shape == (1, 1)
    assert "z0 0.30" in information_text(np.array([[0.3]]), ["x"])


def test_misfits_get_one_sentence(drawn):
    codes, factors = drawn
    with pytest.raises(UserError, match=r"received \(10, 4\) and \(3000, 2\)"):
        mutual_information_table(codes[:10], factors)
    with pytest.raises(UserError, match="1 factor names were given for 2 factors"):
        mutual_information_table(codes, factors, ["shape"])
