"""Do IFCVAE's latents forget the label, and does CVAE's condition set it?

Trains cvae.gin, ifcvae.gin, factor_ifcvae.gin, and vae.gin with the same networks, on nine tenths
of the embedded sprites, and on the held-out tenth measures

- how well a logistic regression and an MLP read the shape from z: fitted on the posterior means of
  20,000 images, scored on those of 5,000 others, each latent scaled to unit variance;
- how often the label inferred from an image is its own;
- how often a classifier, trained on real images, sees in the decoded image the shape that was
  asked for: the image's own, and each of the two others in its place; by scale.

Whatever is there already is not done again, so it can be stopped and started at any time.

    python benchmarks/attribute_invariance.py --output_dir=runs/attribute_invariance

The table is printed and written to OUTPUT_DIR/results.md.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfdis import results
from tfdis.architectures.encoders import conv_encoder
from tfdis.data.sampling import split
from tfdis.data.sprites import Sprites
from tfdis.models.trained import TrainedModel, load
from tfdis.training.train import train_with_gin

_MODELS = {
    "vae": ["vae.gin", "conditional.gin"],
    "cvae": ["cvae.gin"],
    "ifcvae": ["ifcvae.gin"],
    "factor_ifcvae": ["factor_ifcvae.gin"],
}
_HELD_OUT = 0.1
_SHAPE = Sprites.factor_names.index("shape")
_SCALE = Sprites.factor_names.index("scale")
_SCALES = np.linspace(0.5, 1.0, 6)
_NUM_FIT, _NUM_SCORED = 20_000, 5_000


def main(argv: Sequence[str] | None = None) -> None:
    """Trains, measures, and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output_dir", default="runs/attribute_invariance", type=Path)
    parser.add_argument("--models", nargs="*", default=list(_MODELS), help="which of the four")
    parser.add_argument("--gin_bindings", action="append", default=[], help="for all models")
    arguments = parser.parse_args(argv)
    out = arguments.output_dir
    classifier = trained_classifier(out / "classifier.keras")
    measured = {}
    for name in arguments.models:
        model_dir, numbers = out / name, out / f"{name}.json"
        bindings = [f"split.held_out_images = {_HELD_OUT}", *arguments.gin_bindings]
        train_with_gin(model_dir, False, _MODELS[name], bindings, resume=True)
        if not numbers.exists():
            results.write_json(numbers, measure(load(model_dir), classifier))
        measured[name] = results.read_json(numbers)
    text = table(measured)
    results.write_text(out / "results.md", text)
    print(text)


def measure(trained: TrainedModel, classifier: keras.Model) -> dict[str, Any]:
    """All figures of one model.

    Returns:
        By name: accuracies in [0, 1]; "classifier" is that of the classifier on the real images,
        and what is by scale is a list.
    """
    data, indices = Sprites(), held_out_indices(_NUM_FIT + _NUM_SCORED)
    images, shapes = data.images(indices), data.factors(indices)[:, _SHAPE]
    means = trained.encode(images)[0]
    numbers = probe(means, shapes)
    images, shapes = images[_NUM_FIT:], shapes[_NUM_FIT:]
    scales = data.factors(indices)[_NUM_FIT:, _SCALE]
    numbers["classifier"] = float(np.mean(_seen(classifier, images) == shapes))
    if not trained.label_groups:
        seen = _seen(classifier, trained.reconstruct(images))
        return numbers | {"own": _by_scale([(seen, shapes, scales)])}
    inferred = np.argmax(trained.infer_labels(images), axis=1)
    numbers["inferred_label"] = float(np.mean(inferred == shapes))
    codes = trained.encode(images, np.eye(3)[shapes])[0]
    own, swapped = [], []
    for shift in range(3):
        asked = (shapes + shift) % 3
        seen = _seen(classifier, trained.decode(codes, np.eye(3)[asked]))
        (swapped if shift else own).append((seen, asked, scales))
    return numbers | {"own": _by_scale(own), "swapped": _by_scale(swapped)}


def probe(means: np.ndarray, shapes: np.ndarray) -> dict[str, float]:
    """The accuracies of a logistic regression and an MLP that read the shape from codes."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probes = {
        "logistic_regression": LogisticRegression(max_iter=1000),
        "mlp": MLPClassifier((128, 128), early_stopping=True, random_state=0),
    }
    fit, scored = slice(_NUM_FIT), slice(_NUM_FIT, None)
    return {
        name: float(
            make_pipeline(StandardScaler(), model)
            .fit(means[fit], shapes[fit])
            .score(means[scored], shapes[scored])
        )
        for name, model in probes.items()
    }


def held_out_indices(count: int) -> np.ndarray:
    """Indices of `count` different images that no model was trained on."""
    indices = np.flatnonzero(split(Sprites(), held_out_images=_HELD_OUT, part="held_out"))
    return np.random.default_rng(0).permutation(indices)[:count]


def trained_classifier(path: Path, steps: int = 4000) -> keras.Model:
    """A classifier of the shape, trained on the real images that are not held out."""
    if path.exists():
        return keras.models.load_model(path)
    keras.utils.set_random_seed(0)
    encoder = conv_encoder(num_latent=3, input_shape=Sprites.observation_shape, width=0.5)
    classifier = keras.Model(encoder.inputs, encoder.outputs[0])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    classifier.compile(keras.optimizers.Muon(rate), loss)
    for images, shapes in _batches(steps):
        classifier.train_on_batch(images, shapes)
    with results.written_aside(path) as partial:
        whole = partial.with_suffix(".keras")
        classifier.save(whole)
        whole.replace(partial)
    return classifier


def table(measured: dict[str, dict[str, Any]]) -> str:
    """The figures in Markdown, in percent."""
    percent = "{:.1f}".format
    lines = [
        "| model | logistic regression reads z | MLP reads z | inferred label is right |",
        "| --- | --- | --- | --- |",
    ]
    for name, numbers in measured.items():
        values = [numbers.get(key) for key in ("logistic_regression", "mlp", "inferred_label")]
        cells = ["" if value is None else percent(100 * value) for value in values]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    scales = " | ".join(f"scale {scale:.1f}" for scale in _SCALES)
    lines += ["", f"| decoded with | {scales} |", "| --- |" + " --- |" * len(_SCALES)]
    for name, numbers in measured.items():
        for key, words in (("own", "its own shape"), ("swapped", "another shape")):
            if key in numbers:
                cells = " | ".join(percent(100 * value) for value in numbers[key])
                lines.append(f"| {name}, {words} | {cells} |")
    accuracy = next(iter(measured.values()))["classifier"]
    lines += ["", f"The classifier is right on {percent(100 * accuracy)}% of the real images."]
    return "\n".join(lines) + "\n"


def _batches(steps: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    data, random = Sprites(), np.random.default_rng(1)
    indices = np.flatnonzero(split(data, held_out_images=_HELD_OUT))
    for _ in range(steps):
        chosen = random.choice(indices, 64)
        yield data.images(chosen).astype(np.float32) / 255, data.factors(chosen)[:, _SHAPE]


def _seen(classifier: keras.Model, images: np.ndarray) -> np.ndarray:
    # Sprites are black and white: to their classifier, a soft edge looks like nothing it knows.
    images = np.round(images.astype(np.float32) / (255 if images.dtype == np.uint8 else 1))
    return np.argmax(classifier.predict_on_batch(images), axis=1)


def _by_scale(parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> list[float]:
    seen, asked, scales = (np.concatenate(column) for column in zip(*parts))
    return [float(np.mean((seen == asked)[scales == scale])) for scale in range(len(_SCALES))]


if __name__ == "__main__":
    main()
