"""Every data set, with every ready gin file, through every stage; tiny stand-ins for the files.

Each data set and each gin file goes through all stages. Every pair of them is trained and drawn
where the environment has TFDIS_EVERY_PAIR: op by op, for a compilation takes more than two steps,
and without the SavedModel, which depends on the gin file alone.
"""

import itertools
import os

import numpy as np
import pytest
from PIL import Image
from ready_files import NO_MODEL, READY
from test_cars3d import cars  # noqa: F401
from test_celeba import csv, faces  # noqa: F401
from test_norb import norb  # noqa: F401

from tfdis.cli import evaluate, export, postprocess, train, visualize
from tfdis.data import mpi3d, shapes3d
from tfdis.data.named import all_named_data
from tfdis.models import autoencoder

_DATA_SETS = sorted(all_named_data())
_DEEP = ("tripod.gin",)
_SMALL = [
    "model.training_steps = 2",
    "model.batch_size = 4",
    "model.eval_steps = 1",
    "model.warm_start = None",
    "model.plateau = None",
    "draw_all.num_images = 30",
    "draw_all.num_random = 2",
    "draw_all.num_traversed = 1",
    "draw_all.max_latents = 1",
    *(f"{name}.width = 0.1" for name in (
        "conv_encoder", "deconv_decoder", "patch_encoder", "spatial_broadcast_decoder",
        "hypernetwork_decoder", "padless_conv_encoder", "padless_deconv_decoder",
    )),
    "residual_encoder.width = 0.03",
    "residual_decoder.width = 0.03",
    "label/conv_encoder.width = 0.1",
    "fc_discriminator.layer_size = 8",
    "auxiliary/fc_discriminator.layer_size = 8",
    "ifcvae.auxiliary_updates = 1",
]  # fmt: skip
# Pictures that depend on the data set; the others show what a training says of itself.
_DRAWN = [
    "model.callbacks = [@visualization()]",
    "draw_all.kinds = ['reconstructions', 'traversals', 'conditions', 'mutual_information']",
]


@pytest.fixture
def stand_in(request, data_dir, tmp_path, monkeypatch):
    """Makes a data set's files where there are none to be rendered; gives its bindings."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (144, 64, 64, 3), np.uint8)

    def make(name: str) -> list[str]:
        bindings = [f"dataset.name = '{name}'"]
        if "dsprites" in name:
            request.getfixturevalue("dsprites_file")
        if name == "scream_dsprites":
            (data_dir / "scream").mkdir()
            Image.fromarray(images[:12].reshape(4 * 64, 3 * 64, 3)).resize((350, 274)).save(
                data_dir / "scream" / "scream.jpg"
            )
        if name.startswith("mpi3d"):
            makes = (mpi3d.MPI3DToy, mpi3d.MPI3DRealistic, mpi3d.MPI3DReal)
            (make,) = (each for each in makes if each.name == name)
            monkeypatch.setattr(make, "factors_num_values", [2] * 7)
            (data_dir / name).mkdir()
            np.savez(data_dir / name / f"{name}.npz", images=images[:128])
        if name == "shapes3d":
            import h5py

            monkeypatch.setattr(shapes3d.Shapes3D, "factors_num_values", [2, 3, 2, 2, 2, 3])
            (data_dir / "3dshapes").mkdir()
            with h5py.File(data_dir / "3dshapes" / "3dshapes.h5", "w") as file:
                file.create_dataset("images", data=images)
        if name in _FIXTURES:
            request.getfixturevalue(_FIXTURES[name])
        if name == "celebA":  # tripod.gin's instance normalizations overflow on images of one grey
            for path in (data_dir / "CelebA" / "img_align_celeba").iterdir():
                Image.fromarray(rng.integers(0, 256, (218, 178, 3), np.uint8)).save(path)
        if name == "array_file":  # as most labelled arrays: a grid with holes
            factors = np.stack([np.arange(20) % 3, np.arange(20) % 4, np.arange(20) // 7], axis=1)
            np.savez(tmp_path / "mine.npz", images=images[:20], factors=factors)
            bindings.append(f"array_file.path = '{tmp_path / 'mine.npz'}'")
        if name == "image_folder":
            (tmp_path / "pictures").mkdir()
            for number in range(6):
                Image.fromarray(images[number]).save(tmp_path / "pictures" / f"{number}.png")
            bindings.append(f"image_folder.path = '{tmp_path / 'pictures'}'")
        return bindings

    return make


_FIXTURES = {"cars3d": "cars", "celebA": "csv", "smallnorb": "norb"}


def _given(bindings: list[str]) -> list[str]:
    return [f"--gin_bindings={binding}" for binding in bindings]


def _bindings_of(gin_file: str) -> list[str]:
    model = ["model.model = @vae()", "vae.beta = 1.0"] if gin_file in NO_MODEL else []
    if gin_file == "paper/networks.gin" or gin_file == "aicrowd.gin":
        model += ["model.random_seed = 0"]
    labels = [f"{name}.labels = [0]" for name in ("cvae", "ifcvae", "ifcvae_gan")]
    return [*_SMALL, *model, *labels]


def _trained(name, gin_file, stand_in, tmp_path, capsys, *more) -> list[str] | None:
    """Trains and draws; returns the data set's bindings, None where the pair is refused."""
    data = stand_in(name)
    model = [f"--gin_file={gin_file}", f"--model_dir={tmp_path / 'model'}"]
    code = train.main([*model, *_given([*_bindings_of(gin_file), *data, *more])])
    said = capsys.readouterr().err
    if code == 2 and (refused := _refused(name, gin_file)):
        assert refused in said.splitlines()[-1]
        return None
    assert code == 0, said
    return data


