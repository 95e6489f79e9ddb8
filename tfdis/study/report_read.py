"""Reads the models of a study from its directory: settings, scores, curves, errors."""

import dataclasses
import json
import math
from collections.abc import Sequence
from numbers import Real
from pathlib import Path
from typing import Any

from tfdis.progress_log import read_points
from tfdis.study.left_out import leave_out, read_or_leave_out
from tfdis.study.states import States
from tfdis.study.study import Setting, Study

_SEED = "model.random_seed"
_DATA_SET = "dataset.name"
_ALGORITHM = ("model.name", "model.model")
_NO_SCORES = ("elapsed_time", "global_step")


@dataclasses.dataclass(frozen=True)
class StudyModel:
    """One model of a study, complete or not.

    Attributes:
        model_num: the model's number, and the name of its directory.
        algorithm: the model's `model.name`, or what `model.model` refers to.
        data_set: its `dataset.name`, or "" where all models share it.
        setting: what distinguishes it, besides the seed, from the other models of its algorithm.
        seed: its `model.random_seed`, or None where the study sets none.
        group: the same for the models that differ in the seed alone.
        status: queued, running, done or failed.
        scores: by `<representation>/<score>/<number>`, or `training/<number>`.
        bindings: of its training, as gin wrote them: the operative ones once it is trained.
        error: of the last attempt that failed, with `details`; "" where none did.
        details: the traceback.
    """

    model_num: int
    algorithm: str
    data_set: str
    setting: str
    seed: Any
    group: int
    status: str
    scores: dict[str, float]
    bindings: dict[str, str]
    error: str
    details: str


def read_models(directory: str | Path, study: Study) -> list[StudyModel]:
    """Reads all models of a study, including those that have not started."""
    directory = Path(directory)
    states = States(directory)
    attempts = states.attempts()
    udr = _read_udr(directory)
    names = _Names(study)
    runs = []
    for num, setting in enumerate(study.settings):
        tried = attempts.get(num, [])
        failure = next((a.content() for a in reversed(tried) if a.status == "failed"), None)
        scores = _scores_of(directory / str(num), study)
        if num in udr:
            scores["unlabelled/udr"] = udr[num]
        runs.append(
            StudyModel(
                model_num=num,
                **names.of(num),
                seed=setting.get(_SEED),
                status=states.status(tried),
                scores=scores,
                bindings=_bindings(directory / str(num), setting),
                error="" if failure is None else failure.get("error", "error not recorded"),
                details="" if failure is None else failure.get("details", ""),
            )
        )
    return runs


def read_curve(progress: Path, max_points: int) -> dict[str, list[float | None]]:
    """Evenly spaced lines of a progress.jsonl, as one list per number; its last line included.

    Args:
        progress: the file; where there is none, the result is empty.
        max_points: how many lines to take, 2 at least.
    """
    points = read_points(progress, max_points, leave_out) if progress.exists() else []
    names = dict.fromkeys(name for point in points for name in point)
    return {name: [_finite(point.get(name)) for point in points] for name in names}


class _Names:
    """Distinguishes the models of a study by the values that vary among them."""

    def __init__(self, study: Study):
        self._settings = study.settings
        self._varied_data_set = len({repr(s.get(_DATA_SET)) for s in study.settings}) > 1
        self._groups: dict[tuple, int] = {}
        self._values: dict[str, dict[str, set]] = {}
        for setting in study.settings:
            values = self._values.setdefault(_algorithm(setting), {})
            for name, value in setting.items():
                values.setdefault(name, set()).add(repr(value))

    def of(self, model_num: int) -> dict[str, Any]:
        setting = self._settings[model_num]
        algorithm = _algorithm(setting)
        values = self._values[algorithm]
        varied = [
            f"{name.rpartition('.')[2]}={_short(value)}"
            for name, value in setting.items()
            if name not in (_SEED, _DATA_SET, *_ALGORITHM) and len(values[name]) > 1
        ]
        key = tuple(sorted((name, repr(setting[name])) for name in setting if name != _SEED))
        return {
            "algorithm": algorithm,
            "data_set": _short(setting.get(_DATA_SET, "")) if self._varied_data_set else "",
            "setting": " ".join(varied),
            "group": self._groups.setdefault(key, len(self._groups)),
        }


def _algorithm(setting: Setting) -> str:
    return _short(next((setting[name] for name in _ALGORITHM if name in setting), "model"))


def _short(value: Any) -> str:
    return str(value).strip("@()")


def _scores_of(output_dir: Path, study: Study) -> dict[str, float]:
    scores = _numbers(output_dir / "model/results/json/train_results.json", "training")
    for representation in _names(study.postprocess_configs):
        for score in _names(study.metric_configs):
            path = output_dir / "metrics" / representation / score
            scores |= _numbers(
                path / "results/json/evaluation_results.json", f"{representation}/{score}"
            )
    return scores


def _names(configs: Sequence[Path]) -> list[str]:
    return [path.name.removesuffix(".gin") for path in configs]


def _numbers(path: Path, prefix: str) -> dict[str, float]:
    return {
        f"{prefix}/{name}": float(value)
        for name, value in read_or_leave_out(path).items()
        if name not in _NO_SCORES and _finite(value) is not None
    }


def _bindings(output_dir: Path, setting: Setting) -> dict[str, str]:
    operative = read_or_leave_out(output_dir / "model/results/json/train_config.json")
    return {name: str(value) for name, value in operative.items()} or {
        name: repr(value) for name, value in setting.items()
    }


def _read_udr(directory: Path) -> dict[int, float]:
    path = directory / "udr.json"
    if not path.exists():
        return {}
    try:
        ranked = json.loads(path.read_text())
        return {int(each["model_num"]): float(each["udr"]) for each in ranked}
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        leave_out(f"{path} is damaged ({type(error).__name__}): run tfdis-sweep select again.")
        return {}


def _finite(value: Any) -> float | None:
    try:
        return value if isinstance(value, Real) and math.isfinite(value) else None
    except OverflowError:  # an integer of hundreds of digits
        return None
