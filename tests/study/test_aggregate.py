import csv
import json

import numpy as np
import pandas as pd
import pytest

from tfdis import results
from tfdis.cli import aggregate as command
from tfdis.errors import UserError
from tfdis.evaluation.compat import disentanglement_lib
from tfdis.study.aggregate import (
    aggregate_results,
    load_aggregated_results,
    write_aggregated_results,
)


@pytest.fixture
def runs(tmp_path):
    for number in range(3):
        folder = tmp_path / f"{number}" / "metrics" / "mean" / "mig" / "results"
        results.write_json(folder / "json" / "train_config.json", {"vae.beta": f"{number + 1}.0"})
        scores = {"discrete_mig": 0.1 * number, "elapsed_time": 12.5, "uuid": f"{number}" * 4}
        if number == 2:
            scores["matrix"] = [[1.0, 2.0]]
        results.write_json(folder / "json" / "evaluation_results.json", scores)
        aggregated = results.aggregate(folder / "json")
        results.write_json(folder / "aggregate" / "evaluation.json", aggregated)
    return tmp_path


def pattern(runs):
    return str(runs / "*" / "metrics" / "*" / "*" / "results" / "aggregate" / "evaluation.json")


def test_a_row_per_file_and_a_column_per_key(runs):
    table = aggregate_results(pattern(runs))
    assert len(table) == 3
    np.testing.assert_allclose(table["evaluation_results.discrete_mig"], [0.0, 0.1, 0.2])
    assert list(table["train_config.vae.beta"]) == ["1.0", "2.0", "3.0"]
    assert table["path"][1].endswith("1/metrics/mean/mig/results/aggregate/evaluation.json")
    assert table["evaluation_results.matrix"].isna().tolist() == [True, True, False]


def test_the_json_file_is_the_one_that_pandas_makes_of_the_dictionaries(runs):
    # disentanglement_lib's aggregate_results: a DataFrame of the files' dictionaries, to_json.
    dictionaries = []
    for path in sorted(runs.glob("*/metrics/*/*/results/aggregate/evaluation.json")):
        dictionaries.append({**json.loads(path.read_text()), "path": str(path)})
    json_path, _ = write_aggregated_results(aggregate_results(pattern(runs)), runs / "all.json")
    assert json.loads(json_path.read_text()) == json.loads(pd.DataFrame(dictionaries).to_json())


def test_disentanglement_lib_reads_it(runs, dlib15_path):
    json_path, _ = write_aggregated_results(aggregate_results(pattern(runs)), runs / "all.json")
    theirs = disentanglement_lib(dlib15_path).module("utils.aggregate_results")
    table = theirs.load_aggregated_json_results(str(json_path))
    np.testing.assert_allclose(table["evaluation_results.discrete_mig"], [0.0, 0.1, 0.2])


def test_loads_with_numbers_as_numbers_and_times_as_seconds(runs):
    json_path, _ = write_aggregated_results(aggregate_results(pattern(runs)), runs / "all.json")
    table = load_aggregated_results(json_path)
    assert table["train_config.vae.beta"].tolist() == [1.0, 2.0, 3.0]
    assert table["evaluation_results.elapsed_time"].tolist() == [12.5] * 3
    assert table["evaluation_results.matrix"][2] == [[1.0, 2.0]]


def test_the_csv_file_has_the_same_table(runs):
    _, csv_path = write_aggregated_results(aggregate_results(pattern(runs)), runs / "all.json")
    with csv_path.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [float(row["evaluation_results.discrete_mig"]) for row in rows] == [0.0, 0.1, 0.2]
    assert json.loads(rows[2]["evaluation_results.matrix"]) == [[1.0, 2.0]]
    assert rows[0]["evaluation_results.matrix"] == ""


def test_says_what_is_wrong(runs):
    with pytest.raises(UserError, match="No file matches"):
        aggregate_results(str(runs / "nowhere" / "*.json"))
    (runs / "list.json").write_text("[1]")
    with pytest.raises(UserError, match=r"No file that matches '.*list\.json' holds results"):
        aggregate_results(str(runs / "list.json"))
    with pytest.raises(UserError, match=r"end in \.json"):
        write_aggregated_results(aggregate_results(pattern(runs)), runs / "all.csv")
    with pytest.raises(UserError, match=r"absent\.json"):
        load_aggregated_results(runs / "absent.json")


def test_the_command_writes_both_files_once(runs, capsys):
    arguments = [f"--result_file_pattern={pattern(runs)}", f"--output_path={runs / 'all.json'}"]
    assert command.main(arguments) == 0
    assert "3 results" in capsys.readouterr().out
    before = (runs / "all.csv").read_bytes()
    assert before
    assert command.main(arguments) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert command.main([*arguments, "--overwrite"]) == 0
    assert (runs / "all.csv").read_bytes() == before
    assert sorted(path.name for path in runs.iterdir() if path.is_file()) == ["all.csv", "all.json"]
