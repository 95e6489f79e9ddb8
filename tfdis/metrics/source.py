"""The source of codes and factors for registered metrics."""

import abc
from collections.abc import Callable
from typing import Any

import numpy as np

from tfdis.errors import UserError


class Source(abc.ABC):
    """Codes and factors as the metrics draw them.

    Attributes:
        factors_num_values: the number of values of each factor.
        factor_names: one name per factor.
        data: the underlying data set, if there is one.
        progress: called with the number of images encoded so far and in total.
    """

    factors_num_values: list[int]
    factor_names: tuple[str, ...]
    data: Any = None
    progress: Callable[[int, int], None] | None = None

    @property
    def num_factors(self) -> int:
        """The number of ground-truth factors."""
        return len(self.factors_num_values)

    @property
    def continuous(self) -> tuple[bool, ...]:
        """For each factor whether it is a quantity; the others are labels."""
        return (False,) * self.num_factors

    def begin(self, seed: int) -> None:
        """Called with the evaluation's seed before a metric draws."""
        del seed

    @abc.abstractmethod
    def points(
        self, num: int, random_state: np.random.RandomState, batch_size: int = 16
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draws independent points.

        Args:
            num: how many.
            random_state: the source of factors and nuisance.
            batch_size: how many are drawn at a time: part of the order of draws.

        Returns:
            codes, `[num, num_latents]`, and factors, `[num, num_factors]`: int64 labels, or
            float64 where one of them is continuous.
        """

    def train_and_test_points(
        self, num_train: int, num_test: int, random_state: np.random.RandomState, batch_size: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Draws two sets of points: codes and factors to train on, codes and factors to test on."""
        return (
            *self.points(num_train, random_state, batch_size),
            *self.points(num_test, random_state, batch_size),
        )

    @abc.abstractmethod
    def groups(
        self, num: int, size: int, random_state: np.random.RandomState
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draws groups of points that have one factor's value in common (FactorVAE's draws).

        Returns:
            which factor it is, int64 `[num]`, and codes, `[num, size, num_latents]`.
        """

    @abc.abstractmethod
    def pairs(
        self, num: int, size: int, random_state: np.random.RandomState
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draws groups of pairs; the two of a pair share one factor's value (beta-VAE's draws).

        Returns:
            which factor it is, int64 `[num]`, and codes, `[num, 2, size, num_latents]`.
        """

    def support(
        self, num_inside: int, num_outside: int, random_state: np.random.RandomState
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Draws points as training drew them, and points that it never saw.

        Where training drew every image, but some more often, the others are drawn uniformly.

        Returns:
            codes and factors inside the support, and codes and factors outside.

        Raises:
            UserError: training drew all images equally often, or how it drew is not known.
        """
        raise UserError(
            "A score outside the support needs a data set of which training left something out or "
            "correlated factors: bind split, held_out or correlated_factors as in the training."
        )

    def log_likelihoods(
        self, num: int, num_samples: int, random_state: np.random.RandomState
    ) -> np.ndarray:
        """Estimates log p(x) of images drawn at random.

        Args:
            num: how many images.
            num_samples: codes drawn for each.
            random_state: where factors, and the seeds of these codes, are drawn from.

        Returns:
            lower bounds in nats, `[num]`.

        Raises:
            UserError: there is no model that has a likelihood.
        """
        raise UserError(
            "log p(x) is of images under a VAE: there are only codes here, and no decoder."
        )

    @abc.abstractmethod
    def sample_factors(self, num: int, random_state: np.random.RandomState) -> np.ndarray:
        """Draws factors, int64 `[num, num_factors]`."""

    @abc.abstractmethod
    def codes_of(
        self, factors: list[np.ndarray], random_state: np.random.RandomState
    ) -> list[np.ndarray]:
        """The codes of one image per row, one array per array of factors, drawn in this order."""
