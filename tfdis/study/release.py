"""Chosen models of a study as a directory to publish: each with its card, and all hashes."""

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from tfdis import manifest
from tfdis.errors import UserError
from tfdis.models.card import card, sha256, table
from tfdis.outputs import stage_output
from tfdis.results import write_text
from tfdis.study.model_names import ModelNames
from tfdis.study.states import States
from tfdis.study.study import load_study

_SUMS = "SHA256SUMS"


def write_release(
    directory: str | os.PathLike,
    output_dir: str | os.PathLike,
    model_nums: Sequence[int] | None = None,
    licence: str | None = None,
    overwrite: bool = False,
) -> list[str]:
    """Copies models, their results and cards with their scores into a directory of its own.

    `SHA256SUMS` there names every file, as `sha256sum --check` reads it; `tfdis.load` and
    `tfdis.push` take each of the folders.

    Args:
        directory: a study's directory.
        output_dir: directory to write.
        model_nums: which models; None: all that are done.
        licence: of the models, for their cards.
        overwrite: replace an earlier release.

    Returns:
        The names of the models' folders.

    Raises:
        UserError: a model is not done, or none is.
    """
    directory = Path(directory)
    study, states = load_study(directory), States(directory)
    attempts, names = states.attempts(), ModelNames(study)
    every = range(len(study.settings))
    done = [num for num in every if states.status(attempts.get(num, ())) == "done"]
    chosen = done if model_nums is None else list(model_nums)
    missing = sorted(set(chosen) - set(done))
    if missing or not chosen:
        which = f"model {missing[0]} is not" if missing else "no model is"
        raise UserError(f"{which} done in {directory}: see tfdis-sweep status {directory}.")
    folders = {_folder(names.of(num)): num for num in chosen}
    with stage_output("release", output_dir, overwrite, [directory]) as partial:
        for folder, num in folders.items():
            _copy(directory / str(num), partial / folder, licence)
        write_text(partial / "README.md", _overview(study.name, folders, names))
        files = sorted(path for path in manifest.files_in(partial) if path.name != manifest.LOCK)
        lines = [f"{sha256(partial / path)}  {path.as_posix()}\n" for path in files]
        write_text(partial / _SUMS, "".join(lines))
    return list(folders)


def _folder(name: str) -> str:
    """A name of a model as one of a folder, such as `12_factor_vae_gamma=10.0`."""
    return re.sub(r"[^\w.=+-]+", "_", name.removeprefix("#"))


def _copy(source: Path, target: Path, licence: str | None) -> None:
    target.mkdir()
    shutil.copy(source / "model" / "model.keras", target)
    shutil.copytree(source / "model" / "results", target / "results")
    scores = [source / "metrics"] if (source / "metrics").is_dir() else []
    write_text(target / "README.md", card(target, scores, licence))


def _overview(study: str, folders: dict[str, int], names: ModelNames) -> str:
    rows = [(names.of(num), f"[{folder}]({folder})") for folder, num in folders.items()]
    return (
        f"# Models of the study {study}\n\n{table(('model', 'folder'), rows)}\n\n"
        f"Every folder has the model, its results and a card. `sha256sum --check {_SUMS}` checks "
        f"the files.\n"
    )
