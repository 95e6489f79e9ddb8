"""Does it help to know that two images share all factors but one? Ada-GVAE against beta-VAE.

Trains ada_gvae.gin and beta_vae.gin with the same beta and small networks on embedded data, over
several seeds, and scores the means of the posteriors by MIG and DCI. Both see as many images;
Ada-GVAE sees them in pairs in which one factor was drawn anew (k = 1), and is not told which.
xysquares takes more steps, and networks that see its grid of cells.

Whatever is there already is not done again, so it can be stopped and started at any time.

    python benchmarks/weak_supervision.py --output_dir=runs/weak_supervision

The table, with 95 % intervals of the mean over seeds, is printed and written to
OUTPUT_DIR/results.md.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import tfdis
from tfdis import results
from tfdis.config import configurable
from tfdis.data.named import find_named_data
from tfdis.models.card import table
from tfdis.models.trained import load
from tfdis.statistics.intervals import mean_interval
from tfdis.training.train import train_with_gin

_MODELS = {"Ada-GVAE": "ada_gvae.gin", "beta-VAE": "beta_vae.gin"}
_BETAS = {"Ada-GVAE": "group_vae.beta", "beta-VAE": "beta_vae.beta"}
_SMALL = [
    "model.batch_size = 32",
    "model.training_steps = 2500",
    "model.callbacks = []",
    "model.eval_steps = 20",
    "conv_encoder.width = 0.25",
    "deconv_decoder.width = 0.25",
]
_GRID = [
    "model.batch_size = 64",
    "model.training_steps = 10000",
    "model.callbacks = []",
    "model.eval_steps = 20",
    "encoder.encoder_fn = @grid_encoder",
    "decoder.decoder_fn = @grid_decoder",
    "AdamOptimizer.learning_rate = 0.001",
]
_CELL = 8  # pixels of xysquares' grid
_SIZES = ["mig.num_train = 5000", "dci.num_train = 2000", "dci.num_test = 1000"]


@configurable("grid_encoder")
def grid_encoder(num_latent, input_shape, width=256):
    """Two dense layers over the means of cells."""
    import keras  # after tfdis, which turns oneDNN on
    from keras import layers

    images = keras.Input(input_shape)
    x = layers.Flatten()(layers.AveragePooling2D(_CELL)(images))
    for _ in range(2):
        x = layers.Dense(width, activation="relu")(x)
    return keras.Model(images, [layers.Dense(num_latent)(x), layers.Dense(num_latent)(x)])


@configurable("grid_decoder")
def grid_decoder(num_latent, output_shape, width=256):
    """Two dense layers, and a logit per cell."""
    import keras
    from keras import layers

    x = codes = keras.Input((num_latent,))
    for _ in range(2):
        x = layers.Dense(width, activation="relu")(x)
    height, columns, channels = output_shape
    x = layers.Dense(height * columns * channels // _CELL**2)(x)
    x = layers.Reshape((height // _CELL, columns // _CELL, channels))(x)
    return keras.Model(codes, layers.UpSampling2D(_CELL)(x))


def main(argv: Sequence[str] | None = None) -> None:
    """Trains, scores, and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output_dir", default="runs/weak_supervision", type=Path)
    parser.add_argument("--data", nargs="*", default=["sprites", "rooms"], help="data sets")
    parser.add_argument("--num_seeds", type=int, default=5)
    parser.add_argument("--beta", type=float, default=1.0, help="the weight of KL, in both models")
    parser.add_argument("--gin_bindings", action="append", default=[], help="for all models")
    arguments = parser.parse_args(argv)
    scores = {}
    # Seed after seed, so that what is there at any time compares like with like.
    for seed in range(arguments.num_seeds):
        for data in arguments.data:
            for name in _MODELS:
                bindings = [f"{_BETAS[name]} = {arguments.beta}", *arguments.gin_bindings]
                score = _score(arguments.output_dir, data, name, seed, bindings)
                scores.setdefault((data, name), []).append(score)
                print(data, name, seed, score, flush=True)
        text = _table(scores)
        results.write_text(arguments.output_dir / "results.md", text + "\n")
    print(text)


def _score(
    out: Path, data: str, name: str, seed: int, gin_bindings: Sequence[str]
) -> dict[str, float]:
    """Trains and scores one model, unless its scores are there."""
    directory = out / data / _MODELS[name].removesuffix(".gin") / str(seed)
    path = directory / "scores.json"
    if not path.exists():
        bindings = [f"dataset.name = '{data}'", f"model.random_seed = {seed}"]
        bindings += _GRID if data == "xysquares" else _SMALL
        model_dir = directory / "model"
        train_with_gin(model_dir, False, [_MODELS[name]], [*bindings, *gin_bindings], resume=True)
        model, data_set = load(model_dir), find_named_data(data).make()
        scored = tfdis.evaluate(model, data_set, ["mig", "dci"], _SIZES, verbose=False)
        numbers = {
            "MIG": float(scored["mig"]["discrete_mig"]),
            "DCI disentanglement": float(scored["dci"]["disentanglement"]),
            "DCI completeness": float(scored["dci"]["completeness"]),
        }
        results.write_json(path, numbers)
    return results.read_json(path)


def _table(scores: dict[tuple[str, str], list[dict[str, float]]]) -> str:
    names = list(next(iter(scores.values()))[0])
    rows = [
        (data, model, str(len(each)), *(_cell([score[name] for score in each]) for name in names))
        for (data, model), each in scores.items()
    ]
    return table(("data", "model", "seeds", *names), rows)


def _cell(values: Sequence[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.3f}"
    around = mean_interval(values)
    return f"{around.mean:.3f} ({around.low:.3f} to {around.high:.3f})"


if __name__ == "__main__":
    main()
