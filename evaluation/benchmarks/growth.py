"""Measure how time and steps grow, and how far the time is from what a core can do.

    python -m evaluation.benchmarks.growth [--cases 15]

Written to `results/growth.json`: every case of every series, with its steps, seconds and bound.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.benchmarks.apart import repeated
from evaluation.benchmarks.hardware import LENGTH, bound, rates
from evaluation.benchmarks.results import FOLDER, Keeper, say
from evaluation.benchmarks.work import POSITIVES, SHARES, Codes, Work, entered, settled
from model.engine import Engine, blank_case
from model.errors import TooWideError
from model.kernel import Case, Net, complete
from model.knowledge import load
from model.parameters import Ints
from model.reasoner import Reasoner, open_reasoner
from model.vocabulary import UNKNOWN

CASES = 15

#: Series other than the number of findings are measured with this many, half the contexts known.
FINDINGS = 8

#: Sizes of the smaller networks, and numbers of unknown contexts.
CONDITIONS = (10, 20, 30, 40)
UNKNOWN_CONTEXTS = (0, 11, 22, 33, 44)


def smaller(net: Net, conditions: Ints) -> Net:
    """The network of some conditions only; base rates stay as they are."""
    causes = np.concatenate([conditions, np.arange(net.rate.size, len(net.strength))])
    return net._replace(
        strength=np.ascontiguousarray(net.strength[causes]),
        row=np.ascontiguousarray(net.row[causes]),
        multiplier=np.ascontiguousarray(net.multiplier[:, :, conditions]),
        excess=np.ascontiguousarray(net.excess[:, conditions]),
        cause=np.ascontiguousarray(net.cause[np.ix_(conditions, conditions)]),
        rate=np.ascontiguousarray(net.rate[conditions]),
    )


def smaller_engine(engine: Engine, conditions: Ints) -> Engine:
    """An engine for some conditions, with the stored orders without the others."""
    count = engine.net.rate.size
    place = {int(i): at for at, i in enumerate(conditions)}
    orders = []
    for row in engine.orders:
        full = complete(engine.net, row)
        kept = [int(v) for v in full if v >= count or int(v) in place]
        orders.append([place[v] if v < count else v - count + len(place) for v in kept])
    groups = engine.groups[:, conditions]
    return Engine(smaller(engine.net, conditions), np.array(orders), groups[groups.any(axis=1)])


def case_of(reasoner: Reasoner, net: Net, row: Codes) -> Case:
    """A settled row as a case of a network with other conditions."""
    v = reasoner.vocabulary
    return blank_case(net)._replace(
        finding=row[v.columns("finding")],
        context=row[v.columns("context")],
        band=int(row[v.index["age"].column]),
        sex=int(row[v.index["sex"].column]),
    )


def runs(engine: Engine, cases: Iterable[Case], peak: dict[int, float]) -> dict[str, list[float]]:
    """Steps, seconds, width and bound of every case; a refused one has steps only."""
    found: dict[str, list[float]] = {"steps": [], "seconds": [], "width": [], "bound": []}
    for case in cases:
        try:
            answer = engine.posterior(case)
        except TooWideError as error:
            values = (error.steps, np.nan, np.nan, np.nan)
        else:
            seconds = repeated(lambda case=case: engine.posterior(case))  # type: ignore[misc]
            least = bound(answer.steps, answer.width, answer.bytes_needed, peak)
            values = (answer.steps, seconds, float(answer.width), least)
        for name, value in zip(found, values, strict=True):
            found[name].append(value)
    return found


def hidden(reasoner: Reasoner, rows: Codes, count: int, *, lanes: bool = False) -> Codes:
    """Entered rows with `count` contexts unknown, the same first ones for every count; settled.

    Args:
        reasoner: for what implies what.
        rows: (R, I) with every context known.
        count: contexts to hide.
        lanes: age and sex as well.
    """
    v = reasoner.vocabulary
    rows = rows.copy()
    contexts = np.arange(v.columns("context").start, v.columns("context").stop)
    for row, rng in zip(rows, np.random.default_rng(1).spawn(len(rows)), strict=True):
        row[rng.permutation(contexts)[:count]] = UNKNOWN
    if lanes:
        rows[:, [v.index["age"].column, v.index["sex"].column]] = UNKNOWN
    return reasoner.closure.settle(rows).engine


def measure(
    *,
    cases: int = CASES,
    positives: Sequence[int] = POSITIVES,
    length: float = LENGTH,
) -> dict[str, Any]:
    """Every series.

    Args:
        cases: of each point.
        positives: numbers of findings of the first series.
        length: multiply-adds of one measurement of the core.
    """
    reasoner = open_reasoner(load())
    engine = reasoner.engine
    say("the core alone")
    peak = rates(length=length)
    found: dict[str, Any] = {
        "core": [{"width": width, "rate": rate} for width, rate in peak.items()],
        "findings": FINDINGS,
        "positives": [],
        "conditions": [],
        "contexts": [],
    }
    for kind in SHARES:
        for number in positives:
            say(f"{number} findings, contexts known: {kind}")
            rows = settled(reasoner, Work(kind, (number,)), cases)
            point = runs(engine, map(reasoner.case, rows), peak)
            found["positives"].append({"kind": kind, "positives": number, **point})
    likeliest = np.argsort(-reasoner.parameters.pretest, kind="stable")
    for number in (*CONDITIONS, likeliest.size):
        say(f"{number} conditions")
        part = smaller_engine(engine, np.sort(likeliest[:number]))
        rows = settled(reasoner, Work("half", (FINDINGS,)), cases, net=part.net)
        point = runs(part, (case_of(reasoner, part.net, row) for row in rows), peak)
        found["conditions"].append({"conditions": number, **point})
    known = entered(reasoner, Work("all", (FINDINGS,)), cases)
    for number, lanes in [
        *((one, False) for one in UNKNOWN_CONTEXTS),
        (UNKNOWN_CONTEXTS[-1], True),
    ]:
        say(f"{number} contexts unknown{', and age and sex' if lanes else ''}")
        rows = hidden(reasoner, known, number, lanes=lanes)
        point = runs(engine, map(reasoner.case, rows), peak)
        found["contexts"].append({"unknown": number, "lanes_unknown": lanes, **point})
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and keep the results."""
    parser = argparse.ArgumentParser(prog="evaluation.benchmarks.growth", description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--positives", type=int, nargs="+", default=list(POSITIVES))
    parser.add_argument("--results", type=Path, default=FOLDER)
    given = parser.parse_args(arguments)
    keeper = Keeper("growth", given.results)
    found = measure(cases=given.cases, positives=sorted(given.positives))
    keeper.keep(found)


if __name__ == "__main__":
    main()
