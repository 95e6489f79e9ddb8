"""Every score on synthetic codes whose kind is known, so that a reader sees what each one sees.

python benchmarks/calibration.py                  the table of docs/calibration.md: minutes
python benchmarks/calibration.py --points=500 --seeds=1 --metrics mig mcc
"""

import argparse
import warnings

import numpy as np

import tfdis
from tfdis.metrics.table import TableSource

SIZES = (4, 5, 6, 4)
# The metric, its score, and what a reader looks for.
SCORES = [
    ("mig", "discrete_mig", "MIG"),
    ("sap_score", "SAP_score", "SAP"),
    ("dci", "disentanglement", "DCI disentanglement"),
    ("dci", "completeness", "DCI completeness"),
    ("dci", "informativeness_test", "DCI informativeness"),
    ("dci_es", "explicitness", "DCI-ES explicitness"),
    ("dci_es", "size", "DCI-ES size"),
    ("mcc", "mcc_linear", "MCC linear"),
    ("mcc", "mcc_rank", "MCC rank"),
    ("irs", "IRS", "IRS"),
    ("factor_vae_score", "eval_accuracy", "FactorVAE score"),
    ("beta_vae_sklearn", "eval_accuracy", "beta-VAE score"),
    ("modularity_explicitness", "modularity_score", "modularity"),
    ("modularity_explicitness", "explicitness_score_test", "explicitness"),
    ("infomec", "infom", "InfoM"),
    ("infomec", "infoe", "InfoE"),
    ("infomec", "infoc", "InfoC"),
    ("downstream_task", "mean_test_accuracy", "downstream accuracy"),
    ("fairness", "mean_fairness:mean_pred:mean_sens", "unfairness"),
    ("unsupervised_metrics", "gaussian_total_correlation", "Gaussian TC"),
    ("unsupervised_metrics", "mutual_info_score", "MI among latents"),
]


def codes_of(factors, random):
    """Codes of each kind, by name, of factors of mean 0 and variance 1."""
    standard = (factors - factors.mean(axis=0)) / factors.std(axis=0)
    noise = random.normal(size=standard.shape)
    perfect = standard + 0.05 * noise
    rotation = np.linalg.qr(random.normal(size=(len(SIZES), len(SIZES))))[0]
    weights = random.normal(size=(len(SIZES), len(SIZES)))
    return {
        "perfect": perfect,
        "rotated": standard @ rotation + 0.05 * noise,
        "noisy": standard + noise,
        "duplicated": np.concatenate([perfect, standard + 0.05 * noise[:, ::-1]], axis=1),
        "entangled": np.sin(2 * standard @ weights) + 0.05 * noise,
        "collapsed": np.concatenate([perfect[:, :1], 0.05 * noise[:, 1:]], axis=1),
    }


def scores_of(codes, factors, metrics):
    """All scores of one table of codes, by metric and name."""
    fewer = {
        "factor_vae_score": {"num_train": 2000, "num_eval": 1000},
        "beta_vae_sklearn": {"num_train": 2000, "num_eval": 1000},
    }
    bindings = [
        f"{metric}.{name} = {value}"
        for metric, sizes in fewer.items()
        for name, value in sizes.items()
    ]
    found = {}
    for metric in metrics:
        if metric in ("fairness", "downstream_task"):
            points = TableSource(codes, factors).points(len(codes), np.random.RandomState(0))
            from tfdis.metrics.predictor import logistic_regression_cv

            function = getattr(tfdis.metrics, metric)
            found[metric] = function(*points, make_predictor=logistic_regression_cv)
        else:
            mine = [each for each in bindings if each.startswith(f"{metric}.")]
            found |= tfdis.score(codes, factors, [metric], gin_bindings=mine)
    return found


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = list(dict.fromkeys(metric for metric, *_ in SCORES))
    parser.add_argument("--points", type=int, default=3000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--metrics", nargs="+", default=names, choices=names)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    values = {}
    for seed in range(arguments.seeds):
        random = np.random.default_rng(seed)
        grid = np.stack(np.unravel_index(np.arange(np.prod(SIZES)), SIZES), axis=1)
        rest = random.integers(SIZES, size=(max(0, arguments.points - len(grid)), len(SIZES)))
        factors = np.concatenate([grid, rest])
        for kind, codes in codes_of(factors, random).items():
            found = scores_of(codes, factors, arguments.metrics)
            for metric, name, label in SCORES:
                if metric in found:
                    values.setdefault(label, {}).setdefault(kind, []).append(found[metric][name])
    kinds = list(next(iter(values.values())))
    print(
        f"{arguments.points} points, factors of {SIZES} values, mean of {arguments.seeds} seeds\n"
    )
    print("| score | " + " | ".join(kinds) + " |")
    print("| --- |" + " --- |" * len(kinds))
    for label, row in values.items():
        print(f"| {label} | " + " | ".join(f"{np.mean(row[kind]):.2f}" for kind in kinds) + " |")


if __name__ == "__main__":
    main()
