"""What goes into a model and what comes out of it, by name; both are trees of tensors."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from tfdis.errors import UserError

NO_WEIGHTS = (
    "The loss terms take every image alike: leave out sample_weight and class_weight, or draw the "
    "images that count more more often."
)
# What rounding leaves above 1, of images that were scaled or resized.
_SLACK = 1e-6


@dataclasses.dataclass(frozen=True)
class Inputs:
    """One batch as the data gives it.

    Attributes:
        images: float32 in [0, 1], `[batch, height, width, channels]`.
        factors: int32 `[batch, num_factors]`, or None where the data has none.
        labels: float32 `[batch, width]`, what a conditional model conditions on; or None.
        shared: bool `[batch, num_factors]`, the factors that all images of a group have in common,
            the same in every row of the group; None where that is unknown.
        group_size: rows `k * group_size` to `(k + 1) * group_size - 1` are group k; 1: no groups.
    """

    images: tf.Tensor
    factors: tf.Tensor | None = None
    labels: tf.Tensor | None = None
    shared: tf.Tensor | None = None
    group_size: int = 1

    @classmethod
    def of(cls, data: Any, group_size: int = 1) -> "Inputs":
        """From what `fit` passes.

        Args:
            data: images (uint8, or floats in [0, 1]), a pair (images, factors), a dictionary of the
                fields of this class, or a pair of such a dictionary and factors.
            group_size: see the class.

        Raises:
            UserError: the images are not `[batch, height, width, channels]`, or of a type that
                images do not have; a name is unknown; or the images have weights.
        """
        if isinstance(data, Inputs):
            return data
        parts = data if isinstance(data, tuple | list) else (data,)
        first, factors, weights = (*parts, None, None)[:3]
        if weights is not None:
            raise UserError(NO_WEIGHTS)
        fields = dict(first) if isinstance(first, Mapping) else {"images": first}
        names = {field.name for field in dataclasses.fields(cls)}
        if "images" not in fields or not fields.keys() <= names:
            raise UserError(
                f"A batch has the parts {', '.join(fields)}: expected images and, where there are "
                f"any, {', '.join(sorted(names - {'images'}))}."
            )
        if factors is not None:
            fields["factors"] = factors
        images = tf.convert_to_tensor(fields["images"])
        if images.shape.rank != 4:
            raise UserError(
                f"Images have the shape {images.shape}: expected [batch, height, width, channels]."
            )
        return cls(**{"group_size": group_size, **fields, "images": to_unit(images)})

    def halves(self) -> tuple["Inputs", "Inputs"]:
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
        one, other = (
            map_tensors(lambda tensor, part=part: tf.split(tensor, 2, axis=0)[part], self)
            for part in (0, 1)
        )
        return one, other


@dataclasses.dataclass(frozen=True)
class Outputs:
    """What a model makes of a batch, and what every loss term sees.

    Attributes:
        inputs: the batch; a conditional model fills in its labels.
        z: the codes that were decoded, `[batch, num_latents]`.
        logits: what the decoder makes of `z`, of the images' shape; None without a decoder.
        step: int64 scalar, the number of updates so far.
        key: int32 `[2]`, the seed of all noise of this step.
        posterior: the distribution that `z` was drawn from; None in a deterministic autoencoder.
        prior: the distribution that the posterior is compared with; None likewise.
        extras: whatever else a model computes, by name; see `__getitem__`.
    """

    inputs: Inputs
    z: tf.Tensor | None
    logits: tf.Tensor | None
    step: tf.Tensor = dataclasses.field(metadata={"rows": False})
    key: tf.Tensor = dataclasses.field(metadata={"rows": False})
    posterior: tfp.distributions.Distribution | None = None
    prior: tfp.distributions.Distribution | None = None
    extras: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        """What the model adds under this name.

        Raises:
            UserError: it adds no such thing; names what it adds.
        """
        if name not in self.extras:
            raise UserError(
                f"The model gives no '{name}': it adds {', '.join(self.extras) or 'nothing'}."
            )
        return self.extras[name]

    def adding(self, **extras: Any) -> "Outputs":
        """The same with more extras."""
        return dataclasses.replace(self, extras={**self.extras, **extras})


def map_tensors(function: Callable[[tf.Tensor], tf.Tensor], tree: Any) -> Any:
    """Applies a function to every tensor of a tree.

    Args:
        function: from a tensor to a tensor.
        tree: tensors, and tuples, lists, dictionaries, dataclasses and tfp distributions of them;
            anything else (None, a number) is left as it is.

    Returns:
        A tree of the same structure.
    """
    if isinstance(tree, tf.Tensor | tf.Variable):
        return function(tree)
    if isinstance(tree, tfp.distributions.Distribution):
        return tf.nest.map_structure(function, tree, expand_composites=True)
    if dataclasses.is_dataclass(tree):
        fields = {field.name: getattr(tree, field.name) for field in dataclasses.fields(tree)}
        changed = {name: map_tensors(function, part) for name, part in fields.items()}
        return dataclasses.replace(tree, **changed)
    if isinstance(tree, Mapping):
        return {name: map_tensors(function, part) for name, part in tree.items()}
    if isinstance(tree, tuple | list):
        parts = [map_tensors(function, part) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    return tree


class Gathered:
    """A batch that is spread over replicas, seen as a whole; each part is gathered on access.

    Args:
        part: a dataclass of trees whose tensors have one row per image, but for fields that say
            `metadata={"rows": False}` and distributions without a batch, which stay.
    """

    def __init__(self, part: Any):
        self._part, self._gathered = part, {}
        self._same = {f.name for f in dataclasses.fields(part) if not f.metadata.get("rows", True)}

    def __getattr__(self, name: str) -> Any:
        """The attribute of the whole batch."""
        if name not in self._gathered:
            value = getattr(self._part, name)
            self._gathered[name] = value if name in self._same else self._whole(value)
        return self._gathered[name]

    def __getitem__(self, name: str) -> Any:
        """See `Outputs.__getitem__`."""
        key = f"[{name}]"
        if key not in self._gathered:
            self._gathered[key] = self._whole(self._part[name])
        return self._gathered[key]

    def _whole(self, value: Any) -> Any:
        if dataclasses.is_dataclass(value):
            return Gathered(value)
        if isinstance(value, tfp.distributions.Distribution) and value.batch_shape.rank == 0:
            return value
        return map_tensors(_all_gather, value)


def gathered(outputs: Outputs) -> Outputs | Gathered:
    """The batch of all replicas, for terms that are not a mean over images."""
    return outputs if num_replicas() == 1 else Gathered(outputs)


def _all_gather(tensor: tf.Tensor) -> tf.Tensor:
    if tensor.shape.rank == 0:
        return tensor
    return tf.distribute.get_replica_context().all_gather(tensor, axis=0)


def num_replicas() -> int:
    """The number of replicas that a batch is spread over."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def own_rows(size: tf.Tensor) -> tf.Tensor:
    """Where this replica's rows are in the whole batch, `[size]`.

    Args:
        size: how many rows each replica has, a scalar of an integer type.
    """
    if num_replicas() == 1:
        return tf.range(size)
    replica = tf.distribute.get_replica_context().replica_id_in_sync_group
    return tf.cast(replica, size.dtype) * size + tf.range(size)


def to_unit(images: tf.Tensor) -> tf.Tensor:
    """Images as float32 in [0, 1], from uint8 or from floats that are so already.

    Raises:
        UserError: they are other integers, of which nobody knows what is white.
    """
    if images.dtype == tf.uint8:
        return tf.cast(images, tf.float32) / 255.0
    if images.dtype.is_integer:
        raise UserError(_not_images(images.dtype.name))
    return tf.cast(images, tf.float32)


def refuse_other_pixels(images: np.ndarray) -> None:
    """Refuses arrays whose numbers are not those of images.

    Raises:
        UserError: they are neither uint8 nor floats, or these do not lie in [0, 1].
    """
    if images.dtype == np.uint8 or not images.size:
        return
    if not np.issubdtype(images.dtype, np.floating):
        raise UserError(_not_images(images.dtype))
    low, high = float(np.min(images)), float(np.max(images))
    if not (low >= -_SLACK and high <= 1 + _SLACK):
        raise UserError(
            f"Images of floats have to lie in [0, 1], and these range from {low:g} to {high:g}: "
            "scale them first."
        )


def _not_images(dtype: Any) -> str:
    return f"Images have to be uint8 or floats in [0, 1], not {dtype}: convert them first."
