"""Which bits are open when: the cost of an order, the choice of one, and its program of steps."""

from __future__ import annotations

import numba
import numpy as np

from model.kernel.types import (
    CLOSE_FINDING,
    CLOSE_SUM,
    CONDITION,
    OPEN_CONTEXT,
    OPEN_FINDING,
)


@numba.njit(cache=True)
def spans(net, case, parts, place, first, last):
    """First and last place in the order at which each item is open.

    Items: factors 0..J-1, contexts J..J+K-1, conditions J+K..J+K+N-1. An item that is never open
    has first > last.
    """
    conditions = net.rate.size
    contexts = net.context_prior.size
    factors = parts.bits.size
    for item in range(factors + contexts + conditions):
        first[item] = conditions
        last[item] = -1
    for j in range(factors):
        for i in range(conditions):
            if parts.linked[j, i]:
                first[j] = min(first[j], place[i])
                last[j] = max(last[j], place[i])
    for k in range(contexts):
        if not parts.context_open[k]:
            continue
        item = factors + k
        for i in range(conditions):
            if parts.touches[k, i]:
                first[item] = min(first[item], place[i])
                last[item] = max(last[item], place[i])
        if last[item] < 0:  # it only causes findings: open where one of them is
            spot = conditions - 1
            for j in range(factors):
                if parts.linked[j, conditions + k] and last[j] >= 0:
                    spot = min(spot, first[j])
            first[item] = spot
            last[item] = spot
    for k in range(contexts):
        d = net.implied[k]
        if d >= 0 and parts.context_open[k] and parts.context_open[d]:
            first[factors + d] = min(first[factors + d], first[factors + k])
            last[factors + d] = max(last[factors + d], first[factors + k])
    for k in range(contexts):
        if parts.context_open[k]:
            for j in range(factors):
                if parts.linked[j, conditions + k]:
                    first[j] = min(first[j], first[factors + k])
                    last[j] = max(last[j], first[factors + k])
    for i in range(conditions):
        if case.condition[i] < 0:
            for child in range(conditions):
                if net.cause[i, child] > 0.0:
                    item = factors + contexts + i
                    first[item] = place[i]
                    last[item] = max(last[item], place[child])


@numba.njit(cache=True)
def cost(net, parts, order, place, first, last):
    """Steps (about: multiply-adds) and bytes a pass needs in this order, and its widest vector."""
    conditions = net.rate.size
    contexts = net.context_prior.size
    factors = parts.bits.size
    steps = 0.0
    entries = 0.0
    widest = 0
    for at in range(conditions):
        width = 0
        work = 3.0
        i = order[at]
        for j in range(factors):
            if first[j] <= at <= last[j]:
                width += parts.bits[j]
                if parts.linked[j, i]:
                    work += 1.5 ** parts.bits[j] * 1.0
        for item in range(factors, factors + contexts + conditions):
            if first[item] <= at <= last[item]:
                width += 1
        size = 2.0**width
        steps += work * size * 4.0
        entries += 6.0 * size
        widest = max(widest, width)
    return steps, entries * 8.0, widest


@numba.njit(cache=True)
def choose(net, case, parts, orders):
    """The cheapest of the stored orders for this evidence: (index, steps, bytes, widest)."""
    conditions = net.rate.size
    items = parts.bits.size + net.context_prior.size + conditions
    first = np.empty(items, np.int64)
    last = np.empty(items, np.int64)
    place = np.empty(conditions, np.int64)
    best = 0
    least = np.inf
    room = 0.0
    wide = 0
    for o in range(orders.shape[0]):
        for at in range(conditions):
            place[orders[o, at]] = at
        spans(net, case, parts, place, first, last)
        steps, size, widest = cost(net, parts, orders[o], place, first, last)
        if steps < least:
            best, least, room, wide = o, steps, size, widest
    return best, least, room, wide


@numba.njit(cache=True)
def program(net, case, parts, order):
    """The steps for one order: rows of (kind, item, base bit, bits, width before), and bit places.

    where[step, item] is the lowest bit of an open item at that step, -1 if it is not open.
    """
    conditions = net.rate.size
    contexts = net.context_prior.size
    factors = parts.bits.size
    items = factors + contexts + conditions
    first = np.empty(items, np.int64)
    last = np.empty(items, np.int64)
    place = np.empty(conditions, np.int64)
    for at in range(conditions):
        place[order[at]] = at
    spans(net, case, parts, place, first, last)
    steps = np.zeros((2 * items + conditions, 5), np.int64)
    where = np.full((2 * items + conditions, items), -1, np.int64)
    base = np.full(items, -1, np.int64)
    width = 0
    count = 0
    for at in range(conditions):
        i = order[at]
        for item in range(factors + contexts):
            if first[item] == at and last[item] >= at and item < factors:
                steps[count] = (OPEN_FINDING, item, width, parts.bits[item], width)
                where[count] = base
                base[item] = width
                width += parts.bits[item]
                count += 1
        for implied_ones in (False, True):  # a context that implies another opens after it
            for k in range(contexts):
                item = factors + k
                if first[item] == at and last[item] >= at and (net.implied[k] >= 0) == implied_ones:
                    base[item] = width
                    where[count] = base
                    steps[count] = (OPEN_CONTEXT, item, width, 1, width)
                    width += 1
                    count += 1
        item = factors + contexts + i
        bit = 1 if first[item] == at and last[item] > at else 0
        where[count] = base
        steps[count] = (CONDITION, i, width, bit, width)
        if bit:
            base[item] = width
            width += 1
        count += 1
        for item in range(items):
            if last[item] == at and base[item] >= 0:
                bits = parts.bits[item] if item < factors else 1
                kind = CLOSE_FINDING if item < factors else CLOSE_SUM
                steps[count] = (kind, item, base[item], bits, width)
                gone = base[item]
                base[item] = -1
                where[count] = base
                for other in range(items):
                    if base[other] > gone:
                        base[other] -= bits
                width -= bits
                count += 1
    return steps[:count], where[:count]
