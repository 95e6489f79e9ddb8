"""Stage 2 of the study of van Steenkiste et al., 2019: the models that reason on the codes.

3,600 models reason on the representations of stage 1, each with ten configurations; 60 more reason
on images, on the true factors' values and on these one-hot, on each data set. Model 10 r + c is
the representation of model r of stage 1 with configuration c.

disentanglement_lib has the options of every parameter in a comment and numbers nothing: which ten
configurations the paper drew of them is not published, and those here are a draw of our own.
"""

import numpy as np

from tfdis.config import configurable
from tfdis.study import hyperparameters as h
from tfdis.study.abstract_reasoning_study_v1 import DATA_SETS, abstract_reasoning_study_v1

NUM_CONFIGURATIONS = 10


@configurable("abstract_reasoning_study_v1_stage2")
def abstract_reasoning_study_v1_stage2() -> h.Settings:
    """One setting per model, at the index that is its number; see the module."""
    representations = [
        {
            "dataset.name": setting["dataset.name"],
            "TwoStageModel.embedding_model_class": "@HubEmbedding",
            "abstract_reasoning.representation": number,
        }
        for number, setting in enumerate(abstract_reasoning_study_v1())
    ]
    baselines = h.grid(
        {
            "dataset.name": DATA_SETS,
            "TwoStageModel.embedding_model_class": ["@BaselineCNNEmbedder", "values", "onehot"],
        }
    )
    return h.product([h.chained([representations, baselines]), configurations()])


def configurations() -> h.Settings:
    """The ten configurations of the reasoning: different ones of `options`, drawn with seed 0."""
    every = options()
    chosen = np.random.RandomState(0).choice(len(every), NUM_CONFIGURATIONS, replace=False)
    return [every[number] for number in chosen]


def options() -> h.Settings:
    """Every combination of the values that the study considers."""
    name = "OptimizedWildRelNet"
    return h.product(
        [
            h.discrete("AdamOptimizer.learning_rate", [1e-2, 1e-3, 1e-4]),
            h.categorical(f"{name}.dropout_in_last_graph_layer", [0.25, 0.5, 0.75, None]),
            h.categorical(f"{name}.graph_mlp", [[256], [128], [128, 128], [256, 256]]),
            h.categorical(
                f"{name}.edge_mlp",
                [[width] * depth for width in (512, 256) for depth in (4, 3, 2)],
            ),
        ]
    )
