"""Print what `docs/reference_network.md` states: sizes, times, and differences from every oracle.

    .venv/bin/python -m tests.oracle.measure [--removals]

Takes a minute or two; the leave-one-out table only with --removals.
"""
# ruff: noqa: T201 - a script that prints

from __future__ import annotations

import math
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from hypothesis import given, settings

from evaluation.benchmarks.networks import Pgmpy, PyAgrum, known_weight, question
from model.export import FORMATS, export, read_back
from model.reference import ANY, as_pgmpy, generic_names, network_nodes
from tests.oracle import test_real_network as real
from tests.oracle.removal import removals
from tests.oracle.shipped import Shipped, shipped
from tests.oracle.small import brute_force
from tests.oracle.test_small_networks import engine_of, problems


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """A result and the seconds it took."""
    start = time.perf_counter()
    return work(), time.perf_counter() - start


def sizes(ours: Shipped) -> None:
    """Nodes, edges, tables, and the time to build and check them."""
    order = ours.parameters.order
    nodes, plain = timed(lambda: network_nodes(ours.net, ours.names, order=order))
    as_pgmpy(nodes[:1])  # so that importing pgmpy is not counted
    _, built = timed(lambda: as_pgmpy(nodes))
    edges = sum(len(node.parents) for node in nodes)
    largest = max(nodes, key=lambda node: node.table.size)
    numbers = sum(node.table.size for node in nodes)
    print(f"{len(nodes)} nodes, {edges} edges, {numbers} numbers in tables")
    print(f"largest table {largest.table.size} ({largest.name}, {len(largest.parents)} parents)")
    print(f"built as plain nodes in {plain:.2f} s, as a checked pgmpy network in {built:.2f} s")
    with TemporaryDirectory() as folder:
        for name in FORMATS:
            path = Path(folder) / f"network.{name}"
            _, written = timed(lambda n=name, p=path: export(ours.knowledge, ours.parameters, p, n))
            back, read = timed(lambda n=name, p=path: read_back(p, n))
            worst = max(float(np.abs(back[n.name].table - n.table).max()) for n in nodes)
            print(
                f"{name}: {path.stat().st_size / 1e6:.2f} MB, written in {written:.1f} s, "
                f"read by pgmpy in {read:.1f} s, largest difference {worst:.2g}"
            )


def small_networks(count: int = 200) -> None:
    """Differences on random small networks."""
    worst = {"brute force": 0.0, "pgmpy": 0.0, "pyAgrum": 0.0}

    @settings(max_examples=count, derandomize=True, deadline=None, database=None)
    @given(problems())
    def run(problem: Any) -> None:
        net, case = problem
        answer = engine_of(net).posterior(case, contexts=True)
        truth = brute_force(net, case)
        gap = max(
            np.abs(answer.condition - truth["condition"]).max(),
            np.abs(answer.context - truth["context"]).max(),
            abs(answer.unexplained - truth["unexplained"]),
        )
        worst["brute force"] = max(worst["brute force"], float(gap))
        names = generic_names(net)
        asked = question(net, names, case, order=range(net.rate.size))
        expected = answer.log_probability + math.log(known_weight(net, case))
        for title, theirs in (("pgmpy", Pgmpy(asked)), ("pyAgrum", PyAgrum(asked))):
            gaps = [abs(theirs.log_probability() - expected)]
            gaps.append(abs(theirs.posterior(ANY)[0] - answer.unexplained))
            for i, name in enumerate(names.condition):
                gaps.append(abs(theirs.posterior(name)[1] - answer.condition[i]))
            worst[title] = max(worst[title], *map(float, gaps))

    run()
    for title, gap in worst.items():
        print(f"small networks, {count} examples, {title}: {gap:.2g}")


def shipped_network() -> None:
    """Differences and times on the shipped network."""
    for title, patient in real.PATIENTS.items():
        parts = []
        for tool, ours in (
            ("pgmpy", shipped()),
            ("pyAgrum", shipped("neurology_clinic", "documents")),
        ):
            case = real.case_of(ours, *patient)
            answer, took = timed(lambda o=ours, c=case: o.answer(c))
            asked, order = real.asked_of(ours, case, answer)
            theirs = Pgmpy(asked, order) if tool == "pgmpy" else PyAgrum(asked)
            names = ours.names.condition
            every = 7 if tool == "pgmpy" else 1
            found, time_taken = timed(
                lambda t=theirs, n=names, e=every: [t.posterior(name)[1] for name in n[::e]]
            )
            gap = np.abs(np.array(found) - answer.condition[::every]).max()
            parts.append(
                f"{tool} {time_taken:.2f} s for {len(found)} marginals, difference {gap:.2g} "
                f"(engine {1000 * took:.1f} ms for all)"
            )
        print(f"{title}: {'; '.join(parts)}")


def removal_table(ours: Shipped) -> None:
    """The leave-one-out table, as Markdown."""
    rows = removals(ours)
    print("| condition removed | before findings | after | in the full network | P(condition) |")
    print("|---|---|---|---|---|")
    for row in sorted(rows, key=lambda row: row.after - row.before):
        print(
            f"| {row.condition} | {row.before:.3f} | {row.after:.3f} | {row.full:.3f} | "
            f"{row.found:.3f} |"
        )
    means = [np.mean([getattr(r, f) for r in rows]) for f in ("before", "after", "full", "found")]
    print("| mean | " + " | ".join(f"{mean:.3f}" for mean in means) + " |")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sizes(shipped())
    small_networks()
    shipped_network()
    if "--removals" in sys.argv:
        removal_table(shipped())
