import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdis.architectures.decoders import test_decoder as small_decoder
from tfdis.architectures.encoders import make_encoder
from tfdis.architectures.encoders import test_encoder as small_encoder
from tfdis.batch import Inputs
from tfdis.data.labelled import LabelledData
from tfdis.data.sprites import Sprites
from tfdis.errors import UserError
from tfdis.keys import Salt, step_key, subkey
from tfdis.losses.bernoulli import BernoulliLoss
from tfdis.losses.density_ratio import DensityRatio
from tfdis.losses.kl import KL
from tfdis.losses.l2 import L2Loss
from tfdis.losses.mmd import MMD
from tfdis.models.autoencoder import Autoencoder
from tfdis.models.vae import VAE
from tfdis.schedules import LinearSchedule
from tfdis.training.loop import Trainer


def data_of(images):
    return Inputs.of(tf.constant(images))


def weights_of(layer):
    return [variable.numpy() for variable in layer.trainable_variables]


def changed(before, after):
    return any(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_loss_is_the_weighted_sum_of_its_terms(make_factor_vae, images):
    model = make_factor_vae()
    values = {name: float(value) for name, value in model.update(data_of(images)).items()}
    expected = (
        values["reconstruction_loss"]
        + values["kl_loss"]
        + 2.0 * values["density_ratio"]
        + 3.0 * values["total_correlation"]
    )
    np.testing.assert_allclose(values["loss"], expected, rtol=1e-5)


def test_a_terms_weight_follows_its_schedule(make_vae, images):
    model = make_vae(MMD(weight=LinearSchedule(0.0, 10.0, num_steps=10), name="mmd"))
    for step in range(3):
        values = {name: float(value) for name, value in model.update(data_of(images)).items()}
        expected = values["reconstruction_loss"] + values["kl_loss"] + step * values["mmd"]
        np.testing.assert_allclose(values["loss"], expected, rtol=1e-5)


def test_the_model_descends_its_loss_by_the_gradient_of_all_terms(make_factor_vae, images):
    """One step of plain gradient descent moves the weights along the numerical gradient."""
    model = make_factor_vae(optimizer=keras.optimizers.SGD(1.0))
    bias = model.encoder.trainable_variables[1]
    data = data_of(images)
    key = subkey(step_key(0, 0), Salt.POSTERIOR)
    start, step = bias.numpy(), 1e-2

    def loss_at(offset):
        bias.assign(start + np.array([offset, 0, 0]))
        batch = model.forward(data, tf.constant(0, tf.int64), key, training=True)
        return float(model.losses_of(batch)[0])

    numerical = (loss_at(step) - loss_at(-step)) / (2 * step)
    bias.assign(start)
    model.update(data)
    np.testing.assert_allclose(start[0] - bias.numpy()[0], numerical, rtol=0.02)


def test_the_adversary_learns_from_its_own_loss_alone(make_factor_vae, images):
    """With the model's optimizer at rate 0 only the adversary moves, and the other way round."""
    model = make_factor_vae(optimizer=keras.optimizers.SGD(0.0))
    adversary = model.adversarial_terms[0].adversary
    own, theirs = weights_of(model.encoder) + weights_of(model.decoder), weights_of(adversary)
    model.update(data_of(images))
    assert not changed(own, weights_of(model.encoder) + weights_of(model.decoder))
    assert changed(theirs, weights_of(adversary))

    model = make_factor_vae()
    term = model.adversarial_terms[0]
    term.optimizer.learning_rate = 0.0
    own, theirs = weights_of(model.encoder), weights_of(term.adversary)
    model.update(data_of(images))
    assert changed(own, weights_of(model.encoder))
    assert not changed(theirs, weights_of(term.adversary))


def test_the_adversary_descends_its_loss(make_factor_vae, images):
    model = make_factor_vae()
    term = model.adversarial_terms[0]
    term.optimizer = keras.optimizers.SGD(1.0)
    term.optimizer.build(term.adversary.trainable_variables)
    key = subkey(step_key(0, 0), Salt.POSTERIOR)
    batch = model.forward(data_of(images), tf.constant(0, tf.int64), key, training=True)
    bias, step = term.adversary.trainable_variables[-1], 1e-2
    start = bias.numpy()

    def loss_at(offset):
        bias.assign(start + np.array([offset, 0]))
        return float(term.adversary_loss(batch))

    numerical = (loss_at(step) - loss_at(-step)) / (2 * step)
    bias.assign(start)
    model.update(data_of(images))
    np.testing.assert_allclose(start[0] - bias.numpy()[0], numerical, rtol=0.02)


def test_a_second_batch_is_the_other_half(make_factor_vae, images):
    one, other = make_factor_vae(second_batch=True), make_factor_vae(second_batch=True)
    images = np.concatenate([images, images[::-1]])
    altered = images.copy()
    altered[32:] = 255 - altered[32:]
    values, altered_values = one.update(data_of(images)), other.update(data_of(altered))
    assert float(values["loss"]) == float(altered_values["loss"])
    assert changed(
        weights_of(one.adversarial_terms[0].adversary),
        weights_of(other.adversarial_terms[0].adversary),
    )


def test_model_first_trains_the_adversary_on_the_updated_model(make_factor_vae, images):
    """Algorithm 2 of Kim and Mnih (2018), update by update."""
    model = make_factor_vae(second_batch=True, order="model_first")
    term = model.adversarial_terms[0]
    before = [variable.numpy() for variable in term.adversary.trainable_variables]
    inputs = data_of(images)
    first, second = inputs.halves()
    key = step_key(0, 0)
    old = model.forward(first, tf.constant(0), subkey(key, Salt.POSTERIOR), training=True)
    model.update(inputs)
    second_z = model.second_codes(second, subkey(key, Salt.SECOND_POSTERIOR))
    outputs = old.adding(second_z=second_z)

    copy = keras.models.clone_model(term.adversary)
    copy.set_weights(before)
    optimizer = keras.optimizers.Adam(0.02)
    twin = DensityRatio(adversary=copy, optimizer=optimizer, second_batch=True)
    twin.prepare(3, None)
    with tf.GradientTape() as tape:
        loss = twin.adversary_loss(outputs)
    optimizer.apply(tape.gradient(loss, copy.trainable_variables), copy.trainable_variables)
    for ours, expected in zip(
        term.adversary.trainable_variables, copy.trainable_variables, strict=True
    ):
        np.testing.assert_allclose(ours.numpy(), expected.numpy(), atol=1e-6)


def test_an_odd_batch_cannot_be_halved(make_factor_vae, images):
    with pytest.raises(UserError, match="size is 31"):
        make_factor_vae(second_batch=True).update(data_of(images[:31]))


def test_noise_is_a_function_of_seed_and_step(make_vae, images):
    one, same, other = make_vae(seed=3), make_vae(seed=3), make_vae(seed=4)
    first = float(one.update(data_of(images))["loss"])
    assert first == float(same.update(data_of(images))["loss"])
    assert first != float(other.update(data_of(images))["loss"])


def test_fit_takes_arrays_pipelines_and_data_sets(make_vae, images):
    floats = images.astype(np.float32) / 255
    by_uint8 = make_vae().fit(images, batch_size=32, epochs=2, shuffle=False, verbose=0)
    by_floats = make_vae().fit(floats, batch_size=32, epochs=2, shuffle=False, verbose=0)
    pipeline = tf.data.Dataset.from_tensor_slices(images).batch(32)
    by_pipeline = make_vae().fit(pipeline, epochs=2, verbose=0)
    np.testing.assert_allclose(by_uint8.history["loss"], by_floats.history["loss"], rtol=1e-6)
    np.testing.assert_allclose(by_uint8.history["loss"], by_pipeline.history["loss"], rtol=1e-6)
    assert by_uint8.history["loss"][1] < by_uint8.history["loss"][0]


def test_fit_on_a_data_set_draws_as_the_training_loop_does():
    def make():
        keras.utils.set_random_seed(1)
        encoder = small_encoder(num_latent=3, input_shape=(64, 64, 1))
        decoder = small_decoder(num_latent=3, output_shape=(64, 64, 1))
        terms = [BernoulliLoss(name="reconstruction_loss"), KL(name="kl_loss")]
        model = VAE(encoder, decoder, terms)
        model.compile(keras.optimizers.Adam(0.001))
        return model

    fitted, looped, data = make(), make(), Sprites()
    fitted.fit(data, batch_size=16, steps_per_epoch=3, epochs=1, verbose=0)
    fitted.fit(data, batch_size=16, steps_per_epoch=2, epochs=1, verbose=0)
    Trainer(looped, data.feed(), batch_size=16, seed=0).run(5)
    for a, b in zip(weights_of(fitted), weights_of(looped), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_evaluate_draws_new_noise_for_every_batch_and_the_same_for_every_call(make_vae, images):
    model = make_vae()
    twice = np.concatenate([images, images])
    once = model.evaluate(images, batch_size=32, verbose=0, return_dict=True)
    both = model.evaluate(twice, batch_size=32, verbose=0, return_dict=True)
    again = model.evaluate(twice, batch_size=32, verbose=0, return_dict=True)
    assert both == again
    assert both["reconstruction_loss"] != once["reconstruction_loss"]


@pytest.mark.slow
def test_another_process_reads_the_saved_model(make_factor_vae, images, tmp_path):
    model = make_factor_vae()
    model.fit(images, batch_size=32, epochs=3, verbose=0)
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "images.npy", images)
    script = """
        import sys, keras, numpy as np
        from tfdis.config import register_all
        register_all()
        model = keras.models.load_model(sys.argv[1] + "/model.keras", safe_mode=True)
        images = np.load(sys.argv[1] + "/images.npy")
        print(model.evaluate(images, batch_size=32, verbose=0, return_dict=True))
        print(model.fit(images, batch_size=32, epochs=2, shuffle=False, verbose=0).history["loss"])
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)]
    read = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    here = model.evaluate(images, batch_size=32, verbose=0, return_dict=True)
    there = eval(read[-2])
    assert here.keys() == there.keys()
    np.testing.assert_allclose(list(there.values()), list(here.values()), rtol=1e-5)
    history = model.fit(images, batch_size=32, epochs=2, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(eval(read[-1]), history, rtol=1e-4)


def test_a_deterministic_autoencoder_learns_to_copy():
    keras.utils.set_random_seed(0)
    encoder = make_encoder((8, 8, 1), 3, small_encoder, deterministic=True)
    decoder = small_decoder(num_latent=3, output_shape=(8, 8, 1))
    model = Autoencoder(encoder, decoder, [L2Loss(name="reconstruction_loss")])
    model.compile(keras.optimizers.Adam(0.05))
    codes = np.random.RandomState(0).uniform(size=(64, 1, 1, 1))
    images = np.broadcast_to(codes, (64, 8, 8, 1)).astype(np.float32)
    losses = model.fit(np.tile(images, (20, 1, 1, 1)), batch_size=64, epochs=10, verbose=0)
    losses = losses.history["loss"]
    assert losses[-1] < 0.05 * losses[0]
    assert model.reconstruct(images).shape == (64, 8, 8, 1)


def test_a_model_needs_one_reconstruction(make_vae):
    with pytest.raises(UserError, match="one reconstruction term"):
        make_vae(L2Loss(name="l2"))


def test_terms_need_names_of_their_own(make_vae):
    with pytest.raises(UserError, match="kl_loss is used twice"):
        make_vae(MMD(name="kl_loss"))


def test_images_of_another_rank_are_refused(make_vae):
    with pytest.raises(UserError, match=r"expected \[batch, height, width, channels\]"):
        make_vae().update(data_of(np.zeros((4, 8, 8), np.float32)))


def test_an_odd_number_of_arrays_cannot_be_halved(make_factor_vae, images):
    model = make_factor_vae(second_batch=True)
    with pytest.raises(UserError, match=r"images in fit.x is 13: .* multiple of 2, as a term with"):
        model.fit(images[:13], verbose=0)
    with pytest.raises(UserError, match=r"fit.batch_size is 5: expected a multiple of 2"):
        model.fit(images, batch_size=5, verbose=0)


def test_bytes_are_scaled_wherever_images_are_taken(make_vae, images):
    model, floats = make_vae(), images.astype(np.float32) / 255
    np.testing.assert_allclose(model(images), model(floats), atol=1e-5)
    np.testing.assert_allclose(model.reconstruct(images), model.reconstruct(floats), atol=1e-5)
    by_bytes, by_floats = (model.predict(each, verbose=0) for each in (images, floats))
    np.testing.assert_allclose(by_bytes, by_floats, atol=1e-5)


@pytest.mark.parametrize("call", ["fit", "evaluate", "predict", "reconstruct"])
def test_other_integers_are_not_images(call, make_vae, images):
    options = {} if call == "reconstruct" else {"verbose": 0}
    with pytest.raises(UserError, match=r"^Images have to be uint8 or floats in .*, not int64: "):
        getattr(make_vae(), call)(images.astype(np.int64), **options)


@pytest.mark.parametrize("call", ["fit", "evaluate"])
def test_floats_outside_0_and_1_are_refused(call, make_vae, images):
    model = make_vae()
    with pytest.raises(UserError, match=r"lie in \[0, 1\], and these range from 0 to 255"):
        getattr(model, call)(images.astype(np.float32), verbose=0)
    with pytest.raises(UserError, match=r"and these range from -1 to 1"):
        model.fit(images / 255, validation_data=({"images": images / 127.5 - 1},), verbose=0)
    rounded = np.full((8, 8, 8, 1), 1 + 5e-7, np.float32)
    getattr(model, call)(rounded, verbose=0)


@pytest.mark.parametrize("call", ["fit", "evaluate", "predict", "reconstruct"])
def test_images_of_another_shape_are_refused(call, make_vae):
    options = {} if call == "reconstruct" else {"verbose": 0}
    told = r"^Images have the shape \[\S+ 8, 8, 3\]: expected \[batch, 8, 8, 1\]"
    with pytest.raises(UserError, match=told):
        getattr(make_vae(), call)(np.zeros((4, 8, 8, 3), np.float32), **options)
    pipeline = tf.data.Dataset.from_tensors(tf.zeros([4, 8, 8, 3]))
    if call != "reconstruct":
        with pytest.raises(UserError, match=told):
            getattr(make_vae(), call)(pipeline, **options)


@pytest.mark.parametrize(
    ("num_latents", "shape", "told"),
    [
        (3, (8, 8, 3), r"takes images of the shape \[8, 8, 1\], and .* shape \[8, 8, 3\]"),
        (3, (16, 8, 1), r"makes some of the shape \[16, 8, 1\]"),
        (6, (8, 8, 1), "takes codes of 6 numbers, and the encoder gives 3 latents"),
    ],
)
def test_a_decoder_that_does_not_fit_the_encoder_is_refused(num_latents, shape, told):
    encoder = small_encoder(num_latent=3, input_shape=(8, 8, 1))
    decoder = small_decoder(num_latent=num_latents, output_shape=shape)
    with pytest.raises(UserError, match=told):
        VAE(encoder, decoder, [BernoulliLoss(), KL()])


def test_sizes_that_a_network_leaves_open_fit():
    images = keras.Input((None, None, 1))
    features = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(images))
    encoder = keras.Model(images, keras.layers.Dense(3)(features))
    decoder = small_decoder(num_latent=3, output_shape=(8, 8, 1))
    model = Autoencoder(encoder, decoder, [L2Loss(name="reconstruction_loss")])
    assert model(np.zeros((2, 8, 8, 1), np.float32)).shape == (2, 8, 8, 1)


def test_weights_of_images_are_refused(make_vae, images):
    model, weights = make_vae(), np.ones(32)
    factors = np.zeros((32, 1), int)
    for call in (
        lambda: model.fit(images, sample_weight=weights, verbose=0),
        lambda: model.fit(images, factors, class_weight={0: 2.0}, verbose=0),
        lambda: model.fit(images, validation_data=(images, factors, weights), verbose=0),
        lambda: model.evaluate(images, sample_weight=weights, verbose=0),
        lambda: model.fit(
            tf.data.Dataset.from_tensors((images, factors, weights.astype("float32"))), verbose=0
        ),
    ):
        with pytest.raises(UserError, match="take every image alike: leave out sample_weight"):
            call()


@pytest.mark.parametrize(
    "argument",
    [
        {"loss": "mse"},
        {"metrics": ["mae"]},
        {"weighted_metrics": ["mae"]},
        {"loss_weights": [2.0]},
    ],
)
def test_keras_losses_are_refused_and_none_are_not(argument, make_vae):
    model = make_vae()
    with pytest.raises(UserError, match=rf"^compile.{next(iter(argument))} would have no effect"):
        model.compile("adam", **argument)
    model.compile("adam", **dict.fromkeys(argument))
    config = model.get_compile_config()
    model.compile_from_config({**config, **argument})  # of a file of before it was refused


def test_a_data_set_is_measured_by_evaluate_and_in_fit(make_vae, images):
    data, model = LabelledData(images), make_vae()
    once, again = (model.evaluate(data, steps=2, batch_size=8, verbose=0) for _ in range(2))
    assert once == again
    history = model.fit(
        data, validation_data=data, validation_steps=1, batch_size=8, epochs=2, verbose=0
    ).history
    assert len(history["val_loss"]) == 2
    assert history["val_loss"][0] != history["val_loss"][1]
    model.fit(images, validation_data=data, verbose=0)
