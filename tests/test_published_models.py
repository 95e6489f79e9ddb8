"""What each command says of a TF-Hub 1 module, as disentanglement_lib published them.

Where the environment names such a directory (TFDIS_DLIB_MODEL: what disentanglement_lib's
postprocessing left, with its results/), it is taken too.
"""

import os

import numpy as np
import pytest
from saved_models import MATRIX, codes, write_tf_hub, write_tf_hub_training, write_trained

from tfdis.cli import evaluate, export, postprocess, visualize
from tfdis.postprocessing.saved_model_directory import SavedModelDirectory
from tfdis.visualize.saved_model import SavedModel

_PUBLISHED = os.environ.get("TFDIS_DLIB_MODEL")
_FEW = [
    "--gin_bindings=draw_all.num_images = 40",
    "--gin_bindings=draw_all.num_random = 2",
    "--gin_bindings=draw_all.kinds = ['reconstructions', 'samples', 'kl', 'interventions']",
]


@pytest.fixture(scope="module")
def training(tmp_path_factory):
    return write_tf_hub_training(tmp_path_factory.mktemp("hub") / "model")


@pytest.fixture(scope="module")
def representation(tmp_path_factory):
    return write_tf_hub(tmp_path_factory.mktemp("hub") / "mean")


@pytest.mark.slow
def test_a_module_of_a_training_goes_through_the_stages(training, tmp_path, capsys):
    mean = tmp_path / "mean"
    arguments = [f"--model_dir={training}", f"--output_dir={mean}"]
    assert postprocess.main([*arguments, "--gin_file=postprocess/mean.gin"]) == 0
    images = np.random.default_rng(1).uniform(size=(5, 64, 64, 1)).astype(np.float32)
    opened = SavedModelDirectory(mean)
    found = opened.signature("representation")(images=images)["default"]
    np.testing.assert_allclose(found, codes(images), atol=1e-5)

    scores = [f"--model_dir={mean}", f"--output_dir={tmp_path / 'scores'}"]
    few = "--gin_bindings=mig.num_train = 100"
    assert evaluate.main([*scores, "--metrics=mig", few]) == 0
    for number, directory in enumerate((training, training / "tfhub", mean)):
        pictures = tmp_path / f"pictures_{number}"
        drawn = [f"--model_dir={directory}", f"--output_dir={pictures}", *_FEW]
        assert visualize.main(drawn) == 0, capsys.readouterr().err
        names = {path.stem for path in pictures.glob("*.png")}
        assert names >= {"reconstructions_fixed", "samples", "kl"}


def test_pictures_see_what_the_signatures_give(training, tmp_path):
    model = SavedModel(SavedModelDirectory(training))
    images = np.random.default_rng(2).uniform(size=(4, 64, 64, 1)).astype(np.float32)
    mean, log_variance = model.encode(images)
    np.testing.assert_allclose(mean, codes(images), atol=1e-5)
    np.testing.assert_allclose(log_variance, 0.1 * codes(images) - 1, atol=1e-5)
    logits = (mean @ MATRIX.T).reshape(4, 64, 64, 1)
    np.testing.assert_allclose(model.decode(mean), 1 / (1 + np.exp(-logits)), atol=1e-6)


def _check_refusals(directory, tmp_path, capsys):
    """A representation alone can be scored; nothing can be drawn or written of it."""
    said = {
        visualize: "has no signature 'decoder' to draw from, only representation: name the "
        "directory of its training",
        postprocess: "has no signature 'gaussian_encoder'; it has: representation",
        export: "holds a TF-Hub module and no model.keras",
    }
    for command, expected in said.items():
        out = tmp_path / command.__name__
        arguments = [f"--model_dir={directory}", f"--output_dir={out}"]
        if command is postprocess:
            # Its images are of the model's shape, and there without a file.
            data = "--gin_bindings=dataset.name = 'sprites'"
            arguments += ["--gin_file=postprocess/mean.gin", data]
        assert command.main(arguments) == 2
        assert expected in capsys.readouterr().err
        assert not out.exists()


def test_what_a_representation_does_not_hold_is_told(representation, tmp_path, capsys):
    _check_refusals(representation, tmp_path, capsys)


def test_a_module_is_exported_from_its_training_alone(tmp_path, capsys):
    trained = write_trained(tmp_path / "trained")
    assert export.main([f"--model_dir={trained}", f"--output_dir={tmp_path / 'out'}"]) == 2
    assert "name a directory that tfdis-train wrote" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(not _PUBLISHED, reason="TFDIS_DLIB_MODEL names no model")
def test_a_model_of_disentanglement_lib(tmp_path, capsys):
    _check_refusals(_PUBLISHED, tmp_path, capsys)
    arguments = [f"--model_dir={_PUBLISHED}", f"--output_dir={tmp_path / 'scores'}"]
    # Its images have one channel of 64 x 64, as those of sprites.
    bindings = ["dataset.name = 'sprites'", "mig.num_train = 200"]
    given = [f"--gin_bindings={binding}" for binding in bindings]
    assert evaluate.main([*arguments, "--metrics=mig", *given]) == 0, capsys.readouterr().err
