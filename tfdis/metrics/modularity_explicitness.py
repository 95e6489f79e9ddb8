"""Modularity and explicitness (Ridgeway and Mozer, "F-statistic loss", 2018, section 3)."""

import gin
import numpy as np

from tfdis.checks import Count
from tfdis.errors import UserError
from tfdis.metrics.arrays import Continuous, FactorError, checked_points
from tfdis.metrics.discretizer import Discretizer, histogram_discretizer, make_discretizer
from tfdis.metrics.information import Estimator, mutual_information
from tfdis.metrics.metric import Scores, metric
from tfdis.metrics.predictor import goodness
from tfdis.metrics.source import Source


def modularity_explicitness(
    codes: np.ndarray,
    factors: np.ndarray,
    test_codes: np.ndarray | None = None,
    test_factors: np.ndarray | None = None,
    continuous: Continuous = None,
    estimator: Estimator = "bins",
    discretizer: Discretizer = histogram_discretizer,
    random_state: int | np.random.RandomState | None = 0,
) -> Scores:
    """Whether a latent has information on one factor only, and how well a linear model predicts.

    A latent that never varies is left out of the linear model (disentanglement_lib fails there).

    Args:
        codes: to train on, `[samples, num_latents]`.
        factors: to train on, `[samples, num_factors]`.
        test_codes: to test on; without them a third of the samples is held out.
        test_factors: to test on.
        continuous: see `checked_factors`.
        estimator: see `mutual_information`.
        discretizer: puts codes, and continuous factors, into bins.
        random_state: for the estimator "neighbours", and of what is held out.

    Returns:
        modularity_score: the mean over latents; explicitness_score_train, explicitness_score_test:
        the mean over factors of the area under the ROC curve, or of linear regression's R2 where a
        factor is continuous. The matrix is `mutual_information`.

    Raises:
        UserError: the arrays cannot be scored; see `checked`.
    """
    points, kinds = checked_points(
        codes, factors, test_codes, test_factors, continuous, random_state
    )
    train_codes, train_factors, test_codes, test_factors = points
    for i, column in enumerate(test_factors.T):
        if (column == column[0]).all():
            raise FactorError(
                i,
                f"has a single value in {len(column)} samples to test on, and so has no "
                "ROC curve: use more samples, or leave the factor out.",
            )
    if len(kinds) < 2:
        raise UserError("modularity_explicitness compares factors, and there is only one.")
    information, _ = mutual_information(
        train_codes, train_factors, kinds, estimator, discretizer, random_state
    )
    mean, deviation = np.mean(train_codes, axis=0), np.std(train_codes, axis=0)
    deviation = np.where(deviation > 0.0, deviation, 1.0)
    train_codes, test_codes = (train_codes - mean) / deviation, (test_codes - mean) / deviation
    # Not `in_parallel`: LBFGS on float32 codes stops elsewhere with another number of BLAS threads
    # (by 3e-5 in the score), and with as many as disentanglement_lib it gives the same score.
    explicitness = [
        (_r_squared if kind else _area)(train_codes, train_factor, test_codes, test_factor)
        for train_factor, test_factor, kind in zip(train_factors.T, test_factors.T, kinds)
    ]
    train, test = np.mean(explicitness, axis=0)
    scores = {
        "modularity_score": np.mean(modularity_per_code(information)),
        "explicitness_score_train": train,
        "explicitness_score_test": test,
    }
    if any(kinds) or estimator != "bins":
        scores["mutual_information_estimator"] = estimator
    return Scores(scores, mutual_information=information)


@metric("modularity_explicitness")
def _modularity_explicitness(
    source: Source,
    random_state: np.random.RandomState,
    num_train: Count = gin.REQUIRED,
    num_test: Count = gin.REQUIRED,
    batch_size: Count = 16,
    estimator: Estimator = "bins",
) -> Scores:
    """`modularity_explicitness` of drawn points.

    Args:
        source: where codes and factors come from.
        random_state: what the points are drawn with.
        num_train: how many points to train on.
        num_test: how many points to test on.
        batch_size: how many are drawn at a time.
        estimator: see `mutual_information`.
    """
    points = source.train_and_test_points(num_train, num_test, random_state, batch_size)
    return modularity_explicitness(
        *points, source.continuous, estimator, make_discretizer, random_state
    )


def modularity_per_code(mutual_information: np.ndarray) -> np.ndarray:
    """One minus how far a latent's squared information is from one factor only (equation 2).

    Args:
        mutual_information: `[num_latents, num_factors]`.

    Returns:
        `[num_latents]`; 0 for a latent without information.
    """
    squared = np.square(mutual_information)
    largest = squared.max(axis=1)
    rest = squared.sum(axis=1) - largest
    ideal = largest * (squared.shape[1] - 1.0)
    return np.where(largest > 0.0, 1.0 - rest / np.where(largest > 0.0, ideal, 1.0), 0.0)


def _area(
    train_codes: np.ndarray,
    train_factor: np.ndarray,
    test_codes: np.ndarray,
    test_factor: np.ndarray,
) -> tuple[float, float]:
    """The mean area under the ROC curves of a factor's values, in training and in test."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    model = LogisticRegression().fit(train_codes, train_factor)

    def area(codes: np.ndarray, factor: np.ndarray) -> float:
        one_hot = factor[:, None] == model.classes_
        seen = one_hot.any(axis=0)  # of a value that none of the points has there is no curve
        return roc_auc_score(one_hot[:, seen], model.predict_proba(codes)[:, seen])

    return area(train_codes, train_factor), area(test_codes, test_factor)


def _r_squared(
    train_codes: np.ndarray,
    train_factor: np.ndarray,
    test_codes: np.ndarray,
    test_factor: np.ndarray,
) -> tuple[float, float]:
    from sklearn.linear_model import LinearRegression

    model = LinearRegression().fit(train_codes, train_factor)
    return (
        goodness(model, train_codes, train_factor, True),
        goodness(model, test_codes, test_factor, True),
    )
