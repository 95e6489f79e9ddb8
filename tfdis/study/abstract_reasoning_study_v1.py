"""Stage 1 of the study of van Steenkiste et al., 2019: the 360 models whose codes are reasoned on.

Are Disentangled Representations Helpful for Abstract Visual Reasoning?
https://arxiv.org/abs/1905.12506. 2 data sets, 36 models, 5 seeds.
"""

from tfdis.config import configurable
from tfdis.study import hyperparameters as h
from tfdis.study.unsupervised_study_v1 import data_sets_by_models_by_seeds

DATA_SETS = ("shapes3d", "abstract_dsprites")


@configurable("abstract_reasoning_study_v1")
def abstract_reasoning_study_v1() -> h.Settings:
    """One setting per model, at the index that is its number in the study."""
    return data_sets_by_models_by_seeds(DATA_SETS, num_seeds=5)
