"""An order made into a program: what opens, acts and closes, with every number looked up once."""

from __future__ import annotations

import numpy as np

from model.compiled import njit
from model.kernel.factors import prior_pair
from model.kernel.planning import spans
from model.kernel.types import (
    ACT,
    CLOSE_FACTOR,
    CONDITION,
    CONTEXT,
    FROM_CAUSE,
    HOLD,
    LOW_BITS,
    ON,
    OPEN_FACTOR,
    OPEN_VERTEX,
    SCALE,
    TO_CONDITION,
    TO_EFFECT,
    WITH_CONTEXT,
    Lane,
    Program,
)


@njit
def program(net, graph, case, parts, demand, order, place):
    """The steps for one order (see `Program`).

    New bits open beneath the others, so that bits which stay open for long stand high, but above
    the lowest few: operations on those are the slower ones (`model.kernel.vectors`).
    """
    conditions = net.rate.size
    vertices = order.size
    factors = parts.bits.size
    items = factors + vertices
    first = np.empty(factors, np.int64)
    last = np.empty(factors, np.int64)
    opened = np.empty(vertices, np.int64)
    spans(net, parts, demand, place, first, last, opened)
    # vertices by the place at which they open, a context that implies another after the others
    head = np.full(vertices + 1, -1, np.int64)
    after = np.full(vertices, -1, np.int64)
    for turn in range(2):
        for v in range(vertices - 1, -1, -1):
            implies = v >= conditions and net.implied[v - conditions] >= 0
            if implies == (turn == 0) and opened[v] < vertices:
                after[v] = head[opened[v]]
                head[opened[v]] = v
    most = 2 * items + vertices
    edges = graph.other.size
    steps = np.zeros((most, 5), np.int64)
    weights = np.ones((most, 2))
    needs = np.full(most, -1, np.int64)
    brought = np.zeros(most)
    act_start = np.zeros(most + 1, np.int64)
    act = np.empty((demand.member.size + edges, 4), np.int64)
    hold_start = np.zeros(most + 1, np.int64)
    hold = np.empty((edges, 2), np.int64)
    varied = np.empty((edges, 4), np.int64)
    coefficient = np.empty(parts.effect.size + 2 * edges)
    for n in range(parts.effect.size):
        coefficient[n] = parts.effect[n]
    base = np.full(items, -1, np.int64)  # the lowest bit of each open item
    width = 0
    count = 0
    acts = 0
    holds = 0
    varying = 0
    room = parts.effect.size
    for at in range(vertices):
        v = order[at]
        if not parts.active[v]:
            continue
        for j in range(factors):
            if first[j] == at and last[j] >= 0:
                low = _open(base, j, parts.bits[j], width)
                _note(steps, count, OPEN_FACTOR, j, low, parts.bits[j], width)
                width += parts.bits[j]
                count += 1
                act_start[count] = acts
                hold_start[count] = holds
        u = head[at]
        while u >= 0:
            low = _open(base, factors + u, ON, width)
            _note(steps, count, OPEN_VERTEX, u, low, ON, width)
            weights[count, 1] = 0.0
            if u >= conditions:
                needs[count] = _prior(net, case, u - conditions, factors, base, weights[count])
            width += 1
            count += 1
            act_start[count] = acts
            hold_start[count] = holds
            u = after[u]
        own = base[factors + v]
        bits = 1 if own >= 0 else 0
        _note(steps, count, CONDITION if v < conditions else CONTEXT, v, own, bits, width)
        if bits:
            _close(base, factors + v, ON)
            width -= 1
        for j in range(factors):
            if base[j] >= 0 and parts.linked[j, v]:
                act[acts, 0] = base[j]
                act[acts, 1] = 1 << parts.bits[j]
                act[acts, 2] = parts.start[j] + (v << parts.bits[j])
                act[acts, 3] = parts.lowest[j]
                acts += 1
        if v < conditions:
            known = case.condition[v]
            weights[count, 0] = case.soft_condition[v, 0] if known != 1 else 0.0
            weights[count, 1] = case.soft_condition[v, 1] * parts.weight[v] if known != 0 else 0.0
        else:
            needs[count] = _prior(net, case, v - conditions, factors, base, weights[count])
        for e in range(graph.start[v], graph.start[v + 1]):
            kind = graph.kind[e]
            u = graph.other[e]
            here = parts.live[e] and base[factors + u] >= 0
            if kind == FROM_CAUSE:
                if case.condition[u] == 1:
                    brought[count] += (1.0 - brought[count]) * net.cause[u, v]
            elif kind == WITH_CONTEXT:
                if here:
                    hold[holds, 0] = base[factors + u]
                    hold[holds, 1] = room
                    holds += 1
                    varying = _vary(varied, varying, HOLD, room, u - conditions, v)
                    room += 1
            elif here:
                act[acts, 0] = base[factors + u]
                act[acts, 1] = 2
                act[acts, 2] = room
                act[acts, 3] = -1
                acts += 1
                if kind == TO_EFFECT:
                    coefficient[room] = 1.0 - net.cause[v, u]
                    coefficient[room + 1] = net.cause[v, u]
                else:
                    varying = _vary(varied, varying, ACT, room, v - conditions, u)
                room += 2
            elif kind == TO_EFFECT:
                if not parts.live[e] and case.condition[u] == 0 and case.condition[v] < 0:
                    weights[count, 1] *= 1.0 - net.cause[v, u]
            elif kind == TO_CONDITION and not parts.live[e] and case.condition[u] == 0:
                varying = _vary(varied, varying, SCALE, count, v - conditions, u)
        count += 1
        act_start[count] = acts
        hold_start[count] = holds
        for j in range(factors):
            if last[j] == at:
                _note(steps, count, CLOSE_FACTOR, j, base[j], parts.bits[j], width)
                _close(base, j, parts.bits[j])
                width -= parts.bits[j]
                count += 1
                act_start[count] = acts
                hold_start[count] = holds
    return Program(
        steps[:count], weights, needs, brought, act_start, act, hold_start, hold,
        varied[:varying], coefficient,
    )  # fmt: skip


