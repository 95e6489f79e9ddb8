"""The README's code runs, that of docs/add_your_own.md after it; commands and files are there."""

import configparser
import re
from pathlib import Path

import pytest

import tfdis
from tfdis import config
from tfdis.training.train import train_with_gin

_ROOT = Path(__file__).parent.parent
_TEXT = (_ROOT / "README.md").read_text()
_OWN = (_ROOT / "docs/add_your_own.md").read_text()
_MIXTURE = (_ROOT / "docs/methods/loss_terms.md").read_text()


def _blocks(language, text):
    fenced = re.findall(r"^```(\w*)\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    return [block for name, block in fenced if name == language]


def test_the_python_blocks_run_one_after_the_other(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "readme"}
    for block in [*_blocks("python", _TEXT), *_blocks("python", _OWN)]:
        exec(
            compile(block.replace("steps_per_epoch=10", "steps_per_epoch=2"), "README.md", "exec"),
            names,
        )
    assert 0 <= names["scores"]["mig"]["discrete_mig"] < 0.2

    # What docs/add_your_own.md has defined is found by gin, and trains.
    own = re.search(r"Then, in gin:\n\n```\n(.*?)```", _OWN, flags=re.DOTALL)[1]
    bindings = [
        *own.strip().splitlines(),
        "model.training_steps = 2",
        "model.random_seed = 0",
        "model.batch_size = 4",
        "model.eval_steps = 1",
        "encoder.num_latent = 3",
        "decoder.decoder_fn = @test_decoder",
        "reconstruction_loss.loss_fn = @l2_loss",
        "vae_optimizer.optimizer_fn = @AdamOptimizer",
    ]
    train_with_gin(tmp_path / "model", gin_bindings=bindings)
    names["keras"].models.load_model(tmp_path / "model/model.keras")
    trained = tfdis.load(tmp_path / "model")
    data = names["Stripes"]()
    found = tfdis.evaluate(trained, data, ["active_latents"])
    assert 0 <= found["active_latents"]["active_latents"] <= 3


def test_the_mixture_of_terms_parses():
    block = next(block for block in _blocks("", _MIXTURE) if "@capacity()" in block)
    with config.parsed(["embedded.gin"], block.split("\n\n")):
        pass


def test_every_command_is_installed_and_linked():
    setup = configparser.ConfigParser()
    setup.read(_ROOT / "setup.cfg")
    scripts = setup["options.entry_points"]["console_scripts"].split("\n")
    names = {line.split("=")[0].strip() for line in scripts if line}
    assert names == {path.name for path in (_ROOT / "bin").glob("tfdis-*")}
    assert set(re.findall(r"`(tfdis-[a-z]+)`", _TEXT)) <= names
    for line in filter(None, scripts):
        module = line.split("=")[1].split(":")[0].strip()
        assert (_ROOT / f"{module.replace('.', '/')}.py").is_file(), module


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([\w/.]+\.md)\)", _TEXT))))
def test_links_lead_somewhere(path):
    assert (_ROOT / path).is_file()
