"""Reports the progress of a submission to AIcrowd's grader."""

import importlib.util
from typing import Any

from tfdis.checks import Count, Positive
from tfdis.config import configurable
from tfdis.training.callbacks import IntervalCallback, Logs

# The part of the progress that is the training, as in the starter kit.
TRAINING_PART = 0.9


class Grader:
    """The grader's client, `crowdai_api`; without that package it only prints.

    The events and their payloads are those of the starter kit.
    """

    def __init__(self) -> None:
        self._events = None
        if importlib.util.find_spec("crowdai_api") is not None:
            import crowdai_api

            self._events = crowdai_api.events.CrowdAIEvents()

    def start(self) -> None:
        """The submission begins."""
        self._register("INFO", "execution_started")

    def progress(self, fraction: float) -> None:
        """The progress, from 0 to 1."""
        self._register("INFO", "register_progress", training_progress=fraction)

    def submit(self) -> None:
        """The representation is there and may be graded."""
        self._register("SUCCESS", "submit", blocking=True)

    def error(self, message: str) -> None:
        """The submission failed."""
        self._register("ERROR", "execution_error", blocking=True, error=message)

    def _register(self, kind: str, message: str, blocking: bool = False, **payload: Any) -> None:
        details = " ".join(f"{name}={value}" for name, value in payload.items())
        print(f"aicrowd: {message} {details}".rstrip(), flush=True)
        if self._events is not None:
            self._events.register_event(
                event_type=getattr(self._events, f"CROWDAI_EVENT_{kind}"),
                message=message,
                payload={"event_type": f"disentanglement_challenge:{message}", **payload},
                blocking=blocking,
            )


class GraderProgress(IntervalCallback):
    """Registers the progress of the training.

    Args:
        training_steps: of the whole training.
        hours: its time budget; whichever of the two is nearer to its end counts.
        every: steps between two events.
    """

    def __init__(self, training_steps: Count, hours: Positive | None = None, every: Count = 1000):
        super().__init__(every)
        self._training_steps, self._hours = training_steps, hours
        self._grader = Grader()

    def on_interval(self, step: int, logs: Logs) -> None:
        """Registers."""
        del logs
        done = step / self._training_steps
        if self._hours:
            done = max(done, self.run.checkpoints.elapsed_time / (3600 * self._hours))
        self._grader.progress(round(TRAINING_PART * min(done, 1.0), 4))


@configurable("aicrowd_progress")
def aicrowd_progress(
    training_steps: Count, hours: Positive | None = None, every: Count = 1000
) -> GraderProgress:
    """The callback `GraderProgress`."""
    return GraderProgress(training_steps, hours, every)
