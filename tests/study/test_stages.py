"""Holds the sequence of stages, directories and seeds to the script dlib_reproduce itself."""

import sys
import types
from pathlib import Path

import pytest
from fake_stages import fake_stages, make_study

from tfdis.errors import UserError
from tfdis.evaluation.compat import disentanglement_lib
from tfdis.manifest import Manifest
from tfdis.study.stages import Repeats, Stages, num_stages, run_model
from tfdis.study.study import Study, read_study, save_study


class Recorder:
    """Takes note of calls, and leaves what a stage leaves."""

    def __init__(self):
        self.calls = []

    def stage(self, name):
        def call(input_dir, *arguments, **kwargs):
            self.calls.append((name, input_dir, *arguments, *kwargs.values()))
            result = Path(input_dir if name == "train" else arguments[0])
            (result / "results" / "aggregate").mkdir(parents=True, exist_ok=True)
            (result / "results" / "aggregate" / f"{name}.json").write_text("{}")

        return call

    def stages(self) -> Stages:
        names = ("train", "visualize", "postprocess", "evaluation")
        return Stages(*(self.stage(name) for name in names))


def calls_of_dlib_reproduce(monkeypatch, dlib15_path, **flags) -> list:
    """Runs the script with its stages replaced, all else its own."""
    recorder = Recorder()
    names = {
        "absl.app": types.SimpleNamespace(run=None),
        "absl.logging": types.SimpleNamespace(info=lambda *_: None),
        "absl.flags": types.SimpleNamespace(
            FLAGS=types.SimpleNamespace(**flags),
            DEFINE_string=lambda *_: None,
            DEFINE_integer=lambda *_: None,
            DEFINE_boolean=lambda *_: None,
        ),
        "disentanglement_lib.config.reproduce": disentanglement_lib(dlib15_path).module(
            "config.reproduce"
        ),
        "disentanglement_lib.methods.unsupervised.train": types.SimpleNamespace(
            train_with_gin=recorder.stage("train")
        ),
        "disentanglement_lib.visualize.visualize_model": types.SimpleNamespace(
            visualize=lambda model, out, overwrite: recorder.stage("visualize")(
                model, out, overwrite, [], []
            )
        ),
        "disentanglement_lib.postprocessing.postprocess": types.SimpleNamespace(
            postprocess_with_gin=recorder.stage("postprocess")
        ),
        "disentanglement_lib.evaluation.evaluate": types.SimpleNamespace(
            evaluate_with_gin=recorder.stage("evaluation")
        ),
    }
    for name, module in names.items():
        package, _, attribute = name.rpartition(".")
        parts = package.split(".")
        for depth in range(1, len(parts) + 1):
            parent = ".".join(parts[:depth])
            if not isinstance(sys.modules.get(parent), types.SimpleNamespace):
                monkeypatch.setitem(sys.modules, parent, types.SimpleNamespace(__path__=[]))
        setattr(sys.modules[package], attribute, module)
    script = (dlib15_path / "bin" / "dlib_reproduce").read_text()
    namespace = {"__name__": "dlib_reproduce"}
    exec(compile(script, "dlib_reproduce", "exec"), namespace)
    namespace["main"](None)
    monkeypatch.undo()
    return recorder.calls


def comparable(calls: list, root: Path) -> list:
    """Paths below the output's root, config files by name."""
    found = []
    for name, input_dir, *rest in calls:
        *outputs, overwrite, files, bindings = rest if name != "train" else rest[:3]
        dirs = [str(Path(path).relative_to(root)) for path in (input_dir, *outputs)]
        found.append((name, dirs, overwrite, [Path(file).name for file in files], bindings))
    return found


@pytest.mark.parametrize(
    ("name", "model_num"),
    [("unsupervised_study_v1", 4321), ("abstract_reasoning_study_v1", 359)],
)
def test_calls_are_those_of_dlib_reproduce(name, model_num, tmp_path, dlib15_path, monkeypatch):
    theirs = calls_of_dlib_reproduce(
        monkeypatch,
        dlib15_path,
        study=name,
        model_num=model_num,
        model_dir=None,
        only_print=False,
        overwrite=False,
        output_directory=str(tmp_path / "theirs" / "{study}" / "{model_num}"),
    )
    expected = comparable(theirs, tmp_path / "theirs" / name / str(model_num))
    study = read_study([f"studies/{name}.gin"])
    recorder = Recorder()
    run_model(study, model_num, tmp_path / "ours", recorder.stages())
    calls = comparable(recorder.calls, tmp_path / "ours")
    # The study's own file is read too; it binds nothing but the sweep.
    assert calls[0][3] == ["shared.gin", f"{name}.gin"]
    bindings = [line for line in calls[0][4] if not line.startswith("wandb_logger.")]
    assert len(bindings) == len(calls[0][4]) - 2
    calls[0] = (*calls[0][:3], ["shared.gin"], bindings)
    assert calls == expected
    assert len(calls) == num_stages(study) == 2 + 2 + 2 * 9


def test_bindings_given_last_reach_every_stage(tmp_path):
    study = read_study(["studies/unsupervised_study_v1.gin"], ["dataset.name = 'dummy_data'"])
    recorder = Recorder()
    run_model(study, 0, tmp_path, recorder.stages())
    for call in recorder.calls:
        bindings = next(item for item in reversed(call) if isinstance(item, list))
        assert bindings[-1] == "dataset.name = 'dummy_data'"


