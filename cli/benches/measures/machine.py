"""On what a benchmark ran, and what else ran beside it."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def described() -> dict[str, object]:
    """Return what the machine is."""
    info = Path("/proc/cpuinfo")
    models = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    name = next((line.partition(":")[2].strip() for line in models if line.startswith("model name")), "")
    return {"cpu": name or platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}


def load() -> list[float]:
    """Return how many processes wanted a core over the last 1, 5 and 15 minutes."""
    return [round(value, 1) for value in os.getloadavg()]
