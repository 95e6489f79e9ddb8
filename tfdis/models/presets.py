"""The algorithms by disentanglement_lib's gin names, each a list of loss terms.

The reconstruction is gin's `reconstruction_loss`, the networks are gin's `encoder`, `decoder` and
`discriminator`.
"""

from typing import Literal

import gin
from keras.optimizers.schedules import LearningRateSchedule

from tfdis.checks import Count, NotNegative
from tfdis.config import configurable
from tfdis.losses.capacity import Capacity
from tfdis.losses.density_ratio import DensityRatio
from tfdis.losses.dip import DIP
from tfdis.losses.kl import KL
from tfdis.losses.mmd import MMD
from tfdis.losses.reconstruction import reconstruction_loss
from tfdis.losses.term import LossTerm
from tfdis.losses.total_correlation import TotalCorrelation
from tfdis.models.build import Builder, deterministic_loss_terms, loss_terms
from tfdis.schedules import LinearSchedule, Scaled


@configurable("ae")
def ae() -> Builder:
    """The plain autoencoder, with a deterministic encoder."""
    return deterministic_loss_terms([reconstruction_loss()])


@configurable("vae")
def vae(beta: NotNegative = gin.REQUIRED) -> Builder:
    """beta-VAE, Eq. 4 of Higgins et al. (2017).

    Args:
        beta: the weight of KL; 1 is the VAE of Kingma and Welling (2014).
    """
    return loss_terms([reconstruction_loss(), KL(beta)])


@configurable("beta_vae")
def beta_vae(beta: NotNegative = gin.REQUIRED) -> Builder:
    """Another name of `vae`."""
    return vae(beta)


@configurable("annealed_vae")
def annealed_vae(
    gamma: NotNegative = gin.REQUIRED,
    c_max: NotNegative = gin.REQUIRED,
    iteration_threshold: Count = gin.REQUIRED,
) -> Builder:
    """AnnealedVAE, Eq. 8 of Burgess et al. (2018).

    Args:
        gamma: the weight of |KL - C|.
        c_max: the largest capacity C in nats.
        iteration_threshold: the number of updates in which C rises from 0 to `c_max`.
    """
    capacity = LinearSchedule(0.0, float(c_max), iteration_threshold)
    return loss_terms([reconstruction_loss(), Capacity(gamma, capacity=capacity)])


@configurable("factor_vae")
def factor_vae(
    gamma: NotNegative = gin.REQUIRED,
    second_batch: bool = False,
    order: Literal["together", "model_first"] = "together",
) -> Builder:
    """FactorVAE, Eq. 2 of Kim and Mnih (2018).

    Args:
        gamma: the weight of the total correlation.
        second_batch: see `DensityRatio`; with `order` "model_first" the paper's.
        order: see `AdversarialTerm`.
    """
    ratio = DensityRatio(gamma, second_batch=second_batch, order=order)
    return loss_terms([reconstruction_loss(), KL(), ratio])


@configurable("beta_tc_vae")
def beta_tc_vae(
    beta: NotNegative = gin.REQUIRED,
    estimator: Literal["minibatch", "stratified"] = "minibatch",
    kl: LossTerm | None = None,
    annealing: NotNegative | LearningRateSchedule = 1.0,
) -> Builder:
    """beta-TC-VAE, Eq. 4 of Chen et al. (2018) with alpha = gamma = 1: ELBO and (1 - beta) TC.

    Args:
        beta: what the total correlation weighs, the one that is part of KL counted in.
        estimator: see `TotalCorrelation`.
        kl: the term in the place of KL, such as `@capacity()`; None: KL itself.
        annealing: beta - 1 is multiplied by it: 1, or a schedule that ends there.
    """
    weight = beta - 1.0
    if isinstance(annealing, LearningRateSchedule):
        weight = Scaled(annealing, weight)
    else:
        weight *= annealing
    correlation = TotalCorrelation(weight, estimator=estimator)
    return loss_terms([reconstruction_loss(), kl or KL(), correlation])


@configurable("dip_vae")
def dip_vae(
    lambda_od: NotNegative = gin.REQUIRED,
    lambda_d_factor: NotNegative = gin.REQUIRED,
    dip_type: Literal["i", "ii"] = "i",
) -> Builder:
    """DIP-VAE, Eq. 6 and 7 of Kumar et al. (2018).

    Args:
        lambda_od: the weight of the off-diagonal of the covariance.
        lambda_d_factor: the weight of its diagonal is lambda_d_factor * lambda_od.
        dip_type: "i" or "ii".
    """
    deviation = DIP(lambda_od, dip_type=dip_type, lambda_d_factor=lambda_d_factor)
    return loss_terms([reconstruction_loss(), KL(), deviation])


@configurable("info_vae")
def info_vae(alpha: float = 0.0, lambda_mmd: NotNegative = gin.REQUIRED) -> Builder:
    """InfoVAE, Eq. 6 of Zhao et al. (2017) with the maximum mean discrepancy.

    Args:
        alpha: KL weighs 1 - alpha; 1 leaves the mutual information of images and codes alone.
        lambda_mmd: lambda; the discrepancy weighs alpha + lambda - 1.
    """
    discrepancy = MMD(alpha + lambda_mmd - 1.0)
    return loss_terms([reconstruction_loss(), KL(1.0 - alpha), discrepancy])
