"""Results of measurements: small JSON files, each with where and how it was made."""

from __future__ import annotations

import json
import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from model.knowledge import load
from model.version import ENGINE_VERSION

FOLDER = Path(__file__).with_name("results")

#: Libraries whose versions matter.
LIBRARIES = ("numpy", "numba", "pandas", "pyarrow", "pgmpy", "opt_einsum", "pyagrum")

#: Significant digits kept of what was measured.
DIGITS = 4


def _line(path: str, name: str) -> str:
    """What a Linux information file says behind a name; nothing elsewhere."""
    try:
        text = Path(path).read_text("utf-8")
    except OSError:
        return ""
    found = [line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith(name)]
    return found[0] if found else ""


def circumstances(module: str) -> dict[str, Any]:
    """Machine, versions, date and command of a measurement."""
    memory = _line("/proc/meminfo", "MemTotal").removesuffix(" kB")
    return {
        "command": " ".join(["python -m", module, *sys.argv[1:]]),
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "cpu": _line("/proc/cpuinfo", "model name") or platform.processor(),
        "memory_gib": round(int(memory) / 2**20, 1) if memory else None,
        "system": f"{platform.system()} {platform.machine()}",
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in LIBRARIES},
        "engine": ENGINE_VERSION,
        "knowledge": load().digest[:12],
    }


def rounded(value: Any) -> Any:
    """Numbers with few digits, and nothing that JSON has no word for."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(one) for one in value]
    if isinstance(value, float | np.floating):
        return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


class Keeper:
    """Writes what one module measures; machine and knowledge are those when it is made."""

    def __init__(self, name: str, folder: Path = FOLDER) -> None:
        self.path = folder / f"{name}.json"
        self.circumstances = circumstances(f"evaluation.benchmarks.{name}")

    def keep(self, found: dict[str, Any]) -> None:
        """Write what was found, or found so far."""
        self.path.parent.mkdir(exist_ok=True)
        written = {"circumstances": self.circumstances, **rounded(found)}
        self.path.write_text(json.dumps(written, indent=1) + "\n", "utf-8")


def read(name: str, folder: Path = FOLDER) -> dict[str, Any] | None:
    """What one module measured last, or None."""
    path = folder / f"{name}.json"
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def say(text: str) -> None:
    """Tell how far a measurement is."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
