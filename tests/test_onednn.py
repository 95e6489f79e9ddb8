import subprocess
import sys

import pytest

from tfdis import onednn


@pytest.fixture
def cpu_info(tmp_path):
    def written(flags):
        path = tmp_path / "cpuinfo"
        path.write_text(f"processor\t: 0\nmodel\t\t: 1\nflags\t\t: {flags}\n\nprocessor\t: 1\n")
        return path

    return written


@pytest.fixture
def without_tensorflow(monkeypatch):
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)


def test_is_turned_on_where_the_cpu_has_avx2(cpu_info, without_tensorflow):
    environment = {}
    onednn.turn_on(environment, cpu_info("fpu avx avx2 fma"))
    assert environment == {"TF_ENABLE_ONEDNN_OPTS": "1"}


def test_is_left_alone_on_other_cpus(cpu_info, without_tensorflow, tmp_path):
    environment = {}
    onednn.turn_on(environment, cpu_info("fpu avx"))
    onednn.turn_on(environment, tmp_path / "missing")
    assert environment == {}


def test_the_user_decides(cpu_info, without_tensorflow):
    environment = {"TF_ENABLE_ONEDNN_OPTS": "0"}
    onednn.turn_on(environment, cpu_info("avx2"))
    assert environment == {"TF_ENABLE_ONEDNN_OPTS": "0"}


def test_comes_too_late_where_tensorflow_is_imported(cpu_info, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", object())
    environment = {}
    onednn.turn_on(environment, cpu_info("avx2"))
    assert environment == {}


@pytest.mark.skipif(not onednn.has_avx2(), reason="needs a CPU with AVX2")
@pytest.mark.slow
def test_importing_tfdis_first_is_enough_and_imports_no_tensorflow(monkeypatch):
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    code = (
        "import sys, tfdis; from tfdis import onednn\n"
        "assert 'tensorflow' not in sys.modules\n"
        "assert onednn.is_on()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
