"""Reading a model never runs what is in the file; one sentence says what is wrong with it."""

import io
import pickle
import zipfile

import keras
import pytest

from tfdis.errors import UserError
from tfdis.models.trained import load


class _Bomb:
    def __reduce__(self):
        return (exec, ("raise SystemExit('the file was run')",))


def _directory(tmp_path, content):
    (tmp_path / "results" / "gin").mkdir(parents=True)
    (tmp_path / "results" / "gin" / "train.gin").write_text("dataset.name = 'sprites'\n")
    (tmp_path / "model.keras").write_bytes(content)
    return tmp_path


def _refusal(folder):
    with pytest.raises(UserError) as error:
        load(folder)
    message = str(error.value)
    assert "model.keras" in message
    assert "\n" not in message
    return message


def test_the_model_is_read(model_dir, model, images):
    mean, log_variance = load(model_dir).encode(images)
    assert mean.shape == log_variance.shape == (5, model.num_latents)


def test_no_file(tmp_path):
    assert "no model" in _refusal(tmp_path)


@pytest.mark.parametrize("kept", [0, 10, 1000, -100])
def test_a_file_cut_short(model_dir, tmp_path, kept):
    content = (model_dir / "model.keras").read_bytes()[:kept]
    assert "damaged" in _refusal(_directory(tmp_path, content))


def test_weights_overwritten_by_noise(model_dir, tmp_path):
    whole = (model_dir / "model.keras").read_bytes()
    middle = len(whole) // 2
    content = whole[:middle] + b"\xff" * 200 + whole[middle + 200 :]
    assert "damaged" in _refusal(_directory(tmp_path, content))


def test_a_pickle_is_not_opened(tmp_path):
    assert "damaged" in _refusal(_directory(tmp_path, pickle.dumps(_Bomb())))


def test_a_pickle_inside_a_keras_file_is_not_opened(model_dir, tmp_path):
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(model_dir / "model.keras") as source,
        zipfile.ZipFile(packed, "w") as target,
    ):
        for name in source.namelist():
            is_weights = name.endswith(".h5")
            target.writestr(name, pickle.dumps(_Bomb()) if is_weights else source.read(name))
    assert "damaged" in _refusal(_directory(tmp_path, packed.getvalue()))


def test_a_lambda_layer_is_not_run(tmp_path):
    inputs = keras.Input((3,))
    ran = []
    outputs = keras.layers.Lambda(lambda x: ran.append(1) or x)(inputs)
    keras.Model(inputs, outputs).save(tmp_path / "lambda.keras")
    ran.clear()
    folder = tmp_path / "foreign"
    folder.mkdir()
    message = _refusal(_directory(folder, (tmp_path / "lambda.keras").read_bytes()))
    assert "not a model of this library" in message
    assert not ran


def test_a_foreign_keras_model(tmp_path):
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "foreign.keras")
    folder = tmp_path / "folder"
    folder.mkdir()
    message = _refusal(_directory(folder, (tmp_path / "foreign.keras").read_bytes()))
    assert "Sequential" in message
