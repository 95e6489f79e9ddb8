"""Latent traversals: one latent moves, the others stay at an image's own code."""

import os
from collections.abc import Callable, Sequence

import numpy as np

from tfdis.errors import UserError
from tfdis.visualize.animation import save_gif
from tfdis.visualize.latents import LatentSummary
from tfdis.visualize.sheet import SCREEN_DPI, Label, Sheet
from tfdis.visualize.style import number, save_png

Decode = Callable[[np.ndarray], np.ndarray]
_MOST_STEPS = 500  # to each side; a picture of more columns shows nothing, and takes gigabytes


def range_values(limit: float, spacing: float) -> np.ndarray:
    """Evenly spaced values from -limit to limit; both ends and zero are among them.

    Args:
        limit: the last value.
        spacing: the distance between neighbours; made smaller where it does not divide `limit`.

    Raises:
        UserError: there would be more than 1,000.
    """
    if limit / spacing > _MOST_STEPS:
        raise UserError(
            f"draw_all.traversal_range is {limit:g} and draw_all.traversal_spacing {spacing:g}: "
            f"expected at most {2 * _MOST_STEPS:,} steps from one end to the other."
        )
    steps = max(1, int(np.ceil(limit / spacing - 1e-9)))
    return np.linspace(-limit, limit, 2 * steps + 1)


def traverse(
    decode: Decode, code: np.ndarray, latents: Sequence[int], values: np.ndarray
) -> np.ndarray:
    """Decodes `code` with one latent at a time set to each of its values.

    Args:
        decode: codes `[batch, num_latents]` to images in [0, 1].
        code: `[num_latents]`.
        latents: which latents to move, one per row.
        values: `[len(latents), num_values]`.

    Returns:
        Images, `[len(latents), num_values, height, width, channels]`.
    """
    values = np.asarray(values)
    codes = np.tile(code, (*values.shape, 1)).astype(np.float32)
    for row, latent in enumerate(latents):
        codes[row, :, latent] = values[row]
    images = np.asarray(decode(codes.reshape(-1, codes.shape[-1])))
    return images.reshape(*values.shape, *images.shape[1:])


def draw_traversal(
    path: str | os.PathLike,
    decode: Decode,
    code: np.ndarray,
    summary: LatentSummary,
    values: np.ndarray,
    value_names: Sequence[str],
    max_latents: int = 20,
) -> None:
    """Writes a PNG: a row per latent, the one with the greatest weight first, a column per value.

    In the row of a latent in use, the cell nearest to the image's own code is framed.

    Args:
        path: the file.
        decode: see `traverse`.
        code: the image's code, `[num_latents]`.
        summary: ranks and labels the rows.
        values: `[num_latents, num_values]`.
        value_names: heads the columns.
        max_latents: rows to show; a footnote counts the rest.
    """
    shown = summary.order[:max_latents]
    images = traverse(decode, code, shown, values[shown])
    sheet = Sheet(
        *images.shape[:2],
        images.shape[2:],
        row_labels=[summary.label(latent) for latent in shown],
        column_labels=[Label(name) for name in value_names],
        footnote=summary.rest(shown),
    )
    marks = [
        (row, int(np.abs(values[latent] - code[latent]).argmin()))
        for row, latent in enumerate(shown)
        if not summary.dead[latent] and values[latent, 0] <= code[latent] <= values[latent, -1]
    ]
    save_png(path, sheet.filled(images, marks), sheet.dpi)


def animate_traversals(
    path: str | os.PathLike,
    decodes: Sequence[Decode],
    codes: np.ndarray,
    summary: LatentSummary,
    values: np.ndarray,
    max_latents: int = 20,
) -> None:
    """Writes a GIF: a row per image, a column per latent in use, and a frame per value.

    Args:
        path: the file.
        decodes: one per image, see `traverse`.
        codes: `[num_images, num_latents]`.
        summary: ranks and labels the columns.
        values: `[num_latents, num_values]`.
        max_latents: columns to show.
    """
    in_use = int(np.sum(~summary.dead)) or len(summary.order)
    shown = summary.order[: min(in_use, max_latents)]
    images = np.stack(
        [traverse(decode, code, shown, values[shown]) for decode, code in zip(decodes, codes)]
    )
    sheet = Sheet(
        *images.shape[:2],
        images.shape[3:],
        column_labels=[summary.label(latent, separator="\n") for latent in shown],
        footnote=summary.rest(shown),
        min_dpi=SCREEN_DPI,
    )
    save_gif(path, [sheet.filled(images[:, :, frame]) for frame in range(images.shape[2])])


def range_names(values: np.ndarray) -> list[str]:
    """Headings for the values of a fixed range."""
    digits = 1 if np.allclose(values, np.round(values, 1)) else 2
    return [number(value, digits) for value in values]


def quantile_names(levels: np.ndarray) -> list[str]:
    """Headings for the quantiles at these levels."""
    return [f"{100 * level:.0f}%" for level in levels]
