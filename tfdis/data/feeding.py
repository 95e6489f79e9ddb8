"""How batches reach the compiled training step.

All randomness of a batch is keyed by (seed, step). The whole state of a run is then its weights,
its optimizers and its step, and a resumed run, a replica and a rerun agree by construction. The
loop has no tf.data iterator.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
import tensorflow as tf

from tfdis.batch import Inputs, to_unit
from tfdis.keys import Salt, bits, step_key, subkey, uniform

Slab = tuple[tf.Tensor, ...]
Factors = Callable[[tf.Tensor], tf.Tensor]

_ALIGNMENT = 64  # bytes; TensorFlow's kernels require it of a tensor's memory


class Feed(Protocol):
    """Gives the batch of a step, inside the graph.

    Attributes:
        draw: how images are drawn.
    """

    draw: "Draw"

    def slab(self, seed: int, first_step: int, num_steps: int, batch_size: int) -> Slab:
        """What the host prepares for `num_steps` steps; `()` where the device has everything.

        Args:
            seed: the run's seed.
            first_step: the step of the slab's position 0.
            num_steps: how many steps the slab serves.
            batch_size: images per step.
        """

    def batch(self, slab: Slab, position: tf.Tensor, key: tf.Tensor, batch_size: int) -> Inputs:
        """The batch of one step, in the graph.

        Args:
            slab: the result of `slab`.
            position: the step's place in the slab.
            key: `tfdis.keys.step_key(seed, step)`.
            batch_size: as for `slab`.
        """

    def drawing(self, draw: "Draw") -> "Feed":
        """A feed of the same data with another draw; the data stays in memory once."""


class Draw(Protocol):
    """Draws the indices of a batch, keyed by (seed, step), one by one or in groups.

    Attributes:
        group_size: how many images in a row belong together; a batch is a multiple of it.
    """

    group_size: int = 1

    def __call__(self, key: tf.Tensor, batch_size: int) -> tf.Tensor:
        """The indices of the batch of this key, int32 `[batch]`."""

    def shared(self, key: tf.Tensor, batch_size: int) -> tf.Tensor | None:
        """The factors that the images of each group share; see `Inputs.shared`."""
        return None


class IndependentDraw(Draw):
    """Draws indices with replacement.

    Args:
        num_images: indices lie in [0, num_images).
        weights: relative frequency of each image, `[num_images]`; None: all the same. 0 leaves an
            image out. Images of equal weight form a group; a group is drawn, then one of its
            images, so that the cost of a draw follows the number of different weights.
    """

    def __init__(self, num_images: int, weights: np.ndarray | None = None) -> None:
        self.num_images = num_images
        self._order = None
        if weights is None:
            return
        values, group = np.unique(weights, return_inverse=True)
        counts = np.bincount(group, minlength=len(values))
        order = np.argsort(group, kind="stable")[counts[values == 0].sum() :]
        counts, values = counts[values > 0], values[values > 0]
        cumulative = np.cumsum(counts * values, dtype=np.float64)
        # Eager tensors: a graph captures them by reference, whatever their size.
        self._order = tf.constant(order.astype(np.int32))
        self._starts = tf.constant(np.cumsum(counts) - counts, tf.int64)
        self._counts = tf.constant(counts, tf.int64)
        self._bounds = tf.constant((cumulative / cumulative[-1])[:-1], tf.float32)

    def __call__(self, key: tf.Tensor, batch_size: int) -> tf.Tensor:
        """The indices of the batch of this key, int32 `[batch]`."""
        key = subkey(key, Salt.INDICES)
        if self._order is None:
            return tf.random.stateless_uniform(
                [batch_size], key, 0, self.num_images, tf.int32, alg="philox"
            )
        group = tf.searchsorted(self._bounds, uniform([batch_size], key), side="right")
        drawn = bits([batch_size], subkey(key, Salt.SECOND))
        within = tf.cast(drawn, tf.int64) % tf.gather(self._counts, group)
        return tf.gather(self._order, tf.gather(self._starts, group) + within)


class DeviceFeed:
    """A feed whose data lives on the device: stored there, or rendered there.

    Args:
        draw: gives the indices of a batch.
        pixels: (indices, key) -> images, uint8 or float32 in [0, 1]; the key is for randomness
            beyond the index.
        factors: indices -> int32 `[batch, num_factors]`, or None.
    """

    def __init__(
        self,
        draw: Draw,
        pixels: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
        factors: Factors | None = None,
    ) -> None:
        self.draw, self._pixels, self._factors = draw, pixels, factors

    def drawing(self, draw: Draw) -> "DeviceFeed":
        """See `Feed.drawing`."""
        return DeviceFeed(draw, self._pixels, self._factors)

    def slab(self, seed: int, first_step: int, num_steps: int, batch_size: int) -> Slab:
        """Nothing: the device has everything."""
        del seed, first_step, num_steps, batch_size
        return ()

    def batch(self, slab: Slab, position: tf.Tensor, key: tf.Tensor, batch_size: int) -> Inputs:
        """See `Feed.batch`."""
        del slab, position
        indices = self.draw(key, batch_size)
        images = self._pixels(indices, subkey(key, Salt.NUISANCE))
        return _inputs(images, indices, self.draw, self._factors, key)


class SlabFeed:
    """A feed whose images the host gathers, for data that is memory-mapped or too large.

    While the device works on one slab, a thread gathers the one that would follow.

    Args:
        draw: gives the indices of a batch; the same as a `DeviceFeed` would draw.
        gather: indices -> images, uint8 or float32 in [0, 1], on the host.
        factors: indices -> int32 `[batch, num_factors]`, in the graph; or None.
        finish: (images, key) -> images, in the graph, for randomness beyond the index.
    """

    def __init__(
        self,
        draw: Draw,
        gather: Callable[[np.ndarray], np.ndarray],
        factors: Factors | None = None,
        finish: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None = None,
    ) -> None:
        self.draw, self._gather, self._factors, self._finish = draw, gather, factors, finish
        self._indices = tf.function(self._draw_steps, autograph=False)
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._ahead: tuple[tuple[int, ...], Future] | None = None

    def drawing(self, draw: Draw) -> "SlabFeed":
        """See `Feed.drawing`."""
        return SlabFeed(draw, self._gather, self._factors, self._finish)

    def slab(self, seed: int, first_step: int, num_steps: int, batch_size: int) -> Slab:
        """The images `[num_steps, batch, ...]` and indices `[num_steps, batch]` of these steps."""
        wanted = (seed, first_step, num_steps, batch_size)
        ahead, self._ahead = self._ahead, None
        slab = ahead[1].result() if ahead and ahead[0] == wanted else self._read(*wanted)
        following = (seed, first_step + num_steps, num_steps, batch_size)
        self._ahead = following, self._thread.submit(self._read, *following)
        return slab

    def batch(self, slab: Slab, position: tf.Tensor, key: tf.Tensor, batch_size: int) -> Inputs:
        """See `Feed.batch`."""
        del batch_size
        images, indices = (tf.gather(part, position) for part in slab)
        if self._finish is not None:
            images = self._finish(images, subkey(key, Salt.NUISANCE))
        return _inputs(images, indices, self.draw, self._factors, key)

    def _read(self, seed: int, first_step: int, num_steps: int, batch_size: int) -> Slab:
        with tf.device("CPU:0"):
            # Tensors, so that another length of a slab is not traced again.
            first, count = tf.constant(first_step), tf.constant(num_steps)
            indices = self._indices(tf.constant(seed), first, count, batch_size)
            flat = indices.numpy().ravel()
            # In the order of the file, so that reads are sequential and each page is read once.
            order = np.argsort(flat)
            images = np.empty_like(sorted_images := self._gather(flat[order]))
            images[order] = sorted_images
            images = tf.constant(images.reshape(num_steps, batch_size, *images.shape[1:]))
        return images, indices

    def _draw_steps(
        self, seed: tf.Tensor, first_step: tf.Tensor, num_steps: tf.Tensor, batch_size: int
    ) -> tf.Tensor:
        return tf.map_fn(
            lambda step: self.draw(step_key(seed, step), batch_size),
            tf.range(first_step, first_step + num_steps),
            fn_output_signature=tf.TensorSpec([batch_size], tf.int32),
        )


def table_feed(images: np.ndarray, draw: Draw, factors: Factors | None = None) -> DeviceFeed:
    """A feed over images kept on the device as they are stored, uint8 or float32 in [0, 1]."""
    table = device_table(images)
    return DeviceFeed(draw, lambda indices, _: tf.gather(table, indices), factors)


def device_table(array: np.ndarray) -> tf.Tensor:
    """An array on the device, as an eager tensor: a graph captures it by reference, at any size.

    On the CPU, a memory-mapped array is used in place: pages are read on access, and they belong to
    the file, not to the process.
    """
    if not shares_memory(array):
        return tf.constant(array)
    if hasattr(os, "posix_fadvise"):
        threading.Thread(target=_read_ahead, args=[array.filename], daemon=True).start()
    mapped = tf.experimental.dlpack.from_dlpack(np.asarray(array).__dlpack__())
    if not tf.config.list_physical_devices("GPU"):
        return mapped
    with tf.device("GPU:0"):
        return tf.identity(mapped)


def _read_ahead(path: str) -> None:
    """Has the system cache a file, so that random reads do not wait for the disk."""
    with Path(path).open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)


def shares_memory(array: np.ndarray) -> bool:
    """Whether TensorFlow can use a mapped array's memory; DLPack refuses read-only arrays."""
    aligned = array.ctypes.data % _ALIGNMENT == 0 and array.flags.c_contiguous
    return isinstance(array, np.memmap) and array.flags.writeable and aligned


