"""Named shifts of the published benchmarks, in the factors of this library's data sets.

Correlations: Träuble et al., "On disentangled representations learned from correlated data", 2021
(the pairs and strengths of their study's code), and Roth et al., "Disentanglement of correlated
factors via Hausdorff factorized support", 2023 (under the names of their code). Held-out ranges:
Montero et al., "The role of disentanglement in generalisation", 2021 (the filters of their code).
"""

from dataclasses import dataclass

Pair = tuple[str, str]


@dataclass(frozen=True)
class Correlation:
    """Factors that are correlated in training.

    Attributes:
        data_set: the gin name of the data set that it was published for.
        sigma: the smaller, the stronger.
        pairs: of factors.
        confounder: a factor that is correlated with each of the others, in place of pairs.
    """

    data_set: str
    sigma: float
    pairs: tuple[Pair, ...] = ()
    confounder: str | None = None


@dataclass(frozen=True)
class HeldOut:
    """Combinations that training never sees.

    Attributes:
        data_set: the gin name of the data set that it was published for.
        ranges: by factor the first and the last of its values, counted from 0; an image is held out
            where all of these factors are within.
    """

    data_set: str
    ranges: dict[str, tuple[int, int]]


# In the order of their study.
TRAEUBLE_PAIRS: dict[str, tuple[str, Pair]] = {
    "dsprites": ("dsprites_full", ("orientation", "x")),
    "shapes3d": ("shapes3d", ("scale", "orientation")),
    "mpi3d": ("mpi3d_real", ("first_dof", "second_dof")),
    "shapes3d_hue_orientation": ("shapes3d", ("object_hue", "orientation")),
    "shapes3d_hue_scale": ("shapes3d", ("object_hue", "scale")),
}
TRAEUBLE_SIGMAS = (0.2, 0.4, 0.7)


def traeuble_name(short: str, sigma: float) -> str:
    """The name of a pair of `TRAEUBLE_PAIRS` at a strength, among `CORRELATIONS`."""
    return f"traeuble_{short}_{sigma:g}".replace(".", "")


def _correlations() -> dict[str, Correlation]:
    """Träuble et al. at three strengths; Roth et al. by the names of their code."""
    named = {}
    for short, (data_set, pair) in TRAEUBLE_PAIRS.items():
        for sigma in TRAEUBLE_SIGMAS:
            named[traeuble_name(short, sigma)] = Correlation(data_set, sigma, (pair,))
    for name, (data_set, prefix) in {
        "shapes3d": ("shapes3d", _SHAPES3D),
        "mpi3d": ("mpi3d_real", _MPI3D),
        "dsprites": ("dsprites_full", _DSPRITES),
        "cars3d": ("cars3d", _CARS3D),
    }.items():
        for kind, (sigmas, pairs) in prefix.items():
            for sigma in sigmas:
                strength = f"{sigma:g}".replace(".", "")
                named[f"{name}_{kind}_{strength}"] = (
                    Correlation(data_set, sigma, confounder=pairs)
                    if isinstance(pairs, str)
                    else Correlation(data_set, sigma, pairs)
                )
    return named


