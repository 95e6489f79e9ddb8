"""Small models on disk: one as ours, two as TF-Hub 1 writes them."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from tfdis.results import write_text

MATRIX = np.random.default_rng(0).normal(size=(64 * 64, 3)).astype(np.float32) / 64


def codes(images):
    return np.asarray(images, np.float32).reshape(len(images), -1) @ MATRIX


def write_trained(directory, dataset="dummy_data"):
    """A model directory as training leaves it."""
    module = tf.Module()
    module.matrix = tf.Variable(MATRIX)

    @tf.function(input_signature=[tf.TensorSpec([None, 64, 64, 1], tf.float32, name="images")])
    def gaussian_encoder(images):
        mean = tf.reshape(images, [-1, 64 * 64]) @ module.matrix
        return {"mean": mean, "logvar": 0.1 * mean - 1.0}

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="latent_vectors")])
    def decoder(latent_vectors):
        return {"images": tf.reshape(latent_vectors @ tf.transpose(module.matrix), [-1, 64, 64, 1])}

    signatures = {"gaussian_encoder": gaussian_encoder, "decoder": decoder}
    tf.saved_model.save(module, str(Path(directory) / "tfhub"), signatures=signatures)
    write_text(Path(directory) / "results" / "gin" / "train.gin", f"dataset.name = '{dataset}'\n")
    write_text(Path(directory) / "results" / "json" / "train_results.json", '{"loss": 1.0}')
    return directory


def write_tf_hub(directory, dataset="dummy_data", sampled=False):
    """A directory as disentanglement_lib's postprocessing on TF 1 leaves it."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(1)  # a training in this process may have asked for determinism
        images = v1.placeholder(tf.float32, [None, 64, 64, 1], name="images")
        matrix = v1.get_variable("matrix", initializer=MATRIX, use_resource=False)
        mean = tf.reshape(images, [-1, 64 * 64]) @ matrix
        output = mean + v1.random_normal(tf.shape(mean)) if sampled else mean
        session.run(v1.global_variables_initializer())
        signature = v1.saved_model.predict_signature_def({"images": images}, {"default": output})
        builder = v1.saved_model.Builder(str(Path(directory) / "tfhub"))
        builder.add_meta_graph_and_variables(
            session, tags=[], signature_def_map={"representation": signature}
        )
        builder.save()
    config = f"dataset.name = '{dataset}'\n"
    write_text(Path(directory) / "results" / "gin" / "postprocess.gin", config)
    return directory


def write_tf_hub_training(directory, dataset="dummy_data"):
    """A directory as disentanglement_lib's training on TF 1 leaves it."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        images = v1.placeholder(tf.float32, [None, 64, 64, 1], name="images")
        latents = v1.placeholder(tf.float32, [None, 3], name="latent_vectors")
        matrix = v1.get_variable("matrix", initializer=MATRIX, use_resource=True)
        mean = tf.reshape(images, [-1, 64 * 64]) @ matrix
        logvar = 0.1 * mean - 1.0
        decoded = tf.reshape(latents @ tf.transpose(matrix), [-1, 64, 64, 1])
        session.run(v1.global_variables_initializer())
        signatures = {
            "gaussian_encoder": ({"images": images}, {"mean": mean, "logvar": logvar}),
            "decoder": ({"latent_vectors": latents}, {"images": decoded}),
        }
        builder = v1.saved_model.Builder(str(Path(directory) / "tfhub"))
        builder.add_meta_graph_and_variables(
            session,
            tags=[],
            signature_def_map={
                name: v1.saved_model.predict_signature_def(*tensors)
                for name, tensors in signatures.items()
            },
        )
        builder.save()
    config = f"dataset.name = '{dataset}'\nexport_as_tf_hub.drop_collections = None\n"
    write_text(Path(directory) / "results" / "gin" / "train.gin", config)
    return directory
