"""The postprocess stage: adds the signature `representation`, which is then evaluated."""

import os
import time
from collections.abc import Callable, Sequence

import gin
import numpy as np
import tensorflow as tf

from tfdis import config, results
from tfdis.checks import Seed
from tfdis.config import configurable
from tfdis.disk import os_errors
from tfdis.distributions.choice import refuse_other_than_gaussian
from tfdis.outputs import refuse_output, stage_output
from tfdis.postprocessing.methods import Transform
from tfdis.postprocessing.saved_model_directory import SavedModelDirectory, dataset_of
from tfdis.tf_hub import write_hub_module


def postprocess_with_gin(
    model_dir: str | os.PathLike,
    output_dir: str | os.PathLike,
    overwrite: bool = False,
    gin_config_files: Sequence[str] = (),
    gin_bindings: Sequence[str] = (),
) -> None:
    """Extracts a representation as a gin config says; see `postprocess`.

    Args:
        model_dir: a directory of training, here or by disentanglement_lib.
        output_dir: directory to write.
        overwrite: replace an existing directory.
        gin_config_files: gin files, as `tfdis.config.find_gin_file` finds them.
        gin_bindings: read after the files.

    Raises:
        UserError: see `postprocess`; or a binding is missing.
    """
    with config.parsed(gin_config_files, gin_bindings):
        postprocess(model_dir, output_dir, overwrite)


@configurable("postprocess", denylist=["model_dir", "output_dir", "overwrite"])
def postprocess(
    model_dir: str | os.PathLike,
    output_dir: str | os.PathLike,
    overwrite: bool = False,
    postprocess_fn: Callable[..., Transform] = gin.REQUIRED,
    random_seed: Seed = gin.REQUIRED,
    name: str = "",
    encoder: str = "gaussian_encoder",
) -> None:
    """Writes tfhub/, the model with the additional signature `representation`, and results/.

    Args:
        model_dir: a directory of training, here or by disentanglement_lib.
        output_dir: directory to write.
        overwrite: replace an existing directory.
        postprocess_fn: see `tfdis.postprocessing.methods`.
        random_seed: of its draws.
        name: of the representation; only recorded.
        encoder: the signature that gives mean and logvar; of a conditional model,
            "labelled_encoder" gives them joined with the label that the model infers.

    Raises:
        UserError: there is no model with a Gaussian encoder, or `output_dir` exists and may not be
            overwritten.
    """
    del name
    started = time.monotonic()
    refuse_output("postprocess", output_dir, overwrite, [model_dir])
    opened = SavedModelDirectory(model_dir)
    data = dataset_of(opened)
    signature = opened.signature(encoder)

    def gaussian_encoder(images: np.ndarray) -> dict[str, np.ndarray]:
        outputs = signature(images=tf.constant(images, tf.float32))
        return {key: value.numpy() for key, value in outputs.items()}

    random_state = np.random.RandomState(random_seed)
    with stage_output("postprocess", output_dir, overwrite, [model_dir]) as partial:
        transform = postprocess_fn(data, gaussian_encoder, random_state, partial)
        if getattr(transform, "draws_from_gaussian", False):
            bindings = opened.bindings("train")
            refuse_other_than_gaussian(bindings, "sampled_representation", prior=False)
        with os_errors():
            write_hub_module(
                partial / "tfhub",
                {**opened.signatures, "representation": _representation(signature, transform)},
            )
        numbers = {"elapsed_time": time.monotonic() - started}
        results.update_result_directory(
            partial / "results", "postprocess", numbers, opened.results_dir
        )


def _representation(encoder: Callable, transform: Transform) -> Callable:
    images = encoder.structured_input_signature[1]["images"]
    images = tf.TensorSpec(images.shape, images.dtype, name="images")

    @tf.function(input_signature=[images], autograph=False)
    def representation(images: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = encoder(images=images)
        return {"default": transform(mean=outputs["mean"], logvar=outputs["logvar"])}

    return representation
