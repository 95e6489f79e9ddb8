"""Writes into the pages of methods and metrics what the code knows: run it after adding either.

    python docs/facts.py

A page asks for the facts of gin names by a comment, `<!-- facts: vae kl -->`; the text from there
to `<!-- end of facts -->` is generated. `docs/pictures/imports.svg` is drawn from the table in
CONTRIBUTING.md. `tests/test_docs.py` fails where either is out of date.
"""

import importlib.util
import inspect
import json
import re
from html import escape
from pathlib import Path
from typing import Any

import gin

from tfdis.config import register_all
from tfdis.losses.term import LossTerm
from tfdis.metrics.metric import all_metrics

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    path
    for folder in ("methods", "metrics")
    for path in sorted((ROOT / "docs" / folder).glob("*.md"))
]
PICTURE = ROOT / "docs/pictures/imports.svg"
_BLOCK = re.compile(r"(<!-- facts: ([\w ]+) -->\n).*?(<!-- end of facts -->)", re.DOTALL)
_CODES = ("perfect", "noisy", "entangled")


def names_of(text: str) -> list[str]:
    """The gin names whose facts a page asks for."""
    return [name for found in _BLOCK.finditer(text) for name in found[2].split()]


def methods() -> set[str]:
    """The gin names that need a page: what builds a model, and the loss terms."""
    register_all()
    builders = {name for name in _selectors() if _module(name).startswith("tfdis.models.")}
    terms = [cls for cls in _subclasses(LossTerm) if cls.__module__.startswith("tfdis.losses.")]
    return builders | ({cls.gin_name for cls in terms} - {None})


def metrics() -> set[str]:
    """The gin names of the metrics, each of which needs a page."""
    register_all()
    return {name for name in all_metrics() if _module(name).startswith("tfdis.")}


def with_facts(path: Path) -> str:
    """The text of a page with its facts as they are now."""
    register_all()
    make = _of_metrics if path.parent.name == "metrics" else _of_methods
    return _BLOCK.sub(
        lambda found: f"{found[1]}{make(found[2].split())}{found[3]}", path.read_text()
    )


def _selectors() -> list[str]:
    selectors = gin.config._REGISTRY._selector_map
    return [name.removeprefix("tfdis.") for name in selectors if name.startswith("tfdis.")]


def _subclasses(cls: type) -> set[type]:
    below = set(cls.__subclasses__())
    return below.union(*map(_subclasses, below))


def _registered(name: str) -> Any:
    return gin.config._REGISTRY[f"tfdis.{name}"].wrapped


def _module(name: str) -> str:
    return _registered(name).__module__


def _link(path: str) -> str:
    return f"[{path}](../../{path})"


def _file(name: str) -> str:
    spec = importlib.util.find_spec(_module(name))
    return _link(str(Path(spec.origin).relative_to(ROOT)))


def _value(value: Any) -> str:
    return getattr(value, "__name__", None) or repr(value).replace("'", '"')


def _parameters(name: str) -> str:
    refused = gin.config._REGISTRY[f"tfdis.{name}"].denylist or ()
    hidden = {"self", "source", "random_state", "labelled", "name", *refused}
    parts = []
    for parameter in inspect.signature(_registered(name)).parameters.values():
        if parameter.name in hidden or parameter.kind is parameter.VAR_KEYWORD:
            continue
        required = parameter.default in (gin.REQUIRED, parameter.empty)
        parts.append(
            f"`{parameter.name}`"
            if required
            else f"`{parameter.name} = {_value(parameter.default)}`"
        )
    return ", ".join(parts) or "none"


def _ready_files(names: list[str], folder: str) -> str:
    """Links to the gin files that use one of the names, in a folder of `gin_configs`."""
    use = re.compile(rf"(?:@(?:\w+/)?|^(?:\w+/)?)(?:{'|'.join(names)})\b", re.MULTILINE)
    paths = [path for path in sorted(ROOT.glob(folder)) if use.search(path.read_text())]
    return ", ".join(_link(str(path.relative_to(ROOT))) for path in paths)


