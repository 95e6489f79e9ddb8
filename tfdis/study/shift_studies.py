"""Numbered studies of distribution shift: correlated factors, and combinations never seen.

The shifts are the published ones (`tfdis.data.shifts`), the models those of the unsupervised study.
"""

from tfdis.config import configurable
from tfdis.data.shifts import (
    CORRELATIONS,
    HELD_OUT,
    TRAEUBLE_PAIRS,
    TRAEUBLE_SIGMAS,
    traeuble_name,
)
from tfdis.study import hyperparameters as h
from tfdis.study.unsupervised_study_v1 import six_algorithms

_ORDERED = {
    "dsprites_full": ("scale", "orientation", "x", "y"),
    "shapes3d": ("floor_hue", "wall_hue", "object_hue", "scale", "orientation"),
    "mpi3d_real": ("first_dof", "second_dof"),
}


@configurable("correlated_factors_study_v1")
def correlated_factors_study_v1() -> h.Settings:
    """Each published correlation with each of the 36 models and 10 seeds, seeds fastest."""
    shifts = [
        {"dataset.name": known.data_set, "correlated_factors.published": name}
        for name, known in CORRELATIONS.items()
    ]
    return _with_models(shifts, num_seeds=10)


@configurable("traeuble_study_v1")
def traeuble_study_v1() -> h.Settings:
    """The 3,600 unsupervised models of Träuble et al., 2021, in the order of their code.

    5 pairs of factors, 3 strengths and none, the 36 models, 5 seeds; seeds are the fastest.
    Shapes3D without a correlation is there for each of its three pairs.
    """
    shifts: h.Settings = []
    for short, (data_set, _) in TRAEUBLE_PAIRS.items():
        shifts += [
            {
                "dataset.name": data_set,
                "correlated_factors.published": traeuble_name(short, sigma),
            }
            for sigma in TRAEUBLE_SIGMAS
        ]
        shifts.append({"dataset.name": data_set})
    return _with_models(shifts, num_seeds=5)


@configurable("generalization_study_v1")
def generalization_study_v1() -> h.Settings:
    """Each published range and four splits of three data sets, with 36 models and 5 seeds each.

    The splits are random, composition, interpolation and extrapolation; seeds are the fastest.
    """
    shifts: h.Settings = [
        {"dataset.name": known.data_set, "held_out.published": name}
        for name, known in HELD_OUT.items()
    ]
    for data_set, factors in _ORDERED.items():
        shifts.append({"dataset.name": data_set, "split.held_out_images": 0.3})
        shifts += [
            {"dataset.name": data_set, "held_out.kind": kind, "held_out.factors": list(factors)}
            for kind in ("composition", "interpolation", "extrapolation")
        ]
    return _with_models(shifts, num_seeds=5)


def _with_models(shifts: h.Settings, num_seeds: int) -> h.Settings:
    architecture = h.zipped(
        [
            h.fixed("encoder.encoder_fn", "@conv_encoder"),
            h.fixed("decoder.decoder_fn", "@deconv_decoder"),
        ]
    )
    seeds = h.categorical("model.random_seed", range(num_seeds))
    return h.product([shifts, architecture, six_algorithms(), seeds])
