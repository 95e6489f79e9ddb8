"""Writes the golden tables; see README.md.

python tests/golden/write.py .dlib15
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np

from tfdis.evaluation.compat import disentanglement_lib
from tfdis.metrics import dci_es, infomec, mcc

HERE = Path(__file__).parent
SIZES = (3, 4, 5)
NUM, NUM_TRAIN = 600, 400
GROUPS = {"num_train": 60, "num_test": 30, "size": 8}
BINDINGS = (
    "discretizer.discretizer_fn = @histogram_discretizer",
    "discretizer.num_bins = 20",
    "prune_dims.threshold = 0.05",
    "predictor.predictor_fn = @logistic_regression_cv",
)
TRAIN, BOTH = {"num_train": NUM_TRAIN}, {"num_train": NUM_TRAIN, "num_test": NUM - NUM_TRAIN}
GROUPED = {
    "batch_size": GROUPS["size"],
    "num_train": GROUPS["num_train"],
    "num_eval": GROUPS["num_test"],
}
# By our name: disentanglement_lib's module and function, parameters, tolerance.
ORIGINAL = {
    "mig": ("mig", "compute_mig", TRAIN, 1e-6),
    "irs": ("irs", "compute_irs", {**TRAIN, "batch_size": 16}, 1e-6),
    "sap_score": ("sap_score", "compute_sap", {**BOTH, "continuous_factors": False}, 1e-6),
    "dci": ("dci", "compute_dci", BOTH, 0.02),
    "modularity_explicitness": (
        "modularity_explicitness",
        "compute_modularity_explicitness",
        BOTH,
        1e-4,
    ),
    "unsupervised_metrics": ("unsupervised_metrics", "unsupervised_metrics", TRAIN, 1e-6),
    "downstream_task": (
        "downstream_task",
        "compute_downstream_task",
        {"num_train": [NUM_TRAIN], "num_test": NUM - NUM_TRAIN},
        1e-6,
    ),
    "factor_vae_score": (
        "factor_vae",
        "compute_factor_vae",
        {**GROUPED, "num_variance_estimate": NUM_TRAIN},
        1e-6,
    ),
    "beta_vae_sklearn": ("beta_vae", "compute_beta_vae_sklearn", GROUPED, 1e-6),
}
OURS = {"infomec": infomec, "mcc": mcc, "dci_es": dci_es}


class Rows:
    """A table as disentanglement_lib's data set: observations are rows, points come in order."""

    def __init__(self, factors):
        self.factors = factors
        self.num_factors, self.factors_num_values = len(SIZES), list(SIZES)
        self.observation_shape = [1]
        self.next = 0
        self.groups = []
        known = np.ravel_multi_index(tuple(factors.T), SIZES)
        self.row_of = {int(value): row for row, value in reversed(list(enumerate(known)))}

    def sample(self, num, random_state):
        rows = np.arange(self.next, self.next + num)
        self.next += num
        return self.factors[rows], rows[:, None]

    def sample_observations(self, num, random_state):
        return self.sample(num, random_state)[1]

    def sample_factors(self, num, random_state):
        return np.stack([random_state.randint(size, size=num) for size in SIZES], axis=1)

    def sample_observations_from_factors(self, factors, random_state):
        known = np.ravel_multi_index(tuple(factors.T), SIZES)
        rows = np.array([self.row_of[int(value)] for value in known])
        self.groups.append(rows)
        return rows[:, None]


class Recording(np.random.RandomState):
    """Takes note of the factors that are fixed."""

    def randint(self, *args, **kwargs):
        value = super().randint(*args, **kwargs)
        if args == (len(SIZES),) and not kwargs:
            self.fixed = [*getattr(self, "fixed", []), int(value)]
        return value


def tables():
    random = np.random.default_rng(0)
    grid = np.stack(np.unravel_index(np.arange(np.prod(SIZES)), SIZES), axis=1)
    rest = random.integers(SIZES, size=(NUM - len(grid), len(SIZES)))
    factors = np.concatenate([grid, rest])[random.permutation(NUM)]
    noise = random.normal(size=(NUM, 4))
    plain = np.concatenate([factors, np.zeros((NUM, 1))], axis=1)
    mixing = random.normal(size=(4, 4))
    return factors, {
        "perfect": plain + 0.05 * noise,
        "entangled": plain @ mixing + 0.2 * noise,
        "noisy": plain + 0.7 * noise,
    }


def main(folder):
    dlib = disentanglement_lib(folder)
    for name in ("utils", "factor_vae"):
        dlib.module(f"evaluation.metrics.{name}")
    warnings.simplefilter("ignore")
    factors, codes_by_kind = tables()
    scores, groups = {}, {}
    for kind, codes in codes_by_kind.items():
        text = "\n".join(
            ",".join([*(f"{z:.6g}" for z in z_row), *map(str, f_row)])
            for z_row, f_row in zip(codes, factors)
        )
        header = ",".join([*(f"z{i}" for i in range(4)), *(f"f{i}" for i in range(len(SIZES)))])
        (HERE / f"{kind}.csv").write_text(f"{header}\n{text}\n")
        codes = np.array([[float(f"{z:.6g}") for z in row] for row in codes])
        scores[kind] = {}
        for name, (module, function, parameters, tolerance) in ORIGINAL.items():
            compute = getattr(dlib.module(f"evaluation.metrics.{module}"), function)
            data, state = Rows(factors), Recording(0)
            np.random.seed(0)
            with dlib.configured(*BINDINGS):
                found = compute(
                    data, lambda rows, codes=codes: codes[rows[:, 0]], state, **parameters
                )
            if data.groups:
                groups[name] = {"fixed": state.fixed, "rows": np.array(data.groups).tolist()}
            scores[kind][name] = entry("disentanglement_lib 1.5", parameters, tolerance, found)
        for name, function in OURS.items():
            parts = [codes[:NUM_TRAIN], factors[:NUM_TRAIN]]
            if name == "dci_es":
                parts += [codes[NUM_TRAIN:], factors[NUM_TRAIN:]]
            scores[kind][name] = entry("tfdis", {}, 0.02, function(*parts))
    (HERE / "groups.json").write_text(json.dumps({**GROUPS, **groups}))
    (HERE / "scores.json").write_text(json.dumps(scores, indent=1) + "\n")


def entry(by, parameters, tolerance, found):
    return {
        "by": by,
        "parameters": parameters,
        "tolerance": tolerance,
        "scores": {name: float(np.real(value)) for name, value in found.items()},
    }


if __name__ == "__main__":
    main(sys.argv[1])
