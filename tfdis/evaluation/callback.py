"""Scores during the training."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

from tfdis.checks import Index
from tfdis.config import configurable
from tfdis.data.ground_truth import GroundTruthData
from tfdis.errors import UserError
from tfdis.evaluation.scoring import evaluate
from tfdis.evaluation.settings import names_in, refuse_unknown
from tfdis.models.trained import TrainedModel
from tfdis.results import update_result_directory
from tfdis.training.callbacks import IntervalCallback, Logs


@configurable("scores", denylist=["data"])
class EvaluationCallback(IntervalCallback):
    """Scores the model at an interval of steps and at the end.

    The scores go to the progress bar, to progress.jsonl (and so to the learning curves) and to the
    loggers; the last ones also to results/, as the stage "scores". The posterior's mean is scored.

    Args:
        metrics: names, such as `["mig", "sap_score"]`.
        every: steps between scores; 0: at the end only.
        settings: gin bindings that change the metrics' parameters.
        data: for `fit`, the data to score on; `tfdis-train` scores on what it trains on.

    Attributes:
        history: pairs of a step and its scores.

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

    def __init__(
        self,
        metrics: Sequence[str],
        every: Index = 0,
        settings: Sequence[str] = (),
        data: GroundTruthData | None = None,
    ):
        super().__init__(every)
        self.data = data
        self.metrics = names_in(metrics)
        self.settings = list(settings)
        refuse_unknown(self.metrics)
        self.history: list[tuple[int, dict[str, float]]] = []

    def scores(self, model: Any, data: Any) -> dict[str, float]:
        """The scores of a model in its current state that are numbers, named `metric.score`."""
        found = evaluate(model, data, self.metrics, self.settings, verbose=False)
        return {
            f"{metric}.{key}": float(value)
            for metric, scores in found.items()
            for key, value in scores.items()
            if key != "elapsed_time" and isinstance(value, Real)
        }

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Stores the model.

        Raises:
            UserError: `fit` is called without data to score on.
        """
        super().on_train_begin(logs)
        if self.run is None and self.data is None:
            raise UserError("EvaluationCallback needs data to score on in fit: pass data.")
        self._trained = TrainedModel(self.model)

    def on_interval(self, step: int, logs: Logs) -> None:
        """Scores the model and logs the scores."""
        del logs
        scores = self.scores(self._trained, self.run.data if self.run else self.data)
        self.history.append((step, scores))
        if self.run is None:
            print("  ".join(f"{name} {value:.4g}" for name, value in scores.items()))
            return
        log = self.run.log
        log.bar.terms += tuple(name for name in scores if name not in log.bar.terms)
        log.scores.update(scores)
        log.write(step, scores)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Scores the last step, and writes its scores."""
        if not self.history or self.history[-1][0] != self.model.steps:
            self.on_interval(self.model.steps, logs or {})
        if self.run is not None:
            update_result_directory(self.run.model_dir / "results", "scores", self.history[-1][1])
