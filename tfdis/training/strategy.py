"""Spreading the batches of one model over several devices."""

from collections.abc import Sequence

import tensorflow as tf

from tfdis.config import configurable
from tfdis.errors import UserError


@configurable("mirrored_strategy")
def mirrored_strategy(devices: Sequence[str] | None = None) -> tf.distribute.Strategy:
    """Copies of the model on several devices of this machine, each with a part of every batch.

    Args:
        devices: such as `["GPU:0", "GPU:1"]`; None: all GPUs, or the CPU.

    Raises:
        UserError: there is no such device.
    """
    there = [device.name.removeprefix("/device:") for device in tf.config.list_logical_devices()]
    for device in devices or ():
        if device not in there:
            raise UserError(
                f"mirrored_strategy.devices names {device}, but there are {', '.join(there)}."
            )
    on_cpu = devices is not None and all("CPU" in device for device in devices)
    # Two collective operations of TensorFlow fail on the CPU.
    operations = tf.distribute.ReductionToOneDevice() if on_cpu else None
    return tf.distribute.MirroredStrategy(devices, cross_device_ops=operations)


@configurable("multi_worker_mirrored_strategy")
def multi_worker_mirrored_strategy() -> tf.distribute.Strategy:
    """Refused: Keras 3 does not train over several machines with TensorFlow (its issue 20585).

    Raises:
        UserError: always.
    """
    raise UserError(
        "multi_worker_mirrored_strategy does not work with Keras 3 on TensorFlow: use "
        "@mirrored_strategy() on one machine, or train different models on different machines "
        "with tfdis-sweep --launcher=ray."
    )
