"""The parameters of a metric, kept apart from the caller's gin config."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gin
from gin import config as gin_config

from tfdis import config
from tfdis.errors import UserError
from tfdis.metrics.metric import all_metrics, find_metric

# Nothing of the rest of tfdis need be imported, and so TensorFlow neither, to score a table.
_MAYBE_UNKNOWN = ("dataset",)


@contextlib.contextmanager
def gin_apart() -> Iterator[None]:
    """An empty gin config within a `with` block; the caller's is restored afterwards.

    gin has one config per process, and a training that is scored while it runs still needs its own.
    gin cannot set a config aside, hence the use of its private names.
    """
    kept = [gin_config._CONFIG, gin_config._OPERATIVE_CONFIG, gin_config._SINGLETONS]
    copies = [dict(each) for each in kept]
    imports, locked = set(gin_config._IMPORTS), gin.config_is_locked()
    gin.clear_config()
    try:
        with gin.config_scope(None):
            yield
    finally:
        gin.clear_config()
        for each, copy in zip(kept, copies):
            each.update(copy)
        gin_config._IMPORTS.update(imports)
        gin_config._set_config_is_locked(locked)


def note_call(selector: str, **parameters: Any) -> None:
    """Records an earlier call, whose result is reused, in gin's operative config."""
    gin_config._OPERATIVE_CONFIG.setdefault(("", selector), {}).update(parameters)


@contextlib.contextmanager
def settings_of(
    name: str, gin_files: Sequence[str] = (), gin_bindings: Sequence[str] = ()
) -> Iterator[None]:
    """The gin config of one metric for the time of a `with` block.

    Args:
        name: of a ready file of gin_configs/metrics, or of a metric that has none.
        gin_files: read after it.
        gin_bindings: read after the files.

    Raises:
        UserError: there is no metric of this name, or gin cannot read a file or binding.
    """
    all_metrics()
    ready = [f"metrics/{name}.gin"]
    is_path = name != Path(name).name  # which could name any file, and any directory to write
    if is_path or not any((each / ready[0]).is_file() for each in config.config_dirs()):
        find_metric(name)
        ready = []
        gin.parse_config(
            [
                f"evaluation.evaluation_fn = @{name}",
                "evaluation.random_seed = 0",
                'dataset.name = "auto"',
            ],
            skip_unknown=_MAYBE_UNKNOWN,
        )
    config.read([*ready, *gin_files], gin_bindings, _MAYBE_UNKNOWN)
    try:
        yield
    finally:
        gin.clear_config()


def refuse_unknown(names: Sequence[str]) -> None:
    """Raises a UserError where there is no metric of one of these names, before any is run."""
    for name in names:
        with gin_apart(), settings_of(name):
            pass


def names_in(metrics: Sequence[str]) -> list[str]:
    """The names, each once, or the one of a bare string; raises a UserError without any."""
    names = [metrics] if isinstance(metrics, str) else list(dict.fromkeys(metrics))
    if not names:
        raise UserError("Name a metric at least, such as 'mig'.")
    return names
