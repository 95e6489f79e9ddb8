"""Few labels, perfect or not (Locatello et al., "Disentangling factors using few labels", 2020).

A labelled set is drawn once, by its seed. A labeller then gives the labels: all factors, some of
them, or approximations. Draws and labels are equal to disentanglement_lib's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Interval

from tfdis.config import configurable
from tfdis.data.ground_truth import GroundTruthData
from tfdis.errors import UserError

Labeller = Callable[
    [np.ndarray, GroundTruthData, np.random.RandomState], tuple[np.ndarray, Sequence[int]]
]


@dataclass(frozen=True)
class LabelledSet:
    """Images whose labels are known.

    Attributes:
        images: float32 in [0, 1], `[num, height, width, channels]`.
        labels: float32, `[num, num_labels]`; integers from 0.
        num_values: how many values each label can take.
    """

    images: np.ndarray
    labels: np.ndarray
    num_values: tuple[int, ...]

    def train_and_test(self, train_percentage: float) -> tuple["LabelledSet", "LabelledSet"]:
        """The first part, rounded up to whole images, and the rest.

        Raises:
            UserError: the share is not in (0, 1].
        """
        if not 0 < train_percentage <= 1:
            raise UserError(
                f"train_percentage has to be above 0 and at most 1, not {train_percentage}."
            )
        num = int(np.ceil(len(self.images) * train_percentage))
        return (
            LabelledSet(self.images[:num], self.labels[:num], self.num_values),
            LabelledSet(self.images[num:], self.labels[num:], self.num_values),
        )


def sample_supervised_data(
    supervised_seed: int,
    ground_truth_data: GroundTruthData,
    num_labelled_samples: Annotated[int, Ge(1)],
) -> LabelledSet:
    """Draws a labelled set and asks `labeller.labeller_fn` for its labels.

    Args:
        supervised_seed: the set and its labels are a function of it.
        ground_truth_data: what is drawn from.
        num_labelled_samples: how many images.

    Raises:
        UserError: the data have no factors.
    """
    if not ground_truth_data.num_factors:
        raise UserError(
            f"{ground_truth_data.name} has no factors that could be labels: take other data, or an "
            "algorithm without labels."
        )
    random_state = np.random.RandomState(supervised_seed)
    factors = ground_truth_data.sample_factors(num_labelled_samples, random_state)
    images = ground_truth_data.sample_observations_from_factors(factors, random_state)
    labels, num_values = make_labeller(factors, ground_truth_data, random_state)
    return LabelledSet(images, labels, tuple(int(size) for size in num_values))


@configurable("labeller", denylist=["labels", "dataset", "random_state"])
def make_labeller(
    labels: np.ndarray,
    dataset: GroundTruthData,
    random_state: np.random.RandomState,
    labeller_fn: Labeller,
) -> tuple[np.ndarray, Sequence[int]]:
    """The labels that a labeller gives.

    Args:
        labels: the true factors, integers `[num, num_factors]`.
        dataset: whose factors they are.
        random_state: where a labeller's mistakes are drawn from.
        labeller_fn: one of those below.

    Returns:
        labels, float32 `[num, num_labels]`, and how many values each can take.
    """
    return labeller_fn(np.array(labels), dataset, random_state)


@configurable("perfect_labeller", denylist=["labels", "dataset", "random_state"])
def perfect_labeller(
    labels: np.ndarray, dataset: GroundTruthData, random_state: np.random.RandomState
) -> tuple[np.ndarray, Sequence[int]]:
    """The factors themselves."""
    del random_state
    return np.float32(labels), dataset.factors_num_values


@configurable("bin_labeller", denylist=["labels", "dataset", "random_state"])
def bin_labeller(
    labels: np.ndarray,
    dataset: GroundTruthData,
    random_state: np.random.RandomState,
    num_bins: Annotated[int, Ge(1)] = 5,
) -> tuple[np.ndarray, Sequence[int]]:
    """The factors in coarse steps: those of more than `num_bins` values in that many equal bins."""
    del random_state
    sizes = np.asarray(dataset.factors_num_values)
    width = np.maximum(sizes / num_bins, 1.0).astype(np.float32)
    num_values = np.minimum(sizes, num_bins)
    return np.minimum(np.float32(labels) // width, num_values - 1).astype(np.float32), num_values


@configurable("noisy_labeller", denylist=["labels", "dataset", "random_state"])
def noisy_labeller(
    labels: np.ndarray,
    dataset: GroundTruthData,
    random_state: np.random.RandomState,
    prob_random: Annotated[float, Interval(ge=0, le=1)] = 0.1,
) -> tuple[np.ndarray, Sequence[int]]:
    """The factors, each replaced by a random value with probability `prob_random`."""
    noisy = np.float32(labels)
    for row in noisy:
        for factor, size in enumerate(dataset.factors_num_values):
            if random_state.rand() < prob_random:
                row[factor] = random_state.randint(size)
    return noisy, dataset.factors_num_values


@configurable("permuted_labeller", denylist=["labels", "dataset", "random_state"])
def permuted_labeller(
    labels: np.ndarray, dataset: GroundTruthData, random_state: np.random.RandomState
) -> tuple[np.ndarray, Sequence[int]]:
    """The factors with the values of each permuted, so that their order carries nothing."""
    columns = [
        random_state.permutation(size)[column]
        for column, size in zip(np.transpose(labels), dataset.factors_num_values)
    ]
    return np.stack(columns, axis=1).astype(np.float32), dataset.factors_num_values


@configurable("partial_labeller", denylist=["labels", "dataset", "random_state"])
def partial_labeller(
    labels: np.ndarray,
    dataset: GroundTruthData,
    random_state: np.random.RandomState,
    num_observed_factors: Annotated[int, Ge(1)] = 2,
) -> tuple[np.ndarray, Sequence[int]]:
    """Some of the factors only, the same ones for every image.

    Raises:
        UserError: there are not as many factors.
    """
    num_factors = labels.shape[1]
    if num_observed_factors > num_factors:
        raise UserError(
            f"partial_labeller.num_observed_factors is {num_observed_factors}, and '{dataset.name}'"
            f" has {num_factors} factors."
        )
    kept = random_state.choice(num_factors, size=num_observed_factors, replace=False)
    return np.float32(labels[:, kept]), [dataset.factors_num_values[factor] for factor in kept]
