"""The scripts of Disentanglement-PyTorch as gin files, each built and trained on stand-in data.

The expected values are those of the scripts' flags and of main.py's defaults, read by hand.
"""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from test_celeba import csv, faces  # noqa: F401

import tfdis
from tfdis import config
from tfdis.data import mpi3d
from tfdis.keys import step_key
from tfdis.training import train as training

_FOLDER = Path(tfdis.__file__).parent / "gin_configs" / "scripts"
_PARTS = ("shared", "controlled_capacity", "dsprites", "celebA")  # which others include
_DATA = {"dsprite": "dsprites_full", "celebA": "celebA", "aicrowd": "mpi3d_realistic"}

_TC, _D_RATIO = "total_correlation", "density_ratio"
# By name: z_dim, the sides of the encoder's kernels, lr_G, w_recon, and the other terms' weights.
_SCRIPTS = {
    "aicrowd_challenge": (20, 3, 1e-3, 1, {"capacity": 1, _TC: 1}),
    "aicrowd_challenge_pretrain": (20, 3, 1e-3, 1, {"capacity": 1, _TC: 1}),
    "celebA_AE": (32, 4, 1e-4, 1, {}),
    "celebA_VAE": (8, 4, 1e-4, 10000, {"kl_loss": 1}),
    "celebA_VAE2": (20, 3, 1e-4, 1, {"kl_loss": 1}),
    "dsprite_AE": (8, 4, 1e-4, 10000, {}),
    "dsprite_BetaTCVAE": (20, 3, 1e-4, 1, {"capacity": 1, _TC: 1}),
    "dsprite_CVAE": (8, 4, 4e-4, 1, {"capacity": 5}),
    "dsprite_DIPVAEI": (20, 4, 5e-4, 1, {"kl_loss": 1, "dip": 1}),
    "dsprite_DIPVAEII": (20, 4, 5e-4, 1, {"kl_loss": 1, "dip": 1}),
    "dsprite_FactorBetaTCVAE": (20, 3, 1e-4, 1, {"capacity": 1, _D_RATIO: 2, _TC: 1}),
    "dsprite_FactorIFCVAE": (
        8, 4, 1e-4, 1,
        {"capacity": 5, _D_RATIO: 1, "label_loss": 1, "auxiliary_loss": 20},
    ),
    "dsprite_FactorVAE": (8, 4, 2e-3, 1, {"capacity": 1, _D_RATIO: 1}),
    "dsprite_IFCVAE": (
        8, 4, 1e-4, 1, {"capacity": 5, "label_loss": 1, "auxiliary_loss": 20}
    ),
    "dsprite_VAE": (8, 4, 1e-4, 1, {"kl_loss": 1}),
}  # fmt: skip
# iterations_c, where KL has a capacity; else main.py's default holds.
_ITERATIONS_C = {"aicrowd_challenge", "aicrowd_challenge_pretrain", "dsprite_BetaTCVAE"}
_ITERATIONS_C |= {"dsprite_FactorBetaTCVAE"}

_SMALL = [
    "model.batch_size = 4",
    "padded_conv_encoder.width = 0.1",
    "padless_conv_encoder.width = 0.1",
    "padless_deconv_decoder.width = 0.1",
    "fc_discriminator.layer_size = 8",
]


class _Built(Exception):
    """Takes a built model out of `train`, before the compiled loop, which would take its time."""


@pytest.fixture
def built(request, data_dir, tmp_path, monkeypatch):
    """Builds what a gin file describes; gives the model and the data's feed."""

    found = []

    def stop(model, feed, *_):
        found.extend([model, feed])
        raise _Built

    def build(script, *bindings):
        name = _DATA[script.split("_")[0]]
        if name == "mpi3d_realistic":
            monkeypatch.setattr(mpi3d.MPI3DRealistic, "factors_num_values", [2] * 7)
            bindings = (*bindings, "dataset.name = 'mpi3d_realistic'", "model.warm_start = None")
            (data_dir / name).mkdir()
            images = np.random.default_rng(0).integers(0, 256, (128, 64, 64, 3), np.uint8)
            np.savez(data_dir / name / f"{name}.npz", images=images)
        else:
            request.getfixturevalue({"celebA": "csv", "dsprites_full": "dsprites_file"}[name])
        monkeypatch.setattr(training, "Trainer", stop)
        files = [f"scripts/{script}.gin"]
        with pytest.raises(_Built), config.parsed(files, [*_SMALL, *bindings]):
            training.train(tmp_path / "model")
        return found

    return build


