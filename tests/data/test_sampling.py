import gin
import numpy as np
import pytest
from scipy.stats import chisquare

from tfdis.config import parse, parsed
from tfdis.data.labelled import LabelledData
from tfdis.data.sampling import configured_draw, correlated_factors, split
from tfdis.errors import UserError
from tfdis.keys import step_key
from tfdis.models.build import loss_terms

_SIZES = [4, 5, 6]


@pytest.fixture
def data():
    """A grid with three images of each combination, in random order."""
    rows = np.stack(np.unravel_index(np.arange(120), _SIZES), axis=-1).repeat(3, axis=0)
    rows = np.random.default_rng(0).permutation(rows)
    return LabelledData(np.zeros((360, 4, 4, 1), np.uint8), rows, ("shape", "x", "y"), "grid")


def test_nothing_configured_is_uniform(data):
    counts = np.bincount(configured_draw(data)(step_key(0, 0), 36_000), minlength=360)
    assert chisquare(counts).pvalue > 1e-3


def test_a_share_of_the_images_is_held_out(data):
    kept = split(data, held_out_images=0.25)
    assert 0.15 < 1 - kept.mean() < 0.35
    np.testing.assert_array_equal(kept, split(data, held_out_images=0.25))
    assert (kept != split(data, held_out_images=0.25, seed=1)).any()
    np.testing.assert_array_equal(kept + split(data, held_out_images=0.25, part="held_out"), 1)


@pytest.mark.parametrize(("factors", "columns"), [(None, [0, 1, 2]), (["shape", 2], [0, 2])])
def test_combinations_are_held_out_whole(data, factors, columns):
    kept = split(data, held_out_combinations=0.2, factors=factors)
    rows = data.factors(np.arange(360))[:, columns]
    seen, unseen = ({tuple(row) for row in rows[kept == part]} for part in (1, 0))
    assert not seen & unseen
    assert len(unseen) == round(0.2 * np.prod([_SIZES[column] for column in columns]))


def test_correlation_follows_its_formula(data):
    weights = correlated_factors(data, factors=["x", "y"], sigma=0.4)
    rows = data.factors(np.arange(360))
    expected = np.exp(-((rows[:, 1] / 4 - rows[:, 2] / 5) ** 2) / (2 * 0.4**2))
    np.testing.assert_allclose(weights, expected, rtol=1e-6)


def test_a_joint_distribution_can_be_given(data):
    joint = np.arange(20.0).reshape(4, 5)
    weights = correlated_factors(data, factors=[0, "x"], joint=joint.tolist())
    rows = data.factors(np.arange(360))
    np.testing.assert_allclose(weights, joint[rows[:, 0], rows[:, 1]])


def test_gin_configures_both_and_the_draw_follows(data):
    parse(
        gin_bindings=[
            "split.held_out_images = 0.3",
            "correlated_factors.factors = ('shape', 'x')",
            "correlated_factors.sigma = 0.2",
        ]
    )
    counts = np.bincount(configured_draw(data)(step_key(0, 0), 60_000), minlength=360)
    weights = (split(data) * correlated_factors(data)).astype(np.float64)
    assert gin.query_parameter("split.held_out_images") == 0.3
    assert not counts[weights == 0].any()
    likely = weights > 0.01
    expected = weights[likely] / weights[likely].sum() * counts[likely].sum()
    assert chisquare(counts[likely], expected).pvalue > 1e-3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda data: split(data, held_out_images=1.5),
            r"1\.5: expected a number from 0 and below 1",
        ),
        (lambda data: split(data, held_out_images=0.5, part="test"), "'test'.*'held_out'"),
        (
            lambda data: split(data, held_out_combinations=0.5, factors=["colour"]),
            "'grid' has no factor 'colour'.*0 shape, 1 x, 2 y",
        ),
        (lambda data: split(data, held_out_combinations=0.5, factors=[3]), "no factor 3"),
        (lambda data: correlated_factors(data, factors=["x"]), "two different"),
        (lambda data: correlated_factors(data, factors=["x", 1]), "two different"),
        (lambda data: correlated_factors(data, factors=["x", "y"], joint=[[1, 2]]), "5 x 6"),
    ],
)
def test_bad_settings_are_told(data, call, message):
    with pytest.raises(UserError, match=message):
        call(data)


def test_a_split_that_leaves_nothing_is_told():
    data = LabelledData(np.zeros((2, 4, 4, 1), np.uint8), np.array([0, 1]), ["x"])
    parse(gin_bindings=["split.held_out_images = 0.999999"])
    with pytest.raises(UserError, match="leave no image"):
        configured_draw(data)


@pytest.mark.parametrize(
    ("bindings", "share"),
    [
        ([], 1.0),
        (["split.held_out_combinations = 0.25"], 0.75),
        (["split.held_out_combinations = 0.25", "split.part = 'held_out'"], 0.25),
        (["correlated_factors.factors = [0, 1]"], 1.0),
    ],
)
def test_stratified_sampling_counts_the_images_that_are_drawn(bindings, share, data):
    bindings = [
        *bindings,
        "encoder.num_latent = 2",
        "encoder.encoder_fn = @test_encoder",
        "decoder.decoder_fn = @test_decoder",
        "reconstruction_loss.loss_fn = @bernoulli_loss",
        "loss_terms.terms = [@reconstruction_loss(), @total_correlation()]",
        "total_correlation.estimator = 'stratified'",
        "total_correlation.weight = 1.0",
    ]
    with parsed(gin_bindings=bindings):
        model = loss_terms()(data, 0)
        drawn = configured_draw(data)(step_key(0, 0), 20_000)
    assert model.terms[1].size == round(share * data.num_images)
    if share < 1:  # the rarest of the correlated ones are rare indeed
        assert len(np.unique(drawn)) == model.terms[1].size
