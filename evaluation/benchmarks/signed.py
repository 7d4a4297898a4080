"""A case as a network with signs: every present finding a hidden node that its causes all touch.

For a finding that is present the chain of the noisy-OR is replaced by a node h with the table
(1, -1): h = 1 excludes the finding, so each cause c has a table of its own over (c, h). This is
inclusion and exclusion (`exclusion.py`) left to the tool to arrange. There are far fewer nodes, but
their tables are no probabilities, and sums of both signs lose digits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from evaluation.benchmarks.exclusion import exclusions, silent_families
from evaluation.benchmarks.networks import said
from evaluation.benchmarks.pruned import Tables, absorbed, known, merged, network
from model.kernel import Case, Net
from model.parameters import Floats, Ints
from model.reference import COMPLAINT, UNNAMED, Names
from model.reference_nodes import ancestors

Table = tuple[tuple[str, ...], Floats]


def signed(net: Net, names: Names, case: Case, order: Sequence[int] | Ints) -> Tables:
    """Translate a case; `order` is that of all conditions and contexts, causes first.

    Raises:
        ValueError: if age or sex is not known, or a finding is soft.
    """
    if case.band < 0 or case.sex < 0:
        raise ValueError("age and sex must be known")
    finding, weight = silent_families(net, case)
    families = exclusions(net, case._replace(finding=finding))
    told = said(net, names, case._replace(finding=np.full_like(finding, -1)))
    conditions, contexts = len(names.condition), len(names.context)
    binary = [*names.condition, *names.context, UNNAMED]
    always = [conditions + contexts + 1 + case.band]
    always += [conditions + int(k) for k in np.flatnonzero(case.context == 1)]
    maybe = [*range(conditions), *(conditions + int(k) for k in np.flatnonzero(case.context < 0))]
    maybe.append(conditions + contexts)

    tables: list[Table] = [((COMPLAINT,), np.array([1.0, -1.0]))]
    tables += [((binary[c],), np.array([1.0, weight[c]])) for c in maybe if weight[c] != 1.0]
    never = np.array([[1.0, 1.0], [1.0, 0.0]])
    tables += [((name, COMPLAINT), never) for name in (*names.condition, UNNAMED)]
    for family in families:
        events = tuple(f"not_{names.finding[f]}" for f in family.events)
        tables += [((event,), np.array([1.0, -1.0])) for event in events]
        tables += [(events, family.silence[c]) for c in always]
        for c in maybe:
            if (family.silence[c] != 1.0).any():
                both = np.stack([np.ones_like(family.silence[c]), family.silence[c]])
                tables.append(((binary[c], *events), both))
    kept = {*names.condition, UNNAMED, *told.known, *(name for axes, _ in tables for name in axes)}
    # a context may bear on a finding and on no condition: it stands in a table all the same
    nodes = ancestors(network(net, names, order, set()), kept & {*binary, *told.known})
    constant = sum(math.log(weight[c]) for c in always)
    for node in merged(known(nodes, told.known), kept):
        axes, table = (node.name, *node.parents), node.table
        if node.name in told.known:  # denied, though what it would imply is not known
            table, axes = table[node.states.index(told.known[node.name])], axes[1:]
        tables.append((axes, table))
    tables = absorbed(tables)
    return Tables(tables, names.condition, min_fill(tables), constant)


def min_fill(tables: Sequence[Table]) -> tuple[str, ...]:
    """An order of elimination: next always the node whose neighbours lack the fewest edges."""
    near: dict[str, set[str]] = {}
    for axes, _ in tables:
        for name in axes:
            near.setdefault(name, set()).update(other for other in axes if other != name)

    def missing(name: str) -> tuple[int, int, str]:
        others = near[name]
        present = sum(len(near[other] & others) for other in others)
        return len(others) * (len(others) - 1) - present, len(others), name

    order = []
    while near:
        name = min(near, key=missing)
        others = near.pop(name)
        for other in others:
            near[other] |= others - {other}
            near[other].discard(name)
        order.append(name)
    return tuple(order)
