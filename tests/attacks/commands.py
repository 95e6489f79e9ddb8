"""Commands that write, each with what makes it run in a second."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

from attack import Attack

from tfdis.study.study import Study, save_study


def _study(here: Path) -> None:
    (here / "s.gin").write_text("")
    settings = [{"model.random_seed": seed} for seed in range(300)]
    save_study(Study("s", settings, model_configs=(here / "s.gin",)), here / "study")


def _results(here: Path) -> None:
    (here / "results").mkdir()
    for run in range(20):
        scores = {f"score_{number}": number / (run + 1) for number in range(60)}
        (here / "results" / f"{run}.json").write_text(json.dumps(scores))


def _nothing(here: Path) -> None:
    del here


@dataclasses.dataclass(frozen=True)
class Command:
    """One command and what it writes.

    Attributes:
        arguments: as in `Attack`; all of it is written to `{here}/out`, replacing what is there.
        given: makes what it reads in `{here}`.
        full_at: the size in bytes beyond which no file grows on a full disk, so that a file of the
            command does not fit.
    """

    arguments: str
    given: Callable[[Path], None] = _nothing
    full_at: int = 8192

    def attack(self, name: str) -> Attack:
        """The command of a name, to be run."""
        return Attack(name, self.arguments, "")


_SMALL_MIG = "--gin_bindings='mig.num_train = 20' --gin_bindings='evaluation.random_seed = 0'"
_DRAWN = "--gin_bindings='draw_all.kinds = [\"kl\"]' --gin_bindings='draw_all.num_images = 20'"
_OUT = "--output_dir={here}/out --overwrite --strict"
COMMANDS = {
    "postprocess": Command(f"--model_dir={{model}} {_OUT}"),
    "evaluate": Command(
        f"--model_dir={{model}} {_OUT} --gin_file=metrics/mig.gin {_SMALL_MIG}", full_at=500
    ),
    "visualize": Command(f"--model_dir={{model}} {_OUT} {_DRAWN}"),
    "export": Command(f"--model_dir={{model}} {_OUT} --format=savedmodel --part=decoder"),
    "rank": Command(
        f"{_OUT} {{model}} {{model}} --gin_file=ranking/udr_spearman.gin "
        "--gin_bindings='udr_sklearn.num_data_points = 50' "
        "--gin_bindings='udr_sklearn.batch_size = 50' "
        "--gin_bindings='udr_sklearn.filter_low_kl = False'",
        full_at=500,
    ),
    "validate": Command(
        f"--model_dir={{model}} {_OUT} --gin_file=validation/mig.gin "
        "--gin_bindings='validation.num_labelled_samples = 50'",
        full_at=500,
    ),
    "report": Command("{here}/study --output={here}/out/report.html", _study),
    "aggregate": Command(
        "--result_file_pattern={here}/results/*.json --output_path={here}/out/all.json --overwrite",
        _results,
    ),
    "data show": Command(f"dummy_data {_OUT}"),
    "aicrowd files": Command("--author=me --folder={here}/out --overwrite", full_at=100),
}
