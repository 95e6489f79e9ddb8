"""Paths that cannot be: every command says so in one sentence and leaves with 2."""

import importlib

import pytest

_LONG = "x" * 5000
_DEEP = "/".join(["y" * 200] * 30)
_COMMANDS = {
    "train": ["--gin_file=vae.gin", "--model_dir={}"],
    "evaluate": ["--model_dir={}", "--output_dir=new", "--metrics=mig"],
    "visualize": ["--model_dir={}", "--output_dir=new"],
    "export": ["--model_dir={}"],
    "postprocess": ["--model_dir={}", "--output_dir=new", "--gin_file=postprocess/mean.gin"],
    "sweep": ["status", "{}"],
    "report": ["{}"],
    "aggregate": ["--result_file_pattern={}"],
    "reproduce": ["--model_num=0", "--output_directory={}", "--gin_bindings=dataset.name = 'no'"],
}
_PATHS = [_LONG, _DEEP, "file", "file/below"]
_ATTACKS = [
    *((name, [part.format(path) for part in line]) for name, line in _COMMANDS.items()
      for path in _PATHS),
    ("train", ["--gin_file=self.gin"]),
    ("train", ["--gin_file=one.gin"]),
    ("train", ["--gin_file=folder"]),
    ("train", [f"--gin_file={_LONG}"]),
    ("train", ["--gin_file=vae.gin", "--model_dir=/proc/tfdis"]),
    ("aggregate", ["--result_file_pattern=good.json", f"--output_path={_LONG}.json"]),
    ("aggregate", ["--result_file_pattern=good.json", "--output_path=/proc/x.json"]),
    ("aggregate", ["--result_file_pattern=good.json", "--output_path=file/x.json"]),
    ("aggregate", ["--result_file_pattern=good.json", "--output_path=folder.json", "--overwrite"]),
    ("data", ["show", "dummy_data", "--output_dir=file"]),
    ("data", ["show", "dummy_data", "--output_dir=/proc/x"]),
    ("data", ["show", "dummy_data", f"--output_dir={_LONG}"]),
    ("data", ["show", "image_folder", "--gin_bindings=image_folder.path = 'file'"]),
    ("data", ["show", "image_folder", f"--gin_bindings=image_folder.path = '{_LONG}'"]),
    ("data", ["show", "array_file", f"--gin_bindings=array_file.path = '{_LONG}'"]),
    ("data", ["show", "array_file", "--gin_bindings=array_file.path = 'folder'"]),
    ("aicrowd", ["files", "--author=me", "--folder=file"]),
    ("aicrowd", ["files", "--author=me", "--folder=/proc"]),
    ("reproduce", ["--output_directory={foo}"]),
    ("reproduce", ["--output_directory=a/{}/b"]),
    ("reproduce", ["--output_directory={study}/{0}"]),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("user")
    (folder / "file").write_text("mine")
    (folder / "folder").mkdir()
    (folder / "folder.json").mkdir()
    (folder / "good.json").write_text('{"a": 1}')
    (folder / "self.gin").write_text('include "self.gin"\n')
    (folder / "one.gin").write_text('include "other.gin"\n')
    (folder / "other.gin").write_text('include "one.gin"\n')
    return folder


@pytest.mark.parametrize(
    ("name", "arguments"), _ATTACKS, ids=[f"{n} {' '.join(a)}"[:60] for n, a in _ATTACKS]
)
def test_is_said_in_one_sentence(name, arguments, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TFDIS_CACHE", str(folder / "cache"))
    before = sorted(folder.rglob("*"))
    assert importlib.import_module(f"tfdis.cli.{name}").main(arguments) == 2
    *others, said = capsys.readouterr().err.strip().splitlines()
    assert said.startswith(f"tfdis-{name}")
    assert not [line for line in others if not line.startswith(("Left out: ", "Unpacking "))]
    assert sorted(folder.rglob("*")) == before


def test_a_cache_that_cannot_be_written_is_said(folder, monkeypatch, capsys):
    from PIL import Image

    monkeypatch.setenv("TFDIS_CACHE", "/proc/tfdis")
    (folder / "pictures").mkdir()
    Image.new("RGB", (9, 9)).save(folder / "pictures" / "a.png")
    binding = f"--gin_bindings=image_folder.path = '{folder / 'pictures'}'"
    assert importlib.import_module("tfdis.cli.data").main(["show", "image_folder", binding]) == 2
    assert "/proc/tfdis" in capsys.readouterr().err.splitlines()[-1]