@njit
def _prior(net, case, k, factors, base, weights):
    """Weights of a context's absence and presence; returns the bit of the open one it implies."""
    q1, q0 = prior_pair(net, case, k)
    d = net.implied[k]
    bit = -1
    if d >= 0 and base[factors + net.rate.size + d] >= 0:
        bit = base[factors + net.rate.size + d]
        # the weights given the other are counted there already
        q1, q0 = q1 / (q1 + q0), q0 / (q1 + q0)
    weights[0] = q0
    weights[1] = q1
    return bit


@njit
def _vary(varied, count, kind, at, k, i):
    """Note a number that hangs on age and sex."""
    varied[count, 0] = kind
    varied[count, 1] = at
    varied[count, 2] = k
    varied[count, 3] = i
    return count + 1


@njit
def _note(steps, count, kind, item, base, bits, width):
    """Write one row of a program."""
    steps[count, 0] = kind
    steps[count, 1] = item
    steps[count, 2] = base
    steps[count, 3] = bits
    steps[count, 4] = width


@njit
def _open(base, item, bits, width):
    """Make room for an item's bits; returns the lowest of them."""
    low = width
    for other in range(base.size):  # never between the bits of one item
        if base[other] >= LOW_BITS:
            low = min(low, base[other])
    for other in range(base.size):
        if base[other] >= low:
            base[other] += bits
    base[item] = low
    return low


@njit
def _close(base, item, bits):
    """Take the bits of an item away."""
    gone = base[item]
    base[item] = -1
    for other in range(base.size):
        if base[other] > gone:
            base[other] -= bits


@njit
def lane_of(net, case, parts, plan, band, sex):
    """What of a program hangs on age and sex (see `Lane`); fills the program's coefficients in."""
    conditions = net.rate.size
    contexts = net.context_prior.size
    count = plan.steps.shape[0]
    link = np.empty((contexts, conditions))
    folded = np.ones(conditions)
    for k in range(contexts):
        for i in range(conditions):
            link[k, i] = 1.0
            if net.excess[k, i] > 0.0 and case.context[k] != 0:
                link[k, i] = np.exp(-net.rate[i] * net.multiplier[band, sex, i] * net.excess[k, i])
                if case.context[k] == 1:
                    folded[i] *= link[k, i]
    for implied_ones in range(1, -1, -1):
        for k in range(contexts):
            i = parts.fold_into[k]
            d = net.implied[k]
            if i < 0 or (d >= 0) != (implied_ones == 1):
                continue
            q1, q0 = prior_pair(net, case, k)
            mixed = (q0 + q1 * link[k, i]) / (q0 + q1)
            if d >= 0 and case.context[d] < 0:
                link[d, i] *= mixed
            else:
                folded[i] *= mixed
    off = np.ones(count)
    on = np.ones(count)
    for n in range(count):
        v = plan.steps[n, 1]
        if plan.steps[n, 0] == CONDITION:
            load = net.rate[v] * net.multiplier[band, sex, v]
            alone = np.exp(-load) * folded[v]
            on[n] = -np.expm1(-load) + np.exp(-load) * (1.0 - folded[v]) + alone * plan.brought[n]
            off[n] = alone * (1.0 - plan.brought[n])
        elif plan.steps[n, 0] == CONTEXT:
            on[n] = parts.weight[v]
    for n in range(plan.varied.shape[0]):
        at = plan.varied[n, 1]
        w = link[plan.varied[n, 2], plan.varied[n, 3]]
        if plan.varied[n, 0] == SCALE:
            on[at] *= w
        else:
            plan.coefficient[at] = w
            if plan.varied[n, 0] == ACT:
                plan.coefficient[at + 1] = 1.0 - w
    return Lane(off, on)
