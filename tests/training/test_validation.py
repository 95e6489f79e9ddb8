"""Held-out losses, the best model, checkpoints that are kept, and epochs."""

import json
import types

import numpy as np
import pytest

from tfdis.data.sampling import split
from tfdis.data.sprites import Sprites
from tfdis.errors import UserError
from tfdis.models.trained import load
from tfdis.training.best_model import BestModel
from tfdis.training.train import train_with_gin

HELD_OUT = (
    "split.held_out_images = 0.1",
    "model.callbacks = [@held_out_losses(), @best_model()]",
    "held_out_losses.every = 5",
    "held_out_losses.num_batches = 2",
)


def lines(model_dir, name="validation_loss"):
    text = (model_dir / "progress.jsonl").read_text().splitlines()
    return {each["step"]: each for each in map(json.loads, text) if name in each}


def test_validation_losses_stand_at_their_steps(tmp_path, tiny):
    model_dir = tmp_path / "model"
    train_with_gin(model_dir, gin_bindings=tiny(*HELD_OUT, "model.training_steps = 12"))
    found = lines(model_dir)
    assert list(found) == [5, 10, 12]
    names = {"validation_loss", "validation_reconstruction_loss", "validation_kl_loss"}
    assert names <= set(found[12])
    losses = [each["validation_loss"] for each in found.values()]
    assert losses[-1] < losses[0]

    best = json.loads((model_dir / "best/best.json").read_text())
    assert best == {"step": 12, "validation_loss": min(losses)}
    images = Sprites().images(np.arange(8))
    np.testing.assert_array_equal(
        load(model_dir / "best").encode(images)[0], load(model_dir).encode(images)[0]
    )


def test_validation_sees_what_training_does_not(tmp_path, tiny, monkeypatch):
    """Every index that either draws, by the mark that the split gives it."""
    from tfdis.training import validation

    seen = {}
    original = validation.IndependentDraw

    def spy(num_images, weights):
        seen["held_out"] = weights
        return original(num_images, weights)

    monkeypatch.setattr(validation, "IndependentDraw", spy)
    train_with_gin(tmp_path / "model", gin_bindings=tiny(*HELD_OUT, "model.training_steps = 1"))
    trained_on = split(Sprites(), held_out_images=0.1)
    assert set(np.unique(trained_on + seen["held_out"])) == {1.0}
    assert 0.08 < seen["held_out"].mean() < 0.12


@pytest.mark.slow
def test_the_best_of_another_number_may_be_the_largest(tmp_path, tiny):
    bindings = (*HELD_OUT, 'best_model.value = "validation_kl_loss"', "best_model.largest = True")
    train_with_gin(tmp_path / "model", gin_bindings=tiny(*bindings))
    values = {step: each["validation_kl_loss"] for step, each in lines(tmp_path / "model").items()}
    best = json.loads((tmp_path / "model/best/best.json").read_text())
    assert best["step"] == max(values, key=values.get)
    assert best["validation_kl_loss"] == max(values.values())


@pytest.mark.slow
def test_a_resumed_run_remembers_its_best(tmp_path, tiny):
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    train_with_gin(whole, gin_bindings=tiny(*HELD_OUT))
    train_with_gin(halves, gin_bindings=tiny(*HELD_OUT, "model.training_steps = 10"))
    train_with_gin(halves, gin_bindings=tiny(*HELD_OUT), resume=True)
    assert lines(halves) == lines(whole)
    best = [json.loads((each / "best/best.json").read_text()) for each in (whole, halves)]
    assert best[0] == best[1]


def test_validation_without_held_out_images_says_so(tmp_path, tiny):
    with pytest.raises(UserError, match=r"bind split\.held_out_images"):
        train_with_gin(
            tmp_path / "model", gin_bindings=tiny("model.callbacks = [@held_out_losses()]")
        )


@pytest.mark.parametrize(
    ("keep", "expected"), [pytest.param("1", 1, marks=pytest.mark.slow), ("2", 2), ("'all'", 4)]
)
def test_keeps_as_many_checkpoints_as_asked(tmp_path, tiny, keep, expected):
    bindings = tiny(
        f"model.keep_checkpoints = {keep}",
        "model.checkpoint_seconds = 0.0",
        "model.callbacks = [@held_out_losses()]",
        "split.held_out_images = 0.5",
        "held_out_losses.every = 1",
        "model.training_steps = 4",
        "held_out_losses.num_batches = 1",
    )
    train_with_gin(tmp_path / "model", gin_bindings=bindings)
    found = sorted(path.name for path in (tmp_path / "model/checkpoints").iterdir())
    assert found == [f"{step:08d}" for step in range(5 - expected, 5)]


def test_max_epochs_ends_before_training_steps(tmp_path, tiny):
    bindings = tiny("model.max_epochs = 2", "model.steps_per_epoch = 4")
    train_with_gin(tmp_path / "model", gin_bindings=bindings)
    results = json.loads((tmp_path / "model/results/json/train_results.json").read_text())
    assert results["global_step"] == 8


def test_epochs_are_of_updates_where_the_discriminators_count_too(tmp_path, tiny):
    bindings = ("model.max_epochs = 2", "model.steps_per_epoch = 4")
    counted = "model.count_discriminator_updates = True"
    train_with_gin(tmp_path / "model", gin_bindings=tiny(*bindings, counted))
    results = json.loads((tmp_path / "model/results/json/train_results.json").read_text())
    assert results["global_step"] == 8


def test_a_value_that_is_no_number_is_not_the_best(tmp_path):
    saved = []
    callback = BestModel("v", largest=False)
    callback.set_model(types.SimpleNamespace(save_in=saved.append))
    (tmp_path / "results").mkdir()
    callback.set_params({"run": types.SimpleNamespace(model_dir=tmp_path)})
    for step, value in enumerate((float("nan"), 1.0, float("nan"), 5.0)):
        callback.scalars(step, {"v": value})
    assert json.loads((tmp_path / "best/best.json").read_text()) == {"step": 1, "v": 1.0}
    assert len(saved) == 1
