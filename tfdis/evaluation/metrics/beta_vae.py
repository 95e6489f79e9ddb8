"""beta-VAE's score (Higgins et al., "beta-VAE", 2017, section 3)."""

import os
from collections.abc import Callable
from typing import Any

import gin
import numpy as np

from tfdis.errors import UserError
from tfdis.evaluation.metric import metric
from tfdis.evaluation.sources import source_of


@metric
def beta_vae_sklearn(
    ground_truth_data: Any,
    representation_function: Callable,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike | None = None,
    batch_size: int = gin.REQUIRED,
    num_train: int = gin.REQUIRED,
    num_eval: int = gin.REQUIRED,
) -> dict[str, Any]:
    """How well a linear classifier tells, from how far apart codes are, which factor they share.

    Args:
        ground_truth_data: see `Source`.
        representation_function: images to codes.
        random_state: where the points are drawn from.
        artifact_dir: unused.
        batch_size: how many pairs make one difference.
        num_train: how many differences to train on.
        num_eval: how many differences to test on.

    Returns:
        train_accuracy and eval_accuracy.
    """
    from sklearn.linear_model import LogisticRegression

    source = source_of(ground_truth_data, representation_function)
    if source.num_factors < 2:
        raise UserError("beta_vae_sklearn tells factors apart, and there is only one.")

    def differences(num: int) -> tuple[np.ndarray, np.ndarray]:
        fixed, pairs = source.pairs(num, batch_size, random_state)
        return np.mean(np.abs(pairs[:, 0] - pairs[:, 1]), axis=1).astype(np.float64), fixed

    train, test = differences(num_train), differences(num_eval)
    model = LogisticRegression(random_state=random_state).fit(*train)
    return {"train_accuracy": model.score(*train), "eval_accuracy": model.score(*test)}
