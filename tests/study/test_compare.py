import json

import numpy as np
import pytest
from scipy import stats
from synthetic_study import make_settings, make_study

from tfdis.cli.compare import main
from tfdis.errors import UserError
from tfdis.statistics.comparisons import holm
from tfdis.study.compare import compare, compare_settings
from tfdis.study.report import write_report


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    directory = tmp_path_factory.mktemp("compare") / "study"
    make_study(directory, make_settings(num_seeds=3), failed=(4,), queued=(7,), pictures=False)
    return directory


def scores_of(directory, settings, algorithm, other):
    """By what both have in common, the mean of an algorithm's scores over its own strengths."""
    by_seed = {}
    theirs = {name for setting in settings if setting["model.name"] == other for name in setting}
    shared = [name for name in sorted(theirs) if name not in ("model.name", "model.model")]
    for num, setting in enumerate(settings):
        path = directory / str(num) / "metrics/mean/mig/results/json/evaluation_results.json"
        if setting["model.name"] == algorithm and path.is_file():
            value = json.loads(path.read_text())["discrete_mig"]
            key = tuple(setting[name] for name in shared if name in setting)
            by_seed.setdefault(key, []).append(value)
    return {seed: np.mean(values) for seed, values in by_seed.items()}


def test_pairs_are_the_same_seeds(directory):
    name, sides, found = compare(directory, "model.name", "mig")
    assert name == "mean/mig/discrete_mig"
    settings = make_settings(num_seeds=3)
    algorithms = list(dict.fromkeys(setting["model.name"] for setting in settings))
    assert [side.value for side in sides] == algorithms
    assert sum(side.num_models for side in sides) == 34
    assert len(found) == 15
    for each in found:
        pair = each.first, each.second
        one, other = (scores_of(directory, settings, *ab) for ab in (pair, pair[::-1]))
        differences = [one[seed] - other[seed] for seed in one if seed in other]
        assert each.num_pairs == len(differences)
        assert each.difference == pytest.approx(np.mean(differences))
        theirs = stats.permutation_test(
            (np.array(differences),),
            np.mean,
            permutation_type="samples",
            n_resamples=np.inf,
        )
        assert each.p_value == pytest.approx(theirs.pvalue)
        assert each.low <= each.difference <= each.high
        assert 0 <= each.improvement <= 1
    corrected = holm([each.p_value for each in found])
    np.testing.assert_allclose([each.corrected for each in found], corrected)


def test_a_real_difference_is_found_and_none_is_not():
    random = np.random.default_rng(0)
    effect = {"a": 0.0, "b": 0.0, "c": 0.3}
    scored = []
    for data_set in ("sprites", "rooms"):
        for seed in range(8):
            shared = random.normal(0, 1)  # what a seed and a data set do to all settings alike
            for name in effect:
                setting = {
                    "model.name": name,
                    "model.model": f"@{name}()",
                    f"{name}.beta": 4.0,
                    "dataset.name": data_set,
                    "model.random_seed": seed,
                }
                scored.append((setting, shared + effect[name] + random.normal(0, 0.05)))
    sides, found = compare_settings(scored, "model.name")
    by_pair = {(each.first, each.second): each for each in found}
    assert by_pair["a", "b"].corrected > 0.05
    assert by_pair["a", "b"].num_pairs == 16
    assert by_pair["a", "c"].corrected < 0.001
    assert by_pair["a", "c"].difference == pytest.approx(-0.3, abs=0.05)
    assert by_pair["a", "c"].improvement < 0.5
    assert by_pair["a", "c"].seeds <= 4
    for side in sides:
        assert side.low <= side.interquartile_mean <= side.high


def test_what_cannot_be_compared(directory):
    with pytest.raises(UserError, match=r"have 0 value of model.width.*model.name"):
        compare(directory, "model.width", "mig")
    with pytest.raises(UserError, match=r"No model has a score mgi; there are: .*discrete_mig"):
        compare(directory, "model.name", "mgi")


def test_command(directory, capsys):
    arguments = [str(directory), "--by=model.name", "--score=dci"]
    assert main([*arguments, "--difference=0.05"]) == 0
    output = capsys.readouterr().out
    assert output.startswith("mean/dci/disentanglement by model.name")
    assert "Holm" in output
    assert "to find 0.05" in output
    assert main([str(directory), "--by=model.name", "--score=x"]) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.slow
def test_the_page_holds_the_same_comparisons(directory):
    text = write_report(directory).read_text()
    start = text.index('<script type="application/json" id="data">')
    data = json.loads(text[text.index(">", start) + 1 : text.index("</script>", start)])
    names = [score["name"] for score in data["scores"]]
    rows = data["comparisons"][str(names.index("mean/mig/discrete_mig"))]
    _, _, found = compare(directory, "model.name", "mig")
    assert [row[:3] for row in rows] == [[x.first, x.second, x.num_pairs] for x in found]
    for row, each in zip(rows, found):
        assert row[3:5] == pytest.approx([each.difference, each.low], abs=1e-4)
        assert row[6:8] == pytest.approx([each.p_value, each.corrected], abs=1e-4)
    assert all(data["scores"][int(place)]["headline"] for place in data["comparisons"])
