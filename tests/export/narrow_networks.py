"""Every network of the library, narrow."""

import keras
import numpy as np

from tfdis.architectures import (
    decoders,
    encoders,
    hypernetwork,
    patch_networks,
    spatial_broadcast,
    tilers,
)
from tfdis.data.labels import Labels
from tfdis.losses.bernoulli import BernoulliLoss
from tfdis.models.conditional_vae import ConditionalVAE
from tfdis.models.vae import VAE

SHAPE = (32, 32, 2)
NUM_LATENTS = 3

ENCODERS = {
    encoders.conv_encoder: {"width": 0.1},
    encoders.padless_conv_encoder: {"width": 0.1},
    encoders.padded_conv_encoder: {"width": 0.1},
    encoders.fc_encoder: {"layer_sizes": (5, 4)},
    encoders.shallow_fc_encoder: {"layer_sizes": (4,)},
    encoders.deep_fc_encoder: {"layer_sizes": (5, 4, 4, 3)},
    encoders.test_encoder: {},
    patch_networks.patch_encoder: {"width": 0.1},
}
DECODERS = {
    decoders.deconv_decoder: {"width": 0.1},
    decoders.padless_deconv_decoder: {"width": 0.1},
    decoders.fc_decoder: {"layer_sizes": (3, 4, 5)},
    decoders.shallow_fc_decoder: {"layer_sizes": (4,)},
    decoders.deep_fc_decoder: {"layer_sizes": (3, 4, 4, 5)},
    decoders.test_decoder: {},
    patch_networks.patch_decoder: {"width": 0.1},
    spatial_broadcast.spatial_broadcast_decoder: {"width": 0.1},
    hypernetwork.hypernetwork_decoder: {"width": 0.1},
}


def make_model(encoder=encoders.conv_encoder, decoder=decoders.deconv_decoder, activation="logits"):
    """A VAE of narrow networks whose biases are not zero, as a trained model's are not."""
    keras.utils.set_random_seed(0)
    model = VAE(
        encoder(NUM_LATENTS, SHAPE, **ENCODERS[encoder]),
        decoder(NUM_LATENTS, SHAPE, **DECODERS[decoder]),
        [BernoulliLoss(activation=activation)],
    )
    random = np.random.default_rng(0)
    for variable in model.trainable_variables:
        if len(variable.shape) == 1:
            variable.assign(random.normal(scale=0.3, size=variable.shape))
    return model


def make_conditional_model(tiler=tilers.label_tiler):
    """A conditional VAE of narrow networks, with labels of 3 and 2 classes."""
    keras.utils.set_random_seed(0)
    side, _, channels = SHAPE
    planes = 5 if tiler else 0
    return ConditionalVAE(
        encoders.conv_encoder(NUM_LATENTS, (side, side, channels + planes), width=0.1),
        decoders.deconv_decoder(NUM_LATENTS + 5, SHAPE, width=0.1),
        [BernoulliLoss()],
        Labels(("shape", "scale"), (0, 1), (3, 2), np.ones(5, np.float32)),
        tiler and tiler(5, side),
    )


def pairs():
    """Every encoder and every decoder at least once."""
    all_decoders = list(DECODERS)
    return [
        (encoder, all_decoders[number % len(all_decoders)])
        for number, encoder in enumerate(ENCODERS)
    ]
