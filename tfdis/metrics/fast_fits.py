"""Many small, independent fits at once, on as many threads as the process may use."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from tfdis.metrics.boosting import available_threads

Result = TypeVar("Result")


def in_parallel(functions: Iterable[Callable[[], Result]]) -> list[Result]:
    """Calls functions that do not depend on each other, and gives their results in order.

    Each gets one thread, and so does the linear algebra below it: at the sizes of these scores,
    BLAS with two threads took five times the CPU time of one on a busy machine.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "blas"), ThreadPoolExecutor(available_threads()) as pool:
        futures = [pool.submit(function) for function in functions]
        return [future.result() for future in futures]


class LogisticRegressionCV:
    """scikit-learn's LogisticRegressionCV with 10 strengths and 5 folds, the folds side by side.

    The fits, and so the numbers, are those of scikit-learn on one thread; `in_parallel` says why
    that takes less time. (With more threads of BLAS, scikit-learn's own fit of float32 codes stops
    elsewhere, in the fifth digit of a score.)
    """

    def fit(self, x: np.ndarray, y: np.ndarray) -> "LogisticRegressionCV":
        """Fits to x, `[samples, features]`, and labels y, `[samples]`."""
        from joblib import parallel_config
        from sklearn import linear_model
        from sklearn.model_selection import KFold
        from threadpoolctl import threadpool_limits

        threads = available_threads()
        model = linear_model.LogisticRegressionCV(Cs=10, cv=KFold(n_splits=5), n_jobs=threads)
        with threadpool_limits(1, "blas"), parallel_config("threading", n_jobs=threads):
            self.model_: Any = model.fit(x, y)
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        """The most probable label of each sample, `[samples]`."""
        return self.model_.predict(x)

    def score(self, x: np.ndarray, y: np.ndarray) -> float:
        """The share of samples whose label is predicted."""
        return float(np.mean(self.predict(x) == y))
