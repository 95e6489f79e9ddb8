"""Runs disentanglement_lib's own networks (TF1 graphs), for test_against_dlib.

Usage: python run_dlib_networks.py DLIB_PATH INPUTS.npz OUTPUTS.npz
"""

import os
import sys
import types

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

dlib_path, inputs_path, outputs_path = sys.argv[1:]
sys.path.insert(0, dlib_path)

gin = types.ModuleType("gin")
gin.tf = types.ModuleType("gin.tf")
gin.configurable = lambda name, **kwargs: lambda function: function
gin.REQUIRED = None
sys.modules.update({"gin": gin, "gin.tf": gin.tf})

import numpy as np  # noqa: E402
import tensorflow.compat.v1 as tf  # noqa: E402
from disentanglement_lib.methods.shared import architectures  # noqa: E402

tf.disable_v2_behavior()
inputs = np.load(inputs_path)
outputs = {}
NAMES = (
    "conv_encoder",
    "fc_encoder",
    "test_encoder",
    "deconv_decoder",
    "fc_decoder",
    "test_decoder",
)
for name in NAMES:
    with tf.Graph().as_default(), tf.Session() as session:
        encodes = name.endswith("encoder")
        x = inputs["images" if encodes else "codes"]
        if encodes:
            result = getattr(architectures, name)(tf.constant(x), num_latent=5, is_training=True)
        else:
            shape = list(inputs["images"].shape[1:])
            result = [getattr(architectures, name)(tf.constant(x), shape, is_training=True)]
        session.run(tf.global_variables_initializer())
        for number, value in enumerate(session.run(list(result))):
            outputs[f"{name}/output_{number}"] = value
        for number, value in enumerate(session.run(tf.trainable_variables())):
            outputs[f"{name}/weight_{number}"] = value
with tf.Graph().as_default(), tf.Session() as session:
    logits, _ = architectures.fc_discriminator(tf.constant(inputs["codes"]))
    session.run(tf.global_variables_initializer())
    outputs["fc_discriminator/output_0"] = session.run(logits)
    for number, value in enumerate(session.run(tf.trainable_variables())):
        outputs[f"fc_discriminator/weight_{number}"] = value
np.savez(outputs_path, **outputs)
