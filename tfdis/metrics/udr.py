"""Unsupervised disentanglement ranking (Duan et al., 2020): do models agree on the latents?"""

from collections.abc import Sequence
from functools import partial
from itertools import permutations
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge

from tfdis.errors import UserError
from tfdis.metrics.fast_fits import in_parallel

Correlation = Literal["lasso", "spearman"]
Nats = Annotated[float, Ge(0)]

_INFORMATIVE = 0.01  # nats; disentanglement_lib blanks a latent below it, whatever the threshold


def udr(
    codes: Sequence[np.ndarray],
    divergences: Sequence[np.ndarray],
    correlation_matrix: Correlation = "lasso",
    filter_low_kl: bool = True,
    include_raw_correlations: bool = True,
    kl_filter_threshold: Nats = 0.01,
) -> dict[str, Any]:
    """How well each model's latents match one to one those of models from other seeds.

    No factors are needed. A model's score is the median over the other models.

    Args:
        codes: one array per model, of the same images, `[images, num_latents]`.
        divergences: one array per model, the mean KL divergence of each latent's posterior from its
            prior, in nats, `[num_latents]`; see `gaussian_kl`.
        correlation_matrix: "lasso" or "spearman".
        filter_low_kl: whether to leave out latents that have collapsed to the prior.
        include_raw_correlations: whether to return the matrices themselves.
        kl_filter_threshold: the KL divergence, in nats, below which a latent is left out.

    Returns:
        model_scores, one per model; pairwise_disentanglement_scores, `[models, models, 1]`;
        raw_correlations, `[models, models, num_latents, num_latents]`.

    Raises:
        UserError: fewer than two models, models of different sizes, or codes that are not finite.
    """
    codes = _checked(codes, divergences, correlation_matrix)
    codes = [_blanked(z, divergence) for z, divergence in zip(codes, divergences)]
    kept = [
        divergence > kl_filter_threshold if filter_low_kl else np.ones(len(divergence), bool)
        for divergence in divergences
    ]
    correlate = lasso_correlations if correlation_matrix == "lasso" else spearman_correlations
    pairs = list(permutations(range(len(codes)), 2))
    matrices = in_parallel(partial(correlate, codes[i], codes[j]) for i, j in pairs)

    num_models, num_latents = len(codes), codes[0].shape[1]
    correlations = np.zeros((num_models, num_models, num_latents, num_latents))
    scores = np.zeros((num_models, num_models, 1))
    for (i, j), matrix in zip(pairs, matrices):
        correlations[i, j] = matrix
        scores[i, j] = relative_strength(matrix[kept[i]][:, kept[j]])
    results: dict[str, Any] = {
        "pairwise_disentanglement_scores": scores.tolist(),
        "model_scores": [float(np.median(np.delete(scores[:, i], i))) for i in range(num_models)],
    }
    if include_raw_correlations:
        results["raw_correlations"] = correlations.tolist()
    return results


def relative_strength(correlations: np.ndarray) -> float:
    """How close to a permutation a matrix of correlations is, 1 at best (equation 3).

    The mean over rows, and over columns, of max^2 / sum; a row of zeros counts as 0.

    Args:
        correlations: not negative, `[latents of one model, latents of the other]`.
    """
    if not correlations.size:
        return 0.0

    def one_way(matrix: np.ndarray) -> float:
        with np.errstate(invalid="ignore"):
            return np.mean(np.nan_to_num(matrix.max(axis=0) ** 2 / matrix.sum(axis=0)))

    return float((one_way(correlations) + one_way(correlations.T)) / 2)


def lasso_correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The absolute weights of a sparse linear map from one model's latents to the other's.

    Args:
        first: standardized codes, `[points, num_latents]`.
        second: the same of another model.

    Returns:
        `[latents of the first, latents of the second]`.
    """
    from sklearn.linear_model import Lasso

    return np.abs(Lasso(alpha=0.1).fit(first, second).coef_.reshape(second.shape[1], -1).T)


def spearman_correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The absolute rank correlation of each pair of latents; arguments as `lasso_correlations`."""
    from scipy.stats import rankdata

    def ranks(codes: np.ndarray) -> np.ndarray:
        centred = rankdata(codes, axis=0) - (len(codes) + 1) / 2
        with np.errstate(invalid="ignore"):  # a blanked latent has no rank correlation: NaN
            return centred / np.sqrt(np.sum(centred**2, axis=0))

    return np.abs(ranks(first).T @ ranks(second))


def gaussian_kl(mean: np.ndarray, log_variance: np.ndarray) -> np.ndarray:
    """KL(q(z_i | x) || N(0, 1)) of each latent in nats, averaged over the images.

    The closed form of Kingma and Welling (2014), appendix B, before its sum over the latents.

    Args:
        mean: `[num_images, num_latents]`.
        log_variance: as `mean`.

    Returns:
        float64 array, `[num_latents]`.
    """
    mean, log_variance = mean.astype(np.float64), log_variance.astype(np.float64)
    return np.mean(0.5 * (mean**2 + np.exp(log_variance) - log_variance - 1), axis=0)


def _checked(
    codes: Sequence[np.ndarray], divergences: Sequence[np.ndarray], correlation: str
) -> list[np.ndarray]:
    if len(codes) < 2 or len(codes) != len(divergences):
        raise UserError("udr_sklearn compares models: give it two or more.")
    if correlation not in ("lasso", "spearman"):
        raise UserError(
            "udr_sklearn.correlation_matrix must be 'lasso' or 'spearman'; "
            f"received '{correlation}'."
        )
    tables = [np.asarray(each).astype(np.float64) for each in codes]
    widths = sorted({table.shape[1] for table in tables})
    if len(widths) > 1:
        raise UserError(f"udr_sklearn needs models of as many latents; received {widths}.")
    if not all(np.isfinite(table).all() for table in tables):
        raise UserError("A model gave codes that are not finite (NaN or infinite).")
    if not np.isfinite(divergences).all():
        raise UserError(
            "udr_sklearn needs the KL divergence of posteriors from the prior, and a model with a "
            "deterministic encoder has none: leave it out."
        )
    return tables


def _blanked(codes: np.ndarray, divergence: np.ndarray) -> np.ndarray:
    """Standardized codes, 0 in the latents that have collapsed to the prior."""
    from sklearn.preprocessing import StandardScaler

    return StandardScaler().fit_transform(codes) * (divergence > _INFORMATIVE)
