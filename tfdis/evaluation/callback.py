"""Scores during the training."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tfdis.config import configurable
from tfdis.evaluation.scoring import evaluate
from tfdis.evaluation.settings import names_in, refuse_unknown
from tfdis.results import update_result_directory
from tfdis.training.callbacks import Callback

if TYPE_CHECKING:
    from tfdis.training.loop import Trainer
    from tfdis.training.run import Run


@configurable("scores")
class EvaluationCallback(Callback):
    """Scores the model every so many steps, and at the end.

    The scores go to the progress bar, to progress.jsonl (and so to the learning curves) and to the
    loggers; the last ones also to results/, as the stage "scores". The posterior's mean is scored.

    Args:
        metrics: names, such as `["mig", "sap_score"]`.
        every: steps between scores; 0: at the end only.
        settings: gin bindings that change the metrics' parameters.

    Raises:
        UserError: there is no such metric.

    Example:
        ```
        model.callbacks = [@scores()]
        scores.metrics = ["mig", "irs"]
        scores.every = 10000
        scores.settings = ["mig.num_train = 5000"]
        ```
    """

    def __init__(self, metrics: Sequence[str], every: int = 0, settings: Sequence[str] = ()):
        super().__init__(every)
        self.metrics = names_in(metrics)
        self.settings = list(settings)
        refuse_unknown(self.metrics)
        self._newest: tuple[int, dict[str, float]] | None = None

    def scores(self, model: Any, data: Any) -> dict[str, float]:
        """The scores of a model as it is now, as `metric.score`."""
        found = evaluate(model, data, self.metrics, self.settings, verbose=False)
        return {
            f"{metric}.{key}": float(value)
            for metric, scores in found.items()
            for key, value in scores.items()
            if key != "elapsed_time"
        }

    def begin(self, run: "Run", step: int) -> None:
        """Takes note of the run."""
        self._run, self._trained = run, run.trained

    def on_interval(self, trainer: "Trainer", step: int) -> None:
        """Scores the model, and tells the log."""
        scores, log = self.scores(self._trained, self._run.data), self._run.log
        self._newest = step, scores
        log.bar.terms += tuple(name for name in scores if name not in log.bar.terms)
        log.scores.update(scores)
        log.write(step, scores)

    def end(self, run: "Run", step: int) -> None:
        """Writes the last scores."""
        if self._newest is None or self._newest[0] != step:
            self.on_interval(run.trainer, step)
        update_result_directory(run.model_dir / "results", "scores", self._newest[1])
