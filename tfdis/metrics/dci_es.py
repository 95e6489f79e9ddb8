"""DCI-ES: DCI with explicitness and size (Eastwood et al., "DCI-ES", 2023, section 4)."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import gin
import numpy as np

from tfdis.checks import Count
from tfdis.metrics.arrays import Continuous, Points, checked_points
from tfdis.metrics.dci import completeness, disentanglement
from tfdis.metrics.fast_fits import in_parallel
from tfdis.metrics.metric import Scores, metric
from tfdis.metrics.predictor import fitted, goodness
from tfdis.metrics.source import Source

DEPTHS = (1, 2, 3, 4, 6, 8, 10, 12, 16, 20)


def dci_es(
    codes: np.ndarray,
    factors: np.ndarray,
    test_codes: np.ndarray | None = None,
    test_factors: np.ndarray | None = None,
    continuous: Continuous = None,
    depths: Sequence[Count] = DEPTHS,
    num_trees: Count = 20,
    random_state: int | np.random.RandomState | None = 0,
) -> Scores:
    """How one-to-one, how informative, how easy to use and how small codes are.

    Random forests of growing depth predict each factor. The loss on the test points (1 - accuracy;
    1 - R2 of a quantity) over the depth is the loss-capacity curve: the sooner it has fallen, the
    more explicit the codes are. D and C are those of the deepest forest's importances.

    Args:
        codes: to train on, `[samples, num_latents]`.
        factors: to train on, `[samples, num_factors]`.
        test_codes: to test on; without them a third of the samples is held out.
        test_factors: to test on.
        continuous: see `checked_factors`.
        depths: the forests' depths, two or more, rising: their capacity.
        num_trees: how many trees a forest has.
        random_state: of the forests, and of what is held out.

    Returns:
        disentanglement, completeness; informativeness_test: the mean over factors of the deepest
        forest's accuracy or R2; explicitness: see `explicitness`, the mean over factors; size:
        num_factors / num_latents, 1 for codes as small as the factors. The matrix is `importance`.

    Raises:
        UserError: the arrays cannot be scored; see `checked`.
    """
    points, kinds = checked_points(
        codes, factors, test_codes, test_factors, continuous, random_state
    )
    seed = 0 if random_state is None else random_state
    fits = in_parallel(
        partial(_fit, points, factor, kind, depth, num_trees, seed)
        for factor, kind in enumerate(kinds)
        for depth in depths
    )
    curves = np.reshape([goodness for goodness, _ in fits], (len(kinds), len(depths)))
    importances = np.stack([found for _, found in fits][len(depths) - 1 :: len(depths)], axis=-1)
    baselines = [_baseline(column, kind) for column, kind in zip(points.test_factors.T, kinds)]
    scores = {
        "disentanglement": disentanglement(importances),
        "completeness": completeness(importances),
        "informativeness_test": np.mean(curves[:, -1]),
        "explicitness": np.mean(
            [explicitness(depths, 1 - curve, base) for curve, base in zip(curves, baselines)]
        ),
        "size": len(kinds) / points.train_codes.shape[1],
    }
    return Scores(scores, importance=importances)


@metric("dci_es")
def _dci_es(
    source: Source,
    random_state: np.random.RandomState,
    num_train: Count = gin.REQUIRED,
    num_test: Count = gin.REQUIRED,
    batch_size: Count = 16,
    depths: Sequence[Count] = DEPTHS,
    num_trees: Count = 20,
) -> Scores:
    """`dci_es` of drawn points.

    Args:
        source: where codes and factors come from.
        random_state: what the points are drawn with.
        num_train: how many points to train on.
        num_test: how many points to test on.
        batch_size: how many are drawn at a time.
        depths: see `dci_es`.
        num_trees: see `dci_es`.
    """
    points = source.train_and_test_points(num_train, num_test, random_state, batch_size)
    return dci_es(*points, source.continuous, depths, num_trees)


def explicitness(capacities: Sequence[float], losses: np.ndarray, baseline: float) -> float:
    """How soon the loss falls as the capacity of the probe grows (section 4.2).

    1 - 2 A / (width * baseline), where A is the area between the curve of the least loss so far and
    its minimum, and width the range of capacities: 1 where the weakest probe is as good as any, 0
    where the loss falls on a straight line from the baseline to nothing.

    Args:
        capacities: rising, `[probes]`.
        losses: on points to test on, `[probes]`.
        baseline: the loss of the best constant.
    """
    least = np.minimum.accumulate(losses)
    above = least - least[-1]
    widths = np.diff(capacities)
    area = np.sum((above[1:] + above[:-1]) / 2 * widths)
    return float(1 - 2 * area / (np.sum(widths) * baseline))


def _fit(
    points: Points, factor: int, is_continuous: bool, depth: int, num_trees: int, seed: Any
) -> tuple[float, np.ndarray]:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    forest = RandomForestRegressor if is_continuous else RandomForestClassifier
    model = forest(num_trees, max_depth=depth, random_state=seed)
    fitted(model, points.train_codes, points.train_factors[:, factor], is_continuous)
    score = goodness(model, points.test_codes, points.test_factors[:, factor], is_continuous)
    return score, model.feature_importances_


def _baseline(factor: np.ndarray, is_continuous: bool) -> float:
    """The loss of the best constant: of R2 it is 1."""
    if is_continuous:
        return 1.0
    return 1.0 - np.max(np.unique_counts(factor).counts) / len(factor)
