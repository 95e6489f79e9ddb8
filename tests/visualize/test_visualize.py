import shutil

import numpy as np
import pytest
from PIL import Image

from tfdis.cli.visualize import main
from tfdis.errors import UserError
from tfdis.training.train import train_with_gin
from tfdis.visualize.callback import Visualization
from tfdis.visualize.visualize import visualize_with_gin

BINDINGS = [
    "dataset.name = 'dummy_data'",
    "model.model = @vae()",
    "vae.beta = 1.0",
    "model.training_steps = 6",
    "model.random_seed = 0",
    "model.batch_size = 4",
    "model.eval_steps = 1",
    "model.log_every = 2",
    "model.callbacks = [@visualization()]",
    "model.loggers = [@pictures_only]",
    "visualization.intervals = {'kl': 2, 'reconstructions': 3}",
    "draw_all.num_images = 50",
    "draw_all.num_random = 2",
    "encoder.num_latent = 3",
    "encoder.encoder_fn = @fc_encoder",
    "decoder.decoder_fn = @fc_decoder",
    "reconstruction_loss.loss_fn = @bernoulli_loss",
    "vae_optimizer.optimizer_fn = @AdamOptimizer",
]
LOGGED = []


class PicturesOnly:
    def config(self, bindings):
        pass

    def scalars(self, step, values):
        pass

    def image(self, step, name, path):
        assert path.is_file()
        LOGGED.append((step, name))

    def close(self):
        pass


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory):
    from tfdis.config import configurable

    configurable("pictures_only")(lambda model_dir: PicturesOnly())
    path = tmp_path_factory.mktemp("models") / "model"
    train_with_gin(path, gin_bindings=BINDINGS)
    return path


def test_training_draws_at_its_intervals_and_at_the_end(model_dir):
    final = model_dir / "visualizations"
    steps = {
        folder.name: {path.name for path in folder.iterdir()}
        for folder in (final / "steps").iterdir()
    }
    both = {"reconstructions_fixed.png", "reconstructions_random.png"}
    assert steps == {
        "000002": {"kl.png"},
        "000003": both,
        "000004": {"kl.png"},
        "000006": {"kl.png", *both},
    }
    for name in ("kl.png", "learning_curves.png", "traversals_range.gif", "mutual_information.png"):
        Image.open(final / name).load()
    assert (2, "pictures/kl.png") in LOGGED
    assert (6, "pictures/traversals_range.gif") in LOGGED
    assert not [name for _, name in LOGGED if name.endswith(".txt")]


def test_the_command_draws_the_same_again(model_dir, tmp_path, capsys):
    out = tmp_path / "again"
    assert main([f"--model_dir={model_dir}", f"--output_dir={out}"]) == 0
    printed = capsys.readouterr().out
    assert "Mutual information" in printed
    assert str(out / "kl.png") in printed
    drawn = sorted(path.name for path in out.iterdir() if path.is_file())
    drawn.remove(".tfdis.json")  # what the stage wrote; a training says it of the whole model
    final = model_dir / "visualizations"
    assert drawn == sorted(path.name for path in final.iterdir() if path.is_file())
    for name in drawn:
        if name.endswith(".png"):
            ours, theirs = (np.asarray(Image.open(where / name)) for where in (out, final))
            np.testing.assert_allclose(ours.astype(int), theirs, atol=1, err_msg=name)
    assert (out / "results" / "json" / "visualize_results.json").is_file()
    assert (out / "results" / "gin" / "train.gin").is_file()


def test_output_is_replaced_only_when_asked(model_dir, tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    (out / "kept").write_text("")
    call = [f"--model_dir={model_dir}", f"--output_dir={out}"]
    assert main([*call, "--overwrite"]) == 2
    assert "did not write" in capsys.readouterr().err
    (out / "kept").unlink()
    assert main([*call, "--gin_bindings=draw_all.kinds = ['reconstructions', 'kl']"]) == 0
    (out / "kept").write_text("")
    assert main(call) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert main([*call, "--overwrite", "--gin_bindings=draw_all.kinds = ['kl']"]) == 0
    assert {path.name for path in out.iterdir()} == {"kl.png", "results", "kept", ".tfdis.json"}


@pytest.mark.slow
def test_a_run_too_short_for_a_line_of_progress_has_no_learning_curves(tmp_path, capsys):
    bindings = [*BINDINGS, "model.training_steps = 3", "model.log_every = 100"]
    train_with_gin(tmp_path / "model", gin_bindings=bindings)
    assert not (tmp_path / "model/progress.jsonl").exists()
    assert "progress.jsonl" not in capsys.readouterr().out
    pictures = {path.name for path in (tmp_path / "model/visualizations").glob("*.png")}
    assert "kl.png" in pictures
    assert "learning_curves.png" not in pictures


def test_a_checkpoint_is_drawn_as_the_model_it_is_of(model_dir, tmp_path):
    bindings = ["draw_all.kinds = ['reconstructions', 'traversals']"]
    (checkpoint,) = (model_dir / "checkpoints").iterdir()
    ours = visualize_with_gin(checkpoint, tmp_path / "a", gin_bindings=bindings).paths
    theirs = visualize_with_gin(model_dir, tmp_path / "b", gin_bindings=bindings).paths
    assert len(ours) == len(theirs) > 2
    for one, other in zip(ours, theirs):
        assert np.array_equal(np.asarray(Image.open(one)), np.asarray(Image.open(other)))


def test_a_checkpoint_alone_needs_its_config(model_dir, tmp_path):
    unfinished = tmp_path / "unfinished"
    shutil.copytree(model_dir / "checkpoints", unfinished / "checkpoints")
    with pytest.raises(UserError, match=r"train.gin: pass the --gin_file and --gin_bindings"):
        visualize_with_gin(unfinished, tmp_path / "a")
    bindings = [*BINDINGS, "draw_all.kinds = ['kl', 'learning_curves']"]
    drawn = visualize_with_gin(unfinished, tmp_path / "b", gin_bindings=bindings)
    assert [path.name for path in drawn.paths] == ["kl.png"]


def test_no_model_gets_one_sentence(tmp_path, capsys):
    assert main([f"--model_dir={tmp_path}", f"--output_dir={tmp_path / 'out'}"]) == 2
    assert "holds neither a model nor a checkpoint" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("intervals", [{"gifs": 10}, {"kl": 0}, {"kl": 2.5}])
def test_bad_intervals_are_named(intervals):
    with pytest.raises(UserError, match=r"visualization.intervals (has 'gifs'|is {'kl': )"):
        Visualization(intervals)
