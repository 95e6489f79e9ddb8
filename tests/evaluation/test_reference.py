"""disentanglement_lib's own scores beside ours."""

import gin
import numpy as np
import pytest
from saved_models import write_trained
from tables import SIZES, IndexImages, NoisyImages, lookup, noisy_lookup, tables

from tfdis.cli.evaluate import main
from tfdis.errors import UserError
from tfdis.evaluation.compat import disentanglement_lib
from tfdis.evaluation.reference import differences, reference_scores
from tfdis.evaluation.representations import Representation
from tfdis.evaluation.scoring import configured_scores
from tfdis.evaluation.settings import settings_of
from tfdis.evaluation.sources import DataSource
from tfdis.results import read_json

_SMALL = [
    "mig.num_train = 300",
    "irs.num_train = 300",
    "sap_score.num_train = 200",
    "sap_score.num_test = 100",
    "factor_vae_score.num_train = 100",
    "factor_vae_score.num_eval = 50",
    "factor_vae_score.num_variance_estimate = 200",
    "fairness.num_train = 100",
    "fairness.num_test_points_per_class = 20",
    "predictor.predictor_fn = @logistic_regression_cv",
    "evaluation.random_seed = 3",
]


def compared(name, source, dlib, bindings=()):
    with settings_of(name, (), [*_SMALL, *bindings]):
        ours = configured_scores(source, None)
        theirs = reference_scores(name, source, 3, dlib)
        assert not dlib.gin.config_str().strip()
    return differences(ours, theirs), theirs


@pytest.mark.parametrize("kind", ["indexed", "noise"])
@pytest.mark.parametrize("name", ["mig", "irs", "factor_vae_score", "sap_score"])
def test_both_get_the_same_codes_and_draws(name, kind, dlib15_path):
    dlib = disentanglement_lib(dlib15_path)
    codes = tables()["entangled"]
    if kind == "indexed":
        data, function = IndexImages(SIZES), Representation(lookup(codes), repeatable=True)
    else:
        data, function = NoisyImages(SIZES), Representation(noisy_lookup(codes))
    found, theirs = compared(name, DataSource(data, function), dlib)
    assert {score for score, *_ in found} == set(theirs)
    for score, _, _, difference in found:
        assert abs(difference) < 1e-6, score
    assert gin.config_str() == ""


def test_bindings_reach_the_original(dlib15_path):
    """With other parameters it gives another number, and still the same as ours."""
    dlib = disentanglement_lib(dlib15_path)
    source = DataSource(
        IndexImages(SIZES), Representation(lookup(tables()["entangled"]), repeatable=True)
    )
    twenty, _ = compared("mig", source, dlib)
    three, _ = compared("mig", source, dlib, ["discretizer.num_bins = 3"])
    assert abs(three[0][3]) < 1e-9
    assert abs(three[0][2] - twenty[0][2]) > 0.01


def test_what_the_original_lacks():
    source = DataSource(IndexImages(SIZES), Representation(lookup(tables()["random"])))
    with pytest.raises(UserError, match="no metric 'infomec'"):
        reference_scores("infomec", source, 0)
    with pytest.raises(UserError, match=r"no module 'evaluation\.metrics\.fairness'"):
        reference_scores("fairness", source, 0)  # 1.2, which is installed, has none


def test_command(tmp_path, capsys):
    model = write_trained(tmp_path / "model")
    arguments = [f"--model_dir={model}", f"--output_dir={tmp_path / 'out'}", "--reference"]
    bindings = [f"--gin_bindings={binding}" for binding in _SMALL[:1]]
    assert main([*arguments, "--metrics=mig", *bindings]) == 0
    output = capsys.readouterr().out
    assert "disentanglement_lib" in output
    path = tmp_path / "out/mig/results/json/reference_results.json"
    row = read_json(path)["discrete_mig"]
    assert row["ours"] == pytest.approx(row["disentanglement_lib"], abs=1e-6)
    assert row["difference"] == row["ours"] - row["disentanglement_lib"]
    assert np.isfinite(row["ours"])
    assert main([*arguments, "--metrics=infomec", "--overwrite"]) == 2
    assert "no metric 'infomec'" in capsys.readouterr().err
    assert main(arguments) == 2
    assert "name some" in capsys.readouterr().err
