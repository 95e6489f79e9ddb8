"""FactorVAE's score (Kim and Mnih, "Disentangling by factorising", 2018, section 4)."""

import os
from collections.abc import Callable
from typing import Any

import gin
import numpy as np

from tfdis.config import configurable
from tfdis.evaluation.metric import metric
from tfdis.evaluation.sources import source_of


@metric
def factor_vae_score(
    ground_truth_data: Any,
    representation_function: Callable,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike | None = None,
    batch_size: int = gin.REQUIRED,
    num_train: int = gin.REQUIRED,
    num_eval: int = gin.REQUIRED,
    num_variance_estimate: int = gin.REQUIRED,
) -> dict[str, Any]:
    """How well the latent that varies least tells which factor was kept fixed.

    Args:
        ground_truth_data: see `Source`.
        representation_function: images to codes.
        random_state: where the points are drawn from.
        artifact_dir: unused.
        batch_size: how many points there are in a group.
        num_train: how many groups vote.
        num_eval: how many groups test.
        num_variance_estimate: how many points a latent's variance is estimated from.

    Returns:
        train_accuracy and eval_accuracy of the majority vote; num_active_dims: the number of all
        latents, as disentanglement_lib has it (0 where none is active); num_latents_kept: how many
        `prune_dims` keeps.
    """
    source = source_of(ground_truth_data, representation_function)
    codes, _ = source.points(num_variance_estimate, random_state, num_variance_estimate)
    variances = np.var(codes, axis=0, ddof=1)
    active = prune_dims(variances)
    if not active.any():
        accuracies = {"train_accuracy": 0.0, "eval_accuracy": 0.0}
        return {**accuracies, "num_active_dims": 0, "num_latents_kept": 0}

    def votes(num: int) -> np.ndarray:
        fixed, groups = source.groups(num, batch_size, random_state)
        with np.errstate(invalid="ignore"):  # a dead latent: 0 / 0, which then counts as the least
            least = np.argmin(np.var(groups, axis=1, ddof=1)[:, active] / variances[active], axis=1)
        counts = np.zeros((source.num_factors, len(variances)), np.int64)
        np.add.at(counts, (fixed, least), 1)
        return counts

    train, test = votes(num_train), votes(num_eval)
    majority = np.argmax(train, axis=0), np.arange(len(variances))
    return {
        "train_accuracy": np.sum(train[majority]) / np.sum(train),
        "eval_accuracy": np.sum(test[majority]) / np.sum(test),
        "num_active_dims": len(active),
        "num_latents_kept": np.sum(active),
    }


@configurable("prune_dims", denylist=["variances"])
def prune_dims(variances: np.ndarray, threshold: float = 0.0) -> np.ndarray:
    """Which latents have at least this standard deviation, bool `[num_latents]`."""
    return np.sqrt(variances) >= threshold
