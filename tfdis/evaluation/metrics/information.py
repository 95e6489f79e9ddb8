"""Mutual information and entropy, in nats, of what takes few values."""

import numpy as np


def discrete_mutual_information(codes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """I(code; factor) of each pair, `[num_latents, num_factors]`.

    Args:
        codes: discretized, `[samples, num_latents]`.
        factors: labels, `[samples, num_factors]`.
    """
    from sklearn.metrics import mutual_info_score

    return np.array([[mutual_info_score(factor, code) for factor in factors.T] for code in codes.T])


def discrete_entropy(factors: np.ndarray) -> np.ndarray:
    """H(factor) of each column of labels, `[num_factors]`."""
    from sklearn.metrics import mutual_info_score

    return np.array([mutual_info_score(factor, factor) for factor in factors.T])
