import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

import tfdis
from tfdis.errors import UserError
from tfdis.models.trained import TrainedModel, load_keras

_QUESTIONS = (Path(__file__).parents[2] / "docs" / "questions.md").read_text()


@pytest.fixture
def trained(make_vae):
    return TrainedModel(make_vae())


def test_encode_and_decode_are_the_models_networks(trained, images):
    floats = images.astype(np.float32) / 255
    mean, log_variance = trained.encode(images)
    expected_mean, expected_log_variance = trained.model.encoder(floats)
    np.testing.assert_allclose(mean, expected_mean, atol=1e-6)
    np.testing.assert_allclose(log_variance, expected_log_variance, atol=1e-6)
    logits = np.asarray(trained.model.decoder(mean))
    np.testing.assert_allclose(trained.decode(mean), 1 / (1 + np.exp(-logits)), atol=1e-6)
    np.testing.assert_allclose(trained.reconstruct(images), trained.decode(mean), atol=1e-6)


def test_batches_of_any_size_give_the_same(trained, images):
    many = np.concatenate([images] * 40)
    mean, _ = trained.encode(many)
    assert mean.shape == (1280, 3)
    np.testing.assert_allclose(mean[-32:], trained.encode(images)[0], atol=1e-6)
    assert trained.encode(images[:0])[0].shape == (0, 3)


def test_traverse_changes_one_latent(trained, images):
    values = [-1.0, 0.0, 2.0]
    code = trained.encode(images[:1])[0][0]
    expected = np.stack([code] * 3)
    expected[:, 1] = values
    np.testing.assert_allclose(
        trained.traverse(images[0], 1, values), trained.decode(expected), atol=1e-6
    )


def test_other_shapes_are_refused_with_the_right_one(trained, images):
    with pytest.raises(UserError, match=r"\[32, 8, 8\]: expected \[batch, 8, 8, 1\]"):
        trained.encode(images[..., 0])
    with pytest.raises(UserError, match=r"expected \[batch, 3\]"):
        trained.decode(np.zeros((2, 4)))
    with pytest.raises(UserError, match="there are 0 to 2"):
        trained.traverse(images[0], 3, [0.0])


def test_a_file_and_a_directory_with_nothing_else_are_loaded(tmp_path, make_vae, images):
    model = make_vae()
    model.save(tmp_path / "model.keras")
    shutil.copy(tmp_path / "model.keras", tmp_path / "other.keras")
    for path in (tmp_path, tmp_path / "model.keras", str(tmp_path / "other.keras")):
        loaded = tfdis.load(path)
        assert loaded.gin == {}
        np.testing.assert_array_equal(
            loaded.encode(images)[0], TrainedModel(model).encode(images)[0]
        )
    with pytest.raises(
        UserError, match=r"no model at .*/none\.keras: name a directory .* \.keras file"
    ):
        tfdis.load(tmp_path / "none.keras")
    # Where there are results, one without its config is a training's that has lost it.
    (tmp_path / "results").mkdir()
    with pytest.raises(UserError, match=r"train\.gin could not be read"):
        tfdis.load(tmp_path)


@pytest.mark.slow
def test_the_lines_of_the_documents_load_a_model_in_a_process_of_their_own(tmp_path, make_vae):
    """Here every class is registered already, as the test's own imports did it."""
    answer = _QUESTIONS.split("### How do I load a model?")[1].split("\n### ")[0]
    blocks = re.findall(r"```python\n(.*?)```", answer, flags=re.DOTALL)
    assert len(blocks) == 2
    (tmp_path / "models" / "beta_tcvae").mkdir(parents=True)
    make_vae().save(tmp_path / "models" / "beta_tcvae" / "model.keras")
    for block in blocks:
        script = f"{block}\nassert model.num_latents == 3"
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr


def test_a_missing_damaged_or_foreign_file_is_said_in_one_sentence(tmp_path, make_vae):
    with pytest.raises(UserError, match="There is no model"):
        load_keras(tmp_path / "model.keras")
    path = tmp_path / "whole.keras"
    make_vae().save(path)
    content = path.read_bytes()
    for name, part in {"cut": content[: len(content) // 2], "text": b"hello", "none": b""}.items():
        (tmp_path / f"{name}.keras").write_bytes(part)
        with pytest.raises(UserError, match="damaged") as caught:
            load_keras(tmp_path / f"{name}.keras")
        assert "\n" not in str(caught.value)
    foreign = tmp_path / "foreign.keras"
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]).save(foreign)
    with pytest.raises(UserError, match="holds a Sequential"):
        load_keras(foreign)


def test_code_in_a_file_is_not_run(tmp_path):
    """A Lambda layer is code; Keras' safe mode refuses it."""
    path = tmp_path / "code.keras"
    keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda x: x + 1)]).save(path)
    with pytest.raises(UserError, match=r"code\.keras is damaged or not a model of this library"):
        load_keras(path)
    assert not any("pkl" in name or "pickle" in name for name in zipfile.ZipFile(path).namelist())
