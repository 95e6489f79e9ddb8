"""The parts of a trained model that can be exported, as plain Keras models in float32.

    encoder          images -> mean, log_variance
    representation   images -> representation: the mean, or a sample (images, noise -> ...)
    decoder          codes -> images in [0, 1]
    autoencoder      images -> mean, log_variance, reconstructions in [0, 1]

A deterministic encoder has no log_variance. A conditional model takes labels `[batch, width]` after
the codes, and after the images where its encoder sees them. Images are NCHW, `[batch, channels,
height, width]`, or NHWC, `[batch, height, width, channels]`.
"""

import dataclasses

import keras

from tfdis.distributions import diagonal_gaussian
from tfdis.errors import UserError
from tfdis.models.autoencoder import Autoencoder

PARTS = ("encoder", "representation", "decoder", "autoencoder")
LAYOUTS = ("NCHW", "NHWC")


@dataclasses.dataclass(frozen=True)
class Part:
    """One part of a trained model.

    Attributes:
        name: one of `PARTS`.
        model: a functional model; its inputs and outputs are lists in the order of the names.
        inputs: names of the inputs.
        outputs: names of the outputs.
        layout: of the images, "NCHW" or "NHWC".
    """

    name: str
    model: keras.Model
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    layout: str


def part(model: Autoencoder, name: str, layout: str = "NCHW", sampled: bool = False) -> Part:
    """Takes one part of a model.

    Args:
        model: a trained model.
        name: one of `PARTS`.
        layout: of the images, "NCHW" as PyTorch has them or "NHWC".
        sampled: the representation is mean + exp(log_variance / 2) * noise, with standard normal
            noise as a second input, instead of the mean.

    Raises:
        UserError: there is no such part or layout, or the model lacks what it needs.
    """
    if name not in PARTS:
        raise UserError(f"There is no part '{name}' to export: choose among {', '.join(PARTS)}.")
    if layout not in LAYOUTS:
        raise UserError(f"There is no layout '{layout}' of images: choose NCHW or NHWC.")
    networks = _Networks(model)
    if name == "decoder":
        codes = keras.Input((model.num_latents,), name="codes")
        images = _images_out(networks.decode(codes), layout)
        return _part(name, [codes, *networks.labels], {"images": images}, layout)
    images = _image_input(model.observation_shape, layout)
    gaussian = networks.encode(_images_in(images, layout))
    inputs = [images, *(networks.labels if networks.tiler else [])]
    if name == "encoder":
        return _part(name, inputs, gaussian, layout)
    if name == "autoencoder":
        pixels = _images_out(networks.decode(gaussian["mean"]), layout)
        outputs = {**gaussian, "reconstructions": pixels}
        return _part(name, [images, *networks.labels], outputs, layout)
    if not sampled:
        return _part(name, inputs, {"representation": gaussian["mean"]}, layout)
    if "log_variance" not in gaussian:
        raise UserError("A deterministic encoder has no sample: export its mean.")
    if model.posterior_family is not diagonal_gaussian:
        raise UserError("The posterior is no Gaussian, and samples of others do not export.")
    noise = keras.Input((model.num_latents,), name="noise")
    sample = _sample(gaussian["mean"], gaussian["log_variance"], noise)
    return _part(name, [*inputs, noise], {"representation": sample}, layout)


class _Networks:
    """A model's networks in float32, in layers that every Keras backend has.

    Attributes:
        labels: the input of a conditional model's labels; else empty.
        tiler: labels to planes, where the encoder sees them.
    """

    def __init__(self, model: Autoencoder):
        self._encoder, self._decoder = _in_float32(model.encoder), _in_float32(model.decoder)
        self._activation = model.reconstruction.activation
        tiler = getattr(model, "tiler", None)
        self.tiler = tiler and _in_float32(tiler)
        width = sum(len(classes) for _, classes in model.label_groups)
        self.labels = [keras.Input((width,), name="labels")] if width else []

    def encode(self, images: keras.KerasTensor) -> dict[str, keras.KerasTensor]:
        """Mean and, where there is one, log variance."""
        if self.tiler:
            images = keras.layers.Concatenate()([images, self.tiler(self.labels[0])])
        outputs = self._encoder(images)
        outputs = outputs if isinstance(outputs, tuple | list) else [outputs]
        return dict(zip(("mean", "log_variance"), outputs))

    def decode(self, codes: keras.KerasTensor) -> keras.KerasTensor:
        """Images in [0, 1], as the model's reconstruction makes them of logits."""
        if self.labels:
            codes = keras.layers.Concatenate()([codes, *self.labels])
        logits = self._decoder(codes)
        if self._activation == "tanh":
            return keras.layers.Rescaling(0.5, 0.5)(keras.layers.Activation("tanh")(logits))
        return keras.layers.Activation("sigmoid")(logits)


def _part(
    name: str,
    inputs: list[keras.KerasTensor],
    outputs: dict[str, keras.KerasTensor],
    layout: str,
) -> Part:
    model = keras.Model(inputs, list(outputs.values()), name=name)
    return Part(name, model, tuple(tensor.name for tensor in inputs), tuple(outputs), layout)


def _image_input(shape: tuple[int, int, int], layout: str) -> keras.KerasTensor:
    height, width, channels = shape
    shape = (channels, height, width) if layout == "NCHW" else shape
    return keras.Input(shape, name="images")


def _images_in(images: keras.KerasTensor, layout: str) -> keras.KerasTensor:
    return keras.layers.Permute((2, 3, 1))(images) if layout == "NCHW" else images


def _images_out(images: keras.KerasTensor, layout: str) -> keras.KerasTensor:
    return keras.layers.Permute((3, 1, 2))(images) if layout == "NCHW" else images


def _sample(
    mean: keras.KerasTensor, log_variance: keras.KerasTensor, noise: keras.KerasTensor
) -> keras.KerasTensor:
    deviation = keras.layers.Activation("exponential")(keras.layers.Rescaling(0.5)(log_variance))
    return keras.layers.Add()([mean, keras.layers.Multiply()([deviation, noise])])


def _in_float32(network: keras.Model) -> keras.Model:
    """The network itself, or a copy in float32 where it was trained in mixed precision."""
    if all(layer.compute_dtype == "float32" for layer in network.layers):
        return network

    def layer_in_float32(layer: keras.Layer) -> keras.Layer:
        return type(layer).from_config({**layer.get_config(), "dtype": "float32"})

    copy = keras.models.clone_model(network, clone_function=layer_in_float32)
    copy.set_weights(network.get_weights())
    return copy
