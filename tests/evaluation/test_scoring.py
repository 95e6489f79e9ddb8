"""Scores of arrays, and of sources of codes."""

import threading

import numpy as np
import pytest
from tables import SIZES, IndexImages, NoisyImages, NuisanceImages, index_in, lookup, tables

from tfdis.errors import UserError
from tfdis.evaluation.representations import Representation, representation_of, sampled
from tfdis.evaluation.scoring import evaluate, score
from tfdis.evaluation.sources import source_of
from tfdis.metrics.table import TableSource

FACTORS = np.stack(np.unravel_index(np.arange(np.prod(SIZES)), SIZES), axis=-1)
FEWER = [
    "factor_vae_score.num_train = 500",
    "factor_vae_score.num_eval = 200",
    "beta_vae_sklearn.num_train = 500",
    "beta_vae_sklearn.num_eval = 200",
]
PREDICTOR = "predictor.predictor_fn = @logistic_regression_cv"


@pytest.fixture(scope="module")
def scores():
    names = ["mig", "irs", "sap_score", "factor_vae_score", "beta_vae_sklearn"]
    return {
        kind: score(tables()[kind], FACTORS, names, gin_bindings=FEWER)
        for kind in ("perfect", "random")
    }


def test_perfect_codes_score_high_and_random_ones_low(scores):
    perfect, random = scores["perfect"], scores["random"]
    assert perfect["mig"]["discrete_mig"] == pytest.approx(1.0)
    assert random["mig"]["discrete_mig"] < 0.1
    assert perfect["irs"]["IRS"] == pytest.approx(1.0)
    assert perfect["factor_vae_score"]["eval_accuracy"] == 1.0
    assert random["factor_vae_score"]["eval_accuracy"] < 0.7
    assert perfect["beta_vae_sklearn"]["eval_accuracy"] == 1.0
    assert random["beta_vae_sklearn"]["eval_accuracy"] < 0.6
    assert perfect["sap_score"]["SAP_score"] > 0.2 > random["sap_score"]["SAP_score"]


def test_mig_of_all_points_equals_that_of_the_data():
    """MIG does not depend on the order of points."""
    from sklearn.metrics import mutual_info_score

    codes = tables()["entangled"]
    found = score(codes, FACTORS, ["mig"])["mig"]["discrete_mig"]
    gaps = []
    for factor in FACTORS.T:
        bins = [np.digitize(c, np.histogram(c, 20)[1][:-1]) for c in codes.T]
        information = sorted(mutual_info_score(factor, b) for b in bins)
        gaps.append((information[-1] - information[-2]) / mutual_info_score(factor, factor))
    assert found == pytest.approx(np.mean(gaps), abs=1e-9)


def test_labels_of_any_kind():
    names = np.array(["square", "ellipse", "heart"])[FACTORS[:, 0]]
    values = FACTORS[:, 1] / 10.0 + 0.5
    codes = tables()["entangled"]
    numbered = score(codes, FACTORS[:, :2], ["mig"])["mig"]
    found = score(codes, np.stack([names, values.astype(str)], axis=-1), ["mig"])["mig"]
    assert found["discrete_mig"] == pytest.approx(numbered["discrete_mig"])


def test_train_and_test_points_are_apart():
    ids = np.arange(90.0)[:, None].repeat(2, axis=1)
    source = TableSource(ids, np.arange(90)[:, None] % 3)
    train, _, test, _ = source.train_and_test_points(10000, 5000, np.random.RandomState(0), 16)
    assert len(train) == 60
    assert len(test) == 30
    assert not set(train[:, 0]) & set(test[:, 0])
    train, _, test, _ = source.train_and_test_points(10, 5000, np.random.RandomState(0), 16)
    assert (len(train), len(test)) == (10, 30)


def test_groups_and_pairs_share_the_factor_and_vary_the_others():
    rng = np.random.default_rng(0)
    factors = FACTORS[rng.permutation(len(FACTORS))[:200]]
    source = TableSource(factors.astype(float), factors)
    fixed, groups = source.groups(300, 8, np.random.RandomState(0))
    values = groups[np.arange(300), :, fixed]
    assert (values == values[:, :1]).all()
    assert set(fixed) == {0, 1, 2, 3}
    other = groups[np.arange(300), :, (fixed + 1) % 4]
    assert (other != other[:, :1]).any(axis=1).mean() > 0.9
    fixed, pairs = source.pairs(300, 8, np.random.RandomState(0))
    assert (pairs[np.arange(300), 0, :, fixed] == pairs[np.arange(300), 1, :, fixed]).all()
    assert (pairs[:, 0] != pairs[:, 1]).any(axis=(1, 2)).all()


def test_interventions_need_every_combination():
    codes = tables([2, 3])["perfect"].repeat(20, axis=0)
    factors = np.stack(np.unravel_index(np.arange(6).repeat(20), [2, 3]), axis=-1)
    settings = ["fairness.num_train = 90", "fairness.num_test_points_per_class = 10", PREDICTOR]
    found = score(codes, factors, ["fairness"], gin_bindings=settings)["fairness"]
    assert found["mean_fairness:mean_pred:mean_sens"] == pytest.approx(0.0, abs=0.1)
    with pytest.raises(UserError, match=r"every combination of factors; there is none with a 0, b"):
        score(codes[20:], factors[20:], ["fairness"], ["a", "b"], settings)


