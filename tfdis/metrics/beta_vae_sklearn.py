"""beta-VAE's score (Higgins et al., "beta-VAE", 2017, section 3)."""

import gin
import numpy as np

from tfdis.checks import Count
from tfdis.errors import UserError
from tfdis.metrics.arrays import require_labels
from tfdis.metrics.groups import checked_groups
from tfdis.metrics.metric import Scores, metric
from tfdis.metrics.source import Source


def beta_vae_sklearn(
    pairs: np.ndarray,
    fixed: np.ndarray,
    test_pairs: np.ndarray | None = None,
    test_fixed: np.ndarray | None = None,
    random_state: int | np.random.RandomState | None = 0,
) -> Scores:
    """How well a linear classifier predicts the shared factor from the differences of codes.

    Args:
        pairs: codes of groups of pairs to train on, `[groups, 2, size, num_latents]`: within a
            group, `pairs[i, 0, k]` and `pairs[i, 1, k]` share the value of one factor.
        fixed: the number of that factor, `[groups]`.
        test_pairs: to test on; without them a third of the groups is held out.
        test_fixed: to test on.
        random_state: of the classifier, and of what is held out.

    Returns:
        train_accuracy and eval_accuracy.

    Raises:
        UserError: the arrays cannot be scored, or there is only one factor.
    """
    from sklearn.linear_model import LogisticRegression

    groups = checked_groups(pairs, fixed, test_pairs, test_fixed, 4, random_state)
    pairs, fixed, test_pairs, test_fixed = groups
    if (fixed == fixed[0]).all():
        raise UserError("beta_vae_sklearn compares factors, and there is only one.")
    train, test = (_differences(pairs), fixed), (_differences(test_pairs), test_fixed)
    model = LogisticRegression(random_state=random_state).fit(*train)
    return Scores({"train_accuracy": model.score(*train), "eval_accuracy": model.score(*test)})


@metric("beta_vae_sklearn")
def _beta_vae_sklearn(
    source: Source,
    random_state: np.random.RandomState,
    batch_size: Count = gin.REQUIRED,
    num_train: Count = gin.REQUIRED,
    num_eval: Count = gin.REQUIRED,
) -> Scores:
    """`beta_vae_sklearn` of drawn pairs.

    Args:
        source: where codes come from.
        random_state: what the pairs are drawn with.
        batch_size: how many pairs make one difference.
        num_train: how many differences to train on.
        num_eval: how many differences to test on.
    """
    require_labels(source.continuous, "beta_vae_sklearn")
    if source.num_factors < 2:
        raise UserError("beta_vae_sklearn compares factors, and there is only one.")
    fixed, pairs = source.pairs(num_train, batch_size, random_state)
    test_fixed, test_pairs = source.pairs(num_eval, batch_size, random_state)
    return beta_vae_sklearn(pairs, fixed, test_pairs, test_fixed, random_state)


def _differences(pairs: np.ndarray) -> np.ndarray:
    return np.mean(np.abs(pairs[:, 0] - pairs[:, 1]), axis=1).astype(np.float64)