_ONE, _THREE, _CONFOUNDED = (0.1,), (0.04, 0.1, 0.4), (0.2,)
_SHAPES3D = {
    "single_1": (_ONE, (("floor_hue", "wall_hue"),)),
    "single_2": (_ONE, (("shape", "scale"),)),
    "single_3": (_ONE, (("shape", "wall_hue"),)),
    "double_1": (_THREE, (("scale", "floor_hue"), ("shape", "wall_hue"))),
    "double_2": (_THREE, (("scale", "shape"), ("floor_hue", "wall_hue"))),
    "triple_1": (
        _ONE,
        (("scale", "orientation"), ("shape", "wall_hue"), ("object_hue", "floor_hue")),
    ),
    "triple_2": (
        _ONE,
        (("object_hue", "orientation"), ("shape", "scale"), ("floor_hue", "wall_hue")),
    ),
    "conf_1": (_CONFOUNDED, "shape"),
    "conf_2": (_CONFOUNDED, "wall_hue"),
}
_MPI3D = {
    "single_1": (_ONE, (("camera_height", "background_color"),)),
    "single_2": (_ONE, (("object_color", "object_size"),)),
    "single_3": (_ONE, (("first_dof", "second_dof"),)),
    "double_1": (
        _THREE,
        (("object_color", "object_shape"), ("first_dof", "second_dof")),
    ),
    "double_2": (
        _THREE,
        (("object_color", "first_dof"), ("object_shape", "second_dof")),
    ),
    "triple_1": (
        _ONE,
        (
            ("object_color", "background_color"),
            ("camera_height", "first_dof"),
            ("object_shape", "second_dof"),
        ),
    ),
    "triple_2": (
        _ONE,
        (
            ("object_color", "object_shape"),
            ("first_dof", "second_dof"),
            ("background_color", "camera_height"),
        ),
    ),
    "conf_1": (_CONFOUNDED, "object_shape"),
    "conf_2": (_CONFOUNDED, "first_dof"),
}
_DSPRITES = {
    "single_1": (_ONE, (("shape", "scale"),)),
    "single_2": (_ONE, (("x", "y"),)),
    "single_3": (_ONE, (("shape", "y"),)),
    "double_1": (_THREE, (("shape", "x"), ("scale", "y"))),
    "double_2": (_THREE, (("shape", "scale"), ("x", "y"))),
    "conf_1": (_CONFOUNDED, "shape"),
    "conf_2": (_CONFOUNDED, "x"),
}
_CARS3D = {
    "single_1": ((0.1, 0.2), (("elevation", "azimuth"),)),
    "single_2": ((0.1, 0.2), (("elevation", "object_type"),)),
    "single_3": ((0.1, 0.2), (("azimuth", "object_type"),)),
    "conf_1": (_CONFOUNDED, "elevation"),
    "conf_2": (_CONFOUNDED, "azimuth"),
    "conf_3": (_CONFOUNDED, "object_type"),
}

CORRELATIONS = _correlations()

HELD_OUT = {
    "montero_dsprites_extrapolation": HeldOut("dsprites_full", {"x": (16, 31)}),
    "montero_dsprites_recombination_to_range": HeldOut(
        "dsprites_full", {"shape": (0, 0), "x": (16, 31)}
    ),
    "montero_dsprites_recombination_to_element": HeldOut(
        "dsprites_full",
        {"shape": (1, 1), "scale": (2, 5), "orientation": (14, 25), "x": (21, 31), "y": (21, 31)},
    ),
    "montero_shapes3d_extrapolation": HeldOut("shapes3d", {"floor_hue": (5, 9)}),
    "montero_shapes3d_recombination_to_range": HeldOut(
        "shapes3d", {"shape": (3, 3), "object_hue": (5, 9)}
    ),
    "montero_shapes3d_recombination_to_element": HeldOut(
        "shapes3d",
        {
            "floor_hue": (8, 9),
            "wall_hue": (8, 9),
            "object_hue": (8, 9),
            "scale": (5, 7),
            "shape": (1, 1),
            "orientation": (12, 14),
        },
    ),
    "montero_mpi3d_extrapolation": HeldOut("mpi3d_real", {"first_dof": (20, 39)}),
    "montero_mpi3d_recombination_to_range": HeldOut(
        "mpi3d_real", {"object_shape": (2, 2), "first_dof": (0, 19)}
    ),
    "montero_mpi3d_recombination_to_element": HeldOut(
        "mpi3d_real",
        {
            "object_color": (5, 5),
            "object_shape": (2, 2),
            "object_size": (1, 1),
            "camera_height": (1, 1),
            "background_color": (1, 1),
            "first_dof": (36, 39),
            "second_dof": (36, 39),
        },
    ),
}
