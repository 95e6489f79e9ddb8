import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from narrow_networks import make_conditional_model, make_model, pairs

from tfdis.architectures import tilers
from tfdis.errors import UserError
from tfdis.export import torchscript
from tfdis.export.parts import part
from tfdis.export.torchscript import export_torchscript, run_torchscript


@pytest.mark.slow
def test_every_network_agrees_with_keras(tmp_path):
    models = {f"model_{number}": make_model(*pair) for number, pair in enumerate(pairs())}
    models["learned_tiler"] = make_conditional_model(tilers.label_tiler)
    models["constant_tiler"] = make_conditional_model(tilers.constant_tiler)
    parts = {tmp_path / f"{name}.pt": part(model, "autoencoder") for name, model in models.items()}
    sampled = part(models["model_0"], "representation", "NHWC", sampled=True)
    differences = export_torchscript({**parts, tmp_path / "sampled.pt": sampled})
    assert len(differences) == len(models) + 1
    assert all(path.is_file() for path in differences)
    assert max(differences.values()) < 1e-5


@pytest.mark.slow
def test_torch_alone_reads_it(model, images, tmp_path):
    path = tmp_path / "model.pt"
    differences = export_torchscript({path: part(model, "autoencoder")})
    assert differences[path] < 1e-5
    np.save(tmp_path / "images.npy", np.moveaxis(images, 3, 1))
    code = f"""
import sys, numpy, torch
model = torch.jit.load({str(path)!r})
mean, log_variance, pixels = model(torch.from_numpy(numpy.load("images.npy")))
assert not [name for name in sys.modules if name.split(".")[0] in ("keras", "tensorflow", "tfdis")]
numpy.save("mean.npy", mean.detach().numpy())
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
    expected, _ = model.encoder(images)
    np.testing.assert_allclose(np.load(tmp_path / "mean.npy"), expected, atol=1e-5)


@pytest.mark.slow
@pytest.mark.skipif(not os.access("/dev/full", os.W_OK), reason="needs Linux' /dev/full")
def test_a_full_disk_is_an_error_and_no_abort(model):
    with pytest.raises(UserError, match=r"decoder cannot become .*No space left on device$"):
        torchscript._trace({Path("/dev/full"): part(model, "decoder")})


def test_a_difference_leaves_nothing(model, tmp_path, monkeypatch):
    monkeypatch.setattr(
        torchscript, "_trace", lambda parts: [path.write_bytes(b"") for path in parts]
    )
    monkeypatch.setattr(
        torchscript,
        "run_torchscript",
        lambda inputs: {
            path: [[np.zeros((len(batch["codes"]), 2, 32, 32))] for batch in file_batches]
            for path, file_batches in inputs.items()
        },
    )
    with pytest.raises(UserError, match=r"decoder.pt differs from Keras"):
        export_torchscript({tmp_path / "decoder.pt": part(model, "decoder")})
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_damaged_file_gets_a_sentence(tmp_path):
    path = tmp_path / "damaged.pt"
    path.write_bytes(b"not TorchScript")
    with pytest.raises(UserError, match=r"damaged.pt cannot be run as TorchScript"):
        run_torchscript({path: []})


def test_without_torch_a_sentence_says_how_to_get_it(model, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UserError, match=r"pip install 'tfdis\[torch\]'"):
        export_torchscript({tmp_path / "decoder.pt": part(model, "decoder")})
