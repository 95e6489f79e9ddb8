"""A loss term that owns a network beside the model."""

from typing import Annotated, ClassVar, Literal

import keras
import tensorflow as tf
from annotated_types import Ge

from tfdis.architectures.discriminators import fc_discriminator
from tfdis.batch import Outputs
from tfdis.losses.term import LossTerm


class AdversarialTerm(LossTerm):
    """A term that owns a network beside the model, with a loss and an optimizer of its own.

    Attributes:
        adversary: the network; the model's own optimizer never touches it. None: `prepare` makes
            FactorVAE's discriminator of codes.
        optimizer: what trains it on `adversary_loss`; None: Adam with FactorVAE's settings.
        num_updates: how often it is trained on each batch.
        order: "together": the adversary learns from the same codes and networks as the model, as in
            disentanglement_lib; "model_first": after the model's update, codes of a second batch
            being those of the updated model, as in algorithm 2 of Kim and Mnih (2018).
        num_classes: of the logits of a discriminator that `prepare` makes.
        of_codes: the adversary looks at codes alone, as gin's `discriminator` does.
    """

    num_classes: ClassVar[int] = 2
    of_codes: ClassVar[bool] = True

    adversary: keras.Model | None = None
    optimizer: keras.optimizers.Optimizer | None = None
    num_updates: Annotated[int, Ge(1)] = 1
    order: Literal["together", "model_first"] = "together"

    def prepare(self, num_latents: int, num_images: int | None) -> None:
        """Makes the network and the optimizer that were not given; every model gets its own."""
        for made in vars(self).get("_made", ()):
            delattr(self, made)
        self._made = tuple(name for name in ("adversary", "optimizer") if not getattr(self, name))
        if "adversary" in self._made:
            self.adversary = fc_discriminator(num_latents, self.num_classes)
        if "optimizer" in self._made:
            # Kim and Mnih (2018), appendix A.
            self.optimizer = keras.optimizers.Adam(1e-4, beta_1=0.5, beta_2=0.9)
        if self.adversary.dtype_policy.name == "mixed_float16" and not isinstance(
            self.optimizer, keras.optimizers.LossScaleOptimizer
        ):
            self.optimizer = keras.optimizers.LossScaleOptimizer(self.optimizer)
        if not self.optimizer.built:
            self.optimizer.build(self.adversary.trainable_variables)

    def adversary_loss(self, outputs: Outputs) -> tf.Tensor:
        """What the adversary minimizes, a scalar; `outputs` carries no gradient to the model."""
        raise NotImplementedError
