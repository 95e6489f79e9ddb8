"""What the label losses share: several multi-class labels side by side in one vector.

Labels and logits are `[batch, sum of class_counts]`, one group of columns after the other.
"""

from collections.abc import Sequence

import tensorflow as tf


def label_probabilities(logits: tf.Tensor, class_counts: Sequence[int]) -> tf.Tensor:
    """The softmax of each group of logits: a soft label, of the shape of `logits`."""
    groups = tf.split(logits, list(class_counts), axis=-1)
    return tf.concat([tf.nn.softmax(group) for group in groups], axis=-1)


def label_cross_entropy(
    logits: tf.Tensor,
    labels: tf.Tensor,
    class_counts: Sequence[int],
    class_weights: Sequence[float] | None = None,
) -> tf.Tensor:
    """The mean cross-entropy in nats, summed over the groups; a scalar.

    Args:
        logits: `[batch, width]`.
        labels: one-hot or soft, `[batch, width]`.
        class_counts: the number of columns of each group; their sum is the width.
        class_weights: how much an image counts in a group, by its class there, `[width]`; None: all
            the same.
    """
    weights = tf.ones(sum(class_counts)) if class_weights is None else tf.constant(class_weights)
    total = 0.0
    for logits_, labels_, weights_ in zip(
        *(tf.split(each, list(class_counts), axis=-1) for each in (logits, labels, weights))
    ):
        entropies = tf.nn.softmax_cross_entropy_with_logits(labels_, logits_)
        counts = tf.linalg.matvec(labels_, weights_)
        total += tf.math.divide_no_nan(tf.reduce_sum(counts * entropies), tf.reduce_sum(counts))
    return total


def label_accuracy(logits: tf.Tensor, labels: tf.Tensor, class_counts: Sequence[int]) -> tf.Tensor:
    """How often the most likely class is the label's; the mean over groups and batch, a scalar."""
    hits = [
        tf.reduce_mean(tf.cast(tf.argmax(logits_, -1) == tf.argmax(labels_, -1), tf.float32))
        for logits_, labels_ in zip(
            *(tf.split(each, list(class_counts), axis=-1) for each in (logits, labels))
        )
    ]
    return tf.add_n(hits) / len(hits)
