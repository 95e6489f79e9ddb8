"""Statistics of each latent over the codes of many images."""

import dataclasses

import numpy as np

from tfdis.metrics.udr import gaussian_kl
from tfdis.visualize.sheet import Label
from tfdis.visualize.style import number

DEAD_BELOW = 0.01  # nats


@dataclasses.dataclass(frozen=True)
class LatentSummary:
    """The latents, ranked by how much they carry of an image.

    Attributes:
        weight: the posterior's KL divergence from the prior, in nats, averaged over images; of a
            deterministic encoder, the codes' standard deviation. `[num_latents]`.
        order: the latents from the greatest weight to the least, `[num_latents]`.
        dead: whether a latent's weight is below a threshold, `[num_latents]`.
        unit: "nats" or "std".
    """

    weight: np.ndarray
    order: np.ndarray
    dead: np.ndarray
    unit: str

    def label(self, latent: int, separator: str = "  ") -> Label:
        """A latent's name and its weight; a dead one is faint and marked as dead."""
        text = f"z{latent}{separator}{number(self.weight[latent])}"
        return Label(f"{text} {'dead' if self.dead[latent] else self.unit}", self.dead[latent])

    def rest(self, shown: np.ndarray) -> str:
        """A footnote on the latents that are not among those shown; empty if there are none."""
        hidden = [latent for latent in self.order if latent not in shown]
        if not hidden:
            return ""
        most = f"{number(self.weight[hidden[0]])} {self.unit}"
        kind = "dead latent" if self.dead[hidden].all() else "latent"
        plural = "s" if len(hidden) > 1 else ""
        return f"{len(hidden)} {kind}{plural} of at most {most} not shown"


def summarize_latents(
    mean: np.ndarray, log_variance: np.ndarray | None, dead_below: float = DEAD_BELOW
) -> LatentSummary:
    """Ranks the latents by their KL, or by their spread where there is no posterior.

    Args:
        mean: `[num_images, num_latents]`.
        log_variance: as `mean`; None for a deterministic encoder.
        dead_below: a latent of less weight than this counts as dead.
    """
    if log_variance is None:
        weight, unit = mean.std(axis=0, dtype=np.float64), "std"
    else:
        weight, unit = gaussian_kl(mean, log_variance), "nats"
    return LatentSummary(weight, np.argsort(-weight, kind="stable"), weight < dead_below, unit)


def aggregate_posterior_quantiles(
    mean: np.ndarray, log_variance: np.ndarray | None, levels: np.ndarray, seed: int = 0
) -> np.ndarray:
    """Quantiles of q(z_i), the mixture of all images' posteriors, from one draw per image.

    Args:
        mean: `[num_images, num_latents]`.
        log_variance: as `mean`; None for a deterministic encoder.
        levels: probabilities in (0, 1), `[num_levels]`.
        seed: of the draws.

    Returns:
        float array, `[num_latents, num_levels]`.
    """
    codes = mean.astype(np.float64)
    if log_variance is not None:
        noise = np.random.RandomState(seed).standard_normal(mean.shape)
        codes += np.exp(0.5 * log_variance) * noise
    return np.quantile(codes, levels, axis=0).T
