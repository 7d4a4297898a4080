"""Measure `paresis score` from file to file against inference alone: `results/files.json`.

python -m evaluation.benchmarks.files [--rows 10000 100000] [--pgmpy 3] ...
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from evaluation.benchmarks.apart import timed
from evaluation.benchmarks.peers import PEERS
from evaluation.benchmarks.peers import measure as side_by_side
from evaluation.benchmarks.results import FOLDER, Keeper, say
from evaluation.benchmarks.startup import run
from evaluation.benchmarks.work import PUBLISHED, Work, entered, findings_range, write_csv
from model.batch import DONE, assess_rows
from model.knowledge import load
from model.reasoner import open_reasoner

#: Rows of the files, and of each kind the most; a million takes an hour.
ROWS = (10_000, 100_000)
MOST_PUBLISHED = 10_000

#: Rows of which inference alone is measured, at most; it keeps every answer in memory.
MOST_ALONE = 100_000

#: Rows for pgmpy, and the limits for each.
PGMPY, SECONDS, GIBIBYTES = 3, 600.0, 16.0

#: Sets of rows: up to eight findings with half of the contexts known, and like published cases.
FILES = (Work("half", (2, 4, 6, 8)), Work(PUBLISHED))


def measure(
    *,
    rows: Sequence[int] = ROWS,
    pgmpy: int = PGMPY,
    seconds: float = SECONDS,
    gibibytes: float = GIBIBYTES,
) -> dict[str, Any]:
    """Seconds and peak memory from file to file, seconds of inference alone, and of pgmpy.

    Args:
        rows: sizes of the files, in turn.
        pgmpy: rows that pgmpy answers one by one, in each of its set-ups; 0 for none.
        seconds: limit for one of these.
        gibibytes: limit for one of these.
    """
    reasoner = open_reasoner(load())
    workers = os.cpu_count()
    found = []
    for work in FILES:
        sizes = [size for size in rows if work.kind != PUBLISHED or size <= MOST_PUBLISHED]
        codes = entered(reasoner, work, max(sizes))
        engine = reasoner.closure.settle(codes[:MOST_ALONE]).engine
        points = []
        for size in sizes:
            say(f"{work.kind} {work.positives}, {size} rows")
            once = np.unique(engine[:size], axis=0)
            assess_rows(reasoner, once[:100], workers=workers)
            answer, alone = timed(lambda once=once: assess_rows(reasoner, once, workers=workers))  # type: ignore[misc]
            with TemporaryDirectory() as folder:
                source = Path(folder) / "rows.csv"
                write_csv(reasoner, codes[:size], source)
                whole, peak = run(("score", str(source), "-o", str(Path(folder) / "scored.csv")))
            points.append(
                {
                    "rows": size,
                    "different": len(once),
                    "not_answered": int((answer.state != DONE).sum()),
                    "alone": alone,
                    "whole": whole,
                    "peak": peak,
                }
            )
        found.append(
            {
                "kind": work.kind,
                "positives": list(work.positives),
                "findings": findings_range(reasoner, codes),
                "points": points,
            }
        )
        if pgmpy:
            own = [name for name, peer in PEERS.items() if peer.library == "pgmpy"]
            answered = side_by_side(
                [work],
                cases=pgmpy,
                seconds=seconds,
                gibibytes=gibibytes,
                peers=own,
                defaults=False,
            )
            found[-1]["pgmpy"] = answered["sets"][0]["cases"]
    return {"workers": workers, "sets": found}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and keep the results."""
    parser = argparse.ArgumentParser(prog="evaluation.benchmarks.files", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=list(ROWS))
    parser.add_argument("--pgmpy", type=int, default=PGMPY)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--gibibytes", type=float, default=GIBIBYTES)
    parser.add_argument("--results", type=Path, default=FOLDER)
    given = parser.parse_args(arguments)
    keeper = Keeper("files", given.results)
    found = measure(
        rows=sorted(given.rows),
        pgmpy=given.pgmpy,
        seconds=given.seconds,
        gibibytes=given.gibibytes,
    )
    keeper.keep(found)


if __name__ == "__main__":
    main()
