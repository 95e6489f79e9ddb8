"""What may happen between two calls of the compiled step."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tfdis.training.loop import Trainer
    from tfdis.training.run import Run


class Callback:
    """Something that happens every so many steps.

    Args:
        every: steps between two intervals; no call runs past the end of one. 0: none.
    """

    def __init__(self, every: int = 0):
        self.every = every

    def begin(self, run: "Run", step: int) -> None:
        """Called before the first step, after a resumed run has its state back."""

    def end(self, run: "Run", step: int) -> None:
        """Called when the training is complete and its results are written."""

    def next_interval(self, step: int) -> int:
        """The step at which the interval ends that `step` is in."""
        return (step // self.every + 1) * self.every

    def after_steps(
        self, trainer: "Trainer", step: int, num_steps: int, sums: Mapping[str, float]
    ) -> None:
        """Called after each call of the compiled loop.

        Args:
            trainer: who calls.
            step: updates so far.
            num_steps: updates in this call.
            sums: the sum of the loss and of every term over them; sums of float32 in float64 are
                exact, so it does not matter how many updates go into a call.
        """
        del num_steps, sums
        if self.every and step % self.every == 0:
            self.on_interval(trainer, step)

    def on_interval(self, trainer: "Trainer", step: int) -> None:
        """Called at every multiple of `every`."""

    def get_state(self) -> dict[str, Any]:
        """What a resumed run needs to go on as if it had never stopped; goes into JSON."""
        return {}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Takes back what `get_state` gave."""


class MeanOverInterval(Callback):
    """A callback that is told the means over its whole interval."""

    def __init__(self, every: int):
        super().__init__(every)
        self._sums: dict[str, float] = {}
        self._count = 0

    def after_steps(
        self, trainer: "Trainer", step: int, num_steps: int, sums: Mapping[str, float]
    ) -> None:
        """Adds up; at the interval's end calls `on_means`."""
        for name, value in sums.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._count += num_steps
        if step % self.every == 0:
            means = {name: total / self._count for name, total in self._sums.items()}
            self._sums, self._count = {}, 0
            self.on_means(trainer, step, means)

    def on_means(self, trainer: "Trainer", step: int, means: Mapping[str, float]) -> None:
        """Called at every multiple of `every` with the means since the last."""

    def get_state(self) -> dict[str, Any]:
        """The sums so far."""
        return {"sums": self._sums, "count": self._count}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Takes back the sums."""
        self._sums, self._count = dict(state["sums"]), state["count"]
