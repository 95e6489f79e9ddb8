"""What goes into a training step, and how a batch that is spread over replicas is seen whole."""

import dataclasses
from typing import Any, NamedTuple

import tensorflow as tf

from tfdis.data.feeding import to_unit
from tfdis.distributions import diagonal_gaussian, log_variance
from tfdis.errors import UserError
from tfdis.keys import normal
from tfdis.losses.term import Batch


class Data(NamedTuple):
    """A batch as the data gives it.

    Attributes:
        images: float32 in [0, 1], `[batch, height, width, channels]`.
        factors: int32 `[batch, num_factors]`, or None.
    """

    images: tf.Tensor
    factors: tf.Tensor | None = None

    @classmethod
    def of(cls, data: Any) -> "Data":
        """From what `fit` passes: images (uint8, or floats in [0, 1]), or (images, factors).

        Raises:
            UserError: the images are not `[batch, height, width, channels]`.
        """
        images, factors = (*data, None)[:2] if isinstance(data, tuple | list) else (data, None)
        if images.shape.rank != 4:
            raise UserError(
                f"Images have the shape {images.shape}: expected [batch, height, width, channels]."
            )
        return cls(to_unit(images), factors)

    def halves(self) -> tuple["Data", "Data"]:
        """Two batches from one of an even size.

        Raises:
            UserError: the size is known and odd.
        """
        size = self.images.shape[0]
        if size is not None and size % 2:
            raise UserError(
                f"A term with second_batch splits a batch in two: its size is {size}, expected an "
                "even one."
            )
        parts = [(None, None) if part is None else tf.split(part, 2, axis=0) for part in self]
        return Data(*(part[0] for part in parts)), Data(*(part[1] for part in parts))


def num_replicas() -> int:
    """Over how many replicas a batch is spread."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def noise_like(codes: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
    """Standard normal noise of the shape of `codes`; over replicas, each its rows of one draw."""
    size = tf.shape(codes)[0]
    if num_replicas() == 1:
        return normal(tf.shape(codes), key)
    whole = normal([size * num_replicas(), codes.shape[1]], key)
    first = size * tf.distribute.get_replica_context().replica_id_in_sync_group
    return whole[first : first + size]


def gathered(batch: Batch) -> Batch:
    """The batch with the codes and the posterior of all replicas; its images stay."""
    if num_replicas() == 1:
        return batch

    def gather(tensor: tf.Tensor | None) -> tf.Tensor | None:
        context = tf.distribute.get_replica_context()
        return None if tensor is None else context.all_gather(tensor, axis=0)

    posterior = batch.posterior
    if posterior is not None:
        posterior = diagonal_gaussian(gather(posterior.mean()), gather(log_variance(posterior)))
    return dataclasses.replace(
        batch,
        z=gather(batch.z),
        posterior=posterior,
        second_z=gather(batch.second_z),
        labels=gather(batch.labels),
    )


def without_gradient(batch: Batch, second_z: tf.Tensor | None) -> Batch:
    """The batch as an adversary sees it: its gradient does not reach the model."""
    posterior = batch.posterior
    if posterior is not None:
        parameters = posterior.mean(), log_variance(posterior)
        posterior = diagonal_gaussian(*map(tf.stop_gradient, parameters))
    return dataclasses.replace(
        batch,
        z=tf.stop_gradient(batch.z),
        logits=tf.stop_gradient(batch.logits),
        posterior=posterior,
        decoded=None,
        second_z=None if second_z is None else tf.stop_gradient(second_z),
    )
