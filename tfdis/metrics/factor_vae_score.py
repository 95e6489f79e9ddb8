"""FactorVAE's score (Kim and Mnih, "Disentangling by factorising", 2018, section 4)."""

from typing import Annotated

import gin
import numpy as np
from annotated_types import Ge

from tfdis.checks import Count
from tfdis.config import configurable
from tfdis.errors import UserError
from tfdis.metrics.arrays import checked_codes, require_labels
from tfdis.metrics.groups import checked_groups
from tfdis.metrics.metric import Scores, metric
from tfdis.metrics.source import Source

Threshold = Annotated[float, Ge(0)]


def factor_vae_score(
    groups: np.ndarray,
    fixed: np.ndarray,
    test_groups: np.ndarray | None = None,
    test_fixed: np.ndarray | None = None,
    codes: np.ndarray | None = None,
    threshold: Threshold = 0.05,
    random_state: int | np.random.RandomState | None = 0,
) -> Scores:
    """How well the latent that varies least identifies the factor that was fixed.

    Args:
        groups: codes of the groups that vote, `[groups, size, num_latents]`: the points of a group
            share the value of one factor.
        fixed: the number of that factor, `[groups]`.
        test_groups: groups to test on; without them a third of the groups is held out.
        test_fixed: to test on.
        codes: of independent points, `[samples, num_latents]`, that a latent's variance is
            estimated from; without them all points of the voting groups.
        threshold: the standard deviation below which a latent is left out.
        random_state: decides which groups are held out.

    Returns:
        train_accuracy and eval_accuracy of the majority vote; num_active_dims: the number of all
        latents, as disentanglement_lib has it (0 where none is active); num_latents_kept: how many
        `prune_dims` keeps.

    Raises:
        UserError: the arrays cannot be scored.
    """
    groups, fixed, test_groups, test_fixed = checked_groups(
        groups, fixed, test_groups, test_fixed, 3, random_state
    )
    if groups.shape[1] < 2:
        raise UserError("A group of one point has no variance: factor_vae_score needs two or more.")
    codes = groups.reshape(-1, groups.shape[-1]) if codes is None else checked_codes(codes)
    variances = np.var(codes, axis=0, ddof=1)
    active = prune_dims(variances, threshold)
    scores = {"train_accuracy": 0.0, "eval_accuracy": 0.0, "num_active_dims": 0}
    if active.any():
        train, test = (
            _votes(groups, fixed, variances, active),
            _votes(test_groups, test_fixed, variances, active),
        )
        scores = _accuracies(train, test) | {"num_active_dims": len(active)}
    return Scores({**scores, "num_latents_kept": np.sum(active)})


@metric("factor_vae_score")
def _factor_vae_score(
    source: Source,
    random_state: np.random.RandomState,
    batch_size: Count = gin.REQUIRED,
    num_train: Count = gin.REQUIRED,
    num_eval: Count = gin.REQUIRED,
    num_variance_estimate: Count = gin.REQUIRED,
) -> Scores:
    """`factor_vae_score` of drawn groups.

    Args:
        source: where codes come from.
        random_state: what the groups are drawn with.
        batch_size: how many points there are in a group.
        num_train: how many groups vote.
        num_eval: how many groups test.
        num_variance_estimate: how many points a latent's variance is estimated from.
    """
    require_labels(source.continuous, "factor_vae_score")
    codes, _ = source.points(num_variance_estimate, random_state, num_variance_estimate)
    fixed, groups = source.groups(num_train, batch_size, random_state)
    test_fixed, test_groups = source.groups(num_eval, batch_size, random_state)
    threshold = configured_threshold()
    return factor_vae_score(groups, fixed, test_groups, test_fixed, codes, threshold)


def prune_dims(variances: np.ndarray, threshold: Threshold = 0.0) -> np.ndarray:
    """Which latents have at least this standard deviation, bool `[num_latents]`."""
    return np.sqrt(variances) >= threshold


@configurable("prune_dims")
def configured_threshold(threshold: Threshold = 0.0) -> float:
    """The threshold that gin binds to `prune_dims`; disentanglement_lib's default is 0."""
    return threshold


def _votes(
    groups: np.ndarray, fixed: np.ndarray, variances: np.ndarray, active: np.ndarray
) -> np.ndarray:
    """How often each latent varies least while each factor is fixed, `[factors, latents]`."""
    with np.errstate(invalid="ignore"):  # a dead latent: 0 / 0, which then counts as the least
        least = np.argmin(np.var(groups, axis=1, ddof=1)[:, active] / variances[active], axis=1)
    counts = np.zeros((fixed.max() + 1, len(variances)), np.int64)
    np.add.at(counts, (fixed, least), 1)
    return counts


def _accuracies(train: np.ndarray, test: np.ndarray) -> dict[str, float]:
    num_factors = max(len(train), len(test))
    train, test = (
        np.concatenate([votes, np.zeros((num_factors - len(votes), votes.shape[1]), np.int64)])
        for votes in (train, test)
    )
    majority = np.argmax(train, axis=0), np.arange(train.shape[1])
    return {
        "train_accuracy": np.sum(train[majority]) / np.sum(train),
        "eval_accuracy": np.sum(test[majority]) / np.sum(test),
    }
