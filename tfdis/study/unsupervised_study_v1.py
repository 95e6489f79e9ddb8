"""The 12,600 models of the study of Locatello et al., 2019.

Challenging Common Assumptions in the Unsupervised Learning of Disentangled Representations.
https://arxiv.org/abs/1811.12359. 7 data sets, 6 algorithms at 6 strengths each, 50 seeds.
"""

from collections.abc import Sequence

from tfdis.config import configurable
from tfdis.study import hyperparameters as h

DATA_SETS = (
    "dsprites_full",
    "color_dsprites",
    "noisy_dsprites",
    "scream_dsprites",
    "smallnorb",
    "cars3d",
    "shapes3d",
)


@configurable("unsupervised_study_v1")
def unsupervised_study_v1() -> h.Settings:
    """One setting per model, at the index that is its number in the study."""
    return data_sets_by_models_by_seeds(DATA_SETS, num_seeds=50)


def data_sets_by_models_by_seeds(data_sets: Sequence[str], num_seeds: int) -> h.Settings:
    """Every data set with each of the 36 models and each seed, seeds fastest."""
    architecture = h.zipped(
        [
            h.fixed("encoder.encoder_fn", "@conv_encoder"),
            h.fixed("decoder.decoder_fn", "@deconv_decoder"),
        ]
    )
    return h.product(
        [
            h.categorical("dataset.name", data_sets),
            architecture,
            six_algorithms(),
            h.categorical("model.random_seed", range(num_seeds)),
        ]
    )


def six_algorithms() -> h.Settings:
    """The study's 36 models: 6 algorithms at 6 strengths of regularisation each."""
    beta_vae = h.zipped(
        [
            h.fixed("model.name", "beta_vae"),
            h.discrete("vae.beta", [1.0, 2.0, 4.0, 6.0, 8.0, 16.0]),
            h.fixed("model.model", "@vae()"),
        ]
    )
    factor_vae = h.zipped(
        [
            h.fixed("model.name", "factor_vae"),
            h.discrete("factor_vae.gamma", [10.0, 20.0, 30.0, 40.0, 50.0, 100.0]),
            h.fixed("model.model", "@factor_vae()"),
            h.fixed("discriminator.discriminator_fn", "@fc_discriminator"),
        ]
    )
    beta_tc_vae = h.zipped(
        [
            h.fixed("model.name", "beta_tc_vae"),
            h.fixed("model.model", "@beta_tc_vae()"),
            h.discrete("beta_tc_vae.beta", [1.0, 2.0, 4.0, 6.0, 8.0, 10.0]),
        ]
    )
    annealed_vae = h.zipped(
        [
            h.fixed("model.name", "annealed_vae"),
            h.discrete("annealed_vae.c_max", [5.0, 10.0, 25.0, 50.0, 75.0, 100.0]),
            h.fixed("annealed_vae.iteration_threshold", 100000),
            h.fixed("annealed_vae.gamma", 1000),
            h.fixed("model.model", "@annealed_vae()"),
        ]
    )
    return h.chained(
        [
            beta_vae,
            factor_vae,
            _dip_vae("dip_vae_i", "i", lambda_d_factor=10.0),
            _dip_vae("dip_vae_ii", "ii", lambda_d_factor=1.0),
            beta_tc_vae,
            annealed_vae,
        ]
    )


def _dip_vae(name: str, dip_type: str, lambda_d_factor: float) -> h.Settings:
    return h.zipped(
        [
            h.fixed("model.name", name),
            h.fixed("model.model", "@dip_vae()"),
            h.discrete("dip_vae.lambda_od", [1.0, 2.0, 5.0, 10.0, 20.0, 50.0]),
            h.fixed("dip_vae.lambda_d_factor", lambda_d_factor),
            h.fixed("dip_vae.dip_type", dip_type),
        ]
    )
