"""Logs a run to TensorBoard."""

import os
from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf

from tfdis.config import configurable
from tfdis.extras import require


@configurable("tensorboard_logger", denylist=["model_dir"])
class TensorBoardLogger:
    """Writes event files; `tensorboard --logdir` shows them.

    A picture is written as the original file, so that GIFs stay animated.

    Args:
        model_dir: the run's directory.
        log_dir: where to write; None: `tensorboard` in `model_dir`.

    Raises:
        UserError: tensorboard is not installed.
    """

    def __init__(self, model_dir: str | os.PathLike, log_dir: str | None = None):
        require("tensorboard", "tensorboard_logger")
        self._writer = tf.summary.create_file_writer(
            str(log_dir or Path(model_dir) / "tensorboard")
        )

    def config(self, bindings: Mapping[str, str]) -> None:
        """See `Logger.config`: a table under Text."""
        rows = "\n".join(f"| {name} | `{value}` |" for name, value in bindings.items())
        with self._writer.as_default():
            tf.summary.text("gin", f"| parameter | value |\n| --- | --- |\n{rows}", step=0)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """See `Logger.scalars`."""
        with self._writer.as_default():
            for name, value in values.items():
                tf.summary.scalar(name, value, step=step)

    def image(self, step: int, name: str, path: str | os.PathLike) -> None:
        """See `Logger.image`."""
        from PIL import Image
        from tensorboard.plugins.image import metadata

        with Image.open(path) as picture:
            width, height = picture.size
        content = [str(width), str(height), Path(path).read_bytes()]
        about = metadata.create_summary_metadata(
            display_name=name, description="", converted_to_tensor=True
        )
        with self._writer.as_default():
            tf.summary.write(name, tf.constant(content), step=step, metadata=about)

    def close(self) -> None:
        """See `Logger.close`."""
        self._writer.close()
