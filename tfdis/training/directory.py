"""The directory of a run: locked while it is written, and replaced only by a complete one."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from tfdis import manifest, outputs, results
from tfdis.errors import UserError
from tfdis.locks import locked
from tfdis.manifest import Manifest

STAGE = "train"
# Directories that never hold a user's files. Other files are recorded one by one when written.
_OWN = ("checkpoints/", "best/", "tfhub/", "tensorboard/", "wandb/")
_NAMES = (
    "checkpoints",
    "best",
    "tfhub",
    "results",
    "model.keras",
    "progress.jsonl",
    "visualizations",
)


class RunDirectory:
    """The directory in which a run is written, and the one that it gets in the end.

    Args:
        target: the final directory.
        path: the directory it is written to: `target`, or one beside it while `target` holds an
            earlier result.
        there: the manifest of an earlier start of the run; None: this is its beginning.
        stage: the name of the stage.
    """

    def __init__(self, target: Path, path: Path, there: Manifest | None, stage: str = STAGE):
        self.target, self.path = target, path
        before = manifest.read(target) if path != target else None
        self._manifest = there or Manifest(stage, replaces=before.id if before else None)
        self._manifest.paths |= {*_OWN, "progress.jsonl"}

    @property
    def is_complete(self) -> bool:
        """Whether the run's last file is written."""
        return self._manifest.complete

    def begin(self) -> None:
        """Makes the directory, and removes the unfinished files of a killed process."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise results.cannot_write(self.path, error) from error
        outputs.clear_partial(self.path)
        self._manifest.complete = False
        self._manifest.write(self.path)

    def note(self, path: Path) -> None:
        """Records a file before it is written."""
        try:
            relative = path.resolve().relative_to(self.path)
        except ValueError:
            return
        if not self._manifest.owns(relative):
            self._manifest.paths.add(relative.as_posix())
            self._manifest.write(self.path)

    def end(self) -> None:
        """Records that the last file is written, and replaces the earlier result."""
        self._manifest.complete = True
        self._manifest.write(self.path)
        self.take_place()

    def take_place(self) -> None:
        """Gives a complete run its final name."""
        if self.path == self.target:
            return
        try:
            outputs.take_place(self.path, self.target)
            outputs.retire(self.path, self.target)
        except OSError as error:
            raise results.cannot_write(self.target, error) from error
        self.path = self.target


@contextlib.contextmanager
def run_directory(
    model_dir: str | os.PathLike, overwrite: bool, resume: bool, stage: str = STAGE
) -> Iterator[RunDirectory]:
    """The directory to train in, locked for the time of a `with` block.

    With `overwrite` a run is written to `.<name>.training` beside the earlier result, and takes its
    place when it is complete; `resume` continues there.

    Raises:
        UserError: see `refuse_model_dir`; or another process writes the directory.
    """
    refuse_model_dir(model_dir, overwrite, resume, stage)
    target = Path(model_dir).resolve()
    aside = target.with_name(f".{target.name}.training")
    outputs.recover(target)
    was_there = target.is_dir()
    try:
        with locked(target):
            _settle(target, aside)
            refuse_model_dir(model_dir, overwrite, resume, stage)
            if overwrite and not resume and manifest.read(target):
                if aside.is_dir():
                    outputs.retire(aside, target)
                yield RunDirectory(target, aside, None, stage)
            else:
                path = aside if aside.is_dir() else target
                yield RunDirectory(target, path, manifest.read(path), stage)
    finally:
        if not was_there:
            with contextlib.suppress(OSError):
                target.rmdir()  # succeeds where nothing was written


def refuse_model_dir(
    model_dir: str | os.PathLike, overwrite: bool, resume: bool, stage: str = STAGE
) -> None:
    """Raises a UserError where no run can be written to `model_dir`."""
    model_dir = Path(model_dir)
    if not resume or (model_dir.exists() and not model_dir.is_dir()):
        try:
            outputs.refuse_output(stage, model_dir, overwrite)
        except UserError as error:
            if not overwrite and (model_dir / "checkpoints").is_dir():
                raise UserError(f"{str(error)[:-1]}, or pass --resume to continue it.") from error
            raise
        return
    there = manifest.read(model_dir)
    if there is not None and there.stage != stage:
        raise UserError(
            f"{model_dir} holds what the stage '{there.stage}' wrote: name a directory that the "
            f"stage '{stage}' wrote, or a new one."
        )
    is_run = there is not None or (model_dir / "checkpoints").is_dir()
    foreign = [name for name in _NAMES if (model_dir / name).exists()]
    if foreign and not is_run and not (model_dir / "results" / "gin" / f"{stage}.gin").is_file():
        raise UserError(
            f"{model_dir / foreign[0]} is not of tfdis, which would write a file of that name: "
            "name another directory."
        )


def is_complete(model_dir: str | os.PathLike, training_steps: int) -> bool:
    """Whether a directory holds a complete training of this many steps.

    Raises:
        UserError: its results are damaged.
    """
    path = Path(model_dir) / "results" / "json" / "train_results.json"
    if not manifest.is_complete(model_dir, STAGE) or not path.is_file():
        return False
    found = results.read_json(path)
    steps = found.get("global_step") if isinstance(found, dict) else None
    if not isinstance(steps, int):
        raise UserError(f"{path} is damaged: it holds no number global_step.")
    return steps >= training_steps or found.get("stopped_early", False)


def _settle(target: Path, aside: Path) -> None:
    """Finishes the exchange of directories that a killed process had begun."""
    before, there = manifest.read(aside), manifest.read(target)
    if before is not None and there is not None and there.replaces == before.id:
        outputs.retire(aside, target)
