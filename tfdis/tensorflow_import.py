"""How a command imports TensorFlow and Keras: quietly, and without what it does not need.

TensorFlow writes most of its messages by its own logging, which `TF_CPP_MIN_LOG_LEVEL` governs. The
first ones come before it has read that variable, and where no GPU driver is installed it calls that
an error; these are taken out of the standard error while TensorFlow is being imported.
"""

import contextlib
import gc
import importlib
import importlib.machinery
import os
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
_ERRORS = "2"  # what is less than an error is not shown

# Information and warnings of absl's logging, and a search for a driver that is not installed.
_NOISE = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog|[IW]\d{4} |E\d{4} .* failed call to "
    rb"cuInit: .*\(303\)$"
)
_NVIDIA = Path("/proc/driver/nvidia")

# For data frames, wrappers, galleries, sparse and rotated arrays; a third of the time of it all.
_OPTIONAL = ("pandas", "sklearn", "matplotlib", "scipy")
_WANT_THEM = ("keras", "keras._tf_keras.keras", "tensorflow", "tf_keras")


def prepare() -> None:
    """Lets the imports of TensorFlow and Keras, if they are still to come, be quiet and quick.

    The optional packages seem to be missing while they last, and are imported as ever afterwards.
    Errors alone are shown, or everything where TF_CPP_MIN_LOG_LEVEL is 0. For commands: in a
    process of the user's own, what Keras can do and what TensorFlow says is the user's choice.
    """
    if "keras" not in sys.modules and "tensorflow" not in sys.modules:
        os.environ.setdefault(_LEVEL, _ERRORS)
        sys.meta_path.insert(0, _Finder())


class _Finder:
    """Refuses the optional packages for a while, and finds TensorFlow's module with a loader."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Raises for an optional package; None for all but TensorFlow."""
        if name in _OPTIONAL and any(map(_is_being_imported, _WANT_THEM)):
            raise ModuleNotFoundError(f"{name} is left out of TensorFlow's import", name=name)
        if name != "tensorflow":
            return None
        with contextlib.suppress(ImportError):
            # Before TensorFlow it takes no time, and only what is used of it is imported later.
            importlib.import_module("tensorflow_probability")
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and type(spec.loader) is importlib.machinery.SourceFileLoader:
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        """Imports TensorFlow, which imports Keras."""
        quiet = os.environ.get(_LEVEL) != "0"
        with without_noise() if quiet else contextlib.nullcontext(), _no_garbage_collection():
            super().exec_module(module)
            if quiet and not _NVIDIA.exists():
                module.config.list_physical_devices("GPU")  # it complains once, of no driver


def _is_being_imported(name: str) -> bool:
    spec = getattr(sys.modules.get(name), "__spec__", None)
    return getattr(spec, "_initializing", False)


@contextlib.contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Thousands of modules are made and none is freed: nothing is looked for, then or later."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


@contextlib.contextmanager
def without_noise() -> Iterator[None]:
    """Takes noise out of the standard error, of this process and its libraries, for a while.

    Another process passes on what is no noise, line by line, so that the last words of a process
    that dies are heard. Where the system cannot fork, or there is no standard error, all is shown.
    """
    try:
        kept = os.dup(2)
    except OSError:
        kept = None
    if kept is None or not hasattr(os, "fork"):
        yield
        return
    reading, writing = os.pipe()
    sys.stderr.flush()
    signals = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    child = os.fork()
    if child == 0:
        _pass_on(reading, writing, kept)
    os.dup2(writing, 2)
    os.close(reading)
    os.close(writing)
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, signals)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)  # closes the last end to write to, which ends the other process
        os.close(kept)
        os.waitpid(child, 0)


def _pass_on(reading: int, writing: int, out: int) -> None:
    """The other process: signals stay blocked, and nothing of this one is cleaned up."""
    try:
        os.close(writing)
        os.dup2(out, 2)
        with open(reading, "rb") as lines, open(out, "wb", buffering=0) as passed:
            for line in lines:
                if not _NOISE.match(line):
                    passed.write(line)
    finally:
        os._exit(0)
