"""The algorithms of few labels by disentanglement_lib's gin names.

They stand in `model.model` without parentheses, and are called with the labelled images that
`model.num_labelled_samples` asks for.
"""

import functools
from collections.abc import Sequence

import gin

from tfdis.config import configurable
from tfdis.data.labellers import LabelledSet
from tfdis.losses.annealers import make_annealer
from tfdis.losses.density_ratio import DensityRatio
from tfdis.losses.dip import DIP
from tfdis.losses.kl import KL
from tfdis.losses.mine import LabelInformation
from tfdis.losses.reconstruction import reconstruction_loss
from tfdis.losses.supervised import supervised_loss
from tfdis.losses.term import LossTerm
from tfdis.losses.total_correlation import TotalCorrelation
from tfdis.models.build import Builder, build
from tfdis.models.semi_supervised_vae import SemiSupervisedVAE, SupervisedVAE

Labelled = tuple[LabelledSet, LabelledSet]


@configurable("s2_loss_terms", denylist=["labelled"])
def s2_loss_terms(
    labelled: Labelled, terms: Sequence[LossTerm] = gin.REQUIRED, gamma_sup: float = gin.REQUIRED
) -> Builder:
    """Any terms, and the supervised one.

    Args:
        labelled: see `SemiSupervisedVAE`.
        terms: all others; one of them is a reconstruction.
        gamma_sup: the weight of the supervised loss, which `annealer` moves.
    """
    num_values = labelled[0].num_values
    supervised = supervised_loss(num_values, make_annealer(gamma_sup))
    return functools.partial(build, SemiSupervisedVAE, [*terms, supervised], labelled=labelled)


@configurable("s2_vae", denylist=["labelled"])
def s2_vae(
    labelled: Labelled, beta: float = gin.REQUIRED, gamma_sup: float = gin.REQUIRED
) -> Builder:
    """beta-VAE with few labels; see `tfdis.models.presets.vae`."""
    return s2_loss_terms(labelled, [reconstruction_loss(), KL(beta)], gamma_sup)


@configurable("s2_factor_vae", denylist=["labelled"])
def s2_factor_vae(
    labelled: Labelled, gamma: float = gin.REQUIRED, gamma_sup: float = gin.REQUIRED
) -> Builder:
    """FactorVAE with few labels; see `tfdis.models.presets.factor_vae`."""
    return s2_loss_terms(labelled, [reconstruction_loss(), KL(), DensityRatio(gamma)], gamma_sup)


@configurable("s2_dip_vae", denylist=["labelled"])
def s2_dip_vae(
    labelled: Labelled,
    lambda_od: float = gin.REQUIRED,
    lambda_d_factor: float = gin.REQUIRED,
    gamma_sup: float = gin.REQUIRED,
    dip_type: str = "i",
) -> Builder:
    """DIP-VAE with few labels; see `tfdis.models.presets.dip_vae`."""
    deviation = DIP(lambda_od, dip_type=dip_type, lambda_d_factor=lambda_d_factor)
    return s2_loss_terms(labelled, [reconstruction_loss(), KL(), deviation], gamma_sup)


@configurable("s2_beta_tc_vae", denylist=["labelled"])
def s2_beta_tc_vae(
    labelled: Labelled, beta: float = gin.REQUIRED, gamma_sup: float = gin.REQUIRED
) -> Builder:
    """beta-TC-VAE with few labels; see `tfdis.models.presets.beta_tc_vae`."""
    terms = [reconstruction_loss(), KL(), TotalCorrelation(beta - 1.0)]
    return s2_loss_terms(labelled, terms, gamma_sup)


@configurable("s2_mine_vae", denylist=["labelled"])
def s2_mine_vae(
    labelled: Labelled, gamma_sup: float = gin.REQUIRED, beta: float = gin.REQUIRED
) -> Builder:
    """beta-VAE whose latents should have no information on the labels of other latents.

    Args:
        labelled: see `SemiSupervisedVAE`.
        gamma_sup: the weight of the mutual information, which `annealer` moves.
        beta: the weight of KL.
    """
    num_labels = len(labelled[0].num_values)
    information = LabelInformation(make_annealer(gamma_sup), num_labels=num_labels)
    terms = [reconstruction_loss(), KL(beta), information]
    return functools.partial(build, SemiSupervisedVAE, terms, labelled=labelled)


@configurable("supervised", denylist=["labelled"])
def supervised(labelled: Labelled) -> Builder:
    """An encoder that learns from the labels alone; its decoder is for looking at it."""
    loss = supervised_loss(labelled[0].num_values)
    return functools.partial(build, SupervisedVAE, [reconstruction_loss(), loss], labelled=labelled)
