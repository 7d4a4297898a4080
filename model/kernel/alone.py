"""The probability of each known item by itself, all items in one narrow pass.

A single item never needs a bit: that it is absent (or at most some grade) is a product over causes,
and that it is present is the rest. So one pass over the vertices with one column per item, its
vector indexed only by open contexts and conditions, gives them all. Columns stand side by side,
filled up to a multiple of eight.
"""

from __future__ import annotations

import numpy as np

from model.compiled import njit
from model.kernel.factors import contexts_left
from model.kernel.planning import choose, demand_of
from model.kernel.program import lane_of, program
from model.kernel.types import (
    ALWAYS,
    ANY_ORDER,
    BLOCK,
    CONDITION,
    NOT_GROUPED,
    OPEN_VERTEX,
    Case,
    Parts,
)
from model.kernel.vectors import add8, pair8, put8, times8
from model.kernel.vertices import survive


@njit
def implied(net, case, f):
    """Whether a known finding says this one: what refines it is there, or what it refines is not.

    A grade is not implied; one that a finding does not refine denies that finding.
    """
    parent = net.parent[f]
    if parent >= 0 and case.finding[parent] >= 0:
        if net.graded[parent] < 0:
            said = case.finding[parent] == 0
        else:
            said = not (net.reach[f] >> case.finding[parent]) & 1
        if said:
            return True
    if net.graded[f] < 0 and case.finding[f] == 1:
        for child in range(net.parent.size):
            if net.parent[child] == f and case.finding[child] == 1:
                return True
    return False


@njit
def items_alone(net, graph, case, library):
    """(log P(complaint | given), sum over items of log P(item | complaint, given)).

    Given are age, sex and contexts, as far as known; items are findings and conditions, hard or
    soft, each fact once: what another item implies is left out.
    """
    conditions = net.rate.size
    vertices = conditions + net.context_prior.size
    bands = net.age_prior.size
    findings = net.parent.size
    asked = np.zeros(findings, np.bool_)
    also = np.zeros(conditions, np.bool_)
    items = 1
    for f in range(findings):
        asked[f] = (case.finding[f] >= 0 and not implied(net, case, f)) or case.is_soft[f]
        if asked[f]:
            items += net.grades[f] if net.graded[f] >= 0 else 1
    for i in range(conditions):
        soft = case.soft_condition[i, 0] != 1.0 or case.soft_condition[i, 1] != 1.0
        also[i] = case.condition[i] >= 0 or soft
        items += also[i]
    columns = (items + BLOCK - 1) // BLOCK * BLOCK
    weight = np.ones((vertices, columns))
    constant = np.ones((bands, 2, columns))
    at = 1
    for f in range(findings):
        if asked[f]:
            g = net.graded[f]
            for c in range(net.grades[f] if g >= 0 else 1):
                for v in range(vertices):
                    weight[v, at] = graph.below[v, g, c] if g >= 0 else 1.0 - graph.shown[v, f]
                shares = graph.below[vertices:, g, c] if g >= 0 else 1.0 - graph.shown[vertices:, f]
                for b in range(bands):
                    constant[b, 0, at] = shares[1 + b]
                    constant[b, 1, at] = shares[1 + b] * shares[0]
                at += 1
    for i in range(conditions):
        if also[i]:
            weight[i, at] = 0.0
            at += 1
    totals = _columns(net, graph, case, library, weight, constant)

    base = totals[0]
    alone = 0.0
    at = 1
    for f in range(findings):
        if asked[f]:
            graded = net.graded[f] >= 0
            count = net.grades[f] if graded else 2
            chance = 0.0
            for c in range(count):  # P(at most grade c), less P(at most the grade below)
                share = totals[at + c] if c < count - 1 else base
                share -= totals[at + c - 1] if c > 0 else 0.0
                if case.is_soft[f]:
                    chance += case.soft_finding[f, c] * share / base
                elif case.finding[f] == c:
                    chance = share / base
            alone += np.log(chance)
            at += count if graded else 1
    for i in range(conditions):
        if also[i]:
            absent, present = totals[at] / base, (base - totals[at]) / base
            if case.condition[i] >= 0:
                chance = present if case.condition[i] == 1 else absent
            else:
                chance = case.soft_condition[i, 0] * absent + case.soft_condition[i, 1] * present
            alone += np.log(chance)
            at += 1
    return np.log(base), alone


