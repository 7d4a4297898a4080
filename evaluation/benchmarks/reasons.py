"""Measure what explanations cost beside one posterior of the same patient: `results/reasons.json`.

    python -m evaluation.benchmarks.reasons [--patients 5]

The next question, and all that `paresis explain` computes unless told otherwise (ledger, sets of
conditions, next question), as multiples of one posterior; leans and changes likewise.
Patients have 8 positive findings and half of their contexts known (`README.md` beside this file).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from evaluation.benchmarks.results import FOLDER, Keeper, say
from evaluation.benchmarks.work import Work, entered
from model.evidence import Evidence
from model.knowledge import load
from model.reasoner import Reasoner, open_reasoner
from model.reasons.changes import what_would_change
from model.reasons.coverage import coverages
from model.reasons.leans import leans_on
from model.reasons.ledger import GIVEN_THE_OTHERS, accounts
from model.reasons.questions import next_questions
from model.reasons.rivals import rivals
from model.reasons.together import together

PATIENTS = 5

#: Posteriors of which the median counts.
TIMES = 15

#: Leading conditions that an explanation speaks of.
LEADERS = 3

#: Findings of each patient that are positive or graded.
POSITIVES = 8


def seconds(work: Callable[[], object]) -> float:
    """Seconds that something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def usual(reasoner: Reasoner, evidence: Evidence) -> None:
    """Compute what an explanation shows unless told otherwise."""
    names = [one.id for one in reasoner.assess(evidence).ranking[:LEADERS]]
    accounts(reasoner, evidence, names, reading=GIVEN_THE_OTHERS)
    coverages(reasoner, evidence, [[name] for name in names])
    together(reasoner, evidence)
    rivals(reasoner, evidence, first=LEADERS)
    next_questions(reasoner, evidence)


def measure(*, patients: int = PATIENTS) -> dict[str, Any]:
    """Seconds of a posterior and of explanations by patient, and their multiples.

    Args:
        patients: how many, after one that is not counted.
    """
    reasoner = open_reasoner(load())
    works: dict[str, Callable[[Reasoner, Evidence], object]] = {
        "next_questions": next_questions,
        "explanation": usual,
        "leans": leans_on,
        "changes": what_would_change,
    }
    found: dict[str, list[float]] = {"posterior": [], **{name: [] for name in works}}
    for number, codes in enumerate(entered(reasoner, Work("half", (POSITIVES,)), patients + 1)):
        say(f"patient {number} of {patients}")
        case = reasoner.case(reasoner.closure.settle(codes[None]).engine[0])
        times = [median(seconds(partial(reasoner.posterior, case)) for _ in range(TIMES))]
        times += [seconds(partial(work, reasoner, Evidence(codes))) for work in works.values()]
        if number:  # the first patient waits for what is loaded and solved once
            for name, one in zip(found, times, strict=True):
                found[name].append(one)
    multiples = {
        name: median(one / unit for one, unit in zip(found[name], found["posterior"], strict=True))
        for name in works
    }
    return {
        "positives": POSITIVES,
        "patients": patients,
        "seconds": found,
        "multiples": multiples,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, tell, and keep the results."""
    parser = argparse.ArgumentParser(prog="evaluation.benchmarks.reasons", description=__doc__)
    parser.add_argument("--patients", type=int, default=PATIENTS)
    parser.add_argument("--results", type=Path, default=FOLDER)
    given = parser.parse_args(arguments)
    keeper = Keeper("reasons", given.results)
    found = measure(patients=given.patients)
    keeper.keep(found)
    for name, multiple in found["multiples"].items():
        say(f"{name}: {multiple:.0f} times one posterior, {median(found['seconds'][name]):.2f} s")


if __name__ == "__main__":
    main()
