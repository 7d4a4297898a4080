"""The probability of each known item by itself, all items in one narrow pass.

A single item never needs a bit: that it is absent (or at most some grade) is a product over causes,
and that it is present is the rest. So one pass over the vertices with one column per item, its
vector indexed only by open contexts and conditions, gives them all.
"""

from __future__ import annotations

import numpy as np

from model.compiled import njit
from model.kernel.factors import _contexts, lane_survival, prior_pair
from model.kernel.planning import program
from model.kernel.types import (
    ALWAYS,
    CONDITION,
    FOUR_LANES,
    NONE_BENEATH,
    ONE_BENEATH,
    OPEN_VERTEX,
    TO_CONDITION,
    TO_EFFECT,
    TWO_LANES,
    WITH_CONTEXT,
    Case,
    Parts,
)


@njit
def items_alone(net, graph, case, library):
    """(log P(complaint | given), sum over items of log P(item | complaint, given)).

    Given are age, sex and contexts, as far as known; items are findings and conditions, hard or
    soft.
    """
    conditions = net.rate.size
    contexts = net.context_prior.size
    vertices = conditions + contexts
    bands = net.age_prior.size
    findings = net.parent.size
    items = 1
    for f in range(findings):
        if case.finding[f] >= 0 or case.is_soft[f]:
            items += net.grades[f] if net.graded[f] >= 0 else 1
    for i in range(conditions):
        soft = case.soft_condition[i, 0] != 1.0 or case.soft_condition[i, 1] != 1.0
        if case.condition[i] >= 0 or soft:
            items += 1
    weight = np.ones((vertices, items))
    constant = np.ones((bands, 2, items))
    at = 1
    for f in range(findings):
        if case.finding[f] < 0 and not case.is_soft[f]:
            continue
        columns = net.grades[f] if net.graded[f] >= 0 else 1
        for c in range(columns):
            g = net.graded[f]
            for v in range(vertices):
                weight[v, at] = graph.below[v, g, c] if g >= 0 else 1.0 - graph.shown[v, f]
            for b in range(bands):
                for u in range(2):
                    share = 1.0
                    if g >= 0:
                        share *= graph.below[vertices + 1 + b, g, c]
                        if u:
                            share *= graph.below[vertices, g, c]
                    else:
                        share *= 1.0 - graph.shown[vertices + 1 + b, f]
                        if u:
                            share *= 1.0 - graph.shown[vertices, f]
                    constant[b, u, at] *= share
            at += 1
    for i in range(conditions):
        soft = case.soft_condition[i, 0] != 1.0 or case.soft_condition[i, 1] != 1.0
        if case.condition[i] >= 0 or soft:
            weight[i, at] = 0.0
            at += 1
    totals = _columns(net, graph, case, library, weight, constant)

    base = totals[0]
    alone = 0.0
    at = 1
    for f in range(findings):
        if case.finding[f] < 0 and not case.is_soft[f]:
            continue
        columns = net.grades[f] if net.graded[f] >= 0 else 1
        if columns == 1:
            absent = totals[at] / base
            present = (base - totals[at]) / base
            if case.is_soft[f]:
                chance = case.soft_finding[f, 0] * absent + case.soft_finding[f, 1] * present
            else:
                chance = present if case.finding[f] == 1 else absent
        else:
            chance = 0.0
            for c in range(columns):
                share = totals[at + c] if c < columns - 1 else base
                if c > 0:
                    share -= totals[at + c - 1]
                if case.is_soft[f]:
                    chance += case.soft_finding[f, c] * share / base
                elif case.finding[f] == c:
                    chance = share / base
        alone += np.log(chance)
        at += columns
    for i in range(conditions):
        soft = case.soft_condition[i, 0] != 1.0 or case.soft_condition[i, 1] != 1.0
        if case.condition[i] >= 0 or soft:
            absent = totals[at] / base
            present = (base - totals[at]) / base
            if case.condition[i] >= 0:
                chance = present if case.condition[i] == 1 else absent
            else:
                chance = case.soft_condition[i, 0] * absent + case.soft_condition[i, 1] * present
            alone += np.log(chance)
            at += 1
    return np.log(base), alone


