"""What a new kind of training needs: one file each, see tests/examples."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfdis
from tfdis.architectures.decoders import test_decoder as small_decoder
from tfdis.architectures.encoders import test_encoder as small_encoder
from tfdis.batch import Inputs, Outputs, map_tensors
from tfdis.data.sprites import Sprites
from tfdis.distributions import diagonal_gaussian
from tfdis.errors import UserError
from tfdis.evaluation.callback import EvaluationCallback
from tfdis.losses.bernoulli import BernoulliLoss
from tfdis.losses.density_ratio import DensityRatio
from tfdis.losses.dip import DIP
from tfdis.losses.kl import KL
from tfdis.models.state import state_of
from tfdis.models.vae import VAE
from tfdis.schedules import LinearSchedule
from tfdis.training.checkpoint import latest
from tfdis.training.plateau import ReduceOnPlateau
from tfdis.training.train import train_with_gin
from tfdis.visualize.callback import Visualization

_EXAMPLES = Path(__file__).parent / "examples"
sys.path.insert(0, str(_EXAMPLES))
import example_classifier  # noqa: E402
import example_paired_model  # noqa: E402
from example_term import ExampleSparsity  # noqa: E402

_TINY = [
    'dataset.name = "sprites"',
    "model.training_steps = 12",
    "model.random_seed = 0",
    "model.batch_size = 8",
    "model.eval_steps = 1",
    "model.log_every = 3",
    "model.steps_per_epoch = 4",
    "encoder.num_latent = 3",
    "encoder.encoder_fn = @test_encoder",
    "decoder.decoder_fn = @test_decoder",
    "reconstruction_loss.loss_fn = @bernoulli_loss",
    "vae_optimizer.optimizer_fn = @AdamOptimizer",
    "model.model = @loss_terms()",
]


def progress(model_dir):
    return [json.loads(line) for line in (model_dir / "progress.jsonl").read_text().splitlines()]


def a_vae(*terms, num_latents=3):
    encoder = small_encoder(num_latent=num_latents, input_shape=(64, 64, 1))
    decoder = small_decoder(num_latent=num_latents, output_shape=(64, 64, 1))
    model = VAE(encoder, decoder, [BernoulliLoss(), KL(), *terms])
    model.compile(keras.optimizers.Adam(0.001))
    return model


@pytest.mark.parametrize("path", sorted(_EXAMPLES.glob("example_*.py")), ids=lambda path: path.stem)
def test_an_example_is_a_file_of_under_80_lines(path):
    assert len(path.read_text().splitlines()) < 80


def test_a_users_term_follows_a_schedule_by_epoch_and_keeps_its_variable(tmp_path):
    """4 steps are an epoch: the offset rises from 0 to 3 in as many epochs."""
    bindings = [
        *_TINY,
        "loss_terms.terms = [@reconstruction_loss(), @kl(), @example_sparsity()]",
        "example_sparsity.offset = @ByEpoch()",
        "ByEpoch.schedule = @LinearSchedule()",
        "LinearSchedule.initial = 0.0",
        "LinearSchedule.final = 3.0",
        "LinearSchedule.num_steps = 3",
    ]
    train_with_gin(tmp_path / "model", gin_bindings=bindings)
    offsets = [line["example_sparsity.offset"] for line in progress(tmp_path / "model")]
    np.testing.assert_allclose(offsets, [0.75, 1.5, 2.25, 3.0], rtol=1e-6)
    names = [name for name, _ in tf.train.list_variables(str(latest_state(tmp_path / "model")))]
    assert any(name.startswith("example_sparsity/") for name in names)


def latest_state(model_dir):
    return latest(model_dir / "checkpoints") / "state"


def test_a_variable_of_a_users_term_is_part_of_the_state():
    term = ExampleSparsity(2.0, offset=LinearSchedule(0.0, 1.0, 10), power=2.0)
    model = a_vae(term)
    model.update(Inputs.of(tf.constant(Sprites().images(np.arange(8)))))
    assert [variable is term.largest for variable in model.state["example_sparsity"]] == [True]
    assert float(term.largest.value) > 0
    every = {id(each) for part in state_of(model).values() for each in part}
    assert {id(each) for each in (*model.variables, *model.optimizer.variables)} <= every
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(term))
    assert again.get_config() == term.get_config()


def test_one_term_twice_in_one_objective(tmp_path):
    bindings = [
        *_TINY,
        "loss_terms.terms = [@reconstruction_loss(), @kl(), @dip(), @second/dip()]",
        "dip.weight = 1.0",
        "second/dip.weight = 2.0",
        "second/dip.name = 'dip_of_both'",
        "second/dip.dip_type = 'ii'",
        "model.training_steps = 3",
    ]
    train_with_gin(tmp_path / "model", gin_bindings=bindings)
    (line,) = progress(tmp_path / "model")
    expected = line["reconstruction_loss"] + line["kl_loss"] + line["dip"] + 2 * line["dip_of_both"]
    np.testing.assert_allclose(line["loss"], expected, rtol=1e-5)


def test_a_paired_model_trains_on_groups_drawn_in_the_graph(tmp_path):
    bindings = [
        *_TINY,
        "model.model = @example_paired_vae()",
        "example_paired_vae.terms = [@reconstruction_loss(), @kl()]",
        "model.draw = @example_pairs",
    ]
    run = train_with_gin(tmp_path / "model", gin_bindings=bindings)
    data, model = run.data, run.model
    draw = example_paired_model.ExamplePairs(data)
    factors = data.factors(draw(tf.constant([1, 2]), 8).numpy()).reshape(4, 2, -1)
    np.testing.assert_array_equal(factors[:, 0, :-1], factors[:, 1, :-1])
    assert (factors[:, 0, -1] != factors[:, 1, -1]).any()
    batch = data.feed(draw).batch((), tf.constant(0), tf.constant([1, 2]), 8)
    outputs = model.forward(batch, tf.constant(0), tf.constant([0, 0]), training=False)
    means = outputs.posterior.mean().numpy().reshape(4, 2, -1)
    np.testing.assert_allclose(means[:, 0, 0], means[:, 1, 0], rtol=1e-6)
    assert not np.allclose(means[:, 0, 1], means[:, 1, 1])


def test_a_network_without_a_decoder_trains_and_resumes_bit_equal(tmp_path):
    bindings = [
        *(each for each in _TINY if not each.startswith(("model.model", "decoder"))),
        "model.model = @example_classifier()",
        "AdamOptimizer.learning_rate = 0.003",
    ]
    for name, steps in (("whole", [12]), ("parts", [7, 12])):
        for stop in steps:
            stopped = [*bindings, f"model.training_steps = {stop}"]
            run = train_with_gin(tmp_path / name, gin_bindings=stopped, resume=len(steps) > 1)
    assert isinstance(run.model, example_classifier.ExampleClassifier)
    loaded = [
        keras.models.load_model(tmp_path / name / "model.keras") for name in ("whole", "parts")
    ]
    for one, other in zip(loaded[0].variables, loaded[1].variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert progress(tmp_path / "whole") == progress(tmp_path / "parts")
    results = json.loads((tmp_path / "whole/results/json/train_results.json").read_text())
    assert results["example_cross_entropy"] == results["loss"]
    assert not (tmp_path / "whole/tfhub").exists()


def test_keras_callbacks_are_bound_in_gin_and_hear_of_every_epoch(tmp_path):
    """The objective never improves by a million: EarlyStopping ends the run after 3 epochs."""
    bindings = [
        *_TINY,
        "loss_terms.terms = [@reconstruction_loss(), @kl()]",
        "model.training_steps = 400",
        "model.callbacks = [@CSVLogger(), @EarlyStopping(), @TensorBoard(), @LambdaCallback()]",
        f"CSVLogger.filename = '{tmp_path / 'log.csv'}'",
        "EarlyStopping.monitor = 'loss'",
        "EarlyStopping.min_delta = 1000000.0",
        "EarlyStopping.patience = 2",
        f"TensorBoard.log_dir = '{tmp_path / 'board'}'",
        "TensorBoard.write_graph = False",
    ]
    run = train_with_gin(tmp_path / "model", gin_bindings=bindings)
    assert run.model.steps == 12
    rows = np.genfromtxt(tmp_path / "log.csv", delimiter=",", names=True)
    assert rows["epoch"].tolist() == [0, 1, 2]
    lines = progress(tmp_path / "model")
    mean = np.mean([line["loss"] for line in lines])
    np.testing.assert_allclose(rows["loss"].mean(), mean, rtol=1e-6)
    assert list((tmp_path / "board").rglob("events*"))
    assert train_with_gin(tmp_path / "model", resume=True, gin_bindings=bindings) is None


def test_our_callbacks_work_in_fit(tmp_path):
    data, model = Sprites(), a_vae()
    settings = ["mig.num_train = 200"]
    scores = EvaluationCallback(["mig"], every=2, settings=settings, data=data)
    pictures = Visualization({"reconstructions": 3}, data=data, directory=tmp_path)
    plateau = ReduceOnPlateau(factor=0.5, patience=0, threshold=0.99)
    callbacks = [scores, pictures, plateau]
    options = {"batch_size": 8, "steps_per_epoch": 2, "epochs": 2, "verbose": 0}
    model.fit(data, callbacks=callbacks, **options)
    assert [step for step, _ in scores.history] == [2, 4]
    assert (tmp_path / "visualizations/steps/000003").is_dir()
    assert (tmp_path / "visualizations/kl.png").is_file()
    assert float(model.optimizer.learning_rate) == pytest.approx(0.0005)


def test_a_density_ratio_makes_its_discriminator_without_gin_and_anew_for_every_model():
    term = DensityRatio(6.4)
    first = a_vae(term)
    assert term.adversary.inputs[0].shape == (None, 3)
    assert first.update(Inputs.of(tf.zeros([8, 64, 64, 1])))["density_ratio"].shape == ()
    a_vae(term, num_latents=5)
    assert term.adversary.inputs[0].shape == (None, 5)
    assert int(term.optimizer.iterations) == 0
    given = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    term = DensityRatio(adversary=given)
    for _ in range(2):
        a_vae(term)
        assert term.adversary is given


def test_trees_are_mapped_through_distributions_and_leave_numbers_alone():
    posterior = diagonal_gaussian(tf.ones([4, 2]), tf.zeros([4, 2]))
    inputs = Inputs(tf.ones([4, 8, 8, 1]), group_size=2)
    extras = {"pair": (tf.ones([4]), None)}
    outputs = Outputs(inputs, tf.ones([4, 2]), None, tf.constant(3), tf.constant([0, 1]), posterior)
    doubled = map_tensors(lambda tensor: 2 * tensor, outputs.adding(**extras))
    assert (doubled.inputs.group_size, int(doubled.step), doubled.logits) == (2, 6, None)
    np.testing.assert_array_equal(doubled.posterior.mean(), 2 * np.ones([4, 2]))
    np.testing.assert_array_equal(doubled.posterior.stddev(), 2 * np.ones([4, 2]))
    np.testing.assert_array_equal(doubled["pair"][0], 2 * np.ones(4))


def test_a_terms_gradient_reaches_the_model_and_not_the_adversarys_step():
    """`map_tensors` stops every gradient, that through the distribution too."""
    mean = tf.Variable(tf.ones([4, 2]))
    with tf.GradientTape() as tape:
        posterior = diagonal_gaussian(tf.identity(mean), tf.zeros([4, 2]))
        stopped = map_tensors(tf.stop_gradient, posterior)
        value = tf.reduce_sum(stopped.mean() + stopped.stddev())
    assert tape.gradient(value, mean) is None


def test_weight_comes_first_in_every_term():
    assert DIP(2.0).weight == KL(2.0).weight == ExampleSparsity(2.0).weight == 2.0
    with pytest.raises(TypeError):
        DIP(2.0, "ii")


_FLOAT16 = """
import json, sys
import numpy as np
from tfdis.training.train import train_with_gin

