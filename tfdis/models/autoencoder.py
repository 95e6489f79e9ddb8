"""The plain autoencoder, and the training step that every model here shares."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfdis.data.ground_truth import GroundTruthData
from tfdis.data.pipeline import tf_dataset
from tfdis.errors import UserError
from tfdis.keys import step_key, subkey
from tfdis.losses.reconstruction import Reconstruction
from tfdis.losses.term import AdversarialTerm, Batch, LossTerm
from tfdis.models.batches import Data, gathered, num_replicas, without_gradient

_NOISE_SALT = 0x5D5
_SECOND_SALT = 0x6D5
_TEST_SALT = 0x7D5


@keras.saving.register_keras_serializable("tfdis")
class Autoencoder(keras.Model):
    """An encoder, a decoder, and a loss that is a sum of terms.

    Here the encoder is deterministic: images -> codes `[batch, num_latents]`. `VAE` makes it a
    posterior; a conditional model adds labels. Where a term owns an adversary, the adversary is
    trained in the same step, on the same codes, by its own optimizer.

    Args:
        encoder: a built model from images `[batch, height, width, channels]`.
        decoder: a built model from codes `[batch, num_latents]` to logits of the images' shape.
        terms: the loss terms; exactly one of them is a `Reconstruction`. Their names are unique.
        num_images: the size of the data set, for terms that need it.
        seed: of all noise; the noise of an update is a function of (seed, update).

    Raises:
        UserError: there is no or more than one reconstruction, or two terms have one name.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        terms: Sequence[LossTerm],
        num_images: int | None = None,
        seed: int = 0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.encoder, self.decoder, self.terms = encoder, decoder, list(terms)
        self.num_images, self.seed = num_images, seed
        self.reconstruction = _the_reconstruction(self.terms)
        for term in self.terms:
            term.prepare(self.num_latents, num_images)
        self.trackers = {name: keras.metrics.Mean(name) for name in self.value_names}
        self.built = True

    @property
    def num_latents(self) -> int:
        """The number of latents."""
        return self.encoder.outputs[0].shape[-1]

    @property
    def observation_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        return tuple(self.decoder.outputs[0].shape[1:])

    @property
    def adversarial_terms(self) -> list[AdversarialTerm]:
        """The terms that own an adversary."""
        return [term for term in self.terms if isinstance(term, AdversarialTerm)]

    @property
    def value_names(self) -> list[str]:
        """What a step reports: the loss, the value of every term, and what terms tell beside."""
        reports = [name for term in self.terms for name in term.report_names]
        return ["loss", *(term.name for term in self.terms), *reports]

    @property
    def needs_second_batch(self) -> bool:
        """Whether a step takes two batches in one, because a term wants the codes of a second."""
        return any(term.needs_second_batch for term in self.terms)

    @property
    def own_variables(self) -> list[keras.Variable]:
        """What the model's optimizer trains: everything but the adversaries."""
        theirs = {
            id(variable)
            for term in self.adversarial_terms
            for variable in term.adversary.trainable_variables
        }
        return [variable for variable in self.trainable_variables if id(variable) not in theirs]

    @property
    def state(self) -> dict[str, list[keras.Variable]]:
        """All that a training changes, by the part that it belongs to."""
        parts = {"encoder": self.encoder, "decoder": self.decoder, "optimizer": self.optimizer}
        for term in self.adversarial_terms:
            parts[f"{term.name}_adversary"] = term.adversary
            parts[f"{term.name}_optimizer"] = term.optimizer
        return {name: part.variables for name, part in parts.items()}

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The epoch means of the loss and of every term, for `fit` and `evaluate`."""
        return list(self.trackers.values())

    def compile(
        self,
        optimizer: str | keras.optimizers.Optimizer = "adam",
        jit_compile: bool = False,
        **kwargs: Any,
    ) -> None:
        """As Keras' `compile`, but the loss is the model's own and XLA is off unless asked for."""
        super().compile(optimizer=optimizer, jit_compile=jit_compile, **kwargs)
        if not self.optimizer.built:
            self.optimizer.build(self.own_variables)

    def fit(
        self,
        x: Any = None,
        *arguments: Any,
        batch_size: int = 64,
        steps_per_epoch: int | None = None,
        **kwargs: Any,
    ) -> keras.callbacks.History:
        """As Keras' `fit`, and on a data set of this library too.

        Args:
            x: images (uint8, or floats in [0, 1]), a tf.data pipeline of batches of images or of
                (images, factors), or a `GroundTruthData`.
            *arguments: as in Keras.
            batch_size: images per update, for images and for a `GroundTruthData`.
            steps_per_epoch: updates per epoch; a `GroundTruthData` has by default as many as it
                takes to see as many images as there are.
            **kwargs: as in Keras.
        """
        if isinstance(x, GroundTruthData):
            steps_per_epoch = steps_per_epoch or max(1, x.num_images // batch_size)
            drawn = batch_size * (2 if self.needs_second_batch else 1)
            x = tf_dataset(x, drawn, self.seed, int(self.optimizer.iterations))
        if isinstance(x, tf.data.Dataset):
            batch_size, kwargs["shuffle"] = None, False
        return super().fit(
            x, *arguments, batch_size=batch_size, steps_per_epoch=steps_per_epoch, **kwargs
        )

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles a model that was loaded, as it was when it was saved."""
        self.compile(**keras.saving.deserialize_keras_object(config))

    def call(self, images: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Images to the logits of their reconstructions, without noise."""
        return self.decode(self.encode(images, training=training), training=training)

    def encode(self, images: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Images to codes, float32 `[batch, num_latents]`; of a posterior, the mean."""
        return self.encoder_outputs(images, training)[0]

    def encoder_outputs(
        self, images: tf.Tensor, training: bool | None = None
    ) -> tuple[tf.Tensor, ...]:
        """Images to the codes, float32 `[batch, num_latents]`; of a posterior, its parameters."""
        outputs = tf.nest.flatten(self.encoder(images, training=training))
        return tuple(tf.cast(output, tf.float32) for output in outputs)

    def decoder_input(self, images: tf.Tensor, z: tf.Tensor) -> tf.Tensor:
        """What the decoder takes for an image with this code: here the code itself."""
        del images
        return z

    def decode(self, z: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Codes to logits, float32 of the images' shape."""
        return tf.cast(self.decoder(z, training=training), tf.float32)

    def reconstruct(self, images: tf.Tensor) -> tf.Tensor:
        """Images to their reconstructions in [0, 1], without noise."""
        return self.reconstruction.pixels(self(images, training=False))

    def forward(self, data: Data, step: tf.Tensor, key: tf.Tensor, training: bool) -> Batch:
        """One batch on its way through the model, as the loss terms see it.

        Args:
            data: images and, where the data has them, factors.
            step: int64 scalar, the number of updates so far.
            key: int32 `[2]`, the seed of this batch's noise.
            training: as in Keras.
        """
        z = self.encode(data.images, training)
        logits = self.decode(z, training)
        return Batch(data.images, logits, z, posterior=None, prior=None, step=step, key=key)

    def second_codes(self, data: Data, key: tf.Tensor) -> tf.Tensor:
        """Codes of a second batch, for terms that compare with it."""
        del key
        return self.encode(data.images, training=True)

    def losses_of(self, batch: Batch) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """The objective; the unweighted value of every term and what it reports; all scalars."""
        whole = gathered(batch) if any(term.needs_whole_batch for term in self.terms) else batch
        values, reports = {}, {}
        for term in self.terms:
            seen = whole if term.needs_whole_batch else batch
            values[term.name], report = term.value_and_report(seen)
            reports.update(report)
        loss = tf.add_n([term.weight_at(batch.step) * values[term.name] for term in self.terms])
        return loss, {**values, **reports}

    def update(self, data: Data) -> dict[str, tf.Tensor]:
        """One update of the model and of its adversaries.

        Args:
            data: one batch; two in one where `needs_second_batch`.

        Returns:
            "loss" and the unweighted value of every term before the update, by name; scalars.
        """
        step = tf.convert_to_tensor(self.optimizer.iterations)
        key = step_key(self.seed, step)
        data, second = data.halves() if self.needs_second_batch else (data, None)
        with tf.GradientTape() as tape:
            batch = self.forward(data, step, subkey(key, _NOISE_SALT), training=True)
            loss, values = self.losses_of(batch)
            scaled = self.optimizer.scale_loss(loss / num_replicas())
        gradients = tape.gradient(scaled, self.own_variables)
        self._update_adversaries(batch, second, key)
        self.optimizer.apply(gradients, self.own_variables)
        return {"loss": loss, **values}

    def _update_adversaries(self, batch: Batch, second: Data | None, key: tf.Tensor) -> None:
        if not self.adversarial_terms:
            return
        second_z = None if second is None else self.second_codes(second, subkey(key, _SECOND_SALT))
        batch = without_gradient(batch, second_z)
        whole = gathered(batch)
        for term in self.adversarial_terms:
            variables = term.adversary.trainable_variables
            for _ in range(term.num_updates):
                with tf.GradientTape() as tape:
                    loss = term.adversary_loss(whole if term.needs_whole_batch else batch)
                    loss /= num_replicas()
                term.optimizer.apply(tape.gradient(loss, variables), variables)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One update, for `fit`; returns the epoch means so far."""
        return self._track(self.update(Data.of(data)))

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """The losses of one batch, for `evaluate`; returns the means so far."""
        count = tf.cast(self.trackers["loss"].count, tf.int32)
        key = subkey(step_key(self.seed, count), _TEST_SALT)
        return self._track(self.test_losses(Data.of(data), key))

    def test_losses(self, data: Data, key: tf.Tensor) -> dict[str, tf.Tensor]:
        """The values of `update` for one batch, without an update."""
        step = tf.convert_to_tensor(self.optimizer.iterations)
        loss, values = self.losses_of(self.forward(data, step, key, training=False))
        return {"loss": loss, **values}

    def _track(self, values: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        for name, value in values.items():
            self.trackers[name].update_state(value)
        return {name: tracker.result() for name, tracker in self.trackers.items()}

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this model again."""
        serialize = keras.saving.serialize_keras_object
        return {
            "encoder": serialize(self.encoder),
            "decoder": serialize(self.decoder),
            "terms": [serialize(term) for term in self.terms],
            "num_images": self.num_images,
            "seed": self.seed,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "Autoencoder":
        """The model of a `get_config`."""
        deserialize = keras.saving.deserialize_keras_object
        return cls(
            **{
                **config,
                "encoder": deserialize(config["encoder"], custom_objects),
                "decoder": deserialize(config["decoder"], custom_objects),
                "terms": [deserialize(term, custom_objects) for term in config["terms"]],
            }
        )


def _the_reconstruction(terms: Sequence[LossTerm]) -> Reconstruction:
    names = [term.name for term in terms]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UserError(f"Loss terms need names of their own: {', '.join(repeated)} is used twice.")
    found = [term for term in terms if isinstance(term, Reconstruction)]
    if len(found) != 1:
        raise UserError(
            f"A model needs one reconstruction term, such as @reconstruction_loss(): {len(found)} "
            f"among {', '.join(names) or 'no terms'}."
        )
    return found[0]
