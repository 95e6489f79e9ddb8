"""Starts a training with the weights of another."""

from pathlib import Path
from typing import Literal

import gin

from tfdis.config import configurable
from tfdis.errors import UserError
from tfdis.models.model_of_terms import ModelOfTerms
from tfdis.optimizers import schedule_of
from tfdis.training import checkpoint


@configurable("warm_start")
class WarmStart:
    """Takes weights from the newest checkpoint of another model directory.

    Args:
        model_dir: the directory of a training.
        part: "all" weights (the adversaries' too), or those of the "encoder" or the "decoder".
        optimizer: take the state of the optimizers too, but for learning rates that are numbers:
            those stay as bound; only for "all".
        step: continue to count from the other run's last step; only with `optimizer`.

    Raises:
        UserError: an argument is none of these.
    """

    def __init__(
        self,
        model_dir: str = gin.REQUIRED,
        part: Literal["all", "encoder", "decoder"] = "all",
        optimizer: bool = False,
        step: bool = False,
    ):
        if optimizer and part != "all":
            raise UserError("warm_start.optimizer goes with warm_start.part = 'all' only.")
        if step and not optimizer:
            raise UserError("warm_start.step goes with warm_start.optimizer = True only.")
        self.model_dir, self.part, self.optimizer, self.step = model_dir, part, optimizer, step

    def apply(self, model: ModelOfTerms) -> None:
        """Puts the weights into a compiled model.

        Raises:
            UserError: there is no checkpoint, or its weights have other shapes.
        """
        path = checkpoint.latest(Path(self.model_dir) / "checkpoints")
        if path is None:
            raise UserError(
                f"warm_start.model_dir is {self.model_dir}, which holds no checkpoint: name a "
                "directory that tfdis-train wrote."
            )
        state = model.state
        if self.part != "all":
            state = {self.part: state[self.part]}
        elif not self.optimizer:
            state = {name: part for name, part in state.items() if not name.endswith("optimizer")}
        optimizers = list(model.optimizers.values())
        rates = [None if schedule_of(each) else float(each.learning_rate) for each in optimizers]
        checkpoint.read(path, state)
        for optimizer, rate in zip(optimizers, rates):
            if rate is not None:
                optimizer.learning_rate = rate
        if not self.step:
            model.counter.reset()
            for optimizer in optimizers:
                optimizer.iterations.assign(0)
