"""What of TensorFlow's messages reaches the user of a command, each in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_BIN = Path(__file__).parents[1] / "bin"
_ENVIRONMENT = {name: os.environ[name] for name in os.environ if name != "TF_CPP_MIN_LOG_LEVEL"}


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**_ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
    )


_SAYS = """
import os
from tfdis.tensorflow_import import without_noise
with without_noise():
    os.write(2, b'WARNING: All log messages before absl::InitializeLog() is called are written\\n')
    os.write(2, b'I0000 00:00:1795626478.233416    9045 port.cc:153] oneDNN is on\\n')
    os.write(2, b'W0000 00:00:1795626478.233416    9045 some.cc:1] slower than possible\\n')
    os.write(2, b'E0000 00:00:1795626478.233416    9045 some.cc:1] out of memory\\n')
    os.write(2, b'Illegal instruction')
    {end}
os.write(2, b'I0000 afterwards')
"""


def test_information_and_warnings_are_taken_out_and_the_rest_is_passed_on():
    said = run(_SAYS.format(end=""))
    errors, afterwards = said.stderr.splitlines()
    assert errors.endswith("out of memory")
    assert afterwards == "Illegal instructionI0000 afterwards"


def test_the_last_words_of_a_process_that_dies_are_heard():
    died = run(_SAYS.format(end="os.abort()"))
    assert died.returncode < 0
    assert died.stderr.splitlines()[1] == "Illegal instruction"


def test_an_exception_and_what_python_says_come_through():
    said = run(
        "from tfdis.tensorflow_import import without_noise\n"
        "import sys\n"
        "with without_noise():\n"
        "    print('said by Python', file=sys.stderr)\n"
        "    1 / 0"
    )
    assert said.stderr.startswith("said by Python\nTraceback")
    assert "ZeroDivisionError" in said.stderr


def test_the_level_of_a_users_own_script_stays_and_a_command_shows_errors_alone():
    own = "import os, tfdis, tfdis.config\nassert 'TF_CPP_MIN_LOG_LEVEL' not in os.environ\n"
    command = (
        "from tfdis.tensorflow_import import prepare\n"
        "prepare()\n"
        "assert os.environ['TF_CPP_MIN_LOG_LEVEL'] == '{}', os.environ['TF_CPP_MIN_LOG_LEVEL']\n"
    )
    assert run(own + command.format("2")).stderr == ""
    # Whoever asks for everything gets it.
    assert run("import os\n" + command.format("0"), TF_CPP_MIN_LOG_LEVEL="0").stderr == ""


# Every command that imports TensorFlow, one after another; TensorFlow is imported by the first.
_COMMANDS = """
import importlib, sys
for line in {lines!r}.splitlines():
    command, *arguments = line.split("|")
    print("::", command, file=sys.stderr, flush=True)
    assert importlib.import_module("tfdis.cli." + command).main(arguments) == 0
"""
_TINY = (
    "model.training_steps = 2",
    "model.eval_steps = 1",
    "model.batch_size = 4",
    "encoder.encoder_fn = @test_encoder",
    "decoder.decoder_fn = @test_decoder",
)
_TRAIN = "|".join(f"--gin_bindings={binding}" for binding in _TINY)
_SMALL = "--gin_bindings=mig.num_train = 50"


@pytest.mark.slow
def test_no_command_shows_what_tensorflow_says(tmp_path):
    lines = [
        f"train|--gin_file=vae.gin|--model_dir=model|{_TRAIN}",
        "postprocess|--model_dir=model|--output_dir=mean|--gin_file=postprocess/mean.gin",
        f"evaluate|--model_dir=mean|--output_dir=scores|--metrics=mig|{_SMALL}",
        f"evaluate|--model_dir=model/tfhub|--output_dir=of_hub|--metrics=mig|{_SMALL}|"
        "--gin_bindings=dataset.name = 'sprites'",
        "visualize|--model_dir=model|--output_dir=pictures",
        "export|--model_dir=model|--output_dir=files|--format=savedmodel",
        "export|--model_dir=model|--output_dir=onnx|--format=onnx",
    ]
    done = subprocess.run(
        [sys.executable, "-c", _COMMANDS.format(lines="\n".join(lines))],
        cwd=tmp_path,
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    ours = (":: ", "1/1  mig")  # our progress
    said = [line for line in done.stderr.splitlines() if not line.startswith(ours)]
    assert said == [], done.stderr
