import keras
import numpy as np
import pytest
import scipy.special
import tensorflow as tf

from tfdis.batch import Inputs, Outputs
from tfdis.losses.density_ratio import DensityRatio, permute_codes


def batch_of(z, key):
    step = tf.constant(0, tf.int64)
    return Outputs(Inputs(None), tf.convert_to_tensor(z), None, step, tf.convert_to_tensor(key))


def network():
    keras.utils.set_random_seed(0)
    codes = keras.Input((5,))
    return keras.Model(codes, keras.layers.Dense(2)(keras.layers.Dense(8, "tanh")(codes)))


@pytest.fixture
def term():
    term = DensityRatio(adversary=network(), optimizer=keras.optimizers.Adam(0.01))
    term.prepare(num_latents=5, num_images=None)
    return term


def test_is_the_mean_difference_of_the_logits(term, batch, arrays):
    logits = term.adversary(arrays["z"]).numpy()
    np.testing.assert_allclose(term(outputs=batch), (logits[:, 0] - logits[:, 1]).mean(), rtol=1e-5)


def test_the_network_keeps_its_policy_under_mixed_precision(batch, mixed_float16):
    """The term's own is float32."""
    term = DensityRatio()
    term.prepare(num_latents=5, num_images=None)
    computed = []
    term.adversary.layers[-1].call = lambda x, call=term.adversary.layers[-1].call: (
        computed.append(x.dtype) or call(x)
    )
    assert np.isfinite(term(outputs=batch))
    assert computed == [tf.float16]
    assert term.dtype_policy.name == "float32"
    again = DensityRatio.from_config(term.get_config())
    for each in (term, again):
        assert each.adversary.dtype_policy.name == "mixed_float16"
        assert {layer.dtype_policy.name for layer in each.adversary.layers} == {"mixed_float16"}


@pytest.mark.parametrize("second_batch", [False, True])
def test_adversary_loss_is_the_cross_entropy(batch, arrays, second_batch):
    term = DensityRatio(
        adversary=network(), optimizer=keras.optimizers.Adam(0.01), second_batch=second_batch
    )
    source = batch["second_z"] if second_batch else batch.z
    real = term.adversary(arrays["z"]).numpy()
    permuted = term.adversary(permute_codes(source, batch.key)).numpy()
    probability_real = scipy.special.softmax(real, axis=1)[:, 0]
    probability_permuted = scipy.special.softmax(permuted, axis=1)[:, 1]
    expected = -0.5 * np.log(probability_real).mean() - 0.5 * np.log(probability_permuted).mean()
    np.testing.assert_allclose(term.adversary_loss(batch), expected, rtol=1e-5)


def test_permuted_codes_keep_each_latent_and_break_their_company(batch, arrays):
    permuted = permute_codes(batch.z, batch.key).numpy()
    np.testing.assert_array_equal(np.sort(permuted, axis=0), np.sort(arrays["z"], axis=0))
    order = np.argmax(permuted[:, None, :] == arrays["z"][None], axis=1)
    assert len({tuple(column) for column in order.T}) == 5
    assert not np.array_equal(permuted, permute_codes(batch.z, tf.constant([1, 3])).numpy())


def test_the_estimate_finds_a_known_total_correlation():
    """A trained discriminator's log odds approach the total correlation of a Gaussian."""
    random_state = np.random.RandomState(0)
    covariance = [[1.0, 0.9], [0.9, 1.0]]
    known = -0.5 * np.log(1 - 0.9**2)
    codes = keras.Input((2,))
    hidden = keras.layers.Dense(64, "relu")(keras.layers.Dense(64, "relu")(codes))
    discriminator = keras.Model(codes, keras.layers.Dense(2)(hidden))
    term = DensityRatio(adversary=discriminator, optimizer=keras.optimizers.Adam(3e-3))
    term.prepare(2, None)

    @tf.function
    def step(z, key):
        with tf.GradientTape() as tape:
            loss = term.adversary_loss(batch_of(z, key))
        variables = term.adversary.trainable_variables
        term.optimizer.apply(tape.gradient(loss, variables), variables)

    for number in range(600):
        z = random_state.multivariate_normal([0, 0], covariance, size=512).astype(np.float32)
        step(tf.constant(z), tf.constant([0, number]))
    z = random_state.multivariate_normal([0, 0], covariance, size=20_000).astype(np.float32)
    np.testing.assert_allclose(term(outputs=batch_of(z, [0, 0])), known, atol=0.1)
