"""Paths that cannot be: too long, a file for a directory, a directory for a file, not writable."""

import pytest
from attack import Attack

_LONG = "x" * 5000
_DEEP = "/".join(["y" * 200] * 30)
_COMMANDS = {
    "train": ("--gin_file={{small}} --model_dir={}", {}),
    "evaluate": ("--model_dir={} --output_dir=new --metrics=mig", {"file": "holds no model"}),
    "visualize": ("--model_dir={} --output_dir=new", {"file": "neither a model nor a checkpoint"}),
    "export": ("--model_dir={} --output_dir=new", {"file": "no model at"}),
    "postprocess": ("--model_dir={} --output_dir=new", {"file": "holds no model"}),
    "sweep status": ("{}", {"file": "holds no study"}),
    "sweep select": ("{}", {"file": "holds no study"}),
    "report": ("{}", {"file": "holds no study"}),
    "reproduce": ("--output_directory={} --gin_bindings='dataset.name = \"no\"'", {}),
}


def _file(here):
    (here / "file").write_text("mine")
    (here / "folder").mkdir()
    (here / "folder.json").mkdir()
    (here / "good.json").write_text('{"a": 1}')


def _gin(here):
    (here / "self.gin").write_text('include "self.gin"\n')
    (here / "one.gin").write_text('include "other.gin"\n')
    (here / "other.gin").write_text('include "one.gin"\n')


def _of(command, path, says):
    line, particular = _COMMANDS[command]
    for name, what in particular.items():
        says = what if path.startswith(name) else says
    return Attack(command, line.format(path), says, _file)


ATTACKS = [
    *(_of(command, _LONG, "File name too long") for command in _COMMANDS if command != "reproduce"),
    *(_of(command, _DEEP, "File name too long") for command in _COMMANDS if command != "reproduce"),
    *(_of(command, "file", "is a file where a directory") for command in _COMMANDS
      if command != "reproduce"),
    *(_of(command, "file/below", "Not a directory|is a file where") for command in _COMMANDS
      if command != "reproduce"),
    *(_of("reproduce", path, says) for path, says in (
        (_LONG, "File name too long"),
        (_DEEP, "File name too long"),
        ("{{foo}}", r"has \{foo\}: only \{study\} and \{model_num\}"),
        ("a/{{}}/b", r"has \{\}: only"),
        ("{{study}}/{{0}}", r"has \{0\}: only"),
        ("{{study.__class__}}", r"has \{study.__class__\}: only"),
    )),
    Attack("train", "--gin_file=self.gin", "self.gin: one of these files includes itself", _gin),
    Attack("train", "--gin_file=one.gin", "one.gin: one of these files includes itself", _gin),
    Attack("train", "--gin_file=folder", "folder is neither in", _file),
    Attack("train", f"--gin_file={_LONG}", "File name too long"),
    Attack("train", "--gin_file={small} --model_dir=/proc/new", "/proc/new could not be"),
    Attack("export", "--model_dir={model} --output_dir=/proc/new", "/proc/new could not be"),
    Attack("evaluate", "--model_dir={model} --gin_file=metrics/mig.gin --output_dir=/proc/new",
           "/proc/new could not be"),
    Attack("visualize", "--model_dir={model} --output_dir=/proc/new", "/proc/new could not be"),
    Attack("postprocess", "--model_dir={model} --output_dir=/proc/new", "/proc/new could not be"),
    Attack("sweep", "--gin_file=studies/small.gin --output_dir=/proc/new", "/proc/new/.* could"),
    Attack("aggregate", f"--result_file_pattern=good.json --output_path={_LONG}.json",
           "File name too long", _file),
    Attack("aggregate", "--result_file_pattern=good.json --output_path=/proc/x.json",
           r"/proc/x\.json could not be written", _file),
    Attack("aggregate", "--result_file_pattern=good.json --output_path=file/x.json",
           r"file/x\.json could not be written", _file),
    Attack("aggregate", "--result_file_pattern=good.json --output_path=folder.json --overwrite",
           r"folder\.json could not be written: Is a directory", _file),
    Attack("report", f"{_LONG} --output=file/x.html", "File name too long", _file),
    Attack("data", "show dummy_data --output_dir=file", "file is a file where a directory", _file),
    Attack("data", "show dummy_data --output_dir=/proc/x", "/proc/x could not be written"),
    Attack("data", f"show dummy_data --output_dir={_LONG}", "File name too long"),
    Attack("data", "show image_folder --gin_bindings='image_folder.path = \"file\"'",
           "holds no image", _file),
    Attack("data", f"show image_folder --gin_bindings='image_folder.path = \"{_LONG}\"'",
           "holds no image"),
    Attack("data", f"show array_file --gin_bindings='array_file.path = \"{_LONG}\"'",
           "File name too long"),
    Attack("data", "show array_file --gin_bindings='array_file.path = \"folder\"'",
           "there is no file .*folder", _file),
    Attack("aicrowd", "files --author=me --folder=file", "could not be written", _file),
    Attack("aicrowd", "files --author=me --folder=/proc", "/proc/aicrowd.json could not be"),
    Attack("aicrowd", "files", "needs an author"),
    Attack("aicrowd", "train --hours=0", "--hours: '0' is not a number above 0"),
    Attack("aicrowd", "evaluate --metric=migg", "no metric 'migg'"),
    Attack("aicrowd", "evaluate", r"There is no /.*pytorch_model\.pt"),
    Attack("export", "--model_dir={model} --opset=1 --output_dir=new", "opset.* 1.*(9|18)"),
    Attack(
        "export",
        "--model_dir={model} --opset=0 --output_dir=new",
        "--opset: '0' is not a whole number from 1 up",
    ),
    Attack("export", "--model_dir={model} --opset=99 --output_dir=new", "opset.* 99.*(9|18)"),
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: str(attack)[:60])
def test_a_path_that_cannot_be(attack, refused):
    refused(attack)
