"""One foreign or damaged file in a study is left out, and the commands go on without it."""

import json

import numpy as np
import pytest
from synthetic_study import make_settings, make_study

from tfdis.cli import aggregate, report, sweep
from tfdis.results import write_text
from tfdis.study import select
from tfdis.study.report_read import read_models
from tfdis.study.study import load_study

# A path below the study, what stands there (None: a folder), and what is said of it.
_MODEL = "3/model/"
_RESULTS = "results/json/evaluation_results.json"
_STATES = "is not a state of a model"
_ATTACKS = [
    ("states/notes.txt", b"mine", _STATES),
    ("states/000002.1.running", None, _STATES),
    (_MODEL + "progress.jsonl", b'{"step": 1}\nx\n[1]\n{"step": "a"}\n{"step": 2}\n', "Line 2 of"),
    (_MODEL + "results/json/train_config.json", b'{"model.ba', "could not be read as JSON"),
    (f"3/metrics/mean/mig/{_RESULTS}", b"", "could not be read as JSON"),
]
_MORE_ATTACKS = [
    ("configs/model_configs/0/shared.gin", b"\xff\xfe", ""),
    ("udr.json", b'{"a": 1}', "udr.json is damaged"),
    ("3/visualizations/traversal_range_fixed_1.png", b"no picture", "is damaged or not a picture"),
    ("states/Thumbs.db", b"\0\1\2", _STATES),
    ("states/000002.0.done~", b"{}", _STATES),
    ("states/000002.x.done", b"{}", _STATES),
    ("states/000002.1.finished", b"{}", _STATES),
    ("states/000002.0.done", b"[1]", ""),
    ("states/000002.0.done", b'{"claimed": "noon"}', ""),
    ("states/000004.1.failed", b"\xff\xfe", ""),
    ("states/999999.0.done", b"{}", ""),
    (_MODEL + "progress.jsonl", b"\xff\xfe\n\x80", "progress.jsonl could not be read"),
    (_MODEL + "progress.jsonl", None, "progress.jsonl could not be read"),
    (_MODEL + "results/json/train_config.json", b'{"a": [1], "b": {}}', ""),
    (_MODEL + "results/json/train_results.json", b"[" * 100_000, "could not be read as JSON"),
    (_MODEL + "results/json/train_results.json", b'{"loss": 1%s}' % (b"0" * 400), ""),
    (f"3/metrics/mean/mig/{_RESULTS}", b"[1, 2]", "holds no dictionary"),
    (f"3/metrics/mean/mig/{_RESULTS}", None, "could not be read as JSON"),
    ("3/visualizations/traversal_range_fixed_1.png", b"\x89PNG\r\n\x1a\n", "is damaged or no"),
    ("udr.json", b"", "udr.json is damaged"),
]


@pytest.fixture
def study(tmp_path):
    directory = tmp_path / "study"
    make_study(directory, make_settings(num_seeds=1), failed=(4,), queued=(5,))
    (directory / "states" / "000005.0.running").write_text('{"machine": "another", "pid": 1}')
    return directory


def _attack(study, path, content):
    target = study / path
    target.parent.mkdir(exist_ok=True)
    target.unlink(missing_ok=True)
    target.write_bytes(content) if content is not None else target.mkdir()


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [*_ATTACKS, *(pytest.param(*each, marks=pytest.mark.slow) for each in _MORE_ATTACKS)],
)
def test_status_report_and_aggregate_go_on(path, content, said, study, tmp_path, capsys):
    _attack(study, path, content)
    pattern = f"--result_file_pattern={study}/*/metrics/*/*/{_RESULTS}"
    output = f"--output_path={tmp_path / 'all.json'}"
    assert sweep.main(["status", str(study)]) == 0
    assert report.main([str(study)]) == 0
    assert aggregate.main([pattern, output]) == 0
    printed = capsys.readouterr()
    assert "10 of 12 done, 1 running, 1 failed" in printed.out
    assert "report.html" in printed.out
    assert "Traceback" not in printed.err
    lines = [line for line in printed.err.splitlines() if said and said in line]
    assert bool(lines) == bool(said)
    assert all(line.startswith("Left out: ") for line in lines)
    assert len(lines) == len(set(lines))
    runs = read_models(study, load_study(study))
    assert sum(len(run.scores) > 10 for run in runs) == 10
    assert runs[2].scores["mean/mig/discrete_mig"] > 0


def test_aggregate_names_what_it_leaves_out_and_keeps_the_rest(study, tmp_path, capsys):
    damaged = study / "3/metrics/mean/mig" / _RESULTS
    damaged.write_text('{"discrete_mig": 0.')
    arguments = [
        f"--result_file_pattern={study}/*/metrics/mean/mig/{_RESULTS}",
        f"--output_path={tmp_path / 'all.json'}",
    ]
    assert aggregate.main(arguments) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("9 results")
    assert f"Left out: {damaged} could not be read as JSON" in printed.err
    for path in study.glob(f"*/metrics/mean/mig/{_RESULTS}"):
        path.write_text("")
    assert aggregate.main([*arguments, "--overwrite"]) == 2
    assert "holds results" in capsys.readouterr().err


class _Encoder:
    def __init__(self, seed):
        self.is_gaussian = seed != 4
        self._matrix = np.random.default_rng(seed).normal(size=(64 * 64, 3))

    def encode(self, images):
        mean = images.reshape(len(images), -1) @ self._matrix
        return mean, np.full_like(mean, -3.0)


def test_select_ranks_the_models_that_can_be_read(tmp_path, monkeypatch, capsys):
    settings = [{"model.name": "vae", "model.random_seed": seed} for seed in range(5)]
    directory = tmp_path / "study"
    make_study(directory, settings, pictures=False)
    for number in range(5):
        write_text(
            directory / str(number) / "model/results/gin/train.gin", 'dataset.name = "dummy_data"'
        )
    (directory / "1/model/model.keras").write_bytes(b"PK\3\4 and no more")
    load = select.load
    monkeypatch.setattr(
        select,
        "load",
        lambda path: load(path) if path.parts[-2] == "1" else _Encoder(int(path.parts[-2])),
    )
    (directory / "states/000017.0.done").write_text("{}")
    assert sweep.main(["select", str(directory)]) == 0
    printed = capsys.readouterr()
    assert sorted(line.split()[1] for line in printed.out.splitlines()) == ["#0", "#2", "#3"]
    assert f"Left out: {directory / '1/model/model.keras'} is damaged" in printed.err
    assert f"Left out: {directory / '4/model'} has no Gaussian posterior" in printed.err
    for number in (0, 2):
        (directory / f"states/{number:06}.0.done").unlink()
    assert sweep.main(["select", str(directory)]) == 2
    assert "has no two such models" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"settings": 3}', None])
def test_a_damaged_study_json_is_one_sentence(content, study, capsys):
    path = study / "study.json"
    if content is None:
        path.write_text(json.dumps({**json.loads(path.read_text()), "colour": "red"}))
    else:
        path.write_text(content)
    for command in (lambda: sweep.main(["status", str(study)]), lambda: report.main([str(study)])):
        assert command() == 2
        message = capsys.readouterr().err
        assert "study.json" in message
        assert len(message.splitlines()) == 1
