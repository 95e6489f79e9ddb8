"""Keys of randomness: all randomness of a step is a function of (seed, step).

The whole state of a run is then its weights, its optimizers and its step; a resumed run, a replica
and a rerun agree by construction.
"""

import enum

import tensorflow as tf


@enum.unique
class Salt(enum.IntEnum):
    """What a key is used for; folded into it, so that no two uses share their randomness.

    FIRST, SECOND and THIRD separate the draws of one use. Where there is a draw for each of
    several things of a kind, such as the factors of a data set, the salt is the thing's number.
    """

    FIRST = 0
    SECOND = 1
    THIRD = 2
    INDICES = 0x1D5
    NUISANCE = 0x2D5
    PRIOR_DRAWS = 0x3D5
    PERMUTATION = 0x4D5
    POSTERIOR = 0x5D5
    SECOND_POSTERIOR = 0x6D5
    TEST = 0x7D5
    EVALUATION = 0x8D5
    GROUPS = 0x9D5
    DIRECTIONS = 0xAD5


def step_key(seed: int | tf.Tensor, step: int | tf.Tensor) -> tf.Tensor:
    """The key of one step's randomness, int32 `[2]`; works in and out of a graph."""
    return tf.stack([tf.cast(seed, tf.int32), tf.cast(step, tf.int32)])


def subkey(key: tf.Tensor, salt: int | tf.Tensor) -> tf.Tensor:
    """A key for one of several independent uses of `key`."""
    return tf.random.experimental.stateless_fold_in(key, salt, alg="philox")


def bits(shape: list[int] | tf.Tensor, key: tf.Tensor) -> tf.Tensor:
    """32 random bits each, uint32; the same with XLA and without."""
    return tf.random.stateless_uniform(shape, key, None, None, tf.uint32, alg="philox")


def uniform(shape: list[int] | tf.Tensor, key: tf.Tensor) -> tf.Tensor:
    """Uniform draws in (0, 1), float32: the middles of 2^23 equal parts.

    Made of whole numbers, since TensorFlow and XLA make other floats of the same random bits.
    """
    parts = tf.bitwise.right_shift(bits(shape, key), tf.constant(9, tf.uint32))
    return (tf.cast(parts, tf.float32) + 0.5) * 2.0**-23


def normal(shape: list[int] | tf.Tensor, key: tf.Tensor) -> tf.Tensor:
    """Standard normal draws, float32; with XLA the same but for rounding."""
    return tf.math.ndtri(uniform(shape, key))
