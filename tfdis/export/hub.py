"""Puts a model on the Hugging Face Hub, with a card."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import keras

from tfdis.models.card import card
from tfdis.models.hub import SCHEME, repository_of, speaking_with_hub
from tfdis.models.trained import load
from tfdis.results import write_text


def push(
    url: str,
    model_dir: str | os.PathLike,
    scores: Sequence[str | os.PathLike] = (),
    licence: str | None = None,
) -> str:
    """Puts the model of a directory on the hub by Keras' `save_model`, then its results and card.

    Args:
        url: `hf://user/name`; the repository is made where there is none, and is public then.
        model_dir: a directory that `tfdis-train` left.
        scores: directories that `tfdis-evaluate` left, for the card.
        licence: of the model, for the card; one of the hub's identifiers, such as "apache-2.0".

    Returns:
        `url`, for `tfdis.load`.

    Raises:
        UserError: there is no model, the address is wrong, the hub refuses, or huggingface_hub is
            not installed.
    """
    repository = repository_of(url)
    import huggingface_hub

    trained = load(model_dir)
    text = card(model_dir, scores, licence, url)
    with tempfile.TemporaryDirectory() as folder:
        write_text(Path(folder) / "README.md", text)
        shutil.copytree(Path(model_dir) / "results", Path(folder) / "results")
        with speaking_with_hub(url):
            keras.saving.save_model(trained.model, f"{SCHEME}{repository}")
            # Afterwards, as Keras writes a README.md of its own.
            huggingface_hub.HfApi(library_name="tfdis").upload_folder(
                repo_id=repository,
                folder_path=folder,
                commit_message="Add the results of the training, and a card",
            )
    return url