def _refused(name: str, gin_file: str) -> str | None:
    """What is said of a pair that makes no sense; None of all others."""
    if name == "image_folder" and "cvae" in gin_file:
        return "has no factor 0; its factors are: none"
    if name == "image_folder" and gin_file.startswith(("s2_", "supervised")):
        return "has no factors that could be labels"
    if any(kind in gin_file for kind in ("gvae", "mlvae")):
        if name in ("image_folder", "array_file", "celebA"):
            return "factor"
        if name in ("dummy_data", "noisy_dsprites", "color_dsprites", "scream_dsprites"):
            return "factor"
    return None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "gin_file"),
    [(_DATA_SETS[i % len(_DATA_SETS)], gin_file) for i, gin_file in enumerate(READY)],
)
def test_each_data_set_and_each_gin_file_goes_through_every_stage(
    name, gin_file, stand_in, tmp_path, capsys, request
):
    if gin_file in _DEEP:
        request.getfixturevalue("op_by_op")
    data = _trained(name, gin_file, stand_in, tmp_path, capsys, "model.callbacks = []")
    if data is None:
        return
    given = _given(data)
    model, mean = tmp_path / "model", tmp_path / "mean"
    metric = "unsupervised_metrics" if name == "image_folder" else "modularity_explicitness"
    sizes = [f"{metric}.num_train = 60", "modularity_explicitness.num_test = 60"]
    stages = [
        (visualize, ["--output_dir", str(tmp_path / "pictures_of_it"), *given]),
        (export, ["--output_dir", str(tmp_path / "files"), "--format=savedmodel"]),
    ]
    if gin_file != "ae.gin":
        from_model = [f"--model_dir={model}", f"--output_dir={mean}"]
        assert postprocess.main([*from_model, "--gin_file=postprocess/mean.gin", *given]) == 0
        from_mean = [f"--model_dir={mean}", f"--output_dir={tmp_path / 'scores'}", *given]
        sizes = sizes[:1] if name == "image_folder" else sizes
        code = evaluate.main([*from_mean, f"--metrics={metric}", *_given(sizes)])
        assert code == 0, capsys.readouterr().err
    for stage, arguments in stages:
        assert stage.main([f"--model_dir={model}", *arguments]) == 0, capsys.readouterr().err
    assert list((tmp_path / "pictures_of_it").glob("*.png"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "gin_file"),
    [pair for pair in itertools.product(_DATA_SETS, READY) if os.environ.get("TFDIS_EVERY_PAIR")],
)
def test_every_pair_is_trained_and_drawn(
    name, gin_file, stand_in, tmp_path, capsys, monkeypatch, op_by_op
):
    monkeypatch.setattr(autoencoder, "export_hub_module", lambda model, path: path.mkdir())
    if _trained(name, gin_file, stand_in, tmp_path, capsys, *_DRAWN) is not None:
        assert list((tmp_path / "model" / "visualizations").rglob("*.png"))
