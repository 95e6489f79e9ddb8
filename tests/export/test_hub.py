"""The hub, played by a stand-in of its client that keeps repositories in a folder."""

import fnmatch
import hashlib
import json
import re
import shutil
import sys
import types
from pathlib import Path

import keras
import numpy as np
import pytest
from narrow_networks import SHAPE

import tfdis
from tfdis.cli import card as command
from tfdis.errors import UserError
from tfdis.export.hub import push
from tfdis.models.card import card
from tfdis.models.hub import speaking_with_hub
from tfdis.results import write_json, write_text

URL = "hf://somebody/a-model"


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The folder of the repositories; what the client does with it is what the real one does."""
    repositories = tmp_path / "hub"

    class HfApi:
        def __init__(self, library_name=None, library_version=None):
            pass

        def create_repo(self, repo_id, exist_ok=False):
            (repositories / repo_id).mkdir(parents=True, exist_ok=exist_ok)
            return types.SimpleNamespace(repo_id=repo_id)

        def upload_folder(self, *, repo_id, folder_path, commit_message):
            shutil.copytree(folder_path, repositories / repo_id, dirs_exist_ok=True)

    def snapshot_download(repo_id, *, allow_patterns=None, **_):
        source = repositories / repo_id
        if not source.is_dir():
            raise OSError(f"404 Client Error: {repo_id} was not found\nsee the documentation")
        copy = tmp_path / "cache" / repo_id
        for path in source.rglob("*"):
            name = path.relative_to(source).as_posix()
            wanted = any(fnmatch.fnmatch(name, pattern) for pattern in allow_patterns or ["*"])
            if path.is_file() and wanted:
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, copy / name)
        return str(copy)

    client = types.SimpleNamespace(HfApi=HfApi, snapshot_download=snapshot_download)
    monkeypatch.setitem(sys.modules, "huggingface_hub", client)
    # Keras looked for the client when it was imported.
    monkeypatch.setattr(keras.src.saving.saving_lib, "huggingface_hub", client)
    return repositories


@pytest.fixture
def scores(tmp_path):
    """What tfdis-evaluate leaves of one metric."""
    results = tmp_path / "scores" / "mig" / "results"
    found = {"discrete_mig": 0.25, "elapsed_time": 3.0, "uuid": "abc"}
    write_json(results / "json" / "evaluation_results.json", found)
    write_text(results / "gin" / "evaluation.gin", "evaluation.random_seed = 7\n")
    return tmp_path / "scores"


def test_what_was_pushed_is_loaded_and_encodes_the_same(hub, model_dir, scores, images):
    assert push(URL, model_dir, [scores], "apache-2.0") == URL
    here, there = tfdis.load(model_dir), tfdis.load(URL)
    for ours, theirs in zip(here.encode(images), there.encode(images)):
        np.testing.assert_array_equal(ours, theirs)
    assert there.gin == here.gin == {"dataset.name": "'sprites'", "encoder.num_latent": "3"}
    # Keras' reader alone takes it too.
    model = keras.saving.load_model(URL, compile=False)
    assert model.observation_shape == tuple(SHAPE)
    # The card is ours: Keras wrote another before.
    text = (hub / "somebody" / "a-model" / "README.md").read_text()
    assert 'tfdis.load("hf://somebody/a-model")' in text
    assert "| mig.discrete_mig | 0.25 | 7 |" in text


def test_only_the_files_of_a_model_are_downloaded(hub, model_dir, tmp_path):
    push(URL, model_dir)
    (hub / "somebody" / "a-model" / "setup.py").write_text("raise SystemExit")
    tfdis.load(URL)
    copy = tmp_path / "cache" / "somebody" / "a-model"
    fetched = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    assert fetched == {
        "config.json",
        "metadata.json",
        "model.weights.h5",
        "results/gin/train.gin",
    }


def test_a_strangers_model_runs_nothing(hub, model_dir, tmp_path):
    marker = str(tmp_path / "was_run")
    evil = keras.Sequential(
        [keras.Input((2,)), keras.layers.Lambda(lambda x: (Path(marker).touch(), x)[1])]
    )
    Path(marker).unlink(missing_ok=True)  # Keras ran it to build the model
    keras.saving.save_model(evil, URL)
    with pytest.raises(UserError, match="is damaged or not a model of this library"):
        tfdis.load(URL)
    # A harmless model of another library is said to be one.
    keras.saving.save_model(keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]), URL)
    with pytest.raises(UserError, match=r"holds a Sequential: expected a model of this library"):
        tfdis.load(URL)
    assert not Path(marker).exists()


def test_a_repository_that_is_not_there_is_one_sentence(hub):
    with pytest.raises(UserError, match=r"^hf://no/body: 404 Client Error: no/body was not found"):
        tfdis.load("hf://no/body")


def test_what_the_client_says_of_the_network_is_one_sentence_and_other_errors_are_not_hidden():
    of_client = type("ConnectError", (Exception,), {"__module__": "httpx._exceptions"})
    with (
        pytest.raises(UserError, match=r"^hf://a/b: no route to host\. See"),
        speaking_with_hub("hf://a/b"),
    ):
        raise of_client("no route to host")
    with pytest.raises(ZeroDivisionError), speaking_with_hub("hf://a/b"):
        raise ZeroDivisionError


@pytest.mark.parametrize("url", ["hf://name", "hf://a/b/c", "hf://a/../b", "hf://", "https://a/b"])
def test_an_address_of_another_form_is_refused(url, hub, model_dir):
    with pytest.raises(UserError, match="write hf://user/name"):
        push(url, model_dir)


def test_without_the_client_a_sentence_names_the_extra(monkeypatch, model_dir):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    for use in (lambda: tfdis.load(URL), lambda: tfdis.push(URL, model_dir)):
        with pytest.raises(UserError, match=r"needs huggingface_hub.*'tfdis\[hub\]'\.$"):
            use()


def test_the_card_has_the_data_the_training_the_scores_and_the_hash(model_dir, scores):
    text = card(model_dir, [scores], "cc-by-4.0")
    header = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)[1].splitlines()
    assert 'license: "cc-by-4.0"' in header
    assert "library_name: keras" in header
    assert "encoder.num_latent = 3" in text
    assert "| loss | 1 |" in text
    assert "elapsed_time" not in text
    assert "Data: Apache-2.0" in text  # of the embedded sprites
    expected = hashlib.sha256((model_dir / "model.keras").read_bytes()).hexdigest()
    assert f"| model.keras | {expected} |" in text
    assert f"| Keras that saved model.keras | {keras.__version__} |" in text


def test_the_licence_cannot_break_the_cards_header(model_dir):
    text = card(model_dir, licence='x"\n---\nevil: true')
    header = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)[1]
    line = next(line for line in header.splitlines() if line.startswith("license: "))
    assert json.loads(line.removeprefix("license: ")) == 'x"\n---\nevil: true'


def test_the_command_writes_a_card_once(model_dir, scores, tmp_path, capsys):
    shutil.copytree(model_dir, tmp_path / "model")
    arguments = [str(tmp_path / "model"), f"--scores={scores}", "--licence=apache-2.0"]
    assert command.main(arguments) == 0
    assert "discrete_mig" in (tmp_path / "model" / "README.md").read_text()
    assert command.main(arguments) == 2
    assert "already exists: pass --overwrite" in capsys.readouterr().err
    assert command.main([*arguments, "--overwrite"]) == 0
    assert command.main([str(tmp_path / "model"), f"--scores={tmp_path}/hub", "--overwrite"]) == 2
    assert "holds no scores" in capsys.readouterr().err