@njit
def _columns(net, graph, case, library, weight, constant):
    """P(complaint, everything weighed) for every column; the first library order is used."""
    conditions = net.rate.size
    contexts = net.context_prior.size
    vertices = conditions + contexts
    bands = net.age_prior.size
    items = weight.shape[1]
    condition = np.full(conditions, -1, np.int8)
    bare = Case(
        case.finding, case.is_soft, case.soft_finding, case.context, case.soft_context, condition,
        np.ones((conditions, 2)), case.band, case.sex,
    )  # fmt: skip
    linked = np.zeros((1, vertices), np.bool_)
    for k in range(contexts):
        for j in range(items):
            if weight[conditions + k, j] != 1.0:
                linked[0, conditions + k] = True
    unit = np.ones(vertices)
    known = np.ones((bands, 2))
    active, live, fold_into = _contexts(net, graph, bare, ALWAYS, linked, unit, known)
    none = np.zeros(0, np.int64)
    parts = Parts(
        none, np.zeros(1, np.int64), np.zeros(0), np.zeros(1, np.int64), np.zeros((bands, 2, 0)),
        np.zeros(0), none, np.zeros((0, vertices), np.bool_), unit, known, active, live, fold_into,
        False,
    )  # fmt: skip
    steps, where = program(net, graph, parts, library.order[0], library.place[0])
    widest = 0
    for n in range(steps.shape[0]):
        widest = max(widest, steps[n, 4] + (1 if steps[n, 0] == OPEN_VERTEX else 0))
    full = 1 << widest
    x = np.empty((4, full, items))
    y = np.empty((4, full, items))
    one = np.empty((4, full, items))
    off = np.empty(full)
    on = np.empty(full)
    link = np.empty((contexts, conditions))
    folded = np.empty(conditions)
    totals = np.zeros(items)
    for band in range(bands):
        for sex in range(2):
            if (case.band >= 0 and case.band != band) or (case.sex >= 0 and case.sex != sex):
                continue
            lane_survival(net, bare, parts, band, sex, link, folded)
            lane = known[band, 0]
            lane *= net.age_prior[band] if case.band < 0 else 1.0
            lane *= net.sex_prior[sex] if case.sex < 0 else 1.0
            for j in range(items):
                x[0, 0, j] = 0.0
                x[1, 0, j] = 0.0
                x[2, 0, j] = lane * net.unnamed_prior * constant[band, 1, j]
                x[3, 0, j] = lane * (1.0 - net.unnamed_prior) * constant[band, 0, j]
                for k in range(contexts):
                    if case.context[k] == 1:
                        x[2, 0, j] *= weight[conditions + k, j]
                        x[3, 0, j] *= weight[conditions + k, j]
            for n in range(steps.shape[0]):
                kind = steps[n, 0]
                v = steps[n, 1]
                own = steps[n, 2]
                bits = steps[n, 3]
                size = 1 << steps[n, 4]
                if kind == OPEN_VERTEX:
                    q0, q1, needs = 1.0, 0.0, -1
                    if v >= conditions:
                        q0, q1, needs = _prior(net, bare, v - conditions, where[n], ONE_BENEATH)
                    for a in range(4):
                        for s in range(size):
                            sure = needs >= 0 and (s >> needs) & 1 == 0
                            p0 = 1.0 if sure else q0
                            p1 = 0.0 if sure else q1
                            for j in range(items):
                                y[a, 2 * s, j] = p0 * x[a, s, j]
                                y[a, 2 * s + 1, j] = p1 * x[a, s, j]
                    x, y = y, x
                    continue
                small = size >> bits
                low = 1 << max(own, 0)
                if kind == CONDITION:
                    _weigh_condition(
                        net, graph, parts, link, folded, v, band, sex, where[n], small, off, on
                    )
                    for a in range(4):
                        for s in range(small):
                            if bits:
                                at = (s // low) * 2 * low + s % low
                                for j in range(items):
                                    y[a, s, j] = x[a, at, j] * off[s]
                                    one[a, s, j] = x[a, at, j] * on[s] + x[a, at + low, j]
                            else:
                                for j in range(items):
                                    y[a, s, j] = x[a, s, j] * off[s]
                                    one[a, s, j] = x[a, s, j] * on[s]
                    for a in range(2):
                        for s in range(small):
                            for j in range(items):
                                one[a, s, j] = (one[a, s, j] + one[a + 2, s, j]) * weight[v, j]
                    for e in range(graph.start[v], graph.start[v + 1]):
                        u = graph.other[e]
                        if graph.kind[e] == TO_EFFECT and where[n, u] >= 0 and parts.live[e]:
                            _switch_columns(
                                one, TWO_LANES, small, items, where[n, u], net.cause[v, u]
                            )
                    for a in range(2):
                        for s in range(small):
                            for j in range(items):
                                y[a, s, j] += one[a, s, j]
                else:
                    k = v - conditions
                    q0, q1, needs = _prior(net, bare, k, where[n], NONE_BENEATH)
                    for a in range(4):
                        for s in range(small):
                            if bits:
                                at = (s // low) * 2 * low + s % low
                                for j in range(items):
                                    y[a, s, j] = x[a, at, j]
                                    one[a, s, j] = x[a, at + low, j] * weight[v, j]
                            else:
                                sure = needs >= 0 and (s >> needs) & 1 == 0
                                p0 = 1.0 if sure else q0
                                p1 = 0.0 if sure else q1
                                for j in range(items):
                                    y[a, s, j] = p0 * x[a, s, j]
                                    one[a, s, j] = p1 * x[a, s, j] * weight[v, j]
                    for e in range(graph.start[v], graph.start[v + 1]):
                        u = graph.other[e]
                        if graph.kind[e] == TO_CONDITION and where[n, u] >= 0 and parts.live[e]:
                            _switch_columns(
                                one, FOUR_LANES, small, items, where[n, u], 1.0 - link[k, u]
                            )
                    for a in range(4):
                        for s in range(small):
                            for j in range(items):
                                y[a, s, j] += one[a, s, j]
                x, y = y, x
            for j in range(items):
                totals[j] += x[0, 0, j] + x[1, 0, j] + x[2, 0, j]
    return totals


@njit
def _prior(net, case, k, where, shift):
    """(weight absent, weight present, bit of the open context it implies or -1)."""
    q1, q0 = prior_pair(net, case, k)
    d = net.implied[k]
    needs = -1
    if d >= 0 and where[net.rate.size + d] >= 0:
        needs = where[net.rate.size + d] - shift
        q1, q0 = q1 / (q1 + q0), q0 / (q1 + q0)
    return q0, q1, needs


@njit
def _switch_columns(x, lanes, size, items, base, q):
    """One cause acts on one bit with probability q, in every column."""
    half = 1 << base
    for a in range(lanes):
        for block in range(0, size, 2 * half):
            for s in range(block, block + half):
                for j in range(items):
                    low = x[a, s, j]
                    x[a, s, j] = (1.0 - q) * low
                    x[a, s + half, j] += q * low


@njit
def _weigh_condition(net, graph, parts, link, folded, i, band, sex, where, size, off, on):
    """Fill P(absent) and P(comes about) for every setting of open contexts."""
    load = net.rate[i] * net.multiplier[band, sex, i]
    off[0] = np.exp(-load)
    on[0] = -np.expm1(-load) + off[0] * (1.0 - folded[i])
    off[0] *= folded[i]
    filled = 1
    bit = 0
    while filled < size:
        factor = 1.0
        for e in range(graph.start[i], graph.start[i + 1]):
            u = graph.other[e]
            if graph.kind[e] == WITH_CONTEXT and parts.live[e] and where[u] == bit:
                factor = link[u - net.rate.size, i]
        for s in range(filled):
            on[filled + s] = on[s] + off[s] * (1.0 - factor)
            off[filled + s] = off[s] * factor
        filled *= 2
        bit += 1
