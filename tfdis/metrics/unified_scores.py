"""Every matrix that relates latents and factors, aggregated by every score's formula."""

from collections.abc import Callable, Sequence

import gin
import numpy as np

from tfdis.checks import Count
from tfdis.config import configurable, external_configurable
from tfdis.metrics.arrays import Continuous, checked_points, require_labels, require_two_latents
from tfdis.metrics.dci import (
    boosted_importances,
    completeness,
    completeness_per_factor,
    disentanglement,
    disentanglement_per_code,
)
from tfdis.metrics.discretizer import Discretizer, histogram_discretizer, make_discretizer
from tfdis.metrics.information import discrete_entropy, discrete_mutual_information
from tfdis.metrics.metric import Scores, metric
from tfdis.metrics.mig import gaps
from tfdis.metrics.modularity_explicitness import modularity_per_code
from tfdis.metrics.sap_score import predictability, top_two_differences
from tfdis.metrics.source import Source

_ARRAYS = ["train_codes", "train_factors", "test_codes", "test_factors"]


def importance_gbt_matrix(
    train_codes: np.ndarray,
    train_factors: np.ndarray,
    test_codes: np.ndarray,
    test_factors: np.ndarray,
) -> np.ndarray:
    """DCI's importances, `[num_latents, num_factors]`."""
    return boosted_importances(train_codes, train_factors, test_codes, test_factors)[0]


def mutual_information_matrix(
    train_codes: np.ndarray,
    train_factors: np.ndarray,
    test_codes: np.ndarray,
    test_factors: np.ndarray,
    discretizer: Discretizer = histogram_discretizer,
) -> np.ndarray:
    """MIG's mutual information of the training points, `[num_latents, num_factors]`."""
    del test_codes, test_factors
    return discrete_mutual_information(discretizer(train_codes), train_factors)


def accuracy_svm_matrix(
    train_codes: np.ndarray,
    train_factors: np.ndarray,
    test_codes: np.ndarray,
    test_factors: np.ndarray,
) -> np.ndarray:
    """SAP's accuracies, `[num_latents, num_factors]`."""
    return predictability(train_codes, train_factors, test_codes, test_factors)


external_configurable(importance_gbt_matrix, "importance_gbt_matrix", denylist=_ARRAYS)
external_configurable(accuracy_svm_matrix, "accuracy_svm_matrix", denylist=_ARRAYS)


def unified_scores(
    codes: np.ndarray,
    factors: np.ndarray,
    test_codes: np.ndarray | None = None,
    test_factors: np.ndarray | None = None,
    matrix_fns: Sequence[Callable[..., np.ndarray]] = (
        importance_gbt_matrix,
        mutual_information_matrix,
        accuracy_svm_matrix,
    ),
    continuous: Continuous = None,
    random_state: int | np.random.RandomState | None = 0,
) -> Scores:
    """DCI's, MIG's, SAP's and modularity's aggregation of each matrix.

    Args:
        codes: to train on, `[samples, num_latents]`.
        factors: labels to train on, `[samples, num_factors]`.
        test_codes: to test on; without them a third of the samples is held out.
        test_factors: to test on.
        matrix_fns: of these four arrays, each gives a matrix `[num_latents, num_factors]`.
        continuous: see `checked_factors`; such factors are refused.
        random_state: decides what is held out.

    Returns:
        the scores, each key prefixed by the matrix function's name and a dot; merge_i_j is the rank
        of the threshold at which factors i and j get connected. The matrices have those names.

    Raises:
        UserError: the arrays cannot be scored; see `checked`.
    """
    points, kinds = checked_points(
        codes, factors, test_codes, test_factors, continuous, random_state
    )
    require_labels(kinds, "unified_scores")
    require_two_latents(points.train_codes)
    scores, matrices = {}, {}
    for matrix_fn in matrix_fns:
        name, matrix = matrix_fn.__name__, matrix_fn(*points)
        found = _merges(matrix) | _precision(matrix) | _aggregated(matrix, points.train_factors)
        scores |= {f"{name}.{key}": value for key, value in found.items()}
        matrices[name] = matrix
    return Scores(scores, **matrices)


