"""Training from pairs and from few labels, as gin files say it."""

import json

import numpy as np
import pytest

from tfdis.errors import UserError
from tfdis.models.trained import load
from tfdis.training.train import train_with_gin

_GROUPS = [
    "model.model = @group_loss_terms()",
    "group_loss_terms.terms = [@reconstruction_loss(), @kl(), @total_correlation()]",
    "group_loss_terms.average = 'precisions'",
    "total_correlation.weight = 2.0",
    "model.draw = @pairs",
    "pairs.k = 2",
]
_LABELS = [
    "encoder.num_latent = 6",
    "model.model = @s2_vae",
    "model.num_labelled_samples = 40",
    "model.train_percentage = 0.8",
    "model.supervised_data_seed = 3",
    "s2_vae.beta = 1.0",
    "s2_vae.gamma_sup = 2.0",
    "annealer.anneal_fn = @fine_tune",
    "annealer.iteration_threshold = 9",
    "supervised_loss.loss_fn = @l2",
    "labeller.labeller_fn = @bin_labeller",
]


def _results(model_dir):
    return json.loads((model_dir / "results/json/train_results.json").read_text())


def _weights(model_dir):
    return [variable.numpy() for variable in load(model_dir).model.trainable_variables]


@pytest.mark.slow
@pytest.mark.parametrize("bindings", [_GROUPS, _LABELS], ids=["groups", "labels"])
def test_a_resumed_run_ends_bit_equal(tmp_path, tiny, bindings):
    train_with_gin(tmp_path / "whole", gin_bindings=tiny(*bindings))
    short = tiny(*bindings, "model.training_steps = 12")
    train_with_gin(tmp_path / "part", gin_bindings=short)
    train_with_gin(tmp_path / "part", gin_bindings=tiny(*bindings), resume=True)
    for one, other in zip(_weights(tmp_path / "whole"), _weights(tmp_path / "part"), strict=True):
        np.testing.assert_array_equal(one, other)
    whole, part = _results(tmp_path / "whole"), _results(tmp_path / "part")
    assert whole["loss"] == part["loss"]
    if bindings is _LABELS:
        assert whole["supervised_loss"] > 0


@pytest.mark.parametrize(
    ("bindings", "told"),
    [
        (["model.model = @s2_vae"], "bind model.num_labelled_samples"),
        (["model.num_labelled_samples = 10"], "without parentheses, such as @s2_vae"),
        (["model.random_seed = None"], "missing: model.random_seed"),
        (["model.model = @group_vae_argmax()", "group_vae.beta = 1.0", "model.batch_size = 15"],
         "since 2 images belong together"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(tmp_path, tiny, bindings, told):
    with pytest.raises(UserError, match=told):
        train_with_gin(tmp_path / "model", gin_bindings=tiny(*bindings))
    assert not (tmp_path / "model" / "results" / "json").exists()
