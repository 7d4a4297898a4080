"""The cheapest of the stored orders for the evidence, and its program of steps."""

from __future__ import annotations

import numpy as np

from model.compiled import njit
from model.kernel.types import (
    CLOSE_FACTOR,
    CONDITION,
    CONTEXT,
    OPEN_FACTOR,
    OPEN_VERTEX,
    TO_EFFECT,
)


@njit
def spans(net, graph, parts, place, first, last, opened):
    """When factors and vertices are open.

    first[j], last[j]: places of the first and last vertex linked to factor j (first > last: none).
    opened[v]: the place at which v's bit opens, or a place past the end if it never has one. It
    closes when v is passed.
    """
    conditions = net.rate.size
    contexts = net.context_prior.size
    vertices = conditions + contexts
    never = vertices
    for j in range(parts.bits.size):
        first[j] = never
        last[j] = -1
        for v in range(vertices):
            if parts.linked[j, v] and parts.active[v]:
                first[j] = min(first[j], place[v])
                last[j] = max(last[j], place[v])
    for v in range(vertices):
        opened[v] = never
        if not parts.active[v]:
            continue
        for e in range(graph.start[v], graph.start[v + 1]):
            if parts.live[e] and graph.kind[e] != TO_EFFECT:
                at = place[graph.other[e]]
                if at < place[v] and at < opened[v]:
                    opened[v] = at
    for k in range(contexts):
        d = net.implied[k]
        if d >= 0 and parts.active[conditions + k] and parts.active[conditions + d]:
            at = min(opened[conditions + k], place[conditions + k])
            opened[conditions + d] = min(opened[conditions + d], at)


@njit
def cost(net, graph, parts, order, cover, first, last, opened, width):
    """Multiply-adds (about) and bytes that a whole answer needs, and its widest vector.

    Forward and backward over four lanes, and a restricted run forward for every group open at a
    place (`cover`).
    """
    conditions = net.rate.size
    vertices = order.size
    factors = parts.bits.size
    width[:] = 0
    for j in range(factors):
        if last[j] >= 0:
            width[first[j]] += parts.bits[j]
            width[last[j] + 1] -= parts.bits[j]
    for at in range(vertices):
        v = order[at]
        if opened[v] < vertices:
            width[opened[v]] += 1
            width[at] -= 1
    steps = 0.0
    entries = 0.0
    widest = 0
    open_bits = 0
    for at in range(vertices):
        open_bits += width[at]
        v = order[at]
        if not parts.active[v]:
            continue
        acts = 0.0
        for j in range(factors):
            if parts.linked[j, v]:
                acts += 1.5 ** parts.bits[j]
        for e in range(graph.start[v], graph.start[v + 1]):
            if parts.live[e]:
                acts += 1.0
        size = 2.0**open_bits
        passes = 2.0 + cover[at]
        if v < conditions:
            steps += size * passes * (10.0 + 2.0 * acts)
            entries += 6.0 * size
        else:
            steps += size * passes * (8.0 + 4.0 * acts)
        widest = max(widest, open_bits)
    return steps, entries * 8.0, widest


@njit
def choose(net, graph, parts, library):
    """The cheapest of the stored orders for this evidence: (index, steps, bytes, widest)."""
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
        spans(net, graph, parts, library.place[o], first, last, opened)
        steps, size, widest = cost(
            net, graph, parts, library.order[o], library.cover[o], first, last, opened, width
        )
        if steps < least:
            best, least, room, wide = o, steps, size, widest
    return best, least, room, wide


@njit
def program(net, graph, parts, order, place):
    """The steps for one order: rows of (kind, item, base bit, bits, width before), and bit places.

    Items are factors 0..J-1 and vertices J..J+V-1. where[step, item] is the lowest bit of an open
    item, once the passed vertex's own bit is gone; -1 if it is not open. New bits open at the
    bottom, so that bits which stay open for long stand high, where they are cheap to act on.
    """
    conditions = net.rate.size
    vertices = order.size
    factors = parts.bits.size
    items = factors + vertices
    first = np.empty(factors, np.int64)
    last = np.empty(factors, np.int64)
    opened = np.empty(vertices, np.int64)
    spans(net, graph, parts, place, first, last, opened)
    steps = np.zeros((2 * items + vertices, 5), np.int64)
    where = np.full((2 * items + vertices, items), -1, np.int64)
    base = np.full(items, -1, np.int64)
    width = 0
    count = 0
    for at in range(vertices):
        v = order[at]
        if not parts.active[v]:
            continue
        for j in range(factors):
            if first[j] == at and last[j] >= 0:
                steps[count] = (OPEN_FACTOR, j, 0, parts.bits[j], width)
                for item in range(items):
                    if base[item] >= 0:
                        base[item] += parts.bits[j]
                base[j] = 0
                where[count] = base
                width += parts.bits[j]
                count += 1
        for implied_ones in (False, True):  # a context that implies another opens after it
            for u in range(vertices):
                implies = u >= conditions and net.implied[u - conditions] >= 0
                if opened[u] == at and implies == implied_ones:
                    steps[count] = (OPEN_VERTEX, factors + u, 0, 1, width)
                    for item in range(items):
                        if base[item] >= 0:
                            base[item] += 1
                    base[factors + u] = 0
                    where[count] = base
                    width += 1
                    count += 1
        own = base[factors + v]
        bits = 1 if own >= 0 else 0
        kind = CONDITION if v < conditions else CONTEXT
        steps[count] = (kind, factors + v, own, bits, width)
        if bits:
            base[factors + v] = -1
            for item in range(items):
                if base[item] > own:
                    base[item] -= 1
            width -= 1
        where[count] = base
        count += 1
        for j in range(factors):
            if last[j] == at:
                steps[count] = (CLOSE_FACTOR, j, base[j], parts.bits[j], width)
                gone = base[j]
                base[j] = -1
                for item in range(items):
                    if base[item] > gone:
                        base[item] -= parts.bits[j]
                where[count] = base
                width -= parts.bits[j]
                count += 1
    return steps[:count], where[:count]
