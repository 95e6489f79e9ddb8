import html
import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import scipy.stats
from PIL import Image
from synthetic_study import make_settings, make_study

from tfdis.cli import report as command
from tfdis.statistics.intervals import mean_interval
from tfdis.study.report import write_report
from tfdis.study.report_data import scores_of
from tfdis.study.report_pictures import models_to_embed
from tfdis.study.report_read import StudyModel, read_curve
from tfdis.study.report_statistics import rank_correlations

_CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
_needs_chromium = pytest.mark.skipif(
    _CHROMIUM is None, reason="no chromium on PATH to open the page in: apt-get install chromium"
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    directory = tmp_path_factory.mktemp("report") / "study"
    make_study(directory, make_settings(num_seeds=3), failed=(4,), queued=(7,))
    return directory


@pytest.fixture(scope="module")
def modules(directory):
    """What a process has loaded that wrote the page by the command."""
    script = (
        f"import sys; from tfdis.cli.report import main; code = main([{str(directory)!r}]); "
        "print(*sys.modules); sys.exit(code)"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].split()


@pytest.fixture(scope="module")
def page(directory, modules):
    return directory / "report.html"


@pytest.fixture(scope="module")
def data(page):
    return _data(page)


def _data(page):
    text = page.read_text()
    start = text.index('<script type="application/json" id="data">')
    return json.loads(text[text.index(">", start) + 1 : text.index("</script>", start)])


def _score_on_disk(directory, num, score):
    representation, metric, name = score.split("/")
    path = directory / str(num) / "metrics" / representation / metric
    return json.loads((path / "results/json/evaluation_results.json").read_text())[name]


def _place(data, name):
    return [score["name"] for score in data["scores"]].index(name)


@pytest.mark.parametrize("count", [2, 3, 50])
def test_interval_is_scipys(count):
    values = np.random.default_rng(count).normal(0.4, 0.1, count)
    interval = mean_interval(np.append(values, np.nan))
    low, high = scipy.stats.t.interval(
        0.95, count - 1, loc=values.mean(), scale=scipy.stats.sem(values)
    )
    assert interval.count == count
    np.testing.assert_allclose((interval.low, interval.high), (low, high), rtol=1e-12)
    assert interval.mean == pytest.approx(values.mean())


def test_one_seed_has_no_interval_and_none_no_mean():
    assert mean_interval(np.array([0.5, np.nan])).low is None
    assert mean_interval(np.array([np.nan])) is None


def test_intervals_hold_the_mean_as_often_as_they_say():
    random = np.random.default_rng(0)
    draws = random.normal(0.3, 0.1, (4000, 3))
    held = np.mean([(i := mean_interval(row)).low <= 0.3 <= i.high for row in draws])
    assert held == pytest.approx(0.95, abs=0.015)


def test_rank_correlations_are_scipys_with_ties_and_gaps():
    random = np.random.default_rng(1)
    scores = random.integers(0, 6, (30, 4)).astype(float)
    scores[random.random(scores.shape) < 0.2] = np.nan
    correlations, counts = rank_correlations(scores)
    for i in range(4):
        for j in range(4):
            both = ~np.isnan(scores[:, i]) & ~np.isnan(scores[:, j])
            expected = scipy.stats.spearmanr(scores[both, i], scores[both, j]).statistic
            assert correlations[i, j] == pytest.approx(expected, abs=1e-12)
            assert counts[i, j] == both.sum()


def test_rank_correlation_of_a_constant_or_of_two_models_is_none():
    scores = np.array([[1.0, 1.0, 1.0], [1.0, 2.0, 3.0], [1.0, 3.0, np.nan]])
    correlations, _ = rank_correlations(scores)
    assert np.isnan(correlations[0]).all()
    assert np.isnan(correlations[1, 2])
    assert correlations[1, 1] == 1.0


def test_every_score_of_every_model_is_that_on_disk(directory, data):
    for score, column in zip(data["scores"], data["values"]):
        if score["representation"]:
            for num, value in enumerate(column):
                expected = None
                if data["models"]["status"][num] == "done":
                    expected = pytest.approx(
                        _score_on_disk(directory, num, score["name"]), rel=1e-5
                    )
                assert value == expected


def test_a_group_is_a_setting_over_its_seeds(directory, data):
    place = _place(data, "mean/mig/discrete_mig")
    groups = data["models"]["group"]
    assert groups == [num // 3 for num in range(36)]
    # Model 4 failed and 7 is queued; what is left of their settings still has a mean.
    for group, members in {0: [0, 1, 2], 1: [3, 5], 2: [6, 8]}.items():
        values = [_score_on_disk(directory, num, "mean/mig/discrete_mig") for num in members]
        expected = mean_interval(np.array(values))
        assert data["groups"][str(group)][place] == pytest.approx(
            [len(members), expected.mean, expected.low, expected.high], rel=1e-5
        )


def test_heat_map_holds_scipys_rank_correlations(directory, data):
    (found,) = data["correlations"]
    names = [data["scores"][place]["name"] for place in found["scores"]]
    i, j = names.index("mean/mig/discrete_mig"), names.index("mean/dci/disentanglement")
    done = [num for num, status in enumerate(data["models"]["status"]) if status == "done"]
    mig, dci = ([_score_on_disk(directory, num, names[place]) for num in done] for place in (i, j))
    expected = scipy.stats.spearmanr(mig, dci).statistic
    assert found["matrix"][i][j] == pytest.approx(expected, abs=1e-5)
    assert found["counts"][i][j] == len(done) == 34


def test_headlines_are_what_the_field_reports(data):
    labels = [score["label"] for score in data["scores"] if score["headline"]]
    assert labels == [
        "MIG", "DCI disentanglement", "SAP", "BetaVAE", "FactorVAE", "Modularity", "Gaussian TC",
        "Logistic regression 10000", "Reconstruction loss",
    ]  # fmt: skip


def test_a_metric_that_nobody_knows_is_shown_by_its_first_number():
    run = StudyModel(
        0, "vae", "", "", 0, 0, "done", {"mean/new/b": 1.0, "mean/new/a": 2.0}, {}, "", ""
    )
    labels = [(score.label, score.headline) for score in scores_of([run])]
    assert labels == [("new: b", True), ("new: a", False)]


def test_settings_are_told_apart_by_what_varies_in_the_algorithm(data):
    assert data["models"]["setting"][:6] == ["beta=1.0"] * 3 + ["beta=4.0"] * 3
    assert set(data["models"]["setting"][12:18]) == {"gamma=10.0", "gamma=40.0"}
    assert data["models"]["algorithm"][12] == "factor_vae"
    assert data["models"]["seed"][:4] == [0, 1, 2, 0]


def test_bindings_of_every_model_can_be_put_together_again(directory, data):
    for num in (0, 13, 35):
        path = directory / str(num) / "model/results/json/train_config.json"
        bindings = dict(data["sharedBindings"])
        for name, column in data["ownBindings"].items():
            value = column["values"][column["of"][num]]
            if value is not None:
                bindings[name] = value
        assert bindings.items() >= json.loads(path.read_text()).items()


def test_failed_models_come_with_their_error(data):
    assert data["models"]["status"][4] == "failed"
    assert data["models"]["status"][7] == "queued"
    assert data["errors"] == {
        "4": {
            "error": "ValueError: the loss is <not> finite & ends.",
            "details": "Traceback of model 4",
        }
    }


def test_page_needs_nothing_but_itself(page):
    text = page.read_text()
    assert not re.search(r"""(src|href|url)\s*[=(]\s*["']?(https?:)?//""", text)
    assert "default-src 'none'" in text
    # A closing tag in a run's error must not end the element that holds the data.
    assert "<not>" not in text


@pytest.mark.slow
def test_a_page_written_elsewhere_still_links_the_runs(directory, tmp_path):
    output = tmp_path / "pages" / "study.html"
    data = _data(write_report(directory, output))
    link = output.parent / data["base"] / data["pictureFiles"]["0"]
    assert link.resolve() == (directory / "0/visualizations/traversal_range_fixed_1.png").resolve()


def test_curves_keep_their_ends_and_leave_out_what_is_not_finite(tmp_path):
    lines = [json.dumps({"step": 10 * i, "loss": 1.0 / i}) for i in range(1, 1001)]
    lines[499] = '{"step": 5000, "loss": NaN}'
    path = tmp_path / "progress.jsonl"
    path.write_text("\n".join(lines) + "\n")
    curve = read_curve(path, 50)
    assert len(curve["step"]) == len(curve["loss"]) == 50
    assert (curve["step"][0], curve["step"][-1], curve["loss"][-1]) == (10, 10000, 0.001)
    assert read_curve(path, 1000)["loss"][499] is None
    path.write_text("\n".join(lines[:3]) + '\n{"step": 40, "lo')
    assert read_curve(path, 50)["step"] == [10, 20, 30]
    assert read_curve(tmp_path / "none", 50) == {}


def test_large_studies_hold_the_traversal_of_the_best_of_each_algorithm():
    runs = [
        StudyModel(
            num,
            f"algorithm {num % 3}",
            "",
            "",
            0,
            num,
            "done",
            {"mean/mig/x": num % 50},
            {},
            "",
            "",
        )
        for num in range(100)
    ]
    assert models_to_embed(runs[:48], "mean/mig/x") == list(range(48))
    assert sorted(models_to_embed(runs, "mean/mig/x")) == [49, 98, 99]


def test_a_study_that_has_not_begun_has_a_report_too(tmp_path):
    make_study(tmp_path / "study", make_settings(2), queued=tuple(range(24)))
    data = _data(write_report(tmp_path / "study"))
    assert data["models"]["status"] == ["queued"] * 24
    assert data["ownBindings"]["vae.beta"]["values"] == ["1.0", "4.0", None]


@pytest.mark.slow
def test_data_sets_are_correlated_apart_and_together(tmp_path):
    settings = make_settings(2, data_sets=("sprites", "rooms"))
    make_study(tmp_path / "study", settings, ("mean", "sampled"), pictures=False)
    data = _data(write_report(tmp_path / "study"))
    assert [(each["representation"], each["dataSet"]) for each in data["correlations"]] == [
        (representation, data_set)
        for representation in ("mean", "sampled")
        for data_set in ("sprites", "rooms", "")
    ]
    assert [each["counts"][0][0] for each in data["correlations"]] == [24, 24, 48] * 2
    assert data["models"]["setting"][0] == "beta=1.0"


@pytest.mark.slow
def test_command_writes_the_page_and_says_what_is_wrong(directory, tmp_path, capsys):
    assert command.main([str(directory), "--output", str(tmp_path / "page.html")]) == 0
    assert "page.html" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    assert command.main([str(tmp_path)]) == 2
    assert "holds no study" in capsys.readouterr().err


def test_no_tensorflow_is_loaded(modules):
    assert "tfdis.study.report" in modules
    assert "tensorflow" not in modules


def _browse(page, arguments, address="", tmp_path=None):
    flags = [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--disable-dev-shm-usage", f"--user-data-dir={tmp_path / 'profile'}",
    ]  # fmt: skip
    done = subprocess.run(
        [_CHROMIUM, *flags, *arguments, f"{page.as_uri()}{address}"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@_needs_chromium
def test_browser_sorts_and_filters_by_the_address(page, data, tmp_path):
    address = "#sort=mean/mig/discrete_mig&descending=1&filter=factor_vae+mig>0.4"
    dom = _browse(page, ["--dump-dom"], address, tmp_path)
    table = dom[dom.index('<table id="table">') : dom.index('<button id="more"')]
    column = data["values"][_place(data, "mean/mig/discrete_mig")]
    wanted = [n for n in range(12, 18) if column[n] > 0.4]
    wanted.sort(key=lambda num: -column[num])
    assert [int(num) for num in re.findall(r'<tr data-model="(\d+)"', table)] == wanted
    assert f"{len(wanted)} of 36 models" in dom
    assert f"{column[wanted[0]]:.3f}</td>" in table
    # The charts: a mean for every setting, all cells of the heat map, a curve per chosen model.
    assert len(re.findall('<line class="mean"', dom)) == 12
    drawn = [float(x) for x in re.findall('data-correlation="([^"]+)"', dom)]
    assert drawn == [x for row in data["correlations"][0]["matrix"] for x in row]
    assert len(re.findall("<polyline", dom)) == 6
    assert len(re.findall('<img src="data:image/webp', dom)) == 6
    failures = dom[dom.index('<div id="failures">') :]
    assert "the loss is &lt;not&gt; finite &amp; ends." in failures[: failures.index("</section>")]


@_needs_chromium
def test_browser_traces_a_number_to_its_run(page, directory, tmp_path):
    clicks = """
      document.querySelector('th[data-key="mean/mig/discrete_mig"] button').click();
      document.querySelector('#table tr[data-model="13"] input').click();
      document.querySelector('#table tr[data-model="13"] td.number:nth-child(7)').click();"""
    driven = tmp_path / "driven.html"
    driven.write_text(page.read_text().replace("</body>", f"<script>{clicks}</script></body>"))
    dom = _browse(driven, ["--dump-dom"], "", tmp_path)
    assert re.search('aria-sort="descending" data-key="mean/mig/discrete_mig"', dom)
    assert '<polyline data-model="13"' in dom
    dialog = html.unescape(dom[dom.index("<dialog") : dom.index("</dialog>")])
    assert f"<dd>{directory}/13</dd>" in dialog
    assert "factor_vae.gamma = 10.0" in dialog
    assert "model.random_seed = 1" in dialog
    asked = dialog[dialog.index('<tr class="asked">') :]
    value = float(re.search(r'<td class="number">([^<]+)<', asked)[1])
    assert value == pytest.approx(_score_on_disk(directory, 13, "mean/mig/discrete_mig"), rel=1e-5)
    assert "13/metrics/mean/mig/results/json/evaluation_results.json" in asked


@_needs_chromium
def test_browser_shows_the_heat_map_and_the_traversals(page, tmp_path):
    """All of them in the first frame, as a printer or a screenshot takes it."""
    _browse(
        page, [f"--screenshot={tmp_path / 'page.png'}", "--window-size=1400,4600"], "", tmp_path
    )
    pixels = np.asarray(Image.open(tmp_path / "page.png").convert("RGB")).astype(int)
    # Six traversals on nearly black ground, some 380 by 340 pixels each.
    assert (pixels.max(axis=-1) < 50).sum() > 6 * 100_000
    # The blue of a correlation of 1: nine cells of the diagonal, of some 48 pixels each way.
    assert (np.abs(pixels - [33, 102, 172]).sum(axis=-1) < 6).sum() > 9 * 30 * 30
    assert (pixels.min(axis=-1) < 100).any(axis=1).mean() > 0.3