def _table(names: list[str]) -> str:
    lines = ["| gin name | parameters and defaults | file |", "| --- | --- | --- |"]
    return "\n".join(
        [*lines, *(f"| `{name}` | {_parameters(name)} | {_file(name)} |" for name in names)]
    )


def _of_methods(names: list[str]) -> str:
    ready = _ready_files(names, "gin_configs/*.gin")
    return f"\n{_table(names)}\n" + (f"\nReady files: {ready}.\n" if ready else "") + "\n"


def _of_metrics(names: list[str]) -> str:
    text = f"\n{_table(names)}\n"
    for folder in ("metrics", "validation", "ranking"):
        ready = _ready_files(names, f"gin_configs/{folder}/*.gin")
        text += f"\nReady files, with the sizes of the studies: {ready}.\n" if ready else ""
    return text + "".join(map(_golden, names)) + "\n"


def _golden(name: str) -> str:
    """The golden numbers of a metric as a table; nothing where there are none."""
    tables = json.loads((ROOT / "tests/golden/scores.json").read_text())
    found = {codes: tables[codes][name] for codes in _CODES if name in tables[codes]}
    if not found:
        return ""
    scores = [key for key in next(iter(found.values()))["scores"] if "_factor_" not in key]
    lines = [f"| golden numbers | {' | '.join(found)} |", "| --- " * (len(found) + 1) + "|"]
    for score in scores:
        numbers = " | ".join(f"{entry['scores'][score]:.4f}" for entry in found.values())
        lines.append(f"| `{score}` | {numbers} |")
    entry = next(iter(found.values()))
    sizes = ", ".join(f"{key} = {value}" for key, value in entry["parameters"].items())
    settings = f" with {sizes}" if sizes else ""
    source = f"Computed by {entry['by']}{settings}; the codes are beside"
    return "\n" + "\n".join(lines) + f"\n\n{source} {_link('tests/golden/scores.json')}.\n"


def storeys() -> list[list[str]]:
    """CONTRIBUTING.md's table of imports, from what imports nothing to the commands."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    block = re.search(r"```\n(disk,.*?)```", text, flags=re.DOTALL)[1]
    return [line.split(", ") for line in block.strip().splitlines()]


def picture() -> str:
    """The table of imports as an SVG: a storey stands on those that it may import from."""
    width, height, gap, left = 1000, 46, 8, 20
    rows = storeys()[::-1]
    total = len(rows) * (height + gap) + 50
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {total}" '
        'font-family="sans-serif" font-size="14">',
        "<title>The packages of tfdis; each row imports from the rows below it</title>",
        f'<rect width="{width}" height="{total}" fill="#ffffff"/>',
    ]
    for number, row in enumerate(rows):
        y = 10 + number * (height + gap)
        lengths = [len(name) + 3 for name in row]
        room = width - 2 * left - gap * (len(row) - 1)
        x = float(left)
        shade = f"hsl(210, 55%, {92 - 4 * (len(rows) - 1 - number)}%)"
        for name, length in zip(row, lengths, strict=True):
            box = room * length / sum(lengths)
            size = min(14.0, box / (0.62 * len(name)))
            parts.append(
                f'<rect x="{x:.1f}" y="{y}" width="{box:.1f}" height="{height}" rx="5" '
                f'fill="{shade}" stroke="#5b7ea6"/>'
                f'<text x="{x + box / 2:.1f}" y="{y + height / 2 + 5:.1f}" fill="#10233b" '
                f'text-anchor="middle" font-size="{size:.1f}">{escape(name)}</text>'
            )
            x += box + gap
    parts.append(
        f'<text x="{width / 2}" y="{total - 14}" text-anchor="middle" fill="#444444">'
        "A package imports only from the rows below its own. tfdis-train is one of the commands in "
        "cli.</text></svg>\n"
    )
    return "\n".join(parts)


def main() -> None:
    """Writes every page and the picture."""
    for path in PAGES:
        path.write_text(with_facts(path))
    PICTURE.write_text(picture())


if __name__ == "__main__":
    main()
