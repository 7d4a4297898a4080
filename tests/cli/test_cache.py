"""What a first use makes and keeps: by several processes at once, and where nothing can be kept."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.cli.conftest import ROOT, SCRIPT

PATIENT = ("assess", "--json", "age=71", "onset=sudden", "foot_drop", "reflexes_increased=absent")


def started(cache):
    """One patient in a process of its own, with everything that is kept in `cache`."""
    environment = {**os.environ, "PARESIS_CACHE_DIR": str(cache)}
    environment.pop("NUMBA_CACHE_DIR", None)
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *PATIENT],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def files(cache):
    """What is kept, with when it was written."""
    return {path: path.stat().st_mtime_ns for path in cache.rglob("*") if path.is_file()}


def test_processes_that_start_together_on_a_fresh_machine_agree(tmp_path):
    """Two that find nothing kept say the same; a third finds everything and writes nothing."""
    cache = tmp_path / "cache"
    both = [started(cache), started(cache)]
    said = [process.communicate(timeout=600) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert said[0][0] == said[1][0]
    kept = files(cache)
    assert any(path.suffix == ".nbc" for path in kept)
    assert any(path.suffix == ".npz" for path in kept)
    third = started(cache)
    out, _ = third.communicate(timeout=600)
    assert (third.returncode, out) == (0, said[0][0])
    assert files(cache) == kept
