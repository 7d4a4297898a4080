"""The library of elimination orders: found once by annealing, stored as ids, valid for ever.

An order only decides how long a posterior takes, never what it is. A stored order is used whenever
it names the conditions and contexts of the knowledge base, causes first; a knowledge base of
another shape gets a short annealing of its own on first use.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model import kernel
from model.compiled import entry
from model.kernel import Case, Demand, Net, Parts
from model.simulate import patients

STORED = Path(__file__).with_name("orders.json")

#: Moves of the short annealing for a knowledge base without stored orders.
QUICK_MOVES = 400


def simulated_cases(net: Net, count: int, rng: np.random.Generator) -> list[Case]:
    """Patients of the model, masked to what a consultation typically records.

    4 to 12 positive or graded findings, 12 negative ones; age and sex known in three of four; none,
    half or all of the contexts known.
    """
    from model.engine import blank_case

    people = patients(net, count, rng)
    blank = blank_case(net)
    cases = []
    for n in range(count):
        code = people.finding[n]
        finding = np.full_like(code, -1)
        shown = np.flatnonzero((code > 0) | (net.graded >= 0))
        quiet = np.flatnonzero((code == 0) & (net.graded < 0))
        for place in rng.permutation(shown)[: rng.integers(4, 13)]:
            finding[place] = code[place]
            up = net.parent[place]
            while up >= 0:
                finding[up] = code[up]
                up = net.parent[up]
        for place in rng.permutation(quiet)[:12]:
            if net.parent[place] < 0 or finding[net.parent[place]] == 1:
                finding[place] = 0
        known = rng.random(people.context.shape[1]) < rng.choice([0.0, 0.5, 1.0])
        context = np.where(known, people.context[n], -1).astype(np.int8)
        for k in np.flatnonzero(net.implied >= 0):
            if context[k] == 1:
                context[net.implied[k]] = 1
            if context[net.implied[k]] == 0:
                context[k] = 0
        seen = rng.random() < 0.75
        cases.append(
            blank._replace(
                finding=finding,
                context=context,
                band=int(people.band[n]) if seen else -1,
                sex=int(people.sex[n]) if seen else -1,
            )
        )
    return cases


@entry
def _needs(net, graph, case):
    """The evidence as every order sees it."""
    parts = kernel.decompose(net, graph, case, True)
    return parts, kernel.demand_of(net, graph, parts)


@entry
def _steps(net, parts, demand, order, groups):
    """Steps one case needs in one order."""
    vertices = order.size
    place = np.empty(vertices, np.int64)
    cover = np.zeros(vertices, np.int64)
    for at in range(vertices):
        place[order[at]] = at
    for m in range(groups.shape[0]):
        low, high, members = vertices, -1, 0
        for i in range(groups.shape[1]):
            if groups[m, i]:
                low = min(low, place[i])
                high = max(high, place[i])
                members += 1
        if members > 1:
            cover[low : high + 1] += 1
    first = np.empty(parts.bits.size, np.int64)
    last = np.empty(parts.bits.size, np.int64)
    opened = np.empty(vertices, np.int64)
    width = np.empty(vertices + 1, np.int64)
    return kernel.cost(
        net,
        parts,
        demand,
        order,
        place,
        cover,
        groups.shape[0] > 0,
        np.inf,
        first,
        last,
        opened,
        width,
    )[0]


def valid(net: Net, order: Sequence[int] | NDArray[np.int64]) -> bool:
    """Whether causes stand before what they cause, and contexts before those they imply."""
    place = np.argsort(order)
    n = net.rate.size
    causes = zip(*np.nonzero(net.cause), strict=True)
    implied = ((n + k, n + net.implied[k]) for k in np.flatnonzero(net.implied >= 0))
    return all(place[one] < place[other] for one, other in [*causes, *implied])


def anneal(
    net: Net,
    needs: list[tuple[Parts, Demand]],
    groups: NDArray[np.bool_],
    start: NDArray[np.int64],
    moves: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Improve one order by moving single vertices or short runs of them.

    Minimises the mean logarithm of the steps over the cases.
    """

    def energy(order: NDArray[np.int64]) -> float:
        return float(np.mean([np.log(_steps(net, *one, order, groups)) for one in needs]))

    order, now = start.copy(), energy(start)
    best, least = order, now
    for move in range(moves):
        heat = 0.1 * (1.0 - move / moves) ** 2
        length = int(rng.integers(1, 6))
        at = int(rng.integers(0, len(order) - length + 1))
        run = order[at : at + length]
        rest = np.delete(order, slice(at, at + length))
        to = int(rng.integers(0, len(rest) + 1))
        tried = np.insert(rest, to, run[::-1] if rng.random() < 0.3 else run)
        if not valid(net, tried):
            continue
        then = energy(tried)
        if then < now or rng.random() < np.exp((now - then) / max(heat, 1e-9)):
            order, now = tried, then
            if now < least:
                best, least = order, now
    return best


def search(
    net: Net,
    groups: NDArray[np.bool_],
    start: NDArray[np.int64],
    *,
    count: int,
    moves: int,
    seed: int,
) -> list[list[int]]:
    """Anneal `count` orders, each on its own handful of simulated patients."""
    rng = np.random.default_rng(seed)
    graph = kernel.graph_of(net)
    start = kernel.complete(net, start)
    found = []
    for _ in range(count):
        cases = simulated_cases(net, 12, rng)
        needs = [_needs(net, graph, case) for case in cases]
        found.append([int(i) for i in anneal(net, needs, groups, start, moves, rng)])
    return found


@lru_cache(maxsize=8)
def _stored() -> tuple[tuple[str, ...], ...]:
    if not STORED.exists():
        return ()
    return tuple(tuple(order) for order in json.loads(STORED.read_text("utf-8"))["orders"])


def library(
    net: Net,
    groups: NDArray[np.bool_],
    ids: Sequence[str],
    start: NDArray[np.int64],
    *,
    seed: int = 1,
) -> NDArray[np.int64]:
    """The orders for a network, (O, V): stored ones that fit, else a short deterministic search.

    Args:
        net: the network.
        groups: (M, N) the groups that every answer gives.
        ids: condition ids, then binary context ids, in file order.
        start: an order of the conditions with causes first, always part of the library.
        seed: of the short search.
    """
    index = {name: place for place, name in enumerate(ids)}
    rows = [[index[name] for name in order] for order in _stored() if set(order) == set(index)]
    rows = [row for row in rows if valid(net, row)]
    if not rows and len(ids) > 1:
        rows = search(net, groups, start, count=4, moves=QUICK_MOVES, seed=seed)
    return np.array([*rows, kernel.complete(net, start).tolist()], np.int64)
