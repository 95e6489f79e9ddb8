"""Every matrix that relates latents and factors, aggregated by every score's formula."""

import os
from collections.abc import Callable, Sequence
from typing import Any

import gin
import numpy as np

from tfdis.config import configurable
from tfdis.evaluation.metric import (
    metric,
    require_two_latents,
    require_varied_factors,
    save_matrix,
    validation_metric,
)
from tfdis.evaluation.metrics import dci
from tfdis.evaluation.metrics.discretizer import make_discretizer
from tfdis.evaluation.metrics.fixed_set import codes_and_factors, split
from tfdis.evaluation.metrics.information import discrete_entropy, discrete_mutual_information
from tfdis.evaluation.metrics.mig import gaps
from tfdis.evaluation.metrics.modularity_explicitness import modularity_per_code
from tfdis.evaluation.metrics.sap_score import predictability, top_two_differences
from tfdis.evaluation.sources import source_of

_ARRAYS = ["train_codes", "train_factors", "test_codes", "test_factors"]


@metric
def unified_scores(
    ground_truth_data: Any,
    representation_function: Callable,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike | None = None,
    num_train: int = gin.REQUIRED,
    num_test: int = gin.REQUIRED,
    matrix_fns: Sequence[Callable] = gin.REQUIRED,
    batch_size: int = 16,
) -> dict[str, Any]:
    """DCI's, MIG's, SAP's and modularity's aggregation of each matrix.

    Args:
        ground_truth_data: see `Source`.
        representation_function: images to codes.
        random_state: where the points are drawn from.
        artifact_dir: where the matrices go; with it, the scores also say at which threshold factors
            merge.
        num_train: how many points to train on.
        num_test: how many points to test on.
        matrix_fns: of codes and factors to train and to test on, each gives a matrix
            `[num_latents, num_factors]`.
        batch_size: how many points are drawn at a time.

    Returns:
        the scores, each key prefixed by the matrix function's name and a dot.
    """
    source = source_of(ground_truth_data, representation_function)
    points = source.train_and_test_points(num_train, num_test, random_state, batch_size)
    require_varied_factors(points[1], source.factor_names)
    scores = {}
    for name, matrix, found in _unified(points, matrix_fns):
        save_matrix(artifact_dir, name, matrix, source.factor_names)
        if artifact_dir is not None:
            found = _merges(matrix) | found
        scores |= {f"{name}.{key}": value for key, value in found.items()}
    return scores


@validation_metric
def unified_score_validation(
    observations: np.ndarray,
    labels: np.ndarray,
    representation_function: Callable,
    train_percentage: float = gin.REQUIRED,
    matrix_fns: Sequence[Callable] = gin.REQUIRED,
    batch_size: int = 100,
) -> dict[str, Any]:
    """`unified_scores` of a fixed labelled set."""
    points = split(
        *codes_and_factors(observations, labels, representation_function, batch_size),
        train_percentage,
    )
    require_varied_factors(points[1])
    return {
        f"{name}.{key}": value
        for name, _, found in _unified(points, matrix_fns)
        for key, value in found.items()
    }


@configurable("importance_gbt_matrix", denylist=_ARRAYS)
def importance_gbt_matrix(
    train_codes: np.ndarray,
    train_factors: np.ndarray,
    test_codes: np.ndarray,
    test_factors: np.ndarray,
) -> np.ndarray:
    """DCI's importances, `[num_latents, num_factors]`."""
    return dci.boosted_importances(train_codes, train_factors, test_codes, test_factors)[0]


@configurable("mutual_information_matrix", denylist=_ARRAYS)
def mutual_information_matrix(
    train_codes: np.ndarray,
    train_factors: np.ndarray,
    test_codes: np.ndarray,
    test_factors: np.ndarray,
) -> np.ndarray:
    """MIG's mutual information of the training points, `[num_latents, num_factors]`."""
    del test_codes, test_factors
    return discrete_mutual_information(make_discretizer(train_codes), train_factors)


@configurable("accuracy_svm_matrix", denylist=_ARRAYS)
def accuracy_svm_matrix(
    train_codes: np.ndarray,
    train_factors: np.ndarray,
    test_codes: np.ndarray,
    test_factors: np.ndarray,
) -> np.ndarray:
    """SAP's accuracies, `[num_latents, num_factors]`."""
    return predictability(
        train_codes, train_factors, test_codes, test_factors, continuous_factors=False
    )


def _unified(points: tuple[np.ndarray, ...], matrix_fns: Sequence[Callable]) -> Any:
    """Gives name, matrix and scores of each matrix function."""
    require_two_latents(points[0])
    for matrix_fn in matrix_fns:
        matrix = matrix_fn(*points)
        yield matrix_fn.__name__, matrix, _precision(matrix) | _aggregated(matrix, points[1])


def _aggregated(matrix: np.ndarray, factors: np.ndarray) -> dict[str, float]:
    disentanglement = dci.disentanglement(matrix)
    gap = gaps(matrix, discrete_entropy(factors))
    lead = top_two_differences(matrix)
    modularity = modularity_per_code(matrix)
    scores = {
        "dci_disentanglement": disentanglement,
        "dci_completeness": dci.completeness(matrix),
        "dci": disentanglement,
        "mig": np.mean(gap),
        "sap": np.mean(lead),
        "modularity": np.mean(modularity),
    }
    per_part = {
        "dci_disentanglement.code": dci.disentanglement_per_code(matrix),
        "dci_completeness.code": dci.completeness_per_factor(matrix),
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
    """At which rank of threshold two factors get connected, over latents, for each two factors."""
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
