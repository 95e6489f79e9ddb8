import json
import subprocess
import sys

import gin
import numpy as np
import pytest
import tensorflow as tf
from saved_models import codes, write_tf_hub, write_trained

from tfdis.cli.postprocess import main
from tfdis.errors import UserError
from tfdis.postprocessing.postprocess import postprocess_with_gin
from tfdis.postprocessing.saved_model_directory import SavedModelDirectory

IMAGES = np.random.default_rng(1).uniform(size=(5, 64, 64, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return write_trained(tmp_path_factory.mktemp("trained"))


def test_mean(trained, tmp_path):
    out = tmp_path / "mean"
    postprocess_with_gin(trained, out, gin_config_files=["postprocess/mean.gin"])
    signatures = tf.saved_model.load(str(out / "tfhub")).signatures
    assert set(signatures) == {"gaussian_encoder", "decoder", "representation"}
    found = signatures["representation"](images=tf.constant(IMAGES))["default"]
    np.testing.assert_allclose(found, codes(IMAGES), atol=1e-5)
    z = tf.constant(codes(IMAGES))
    assert signatures["decoder"](latent_vectors=z)["images"].shape == [5, 64, 64, 1]


def test_sampled_draws_afresh(trained, tmp_path):
    out = tmp_path / "sampled"
    postprocess_with_gin(trained, out, gin_config_files=["postprocess/sampled.gin"])
    representation = tf.saved_model.load(str(out / "tfhub")).signatures["representation"]
    draws = np.stack([representation(images=tf.constant(IMAGES))["default"] for _ in range(500)])
    mean = codes(IMAGES)
    np.testing.assert_allclose(draws.mean(axis=0), mean, atol=0.2)
    np.testing.assert_allclose(draws.std(axis=0), np.exp((0.1 * mean - 1.0) / 2), rtol=0.15)


def test_results_carry_those_of_the_training(trained, tmp_path):
    out = tmp_path / "mean"
    postprocess_with_gin(trained, out, gin_config_files=["postprocess/mean.gin"])
    text = (out / "results" / "gin" / "postprocess.gin").read_text()
    assert "dataset.name = 'dummy_data'" in text
    assert "postprocess.postprocess_fn = @mean_representation" in text
    aggregate = json.loads((out / "results" / "aggregate" / "postprocess.json").read_text())
    assert aggregate["train_results.loss"] == 1.0
    assert aggregate["postprocess_results.elapsed_time"] > 0
    assert gin.config_str() == ""


def test_their_own_configs_run(trained, tmp_path, dlib15_path):
    folder = dlib15_path / "disentanglement_lib" / "config"
    for i, path in enumerate(sorted(folder.rglob("*postprocess*/*.gin"))):
        postprocess_with_gin(trained, tmp_path / str(i), gin_config_files=[str(path)])
    assert i >= 5


def test_refuses(trained, tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    assert main([f"--model_dir={trained}", f"--output_dir={out}"]) == 2
    assert "already exists" in capsys.readouterr().err
    assert main([f"--model_dir={tmp_path}", f"--output_dir={tmp_path / 'x'}"]) == 2
    assert "holds no model" in capsys.readouterr().err
    hub = write_tf_hub(tmp_path / "hub")
    assert main([f"--model_dir={hub}", f"--output_dir={tmp_path / 'x'}"]) == 2
    assert "no signature 'gaussian_encoder'" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
    bindings = ["postprocess.postprocess_fn = @mean_representation", 'dataset.name = "auto"']
    with pytest.raises(UserError, match=r"binding is missing.*random_seed"):
        postprocess_with_gin(trained, tmp_path / "x", gin_bindings=bindings)
    with pytest.raises(UserError, match=r"bind dataset.name"):
        postprocess_with_gin(
            trained, tmp_path / "x", gin_bindings=[*bindings[:1], "postprocess.random_seed = 0"]
        )
    assert not (tmp_path / "x").exists()


def test_a_full_disk_leaves_nothing(trained, tmp_path, full_disk):
    with (
        pytest.raises(UserError, match=rf"^{tmp_path}/mean could not be written: File too large"),
        full_disk(),
    ):
        postprocess_with_gin(trained, tmp_path / "mean", gin_config_files=["postprocess/mean.gin"])
    assert not list(tmp_path.iterdir())


def test_damaged_model(trained, tmp_path):
    (tmp_path / "tfhub").mkdir()
    (tmp_path / "tfhub" / "saved_model.pb").write_bytes(b"\x00damaged")
    with pytest.raises(UserError, match="damaged"):
        SavedModelDirectory(tmp_path)


@pytest.mark.slow
def test_command_in_a_process_of_its_own(trained, tmp_path):
    """And a reader that does not have this library."""
    out = tmp_path / "mean"
    command = [sys.executable, "-m", "tfdis.cli.postprocess"]
    done = subprocess.run(
        [*command, f"--model_dir={trained}", f"--output_dir={out}"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    script = f"""
import sys, tensorflow as tf
loaded = tf.saved_model.load({str(out / "tfhub")!r})
print(loaded.signatures["representation"](images=tf.zeros([2, 64, 64, 1]))["default"].shape)
assert not [name for name in sys.modules if name.startswith("tfdis")]
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path
    )
    assert "(2, 3)" in done.stdout, done.stderr
