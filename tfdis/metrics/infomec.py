"""InfoMEC: modularity, explicitness, compactness (Hsu et al., "Latent quantization", 2023)."""

import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any

import gin
import numpy as np

from tfdis.checks import Count
from tfdis.metrics.arrays import Continuous, checked
from tfdis.metrics.fast_fits import in_parallel
from tfdis.metrics.information import (
    binned_factors,
    discrete_entropy,
    discrete_mutual_information,
    neighbour_mutual_information,
)
from tfdis.metrics.metric import Scores, metric
from tfdis.metrics.predictor import goodness
from tfdis.metrics.source import Source

_ACTIVE = 1 / 20  # a latent counts if its range is more than this share of the widest latent's
_NEIGHBOURS = 10


def infomec(
    codes: np.ndarray,
    factors: np.ndarray,
    continuous: Continuous = None,
    discrete_latents: bool = False,
    random_state: int | np.random.RandomState | None = 0,
) -> Scores:
    """How one-to-one latents and factors are in terms of the information they share.

    A factor that no active latent has information on is left out of infoc: the authors' code
    divides 0 by 0 there and gives NaN. Such factors are counted, and a warning is given.

    Args:
        codes: `[samples, num_latents]`.
        factors: `[samples, num_factors]`.
        continuous: see `checked_factors`.
        discrete_latents: whether the codes take few values, as a quantized autoencoder's.
        random_state: of the noise that keeps neighbours apart.

    Returns:
        infom, infoe, infoc, each 1 at best; num_active_latents; num_factors_without_information.
        The matrix is `normalized_mutual_information`.

    Raises:
        UserError: the arrays cannot be scored; see `checked`.
    """
    codes, factors, kinds = checked(codes, factors, continuous)
    information = normalized_mutual_information(
        codes, factors, discrete_latents, random_state, kinds
    )
    active = active_latents(codes, discrete_latents)
    unknown = int(np.sum(information[active].sum(axis=0) <= 0))
    if unknown:
        warnings.warn(
            f"infoc leaves out {unknown} of {len(kinds)} factors, of which no latent knows "
            "anything; the authors' code gives NaN there.",
            stacklevel=2,
        )
    scores = {
        "infom": modularity(information[active]),
        "infoe": explicitness(codes, factors, discrete_latents, kinds),
        "infoc": compactness(information[active]),
        "num_active_latents": int(np.sum(active)),
        "num_factors_without_information": unknown,
    }
    return Scores(scores, normalized_mutual_information=information)


@metric("infomec")
def _infomec(
    source: Source,
    random_state: np.random.RandomState,
    num_train: Count = gin.REQUIRED,
    batch_size: Count = 16,
    discrete_latents: bool = False,
) -> Scores:
    """`infomec` of drawn points.

    Args:
        source: where codes and factors come from.
        random_state: what the points are drawn with, and the noise that keeps neighbours apart.
        num_train: how many points.
        batch_size: how many are drawn at a time.
        discrete_latents: see `infomec`.
    """
    codes, factors = source.points(num_train, random_state, batch_size)
    return infomec(codes, factors, source.continuous, discrete_latents, random_state)


def normalized_mutual_information(
    codes: np.ndarray,
    factors: np.ndarray,
    discrete_latents: bool,
    random_state: int | np.random.RandomState | None,
    continuous: Sequence[bool] = (),
) -> np.ndarray:
    """I(latent; factor) / H(factor), `[num_latents, num_factors]`.

    Of a continuous latent it is estimated from nearest neighbours; the entropy of a continuous
    factor is that of its bins.

    Args:
        codes: `[samples, num_latents]`.
        factors: `[samples, num_factors]`.
        discrete_latents: whether the codes take few values.
        random_state: of the noise that keeps equal codes apart.
        continuous: for each factor whether it is a quantity; by default none is.
    """
    kinds = continuous or (False,) * factors.shape[1]
    binned = binned_factors(factors, kinds)
    if discrete_latents:
        return discrete_mutual_information(codes, binned) / discrete_entropy(binned)
    information = neighbour_mutual_information(
        _standardized(codes), factors, kinds, _NEIGHBOURS, random_state
    )
    return information / discrete_entropy(binned)


def active_latents(codes: np.ndarray, discrete_latents: bool) -> np.ndarray:
    """Which latents vary, bool `[num_latents]`; the others have collapsed to the prior."""
    ranges = np.ptp(codes, axis=0)
    return ranges > (0.0 if discrete_latents else _ACTIVE * ranges.max())


def modularity(information: np.ndarray) -> float:
    """InfoM: how much of a latent's information is on one factor.

    The mean over latents of max / sum of the information, scaled so that spreading it evenly gives
    0 and concentrating it gives 1. A latent without information is left out.

    Args:
        information: `[num_latents, num_factors]`, of the active latents.
    """
    information = information[information.sum(axis=1) > 0]
    return _concentration(information) if len(information) else 0.0


def compactness(information: np.ndarray) -> float:
    """InfoC: how much of the information on a factor is in one latent; see `modularity`.

    A factor that no latent has information on is left out.
    """
    return modularity(information.T)


def explicitness(
    codes: np.ndarray,
    factors: np.ndarray,
    discrete_latents: bool,
    continuous: Sequence[bool] = (),
) -> float:
    """InfoE: the share of a factor's entropy that a linear classifier of all latents removes.

    The mean over factors of (H - H(factor | codes)) / H, each entropy the log loss, on the same
    points, of logistic regression without penalty and with balanced classes; for H it sees nothing.
    For a continuous factor it is the share of its variance that linear regression explains, R2.

    Args:
        codes: `[samples, num_latents]`.
        factors: labels, `[samples, num_factors]`.
        discrete_latents: whether the codes take few values; each value is then an input.
        continuous: for each factor whether it is a quantity; by default none is.
    """
    kinds = continuous or (False,) * factors.shape[1]
    if discrete_latents:
        from sklearn.preprocessing import OneHotEncoder

        inputs = OneHotEncoder().fit_transform(codes)
    else:
        inputs = _standardized(codes)
    nothing = np.zeros((len(codes), 1))
    losses = in_parallel(
        partial(_variance_left if kind else _log_loss, x, factor)
        for factor, kind in zip(factors.T, kinds)
        for x in (nothing, inputs)
    )
    entropy, conditional_entropy = np.reshape(losses, (-1, 2)).T
    return float(np.mean((entropy - conditional_entropy) / entropy))


def _concentration(information: np.ndarray) -> float:
    num_columns = information.shape[1]
    if num_columns == 1:
        return 1.0
    share = np.mean(information.max(axis=1) / information.sum(axis=1))
    return float((share - 1 / num_columns) / (1 - 1 / num_columns))


def _log_loss(inputs: Any, factor: np.ndarray) -> float:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss

    model = LogisticRegression(C=np.inf, class_weight="balanced")
    return log_loss(factor, model.fit(inputs, factor).predict_proba(inputs))


def _variance_left(inputs: Any, factor: np.ndarray) -> float:
    """The share of a quantity's variance that linear regression of the inputs does not explain."""
    from sklearn.linear_model import LinearRegression

    return 1.0 - goodness(LinearRegression().fit(inputs, factor), inputs, factor, True)


def _standardized(codes: np.ndarray) -> np.ndarray:
    from sklearn.preprocessing import StandardScaler

    return StandardScaler().fit_transform(codes)
