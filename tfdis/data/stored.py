"""Images stored as bytes, in memory or memory-mapped, and the feed that suits them."""

import os

import numpy as np
import tensorflow as tf

from tfdis.data.feeding import DeviceFeed, Draw, Factors, SlabFeed, shares_memory, table_feed
from tfdis.data.sampling import configured_draw

# Memory for training besides the data: weights, activations and XLA's scratch, with a margin.
_WORKING_BYTES = 4 << 30


class StoredImages:
    """A part of a data set class: `images` and `feed` of an array in the order of the indices.

    Attributes:
        stored: uint8 `[num_images, height, width, channels]`, memory-mapped where it is large.
    """

    stored: np.ndarray

    def images(self, indices: np.ndarray) -> np.ndarray:
        """See `GroundTruthData.images`."""
        return np.asarray(self.stored[indices])

    def feed(self, draw: Draw | None = None) -> DeviceFeed | SlabFeed:
        """See `GroundTruthData.feed`."""
        factors = self.graph_factors if self.num_factors else None
        return stored_feed(self.stored, draw or configured_draw(self), factors)


def stored_feed(
    images: np.ndarray, draw: Draw, factors: Factors | None = None
) -> DeviceFeed | SlabFeed:
    """Feeds stored images from the device where they fit there, else in slabs.

    On the CPU, memory-mapped data stays mapped. Data larger than half of the memory is read in
    slabs, so that a thread waits for the disk and not the training step.

    Args:
        images: uint8, or float32 in [0, 1]; `[num_images, height, width, channels]`.
        draw: how images are drawn.
        factors: indices -> int32 `[batch, num_factors]`, or None.
    """
    if not isinstance(images, np.memmap) or _fits(images):
        try:
            return _table_beside_work(images, draw, factors)
        except tf.errors.ResourceExhaustedError:
            pass
    return SlabFeed(draw, lambda indices: np.asarray(images[indices]), factors)


def _table_beside_work(images: np.ndarray, draw: Draw, factors: Factors | None) -> DeviceFeed:
    feed = table_feed(images, draw, factors)
    if tf.config.list_physical_devices("GPU"):
        tf.zeros([_WORKING_BYTES], tf.uint8)  # fails where too little would be left
    return feed


def _fits(images: np.memmap) -> bool:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    return on_gpu or (shares_memory(images) and images.nbytes < memory / 2)
