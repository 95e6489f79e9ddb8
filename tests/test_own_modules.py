"""The code of docs/add_your_own.md, in a user's own file, through the commands."""

import re
import subprocess
import sys
from pathlib import Path

import gin
import keras
import pytest

from tfdis.config import configurable, register_all
from tfdis.data.named import find_named_data
from tfdis.metrics.metric import find_metric

_OWN = (Path(__file__).parent.parent / "docs/add_your_own.md").read_text()
_CODE = "\n".join(re.findall(r"```python\n(.*?)```", _OWN, flags=re.DOTALL))
_GIN = re.search(r"Then, in gin:\n\n```\n(.*?)```", _OWN, flags=re.DOTALL)[1]
_TRAINING = """
model.training_steps = 2
model.random_seed = 0
model.batch_size = 4
model.eval_steps = 1
encoder.num_latent = 3
decoder.decoder_fn = @test_decoder
reconstruction_loss.loss_fn = @l2_loss
vae_optimizer.optimizer_fn = @AdamOptimizer
"""

_CELL = """
from tfdis.config import configurable
from tfdis.data.named import named_data
from tfdis.losses.term import LossTerm, loss_term
from tfdis.metrics.metric import metric

@loss_term("cell_term")
class CellTerm(LossTerm):
    version: int = VERSION

@configurable("cell_network")
def cell_network(version: int = VERSION):
    return version

@configurable("cell_class")
class CellClass:
    def __init__(self, version: int = VERSION):
        self.version = version

@named_data("cell_data", source="here", licence="none")
def cell_data():
    return VERSION

@metric
def cell_metric(source, random_state, version=VERSION):
    return {"version": version}
"""


def _run_cell(version, module="a_notebook", code=_CELL):
    names = {"__name__": module}
    exec(code.replace("VERSION", str(version)), names)
    return names


@pytest.fixture
def cells():
    """Takes what the cells register from the tables that other tests go through."""
    yield
    find_named_data.__globals__["_NAMED"].pop("cell_data", None)
    find_metric.__globals__["_METRICS"].pop("cell_metric", None)


@pytest.mark.usefixtures("cells")
def test_a_notebooks_cell_is_run_again():
    first = _run_cell(1)
    second = _run_cell(2)
    assert gin.get_configurable("cell_term")().version == 2
    assert gin.get_configurable("cell_network")() == second["cell_network"]() == 2
    assert gin.get_configurable("cell_class")().version == second["CellClass"]().version == 2
    assert find_named_data("cell_data").make() == 2
    assert find_metric("cell_metric")(None, None) == {"version": 2}
    loaded = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(second["CellTerm"]())
    )
    assert type(loaded) is second["CellTerm"]
    assert first["cell_network"]() == 1
    gin.bind_parameter("cell_network.version", 3)
    assert gin.get_configurable("cell_network")() == 3


@pytest.mark.usefixtures("cells")
def test_a_name_that_something_else_has_is_still_refused():
    register_all()
    _run_cell(1)
    for arguments in (
        {"module": "another_notebook"},
        {"code": _CELL.replace("class CellTerm", "class OtherTerm")},
        {"code": _CELL.replace("cell_term", "kl")},
    ):
        with pytest.raises(ValueError, match="A different configurable matching"):
            _run_cell(2, **arguments)

    def of_the_library():
        pass

    of_the_library.__module__, of_the_library.__qualname__ = "tfdis.losses.kl", "KL"
    with pytest.raises(ValueError, match="A different configurable matching"):
        configurable("kl")(of_the_library)
    assert not gin.config._INTERACTIVE_MODE


def _run(folder, command, *arguments):
    # Under -P, as under the installed commands, nothing of the working directory is imported.
    return subprocess.run(
        [sys.executable, "-P", "-m", f"tfdis.cli.{command}", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
def test_a_term_a_network_a_data_set_and_a_metric_of_ones_own(tmp_path):
    (tmp_path / "my_terms.py").write_text(_CODE)
    (tmp_path / "mine.gin").write_text(_GIN + _TRAINING)
    train = ["--gin_file=mine.gin", "--model_dir=model"]

    refused = _run(tmp_path, "train", *train)
    assert refused.returncode == 2
    assert "No configurable matching" in refused.stderr
    trained = _run(tmp_path, "train", *train, "--import", "my_terms", "--strict")
    assert trained.returncode == 0, trained.stderr

    evaluate = ["--model_dir=model", "--output_dir=scores", "--metrics=active_latents"]
    scored = _run(tmp_path, "evaluate", *evaluate, "--import=my_terms")
    assert scored.returncode == 0, scored.stderr
    assert "active_latents" in scored.stdout

    export = ["--model_dir=model", "--format=savedmodel", "--output_dir=exported"]
    unknown = _run(tmp_path, "export", *export)
    assert unknown.returncode == 2
    assert "needs the class Sparsity of the module my_terms" in unknown.stderr
    assert "pass --import=my_terms" in unknown.stderr
    exported = _run(tmp_path, "export", *export, "--import=my_terms")
    assert exported.returncode == 0, exported.stderr

    visualize = ["--model_dir=model", "--output_dir=pictures"]
    unknown = _run(tmp_path, "visualize", *visualize)
    assert unknown.returncode == 2
    assert "--import" in unknown.stderr
    drawn = _run(tmp_path, "visualize", *visualize, "--import=my_terms")
    assert drawn.returncode == 0, drawn.stderr
