"""Lay out who has to do with whom, once for each parameter set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from model.kernel.types import (
    FROM_CAUSE,
    TO_CONDITION,
    TO_EFFECT,
    WITH_CONTEXT,
    Graph,
    Library,
    Net,
)


def graph_of(net: Net) -> Graph:
    """Neighbours of every vertex, causes of every family, and what each cause shows."""
    conditions, contexts = net.rate.size, net.context_prior.size
    touches = net.excess > 0
    for k in range(contexts):  # a context folded into the one it implies brings its own along
        if net.implied[k] >= 0:
            touches[net.implied[k]] |= touches[k]
    edges: list[list[tuple[int, int]]] = [[] for _ in range(conditions + contexts)]
    for k, i in zip(*np.nonzero(touches), strict=True):
        edges[i].append((conditions + k, WITH_CONTEXT))
        edges[conditions + k].append((i, TO_CONDITION))
    for j, i in zip(*np.nonzero(net.cause), strict=True):
        edges[i].append((j, FROM_CAUSE))
        edges[j].append((i, TO_EFFECT))
    flat = [pair for own in edges for pair in own]
    start = np.cumsum([0, *(len(own) for own in edges)])

    causes: list[int] = []
    cause_start = [0]
    for f in range(net.family_start.size - 1):
        root = net.family_nodes[net.family_start[f]]
        if net.graded[root] >= 0:
            causes.extend(range(conditions))
        else:
            able = net.strength[: conditions + contexts, root] > 0
            causes.extend(int(c) for c in np.flatnonzero(able))
        cause_start.append(len(causes))

    shown = np.zeros_like(net.strength)
    for node in net.family_nodes:
        up = net.parent[node]
        if net.graded[node] >= 0:
            continue
        if up < 0:
            chance = np.ones(len(shown))
        elif net.graded[up] >= 0:
            reached = (net.reach[node] >> np.arange(net.row.shape[2])) & 1
            chance = net.row[:, net.graded[up]] @ reached
        else:
            chance = shown[:, up]
        shown[:, node] = chance * net.strength[:, node]
    return Graph(
        start=start.astype(np.int64),
        other=np.array([other for other, _ in flat], np.int64),
        kind=np.array([kind for _, kind in flat], np.int64),
        cause_start=np.array(cause_start, np.int64),
        causes=np.array(causes, np.int64),
        shown=shown,
        below=np.minimum(np.cumsum(net.row, axis=2), 1.0),
    )


def complete(net: Net, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Extend an order of the conditions to all vertices.

    Each context stands right after the last condition it bears on, and before one it implies.
    """
    conditions, contexts = net.rate.size, net.context_prior.size
    if len(order) == conditions + contexts:
        return order
    place = np.argsort(order)
    after = np.full(contexts, conditions - 1)
    for k in range(contexts):
        linked = np.flatnonzero(net.excess[k] > 0)
        if linked.size:
            after[k] = place[linked].max()
    for k in range(contexts):
        if net.implied[k] >= 0:
            after[net.implied[k]] = max(after[net.implied[k]], after[k])
    found: list[int] = []
    for at, i in enumerate(order):
        found.append(int(i))
        here = [k for k in range(contexts) if after[k] == at]
        found += [conditions + k for k in sorted(here, key=lambda k: net.implied[k] < 0)]
    return np.array(found, np.int64)


def library_of(net: Net, orders: NDArray[np.int64], groups: NDArray[np.bool_]) -> Library:
    """Orders with what planning needs to know of each."""
    order = np.array([complete(net, row) for row in orders], np.int64)
    place = np.argsort(order, axis=1)
    cover = np.zeros_like(order)
    for members in groups:
        who = np.flatnonzero(members)
        if who.size < 2:
            continue
        first, last = place[:, who].min(axis=1), place[:, who].max(axis=1)
        for row in range(len(order)):
            cover[row, first[row] : last[row] + 1] += 1
    return Library(order, place.astype(np.int64), cover.astype(np.int64))
