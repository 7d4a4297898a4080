"""The cheapest of the stored orders for the evidence."""

from __future__ import annotations

import numpy as np

from model.compiled import njit
from model.kernel.basic import fill
from model.kernel.types import TO_EFFECT, Demand


@njit
def demand_of(net, graph, parts):
    """What every order has to do for this evidence (see `Demand`)."""
    conditions = net.rate.size
    contexts = net.context_prior.size
    vertices = conditions + contexts
    factors = parts.bits.size
    start = np.zeros(factors + 1, np.int64)
    member = np.empty(factors * vertices, np.int64)
    acts = np.zeros(vertices)
    for j in range(factors):
        start[j + 1] = start[j]
        for v in range(vertices):
            if parts.linked[j, v] and parts.active[v]:
                member[start[j + 1]] = v
                start[j + 1] += 1
                acts[v] += 1.5 ** parts.bits[j]
    early = np.empty(graph.other.size + contexts, np.int64)
    late = np.empty(graph.other.size + contexts, np.int64)
    edges = 0
    for v in range(vertices):
        if parts.active[v]:
            for e in range(graph.start[v], graph.start[v + 1]):
                if parts.live[e]:
                    acts[v] += 1.0
                    if graph.kind[e] != TO_EFFECT:
                        early[edges] = graph.other[e]
                        late[edges] = v
                        edges += 1
    work = np.zeros(vertices)
    for v in range(vertices):
        if parts.active[v]:
            work[v] = 10.0 + 2.0 * acts[v] if v < conditions else 8.0 + 4.0 * acts[v]
    return Demand(start, member, early[:edges], late[:edges], work)


@njit
def spans(net, parts, demand, place, first, last, opened):
    """When factors and vertices are open.

    first[j], last[j]: places of the first and last vertex linked to factor j (first > last: none).
    opened[v]: the place at which v's bit opens, or a place past the end if it never has one. It
    closes when v is passed.
    """
    conditions = net.rate.size
    never = place.size
    for j in range(parts.bits.size):
        least, most = never, -1
        for n in range(demand.start[j], demand.start[j + 1]):
            at = place[demand.member[n]]
            least = min(least, at)
            most = max(most, at)
        first[j] = least
        last[j] = most
    fill(opened, never, never)
    for n in range(demand.early.size):
        at, v = place[demand.early[n]], demand.late[n]
        if at < place[v] and at < opened[v]:
            opened[v] = at
    for k in range(net.implied.size):
        d = net.implied[k]
        if d >= 0 and parts.active[conditions + k] and parts.active[conditions + d]:
            at = min(opened[conditions + k], place[conditions + k])
            opened[conditions + d] = min(opened[conditions + d], at)


@njit
def cost(
    net, parts, demand, order, place, cover, grouped, enough, first, last, opened, width
):  # fmt: skip
    """Multiply-adds (about) and bytes that a whole answer needs, and its widest vector.

    Forward and backward over four lanes, and if `grouped` a restricted run forward for every group
    open at a place (`cover`). Gives up, with infinitely many steps, once there are `enough`.
    """
    conditions = net.rate.size
    vertices = order.size
    spans(net, parts, demand, place, first, last, opened)
    fill(width, width.size, 0)
    for j in range(parts.bits.size):
        if last[j] >= 0:
            width[first[j]] += parts.bits[j]
            width[last[j] + 1] -= parts.bits[j]
    for v in range(vertices):
        if opened[v] < vertices:
            width[opened[v]] += 1
            width[place[v]] -= 1
    steps = 0.0
    entries = 0.0
    widest = 0
    open_bits = 0
    for at in range(vertices):
        open_bits += width[at]
        v = order[at]
        if demand.work[v] == 0.0:
            continue
        size = float(1 << min(open_bits, 62))
        steps += size * (2.0 + cover[at] if grouped else 2.0) * demand.work[v]
        own = 1 if opened[v] < vertices else 0
        widest = max(widest, open_bits + own)
        if v < conditions:
            entries += size * (4 << own) + 2.0 * size
        if steps >= enough:
            return np.inf, 0.0, 0
    entries += 20.0 * float(1 << min(widest, 62))
    return steps, entries * 8.0, widest


@njit
def choose(net, parts, demand, library, grouped, only):
    """The cheapest of the stored orders for this evidence: (index, steps, bytes, widest).

    grouped: whether the answer has groups. only: the one order to consider, -1 for all.
    """
    vertices = library.order.shape[1]
    first = np.empty(parts.bits.size, np.int64)
    last = np.empty(parts.bits.size, np.int64)
    opened = np.empty(vertices, np.int64)
    width = np.empty(vertices + 1, np.int64)
    best = 0
    least = np.inf
    room = 0.0
    wide = 0
    for o in range(library.order.shape[0]):
        if only >= 0 and o != only:
            continue
        steps, size, widest = cost(
            net, parts, demand, library.order[o], library.place[o], library.cover[o], grouped,
            least, first, last, opened, width,
        )  # fmt: skip
        if steps < least:
            best, least, room, wide = o, steps, size, widest
    return best, least, room, wide
