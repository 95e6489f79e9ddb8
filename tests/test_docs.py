"""The pages of docs/: every method and metric has one, and what they name is there.

The site itself is built, without warnings and with its notebooks, by `.ci/run`.
"""

import importlib.util
import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent
_DOCS = sorted((_ROOT / "docs").rglob("*.md"))
_PAGES = [path for path in _DOCS if "api" not in path.relative_to(_ROOT).parts]

_SPEC = importlib.util.spec_from_file_location("facts", _ROOT / "docs/facts.py")
facts = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(facts)


def _name(path):
    return str(path.relative_to(_ROOT))


@pytest.mark.parametrize("kind", ["methods", "metrics"])
def test_everything_registered_has_its_page(kind):
    pages = [path for path in facts.PAGES if path.parent.name == kind]
    named = {name for path in pages for name in facts.names_of(path.read_text())}
    missing = sorted(getattr(facts, kind)() - named)
    assert not missing, (
        f"docs/{kind}/ has no page of {', '.join(missing)}: write one with "
        f"'<!-- facts: NAMES -->' and '<!-- end of facts -->', and run python docs/facts.py"
    )


@pytest.mark.parametrize("path", facts.PAGES, ids=_name)
def test_the_facts_of_a_page_are_those_of_the_code(path):
    assert facts.with_facts(path) == path.read_text(), "run python docs/facts.py"


def test_the_picture_is_drawn_from_the_table_of_imports():
    assert facts.picture() == facts.PICTURE.read_text(), "run python docs/facts.py"


@pytest.mark.parametrize("path", [path for path in facts.PAGES if path.stem != "index"], ids=_name)
def test_a_page_says_what_such_pages_say(path):
    text = path.read_text()
    wanted = ["<!-- facts: "]
    if path.parent.name == "methods":
        wanted += ["**Scores.**"]
    elif path.stem not in ("unified_scores", "validation", "reduced_downstream_task"):
        wanted += ["**Range**"]
    assert [part for part in wanted if part not in text] == []
    index = (path.parent / "index.md").read_text()
    assert f"({path.name})" in index, f"{path.name} is not in the table of index.md"


@pytest.mark.parametrize("path", [_ROOT / "README.md", *_PAGES], ids=_name)
def test_links_and_pictures_are_there(path):
    for target in re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", _without_code(path.read_text())):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", [_ROOT / "README.md", *_PAGES], ids=_name)
def test_gin_files_of_commands_are_there(path):
    for name in re.findall(r"--gin_file=([\w/]+\.gin)", path.read_text()):
        if not name.startswith(("PATH", "mine.gin")):
            assert (_ROOT / "gin_configs" / name).is_file(), name


@pytest.mark.parametrize("path", [_ROOT / "README.md", *_PAGES], ids=_name)
def test_commands_are_there(path):
    commands = {command.name for command in (_ROOT / "bin").glob("tfdis-*")}
    assert set(re.findall(r"\btfdis-[a-z]+\b", path.read_text())) <= commands


def test_every_page_is_reached_from_the_index():
    reached, found = set(), [_ROOT / "docs/index.md"]
    while found:
        path = found.pop()
        if path in reached:
            continue
        reached.add(path)
        for block in re.findall(r"```\{toctree\}(.*?)```", path.read_text(), flags=re.DOTALL):
            entries = [line for line in block.splitlines() if line and line[0] not in ":}"]
            for entry in entries:
                glob = path.parent.glob("*.md") if entry == "*" else [path.parent / f"{entry}.md"]
                found.extend(page for page in glob if page.is_file())
    assert sorted(map(_name, set(_PAGES) - reached)) == []


def _without_code(text):
    return re.sub(r"^```.*?^```|`[^`\n]*`", "", text, flags=re.DOTALL | re.MULTILINE)
