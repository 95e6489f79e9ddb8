"""How well factors are predicted outside of the training's support.

After Schott et al., "Visual representation learning does not generalize strongly within the same
domain", 2021, and Träuble et al., "On disentangled representations learned from correlated data",
2021: predictors are fitted on codes of what was seen, and tested on what was not.
"""

from collections.abc import Callable
from typing import Any

import gin
import numpy as np

from tfdis.checks import Count
from tfdis.metrics.arrays import Continuous, checked_points
from tfdis.metrics.metric import Scores, metric
from tfdis.metrics.predictor import (
    fitted,
    goodness,
    gradient_boosting_classifier,
    gradient_boosting_regressor,
    make_predictor_fn,
    make_regressor_fn,
)
from tfdis.metrics.source import Source


def out_of_support(
    codes: np.ndarray,
    factors: np.ndarray,
    inside_codes: np.ndarray,
    inside_factors: np.ndarray,
    outside_codes: np.ndarray,
    outside_factors: np.ndarray,
    continuous: Continuous = None,
    make_predictor: Callable[[], Any] = gradient_boosting_classifier,
    make_regressor: Callable[[], Any] = gradient_boosting_regressor,
) -> Scores:
    """Accuracy and R2 of each factor inside and outside the support of training.

    R2 is that of a regressor of the factor's number, and so is meant for factors with an order. It
    is left out of a part where the factor never varies: there is no variance to explain.

    Args:
        codes: of points as training drew them, to fit on, `[samples, num_latents]`.
        factors: of these, `[samples, num_factors]`.
        inside_codes: of further such points, to test on.
        inside_factors: of these.
        outside_codes: of points that training never drew, to test on.
        outside_factors: of these.
        continuous: see `checked_factors`; such a factor has R2 only.
        make_predictor: gives a new classifier, as scikit-learn's.
        make_regressor: gives a new regressor.

    Returns:
        for the parts inside and outside, with a colon between: mean_accuracy, mean_r2,
        accuracy_factor_i, r2_factor_i; accuracy_gap and r2_gap: the mean over factors of what is
        lost outside.

    Raises:
        UserError: the arrays cannot be scored; see `checked`.
    """
    points, kinds = checked_points(
        codes,
        factors,
        np.concatenate([inside_codes, outside_codes]),
        np.concatenate([inside_factors, outside_factors]),
        continuous,
    )
    num_inside = len(inside_codes)
    parts = {"inside": slice(0, num_inside), "outside": slice(num_inside, None)}
    found: dict[str, dict[int, float]] = {}
    for i, kind in enumerate(kinds):
        for name, is_r2, make in (
            ("accuracy", False, make_predictor),
            ("r2", True, make_regressor),
        ):
            if kind and not is_r2:
                continue
            model = fitted(make(), points.train_codes, points.train_factors[:, i], is_r2)
            for part, rows in parts.items():
                tested = points.test_codes[rows], points.test_factors[rows, i]
                if not is_r2 or np.ptp(tested[1]) > 0:
                    found.setdefault(f"{part}:{name}", {})[i] = goodness(model, *tested, is_r2)
    scores = {}
    for part in parts:
        for name in ("accuracy", "r2"):
            values = found.get(f"{part}:{name}", {})
            scores |= {f"{part}:{name}_factor_{i}": value for i, value in values.items()}
            if values:
                scores[f"{part}:mean_{name}"] = float(np.mean(list(values.values())))
    for name in ("accuracy", "r2"):
        inside, outside = (found.get(f"{part}:{name}", {}) for part in parts)
        gaps = [inside[i] - outside[i] for i in inside if i in outside]
        if gaps:
            scores[f"{name}_gap"] = float(np.mean(gaps))
    return Scores(scores)


@metric("out_of_support")
def _out_of_support(
    source: Source,
    random_state: np.random.RandomState,
    num_train: Count = gin.REQUIRED,
    num_test: Count = gin.REQUIRED,
) -> Scores:
    """`out_of_support` of drawn points.

    Args:
        source: where codes and factors come from; it knows what training drew.
        random_state: what the points are drawn with.
        num_train: how many points to fit on.
        num_test: how many points to test on, inside and outside each.
    """
    codes, factors, *outside = source.support(num_train + num_test, num_test, random_state)
    return out_of_support(
        codes[:num_train],
        factors[:num_train],
        codes[num_train:],
        factors[num_train:],
        *outside,
        source.continuous,
        make_predictor_fn(),
        make_regressor_fn(),
    )
