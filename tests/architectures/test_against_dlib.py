"""disentanglement_lib's networks: the same function of the same weights, in the same order."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tfdis.architectures import decoders, discriminators, encoders

SHAPE = (64, 64, 2)


@pytest.fixture(scope="module")
def reference(dlib15_path, tmp_path_factory):
    folder = tmp_path_factory.mktemp("dlib")
    random = np.random.default_rng(0)
    inputs = {
        "images": random.random((3, *SHAPE), dtype=np.float32),
        "codes": random.normal(size=(3, 5)).astype(np.float32),
    }
    np.savez(folder / "inputs.npz", **inputs)
    script = Path(__file__).parent / "run_dlib_networks.py"
    subprocess.run(
        [sys.executable, script, dlib15_path, folder / "inputs.npz", folder / "outputs.npz"],
        check=True,
        capture_output=True,
    )
    return inputs, dict(np.load(folder / "outputs.npz"))


@pytest.mark.parametrize(
    ("build", "kwargs", "inputs_name"),
    [
        (encoders.conv_encoder, {"input_shape": SHAPE}, "images"),
        (encoders.fc_encoder, {"input_shape": SHAPE}, "images"),
        (encoders.test_encoder, {"input_shape": SHAPE}, "images"),
        (decoders.deconv_decoder, {"output_shape": SHAPE}, "codes"),
        (decoders.fc_decoder, {"output_shape": SHAPE}, "codes"),
        (decoders.test_decoder, {"output_shape": SHAPE}, "codes"),
        (discriminators.fc_discriminator, {}, "codes"),
    ],
)
def test_same_function_of_the_same_weights(reference, build, kwargs, inputs_name):
    inputs, outputs = reference
    mine = {
        key.split("/")[1]: value
        for key, value in outputs.items()
        if key.startswith(f"{build.__name__}/")
    }
    model = build(num_latent=5, **kwargs)
    num_weights = sum(key.startswith("weight") for key in mine)
    model.set_weights([mine[f"weight_{number}"] for number in range(num_weights)])

    results = model(inputs[inputs_name])
    results = results if isinstance(results, tuple | list) else [results]
    assert len(results) == sum(key.startswith("output") for key in mine)
    for number, result in enumerate(results):
        expected = mine[f"output_{number}"]
        np.testing.assert_allclose(result, expected, atol=1e-5 * np.abs(expected).max())
