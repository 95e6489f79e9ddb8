import contextlib
import importlib.util
import json
import os
import resource
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import gin
import pytest


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the tests marked slow too")


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than a few seconds; needs --slow")


# Their files take longest: where several processes share the tests, a long file that begins last
# leaves the others without work.
_FIRST = ("training", "study", "visualize", "export", "attacks")


def pytest_collection_modifyitems(config, items):
    root = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(root).parts[0] not in _FIRST)
    if not config.getoption("--slow"):
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(pytest.mark.skip(reason="slow: run with --slow"))


@pytest.fixture(scope="session")
def dlib15_path() -> Path:
    """The folder that holds disentanglement_lib 1.5, the reference for what 1.2 lacks."""
    path = Path(os.environ.get("TFDIS_DLIB15", Path(__file__).parent.parent / ".dlib15"))
    assert path.is_dir(), "bin/tfdis-test installs disentanglement_lib 1.5 into .dlib15"
    return path


@pytest.fixture(scope="session")
def dlib12_path() -> Path:
    """The folder of the installed disentanglement_lib 1.2, which does not import as it is."""
    return Path(importlib.util.find_spec("disentanglement_lib").origin).parent


@pytest.fixture
def full_disk():
    """A context where no file of this process can grow beyond 8 kB, as if the disk were full."""

    @contextlib.contextmanager
    def limited(size=8192):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited


@pytest.fixture
def op_by_op():
    """Runs op by op what is compiled elsewhere: two steps of a deep network take less than its
    compilation."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(autouse=True)
def _empty_gin_config():
    gin.clear_config()
    yield
    gin.clear_config()


@pytest.fixture(scope="session")
def quantized_latents():
    """What the code of the papers on quantized latents computed; see tests/reference/README.md."""
    path = Path(__file__).parent / "reference" / "quantized_latents.json"
    return json.loads(path.read_text())
