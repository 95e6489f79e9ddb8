"""The factors of groups of points that have one factor's value in common."""

from typing import Any

import numpy as np

from tfdis.data.ground_truth import GroundTruthData


def draws_by_factors_alone(data: Any) -> bool:
    """Whether `data` draws factors as `GroundTruthData` does, and nothing else."""
    if type(data).sample_factors is not GroundTruthData.sample_factors:
        return False
    state = np.random.RandomState(0)
    data.index_of(np.zeros([8, data.num_factors], np.int64), state)
    return state.randint(2**31) == np.random.RandomState(0).randint(2**31)


def grouped_factors(
    sizes: list[int], num: int, num_sets: int, size: int, random_state: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """Draws groups as FactorVAE's score (one set of points) and beta-VAE's (two sets) do.

    It leaves `random_state` as the same draws with `randint`, one call per factor, would.

    Args:
        sizes: the number of values of each factor.
        num: how many groups.
        num_sets: how many sets of points there are in a group.
        size: how many points there are in a set.
        random_state: where from.

    Returns:
        the number of a factor, int64 `[num]`, and factors, int64
        `[num, num_sets, size, num_factors]`.
    """
    from tfdis.kernels import draws

    fixed = np.empty(num, np.int64)
    factors = np.empty([num, num_sets, size, len(sizes)], np.int64)
    shares = [each / (1 << (each - 1).bit_length()) for each in [*sizes, len(sizes)]]
    words_per_group = num_sets * size * sum(1 / share for share in shares[:-1]) + 1 / shares[-1]
    num_words = int(1.05 * num * words_per_group) + 1000
    state = random_state.get_state()
    while True:
        words = random_state.randint(0, 2**32, size=num_words, dtype=np.uint32)
        random_state.set_state(state)
        taken = draws.grouped_factors(words, np.array(sizes, np.int64), fixed, factors)
        if taken >= 0:
            break
        num_words *= 2
    random_state.randint(0, 2**32, size=taken, dtype=np.uint32)
    return fixed, factors
