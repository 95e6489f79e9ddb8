"""Six algorithms trained by disentanglement_lib and by tfdis, side by side over equal seeds.

    python benchmarks/learning_curves.py train original --output_dir=curves --seeds 0 1 2 3 4
    python benchmarks/learning_curves.py train tfdis --output_dir=curves --seeds 0 1 2 3 4
    python benchmarks/learning_curves.py show --output_dir=curves

Both read benchmarks/learning_curves.gin and `$DISENTANGLEMENT_LIB_DATA/dsprites`, a file in
dSprites' format. The original is `dlib_train` on the PATH, of an environment of its own: Python 3.7
with disentanglement_lib 1.5, TensorFlow 1.15, protobuf below 3.21, numpy below 1.19, gin-config
0.3.0 and tensorflow-hub 0.12. A model that is there is not trained again. `show` prints the final
losses as a table (mean, median, and range over seeds), with Holm's correction of Welch's t-tests,
and draws curves.png.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy import stats

from tfdis.models.card import table
from tfdis.progress_log import read_points
from tfdis.results import read_json
from tfdis.statistics.comparisons import holm

ALGORITHMS = {
    "beta_vae": ["model.model = @vae()", "vae.beta = 4.0"],
    "annealed_vae": [
        "model.model = @annealed_vae()",
        "annealed_vae.c_max = 25.0",
        "annealed_vae.gamma = 1000",
        "annealed_vae.iteration_threshold = 1000",
    ],
    "factor_vae": [
        "model.model = @factor_vae()",
        "factor_vae.gamma = 10.0",
        "discriminator.discriminator_fn = @fc_discriminator",
    ],
    "dip_vae_i": [
        "model.model = @dip_vae()",
        "dip_vae.lambda_od = 5.0",
        "dip_vae.lambda_d_factor = 10.0",
        "dip_vae.dip_type = 'i'",
    ],
    "dip_vae_ii": [
        "model.model = @dip_vae()",
        "dip_vae.lambda_od = 5.0",
        "dip_vae.lambda_d_factor = 1.0",
        "dip_vae.dip_type = 'ii'",
    ],
    "beta_tc_vae": ["model.model = @beta_tc_vae()", "beta_tc_vae.beta = 6.0"],
}
SIDES = {
    "original": ["dlib_train", "--gin_config", "--model_dir"],
    "tfdis": [sys.executable, "-m", "tfdis.cli.train", "--gin_file", "--model_dir"],
}
# A step of the original's FactorVAE is an update of the model or of the discriminator.
OURS_ALONE = ["model.count_discriminator_updates = True"]
LOSSES = ("reconstruction_loss", "kl_loss", "regularizer")


def main(argv: Sequence[str] | None = None) -> None:
    """Trains one side, or shows both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    training = commands.add_parser("train")
    training.add_argument("side", choices=SIDES)
    training.add_argument("--seeds", nargs="+", type=int, required=True)
    training.add_argument("--steps", type=int, default=1500)
    training.add_argument("--algorithms", nargs="+", choices=ALGORITHMS, default=list(ALGORITHMS))
    for command in (training, commands.add_parser("show")):
        command.add_argument("--output_dir", type=Path, required=True)
    arguments = parser.parse_args(argv)
    if arguments.command == "show":
        show(arguments.output_dir)
        return
    for seed in arguments.seeds:
        for name in arguments.algorithms:
            train(arguments.side, name, seed, arguments.steps, arguments.output_dir)


def train(side: str, name: str, seed: int, steps: int, output_dir: Path) -> None:
    """Trains a model in a process of its own, whose words go into a file beside it."""
    model_dir = output_dir / f"{side}-{name}-{seed}"
    if _results_file(model_dir).is_file():
        return
    output_dir.mkdir(parents=True, exist_ok=True)
    *command, gin_file, directory = SIDES[side]
    bindings = [*ALGORITHMS[name], *(OURS_ALONE if side == "tfdis" else [])]
    bindings += [f"model.random_seed = {seed}", f"model.training_steps = {steps}"]
    bindings += ["model.eval_steps = 100"]
    command += [f"{gin_file}={Path(__file__).with_suffix('.gin')}", f"{directory}={model_dir}"]
    command += ["--overwrite", *(f"--gin_bindings={each}" for each in bindings)]
    with model_dir.with_suffix(".log").open("w") as log:
        subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=True)
    print(model_dir, flush=True)


