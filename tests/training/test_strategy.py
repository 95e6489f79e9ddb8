"""Training spread over two logical CPUs, which must be made before TensorFlow starts."""

import json
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from tfdis.errors import UserError
from tfdis.training.train import train_with_gin

_TERMS = [
    "loss_terms.terms = [@reconstruction_loss(), @kl(), @density_ratio(), @total_correlation(), "
    "@dip(), @mmd()]",
    "total_correlation.weight = 3.0",
    "dip.weight = 2.0",
]
_MIRRORED = [
    "model.strategy = @mirrored_strategy()",
    'mirrored_strategy.devices = ["CPU:0", "CPU:1"]',
]


def train_on_two(model_dir, bindings):
    script = """
        import json, sys
        import tensorflow as tf
        cpu = tf.config.list_physical_devices("CPU")[0]
        two = 2 * [tf.config.LogicalDeviceConfiguration()]
        tf.config.set_logical_device_configuration(cpu, two)
        from tfdis.training.train import train_with_gin
        run = train_with_gin(sys.argv[1], gin_bindings=json.loads(sys.argv[2]))
        print("replicas", run.trainer.strategy.num_replicas_in_sync)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(model_dir), json.dumps(bindings)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "replicas 2"


def progress(model_dir):
    return [json.loads(line) for line in (model_dir / "progress.jsonl").read_text().splitlines()]


def assert_two_train_as_one(directory, bindings, steps, rtol):
    """The same losses at every step; gives their names."""
    train_with_gin(directory / "one", gin_bindings=bindings)
    train_on_two(directory / "two", [*bindings, *_MIRRORED])
    one, two = progress(directory / "one"), progress(directory / "two")
    assert len(one) == len(two) == steps
    for line_one, line_two in zip(one, two, strict=True):
        for name, value in line_one.items():
            np.testing.assert_allclose(line_two[name], value, rtol=rtol, atol=1e-4, err_msg=name)
    return set(one[0])


@pytest.mark.slow
@pytest.mark.parametrize("second_batch", [False, True])
def test_two_replicas_train_as_one_device(tmp_path, tiny, second_batch):
    """Every term sees the codes of the whole batch: same losses, step by step."""
    bindings = tiny(*_TERMS, "model.log_every = 1", f"density_ratio.second_batch = {second_batch}")
    assert_two_train_as_one(tmp_path, bindings, steps=20, rtol=1e-4)


@pytest.mark.slow
def test_an_adversary_of_labels_standardizes_the_whole_batch(tmp_path, tiny):
    """What the label's adversary reads is standardized over all replicas: the same losses."""
    bindings = tiny(
        "model.log_every = 1",
        "model.training_steps = 8",
        "model.model = @ifcvae()",
        'ifcvae.labels = ["shape"]',
        "ifcvae.terms = [@reconstruction_loss(), @kl()]",
        "kl.weight = 1.0",
        "ifcvae.w_le = 1.0",
        "ifcvae.w_aux = 10.0",
        "label/encoder.encoder_fn = @test_encoder",
    )
    assert "auxiliary_loss" in assert_two_train_as_one(tmp_path, bindings, steps=8, rtol=1e-3)


@pytest.mark.slow
def test_sums_and_statistics_are_those_of_the_whole_batch(tmp_path, tiny):
    """Labelled rows, sums over them, an optimal sigma, a mean divergence, a spread: the same."""
    bindings = tiny(
        "model.log_every = 1",
        "model.training_steps = 8",
        "model.num_labelled_samples = 50",
        "model.train_percentage = 0.8",
        "model.supervised_data_seed = 0",
        "labeller.labeller_fn = @perfect_labeller",
        "model.model = @s2_loss_terms",
        "s2_loss_terms.terms = [@reconstruction_loss(), @capacity(), @hessian_penalty(), @cov(), "
        "@label_information()]",
        "s2_loss_terms.gamma_sup = 1.0",
        "reconstruction_loss.loss_fn = @gaussian_loss",
        "capacity.capacity = 0.37",
        "hessian_penalty.weight = 1.0",
        "decoder.decoder_fn = @fc_decoder",
        "fc_decoder.layer_sizes = (8,)",
        "encoder.num_latent = 5",
        "supervised_loss.loss_fn = @xent",
        "annealer.anneal_fn = @fixed",
        "annealer.iteration_threshold = 0",
        "cov.name = 'covariance'",
        "cov.num_values = (3, 6, 40, 32, 32)",
        "label_information.name = 'information'",
        "label_information.num_labels = 5",
    )
    assert_two_train_as_one(tmp_path, bindings, steps=8, rtol=1e-3)


@pytest.mark.slow
def test_a_batch_that_does_not_divide_is_refused(tmp_path, tiny):
    bindings = tiny(
        "model.batch_size = 15",
        "model.strategy = @mirrored_strategy()",
        'mirrored_strategy.devices = ["CPU:0", "CPU:1"]',
    )
    with pytest.raises(subprocess.CalledProcessError) as caught:
        train_on_two(tmp_path / "model", bindings)
    assert "batch_size is 15: expected a multiple of the 2 replicas" in caught.value.stderr
    assert not (tmp_path / "model").exists()


def test_a_device_that_is_not_there_is_named_with_those_that_are(tmp_path, tiny):
    bindings = tiny(
        "model.strategy = @mirrored_strategy()", 'mirrored_strategy.devices = ["GPU:7"]'
    )
    with pytest.raises(UserError, match=r"GPU:7.*CPU:0"):
        train_with_gin(tmp_path / "model", gin_bindings=bindings)


def test_several_workers_are_refused_with_what_to_do_instead(tmp_path, tiny):
    bindings = tiny("model.strategy = @multi_worker_mirrored_strategy()")
    with pytest.raises(UserError, match=r"Keras 3.*@mirrored_strategy\(\)"):
        train_with_gin(tmp_path / "model", gin_bindings=bindings)
