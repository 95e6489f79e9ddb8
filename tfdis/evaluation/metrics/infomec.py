"""InfoMEC: modularity, explicitness, compactness (Hsu et al., "Latent quantization", 2023)."""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import gin
import numpy as np

from tfdis.evaluation.fast_fits import in_parallel
from tfdis.evaluation.metric import metric, require_varied_factors, save_matrix
from tfdis.evaluation.metrics.information import discrete_entropy, discrete_mutual_information
from tfdis.evaluation.sources import source_of

_ACTIVE = 1 / 20  # a latent counts if its range is more than this share of the widest latent's
_NEIGHBOURS = 10


@metric
def infomec(
    ground_truth_data: Any,
    representation_function: Callable,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike | None = None,
    num_train: int = gin.REQUIRED,
    batch_size: int = 16,
    discrete_latents: bool = False,
) -> dict[str, Any]:
    """How one-to-one latents and factors are in terms of the information they share.

    Args:
        ground_truth_data: see `Source`.
        representation_function: images to codes.
        random_state: where the points are drawn from, and the noise that keeps neighbours apart.
        artifact_dir: where the matrix of normalized mutual information goes.
        num_train: how many points.
        batch_size: how many are drawn at a time.
        discrete_latents: whether the codes take few values, as a quantized autoencoder's.

    Returns:
        infom, infoe, infoc, each 1 at best; num_active_latents.
    """
    source = source_of(ground_truth_data, representation_function)
    codes, factors = source.points(num_train, random_state, batch_size)
    require_varied_factors(factors, source.factor_names)
    information = normalized_mutual_information(codes, factors, discrete_latents, random_state)
    save_matrix(artifact_dir, "normalized_mutual_information", information, source.factor_names)
    active = active_latents(codes, discrete_latents)
    return {
        "infom": modularity(information[active]),
        "infoe": explicitness(codes, factors, discrete_latents),
        "infoc": compactness(information[active]),
        "num_active_latents": int(np.sum(active)),
    }


def normalized_mutual_information(
    codes: np.ndarray,
    factors: np.ndarray,
    discrete_latents: bool,
    random_state: np.random.RandomState,
) -> np.ndarray:
    """I(latent; factor) / H(factor), `[num_latents, num_factors]`.

    Between a continuous latent and a factor it is estimated from nearest neighbours (Ross,
    "Mutual information between discrete and continuous data sets", 2014).

    Args:
        codes: `[samples, num_latents]`.
        factors: labels, `[samples, num_factors]`.
        discrete_latents: whether the codes take few values.
        random_state: of the noise that keeps equal codes apart.
    """
    from sklearn.feature_selection import mutual_info_classif

    if discrete_latents:
        return discrete_mutual_information(codes, factors) / discrete_entropy(factors)
    columns = in_parallel(
        partial(
            mutual_info_classif,
            _standardized(codes),
            factor,
            discrete_features=False,
            n_neighbors=_NEIGHBOURS,
            random_state=seed,
        )
        for factor, seed in zip(factors.T, random_state.randint(2**31 - 1, size=factors.shape[1]))
    )
    return np.stack(columns, axis=-1) / discrete_entropy(factors)


def active_latents(codes: np.ndarray, discrete_latents: bool) -> np.ndarray:
    """Which latents vary, bool `[num_latents]`: those left out have collapsed to the prior."""
    ranges = np.ptp(codes, axis=0)
    return ranges > (0.0 if discrete_latents else _ACTIVE * ranges.max())


def modularity(information: np.ndarray) -> float:
    """InfoM: how much of what a latent knows is of one factor.

    The mean over latents of max / sum of the information, scaled so that spreading it evenly gives
    0 and concentrating it gives 1. A latent that knows nothing has no say.

    Args:
        information: `[num_latents, num_factors]`, of the active latents.
    """
    information = information[information.sum(axis=1) > 0]
    return _concentration(information) if len(information) else 0.0


def compactness(information: np.ndarray) -> float:
    """InfoC: as `modularity`, how much of what is known of a factor is in one latent."""
    return modularity(information.T)


def explicitness(codes: np.ndarray, factors: np.ndarray, discrete_latents: bool) -> float:
    """InfoE: the share of a factor's entropy that a linear classifier of all latents takes away.

    The mean over factors of (H - H(factor | codes)) / H, each entropy the log loss, on the same
    points, of logistic regression without penalty and with balanced classes; for H it sees nothing.

    Args:
        codes: `[samples, num_latents]`.
        factors: labels, `[samples, num_factors]`.
        discrete_latents: whether the codes take few values; each value is then an input.
    """
    if discrete_latents:
        from sklearn.preprocessing import OneHotEncoder

        inputs = OneHotEncoder().fit_transform(codes)
    else:
        inputs = _standardized(codes)
    nothing = np.zeros((len(codes), 1))
    losses = in_parallel(
        partial(_log_loss, x, factor) for factor in factors.T for x in (nothing, inputs)
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


def _standardized(codes: np.ndarray) -> np.ndarray:
    from sklearn.preprocessing import StandardScaler

    return StandardScaler().fit_transform(codes)
