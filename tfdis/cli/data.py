"""tfdis-data: lists, downloads, checks and shows data sets."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tfdis.checks import Seed
from tfdis.cli.arguments import add_gin, of
from tfdis.cli.command import run_command
from tfdis.errors import UserError

if TYPE_CHECKING:
    from tfdis.data.files import RemoteFile
    from tfdis.data.ground_truth import GroundTruthData
    from tfdis.data.named import NamedData

_COLUMNS = 10
_SAMPLE_ROWS = 2


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="tfdis-data",
        description="Lists, fetches, checks and shows the data sets. Their files lie in "
        "$DISENTANGLEMENT_LIB_DATA (the working directory, if it is not set).",
        epilog="example: tfdis-data show sprites",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("list", help="every name: whether it is there, factors, licence, source")
    download = commands.add_parser("download", help="fetch the files of a data set")
    download.add_argument("name", metavar="NAME")
    check = commands.add_parser("check", help="check which addresses of the files answer")
    check.add_argument("name", metavar="NAME", nargs="?", help="default: every data set")
    show = commands.add_parser("show", help="draw traversals of the factors and random samples")
    show.add_argument("name", metavar="NAME")
    show.add_argument("--output_dir", metavar="DIR", help="default: pictures/NAME")
    show.add_argument(
        "--seed", type=of(Seed), default=0, help="of the samples; default: %(default)s"
    )
    show.add_argument("--overwrite", action="store_true", help="replace pictures that are there")
    add_gin(show, None, "such as \"image_folder.path = '/my/images'\"; repeat it for several")
    return run_command(parser, _command, argv)


def _command(arguments: argparse.Namespace) -> None:
    perform = {"list": _list, "download": _download, "check": _check, "show": _show}
    perform[arguments.command](arguments)


def _list(arguments: argparse.Namespace) -> None:
    from tfdis.data.named import all_named_data

    del arguments
    for named in all_named_data().values():
        names = getattr(named.make, "factor_names", ())
        sizes = getattr(named.make, "factors_num_values", ())
        factors = ", ".join(f"{name} {size}" for name, size in zip(names, sizes))
        print(f"{named.name}\n  {_presence(named)}\n  factors: {factors or 'as its files say'}")
        print(f"  licence: {named.licence}; source: {named.source}")


def _presence(named: "NamedData") -> str:
    """Whether the files of a data set are there, and their size on disk."""
    from tfdis.data.files import data_dir, place

    files = getattr(named.make, "files", ())
    if not files:
        return "needs no download"
    places = [place(file) for file in files]
    if None in places:
        missing = files[places.index(None)]
        return f"not there: {(data_dir() / missing.path).absolute()} is missing"
    every = [
        path for found in places for path in ([found] if found.is_file() else found.rglob("*"))
    ]
    return f"there, {sum(path.stat().st_size for path in every) / 1e6:,.1f} MB"


def _download(arguments: argparse.Namespace) -> None:
    from tfdis.data.download import fetch
    from tfdis.data.named import find_named_data

    files = getattr(find_named_data(arguments.name).make, "files", ())
    if not files:
        print(f"{arguments.name} needs no download.")
    for file in files:
        print(fetch(file))


def _check(arguments: argparse.Namespace) -> None:
    from tfdis.data.named import all_named_data, find_named_data

    every = [find_named_data(arguments.name)] if arguments.name else all_named_data().values()
    asked: dict[str, bool] = {}
    silent = []
    for named in every:
        for file in getattr(named.make, "files", ()):
            if not _any_answers(named.name, file, asked):
                silent.append(file.path)
    if silent:
        raise UserError(f"No address gives {', '.join(dict.fromkeys(silent))}.")


def _any_answers(name: str, file: "RemoteFile", asked: dict[str, bool]) -> bool:
    """Prints what each address of a file answers; `asked` remembers those of other data sets."""
    from tfdis.data.download import answer

    if file.by_hand:
        print(f"{name}: {file.path}\n  {file.url}: a page, to be read by hand")
        return True
    told = [source for source in file.sources if source.url not in asked]
    if told:
        print(f"{name}: {file.path}")
    for source in told:
        try:
            size = answer(source.url)
        except UserError as error:
            asked[source.url] = False
            print(f"  {source.url}: does not answer ({error})")
        else:
            asked[source.url] = True
            print(f"  {source.url}: answers" + (f", {size / 1e6:,.1f} MB" if size else ""))
    return any(asked[source.url] for source in file.sources)


def _show(arguments: argparse.Namespace) -> None:
    from tfdis.config import parsed
    from tfdis.data.named import get_named_ground_truth_data
    from tfdis.outputs import stage_output

    directory = Path(arguments.output_dir or Path("pictures") / arguments.name)
    with parsed(gin_bindings=arguments.gin_bindings):
        data = get_named_ground_truth_data(arguments.name)
        with stage_output("data", directory, arguments.overwrite) as partial:
            names = _draw(data, arguments.seed, partial)
    print("Written:", *(directory / name for name in names), sep="\n  ")


def _draw(data: "GroundTruthData", seed: int, directory: Path) -> tuple[str, str]:
    """Writes the traversals and samples of a data set; returns the names of the files."""
    from tfdis.visualize.animation import save_gif
    from tfdis.visualize.sheet import SCREEN_DPI, Label, Sheet
    from tfdis.visualize.style import save_png

    factors, traversals = traverse_factors(data, seed)
    random_state = np.random.RandomState(seed)
    samples = data.sample_observations(_SAMPLE_ROWS * _COLUMNS, random_state)
    samples = samples.reshape(_SAMPLE_ROWS, _COLUMNS, *samples.shape[1:])
    labels = [Label(name) for name in factors]
    sample_labels = [Label("samples"), *[Label("")] * (_SAMPLE_ROWS - 1)]
    images = np.concatenate([traversals, samples])
    sheet = Sheet(*images.shape[:2], images.shape[2:], [*labels, *sample_labels])
    png, gif = f"{data.name}.png", f"{data.name}.gif"
    save_png(directory / png, sheet.filled(images), sheet.dpi)

    moving = traversals if len(traversals) else samples[:1]
    names = [Label(name) for name in factors or ["samples"]]
    sheet = Sheet(1, len(moving), images.shape[2:], column_labels=names, min_dpi=2 * SCREEN_DPI)
    save_gif(directory / gif, [sheet.filled(moving[None, :, frame]) for frame in range(_COLUMNS)])
    return png, gif


def traverse_factors(data: "GroundTruthData", seed: int = 0) -> tuple[list[str], np.ndarray]:
    """Moves one factor at a time, from first value to last, the others at those of one sample.

    What is drawn besides the factors is drawn alike for every image. Where the images do not cover
    the grid of the factors, as CelebA's, an image of each value stands for it, or of the nearest
    value that an image has.

    Returns:
        names: of the factors, those that can be moved.
        images: floats in [0, 1], `[len(names), values, height, width, channels]`.
    """
    base = data.sample_factors(1, np.random.RandomState(seed))
    rows = []
    for axis, size in enumerate(data.factors_num_values):
        values = np.linspace(0, size - 1, _COLUMNS).round().astype(np.int64)
        factors = np.repeat(base, _COLUMNS, axis=0)
        factors[:, axis] = values
        rows.append(np.concatenate([_observe(data, row, axis, seed) for row in factors]))
    shape = (0, _COLUMNS, *data.observation_shape)
    return list(data.factor_names), np.stack(rows) if rows else np.zeros(shape, np.float32)


def _observe(data: "GroundTruthData", factors: np.ndarray, axis: int, seed: int) -> np.ndarray:
    from tfdis.data.labelled import LabelledData

    random_state = np.random.RandomState(seed)
    if isinstance(data, LabelledData):
        every = data.factors(np.arange(data.num_images))
        distance = np.abs(every[:, axis] - factors[axis])
        factors = every[random_state.choice(np.flatnonzero(distance == distance.min()))]
    return data.sample_observations_from_factors(factors[None], random_state)


if __name__ == "__main__":
    sys.exit(main())
