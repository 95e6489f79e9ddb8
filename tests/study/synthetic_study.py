"""A study's directory as the stages leave it, of any size, without training anything.

`python synthetic_study.py DIRECTORY NUM_MODELS` writes one to look at.
"""

import functools
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from tfdis.results import write_json, write_text
from tfdis.study.study import Study, save_study

_ALGORITHMS = {
    "beta_vae": ("vae.beta", [1.0, 4.0]),
    "annealed_vae": ("annealed_vae.c_max", [5.0, 25.0]),
    "factor_vae": ("factor_vae.gamma", [10.0, 40.0]),
    "dip_vae_i": ("dip_vae.lambda_od", [2.0, 10.0]),
    "dip_vae_ii": ("dip_vae.lambda_od", [2.0, 10.0]),
    "beta_tc_vae": ("beta_tc_vae.beta", [2.0, 6.0]),
}
_SCORES = {
    "mig": ["discrete_mig"],
    "dci": ["informativeness_train", "informativeness_test", "disentanglement", "completeness"],
    "sap_score": ["SAP_score"],
    "factor_vae_metric": ["train_accuracy", "eval_accuracy", "num_active_dims"],
    "beta_vae_sklearn": ["train_accuracy", "eval_accuracy"],
    "modularity_explicitness": ["modularity_score", "explicitness_score_test"],
    "downstream_task_logistic_regression": ["10:mean_test_accuracy", "10000:mean_test_accuracy"],
    "unsupervised": ["gaussian_total_correlation", "mutual_info_score"],
}


def make_settings(num_seeds: int = 2, data_sets: tuple[str, ...] = ()) -> list[dict]:
    """Six algorithms at two strengths, on each data set, the seeds fastest."""
    return [
        {
            **({"dataset.name": data_set} if data_set else {}),
            "model.name": algorithm,
            "model.model": f"@{algorithm.removesuffix('_ii').removesuffix('_i')}()",
            parameter: strength,
            "model.random_seed": seed,
        }
        for data_set in data_sets or ("",)
        for algorithm, (parameter, strengths) in _ALGORITHMS.items()
        for strength in strengths
        for seed in range(num_seeds)
    ]


def make_study(
    directory: Path,
    settings: list[dict],
    representations: tuple[str, ...] = ("mean",),
    failed: tuple[int, ...] = (),
    queued: tuple[int, ...] = (),
    pictures: bool = True,
) -> Study:
    """Writes a study in which all models are done but those that failed or are queued."""
    configs = directory.parent / f"{directory.name}_configs"
    study = Study(
        "synthetic",
        settings,
        model_configs=(_config(configs, "shared"),),
        postprocess_configs=tuple(_config(configs, name) for name in representations),
        metric_configs=tuple(_config(configs, name) for name in sorted(_SCORES)),
    )
    study = save_study(study, directory)
    random = np.random.default_rng(0)
    (directory / "states").mkdir()
    for num, setting in enumerate(settings):
        if num in failed:
            for attempt in range(2):
                path = directory / "states" / f"{num:06d}.{attempt}.failed"
                content = {
                    "error": "ValueError: the loss is <not> finite & ends.",
                    "details": f"Traceback of model {num}",
                }
                path.write_text(json.dumps(content))
        elif num not in queued:
            (directory / "states" / f"{num:06d}.0.done").write_text("{}")
            _write_model(directory / str(num), num, setting, representations, random, pictures)
    return study


def _write_model(output_dir, num, setting, representations, random, pictures):
    quality = random.uniform(0.2, 0.9)
    losses = 900 * np.exp(-np.arange(60) / 12) + 60 + 20 * quality + random.normal(0, 3, 60)
    lines = [
        {
            "step": 50 * (i + 1),
            "loss": loss,
            "reconstruction_loss": loss - 5,
            "kl_loss": 5.0 * quality,
        }
        for i, loss in enumerate(losses)
    ]
    write_text(output_dir / "model/progress.jsonl", "".join(f"{json.dumps(x)}\n" for x in lines))
    config = {name: repr(value) for name, value in setting.items()}
    config |= {"model.training_steps": "3000", "model.batch_size": "64"}
    train = {"loss": losses[-1], "reconstruction_loss": losses[-1] - 5, "elapsed_time": 61.0}
    write_json(output_dir / "model/results/json/train_config.json", config)
    write_json(output_dir / "model/results/json/train_results.json", train | {"uuid": str(num)})
    for representation in representations:
        for metric, names in _SCORES.items():
            sign = -1 if metric == "unsupervised" else 1
            results = {
                name: float(0.5 + sign * 0.4 * (quality - 0.5) + random.normal(0, 0.05))
                for name in names
            }
            directory = output_dir / "metrics" / representation / metric
            write_json(
                directory / "results/json/evaluation_results.json",
                {**results, "elapsed_time": 3.0, "uuid": str(num)},
            )
    if pictures:
        folder = output_dir / "visualizations"
        folder.mkdir(parents=True)
        (folder / "traversal_range_fixed_1.png").write_bytes(_picture(num % 12))


@functools.cache
def _picture(kind: int) -> bytes:
    """Cells in which a bright square moves."""
    import io

    pixels = np.full((10, 66, 11, 66), 20, np.uint8)
    for row in range(10):
        for column in range(11):
            y, x = (8 + 4 * column, 26) if row % 2 else (26, 8 + 4 * column)
            pixels[row, y : y + 6 + kind, column, x : x + 6 + kind] = 235
            pixels[row, -2:, column] = pixels[row, :, column, -2:] = 255
    content = io.BytesIO()
    Image.fromarray(pixels.reshape(660, 726)).convert("RGB").save(content, "PNG")
    return content.getvalue()


def _config(folder: Path, name: str) -> Path:
    write_text(folder / f"{name}.gin", "model.training_steps = 3000\n")
    return folder / f"{name}.gin"


if __name__ == "__main__":
    num_models = int(sys.argv[2])
    seeds = max(num_models // 12, 1)
    data_sets = ()
    if seeds > 50:
        data_sets, seeds = tuple(f"data_set_{i}" for i in range(7)), -(-seeds // 7)
    all_settings = make_settings(seeds, data_sets)[:num_models]
    make_study(
        Path(sys.argv[1]),
        all_settings,
        ("mean", "sampled") if data_sets else ("mean",),
        failed=(3,),
        queued=(5,),
    )
