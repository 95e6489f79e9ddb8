"""One model of a study, all stages, laid out and seeded as by disentanglement_lib.

Writes:
    OUTPUT/model/                              the trained model
    OUTPUT/visualizations/
    OUTPUT/postprocessed/<representation>/
    OUTPUT/metrics/<representation>/<score>/

or, of a study of abstract reasoning:
    OUTPUT/reasoning/                          the model that reasons, and its accuracies
"""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tfdis import manifest
from tfdis.errors import UserError
from tfdis.outputs import clear_partial
from tfdis.results import gin_dict
from tfdis.study.study import Study, config_name
from tfdis.unused_bindings import strictly, untold


@dataclasses.dataclass(frozen=True)
class Stages:
    """The functions of the four stages and of reasoning; `train` and `reason` also take `resume`.

    Attributes:
        open: opens a representation's directory for `evaluate`, once for all of its scores.
        report: called with the study, number and output of a model that is complete.
    """

    train: Callable
    visualize: Callable
    postprocess: Callable
    evaluate: Callable
    reason: Callable | None = None
    open: Callable = str
    report: Callable = lambda study, model_num, output_dir: None


@dataclasses.dataclass(frozen=True)
class Repeats:
    """Scores that are computed several times, on samples of several sizes (dlib_reproduce_jmlr).

    Attributes:
        num_eval: how many times, each with its own seeds.
        scores: names of metric configs; every other score is computed once.
        num_train: the sizes of the sample, the metric's `num_train`; none: its config's.
    """

    num_eval: int = 1
    scores: tuple[str, ...] = ()
    num_train: tuple[int, ...] = ()

    def of(self, config: Path) -> list[tuple[str, list[str]]]:
        """The name of each computation of a score, and the gin bindings that it has.

        Raises:
            UserError: the metric of the config cannot be determined.
        """
        name = config_name(config)
        if name not in self.scores:
            return [(name, [])]
        if not self.num_train:
            return [(f"{name}_{i}", []) for i in range(self.num_eval)]
        metric = evaluation_fn(config)
        return [
            (f"{name}_{size}_{i}", [f"{metric}.num_train = {size}"])
            for i in range(self.num_eval)
            for size in self.num_train
        ]


def evaluation_fn(config: Path) -> str:
    """The gin name of the metric in a metric config.

    Raises:
        UserError: the config binds none.
    """
    metric = gin_dict(config.read_text()).get("evaluation.evaluation_fn", "")
    if not metric.startswith("@"):
        raise UserError(f"{config} does not bind evaluation.evaluation_fn to a metric.")
    return metric.removeprefix("@")


def real_stages() -> Stages:
    """The stages of tfdis."""
    from tfdis.evaluation.evaluate import evaluate_with_gin
    from tfdis.evaluation.model_directory import ModelDirectory
    from tfdis.postprocessing.postprocess import postprocess_with_gin
    from tfdis.reasoning.reason import reason_with_gin
    from tfdis.study.wandb_scores import send_scores
    from tfdis.training.train import train_with_gin
    from tfdis.visualize.visualize import visualize_with_gin

    # An open directory keeps its codes: the scores share one encoding of every image.
    return Stages(
        train_with_gin,
        visualize_with_gin,
        postprocess_with_gin,
        evaluate_with_gin,
        reason_with_gin,
        ModelDirectory,
        send_scores,
    )


def run_model(
    study: Study,
    model_num: int,
    output_dir: str | Path,
    stages: Stages,
    trained_model_dir: str | Path | None = None,
    overwrite: bool = False,
    repeats: Repeats = Repeats(),
) -> None:
    """Trains, draws, postprocesses and evaluates one model.

    Complete stages are kept, and a half-trained model continues from its checkpoint, unless
    `overwrite` is set.

    Args:
        study: the study.
        model_num: the model's number in it.
        output_dir: where the four stages write their directories.
        stages: the stages to run.
        trained_model_dir: a trained model to take instead of training one, or a representation
            to reason on.
        overwrite: whether to replace existing output.
        repeats: which scores are computed several times.
    """
    output_dir = Path(output_dir)
    clear_partial(output_dir)

    def is_due(directory: Path, stage: str) -> bool:
        return overwrite or not manifest.is_complete(directory, stage)

    if study.reasons_on is not None:
        if is_due(output_dir / "reasoning", "abstract_reasoning"):
            stages.reason(
                trained_model_dir or study.representation_dir(model_num),
                str(output_dir / "reasoning"),
                overwrite,
                [str(path) for path in study.model_configs],
                study.model_bindings(model_num),
                resume=not overwrite,
            )
        return

    model_dir = Path(trained_model_dir or output_dir / "model")
    if trained_model_dir is None and is_due(model_dir, "train"):
        # What all models of a study read may be meant for others of them; the setting is not.
        with strictly(study.setting(model_num)):
            stages.train(
                str(model_dir),
                overwrite,
                [str(path) for path in study.model_configs],
                study.model_bindings(model_num),
                resume=not overwrite,
            )

    def run_stage(
        stage: Callable, source: object, directory: Path, configs: list[str], bindings: list[str]
    ) -> None:
        with untold():  # the study's bindings are read by all stages
            stage(source, str(directory), overwrite, configs, bindings)

    visualizations_dir = output_dir / "visualizations"
    if study.visualize and is_due(visualizations_dir, "visualize"):
        run_stage(
            stages.visualize, str(model_dir), visualizations_dir, [], list(study.gin_bindings)
        )

    # Every seed is drawn, needed or not, so that each stage has disentanglement_lib's.
    random_state = np.random.RandomState(0)

    def seeded(stage: str, name: str, bindings: Sequence[str] = ()) -> list[str]:
        return [
            f"{stage}.random_seed = {random_state.randint(2**32, dtype=np.int64)}",
            f"{stage}.name = {name!r}",
            *study.gin_bindings,
            *bindings,
        ]

    representation_dirs = []
    for config in study.postprocess_configs:
        directory = output_dir / "postprocessed" / config_name(config)
        representation_dirs.append(directory)
        bindings = seeded("postprocess", config_name(config))
        if is_due(directory, "postprocess"):
            run_stage(stages.postprocess, str(model_dir), directory, [str(config)], bindings)

    for representation_dir in representation_dirs:
        opened = None
        for config in study.metric_configs:
            for name, own_bindings in repeats.of(config):
                directory = output_dir / "metrics" / representation_dir.name / name
                bindings = seeded("evaluation", name, own_bindings)
                if is_due(directory, "evaluation"):
                    opened = opened or stages.open(str(representation_dir))
                    run_stage(stages.evaluate, opened, directory, [str(config)], bindings)

    if trained_model_dir is None:
        stages.report(study, model_num, output_dir)


def num_stages(study: Study) -> int:
    """The number of directories that `run_model` writes."""
    if study.reasons_on is not None:
        return 1
    representations = len(study.postprocess_configs)
    return 1 + int(study.visualize) + representations * (1 + len(study.metric_configs))