def show(output_dir: Path) -> None:
    """Prints the table and draws the curves."""
    rows, ps = [], []
    for name in ALGORITHMS:
        theirs, ours = (_final_losses(output_dir, side, name) for side in SIDES)
        for loss, a, b in zip(LOSSES, theirs.T, ours.T):
            ps.append(stats.ttest_ind(a, b, equal_var=False).pvalue)
            rows.append([name, loss, _cell(a), _cell(b), f"{len(a)}, {len(b)}"])
    rows = [[*row, f"{p:.2f}", f"{q:.2f}"] for row, p, q in zip(rows, ps, holm(ps))]
    heads = ["algorithm", "loss", "disentanglement_lib", "tfdis", "seeds", "p", "p, corrected"]
    print(table(heads, rows))
    draw(output_dir, output_dir / "curves.png")


def draw(output_dir: Path, path: Path) -> None:
    """The reconstruction loss of every model by the step, a panel per algorithm."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 5.6), layout="constrained")
    panels = figure.subplots(2, 3, sharex=True, sharey=True).ravel()
    looks = {"original": ("tab:gray", "disentanglement_lib"), "tfdis": ("tab:blue", "tfdis")}
    for panel, name in zip(panels, ALGORITHMS):
        for side, (color, label) in looks.items():
            for model_dir in _models(output_dir, side, name):
                steps, losses = CURVES[side](model_dir)
                panel.plot(steps, losses, color=color, alpha=0.8, linewidth=1, label=label)
                label = None
        panel.set(title=name, yscale="log")
        panel.grid(alpha=0.3, which="both")
    panels[0].legend(frameon=False)
    figure.supxlabel("step")
    figure.supylabel("reconstruction loss, nats")
    figure.savefig(path, dpi=110)


def _curve_of_original(model_dir: Path) -> tuple[list[int], list[float]]:
    """What its log says every hundred steps, of one batch each."""
    found = re.findall(
        r"^INFO:.*?reconstruction_loss = ([\d.]+)(?: \(|$)",
        model_dir.with_suffix(".log").read_text(),
        re.MULTILINE,
    )
    return [100 * number for number in range(len(found))], [float(each) for each in found]


def _curve_of_ours(model_dir: Path) -> tuple[list[float], list[float]]:
    """Means over the updates between two lines of progress.jsonl, at their middle."""
    points = read_points(model_dir / "progress.jsonl")
    each = 2 if "factor_vae" in model_dir.name else 1  # steps as the original counts them
    steps = [each * (point["step"] - 50) for point in points]
    return steps, [point["reconstruction_loss"] for point in points]


CURVES = {"original": _curve_of_original, "tfdis": _curve_of_ours}


def _models(output_dir: Path, side: str, name: str) -> list[Path]:
    found = sorted(output_dir.glob(f"{side}-{name}-*/"))
    return [each for each in found if _results_file(each).is_file()]


def _final_losses(output_dir: Path, side: str, name: str) -> np.ndarray:
    """`[seeds, losses]`."""
    results = [read_json(_results_file(each)) for each in _models(output_dir, side, name)]
    return np.array([[each[loss] for loss in LOSSES] for each in results])


def _results_file(model_dir: Path) -> Path:
    return model_dir / "results" / "json" / "train_results.json"


def _cell(values: np.ndarray) -> str:
    middle = f"{values.mean():.1f}, {np.median(values):.1f}"
    return f"{middle} [{values.min():.1f}, {values.max():.1f}]"


if __name__ == "__main__":
    main()
