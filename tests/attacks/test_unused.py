"""Bindings that nothing uses, given to each command: a warning, and with --strict a refusal.

The commands of the table run with --strict everywhere, so what they do use is not refused.
"""

import shutil

import pytest
from attack import Attack
from commands import COMMANDS

_VAIN = "--gin_bindings='fc_decoder.layer_sizes = [3]'"
_SAID = "othing uses fc_decoder.layer_sizes: leave it out"
_READING_GIN = [name for name in COMMANDS if "--strict" in COMMANDS[name].arguments]


@pytest.mark.parametrize("name", _READING_GIN)
def test_each_command_tells(name, world, tmp_path, capsys):
    strict = Attack(name, f"{COMMANDS[name].arguments} {_VAIN}", "")
    attack = Attack(name, strict.arguments.replace(" --strict", ""), "")
    places = {"model": world / "models" / "model", "here": tmp_path}
    assert strict.main(**places) == 2
    assert f"N{_SAID}" in capsys.readouterr().err.splitlines()[-1]
    assert not list(tmp_path.iterdir())
    assert attack.main(**places) in (0, None)
    warnings = [line for line in capsys.readouterr().err.splitlines() if "uses" in line]
    assert warnings == [line for line in warnings if line.startswith(f"warning: n{_SAID}")]
    assert len(warnings) == 1


def test_of_several_metrics_one_has_to_use_it(world, tmp_path, capsys):
    places = {"model": world / "models" / "model", "here": tmp_path}
    sizes = " ".join(
        f"--gin_bindings='{name} = 50'"
        for name in ("mig.num_train", "modularity_explicitness.num_train",
                     "modularity_explicitness.num_test")
    )  # fmt: skip
    arguments = f"--model_dir={{model}} --output_dir={{here}}/out {sizes} --strict"
    both = Attack("evaluate", f"{arguments} --metrics=mig,modularity_explicitness", "")
    assert both.main(**places) in (0, None)
    shutil.rmtree(tmp_path / "out")
    assert Attack("evaluate", f"{arguments} --metrics=mig", "").main(**places) == 2
    assert not (tmp_path / "out" / "mig").exists()
    said = capsys.readouterr().err
    assert "modularity_explicitness.num_train, modularity_explicitness.num_test: leave them" in said


def test_a_checkpoint_without_its_config_takes_the_trainings_bindings(world, tmp_path, capsys):
    model = shutil.copytree(world / "models" / "model", tmp_path / "model")
    shutil.rmtree(model / "results")
    (model / "model.keras").unlink()
    places = {"small": world / "small.gin", "here": tmp_path}
    arguments = "--model_dir={here}/model --output_dir={here}/out --gin_file={small} --strict"
    drawn = "--gin_bindings='draw_all.kinds = [\"kl\"]' --gin_bindings='draw_all.num_images = 20'"
    assert Attack("visualize", f"{arguments} {drawn}", "").main(**places) in (0, None)
    assert "uses" not in capsys.readouterr().err
