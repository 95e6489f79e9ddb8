"""Which posterior and prior gin chose."""

from typing import Any

from tfdis.config import configurable
from tfdis.distributions.posteriors import PosteriorFamily, diagonal_gaussian
from tfdis.distributions.priors import Prior, StandardNormal


@configurable("vae_distributions")
def vae_distributions(
    posterior: PosteriorFamily = diagonal_gaussian, prior: Prior | None = None
) -> dict[str, Any]:
    """The distributions over the latents of every VAE.

    Args:
        posterior: `@gaussian_posterior()`, `@laplace_posterior()`, `@deterministic_posterior()`, or
            another function of mean and log variance, see `tfdis.distributions.posteriors`.
        prior: `@standard_normal_prior()`, `@laplace_prior()`, `@mixture_of_gaussians_prior()`,
            `@vamp_prior()`, or another `Prior`; None is the standard normal.

    Returns:
        The arguments of `VAE` by name.

    Example:
        In gin:

            vae_distributions.posterior = @laplace_posterior()
            vae_distributions.prior = @laplace_prior()
    """
    return {"posterior_family": posterior, "prior": prior or StandardNormal(name="prior")}
