"""A data set as a tf.data pipeline, for `model.fit`; tfdis-train's own loop does not use it."""

from typing import Any

import tensorflow as tf

from tfdis.data.feeding import DeviceFeed, Draw
from tfdis.data.ground_truth import GroundTruthData
from tfdis.keys import step_key

_SLAB_STEPS = 16


def tf_dataset(
    data: GroundTruthData,
    batch_size: int,
    seed: int = 0,
    first_step: int = 0,
    draw: Draw | None = None,
) -> tf.data.Dataset:
    """The batches that tfdis-train draws, without end.

    Args:
        data: one of the library's data sets.
        batch_size: images per batch.
        seed: of the draws.
        first_step: the step that the first batch belongs to.
        draw: how batches are drawn; None: single images.

    Returns:
        A dataset of (images, factors): float32 in [0, 1], `[batch, height, width, channels]`, and
        int32 `[batch, num_factors]`; of images alone where the data has no factors. Where images
        come in groups, the images are a dictionary of "images" and "shared".
    """
    feed = data.feed(draw)

    def batch(slab: tuple[tf.Tensor, ...], position: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        inputs = feed.batch(slab, position, step_key(seed, step), batch_size)
        images = inputs.images
        if inputs.shared is not None:
            images = {"images": images, "shared": inputs.shared}
        return images if inputs.factors is None else (images, inputs.factors)

    if isinstance(feed, DeviceFeed):
        steps = tf.data.Dataset.range(first_step, tf.int32.max)
        dataset = steps.map(lambda step: batch((), tf.constant(0), step))
    else:
        drawn = tf.function(batch)

        def batches():
            for first in range(first_step, tf.int32.max, _SLAB_STEPS):
                slab = feed.slab(seed, first, _SLAB_STEPS, batch_size)
                for position in range(_SLAB_STEPS):
                    yield drawn(slab, tf.constant(position), tf.constant(first + position))

        slab = feed.slab(seed, first_step, 1, batch_size)
        example = drawn(slab, tf.constant(0), tf.constant(first_step))
        signature = tf.nest.map_structure(tf.TensorSpec.from_tensor, example)
        dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
    return _without_autotuning(dataset)


def dataset_of_groups(
    arrays: Any, group_size: int, batch_size: int, shuffle: bool
) -> tf.data.Dataset:
    """Arrays in batches of whole groups, once through.

    Args:
        arrays: an array, or tuples and dictionaries of arrays, of as many rows as whole groups.
        group_size: rows `k * group_size` to `(k + 1) * group_size - 1` are group k.
        batch_size: rows per batch, of whole groups.
        shuffle: the groups come in another order every time; the rows of a group never do.

    Returns:
        A dataset of trees like `arrays`.
    """
    with tf.device("CPU:0"):  # where the pipeline runs
        tensors = tf.nest.map_structure(tf.convert_to_tensor, arrays)
    num_groups = tf.nest.flatten(tensors)[0].shape[0] // group_size

    def rows_of(groups: tf.Tensor) -> Any:
        rows = tf.reshape(groups[:, None] * group_size + tf.range(group_size, dtype=tf.int64), [-1])
        return tf.nest.map_structure(lambda tensor: tf.gather(tensor, rows), tensors)

    dataset = tf.data.Dataset.range(num_groups)
    if shuffle:
        dataset = dataset.shuffle(num_groups)
    return _without_autotuning(dataset.batch(batch_size // group_size).map(rows_of))


def _without_autotuning(dataset: tf.data.Dataset) -> tf.data.Dataset:
    options = tf.data.Options()
    # With autotuning on, TensorFlow 2.21 can sleep for up to a minute when the iterator is deleted.
    options.autotune.enabled = False
    return dataset.with_options(options)
