"""Scores and their times: ours and disentanglement_lib's own functions, side by side in one run.

    python benchmarks/evaluation.py                                   the study's sizes: ten minutes
    python benchmarks/evaluation.py --scale=0.1 --metrics mig irs     a tenth of the points

The codes of every image are in a table, so that what is timed is what is left beside encoding. Both
get the same table, draws and seeds. Times are seconds on the wall, and of all CPUs in brackets.
"""

import argparse
import logging
import os
import resource
import time
import warnings

import numpy as np

from tfdis.data.ground_truth import GroundTruthData
from tfdis.evaluation.compat import disentanglement_lib
from tfdis.evaluation.representations import Representation
from tfdis.evaluation.scoring import evaluate

# disentanglement_lib's module, its function, and the sizes of its study (irs: of its tests).
METRICS = {
    "beta_vae_sklearn": (
        "beta_vae",
        "compute_beta_vae_sklearn",
        {"num_train": 10000, "num_eval": 5000},
        {"batch_size": 64},
    ),
    "factor_vae_score": (
        "factor_vae",
        "compute_factor_vae",
        {"num_train": 10000, "num_eval": 5000, "num_variance_estimate": 10000},
        {"batch_size": 64},
    ),
    "mig": ("mig", "compute_mig", {"num_train": 10000}, {}),
    "irs": ("irs", "compute_irs", {"num_train": 10000}, {"batch_size": 16}),
    "dci": ("dci", "compute_dci", {"num_train": 10000, "num_test": 5000}, {}),
    "sap_score": (
        "sap_score",
        "compute_sap",
        {"num_train": 10000, "num_test": 5000},
        {"continuous_factors": False},
    ),
    "modularity_explicitness": (
        "modularity_explicitness",
        "compute_modularity_explicitness",
        {"num_train": 10000, "num_test": 5000},
        {},
    ),
    "unsupervised_metrics": (
        "unsupervised_metrics",
        "unsupervised_metrics",
        {"num_train": 10000},
        {},
    ),
}
SIX = ["beta_vae_sklearn", "factor_vae_score", "mig", "irs", "dci", "sap_score"]
BINDINGS = (
    "discretizer.discretizer_fn = @histogram_discretizer",
    "discretizer.num_bins = 20",
    "prune_dims.threshold = 0.05",
)


class IndexImages(GroundTruthData):
    """Images of 2x2 pixels whose four bytes are their index, for factors of these sizes."""

    name = "index_images"

    def __init__(self, sizes):
        self.observation_shape = [2, 2, 1]
        self.factors_num_values = sizes
        self.factor_names = tuple(f"factor_{i}" for i in range(len(sizes)))

    def images(self, indices):
        return np.asarray(indices).astype("<u4").view(np.uint8).reshape(-1, 2, 2, 1)


def table_of_codes(data, num_latents):
    """Codes as a model half disentangled has them: mixed, bent and noisy factors."""
    random = np.random.default_rng(0)
    factors = data.factors(np.arange(data.num_images)) / np.array(data.factors_num_values)
    mixed = factors @ random.normal(size=(data.num_factors, num_latents))
    bent = np.sin(3 * factors @ random.normal(size=(data.num_factors, num_latents)))
    noise = random.normal(size=mixed.shape)
    return (mixed + 0.3 * bent + 0.1 * noise).astype(np.float32)


def lookup(codes):
    def encode(images):
        pixels = np.round(np.asarray(images) * 255.0).astype(np.uint8).reshape(len(images), 4)
        return codes[pixels.copy().view("<u4")[:, 0]]

    return encode


def timed(function):
    wall, cpu = time.perf_counter(), time.process_time()
    result = function()
    return result, time.perf_counter() - wall, time.process_time() - cpu


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--metrics", nargs="+", default=list(METRICS), choices=list(METRICS))
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of points")
    parser.add_argument("--sizes", type=int, nargs="+", default=[3, 6, 40, 32, 32])
    parser.add_argument("--num_latents", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dlib", help="a folder with disentanglement_lib; default: the installed")
    parser.add_argument("--only_ours", nargs="*", default=[], help="metrics not to compare")
    arguments = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    warnings.simplefilter("ignore")
    logging.disable()

    data = IndexImages(arguments.sizes)
    encode = lookup(table_of_codes(data, arguments.num_latents))
    dlib = disentanglement_lib(arguments.dlib)
    for name in ("utils", "factor_vae"):  # where the names in BINDINGS are registered
        dlib.module(f"evaluation.metrics.{name}")
    # Compiling the boosted trees, once per machine, is timed by itself.
    _, compile_seconds, _ = timed(warm_up)
    print(
        f"factors {arguments.sizes}, {arguments.num_latents} latents, {os.cpu_count()} CPUs; ",
        end="",
    )
    print(f"imports and compiled code ready after {compile_seconds:.1f} s")
    print(
        f"{'metric':<24} {'disentanglement_lib':>20} {'ours':>16} {'ratio':>7}  largest difference"
    )
    seconds = {}
    for name in arguments.metrics:
        module, function, counts, settings = METRICS[name]
        counts = {key: max(int(value * arguments.scale), 20) for key, value in counts.items()}
        parameters = {**counts, **settings}
        bindings = [
            *(f"{name}.{key} = {value}" for key, value in parameters.items()),
            *BINDINGS,
            f"evaluation.random_seed = {arguments.seed}",
        ]
        model = Representation(encode, repeatable=True)

        def ours(name=name, bindings=bindings, model=model):
            return evaluate(model, data, [name], bindings, verbose=False)[name]

        scores, wall, cpu = timed(ours)
        seconds[name] = wall
        line = f"{wall:7.2f} ({cpu:6.2f})"
        if name in arguments.only_ours:
            print(f"{name:<24} {'':>20} {line:>16}", flush=True)
            continue

        def theirs(module=module, function=function, parameters=parameters):
            np.random.seed(arguments.seed)
            compute = getattr(dlib.module(f"evaluation.metrics.{module}"), function)
            with dlib.configured(*BINDINGS):
                random_state = np.random.RandomState(arguments.seed)
                return compute(data, encode, random_state, **parameters)

        reference, their_wall, their_cpu = timed(theirs)
        differences = {key: abs(scores[key] - value) for key, value in reference.items()}
        worst = max(differences, key=differences.get)
        their_line = f"{their_wall:9.2f} ({their_cpu:7.2f})"
        print(
            f"{name:<24} {their_line:>20} {line:>16} {their_wall / wall:6.1f}x"
            f"  {differences[worst]:.1e} ({worst})",
            flush=True,
        )
    beside = [seconds[name] for name in SIX if name != "dci" and name in seconds]
    print(f"the six metrics' others than dci, ours: {sum(beside):.2f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"most memory: {peak:.2f} GiB")


def warm_up():
    from tfdis.config import register_all
    from tfdis.metrics.boosting import GradientBoostingClassifier

    register_all()
    random = np.random.RandomState(0)
    x = random.normal(size=(50, 2))
    for num_classes in (2, 3):
        GradientBoostingClassifier(0).fit(x, random.randint(num_classes, size=50)).predict(x)


if __name__ == "__main__":
    main()