def _inputs(
    images: tf.Tensor, indices: tf.Tensor, draw: "Draw", factors: Factors | None, key: tf.Tensor
) -> Inputs:
    return Inputs(
        to_unit(images),
        factors=None if factors is None else factors(indices),
        shared=draw.shared(key, indices.shape[0]),
        group_size=draw.group_size,
    )


def unravel(indices: tf.Tensor, sizes: list[int]) -> tf.Tensor:
    """`np.unravel_index` in the graph: int32 `[batch, len(sizes)]`, the last varies fastest."""
    strides = np.cumprod([1, *sizes[:0:-1]])[::-1].astype(np.int32)
    return indices[:, None] // strides.copy() % np.asarray(sizes, np.int32)


def ravel(rows: tf.Tensor, sizes: list[int]) -> tf.Tensor:
    """`np.ravel_multi_index` in the graph: the inverse of `unravel`, int32 `[batch]`."""
    strides = np.cumprod([1, *sizes[:0:-1]])[::-1].astype(np.int32)
    return tf.reduce_sum(tf.cast(rows, tf.int32) * strides.copy(), axis=1)


def unpack_bits(packed: tf.Tensor) -> tf.Tensor:
    """`np.unpackbits(..., bitorder="little")` of the last axis in the graph, to 0.0 and 1.0.

    Args:
        packed: uint8 `[..., bytes]`.

    Returns:
        float32, `[..., 8 * bytes]`.
    """
    every_byte = np.arange(256, dtype=np.uint8)[:, None]
    bits = np.unpackbits(every_byte, axis=1, bitorder="little").astype(np.float32)
    unpacked = tf.gather(tf.constant(bits), tf.cast(packed, tf.int32))
    return tf.reshape(unpacked, [*packed.shape[:-1], 8 * packed.shape[-1]])
