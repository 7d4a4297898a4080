"""The library of elimination orders: found once by annealing, stored as ids, valid for ever.

An order only decides how long a posterior takes, never what it is. A stored order is used whenever it
names the conditions of the knowledge base, causes first; a knowledge base of another shape gets a
short annealing of its own on first use.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numba
import numpy as np
from numpy.typing import NDArray

from model import kernel
from model.kernel import Case, Net, Parts
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
            while net.parent[place] >= 0:
                place = net.parent[place]
                finding[place] = code[place]
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


@numba.njit(cache=True)
def _steps(net: Net, case: Case, parts: Parts, order: NDArray[np.int64]) -> float:
    items = parts.bits.size + net.context_prior.size + order.size
    first = np.empty(items, np.int64)
    last = np.empty(items, np.int64)
    place = np.empty(order.size, np.int64)
    for at in range(order.size):
        place[order[at]] = at
    kernel.spans(net, case, parts, place, first, last)
    steps: float = kernel.cost(net, parts, order, place, first, last)[0]
    return steps


def _valid(net: Net, order: Sequence[int]) -> bool:
    place = np.argsort(order)
    return all(place[j] < place[i] for j, i in zip(*np.nonzero(net.cause), strict=True))


def anneal(
    net: Net,
    cases: list[tuple[Case, Parts]],
    start: NDArray[np.int64],
    moves: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Improve one order by moving single conditions or short runs of them; causes stay first.

    Minimises the mean logarithm of the steps over the cases.
    """

    def energy(order: NDArray[np.int64]) -> float:
        return float(np.mean([np.log(_steps(net, case, parts, order)) for case, parts in cases]))

    order, now = start.copy(), energy(start)
    best, least = order, now
    for move in range(moves):
        heat = 0.05 * (1.0 - move / moves) ** 2
        length = int(rng.integers(1, 5))
        at = int(rng.integers(0, len(order) - length + 1))
        run = order[at : at + length]
        rest = np.delete(order, slice(at, at + length))
        to = int(rng.integers(0, len(rest) + 1))
        tried = np.insert(rest, to, run[::-1] if rng.random() < 0.3 else run)
        if not _valid(net, tried):
            continue
        then = energy(tried)
        if then < now or rng.random() < np.exp((now - then) / max(heat, 1e-9)):
            order, now = tried, then
            if now < least:
                best, least = order, now
    return best


def search(
    net: Net, start: NDArray[np.int64], count: int, moves: int, seed: int
) -> list[list[int]]:
    """Anneal `count` orders, each on its own handful of simulated patients."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        cases = [
            (case, kernel.decompose(net, case, True)) for case in simulated_cases(net, 12, rng)
        ]
        found.append([int(i) for i in anneal(net, cases, start, moves, rng)])
    return found


@lru_cache(maxsize=8)
def _stored() -> tuple[tuple[str, ...], ...]:
    if not STORED.exists():
        return ()
    return tuple(tuple(order) for order in json.loads(STORED.read_text("utf-8"))["orders"])


def library(
    net: Net, ids: Sequence[str], start: NDArray[np.int64], *, seed: int = 1
) -> NDArray[np.int64]:
    """The orders for a network, (O, N): stored ones that fit, else a short deterministic search.

    Args:
        net: the network.
        ids: condition ids in file order.
        start: an order with causes first, always part of the library.
        seed: of the short search.
    """
    index = {name: place for place, name in enumerate(ids)}
    rows = [[index[name] for name in order] for order in _stored() if set(order) == set(index)]
    rows = [row for row in rows if _valid(net, row)]
    if not rows and len(ids) > 1:
        rows = search(net, start, 4, QUICK_MOVES, seed)
    return np.array([start.tolist(), *rows], np.int64)
