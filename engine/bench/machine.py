"""The machine, described by what matters for throughput."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from engine.kernels.jit import default_threads


def machine() -> dict[str, object]:
    """Describe the machine: cores, architecture, vector width, system; never its name."""
    flags = _cpu_flags()
    return {
        "cores": default_threads(),
        "architecture": platform.machine(),
        "vector_bits": 512 if "avx512f" in flags else 256 if "avx2" in flags else 128,
        "system": os.name,
    }


def _cpu_flags() -> set[str]:
    """Return the processor's flags; none where the system does not list them."""
    path = Path("/proc/cpuinfo")
    if not path.is_file():
        return set()
    line = next((line for line in path.read_text().splitlines() if line.startswith("flags")), "")
    return {*line.split()}
