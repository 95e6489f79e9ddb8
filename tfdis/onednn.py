"""Turns on oneDNN, TensorFlow's library of fast convolutions for CPUs, before its import.

TensorFlow itself uses it only on CPUs with AVX512-VNNI, which leaves out every AMD before Zen 4;
with AVX2 alone it is still faster than what TensorFlow has otherwise (`docs/performance.md`).
"""

import os
import sys
from collections.abc import MutableMapping
from pathlib import Path

_VARIABLE = "TF_ENABLE_ONEDNN_OPTS"
_CPU_INFO = Path("/proc/cpuinfo")


def turn_on(environment: MutableMapping[str, str] = os.environ, cpu_info: Path = _CPU_INFO) -> None:
    """Sets the environment variable that TensorFlow reads when it is imported.

    Nothing is done where the user has set it, where TensorFlow has been imported already, or where
    the CPU has no AVX2 or is not known.

    Args:
        environment: of this process.
        cpu_info: Linux' description of the CPUs.
    """
    if _VARIABLE not in environment and "tensorflow" not in sys.modules and has_avx2(cpu_info):
        environment[_VARIABLE] = "1"


def has_avx2(cpu_info: Path = _CPU_INFO) -> bool:
    """Whether the first CPU has AVX2 according to Linux; False on other systems."""
    try:
        with cpu_info.open() as lines:
            flags = next((line for line in lines if line.startswith("flags")), "")
    except OSError:
        return False
    return "avx2" in flags.split()


def is_on() -> bool:
    """Whether this process' TensorFlow computes with oneDNN."""
    from tensorflow.python.util import _pywrap_util_port

    return _pywrap_util_port.IsMklEnabled()
