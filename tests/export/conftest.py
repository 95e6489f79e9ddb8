import numpy as np
import pytest
from narrow_networks import SHAPE, make_model

from tfdis import results


@pytest.fixture(scope="session")
def model():
    return make_model()


@pytest.fixture(scope="session")
def model_dir(model, tmp_path_factory):
    """What a training leaves, as far as the export looks at it."""
    folder = tmp_path_factory.mktemp("models") / "model"
    folder.mkdir()
    model.save(folder / "model.keras")
    results.write_text(
        folder / "results" / "gin" / "train.gin",
        "dataset.name = 'sprites'\nencoder.num_latent = 3\n",
    )
    results.write_json(folder / "results" / "json" / "train_results.json", {"loss": 1.0})
    return folder


@pytest.fixture(scope="session")
def images():
    return np.random.default_rng(1).random((5, *SHAPE), np.float32)
