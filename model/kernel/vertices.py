"""Pass a vertex, a condition or an unknown context: absent, or present and acting; and back."""

from __future__ import annotations

import numpy as np

from model.compiled import njit
from model.kernel.factors import prior_pair
from model.kernel.passes import act, split, switch, switch_back, weigh
from model.kernel.types import (
    BACKWARD,
    CONDITION,
    FORWARD,
    FROM_CAUSE,
    NONE_BENEATH,
    ONE_BENEATH,
    TO_CONDITION,
    TO_EFFECT,
    WITH_CONTEXT,
)


@njit
def survival(net, graph, case, parts, link, folded, i, band, sex, where, factors, size, off, on):
    """P(condition stays absent) and P(comes about) by itself, for every setting of open contexts.

    Returns True if they vary; otherwise only entry 0 is filled.
    """
    conditions = net.rate.size
    load = net.rate[i] * net.multiplier[band, sex, i]
    absent = np.exp(-load)
    present = -np.expm1(-load)
    present += absent * (1.0 - folded[i])
    absent *= folded[i]
    varies = False
    for e in range(graph.start[i], graph.start[i + 1]):
        u = graph.other[e]
        if graph.kind[e] == FROM_CAUSE and case.condition[u] == 1:
            present += absent * net.cause[u, i]
            absent *= 1.0 - net.cause[u, i]
        if graph.kind[e] == WITH_CONTEXT and parts.live[e] and where[factors + u] >= 0:
            varies = True
    off[0] = absent
    on[0] = present
    if not varies:
        return False
    filled = 1
    bit = 0
    while filled < size:
        factor = 1.0
        for e in range(graph.start[i], graph.start[i + 1]):
            u = graph.other[e]
            if graph.kind[e] == WITH_CONTEXT and parts.live[e] and where[factors + u] == bit:
                factor = link[u - conditions, i]
        gone = 1.0 - factor
        for s in range(filled):
            on[filled + s] = on[s] + off[s] * gone
            off[filled + s] = off[s] * factor
        filled *= 2
        bit += 1
    return True


@njit
def condition_effects(net, graph, case, parts, i, u, length, where, factors, back):
    """A condition that is present acts on the conditions it leads to and that are still to come."""
    for e in range(graph.start[i], graph.start[i + 1]):
        if graph.kind[e] != TO_EFFECT:
            continue
        child = graph.other[e]
        q = net.cause[i, child]
        if parts.live[e]:
            if where[factors + child] >= 0:
                if back:
                    switch_back(u, length, where[factors + child], 1.0 - q, q)
                else:
                    switch(u, length, where[factors + child], 1.0 - q, q)
        elif case.condition[child] == 0 and case.condition[i] < 0:
            for s in range(length):
                u[s] *= 1.0 - q


@njit
def context_acts(net, graph, case, parts, link, k, x, length, where, factors, back, matrix):
    """A context that is present acts on findings and on the conditions still to come."""
    v = net.rate.size + k
    scalar = parts.weight[v]
    for e in range(graph.start[v], graph.start[v + 1]):
        if graph.kind[e] != TO_CONDITION:
            continue
        i = graph.other[e]
        if parts.live[e]:
            if where[factors + i] >= 0:
                w = link[k, i]
                if back:
                    switch_back(x, length, where[factors + i], w, 1.0 - w)
                else:
                    switch(x, length, where[factors + i], w, 1.0 - w)
        elif case.condition[i] == 0:
            scalar *= link[k, i]
    act(parts, v, x, length, where, back, matrix)
    if scalar != 1.0:
        for s in range(length):
            x[s] *= scalar


@njit
def pass_condition(
    net, graph, case, parts, i, may, x0, x1, triggered, off, on, varies, where, factors, size, u, y,
    matrix,
):  # fmt: skip
    """Pass one condition: (x0, x1) (4 size each) -> y (4 size); `may` False: only absent.

    x1 holds what an earlier context or cause has already brought about (`triggered`).
    """
    w0 = case.soft_condition[i, 0] if case.condition[i] != 1 else 0.0
    w1 = case.soft_condition[i, 1] * parts.weight[i] if case.condition[i] != 0 and may else 0.0
    if w1 != 0.0:
        if varies:
            for lane in range(2):
                for s in range(size):
                    u[lane * size + s] = (
                        w1 * on[s] * (x0[lane * size + s] + x0[(lane + 2) * size + s])
                    )
        else:
            p = w1 * on[0]
            for s in range(2 * size):
                u[s] = p * (x0[s] + x0[2 * size + s])
        if triggered:
            for s in range(2 * size):
                u[s] += w1 * (x1[s] + x1[2 * size + s])
        act(parts, i, u, 2 * size, where, FORWARD, matrix)
        condition_effects(net, graph, case, parts, i, u, 2 * size, where, factors, FORWARD)
    if varies:
        for lane in range(4):
            for s in range(size):
                y[lane * size + s] = w0 * off[s] * x0[lane * size + s]
    else:
        p = w0 * off[0]
        for s in range(4 * size):
            y[s] = p * x0[s]
    if w1 != 0.0:
        for s in range(2 * size):
            y[s] += u[s]