def test_a_trained_model_is_evaluated_and_not_trained(tmp_path):
    study = read_study(["studies/abstract_reasoning_study_v1.gin"])
    recorder = Recorder()
    run_model(study, 0, tmp_path, recorder.stages(), trained_model_dir="given/model")
    assert {name for name, *_ in recorder.calls} == {"visualize", "postprocess", "evaluation"}
    assert recorder.calls[0][1] == "given/model"


def test_complete_stages_are_kept_with_the_seeds_of_the_others(tmp_path):
    study = read_study(["studies/abstract_reasoning_study_v1.gin"])
    first, second = Recorder(), Recorder()
    run_model(study, 0, tmp_path, first.stages())
    lost = tmp_path / "metrics" / "sampled" / "mig" / "results" / "aggregate" / "evaluation.json"
    lost.unlink()
    run_model(study, 0, tmp_path, second.stages())
    assert second.calls == [call for call in first.calls if "sampled/mig" in str(call)]


def test_a_model_stopped_while_it_was_drawn_or_scored_is_trained_to_its_end(tmp_path):
    """Its losses are there, and its manifest says that more was to come."""
    study = read_study(["studies/abstract_reasoning_study_v1.gin"])
    first, second, third = Recorder(), Recorder(), Recorder()
    run_model(study, 0, tmp_path, first.stages())
    Manifest("train", complete=False).write(tmp_path / "model")
    run_model(study, 0, tmp_path, second.stages())
    assert [name for name, *_ in second.calls] == ["train"]
    assert second.calls[0][-1] is True  # resume
    Manifest("train", complete=True).write(tmp_path / "model")
    run_model(study, 0, tmp_path, third.stages())
    assert third.calls == []


def test_what_a_killed_process_left_aside_is_cleared(tmp_path):
    directory = tmp_path / "study"
    study = make_study(directory, [{}])
    output_dir = directory / "0"
    (output_dir / "metrics" / "mean" / ".mig.partial-12").mkdir(parents=True)
    (output_dir / "metrics" / "mean" / ".x.json.partial-12").write_text("half")
    run_model(study, 0, output_dir, fake_stages())
    assert not list(output_dir.rglob("*.partial-*"))
    assert (output_dir / "metrics" / "mean" / "mig" / "results").is_dir()


def test_an_unknown_number_is_refused():
    study = Study("s", [{}, {}], model_configs=())
    with pytest.raises(UserError, match="0 to 1"):
        study.setting(2)


def test_scores_are_repeated_on_samples_of_several_sizes(tmp_path):
    recorder = Recorder()
    study = read_study(["studies/unsupervised_study_v1.gin"], ["model.training_steps = 2"])
    repeats = Repeats(2, ("mig", "factor_vae_metric"), (100, 1000))
    run_model(study, 0, tmp_path, recorder.stages(), repeats=repeats)
    evaluations = [call for call in recorder.calls if call[0] == "evaluation"]
    mean = {Path(call[2]).name: call[-1] for call in evaluations if "mean/" in call[2]}
    assert len(mean) == 7 + 2 * 4
    assert {"mig_100_0", "mig_1000_0", "mig_100_1", "mig_1000_1", "dci"} <= set(mean)
    assert "mig.num_train = 1000" in mean["mig_1000_1"]
    assert "factor_vae_score.num_train = 100" in mean["factor_vae_metric_100_0"]
    assert "evaluation.name = 'mig_1000_1'" in mean["mig_1000_1"]
    seeds = [bindings[0] for bindings in mean.values()]
    assert len(set(seeds)) == len(seeds)
    assert not any("num_train" in binding for binding in mean["dci"])


def test_without_sizes_the_configs_own_is_repeated(tmp_path):
    assert Repeats(2, ("mig",)).of(Path("mig.gin")) == [("mig_0", []), ("mig_1", [])]
    assert Repeats(2, ("mig",)).of(Path("dci.gin")) == [("dci", [])]
    (tmp_path / "mig.gin").write_text("mig.num_train = 5\n")
    with pytest.raises(UserError, match=r"mig.gin does not bind evaluation.evaluation_fn"):
        Repeats(2, ("mig",), (10,)).of(tmp_path / "mig.gin")


def test_a_model_of_stage_2_reasons_on_its_representation_once(tmp_path):
    study = read_study(["studies/abstract_reasoning_study_v1_stage2.gin"])
    calls = []

    def reason(input_dir, output_dir, overwrite, files, bindings, resume):
        calls.append((input_dir, output_dir, overwrite, [Path(file).name for file in files]))
        assert "abstract_reasoning.representation = 123" in bindings
        assert resume
        Path(output_dir).mkdir()
        Manifest("abstract_reasoning", complete=True).write(output_dir)

    stages = Stages(None, None, None, None, reason=reason)
    for _ in range(2):
        run_model(study, 1234, tmp_path, stages)
    assert calls == [
        (
            "output/abstract_reasoning_study_v1/123/postprocessed/mean",
            str(tmp_path / "reasoning"),
            False,
            ["abstract_reasoning_study_v1_stage2.gin"],
        )
    ]
    assert num_stages(study) == 1
    assert save_study(study, tmp_path / "saved").reasons_on == study.reasons_on
