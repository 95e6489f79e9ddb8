"""The panels of matrices: images of a data set, of few values of each factor."""

from collections.abc import Sequence

import numpy as np

from tfdis.config import configurable
from tfdis.data.ground_truth import GroundTruthData
from tfdis.data.named import get_named_ground_truth_data
from tfdis.errors import UserError
from tfdis.reasoning.matrices import MatrixRules

# The first two as in the paper (van Steenkiste et al., 2019, section 3). A third of a turn is seen
# on a square and on an ellipse, where a quarter is not.
_NUM_VALUES = {
    "abstract_dsprites": (5, 6, 3, 3, 4, 4),
    "shapes3d": (10, 10, 10, 4, 4, 4),
    "rooms": (10, 10, 10, 4, 4, 4),
    "sprites": (3, 3, 3, 4, 4),
}
_MAX_VALUES = 10
_NUM_RELATIONS = {
    "1": (1.0, 0.0, 0.0),
    "2": (0.0, 1.0, 0.0),
    "3": (0.0, 0.0, 1.0),
    "mixed": (1 / 3, 1 / 3, 1 / 3),
}


class Panels:
    """A data set of which matrices take few values of each factor, evenly spaced.

    Args:
        data: the data set.
        num_values: how many values of each factor are taken.

    Raises:
        UserError: there are not as many numbers as factors, or one exceeds a factor's values.
    """

    def __init__(self, data: GroundTruthData, num_values: Sequence[int]) -> None:
        sizes = data.factors_num_values
        if len(num_values) != len(sizes) or np.any(np.greater(num_values, sizes)):
            raise UserError(
                f"pgm.num_values {list(num_values)} has to give a number for each factor of "
                f"'{data.name}', at most {list(sizes)}."
            )
        self.data, self.num_values = data, tuple(int(n) for n in num_values)
        # Value v of n stands for value floor(v * size / n) of the data, as in disentanglement_lib.
        self.values = [np.arange(n) * size // n for n, size in zip(self.num_values, sizes)]

    def factors(self, values: np.ndarray) -> np.ndarray:
        """The data's factors of the values in a matrix, int64 `[..., num_factors]`."""
        values = np.asarray(values)
        return np.stack([table[values[..., i]] for i, table in enumerate(self.values)], axis=-1)

    def images(self, values: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        """One image for each row of values, float32 in [0, 1], `[..., height, width, channels]`.

        Args:
            values: integers, `[..., num_factors]`.
            random_state: the source of the nuisance.
        """
        factors = self.factors(values)
        flat = factors.reshape(-1, factors.shape[-1])
        images = self.data.sample_observations_from_factors(flat, random_state)
        return images.reshape(*factors.shape[:-1], *images.shape[1:])


@configurable("pgm")
def get_pgm_dataset(
    pgm_type: str, num_values: Sequence[int] | None = None
) -> tuple[Panels, MatrixRules]:
    """The panels and the rules of the matrices over `dataset.name`.

    disentanglement_lib never passes "hard" to the function that draws the answers, so its wrong
    answers are always easy. Here "hard" answers are hard.

    Args:
        pgm_type: "easy" or "hard", followed by the number of relations: "1", "2", "3" or "mixed"
            (each with probability 1/3); such as "easy_mixed".
        num_values: how many values of each factor are taken; None: those of the paper, and at most
            ten for a data set that it does not use.

    Raises:
        UserError: the type is none of these, or the data's factors do not serve.
    """
    alternatives = pgm_type[:4]
    number = pgm_type[4:].removeprefix("_")
    if alternatives not in ("easy", "hard") or number not in _NUM_RELATIONS:
        raise UserError(
            f"pgm.pgm_type has to be easy or hard with 1, 2, 3 or mixed, such as 'easy_mixed', not "
            f"'{pgm_type}'."
        )
    data = get_named_ground_truth_data()
    if num_values is None:
        capped = np.minimum(data.factors_num_values, _MAX_VALUES).tolist()
        num_values = _NUM_VALUES.get(data.name, capped)
    panels = Panels(data, num_values)
    return panels, MatrixRules(panels.num_values, alternatives, _NUM_RELATIONS[number])