@njit
def _columns(net, graph, case, library, weight, constant):
    """P(complaint, everything weighed) for every column."""
    conditions = net.rate.size
    contexts = net.context_prior.size
    vertices = conditions + contexts
    bands = net.age_prior.size
    n8 = weight.shape[1]
    condition = np.full(conditions, -1, np.int8)
    bare = Case(
        case.finding, case.is_soft, case.soft_finding, case.context, case.soft_context, condition,
        np.ones((conditions, 2)), case.band, case.sex,
    )  # fmt: skip
    linked = np.zeros((1, vertices), np.bool_)
    for k in range(contexts):
        for j in range(n8):
            if weight[conditions + k, j] != 1.0:
                linked[0, conditions + k] = True
    unit = np.ones(vertices)
    known = np.ones((bands, 2))
    active, live, fold_into = contexts_left(net, graph, bare, ALWAYS, linked, unit, known)
    none = np.zeros(0, np.int64)
    parts = Parts(
        none, np.zeros(1, np.int64), np.zeros(0), np.zeros(1, np.int64), np.zeros((bands, 2, 0)),
        np.zeros(0), none, np.zeros((0, vertices), np.bool_), unit, known, active, live, fold_into,
        False,
    )  # fmt: skip
    demand = demand_of(net, graph, parts)
    best = choose(net, parts, demand, library, NOT_GROUPED, ANY_ORDER)[0]
    plan = program(net, graph, bare, parts, demand, library.order[best], library.place[best])
    steps, coefficient = plan.steps, plan.coefficient
    widest = 0
    for n in range(steps.shape[0]):
        widest = max(widest, steps[n, 4] + (1 if steps[n, 0] == OPEN_VERTEX else 0))
    full = 1 << widest
    x = np.empty(4 * full * n8)
    y = np.empty(4 * full * n8)
    one = np.empty(4 * full * n8)
    off = np.empty(full)
    on = np.empty(full)
    totals = np.zeros(n8)
    flat = weight.ravel()
    for band in range(bands):
        for sex in range(2):
            if (case.band >= 0 and case.band != band) or (case.sex >= 0 and case.sex != sex):
                continue
            lane = lane_of(net, bare, parts, plan, band, sex)
            share = known[band, 0]
            share *= net.age_prior[band] if case.band < 0 else 1.0
            share *= net.sex_prior[sex] if case.sex < 0 else 1.0
            for j in range(n8):
                x[j] = 0.0
                x[n8 + j] = 0.0
                x[2 * n8 + j] = share * net.unnamed_prior * constant[band, 1, j]
                x[3 * n8 + j] = share * (1.0 - net.unnamed_prior) * constant[band, 0, j]
                for k in range(contexts):
                    if case.context[k] == 1:
                        x[2 * n8 + j] *= weight[conditions + k, j]
                        x[3 * n8 + j] *= weight[conditions + k, j]
            for n in range(steps.shape[0]):
                kind, v, own, bits, width = steps[n]
                size = 1 << width
                low = 1 << max(own, 0)
                q0, q1, needs = plan.weights[n, 0], plan.weights[n, 1], plan.needs[n]
                if kind == OPEN_VERTEX:
                    for s in range(4 * size):
                        t = (s // low) * 2 * low + s % low
                        sure = needs >= 0 and (t >> needs) & 1 == 0
                        _put(y, t, 1.0 if sure else q0, x, s, n8)
                        _put(y, t + low, 0.0 if sure else q1, x, s, n8)
                    x, y = y, x
                    continue
                small = size >> bits
                lanes = 2 if kind == CONDITION else 4
                if kind == CONDITION:
                    off[0] = lane.off[n]
                    on[0] = lane.on[n]
                    varies = survive(
                        plan.hold, plan.hold_start[n], plan.hold_start[n + 1], coefficient, small,
                        off, on,
                    )  # fmt: skip
                for s in range(4 * small):
                    t = (s // low) * 2 * low + s % low if bits else s
                    if kind == CONDITION:
                        setting = s % small if varies else 0
                        _put(y, s, off[setting], x, t, n8)
                        if s < 2 * small:
                            other = t + 2 * size
                            _put(one, s, on[setting], x, t, n8)
                            _add(one, s, on[setting], x, other, n8)
                            if bits:
                                _add(one, s, 1.0, x, t + low, n8)
                                _add(one, s, 1.0, x, other + low, n8)
                    elif bits:
                        _put(y, s, 1.0, x, t, n8)
                        _put(one, s, 1.0, x, t + low, n8)
                    else:
                        sure = needs >= 0 and (s >> needs) & 1 == 0
                        _put(y, s, 1.0 if sure else q0, x, s, n8)
                        _put(one, s, 0.0 if sure else q1, x, s, n8)
                for s in range(lanes * small):
                    for j in range(0, n8, BLOCK):
                        times8(one, s * n8 + j, one, s * n8 + j, flat, v * n8 + j)
                for a in range(plan.act_start[n], plan.act_start[n + 1]):
                    q = coefficient[plan.act[a, 2] + 1]
                    _switch(one, lanes * small, plan.act[a, 0], q, n8)
                for s in range(lanes * small):
                    _add(y, s, 1.0, one, s, n8)
                x, y = y, x
            for j in range(n8):
                totals[j] += x[j] + x[n8 + j] + x[2 * n8 + j]
    return totals


@njit
def _put(y, j, w, x, i, n8):
    """Row j of y becomes w times row i of x."""
    for t in range(0, n8, BLOCK):
        put8(y, j * n8 + t, w, x, i * n8 + t)


@njit
def _add(y, j, w, x, i, n8):
    """Row j of y gains w times row i of x."""
    for t in range(0, n8, BLOCK):
        add8(y, j * n8 + t, w, x, i * n8 + t)


@njit
def _switch(x, size, base, q, n8):
    """One cause acts on one bit with probability q, in every column."""
    half = 1 << base
    for block in range(0, size, 2 * half):
        for s in range(block * n8, (block + half) * n8, BLOCK):
            pair8(x, s, s + half * n8, 1.0 - q, 0.0, q, 1.0)