directory, bindings = sys.argv[1], json.loads(sys.argv[2])
whole = train_with_gin(directory + "/whole", gin_bindings=bindings).model
for steps in (5, 12):
    stopped = [*bindings, f"model.training_steps = {steps}"]
    parts = train_with_gin(directory + "/parts", gin_bindings=stopped, resume=True).model
for part, variables in whole.state.items():
    for one, other in zip(variables, parts.state[part], strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
optimizer = whole.adversarial_terms[0].optimizer
print(whole.steps, int(whole.optimizer.iterations), type(optimizer).__name__)
"""


@pytest.mark.slow
def test_float16_counts_steps_that_the_optimizer_skips_and_resumes_bit_equal(tmp_path):
    """A loss scale that overflows: the optimizer skips, the loop does not wait for it."""
    bindings = [
        *_TINY,
        "loss_terms.terms = [@reconstruction_loss(), @kl(), @density_ratio()]",
        "density_ratio.weight = 1.0",
        "discriminator.discriminator_fn = @fc_discriminator",
        "fc_discriminator.layer_size = 8",
        "discriminator_optimizer.optimizer_fn = @AdamOptimizer",
        'model.mixed_precision = "mixed_float16"',
    ]
    command = [sys.executable, "-c", _FLOAT16, str(tmp_path), json.dumps(bindings)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    steps, updates, wrapped = done.stdout.splitlines()[-1].split()
    assert int(steps) == 12
    assert int(updates) < 12  # 2^15 times a reconstruction loss of thousands is no float16
    assert wrapped == "LossScaleOptimizer"


def test_a_plateau_beside_a_schedule_is_refused_before_the_first_step(tmp_path):
    bindings = [
        *_TINY,
        "loss_terms.terms = [@reconstruction_loss(), @kl()]",
        "model.plateau = @reduce_on_plateau()",
        "AdamOptimizer.learning_rate = @LinearSchedule()",
        "LinearSchedule.initial = 0.001",
        "LinearSchedule.final = 0.0001",
        "LinearSchedule.num_steps = 10",
    ]
    with pytest.raises(UserError, match="follows a schedule, which reduce_on_plateau cannot"):
        train_with_gin(tmp_path / "model", gin_bindings=bindings)
    assert not (tmp_path / "model/progress.jsonl").exists()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"batch_size": 0}, "fit.batch_size is 0: expected a whole number from 1 up"),
        ({"batch_size": "16"}, "fit.batch_size is '16'"),
        ({"batch_size": True}, "fit.batch_size is True"),
        ({"steps_per_epoch": 1.5}, "fit.steps_per_epoch is 1.5"),
        ({"epochs": -5}, "fit.epochs is -5"),
    ],
)
def test_fit_refuses_what_makes_no_sense(wrong, message):
    with pytest.raises(UserError, match=message):
        a_vae().fit(Sprites(), **wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"metrics": 3}, "metrics is 3"),
        ({"metrics": ["mig"], "gin_bindings": [1]}, "gin_bindings is"),
        ({"metrics": ["mig"], "verbose": "no"}, "verbose is 'no': expected True or False"),
    ],
)
def test_score_and_evaluate_refuse_what_makes_no_sense(wrong, message):
    codes, factors = np.random.RandomState(0).normal(size=(50, 2)), np.arange(100).reshape(50, 2)
    with pytest.raises(UserError, match=f"score.{message}"):
        tfdis.score(codes, factors % 3, **wrong)
    with pytest.raises(UserError, match=f"evaluate.{message}"):
        tfdis.evaluate(lambda images: images[:, 0, 0], Sprites(), **wrong)
    with pytest.raises(UserError, match=r"evaluate.batch_size is -1"):
        tfdis.evaluate(lambda images: images, Sprites(), "mig", batch_size=-1)
