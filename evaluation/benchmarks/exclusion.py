"""Evidence by inclusion and exclusion: what Quickscore and signed networks are made of.

That several findings are present is the alternating sum, over subsets of them, of the probability
that those of the subset are absent. And that findings are absent is a product over causes, so that
causes are never multiplied together. The price: large numbers of both signs nearly cancel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.kernel import Case, Net
from model.parameters import Floats

Codes = NDArray[np.int8]


@dataclass(frozen=True)
class Exclusion:
    """One family of findings of which something is present.

    Attributes:
        events: findings, of which each must be present without being implied by another, or (the
            root, if it is graded) must have reached its grade.
        silence: (causes, 2, ..., 2) probability that a cause, if present, brings about none of the
            events excluded (index 1) and none of what is absent, in the numbering of
            `Net.strength`.
    """

    events: tuple[int, ...]
    silence: Floats


def silence(net: Net, absent: NDArray[np.bool_], top: int, limit: int) -> Floats:
    """Probability that each cause, if present, shows none of the absent findings of a family.

    Args:
        net: the numbers.
        absent: (F,) findings that are not shown.
        top: the root of the family.
        limit: highest grade allowed, where the root has grades.

    Returns:
        (causes,) in the numbering of `Net.strength`.
    """
    children = np.flatnonzero(net.parent == top)
    below = [silence(net, absent, int(child), limit) for child in children]
    graded = int(net.graded[top])
    result: Floats = np.zeros(len(net.strength))
    if graded < 0:
        shown = net.strength[:, top]
        result = 1.0 - shown
        if not absent[top]:
            result = result + shown * np.prod(below, axis=0)
        return result
    for grade in range(limit + 1):
        share = net.row[:, graded, grade].copy()
        for child, quiet in zip(children, below, strict=True):
            if (net.reach[child] >> grade) & 1:
                share *= quiet
        result += share
    return result


def silent_families(net: Net, case: Case) -> tuple[Codes, Floats]:
    """Findings without the families of which nothing is present, and what those say of causes.

    Returns:
        (F,) codes, and (causes,) the probability that a cause, if present, shows nothing of those
        families that is absent, in the numbering of `Net.strength`.
    """
    finding = case.finding.copy()
    weight = np.ones(len(net.strength))
    for first, last in zip(net.family_start[:-1], net.family_start[1:], strict=True):
        family = [int(f) for f in net.family_nodes[first:last]]
        codes = case.finding[family]
        if (codes > 0).any() or case.is_soft[family].any() or (codes < 0).all():
            continue
        root = family[0]
        limit = 0 if case.finding[root] == 0 else int(net.grades[root]) - 1
        weight *= silence(net, case.finding == 0, root, limit)
        finding[family] = -1
    return finding, weight


def exclusions(net: Net, case: Case) -> list[Exclusion]:
    """The families of which something is present.

    Raises:
        ValueError: for soft findings.
    """
    if case.is_soft.any():
        raise ValueError("inclusion and exclusion is done for findings that are known")
    found = []
    for first, last in zip(net.family_start[:-1], net.family_start[1:], strict=True):
        family = [int(f) for f in net.family_nodes[first:last]]
        if not (case.finding[family] > 0).any():
            continue
        root, implied = family[0], set()
        events = []
        for f in reversed(family):
            if net.graded[f] < 0 and (case.finding[f] == 1 or f in implied):
                if f not in implied:
                    events.append(f)
                implied.add(int(net.parent[f]))
        grade = int(case.finding[root]) if net.graded[root] >= 0 else 0
        if grade > 0:
            events.append(root)
        table = np.empty((len(net.strength), *(2 for _ in events)))
        for excluded in np.ndindex(table.shape[1:]):
            out = [f for f, here in zip(events, excluded, strict=True) if here]
            absent = (case.finding == 0) & (net.graded < 0)
            absent[[f for f in out if net.graded[f] < 0]] = True
            limit = (int(net.grades[root]) - 1 if grade < 0 else grade) - (
                root in out and grade > 0
            )
            table[:, *excluded] = silence(net, absent, root, limit)
        found.append(Exclusion(tuple(events), table))
    return found
