"""Measure how long the command line takes to start: `results/startup.json`.

python -m evaluation.benchmarks.startup [--times 7] [--empty 3]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from evaluation.benchmarks.results import FOLDER, Keeper, say

TIMES, EMPTY = 7, 3

#: One patient, as in the README.
PATIENT = (
    "assess",
    "age=66",
    "cancer",
    "back_pain",
    "reflexes_increased",
    "laterality=both_legs",
    "onset=rapid",
)


def run(
    arguments: Sequence[str], *, environment: Mapping[str, str] | None = None
) -> tuple[float, int]:
    """Run `paresis` as a process of its own.

    Args:
        arguments: what follows `paresis`.
        environment: variables set on top of ours.

    Returns:
        seconds until it has ended, and bytes resident at most.

    Raises:
        RuntimeError: with its messages, when it does not end well.
    """
    command = [str(Path(sys.executable).with_name("paresis")), *arguments]
    start = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 - our own program
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, **(environment or {})},
    ) as process:
        assert process.stderr is not None  # noqa: S101 - it is a pipe
        messages = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    if process.returncode:
        raise RuntimeError(messages.decode(errors="replace"))
    return seconds, used.ru_maxrss * 1024  # Linux counts in kibibytes


def measure(*, times: int = TIMES, empty: int = EMPTY) -> dict[str, Any]:
    """Seconds of every start.

    Args:
        times: of the help and of an assessment, each after one that is not counted.
        empty: of an assessment that finds nothing compiled.
    """
    found: dict[str, Any] = {}
    for name, arguments in (("help", ("--help",)), ("warm", PATIENT)):
        say(f"paresis {arguments[0]}, {times} times")
        run(arguments)
        found[name] = [run(arguments)[0] for _ in range(times)]
    found["empty"] = []
    for number in range(empty):
        say(f"first use, {number + 1} of {empty}")
        with TemporaryDirectory() as folder:
            fresh = {"PARESIS_CACHE_DIR": folder, "NUMBA_CACHE_DIR": ""}
            found["empty"].append(run(PATIENT, environment=fresh)[0])
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and keep the results."""
    parser = argparse.ArgumentParser(prog="evaluation.benchmarks.startup", description=__doc__)
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument("--empty", type=int, default=EMPTY)
    parser.add_argument("--results", type=Path, default=FOLDER)
    given = parser.parse_args(arguments)
    keeper = Keeper("startup", given.results)
    found = measure(times=given.times, empty=given.empty)
    keeper.keep(found)


if __name__ == "__main__":
    main()
