import json

import numpy as np
import pytest
from PIL import Image

from tfdis.errors import UserError
from tfdis.progress_log import read_curves
from tfdis.visualize.charts import (
    draw_kl_chart,
    draw_learning_curves,
)
from tfdis.visualize.heat_map import draw_heat_map
from tfdis.visualize.latents import summarize_latents
from tfdis.visualize.style import MAIN, TEXT_WIDTH


def pixels_of(path, colour):
    picture = np.asarray(Image.open(path).convert("RGB"))
    return (picture == list(bytes.fromhex(colour[1:]))).all(axis=-1)


@pytest.mark.parametrize("num_latents", [1, 10, 64])
def test_kl_bars_are_as_high_as_the_kl(tmp_path, num_latents):
    mean = np.random.RandomState(0).randn(200, num_latents) * np.linspace(2, 1, num_latents)
    summary = summarize_latents(mean, np.zeros_like(mean))
    path = tmp_path / "kl.png"
    draw_kl_chart(path, summary)
    picture = Image.open(path)
    assert picture.width / picture.info["dpi"][0] <= TEXT_WIDTH + 0.01
    bars = pixels_of(path, MAIN)
    heights = bars.sum(axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], heights > 0, [False]]).astype(int)))
    starts, ends = edges[::2], edges[1::2]
    assert len(starts) == num_latents
    middle = heights[(starts + ends) // 2]
    expected = summary.weight[summary.order]
    np.testing.assert_allclose(middle / middle[0], expected / expected[0], atol=0.02)


def test_dead_latents_have_no_full_bar(tmp_path):
    mean = np.random.RandomState(0).randn(200, 5) * [1, 1, 0, 0, 0]
    draw_kl_chart(tmp_path / "kl.png", summarize_latents(mean, np.zeros_like(mean)))
    filled = pixels_of(tmp_path / "kl.png", MAIN).any(axis=0)
    assert np.flatnonzero(filled).max() < 0.6 * len(filled)


@pytest.mark.parametrize("shape", [(1, 1), (10, 5), (64, 7)])
def test_heat_map_fits_a_page(tmp_path, shape):
    path = tmp_path / "map.png"
    draw_heat_map(
        path, np.random.RandomState(0).rand(*shape), [f"factor_{i}" for i in range(7)][: shape[1]]
    )
    picture = Image.open(path)
    assert picture.width / picture.info["dpi"][0] <= TEXT_WIDTH + 0.01


def test_heat_map_keeps_its_room_beside_long_names(tmp_path):
    matrix, path = np.random.RandomState(0).rand(10, 2), tmp_path / "map.png"
    draw_heat_map(path, matrix, ["x", "a name of " * 20])
    picture = Image.open(path)
    assert picture.width / picture.info["dpi"][0] <= TEXT_WIDTH + 0.01
    blue = pixels_of(path, "#ffffff")[picture.height // 2]
    assert (~blue).sum() > 0.4 * picture.width  # the cells of a row


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_curves_are_read_with_gaps_repeats_and_a_cut_line(tmp_path):
    path = tmp_path / "progress.jsonl"
    rows = [{"step": s, "kl": s / 10, "loss": 100 - s} for s in (10, 20, 30)]
    write_lines(path, [*rows, {"step": 30, "mig": 0.5}, {"step": 20, "kl": float("nan")}])
    with path.open("a") as handle:
        handle.write('{"step": 40, "lo')
    curves = read_curves(path)
    assert list(curves) == ["loss", "kl", "mig"]
    assert [part.tolist() for part in curves["loss"]] == [[10, 20, 30], [90, 80, 70]]
    assert [part.tolist() for part in curves["kl"]] == [[10, 30], [1, 3]]
    assert [part.tolist() for part in curves["mig"]] == [[30], [0.5]]


def test_a_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "progress.jsonl"
    with pytest.raises(UserError, match="could not be read"):
        read_curves(path)
    path.write_text("no json\n{}\n")
    with pytest.raises(UserError, match=r"Line 1 of .* is not a JSON object with a step: no json"):
        read_curves(path)


@pytest.mark.parametrize("num_curves", [1, 2, 3, 8])
def test_learning_curves_of_any_number(tmp_path, num_curves):
    steps = np.arange(0, 20_000, 100)
    curves = {f"term_{i}": (steps, np.exp(-steps / 1000) * 10**i) for i in range(num_curves)}
    curves["constant"] = steps, np.full(len(steps), 1e-3)
    curves["one_point"] = steps[:1], np.array([0.0])
    path = tmp_path / "curves.png"
    draw_learning_curves(path, curves)
    picture = Image.open(path)
    assert picture.width / picture.info["dpi"][0] <= TEXT_WIDTH + 0.01
    assert pixels_of(path, MAIN).sum() > 100 * num_curves
