"""Every ready network draws and reads images of 32 to 256 pixels, and learns from them."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdis.architectures import decoders, encoders
from tfdis.architectures.hypernetwork import hypernetwork_decoder
from tfdis.architectures.patch_networks import patch_decoder, patch_encoder
from tfdis.architectures.residual_networks import residual_decoder, residual_encoder
from tfdis.architectures.spatial_broadcast import spatial_broadcast_decoder

# shallow_fc_* and deep_fc_* are fc_* with other sizes.
PAIRS = {
    "conv": (
        partial(encoders.conv_encoder, width=0.05),
        partial(decoders.deconv_decoder, width=0.05),
    ),
    "padless": (
        partial(encoders.padless_conv_encoder, width=0.05),
        partial(decoders.padless_deconv_decoder, width=0.05),
    ),
    "padded and broadcast": (
        partial(encoders.padded_conv_encoder, width=0.05),
        partial(spatial_broadcast_decoder, width=0.05),
    ),
    "patches": (partial(patch_encoder, width=0.1), partial(patch_decoder, width=0.1)),
    "hypernetwork": (partial(patch_encoder, width=0.1), partial(hypernetwork_decoder, width=0.05)),
    "residual": (partial(residual_encoder, width=0.02), partial(residual_decoder, width=0.02)),
    "fully connected": (
        partial(encoders.fc_encoder, layer_sizes=(4,)),
        partial(decoders.fc_decoder, layer_sizes=(4,)),
    ),
}


@pytest.mark.parametrize(("side", "channels"), [(32, 1), (64, 2), (128, 3), (256, 5)])
@pytest.mark.parametrize("name", PAIRS)
def test_one_step_on_images_of_any_size(name, side, channels):
    keras.utils.set_random_seed(0)  # with some seeds a narrow network is dead from the start
    make_encoder, make_decoder = PAIRS[name]
    shape = (side, side, channels)
    encoder, decoder = make_encoder(3, shape), make_decoder(3, shape)
    images = tf.constant(np.random.RandomState(0).uniform(size=(2, *shape)), tf.float32)
    variables = [*encoder.trainable_variables, *decoder.trainable_variables]
    noise = tf.constant([[0.5, -1.0, 0.2], [1.0, 0.3, -0.6]])
    with tf.GradientTape() as tape:
        mean, log_variance = encoder(images)
        logits = decoder(mean + tf.exp(0.5 * log_variance) * noise)
        loss = tf.reduce_mean(tf.square(tf.sigmoid(logits) - images))
    assert logits.shape == images.shape
    gradients = tape.gradient(loss, variables)
    assert all(np.all(np.isfinite(gradient)) for gradient in gradients)
    moved = [gradient for gradient in gradients if np.any(gradient)]
    assert len(moved) > 0.7 * len(variables)  # a unit of a narrow network may be dead
    step = 1e-3 / tf.linalg.global_norm(gradients)
    for variable, gradient in zip(variables, gradients, strict=True):
        variable.assign_sub(step * gradient)
    mean, log_variance = encoder(images)
    after = decoder(mean + tf.exp(0.5 * log_variance) * noise)
    assert tf.reduce_mean(tf.square(tf.sigmoid(after) - images)) < loss
