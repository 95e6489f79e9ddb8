"""Chooses among a study's models without labels: unsupervised disentanglement ranking."""

import dataclasses
import json
from collections import defaultdict
from pathlib import Path

import numpy as np

from tfdis.config import parsed
from tfdis.data.named import get_named_ground_truth_data
from tfdis.errors import UserError
from tfdis.evaluation.udr import mean_and_kl, udr_sklearn
from tfdis.models.trained import TrainedModel, load
from tfdis.read_back import refuse_code
from tfdis.results import write_text
from tfdis.study.left_out import leave_out
from tfdis.study.states import States
from tfdis.study.study import Study, load_study

_BATCH_SIZE = 100
_NUM_IMAGES = 1000
_FILE = "udr.json"


@dataclasses.dataclass(frozen=True)
class Ranked:
    """A model and how well its latents match those of the same setting's other seeds."""

    model_num: int
    udr: float


def rank_without_labels(directory: str | Path) -> list[Ranked]:
    """Ranks the models that are done by UDR (Duan et al., 2020); leaves `udr.json`.

    A model is compared with those that differ from it in `model.random_seed` alone.

    Args:
        directory: a study's directory.

    Returns:
        The models, best first.

    Raises:
        UserError: no setting has two models that are done.
    """
    directory = Path(directory)
    study = load_study(directory)
    states = States(directory)
    attempts = states.attempts()
    every = range(len(study.settings))
    done = [num for num in every if states.status(attempts.get(num, ())) == "done"]
    groups = _same_but_for_seed(study, done)
    ranked = [each for group in groups for each in _scored(directory, group)]
    if not ranked:
        raise UserError(
            f"UDR compares models that differ in model.random_seed alone: {directory} has no two "
            f"such models that are done."
        )
    ranked.sort(key=lambda each: -each.udr)
    lines = [dataclasses.asdict(each) for each in ranked]
    write_text(directory / _FILE, json.dumps(lines, indent=1))
    return ranked


def _same_but_for_seed(study: Study, model_nums: list[int]) -> list[list[int]]:
    groups = defaultdict(list)
    for num in sorted(model_nums):
        setting = study.settings[num]
        key = [(name, repr(setting[name])) for name in sorted(setting)]
        groups[tuple(item for item in key if item[0] != "model.random_seed")].append(num)
    return list(groups.values())


def _scored(directory: Path, group: list[int]) -> list[Ranked]:
    """The readable models of a group, ranked; none where fewer than two are left."""
    found = {num: _load(directory / str(num)) for num in group} if len(group) > 1 else {}
    models = {num: model for num, model in found.items() if model is not None}
    if len(models) < 2:
        return []
    trained_with = directory / str(next(iter(models))) / "model" / "results" / "gin" / "train.gin"
    refuse_code(trained_with)
    with parsed([str(trained_with)]):
        data = get_named_ground_truth_data()
    scores = udr_sklearn(
        data,
        [mean_and_kl(model.encode) for model in models.values()],
        np.random.RandomState(0),
        batch_size=_BATCH_SIZE,
        num_data_points=_NUM_IMAGES,
        include_raw_correlations=False,
    )["model_scores"]
    return [Ranked(num, score) for num, score in zip(models, scores)]


def _load(output_dir: Path) -> TrainedModel | None:
    try:
        model = load(output_dir / "model")
    except UserError as error:
        leave_out(str(error))
        return None
    if not model.is_gaussian:
        leave_out(
            f"{output_dir / 'model'} has no Gaussian posterior with a standard normal prior, "
            "which UDR needs."
        )
        return None
    return model
