"""disentanglement_lib's own scores of the same codes and draws, to compare ours with."""

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from numbers import Real
from typing import Any

import gin
import numpy as np

from tfdis.errors import UserError
from tfdis.evaluation.compat import DisentanglementLib, disentanglement_lib
from tfdis.evaluation.scoring import numpy_seeded
from tfdis.evaluation.sources import DataSource

# Our name of a metric: disentanglement_lib's module and function.
_FUNCTIONS = {
    "mig": ("mig", "compute_mig"),
    "dci": ("dci", "compute_dci"),
    "irs": ("irs", "compute_irs"),
    "sap_score": ("sap_score", "compute_sap"),
    "factor_vae_score": ("factor_vae", "compute_factor_vae"),
    "beta_vae_sklearn": ("beta_vae", "compute_beta_vae_sklearn"),
    "modularity_explicitness": ("modularity_explicitness", "compute_modularity_explicitness"),
    "unsupervised_metrics": ("unsupervised_metrics", "unsupervised_metrics"),
    "downstream_task": ("downstream_task", "compute_downstream_task"),
    "reduced_downstream_task": ("reduced_downstream_task", "compute_reduced_downstream_task"),
    "strong_downstream_task": ("strong_downstream_task", "compute_strong_downstream_task"),
    "fairness": ("fairness", "compute_fairness"),
    "unified_scores": ("unified_scores", "compute_unified_scores"),
}
# The modules that register the names in its metrics' bindings.
_REGISTERING = ("utils", "factor_vae", "reduced_downstream_task", "unified_scores")


def reference_scores(
    name: str, source: DataSource, seed: int, dlib: DisentanglementLib | None = None
) -> dict[str, Any]:
    """The scores of disentanglement_lib's own function, with gin's current bindings.

    It draws from the same seed, also from numpy's global state, and gets the same codes, so that
    any difference is one of the score itself. Its boosted trees are scikit-learn's: with the
    studies' sizes DCI takes minutes.

    Args:
        name: of the metric.
        source: where codes come from.
        seed: of the evaluation.
        dlib: the disentanglement_lib to ask; None: the installed one.

    Raises:
        UserError: it has no such metric.
    """
    dlib = disentanglement_lib() if dlib is None else dlib
    refuse_unknown_reference([name], dlib)
    module, function = _FUNCTIONS[name]
    compute = getattr(dlib.module(f"evaluation.metrics.{module}"), function)
    for each in _REGISTERING:
        with contextlib.suppress(UserError):  # which of them there are depends on its version
            dlib.module(f"evaluation.metrics.{each}")
    source.begin(seed)
    observed = _Indices(source) if source.is_indexed() else source.data
    represent = observed.codes if isinstance(observed, _Indices) else source.representation
    with _bound(dlib), numpy_seeded(seed), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compute(observed, represent, np.random.RandomState(seed))


def refuse_unknown_reference(names: Sequence[str], dlib: DisentanglementLib | None = None) -> None:
    """Raises a UserError where disentanglement_lib lacks one of these metrics.

    Args:
        names: of metrics.
        dlib: the disentanglement_lib to ask; None: the installed one.
    """
    dlib = disentanglement_lib() if dlib is None else dlib
    for name in names:
        if name not in _FUNCTIONS:
            raise UserError(f"disentanglement_lib has no metric '{name}': leave out --reference.")
        dlib.module(f"evaluation.metrics.{_FUNCTIONS[name][0]}")


def differences(
    ours: dict[str, Any], theirs: dict[str, Any]
) -> list[tuple[str, float, float, float]]:
    """Each score that both have: its name, ours, theirs, ours minus theirs."""
    both = [
        (name, float(np.real(ours[name])), float(np.real(theirs[name])))
        for name in theirs
        if name in ours and isinstance(np.real(theirs[name]), Real | np.ndarray)
    ]
    return [(name, our, their, our - their) for name, our, their in both]


class _Indices:
    """A data set with disentanglement_lib's protocol, whose observations are image indices."""

    def __init__(self, source: DataSource):
        self._source = source
        self._data = source.data
        self.num_factors = source.num_factors
        self.factors_num_values = list(source.factors_num_values)
        self.observation_shape = [1]

    def sample_factors(self, num: int, random_state: np.random.RandomState) -> np.ndarray:
        return self._data.sample_factors(num, random_state)

    def sample_observations_from_factors(
        self, factors: np.ndarray, random_state: np.random.RandomState
    ) -> np.ndarray:
        return self._data.index_of(factors, random_state)[:, None]

    def sample(
        self, num: int, random_state: np.random.RandomState
    ) -> tuple[np.ndarray, np.ndarray]:
        factors = self.sample_factors(num, random_state)
        return factors, self.sample_observations_from_factors(factors, random_state)

    def sample_observations(self, num: int, random_state: np.random.RandomState) -> np.ndarray:
        return self.sample(num, random_state)[1]

    def codes(self, indices: np.ndarray) -> np.ndarray:
        """The representation function."""
        return self._source.codes_at(np.asarray(indices).reshape(len(indices)))


@contextlib.contextmanager
def _bound(dlib: DisentanglementLib) -> Iterator[None]:
    """Its gin config is ours, as far as it has the names."""
    dlib.gin.parse_config(gin.config_str(), skip_unknown=True)
    try:
        yield
    finally:
        dlib.gin.clear_config()