@metric("unified_scores")
def _unified_scores(
    source: Source,
    random_state: np.random.RandomState,
    num_train: Count = gin.REQUIRED,
    num_test: Count = gin.REQUIRED,
    matrix_fns: Sequence[Callable] = gin.REQUIRED,
    batch_size: Count = 16,
) -> Scores:
    """`unified_scores` of drawn points.

    Args:
        source: where codes and factors come from.
        random_state: what the points are drawn with.
        num_train: how many points to train on.
        num_test: how many points to test on.
        matrix_fns: see `unified_scores`.
        batch_size: how many points are drawn at a time.
    """
    points = source.train_and_test_points(num_train, num_test, random_state, batch_size)
    return unified_scores(*points, matrix_fns, source.continuous)


@configurable("mutual_information_matrix", denylist=_ARRAYS)
def _mutual_information_matrix(
    train_codes: np.ndarray,
    train_factors: np.ndarray,
    test_codes: np.ndarray,
    test_factors: np.ndarray,
) -> np.ndarray:
    """`mutual_information_matrix` in the configured bins."""
    return mutual_information_matrix(
        train_codes, train_factors, test_codes, test_factors, make_discretizer
    )


_mutual_information_matrix.__name__ = "mutual_information_matrix"


def _aggregated(matrix: np.ndarray, factors: np.ndarray) -> dict[str, float]:
    whole = disentanglement(matrix)
    gap = gaps(matrix, discrete_entropy(factors))
    lead = top_two_differences(matrix)
    modularity = modularity_per_code(matrix)
    scores = {
        "dci_disentanglement": whole,
        "dci_completeness": completeness(matrix),
        "dci": whole,
        "mig": np.mean(gap),
        "sap": np.mean(lead),
        "modularity": np.mean(modularity),
    }
    per_part = {
        "dci_disentanglement.code": disentanglement_per_code(matrix),
        "dci_completeness.code": completeness_per_factor(matrix),
        "mig.factor": gap,
        "sap.factor": lead,
        "modularity.code": modularity,
    }
    for key, values in per_part.items():
        scores |= {f"{key}_{i}": value for i, value in enumerate(values)}
    return scores


def _precision(matrix: np.ndarray) -> dict[str, float]:
    """How many independent groups of latents and factors there are, over all thresholds."""
    thresholds = np.sort(matrix, axis=None)[::-1]
    groups = np.array([_num_groups((matrix >= t) & (matrix != 0)) for t in thresholds])
    steps = thresholds[:-1] - thresholds[1:]
    return {
        "area_precision": np.sum((groups[:-1] + groups[1:]) * steps * 0.5),
        "max_precision": int(groups.max()),
    }


def _num_groups(edges: np.ndarray) -> int:
    """The connected components with an edge of a bipartite graph, bool `[latents, factors]`."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    num_latents, num_factors = edges.shape
    graph = np.zeros([num_latents + num_factors] * 2)
    graph[:num_latents, num_latents:] = edges
    _, labels = connected_components(csr_array(graph), directed=False)
    return int(np.count_nonzero(np.bincount(labels) > 1))


def _merges(matrix: np.ndarray) -> dict[str, float]:
    """For each two factors, the rank of the threshold at which latents connect them."""
    num_latents, num_factors = matrix.shape
    members = [{i} if i < num_factors else set() for i in range(num_factors + num_latents)]
    group = list(range(len(members)))
    scores = {}
    for rank, edge in enumerate(matrix.ravel().argsort()[::-1]):
        latent, factor = divmod(int(edge), num_factors)
        left, right = group[factor], group[num_factors + latent]
        if left == right:
            continue
        for one in members[left]:
            for other in members[right]:
                scores[f"merge_{one}_{other}"] = float(rank)
        members[left] |= members[right]
        group = [left if label == right else label for label in group]
    return scores
