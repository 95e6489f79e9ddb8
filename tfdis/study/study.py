"""A study: one setting per model, and the stages that follow its training."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import gin
import numpy as np

from tfdis import manifest
from tfdis.config import config_dirs, configurable, find_gin_file, one_sentence, parsed
from tfdis.errors import UserError
from tfdis.results import read_json, write_json, write_text
from tfdis.study.hyperparameters import Setting, Settings, to_bindings

_FILE = "study.json"
_KINDS = ("model_configs", "postprocess_configs", "metric_configs")


@dataclasses.dataclass(frozen=True)
class Study:
    """The settings and stages of every model of a study.

    Attributes:
        name: names the study in the output's path and in W&B.
        settings: one per model, at the index that is the model's number.
        model_configs: gin files that the training of every model starts from.
        postprocess_configs: gin files, one per representation, sorted by name.
        metric_configs: gin files, one per score, sorted by name.
        gin_bindings: come last in every stage of every model.
        visualize: whether every model is drawn.
        reasons_on: of a study of abstract reasoning, the directory of each model's representation,
            in which `{representation}` is the setting's `abstract_reasoning.representation`; None:
            the study is of models that are trained, drawn, postprocessed and evaluated.
    """

    name: str
    settings: Settings
    model_configs: tuple[Path, ...]
    postprocess_configs: tuple[Path, ...] = ()
    metric_configs: tuple[Path, ...] = ()
    gin_bindings: tuple[str, ...] = ()
    visualize: bool = True
    reasons_on: str | None = None

    def setting(self, model_num: int) -> Setting:
        """The setting of one model.

        Raises:
            UserError: the study has no model of this number.
        """
        if not 0 <= model_num < len(self.settings):
            raise UserError(
                f"model_num={model_num} is not in study '{self.name}', whose models are numbered "
                f"0 to {len(self.settings) - 1}."
            )
        return self.settings[model_num]

    def representation_dir(self, model_num: int) -> str | None:
        """What a model reasons on; None: on images or on the true factors."""
        number = self.setting(model_num).get("abstract_reasoning.representation")
        return None if number is None else self.reasons_on.replace("{representation}", str(number))

    def model_bindings(self, model_num: int) -> list[str]:
        """The gin bindings of one model's training, in the order in which they apply."""
        if self.reasons_on is not None:
            name = f"abstract_reasoning.name = {f'{self.name}/{model_num}'!r}"
            return [name, *to_bindings(self.setting(model_num)), *self.gin_bindings]
        return [
            f"model.name = {config_name(self.model_configs[0])!r}",
            f"model.model_num = {model_num}",
            # Used only where the study's gin file has model.loggers = [@wandb_logger].
            f"wandb_logger.group = {self.name!r}",
            f"wandb_logger.name = {f'{self.name}/{model_num}'!r}",
            *to_bindings(self.setting(model_num)),
            *self.gin_bindings,
        ]


@configurable("sweep")
def sweep(
    settings: Settings = gin.REQUIRED,
    model_configs: Sequence[str] = (),
    postprocess_configs: Sequence[str] = (),
    metric_configs: Sequence[str] = (),
    visualize: bool = True,
    reasons_on: str | None = None,
) -> dict:
    """The study that a gin file describes.

    Args:
        settings: one per model, of `tfdis.study.hyperparameters`.
        model_configs: gin files that every model starts from, before the study's own file.
        postprocess_configs: gin files, or folders of them, one representation each.
        metric_configs: gin files, or folders of them, one score each.
        visualize: whether every model is drawn.
        reasons_on: see `Study`.
    """
    return {
        "settings": list(settings),
        "model_configs": [find_gin_file(name) for name in model_configs],
        "postprocess_configs": _config_files(postprocess_configs),
        "metric_configs": _config_files(metric_configs),
        "visualize": visualize,
        "reasons_on": reasons_on,
    }


