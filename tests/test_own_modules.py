"""The code of docs/add_your_own.md, in a user's own file, through the commands."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

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
