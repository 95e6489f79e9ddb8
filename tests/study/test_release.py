"""A release of a study's models: complete, checked by sha256sum, with cards."""

import json
import subprocess
import zipfile

import pytest
from fake_stages import make_study

from tfdis.cli import sweep
from tfdis.results import write_json, write_text
from tfdis.study.states import States


@pytest.fixture
def study_dir(tmp_path):
    """A study of three models, of which the first and the last are done."""
    directory = tmp_path / "study"
    make_study(directory, [{"vae.beta": beta} for beta in (1.0, 2.0, 3.0)])
    states = States(directory)
    for num in (0, 2):
        states.claim_next([num]).done()
        model = directory / str(num) / "model"
        model.mkdir(parents=True)
        with zipfile.ZipFile(model / "model.keras", "w") as archive:
            archive.writestr("metadata.json", json.dumps({"keras_version": f"3.{num}"}))
        gin = f"dataset.name = 'sprites'\nmodel.random_seed = {num}\n"
        write_text(model / "results" / "gin" / "train.gin", gin)
        write_json(model / "results" / "json" / "train_results.json", {"loss": 10.0 + num})
        metric = directory / str(num) / "metrics" / "mean" / "mig" / "results"
        write_json(metric / "json" / "evaluation_results.json", {"discrete_mig": 0.1 + num})
        write_text(metric / "gin" / "evaluation.gin", "evaluation.random_seed = 5\n")
    return directory


def test_all_that_are_done_with_cards_and_hashes(study_dir, tmp_path, capsys):
    zoo = tmp_path / "zoo"
    assert sweep.main(["release", str(study_dir), str(zoo), "--licence=cc0-1.0"]) == 0
    assert capsys.readouterr().out.split()[-2:] == ["0_beta=1.0", "2_beta=3.0"]
    for num, folder in ((0, "0_beta=1.0"), (2, "2_beta=3.0")):
        copied = (zoo / folder / "model.keras").read_bytes()
        assert copied == (study_dir / str(num) / "model" / "model.keras").read_bytes()
        text = (zoo / folder / "README.md").read_text()
        assert f"# {folder}\n" in text
        assert f"| seed | {num} |" in text
        assert f"| mig.discrete_mig | {0.1 + num:g} | 5 |" in text
        assert 'license: "cc0-1.0"' in text
        assert folder in (zoo / "README.md").read_text()
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=zoo, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    listed = {line.split(":")[0] for line in checked.stdout.splitlines()}
    there = {path.relative_to(zoo).as_posix() for path in zoo.rglob("*") if path.is_file()}
    assert there - listed == {"SHA256SUMS", ".tfdis.json"}


def test_some_and_what_is_not_done(study_dir, tmp_path, capsys):
    zoo = str(tmp_path / "zoo")
    assert sweep.main(["release", str(study_dir), zoo, "--models=2"]) == 0
    assert sorted(path.name for path in (tmp_path / "zoo").iterdir() if path.is_dir()) == [
        "2_beta=3.0"
    ]
    assert sweep.main(["release", str(study_dir), zoo]) == 2
    assert "already exists" in capsys.readouterr().err
    assert sweep.main(["release", str(study_dir), zoo, "--overwrite"]) == 0
    assert sweep.main(["release", str(study_dir), zoo, "--models=0-1", "--overwrite"]) == 2
    assert "model 1 is not done" in capsys.readouterr().err
