"""What training and postprocessing leave is a TF-Hub 1 module that TensorFlow 1.15 can read."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from tfdis.models.trained import load
from tfdis.postprocessing.postprocess import postprocess_with_gin
from tfdis.tf_hub import write_hub_module
from tfdis.training.train import train_with_gin

# By operation, its attributes in TensorFlow 1.15.5 (op_def_registry.get_registered_ops()).
_OPERATIONS = json.loads(Path(__file__).with_name("tensorflow_1_15_operations.json").read_text())
_TF_1_15 = os.environ.get("TFDIS_TF115")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub")
    bindings = [
        'dataset.name = "dummy_data"',
        "model.training_steps = 1",
        "model.batch_size = 4",
        "model.eval_steps = 1",
        "model.callbacks = []",
        "conv_encoder.width = 0.1",
        "deconv_decoder.width = 0.1",
    ]
    train_with_gin(folder / "model", gin_config_files=["vae.gin"], gin_bindings=bindings)
    postprocess_with_gin(
        folder / "model", folder / "mean", gin_config_files=["postprocess/mean.gin"]
    )
    return folder


@pytest.mark.parametrize("stage", ["model", "mean"])
def test_holds_what_tensorflow_1_15_knows(trained, stage):
    module = trained / stage / "tfhub"
    assert (module / "tfhub_module.pb").read_bytes() == b"\x08\x03"  # of disentanglement_lib's own
    (meta_graph,) = SavedModel.FromString((module / "saved_model.pb").read_bytes()).meta_graphs
    assert not meta_graph.meta_info_def.tags
    assert not meta_graph.graph_def.library.function
    for node in meta_graph.graph_def.node:
        assert node.op in _OPERATIONS, node.name
        attributes = {name for name in node.attr if not name.startswith("_")}
        assert attributes <= set(_OPERATIONS[node.op]), node.name
    names = ["gaussian_encoder", "reconstructions", "decoder", "representation"]
    assert set(meta_graph.signature_def) == set(names[: 4 if stage == "mean" else 3])


def test_weights_are_kept_once(trained):
    sizes = [
        sum(path.stat().st_size for path in (trained / stage / "tfhub").rglob("variables.data*"))
        for stage in ("model", "mean")
    ]
    model = load(trained / "model").model
    parameters = model.encoder.count_params() + model.decoder.count_params()
    assert sizes == [4 * parameters] * 2


def test_signatures_that_share_a_variable_share_it_in_the_module(tmp_path):
    weight, unused = tf.Variable([[2.0]]), tf.Variable([7.0])
    spec = tf.TensorSpec([None, 1], name="x")
    twice = tf.function(lambda x: {"y": x @ weight}, input_signature=[spec])
    squared = tf.function(lambda x: {"y": twice(x)["y"] @ weight, "b": x}, input_signature=[spec])
    write_hub_module(tmp_path / "hub", {"twice": twice, "squared": squared})
    del unused
    loaded = tf.saved_model.load(str(tmp_path / "hub"))
    assert len(loaded.variables) == 1
    x = tf.constant([[3.0], [4.0]])
    np.testing.assert_allclose(loaded.signatures["twice"](x=x)["y"], [[6.0], [8.0]])
    outputs = loaded.signatures["squared"](x=x)
    np.testing.assert_allclose(outputs["y"], [[12.0], [16.0]])
    np.testing.assert_allclose(outputs["b"], x)


@pytest.mark.skipif(not _TF_1_15, reason="TFDIS_TF115 names no Python with TensorFlow 1.15")
def test_disentanglement_lib_evaluates_it_on_tensorflow_1_15(trained, tmp_path):
    images = np.random.default_rng(0).random((5, 64, 64, 1), np.float32)
    mean, log_variance = load(trained / "model").encode(images)
    np.savez(tmp_path / "given.npz", images=images, mean=mean, logvar=log_variance)
    code = f"""
import numpy as np, tensorflow_hub as hub
from disentanglement_lib.evaluation import evaluate
from disentanglement_lib.postprocessing import postprocess
given = np.load({str(tmp_path / "given.npz")!r})
with hub.eval_function_for_module({str(trained / "mean" / "tfhub")!r}) as f:
    found = f(dict(images=given["images"]), signature="gaussian_encoder", as_dict=True)
    for name in ("mean", "logvar"):
        np.testing.assert_allclose(found[name], given[name], atol=1e-5)
    found = f(dict(images=given["images"]), signature="representation", as_dict=True)
    np.testing.assert_allclose(found["default"], given["mean"], atol=1e-5)
postprocess.postprocess_with_gin({str(trained / "model")!r}, "post", gin_bindings=[
    "postprocess.postprocess_fn = @mean_representation", "postprocess.random_seed = 0",
    "dataset.name = 'auto'"])
for number, directory in enumerate([{str(trained / "mean")!r}, "post"]):
    evaluate.evaluate_with_gin(directory, str(number), gin_bindings=[
        "evaluation.evaluation_fn = @mig", "evaluation.random_seed = 0", "dataset.name = 'auto'",
        "mig.num_train = 100", "discretizer.discretizer_fn = @histogram_discretizer",
        "discretizer.num_bins = 10"])
"""
    subprocess.run([_TF_1_15, "-c", code], check=True, cwd=tmp_path, capture_output=True)
    scores = [
        json.loads((tmp_path / f"{number}/results/json/evaluation_results.json").read_text())
        for number in (0, 1)
    ]
    assert scores[0]["discrete_mig"] == scores[1]["discrete_mig"]
