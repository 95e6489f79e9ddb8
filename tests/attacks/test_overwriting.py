"""No command replaces what it did not write."""

import pytest
from attack import Attack

from tfdis.study.study import Study, save_study

_STAGES = {
    "evaluate": "--metrics=mig",
    "evaluate ": "--gin_file=metrics/mig.gin",
    "postprocess": "",
    "visualize": "",
    "export": "--format=savedmodel",
}


def _photo(here):
    (here / "out").mkdir()
    (here / "out" / "photo.jpg").write_text("mine")


def _of_version_0_1(here):
    (here / "out" / "results" / "gin").mkdir(parents=True)
    (here / "out" / "results" / "gin" / "train.gin").write_text("")


def _damaged(here):
    _photo(here)
    (here / "out" / ".tfdis.json").write_text("{")


def _file(here):
    (here / "out").write_text("mine")


_OUT = {
    "{model}": (None, "is what is read"),
    "{model}/../model": (None, "is what is read"),
    "{model}/..": (None, "holds .*, which is read"),
    "{model}/../..": (None, "holds .*, which is read"),
    "{model}/checkpoints": (None, "tfdis did not write"),
    "{model}/results": (None, "tfdis did not write"),
    "{here}/out": (_photo, "tfdis did not write"),
    "{here}/out ": (_of_version_0_1, r"written by tfdis 0\.1 or disentanglement_lib"),
    "{here}/out  ": (_damaged, "damaged"),
    "{here}/out   ": (_file, "is a file"),
}

ATTACKS = [
    Attack(
        stage.strip(),
        f"--model_dir={{model}} --output_dir={out.strip()} {options} {overwrite}".strip(),
        says,
        given,
    )
    for stage, options in _STAGES.items()
    for out, (given, says) in _OUT.items()
    for overwrite in ("--overwrite",)
    # A folder per metric goes below the output of --metrics.
    if "--metrics" not in options or out == "{here}/out   "
]
ATTACKS += [
    Attack("train", f"--gin_file={{small}} --model_dir={out.strip()} {option}", says, given)
    for out, given, says in [
        ("{here}/out", _photo, "tfdis did not write"),
        ("{here}/out", _of_version_0_1, r"written by tfdis 0\.1 or disentanglement_lib"),
        ("{here}/out", _damaged, "damaged"),
        ("{here}/out", _file, "is a file"),
        ("{model}/..", None, "tfdis did not write"),
        ("{model}/results", None, "tfdis did not write"),
    ]
    for option in ("--overwrite", "")
]
ATTACKS += [
    Attack("train", "--gin_file={small} --model_dir={model}", "--overwrite .*--resume"),
    Attack("train", "--gin_file={small} --model_dir={here}/out --resume", "is a file", _file),
    Attack("train", "--gin_file={small} --model_dir={here}/out --resume", "damaged", _damaged),
    Attack("rank", "--output_dir={model} {model} {model} --overwrite", "is what is read"),
    Attack("rank", "--output_dir={model}/.. {model} {model} --overwrite", "which is read"),
    Attack(
        "reproduce",
        "--model_dir={model} --output_directory={here}/out --overwrite",
        "tfdis did not write",
        lambda here: [(here / "out/visualizations/mine").mkdir(parents=True)],
    ),
    Attack(
        "reproduce",
        "--model_dir={model} --output_directory={here}/out",
        "out/metrics already exists",
        lambda here: [(here / "out/metrics/mine").mkdir(parents=True)],
    ),
]


def _study(here):
    (here / "s.gin").write_text("")
    save_study(Study("s", [{}], model_configs=(here / "s.gin",)), here / "study")
    (here / "photo.jpg").write_text("mine")


ATTACKS += [
    Attack("sweep", "--gin_file=studies/small.gin --output_dir={model}", "the stage 'train' wrote"),
    Attack("report", "{here}/study --output={here}/photo.jpg", "is not a report of tfdis", _study),
    Attack(
        "card",
        "{model} --output={here}/README.md --overwrite",
        "is not a card of tfdis",
        lambda here: [(here / "README.md").write_text("mine")],
    ),
    Attack("report", "{here}/study --output={here}/study/study.json", "is not a report", _study),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_attack(attack, refused):
    refused(attack)
