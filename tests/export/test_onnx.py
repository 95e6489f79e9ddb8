import sys

import numpy as np
import onnx
import onnxruntime
import pytest
from narrow_networks import NUM_LATENTS, SHAPE, make_conditional_model, make_model, pairs

from tfdis.architectures import tilers
from tfdis.batch import Inputs
from tfdis.errors import UserError
from tfdis.export import verify
from tfdis.export.onnx import OPERATORS, export_onnx, onnx_session
from tfdis.export.parts import part

HEIGHT, WIDTH, CHANNELS = SHAPE


def shapes(values):
    return {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in values
    }


@pytest.mark.parametrize(("encoder", "decoder"), pairs())
def test_every_network(tmp_path, images, encoder, decoder):
    model = make_model(encoder, decoder)
    path = tmp_path / "autoencoder.onnx"
    assert export_onnx(part(model, "autoencoder"), path) < 1e-5

    stored = onnx.load(path)
    onnx.checker.check_model(stored, full_check=True)
    graph = stored.graph
    assert shapes(graph.input) == {"images": ["batch", CHANNELS, HEIGHT, WIDTH]}
    assert shapes(graph.output) == {
        "mean": ["batch", NUM_LATENTS],
        "log_variance": ["batch", NUM_LATENTS],
        "reconstructions": ["batch", CHANNELS, HEIGHT, WIDTH],
    }
    assert {node.op_type for node in graph.node} <= OPERATORS
    known = shapes([*graph.value_info, *graph.input, *graph.output])
    for node in graph.node:
        for name in node.output:
            assert known[name][0] == "batch", name
            assert all(isinstance(size, int) and size > 0 for size in known[name][1:]), name

    session = onnxruntime.InferenceSession(path)
    mean, log_variance, pixels = session.run(None, {"images": np.moveaxis(images, 3, 1)})
    expected_mean, expected_log_variance = model.encoder(images)
    np.testing.assert_allclose(mean, expected_mean, atol=1e-5)
    np.testing.assert_allclose(log_variance, expected_log_variance, atol=1e-5)
    expected = 1 / (1 + np.exp(-model.decoder(expected_mean).numpy()))
    np.testing.assert_allclose(np.moveaxis(pixels, 1, 3), expected, atol=1e-5)


@pytest.mark.parametrize("tiler", [tilers.label_tiler, tilers.constant_tiler, None])
def test_a_conditional_model_takes_labels(tmp_path, images, tiler):
    model = make_conditional_model(tiler)
    path = tmp_path / "autoencoder.onnx"
    export_onnx(part(model, "autoencoder", "NHWC"), path)
    assert {node.op_type for node in onnx.load(path).graph.node} <= OPERATORS
    labels = np.eye(5, dtype=np.float32)
    session = onnxruntime.InferenceSession(path)
    mean, _, pixels = session.run(None, {"images": images, "labels": labels})
    np.testing.assert_allclose(mean, model.encode(Inputs(images, labels=labels)), atol=1e-5)
    expected = model.reconstruction.pixels(model(images, labels))
    np.testing.assert_allclose(pixels, expected, atol=1e-5)
    assert part(model, "decoder").inputs == ("codes", "labels")
    assert part(model, "encoder").inputs == (("images", "labels") if tiler else ("images",))


def test_a_sample_and_the_other_layout(tmp_path, model, images):
    path = tmp_path / "representation.onnx"
    export_onnx(part(model, "representation", "NHWC", sampled=True), path)
    session = onnxruntime.InferenceSession(path)
    assert shapes(onnx.load(path).graph.input) == {
        "images": ["batch", HEIGHT, WIDTH, CHANNELS],
        "noise": ["batch", NUM_LATENTS],
    }
    noise = np.ones((5, NUM_LATENTS), np.float32)
    (sample,) = session.run(None, {"images": images, "noise": noise})
    mean, log_variance = (output.numpy() for output in model.encoder(images))
    np.testing.assert_allclose(sample, mean + np.exp(log_variance / 2), atol=1e-5)
    assert {node.op_type for node in onnx.load(path).graph.node} <= OPERATORS


def test_opset_and_metadata_are_recorded(tmp_path, model):
    path = tmp_path / "decoder.onnx"
    export_onnx(part(model, "decoder"), path, opset=13, metadata={"gin": "vae.beta = 4.0"})
    stored = onnx.load(path)
    assert {each.domain: each.version for each in stored.opset_import}[""] == 13
    recorded = {each.key: each.value for each in stored.metadata_props}
    assert recorded == {"gin": "vae.beta = 4.0", "opset": "13"}


def test_a_difference_leaves_nothing(tmp_path, model, monkeypatch):
    exact = verify.keras_outputs
    monkeypatch.setattr(
        verify, "keras_outputs", lambda *args: [output + 2e-4 for output in exact(*args)]
    )
    with pytest.raises(UserError, match=r"decoder.onnx differs from Keras by 0.0002"):
        export_onnx(part(model, "decoder"), tmp_path / "decoder.onnx")
    assert not list(tmp_path.iterdir())


def test_not_a_number_is_a_difference(model):
    decoder = part(model, "decoder")
    found = [verify.keras_outputs(decoder, batch) for batch in verify.batches(decoder)]
    assert verify.verify(decoder, found, "same") == 0.0
    found[1][0] = found[1][0].copy()
    found[1][0][3, 0, 0, 0] = np.nan
    with pytest.raises(UserError, match="differs from Keras by nan"):
        verify.verify(decoder, found, "file")


def test_a_damaged_file_gets_a_sentence(tmp_path):
    path = tmp_path / "damaged.onnx"
    path.write_bytes(b"not an ONNX file")
    with pytest.raises(UserError, match=r"damaged.onnx cannot be read as an ONNX file"):
        onnx_session(path)


def test_a_missing_package_is_named(tmp_path, model, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(UserError, match=r"tf2onnx.*pip install 'tfdis\[onnx\]'"):
        export_onnx(part(model, "decoder"), tmp_path / "decoder.onnx")
