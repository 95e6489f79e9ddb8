"""Adds a model's scores to the W&B run that its training made."""

from numbers import Real
from pathlib import Path

from tfdis.config import parsed
from tfdis.progress_log import last_step
from tfdis.results import read_json
from tfdis.study.study import Study
from tfdis.training.logger_wandb import WandbLogger


def send_scores(study: Study, model_num: int, output_dir: str | Path) -> None:
    """Sends every number in metrics/ of a model, named `<representation>/<score>/<number>`.

    Does nothing where the training had no `wandb_logger`.

    Args:
        study: the study; its gin bindings of the training set the logger up.
        model_num: the model's number.
        output_dir: as `run_model` left it.
    """
    output_dir = Path(output_dir)
    if not (output_dir / "model" / "wandb_run_id.txt").is_file():
        return
    values = {}
    for path in sorted(output_dir.glob("metrics/*/*/results/json/evaluation_results.json")):
        representation, score = path.parts[-5:-3]
        for name, value in read_json(path).items():
            if isinstance(value, Real) and name != "elapsed_time":
                values[f"{representation}/{score}/{name}"] = value
    with parsed([str(path) for path in study.model_configs], study.model_bindings(model_num)):
        logger = WandbLogger(output_dir / "model")
    # W&B drops values at a step that the training has passed.
    logger.scalars(last_step(output_dir / "model" / "progress.jsonl") + 1, values)
    logger.close()
