"""Modularity and explicitness (Ridgeway and Mozer, "F-statistic loss", 2018, section 3)."""

import os
from collections.abc import Callable
from typing import Any

import gin
import numpy as np

from tfdis.errors import UserError
from tfdis.evaluation.metric import metric, require_varied_factors, save_matrix
from tfdis.evaluation.metrics.discretizer import make_discretizer
from tfdis.evaluation.metrics.information import discrete_mutual_information
from tfdis.evaluation.sources import source_of


@metric
def modularity_explicitness(
    ground_truth_data: Any,
    representation_function: Callable,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike | None = None,
    num_train: int = gin.REQUIRED,
    num_test: int = gin.REQUIRED,
    batch_size: int = 16,
) -> dict[str, Any]:
    """Whether a latent knows of one factor only, and how well a linear classifier tells factors.

    A latent that never varies is left out of the classifier (disentanglement_lib fails there).

    Args:
        ground_truth_data: see `Source`.
        representation_function: images to codes.
        random_state: where the points are drawn from.
        artifact_dir: where the matrix of mutual information goes.
        num_train: how many points to train on.
        num_test: how many points to test on.
        batch_size: how many are drawn at a time.

    Returns:
        modularity_score: the mean over latents; explicitness_score_train, explicitness_score_test:
        the mean area under the ROC curve over factors.
    """
    source = source_of(ground_truth_data, representation_function)
    train_codes, train_factors, test_codes, test_factors = source.train_and_test_points(
        num_train, num_test, random_state, batch_size
    )
    require_varied_factors(train_factors, source.factor_names)
    require_varied_factors(test_factors, source.factor_names)
    if source.num_factors < 2:
        raise UserError("modularity_explicitness compares factors, and there is only one.")
    information = discrete_mutual_information(make_discretizer(train_codes), train_factors)
    save_matrix(artifact_dir, "mutual_information", information, source.factor_names)
    mean, deviation = np.mean(train_codes, axis=0), np.std(train_codes, axis=0)
    deviation = np.where(deviation > 0.0, deviation, 1.0)
    train_codes, test_codes = (train_codes - mean) / deviation, (test_codes - mean) / deviation
    # Not `in_parallel`: LBFGS on float32 codes stops elsewhere with another number of BLAS threads
    # (by 3e-5 in the score), and with as many as disentanglement_lib it gives the same score.
    explicitness = [
        _explicitness(train_codes, train_factor, test_codes, test_factor)
        for train_factor, test_factor in zip(train_factors.T, test_factors.T)
    ]
    train, test = np.mean(explicitness, axis=0)
    return {
        "modularity_score": np.mean(modularity_per_code(information)),
        "explicitness_score_train": train,
        "explicitness_score_test": test,
    }


def modularity_per_code(mutual_information: np.ndarray) -> np.ndarray:
    """One minus how far a latent's squared information is from one factor only (equation 2).

    Args:
        mutual_information: `[num_latents, num_factors]`.

    Returns:
        `[num_latents]`; 0 for a latent that knows nothing.
    """
    squared = np.square(mutual_information)
    largest = squared.max(axis=1)
    rest = squared.sum(axis=1) - largest
    ideal = largest * (squared.shape[1] - 1.0)
    return np.where(largest > 0.0, 1.0 - rest / np.where(largest > 0.0, ideal, 1.0), 0.0)


def _explicitness(
    train_codes: np.ndarray,
    train_factor: np.ndarray,
    test_codes: np.ndarray,
    test_factor: np.ndarray,
) -> tuple[float, float]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    model = LogisticRegression().fit(train_codes, train_factor)

    def area(codes: np.ndarray, factor: np.ndarray) -> float:
        one_hot = factor[:, None] == model.classes_
        seen = one_hot.any(axis=0)  # of a value that none of the points has there is no curve
        return roc_auc_score(one_hot[:, seen], model.predict_proba(codes)[:, seen])

    return area(train_codes, train_factor), area(test_codes, test_factor)
