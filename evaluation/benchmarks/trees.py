"""Count what eliminating along a tree would take, beside the chain that is built.

    python -m evaluation.benchmarks.trees [--patients 20]

A tree over findings needs tables with signs (`signed.py`) to stay narrow. For each patient: entries
of all tables that a min-fill elimination of these makes, and multiply-adds of our order, forward
alone. The figures are quoted in `docs/decisions/0010-contexts-are-passed-like-conditions.md`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from statistics import median

from evaluation.benchmarks.pruned import Tables
from evaluation.benchmarks.results import say
from evaluation.benchmarks.signed import signed
from evaluation.benchmarks.work import Work, entered
from model.kernel import complete
from model.knowledge import load
from model.reasoner import open_reasoner
from model.reference import names_of

KINDS, POSITIVES = ("none", "half", "all"), (4, 8, 12)


def entries(tables: Tables) -> int:
    """Entries of every table made on the way, when the axes are summed out in the order given."""
    size = {name: n for axes, t in tables.tables for name, n in zip(axes, t.shape, strict=True)}
    left = [set(axes) for axes, _ in tables.tables]
    total = 0
    for name in tables.elimination:
        touched = [axes for axes in left if name in axes]
        joined = set().union(*touched)
        cells = 1
        for axis in joined:
            cells *= size[axis]
        total += cells
        left = [axes for axes in left if name not in axes]
        left.append(joined - {name})
    return total


def main(arguments: Sequence[str] | None = None) -> None:
    """Count, and tell."""
    parser = argparse.ArgumentParser(prog="evaluation.benchmarks.trees", description=__doc__)
    parser.add_argument("--patients", type=int, default=20)
    given = parser.parse_args(arguments)
    reasoner = open_reasoner(load())
    net, names = reasoner.engine.net, names_of(reasoner.knowledge)
    for kind in KINDS:
        for positives in POSITIVES:
            rows = entered(reasoner, Work(kind, (positives,)), given.patients)
            tree, chain = [], []
            for row in reasoner.closure.settle(rows).engine:
                case = reasoner.case(row)
                found = reasoner.posterior(case)
                order = complete(net, reasoner.engine.orders[found.order])
                tree.append(entries(signed(net, names, case, order)))
                chain.append(found.steps / 2.0)  # half of them are the way back
            say(
                f"{kind} contexts known, {positives} findings: tree {median(tree):,.0f} entries, "
                f"chain {median(chain):,.0f} multiply-adds, "
                f"ratio {median(a / b for a, b in zip(chain, tree, strict=True)):.2f}"
            )


if __name__ == "__main__":
    main()
