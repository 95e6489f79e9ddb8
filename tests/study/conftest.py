import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _fake_stages_in_workers(monkeypatch):
    before = os.environ.get("PYTHONPATH", "")
    folders = [str(Path(__file__).parent), str(Path(__file__).parents[2]), before]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, folders)))
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
