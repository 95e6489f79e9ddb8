"""The mutual information of latents and factors."""

from collections.abc import Sequence

import numpy as np

from tfdis.errors import UserError
from tfdis.metrics.discretizer import histogram_discretizer
from tfdis.metrics.information import discrete_entropy, discrete_mutual_information


def mutual_information_table(
    codes: np.ndarray, factors: np.ndarray, factor_names: Sequence[str] = (), num_bins: int = 20
) -> np.ndarray:
    """Mutual information of every latent with every factor, as a part of the factor's entropy.

    1 means that the latent's bin determines the factor's value, 0 that the two are independent.

    Args:
        codes: the posterior's means, `[num_images, num_latents]`.
        factors: integers from 0, `[num_images, num_factors]`.
        factor_names: one per factor where given; a UserError otherwise.
        num_bins: bins of equal width between a latent's least and greatest mean.

    Returns:
        float64 array in [0, 1], `[num_latents, num_factors]`; a factor that does not vary has 0.

    Raises:
        UserError: the shapes do not fit each other.
    """
    codes, factors = np.asarray(codes), np.asarray(factors)
    if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors):
        raise UserError(
            "The mutual information needs codes [num_images, num_latents] and factors "
            f"[num_images, num_factors]; received {codes.shape} and {factors.shape}."
        )
    if len(factor_names) not in (0, factors.shape[1]):
        raise UserError(
            f"{len(factor_names)} factor names were given for {factors.shape[1]} factors: "
            f"{', '.join(factor_names)}."
        )
    entropy = discrete_entropy(factors)
    information = discrete_mutual_information(histogram_discretizer(codes, num_bins), factors)
    table = np.where(entropy > 0, information / np.where(entropy > 0, entropy, 1.0), 0.0)
    return np.clip(table, 0.0, 1.0)


def information_text(
    table: np.ndarray, factor_names: Sequence[str], dead: Sequence[bool] = ()
) -> str:
    """The table to print: the best latents for each factor, and up to 20 columns of latents.

    Args:
        table: from `mutual_information_table`.
        factor_names: one per factor.
        dead: per latent; a dead one's column is headed "(z3)". It is neither best nor second,
            because bins over its tiny range find a little spurious information.
    """
    width = max(6, *(len(name) for name in factor_names))
    dead = np.asarray(dead, bool) if len(dead) else np.zeros(len(table), bool)
    columns = [f"(z{i})" if dead[i] else f"z{i}" for i in range(len(table))]
    columns = columns if len(columns) <= 20 else []
    header = f"{'factor':<{width}}  {'best':>9}  {'second':>9}  {'ratio':>5}"
    lines = [
        "Mutual information of latent and factor / entropy of the factor",
        header + "".join(f"{name:>6}" for name in columns),
    ]
    for name, column in zip(factor_names, table.T):
        ranked = [latent for latent in np.argsort(-column, kind="stable") if not dead[latent]][:2]
        cells = [f"z{latent} {column[latent]:.2f}" for latent in ranked]
        ratio = _ratio(*column[ranked]) if len(ranked) == 2 else ""
        best, second = [*cells, "", ""][:2]
        line = f"{name:<{width}}  {best:>9}  {second:>9}  {ratio:>5}"
        lines.append(line + "".join(f"{x:6.2f}" for x, _ in zip(column, columns)))
    return "\n".join(lines)


def _ratio(best: float, second: float) -> str:
    if best <= 0:
        return ""
    return ">99" if second <= 0 or best / second >= 100 else f"{best / second:.1f}"
