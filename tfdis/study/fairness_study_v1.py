"""The 12,600 models of the study of Locatello et al., 2019, on fairness.

On the Fairness of Disentangled Representations. https://arxiv.org/abs/1905.13662. The models are
those of `unsupervised_study_v1`; the scores that follow are others.
"""

from tfdis.config import configurable
from tfdis.study import hyperparameters as h
from tfdis.study.unsupervised_study_v1 import DATA_SETS, data_sets_by_models_by_seeds


@configurable("fairness_study_v1")
def fairness_study_v1() -> h.Settings:
    """One setting per model, at the index that is its number in the study."""
    return data_sets_by_models_by_seeds(DATA_SETS, num_seeds=50)
