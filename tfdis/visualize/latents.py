"""What the posteriors of many images say about each latent."""

import dataclasses

import numpy as np

from tfdis.visualize.sheet import Label
from tfdis.visualize.style import number

DEAD_BELOW = 0.01  # nats


@dataclasses.dataclass(frozen=True)
class LatentSummary:
    """The latents, ranked by how much they tell of an image.

    Attributes:
        kl: the posterior's KL divergence from the prior, in nats, averaged over images,
            `[num_latents]`.
        order: the latents from the greatest KL to the least, `[num_latents]`.
        dead: whether a latent's KL is below a threshold, `[num_latents]`.
    """

    kl: np.ndarray
    order: np.ndarray
    dead: np.ndarray

    def label(self, latent: int, separator: str = "  ") -> Label:
        """A latent's name and its KL; a dead one is faint and says so."""
        text = f"z{latent}{separator}{number(self.kl[latent])}"
        return Label(f"{text} dead" if self.dead[latent] else f"{text} nats", self.dead[latent])


def summarize_latents(
    mean: np.ndarray, log_variance: np.ndarray, dead_below: float = DEAD_BELOW
) -> LatentSummary:
    """Ranks the latents by their KL.

    Args:
        mean: `[num_images, num_latents]`.
        log_variance: as `mean`.
        dead_below: a latent of less KL than this, in nats, counts as dead.
    """
    kl = latent_kl(mean, log_variance)
    return LatentSummary(kl, np.argsort(-kl, kind="stable"), kl < dead_below)


def latent_kl(mean: np.ndarray, log_variance: np.ndarray) -> np.ndarray:
    """KL(q(z_i | x) || N(0, 1)) of each latent in nats, averaged over the images.

    The closed form of Kingma & Welling (2014), appendix B, before its sum over the latents.

    Args:
        mean: `[num_images, num_latents]`.
        log_variance: as `mean`.

    Returns:
        float64 array, `[num_latents]`.
    """
    mean, log_variance = mean.astype(np.float64), log_variance.astype(np.float64)
    return np.mean(0.5 * (mean**2 + np.exp(log_variance) - log_variance - 1), axis=0)


def aggregate_posterior_quantiles(
    mean: np.ndarray, log_variance: np.ndarray, levels: np.ndarray, seed: int = 0
) -> np.ndarray:
    """Quantiles of q(z_i), the mixture of all images' posteriors, from one draw per image.

    Args:
        mean: `[num_images, num_latents]`.
        log_variance: as `mean`.
        levels: probabilities in (0, 1), `[num_levels]`.
        seed: of the draws.

    Returns:
        float array, `[num_latents, num_levels]`.
    """
    noise = np.random.RandomState(seed).standard_normal(mean.shape)
    return np.quantile(mean + np.exp(0.5 * log_variance) * noise, levels, axis=0).T
