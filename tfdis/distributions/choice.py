"""The posterior and the prior that gin chose."""

from collections.abc import Mapping
from typing import Any

from tfdis.config import configurable
from tfdis.distributions.posteriors import PosteriorFamily, diagonal_gaussian
from tfdis.distributions.priors import Prior, StandardNormal
from tfdis.errors import UserError


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


def refuse_other_than_gaussian(bindings: Mapping[str, str], asker: str, prior: bool = True) -> None:
    """Refuses a trained model whose posterior is not Gaussian.

    Args:
        bindings: gin's, that the model was trained with.
        asker: what needs a Gaussian, for the error.
        prior: refuse another prior than the standard normal too.

    Raises:
        UserError: the model was trained with another distribution.
    """
    gaussian = {"posterior": "@gaussian_posterior()"}
    if prior:
        gaussian["prior"] = "@standard_normal_prior()"
    for name, expected in gaussian.items():
        chosen = bindings.get(f"vae_distributions.{name}", expected)
        if chosen not in (expected, "None"):
            raise UserError(
                f"{asker} needs a Gaussian posterior{' and a standard normal prior' * prior}: the "
                f"model was trained with the {name} {chosen}."
            )