def test_a_full_table_and_its_data_set_have_the_same_images():
    codes = tables()["entangled"]
    factors = np.random.RandomState(1).randint(3, size=(50, 4))
    data = source_of(IndexImages(SIZES), lookup(codes))
    table = TableSource(codes, FACTORS)
    state = np.random.RandomState(0)
    np.testing.assert_array_equal(
        table.codes_of([factors], state)[0], data.codes_of([factors], state)[0]
    )


@pytest.mark.parametrize(
    ("codes", "factors", "message"),
    [
        (np.zeros([4, 2]), np.zeros([5, 1]), "of as many points"),
        (np.zeros([4]), np.zeros([4, 1]), "of as many points"),
        (np.full([4, 2], np.nan), np.zeros([4, 1]), "codes must be finite"),
        (np.zeros([4, 2]), np.full([4, 1], np.nan), "factors must be labels"),
        (np.zeros([4, 2]), np.zeros([4, 1]), "single value in 4 samples"),
        (np.zeros([4, 1]), np.arange(4)[:, None] % 2, "only one"),
    ],
)
def test_bad_arrays(codes, factors, message):
    with pytest.raises(UserError, match=message):
        score(codes, factors, ["mig"])


def test_more_points_than_there_are():
    codes, factors = tables()["random"][:100], FACTORS[:100] % 2
    with pytest.raises(UserError, match="101 points are asked for, and there are 100"):
        score(codes, factors, ["mig"], gin_bindings=["mig.num_train = 101"])
    with_ids = np.stack([np.arange(100) % 2, np.arange(100)], axis=1)
    for metric in ("factor_vae_score", "beta_vae_sklearn"):
        with pytest.raises(UserError, match="another value at every point"):
            score(codes, with_ids, [metric])
    with pytest.raises(UserError, match="4 factors, and 1 names"):
        score(codes, factors, ["mig"], factor_names=["x"])


@pytest.mark.parametrize("repeatable", [True, None])
def test_each_image_is_encoded_once_in_large_batches(repeatable):
    data, codes = NuisanceImages(SIZES), np.random.default_rng(0).normal(size=(1080, 4))
    batches, threads = [], set()

    def encode(images):
        indices = index_in(images)
        batches.append(indices)
        threads.add(threading.get_ident())
        return codes[indices].astype(np.float32)

    source = source_of(data, Representation(encode, repeatable=repeatable), batch_size=50)
    state = np.random.RandomState(0)
    found, factors = source.points(300, state)
    source.groups(20, 8, state)
    source.pairs(20, 8, state)
    asked = np.concatenate(batches)
    # Whether a function always gives the same is found out with one more batch, twice.
    probes = 0 if repeatable else sum(map(len, batches[:2]))
    asked = asked[probes:]
    assert len(np.unique(asked)) == len(asked) == source.num_encoded
    assert max(map(len, batches)) == (25 if repeatable else 50)
    assert (threading.get_ident() in threads) == (repeatable is None)
    assert len(threads) <= (2 if repeatable else 1)
    state = np.random.RandomState(0)
    for start in range(0, 300, 16):
        expected, images = data.sample(min(16, 300 - start), state)
        np.testing.assert_array_equal(factors[start : start + 16], expected)
        np.testing.assert_array_equal(
            found[start : start + 16], codes[index_in(images)].astype(np.float32)
        )


def test_images_with_noise_are_encoded_as_asked_in_large_batches():
    data = NoisyImages(SIZES)
    sizes = []

    def encode(images):
        sizes.append(len(images))
        return np.asarray(images).reshape(len(images), -1)

    source = source_of(data, encode, batch_size=100)
    codes, _ = source.points(330, np.random.RandomState(0))
    state = np.random.RandomState(0)
    expected = [data.sample(min(16, 330 - start), state)[1] for start in range(0, 330, 16)]
    np.testing.assert_array_equal(codes, np.concatenate(expected).reshape(330, -1))
    assert sizes == [100, 100, 100, 30]


def test_sampled_codes_are_fresh_and_repeat_with_the_seed():
    data, codes = IndexImages(SIZES), tables()["entangled"]
    representation = sampled(lambda images: (codes[index_in(images)], np.zeros([len(images), 6])))
    source = source_of(data, representation)
    state = np.random.RandomState(0)
    same = [np.zeros([2000, 4], int)]
    first, second = source.codes_of(same, state)[0], source.codes_of(same, state)[0]
    assert source.num_encoded == 1
    assert not np.array_equal(first, second)
    np.testing.assert_allclose(first.mean(axis=0), codes[0], atol=0.1)
    np.testing.assert_allclose(first.std(axis=0), 1.0, atol=0.05)
    small = ["mig.num_train = 200"]
    runs = [evaluate(representation, data, ["mig"], small, verbose=False) for _ in range(2)]
    assert runs[0]["mig"]["discrete_mig"] == runs[1]["mig"]["discrete_mig"]


def test_what_is_no_model():
    with pytest.raises(UserError, match="received int"):
        representation_of(3)
    with pytest.raises(UserError, match="no posterior"):
        representation_of(lambda images: images, sample=True)
    with pytest.raises(UserError, match="deterministic"):
        sampled(lambda images: (images, None)).encode(np.zeros(3))
