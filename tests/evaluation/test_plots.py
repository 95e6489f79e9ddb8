import json

import numpy as np
import pytest
from PIL import Image
from saved_models import write_trained

from tfdis.errors import UserError
from tfdis.evaluation.evaluate import evaluate_metrics
from tfdis.evaluation.plots import plot_artifacts, plot_scores_over_training
from tfdis.results import write_json
from tfdis.visualize.heat_map import draw_heat_map


def read(path):
    return np.asarray(Image.open(path)).astype(int)


def test_every_matrix_gets_a_picture_beside_it(tmp_path):
    for metric, name, matrix in (
        ("dci", "importance", np.eye(3, 2)),
        ("mig", "mutual_information", 3 * np.eye(3, 2)),
        ("irs", "robustness", np.eye(3, 2)),
    ):
        content = {"factor_names": ["shape", "scale"], "matrix": matrix}
        write_json(tmp_path / metric / f"{name}.json", content)
    paths = plot_artifacts(tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in paths] == [
        "dci/importance.png",
        "dci/importance_dendrogram.png",
        "dci/importance_groups.png",
        "irs/robustness.png",
        "mig/mutual_information.png",
        "mig/mutual_information_dendrogram.png",
        "mig/mutual_information_groups.png",
    ]
    for path in paths:
        image = read(path)
        assert image.std() > 10
        assert min(image.shape[:2]) > 100
    jsons = ["importance.json", "mutual_information.json", "robustness.json"]
    written = sorted(path.name for path in tmp_path.rglob("*.*"))
    assert written == sorted([*jsons, *(path.name for path in paths)])


def test_no_artifacts_no_pictures(tmp_path):
    assert plot_artifacts(tmp_path / "absent") == []


def test_the_greater_the_darker_a_row_per_factor_and_a_column_per_latent(tmp_path):
    matrix = np.zeros((30, 2))  # columns too narrow for numbers: nothing but colour in the cells
    matrix[:10, 0], matrix[20:, 1] = 1.0, 0.5
    draw_heat_map(tmp_path / "matrix.png", matrix, ["a", "b"], "title")
    blueness = read(tmp_path / "matrix.png")[..., 2] - read(tmp_path / "matrix.png")[..., 0]
    rows, columns = np.nonzero(blueness > 40)
    left = columns < np.median(columns)
    # The first factor's latents are at the top left, the second's at the bottom right.
    assert np.median(rows[left]) < np.median(rows[~left])
    dark = read(tmp_path / "matrix.png").sum(axis=-1)
    inside = dark[int(np.median(rows[left])), int(np.median(columns[left]))]
    other = dark[int(np.median(rows[~left])), int(np.median(columns[~left]))]
    assert inside < other < 3 * 255


@pytest.mark.parametrize("num_latents", [1, 10, 100])
def test_any_number_of_latents_fits_a_page(tmp_path, num_latents):
    draw_heat_map(tmp_path / "m.png", np.ones((num_latents, 5)), ["a long factor name"] * 5, "t")
    width = Image.open(tmp_path / "m.png").width / 250
    assert 0.5 < width <= 6.6


def test_scores_over_training_leave_out_the_losses(tmp_path):
    lines = [{"step": step, "loss": 1.0 / (step + 1)} for step in range(0, 100, 10)]
    lines[5]["mig.discrete_mig"], lines[9]["mig.discrete_mig"] = 0.1, 0.2
    lines[9]["irs.IRS"] = 0.5
    progress = tmp_path / "progress.jsonl"
    progress.write_text("".join(json.dumps(line) + "\n" for line in lines))
    plot_scores_over_training(progress, tmp_path / "scores.png")
    two = Image.open(tmp_path / "scores.png").size
    del lines[9]["irs.IRS"]
    progress.write_text("".join(json.dumps(line) + "\n" for line in lines))
    plot_scores_over_training(progress, tmp_path / "scores.png")
    one = Image.open(tmp_path / "scores.png").size
    assert one[0] < two[0]  # a panel per score

    progress.write_text(json.dumps({"step": 0, "loss": 1.0}) + "\n")
    with pytest.raises(UserError, match="no scores"):
        plot_scores_over_training(progress, tmp_path / "scores.png")


def test_an_evaluation_leaves_a_picture_per_matrix(tmp_path):
    model = write_trained(tmp_path / "model")
    evaluate_metrics(model, tmp_path / "out", ["mig"], gin_bindings=["mig.num_train = 100"])
    folder = tmp_path / "out" / "mig" / "artifacts" / "mig"
    assert sorted(path.name for path in folder.iterdir()) == [
        "mutual_information.json",
        "mutual_information.png",
        "mutual_information_dendrogram.png",
        "mutual_information_groups.png",
    ]
    assert read(folder / "mutual_information.png").std() > 10
