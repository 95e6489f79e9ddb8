"""The card of a model: what it is, what it was trained on and how, and what it scores."""

import hashlib
import json
import os
import platform
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from numbers import Real
from pathlib import Path

import tfdis
from tfdis.data.named import all_named_data
from tfdis.errors import UserError
from tfdis.results import gin_dict, read_gin, read_json

_PACKAGES = ("tensorflow", "keras", "tensorflow-probability", "numpy")
_NOT_NUMBERS = ("elapsed_time",)  # of a machine, and not of a model

TAGS = "tags:\n- disentanglement\n- tfdis"  # what a card is known by


def card(
    model_dir: str | os.PathLike,
    scores: Sequence[str | os.PathLike] = (),
    licence: str | None = None,
    url: str | None = None,
) -> str:
    """The text of a card, in Markdown, headed by what the hub reads of it in YAML.

    Args:
        model_dir: a directory that `tfdis-train` left.
        scores: directories that `tfdis-evaluate` left, or that hold such.
        licence: of the model; None: the card says that none is given.
        url: where the model lies on the hub; None: the card says how a directory is read.

    Raises:
        UserError: `model_dir` or one of `scores` is no such directory.
    """
    model_dir = Path(model_dir)
    gin = read_gin(model_dir / "results", "train")
    numbers = read_json(model_dir / "results" / "json" / "train_results.json")
    address = url or model_dir.name
    model, data = _unquoted(gin.get("model.model", "")), _unquoted(gin.get("dataset.name", ""))
    parts = [
        _header(licence),
        f"# {address.removeprefix('hf://')}",
        f"A model of disentangled representations, `{model}`, trained on `{data}` with tfdis "
        f"{tfdis.__version__}.",
        f'```python\nimport tfdis\n\nmodel = tfdis.load("{address}")\n'
        f"mean, log_variance = model.encode(images)\n```",
        "## Data",
        _data(data),
        "## Training",
        table(("what", "value"), _training(gin, numbers)),
        f"The gin bindings:\n\n```\n{_bindings(gin)}\n```",
        "## Scores",
        _scores([Path(each) for each in scores]),
        "## Versions and hashes",
        table(("package", "version"), _versions(model_dir / "model.keras")),
        table(("file", "SHA-256"), [("model.keras", sha256(model_dir / "model.keras"))]),
        "## Licence",
        f"Model: {licence or 'none is given'}. Data: {_licence_of(data)}.",
    ]
    return "\n\n".join(parts) + "\n"


def sha256(path: str | os.PathLike) -> str:
    """The hash of a file, in hexadecimal digits.

    Raises:
        UserError: it cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{path} could not be read: {error.strerror}.") from error


def _header(licence: str | None) -> str:
    lines = ["library_name: keras", TAGS]
    # JSON's strings are YAML's, whatever is in them.
    lines += [f"license: {json.dumps(licence)}"] * bool(licence)
    return "\n".join(["---", *lines, "---"])


def _data(name: str) -> str:
    known = all_named_data().get(name)
    return f"`{name}`: {known.source}" if known else f"`{name}`, which comes from elsewhere."


def _licence_of(name: str) -> str:
    known = all_named_data().get(name)
    return known.licence if known else "not known here"


def _training(gin: dict[str, str], numbers: dict) -> Iterator[tuple[str, str]]:
    yield "seed", gin.get("model.random_seed", "none")
    for key, value in numbers.items():
        if isinstance(value, Real) and key not in _NOT_NUMBERS:
            yield key, f"{value:.6g}"


def _bindings(gin: dict[str, str]) -> str:
    return "\n".join(f"{key} = {value}" for key, value in gin.items())


def _scores(directories: Sequence[Path]) -> str:
    rows = []
    for directory in directories:
        files = sorted(directory.rglob("results/json/evaluation_results.json"))
        if not files:
            raise UserError(f"{directory} holds no scores: name a directory of tfdis-evaluate.")
        for path in files:
            metric = path.parents[2]
            config = gin_dict((metric / "results" / "gin" / "evaluation.gin").read_text())
            seed = config.get("evaluation.random_seed", "")
            rows += [
                (f"{metric.name}.{key}", f"{value:.6g}", seed)
                for key, value in read_json(path).items()
                if isinstance(value, Real) and key not in _NOT_NUMBERS
            ]
    if not rows:
        return "None were given."
    return "One model, one seed of its training.\n\n" + table(("score", "value", "seed"), rows)


def _versions(model: Path) -> Iterator[tuple[str, str]]:
    yield "tfdis", tfdis.__version__
    yield "Python", platform.python_version()
    for name in _PACKAGES:
        yield name, version(name)
    try:
        with zipfile.ZipFile(model) as archive:
            saved = json.loads(archive.read("metadata.json"))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise UserError(f"{model} is missing or damaged: name what tfdis-train left.") from error
    yield "Keras that saved model.keras", str(saved.get("keras_version", "not known"))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _unquoted(value: str) -> str:
    return value.strip("'\"").removeprefix("@").removesuffix("()") or "not known"