@njit
def condition_back(
    net, graph, case, parts, i, y, triggered, off, on, varies, where, factors, size, g, x0, x1,
    matrix,
):  # fmt: skip
    """The transpose of `pass_condition`; g (2 size) keeps the value of being present."""
    w0 = case.soft_condition[i, 0] if case.condition[i] != 1 else 0.0
    w1 = case.soft_condition[i, 1] * parts.weight[i] if case.condition[i] != 0 else 0.0
    for s in range(2 * size):
        g[s] = w1 * y[s]
    if w1 != 0.0:
        act(parts, i, g, 2 * size, where, BACKWARD, matrix)
        condition_effects(net, graph, case, parts, i, g, 2 * size, where, factors, BACKWARD)
    if varies:
        for lane in range(4):
            for s in range(size):
                x0[lane * size + s] = (
                    w0 * off[s] * y[lane * size + s] + on[s] * g[(lane % 2) * size + s]
                )
    else:
        p = w0 * off[0]
        q = on[0]
        for half in range(2):
            for s in range(2 * size):
                x0[half * 2 * size + s] = p * y[half * 2 * size + s] + q * g[s]
    if triggered:
        for s in range(2 * size):
            x1[s] = g[s]
            x1[2 * size + s] = g[s]


@njit
def being_present(x0, x1, triggered, on, varies, g, size):
    """The sum over everything in which the condition is present: forward times value."""
    total = 0.0
    if varies:
        for lane in range(2):
            for s in range(size):
                both = x0[lane * size + s] + x0[(lane + 2) * size + s]
                total += on[s] * both * g[lane * size + s]
    else:
        for s in range(2 * size):
            total += (x0[s] + x0[2 * size + s]) * g[s]
        total *= on[0]
    if triggered:
        for s in range(2 * size):
            total += (x1[s] + x1[2 * size + s]) * g[s]
    return total


@njit
def being_absent(x0, off, varies, y, size, w0):
    """The same for absence."""
    total = 0.0
    if varies:
        for lane in range(4):
            for s in range(size):
                total += off[s] * x0[lane * size + s] * y[lane * size + s]
    else:
        for s in range(4 * size):
            total += x0[s] * y[s]
        total *= off[0]
    return w0 * total


@njit
def open_vertex(net, case, v, where, factors, x, y, size):
    """Put a vertex's bit at the bottom: a condition not yet brought about, or a context's prior."""
    conditions = net.rate.size
    if v < conditions:
        for s in range(4 * size):
            y[2 * s] = x[s]
            y[2 * s + 1] = 0.0
        return
    k = v - conditions
    needs, q1, q0 = context_prior_here(net, case, k, where, factors, ONE_BENEATH)
    for lane in range(4):
        for s in range(size):
            value = x[lane * size + s]
            if needs >= 0 and (s >> needs) & 1 == 0:
                y[2 * (lane * size + s)] = value
                y[2 * (lane * size + s) + 1] = 0.0
            else:
                y[2 * (lane * size + s)] = q0 * value
                y[2 * (lane * size + s) + 1] = q1 * value


@njit
def open_vertex_back(net, case, v, where, factors, y, x, size):
    """The transpose of `open_vertex`."""
    conditions = net.rate.size
    if v < conditions:
        for s in range(4 * size):
            x[s] = y[2 * s]
        return
    k = v - conditions
    needs, q1, q0 = context_prior_here(net, case, k, where, factors, ONE_BENEATH)
    for lane in range(4):
        for s in range(size):
            at = 2 * (lane * size + s)
            if needs >= 0 and (s >> needs) & 1 == 0:
                x[lane * size + s] = y[at]
            else:
                x[lane * size + s] = q0 * y[at] + q1 * y[at + 1]


@njit
def context_prior_here(net, case, k, where, factors, shift):
    """(bit of the open context it implies or -1, weight present, weight absent)."""
    q1, q0 = prior_pair(net, case, k)
    d = net.implied[k]
    needs = -1
    if d >= 0 and where[factors + net.rate.size + d] >= 0:
        needs = where[factors + net.rate.size + d] - shift
        # the weights given the other are counted there already
        q1, q0 = q1 / (q1 + q0), q0 / (q1 + q0)
    return needs, q1, q0


@njit
def pass_vertex(
    net, graph, case, parts, link, folded, kind, v, base, bits, band, sex, may, x, y, zero, one, u,
    off, on, where, factors, small, matrix,
):  # fmt: skip
    """Pass a condition or a context: x -> y; zero and one keep the halves on the way in."""
    size = small << bits
    if kind == CONDITION:
        if bits:
            split(x, 4 * size, base, zero, one)
        else:
            zero[: 4 * size] = x[: 4 * size]
        varies = survival(
            net, graph, case, parts, link, folded, v, band, sex, where, factors, small, off, on
        )
        pass_condition(
            net, graph, case, parts, v, may, zero, one, bits == 1, off, on, varies, where, factors,
            small, u, y, matrix,
        )  # fmt: skip
        return
    k = v - net.rate.size
    if bits:
        split(x, 4 * size, base, zero, one)
    else:
        needs, q1, q0 = context_prior_here(net, case, k, where, factors, NONE_BENEATH)
        weigh(x, 4, size, needs, q0, q1, zero, one)
    y[: 4 * small] = one[: 4 * small]
    context_acts(net, graph, case, parts, link, k, y, 4 * small, where, factors, FORWARD, matrix)
    for s in range(4 * small):
        y[s] += zero[s]
