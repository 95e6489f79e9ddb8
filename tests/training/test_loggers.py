import io
import json
import os
import struct
import subprocess
import sys

import gin
import numpy as np
import pytest
from PIL import Image

from tfdis import config
from tfdis.errors import UserError
from tfdis.training.logger_tensorboard import TensorBoardLogger
from tfdis.training.logger_wandb import WandbLogger


@pytest.fixture
def pictures(tmp_path):
    random = np.random.RandomState(0)
    png, gif = tmp_path / "some.png", tmp_path / "some.gif"
    Image.fromarray(random.randint(0, 256, (12, 20, 3), dtype=np.uint8)).save(png)
    frames = [Image.fromarray(np.full((8, 10), 60 * i, np.uint8)) for i in range(4)]
    frames[0].save(gif, save_all=True, append_images=frames[1:], duration=50)
    return png, gif


def test_tensorboard_reads_what_was_logged(tmp_path, pictures):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util import tensor_util

    png, gif = pictures
    logger = TensorBoardLogger(tmp_path / "model")
    logger.config({"beta_tc_vae.beta": "4.0"})
    for step in (100, 200):
        logger.scalars(step, {"loss": 1000.0 / step, "kl_loss": 0.5})
    logger.image(200, "pictures/some", png)
    logger.image(200, "pictures/moving", gif)
    logger.close()

    events = EventAccumulator(str(tmp_path / "model" / "tensorboard"))
    events.Reload()
    assert set(events.Tags()["tensors"]) == {
        "gin", "loss", "kl_loss", "pictures/some", "pictures/moving",
    }  # fmt: skip
    losses = [
        (e.step, float(tensor_util.make_ndarray(e.tensor_proto))) for e in events.Tensors("loss")
    ]
    assert losses == [(100, 10.0), (200, 5.0)]
    assert b"`4.0`" in events.Tensors("gin")[0].tensor_proto.string_val[0]
    width, height, content = events.Tensors("pictures/moving")[0].tensor_proto.string_val
    assert (width, height) == (b"10", b"8")
    assert Image.open(io.BytesIO(content)).n_frames == 4
    metadata = events.SummaryMetadata("pictures/some")
    assert metadata.plugin_data.plugin_name == "images"


def test_tensorboard_missing_is_said_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(UserError, match=r"pip install 'tfdis\[tensorboard\]'"):
        TensorBoardLogger(tmp_path)


def test_gin_chooses_loggers(tmp_path):
    @gin.configurable("chosen_loggers")
    def chosen(loggers=()):
        return [each(tmp_path) for each in loggers]

    with config.parsed(
        gin_bindings=[
            "chosen_loggers.loggers = [@tensorboard_logger, @tensorboard_logger]",
            f"tensorboard_logger.log_dir = '{tmp_path / 'elsewhere'}'",
        ]
    ):
        loggers = chosen()
    assert [type(each).__name__ for each in loggers] == ["TensorBoardLogger"] * 2
    for each in loggers:
        each.close()
    assert len(list((tmp_path / "elsewhere").iterdir())) >= 1


_RUN = """
import sys
from tfdis.training.logger_wandb import WandbLogger
model_dir, mode, group, first, *pictures = sys.argv[1:]
logger = WandbLogger(model_dir, project="p", name="n", group=group, mode=mode)
logger.config({"beta_tc_vae.beta": "4.0"})
for step in range(int(first), int(first) + 3):
    logger.scalars(step, {"loss": 2.0 * step})
for name in pictures:
    logger.image(step, name.split("/")[-1].replace(".", "_"), name)
logger.close()
"""


def _log_elsewhere(tmp_path, mode, first=1, pictures=(), **environment):
    """Logs in a process of its own, whose home and caches lie in tmp_path."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("WANDB")}
    folders = {
        name: str(tmp_path / "home")
        for name in ("HOME", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR", "TMPDIR")
    }
    (tmp_path / "home").mkdir(exist_ok=True)
    return subprocess.run(
        [
            sys.executable, "-c", _RUN, str(tmp_path / "model"), mode, "study-1", str(first),
            *map(str, pictures),
        ],
        env={**clean, **folders, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
    )  # fmt: skip


def _records(path):
    """Reads a .wandb file: LevelDB's log format under a header of seven bytes."""
    from wandb.proto import wandb_internal_pb2

    data = path.read_bytes()
    assert data[:4] == b":W&B"
    offset, block, parts, records = 7, 32768, [], []
    while offset + 7 <= len(data):
        if block - offset % block < 7:
            offset += block - offset % block
            continue
        _, length, kind = struct.unpack("<IHB", data[offset : offset + 7])
        parts.append(data[offset + 7 : offset + 7 + length])
        offset += 7 + length
        if kind in (1, 4):  # whole, or the last part
            record = wandb_internal_pb2.Record()
            record.ParseFromString(b"".join(parts))
            records.append(record)
            parts = []
    return records


def _history(records):
    rows = []
    for record in records:
        if record.WhichOneof("record_type") == "history":
            items = {
                item.key or "/".join(item.nested_key): json.loads(item.value_json)
                for item in record.history.item
            }
            rows.append(items)
    return rows


@pytest.mark.slow
def test_wandb_offline_is_read_back(tmp_path, pictures):
    done = _log_elsewhere(tmp_path, "offline", pictures=pictures)
    assert done.returncode == 0, done.stderr
    (file,) = (tmp_path / "model").rglob("*.wandb")
    records = _records(file)
    (run,) = [r.run for r in records if r.WhichOneof("record_type") == "run"]
    assert (run.project, run.display_name, run.run_group) == ("p", "n", "study-1")
    assert run.run_id == (tmp_path / "model" / "wandb_run_id.txt").read_text().strip()
    rows = _history(records)
    assert [(row["_step"], row["loss"]) for row in rows] == [(1, 2.0), (2, 4.0), (3, 6.0)]
    assert rows[-1]["some_png/width"] == 20
    assert rows[-1]["some_gif/_type"] == "video-file"
    kept = next(file.parent.rglob("some_png*.png"))
    assert np.array_equal(np.asarray(Image.open(kept)), np.asarray(Image.open(pictures[0])))
    configured = {
        update.key or update.nested_key[0]: update.value_json
        for record in records
        if record.WhichOneof("record_type") == "config"
        for update in record.config.update
    }
    assert json.loads(configured["beta_tc_vae.beta"]) == "4.0"


@pytest.mark.slow
def test_wandb_without_login_or_network_goes_offline_and_on_under_its_id(tmp_path):
    first = _log_elsewhere(tmp_path, "auto")
    # Port 9 of the own machine: refused at once, as a network that is gone.
    server = {"WANDB_API_KEY": "0" * 40, "WANDB_BASE_URL": "http://127.0.0.1:9"}
    second = _log_elsewhere(tmp_path, "auto", first=4, **server)
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert "no login" in first.stdout
    assert "does not answer" in second.stdout
    runs = sorted((tmp_path / "model").rglob("*.wandb"))
    assert len(runs) == 2
    ids = {r.run.run_id for f in runs for r in _records(f) if r.WhichOneof("record_type") == "run"}
    assert len(ids) == 1
    steps = sorted(row["_step"] for file in runs for row in _history(_records(file)))
    assert steps == [1, 2, 3, 4, 5, 6]
    refused = _log_elsewhere(tmp_path, "online", **server)
    assert "wandb_logger.mode is 'online', but" in refused.stderr


def test_wandb_refuses_a_mode_that_does_not_exist(tmp_path):
    with pytest.raises(UserError, match="is 'dryrun': expected 'auto', 'online'"):
        WandbLogger(tmp_path, mode="dryrun")
