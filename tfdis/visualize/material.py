"""The data behind a model's pictures: its codes of some images of a data set."""

import dataclasses
import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from tfdis.data.ground_truth import GroundTruthData
from tfdis.progress_log import read_curves
from tfdis.visualize.latents import LatentSummary, summarize_latents

_BATCH = 500


class Trained(Protocol):
    """The part of `tfdis.models.trained.TrainedModel` that pictures need.

    A conditional model also has `labels(factors)`, float32 of the label's whole width; its `encode`
    and `decode` take the labels as a second argument.

    Attributes:
        label_groups: of a conditional model, the parts of its label and the names of each one's
            classes (one name for an attribute that is there or not), such as
            `(("shape", ("square", "ellipse", "heart")),)`; else empty.
        latent_values: of quantized latents, the values of each; else None.
        is_gaussian: whether the posterior is a diagonal Gaussian, and the prior a standard normal.
        has_prior: whether there is a prior to `sample` from.
    """

    label_groups: tuple[tuple[str, tuple[str, ...]], ...]
    latent_values: Sequence[np.ndarray] | None
    is_gaussian: bool
    has_prior: bool

    def encode(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Images in [0, 1] to means and log variances; None for these without a posterior."""

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Codes to images in [0, 1]."""

    def sample(
        self, num_images: int, labels: np.ndarray | None = None, seed: int = 0
    ) -> np.ndarray:
        """Images in [0, 1] of codes drawn from the prior; as many of the same seed are the same."""


@dataclasses.dataclass(frozen=True)
class Shown:
    """Some images with their codes.

    Attributes:
        images: floats in [0, 1], `[num_images, height, width, channels]`.
        codes: the posterior's means, `[num_images, num_latents]`.
        labels: `[num_images, width]` for a conditional model, else None.
        decode: codes and labels (or None) to images.
    """

    images: np.ndarray
    codes: np.ndarray
    labels: np.ndarray | None
    decode: Callable[[np.ndarray, np.ndarray | None], np.ndarray]

    def reconstructions(self) -> np.ndarray:
        """The images decoded from their codes."""
        return self.decode(self.codes, self.labels)

    def decoder_of(self, index: int) -> Callable[[np.ndarray], np.ndarray]:
        """Decodes any codes with the label of one of the images."""

        def decode(codes: np.ndarray) -> np.ndarray:
            if self.labels is None:
                return self.decode(codes, None)
            return self.decode(codes, np.repeat(self.labels[index : index + 1], len(codes), 0))

        return decode


@dataclasses.dataclass(frozen=True)
class Material:
    """Everything that the pictures of one model share.

    Attributes:
        fixed: the same images for every model of a data set, see `fixed_factors`.
        random: images drawn from the data.
        mean: the posterior's means of many images, `[num_images, num_latents]`.
        log_variance: as `mean`; None where there is no Gaussian posterior and standard normal
            prior.
        factors: those images' factors, `[num_images, num_factors]`.
        factor_names: one per factor.
        summary: the latents ranked by their KL over those images.
        label_groups: of a conditional model, see `Trained`; empty for others.
        latent_values: of quantized latents, the values of each; else None.
        sample: how many and their labels (or None) to images of codes drawn from the prior; None
            where there is no prior.
        curves: steps and values by name, from progress.jsonl.
    """

    fixed: Shown
    random: Shown
    mean: np.ndarray
    log_variance: np.ndarray | None
    factors: np.ndarray
    factor_names: tuple[str, ...]
    summary: LatentSummary
    label_groups: tuple[tuple[str, tuple[str, ...]], ...]
    latent_values: Sequence[np.ndarray] | None
    sample: Callable[[int, np.ndarray | None], np.ndarray] | None
    curves: dict[str, tuple[np.ndarray, np.ndarray]]


def gather(
    trained: Trained,
    data: GroundTruthData,
    num_images: int,
    num_random: int,
    dead_below: float,
    seed: int,
    progress_file: str | os.PathLike | None,
) -> Material:
    """Encodes what the pictures need.

    Args:
        trained: the model.
        data: where its images come from.
        num_images: images for the KL, the quantiles and the mutual information.
        num_random: random images to show.
        dead_below: KL in nats below which a latent counts as dead.
        seed: of the draws.
        progress_file: where the learning curves are; None or a file that is not there: none.
    """
    random_state = np.random.RandomState(seed)
    show = functools.partial(_show, trained, data, random_state=random_state)
    fixed = show(fixed_factors(data))
    random = show(data.sample_factors(num_random, random_state))
    factors = data.sample_factors(num_images, random_state)
    means, log_variances = zip(
        *(
            _encode(trained, data, factors[start : start + _BATCH], random_state)[2:]
            for start in range(0, num_images, _BATCH)
        )
    )
    mean = np.concatenate(means)
    # With other posteriors, latents are ranked by their spread, as without a posterior.
    gaussian = log_variances[0] is not None and trained.is_gaussian
    log_variance = np.concatenate(log_variances) if gaussian else None
    names = tuple(getattr(data, "factor_names", map(str, range(data.num_factors))))
    summary = summarize_latents(mean, log_variance, dead_below)
    return Material(
        fixed,
        random,
        mean,
        log_variance,
        factors,
        names,
        summary,
        trained.label_groups,
        trained.latent_values,
        functools.partial(trained.sample, seed=seed) if trained.has_prior else None,
        read_curves(progress_file) if progress_file and Path(progress_file).is_file() else {},
    )


def fixed_factors(data: GroundTruthData) -> np.ndarray:
    """Factors of the images that every model of a data set is shown on.

    One image of each shape, such as a square, an ellipse and a heart; colours differ between
    them, and all else is at its middle value. Where no factor is a shape, three images a quarter,
    half and three quarters of the way through all factors. Where the images do not cover the grid
    of the factors, those of three images a quarter, half and three quarters of the way through all
    images.
    """
    if not getattr(data, "covers_grid", True):  # disentanglement_lib's data sets all do
        return data.factors(data.num_images * np.array([1, 2, 3]) // 4)
    names = getattr(data, "factor_names", ())
    sizes = np.array(data.factors_num_values)
    shapes = [i for i, name in enumerate(names) if "shape" in name]
    if not shapes:
        return np.stack([sizes * quarter // 4 for quarter in (1, 2, 3)])
    num = min(sizes[shapes[0]], 5)
    factors = np.tile(sizes // 2, (num, 1))
    for i, name in enumerate(names):
        if any(word in name for word in ("hue", "color", "colour")):
            factors[:, i] = (np.arange(num) + i) % num * sizes[i] // num
    factors[:, shapes[0]] = np.arange(num)
    return factors


def _show(
    trained: Any, data: GroundTruthData, factors: np.ndarray, random_state: np.random.RandomState
) -> Shown:
    images, labels, mean, _ = _encode(trained, data, factors, random_state)

    def decode(codes: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        return trained.decode(codes) if labels is None else trained.decode(codes, labels)

    return Shown(images, mean, labels, decode)


def _encode(
    trained: Any, data: GroundTruthData, factors: np.ndarray, random_state: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray, np.ndarray | None]:
    images = data.sample_observations_from_factors(factors, random_state)
    if not trained.label_groups:
        return images, None, *trained.encode(images)
    labels = trained.labels(factors)
    return images, labels, *trained.encode(images, labels)
