"""Encoders that end with a quantizer leave the library with it."""

import keras
import numpy as np
import onnxruntime
import pytest
from narrow_networks import SHAPE

from tfdis.architectures.decoders import test_decoder as small_decoder
from tfdis.architectures.encoders import test_encoder as small_encoder
from tfdis.architectures.finite_scalar_quantization import FiniteScalarQuantization
from tfdis.architectures.lattice import FiniteLattice
from tfdis.architectures.scalar_codebooks import ScalarCodebooks
from tfdis.export.onnx import export_onnx
from tfdis.export.parts import part
from tfdis.export.torchscript import export_torchscript
from tfdis.losses.bernoulli import BernoulliLoss
from tfdis.models.quantized_autoencoder import QuantizedAutoencoder

QUANTIZERS = [ScalarCodebooks, FiniteScalarQuantization, FiniteLattice]


def make(quantizer):
    keras.utils.set_random_seed(0)
    gaussian = small_encoder(3, SHAPE)
    encoder = keras.Model(gaussian.input, quantizer(name="quantizer")(gaussian.outputs[0]))
    return QuantizedAutoencoder(encoder, small_decoder(3, SHAPE), [BernoulliLoss()])


@pytest.mark.parametrize("quantizer", QUANTIZERS)
def test_onnx_gives_the_quantized_codes(tmp_path, images, quantizer):
    model = make(quantizer)
    path = tmp_path / "encoder.onnx"
    export_onnx(part(model, "encoder", "NHWC"), path)
    (codes,) = onnxruntime.InferenceSession(path).run(None, {"images": images})
    np.testing.assert_allclose(codes, model.encoder(images), atol=1e-5)


@pytest.mark.slow
def test_torchscript_gives_them_too(tmp_path):
    parts = {
        tmp_path / f"{number}.pt": part(make(quantizer), "encoder")
        for number, quantizer in enumerate(QUANTIZERS)
    }
    differences = export_torchscript(parts)
    assert len(differences) == 3
    assert max(differences.values()) < 1e-5