def read_study(gin_files: Sequence[str], gin_bindings: Sequence[str] = ()) -> Study:
    """Reads a study from gin files, the first of which names it.

    The files are also what every model's training reads, after `sweep.model_configs`: so a study
    is a training's gin file with `sweep.settings` added.

    Raises:
        UserError: no gin file, no `sweep.settings`, or one that cannot be made.
    """
    if not gin_files:
        raise UserError("a study is read from a gin file: pass --gin_file=studies/small.gin.")
    with parsed(gin_files, gin_bindings):
        try:
            said = sweep()
        except (RuntimeError, TypeError, ValueError, AttributeError) as error:
            raise UserError(
                f"sweep.settings of {', '.join(gin_files)} could not be made: {one_sentence(error)}"
            ) from error
    if not said["settings"]:
        raise UserError(f"sweep.settings of {', '.join(gin_files)} holds no model.")
    own_files = [find_gin_file(name) for name in gin_files]
    return Study(
        name=config_name(own_files[0]),
        settings=said["settings"],
        model_configs=(*said["model_configs"], *own_files),
        postprocess_configs=said["postprocess_configs"],
        metric_configs=said["metric_configs"],
        gin_bindings=tuple(gin_bindings),
        visualize=said["visualize"],
        reasons_on=said["reasons_on"],
    )


def save_study(study: Study, directory: str | Path) -> Study:
    """Writes a study, with copies of its gin files, to the directory of its models.

    Returns:
        The study as `load_study` reads it back.

    Raises:
        UserError: the directory holds another study, or what a stage wrote.
    """
    directory = Path(directory)
    written = manifest.read(directory)
    if written is not None:
        raise UserError(
            f"{directory} holds what the stage '{written.stage}' wrote: name another directory."
        )
    copies = {
        f"configs/{kind}/{_copy_name(kind, index, path)}": path.read_text()
        for kind in _KINDS
        for index, path in enumerate(getattr(study, kind))
    }
    definition = {
        "name": study.name,
        "settings": study.settings,
        "gin_bindings": study.gin_bindings,
        "visualize": study.visualize,
        **({} if study.reasons_on is None else {"reasons_on": study.reasons_on}),
        **{
            kind: [name for name in copies if name.startswith(f"configs/{kind}/")]
            for kind in _KINDS
        },
    }
    definition = json.loads(json.dumps(definition, default=_plain))
    if (directory / _FILE).exists():
        _refuse_another(directory, definition, copies)
    else:
        for name, text in copies.items():
            write_text(directory / name, text)
        write_json(directory / _FILE, definition)
    return load_study(directory)


def load_study(directory: str | Path) -> Study:
    """Reads the study that `save_study` wrote.

    Raises:
        UserError: there is none, or its study.json is damaged.
    """
    directory = Path(directory)
    if not (directory / _FILE).is_file():
        raise UserError(f"{directory} holds no study: name the output_dir of tfdis-sweep.")
    definition = read_json(directory / _FILE)
    try:
        configs = {kind: tuple(directory / name for name in definition[kind]) for kind in _KINDS}
        definition["settings"] = [dict(setting) for setting in definition["settings"]]
        definition["gin_bindings"] = tuple(definition["gin_bindings"])
        return Study(**{**definition, **configs})
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{directory / _FILE} is damaged or not a study of tfdis-sweep: {one_sentence(error)}"
        ) from error


def config_name(path: Path) -> str:
    """The name that a gin file gives: its file name without the ending."""
    return path.name.removesuffix(".gin")


def _refuse_another(directory: Path, definition: dict, copies: dict[str, str]) -> None:
    before = read_json(directory / _FILE)
    differing = [key for key in definition if definition[key] != before.get(key)]
    differing += [
        name
        for name, text in copies.items()
        if not (directory / name).is_file() or (directory / name).read_text() != text
    ]
    if differing:
        raise UserError(
            f"{directory} holds a study that differs in {', '.join(differing)}: name another "
            f"output_dir, or take back the change."
        )


def _config_files(names: Sequence[str]) -> tuple[Path, ...]:
    """The gin files of these names, and those in these folders, sorted by name."""
    if isinstance(names, str):
        raise UserError(f"gin files are named in a list: write ['{names}'].")
    paths = [path for name in names for path in _files_of(name)]
    paths.sort(key=lambda path: path.name)
    stems = [config_name(path) for path in paths]
    if len(set(stems)) < len(stems):
        raise UserError(
            f"gin files of one kind need different names, for they name their output; received "
            f"{', '.join(str(path) for path in paths)}."
        )
    return tuple(paths)


def _files_of(name: str) -> list[Path]:
    for directory in config_dirs():
        if (directory / name).is_dir():
            return list((directory / name).glob("*.gin"))
    return [find_gin_file(name)]


def _copy_name(kind: str, index: int, path: Path) -> str:
    # Model configs apply in their order and may share a name; the names of the others are the
    # names of their output.
    return f"{index}/{path.name}" if kind == "model_configs" else path.name


def _plain(value: np.generic) -> float | int | str:
    return value.item()