def test_there_is_a_file_for_every_script():
    assert {path.stem for path in _FOLDER.glob("*.gin")} - set(_PARTS) == set(_SCRIPTS)


@pytest.mark.parametrize("script", _SCRIPTS)
def test_a_script_builds_its_networks_and_terms_and_trains(script, built):
    num_latents, kernel_size, rate, w_recon, weights = _SCRIPTS[script]
    model, feed = built(script)
    assert model.num_latents == num_latents
    kernels = [layer for layer in model.encoder.layers if "convolution" in layer.name]
    assert {layer.kernel_size for layer in kernels} == {(kernel_size, kernel_size)}
    assert len(kernels) == {3: 5, 4: 6}[kernel_size]
    assert float(model.optimizer.learning_rate.numpy()) == pytest.approx(rate)
    found = {term.name: float(term.at("weight", 0)) for term in model.terms}
    assert found.pop("reconstruction_loss") == w_recon
    assert found == weights
    for term in model.adversarial_terms:
        assert float(term.optimizer.learning_rate.numpy()) == pytest.approx(1e-4)
    if "capacity" in model.schedules:
        iterations = 2000 if script in _ITERATIONS_C else 100000
        schedule = model.schedules["capacity.capacity"]
        at_last = [float(schedule(step)) for step in (0, iterations // 2, iterations, 10**6)]
        assert at_last == [0.0, 12.5, 25.0, 25.0]

    before = [weight.numpy() for weight in model.trainable_variables]
    for step in range(2):
        count = 4 * model.batches_per_step
        slab = feed.slab(0, step, 1, count)
        inputs = feed.batch(slab, tf.constant(0, tf.int64), step_key(0, step), count)
        values = model.update(inputs)
        assert all(np.isfinite(float(value)) for value in values.values())
    changed = [np.any(old != new.numpy()) for old, new in zip(before, model.trainable_variables)]
    assert np.mean(changed) > 0.5  # in networks this narrow all units of a layer may be dead


@pytest.mark.slow
def test_the_challenge_begins_with_what_its_pre_training_learnt(data_dir, tmp_path, monkeypatch):
    """Both phases as `tfdis-train` runs them, in a folder with the default directories."""
    from tfdis.cli import train

    monkeypatch.chdir(tmp_path)
    given = [*_SMALL, "model.training_steps = 2", "model.eval_steps = 1", "model.callbacks = []"]
    bindings = [f"--gin_bindings={binding}" for binding in given]
    images = np.random.default_rng(0).integers(0, 256, (128, 64, 64, 3), np.uint8)
    for make in (mpi3d.MPI3DToy, mpi3d.MPI3DRealistic):
        monkeypatch.setattr(make, "factors_num_values", [2] * 7)
        (data_dir / make.name).mkdir()
        np.savez(data_dir / make.name / f"{make.name}.npz", images=images)
    for stem in ("aicrowd_challenge_pretrain", "aicrowd_challenge"):
        assert train.main([f"--gin_file=scripts/{stem}.gin", *bindings]) == 0
    rate_of_nothing = "AdamOptimizer.learning_rate = 0.0"
    again = [*bindings, f"--gin_bindings={rate_of_nothing}", "--model_dir=still"]
    assert train.main(["--gin_file=scripts/aicrowd_challenge.gin", *again]) == 0
    first, still = tfdis.load("models/aicrowd_challenge_pretrain"), tfdis.load("still")
    np.testing.assert_array_equal(first.encode(images[:4])[0], still.encode(images[:4])[0])
