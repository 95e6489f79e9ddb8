"""Small conditional models of two labels, a 3-valued and a 2-valued one."""

import keras
import numpy as np

from tfdis.architectures.decoders import test_decoder as small_decoder
from tfdis.architectures.encoders import test_encoder as small_encoder
from tfdis.architectures.tilers import label_tiler
from tfdis.data.labels import Labels
from tfdis.losses.bernoulli import BernoulliLoss
from tfdis.losses.kl import KL
from tfdis.losses.label_adversary import LabelAdversary
from tfdis.losses.label_classification import LabelClassification
from tfdis.models.conditional_vae import ConditionalVAE
from tfdis.models.ifcvae import IFCVAE

LABELS = Labels(
    ("shape", "colour"),
    (2, 0),
    (3, 2),
    np.array([0.7, 0.7, 0.6, 0.2, 0.8], "float32"),
    (("square", "ellipse", "heart"), ()),
)
COUNTS, WIDTH = (3, 2), 5


def a_batch(size=32):
    """Noise, and factors (colour, something else, shape)."""
    random = np.random.RandomState(0)
    images = random.randint(0, 256, size=(size, 8, 8, 1)).astype(np.uint8)
    factors = np.stack([random.randint(count, size=size) for count in (2, 7, 3)], axis=-1)
    return images, factors.astype(np.int32)


def one_hot(factors):
    return np.concatenate([np.eye(3)[factors[:, 2]], np.eye(2)[factors[:, 0]]], axis=1)


def base_terms(reconstruction=1.0, kl=1.0):
    return [
        BernoulliLoss(weight=reconstruction, name="reconstruction_loss"),
        KL(kl, name="kl_loss"),
    ]


def make_cvae(*terms, tiler=label_tiler, optimizer=None, seed=0):
    """A CVAE, compiled; the same weights every time."""
    keras.utils.set_random_seed(1)
    planes = 0 if tiler is None else WIDTH
    model = ConditionalVAE(
        small_encoder(num_latent=3, input_shape=(8, 8, 1 + planes)),
        small_decoder(num_latent=3 + WIDTH, output_shape=(8, 8, 1)),
        [*base_terms(), *terms],
        LABELS,
        tiler and tiler(WIDTH, 8),
        num_images=1000,
        seed=seed,
    )
    model.compile(optimizer or keras.optimizers.Adam(0.01))
    return model


def discriminator(num_classes=WIDTH):
    codes = keras.Input((3,))
    hidden = keras.layers.Dense(8, "relu")(codes)
    return keras.Model(codes, keras.layers.Dense(num_classes)(hidden))


def make_ifcvae(
    *terms,
    base=None,
    w_le=1.0,
    w_aux=1.0,
    num_updates=1,
    optimizer=keras.optimizers.Adam,
    seed=0,
    objective="uninformed",
    trains="decoder",
):
    """An IFCVAE, compiled; the same weights every time."""
    keras.utils.set_random_seed(1)
    label_encoder = small_encoder(num_latent=WIDTH, input_shape=(8, 8, 1))
    label_encoder = keras.Model(label_encoder.inputs, label_encoder.outputs[0])
    weights = LABELS.class_weights.tolist()
    classification = LabelClassification(
        w_le,
        adversary=label_encoder,
        optimizer=optimizer(0.01),
        class_counts=COUNTS,
        class_weights=tuple(weights),
        trains=trains,
    )
    adversary = LabelAdversary(
        w_aux,
        adversary=discriminator(),
        optimizer=optimizer(0.02),
        num_updates=num_updates,
        class_counts=COUNTS,
        objective=objective,
    )
    model = IFCVAE(
        small_encoder(num_latent=3, input_shape=(8, 8, 1)),
        small_decoder(num_latent=3 + WIDTH, output_shape=(8, 8, 1)),
        [*(base or base_terms()), *terms, classification, adversary],
        LABELS,
        num_images=1000,
        seed=seed,
    )
    model.compile(optimizer(0.01))
    return model
