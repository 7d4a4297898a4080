"""Break the evidence into factors, whatever the order of the vertices will be."""

from __future__ import annotations

import numpy as np

from model.compiled import njit
from model.kernel.basic import copy, fill, scale
from model.kernel.families import effect_of, kinds_of, merge
from model.kernel.types import BIT, MAX_FAMILY_BITS, TO_CONDITION, WITH_CONTEXT, Parts


@njit
def decompose(net, graph, case, fold):
    """Break the evidence into factors (see `Parts`); `fold` folds one-child contexts away."""
    conditions = net.rate.size
    contexts = net.context_prior.size
    vertices = conditions + contexts
    bands = net.age_prior.size
    families = net.family_start.size - 1
    longest = 0
    for f in range(families):
        longest = max(longest, net.family_start[f + 1] - net.family_start[f])
    kind = np.zeros(longest, np.int64)
    bit = np.zeros(longest, np.int64)
    below = np.zeros(longest, np.int64)
    soft = np.zeros(longest, np.int64)

    # first pass: how many factors, how much room
    touched = np.zeros(families, np.bool_)
    factors = 0
    room = 0
    states = 0
    most = 2
    too_wide = False
    for f in range(families):
        nodes = net.family_nodes[net.family_start[f] : net.family_start[f + 1]]
        for node in nodes:
            if case.finding[node] >= 0 or case.is_soft[node]:
                touched[f] = True
        if touched[f]:
            bits = kinds_of(net, case, nodes, kind, bit, below, soft)[0]
            if bits > MAX_FAMILY_BITS:
                too_wide = True
                touched[f] = False
                continue
            most = max(most, 1 << bits)
            if bits > 0:
                factors += 1
                room += (1 << bits) * vertices
                states += 1 << bits
    out_bits = np.zeros(factors, np.int64)
    start = np.zeros(factors + 1, np.int64)
    effect = np.zeros(room)
    first_state = np.zeros(factors + 1, np.int64)
    opening = np.zeros((bands, 2, states))
    closing = np.zeros(states)
    lowest = np.full(factors, -1, np.int64)
    linked = np.zeros((factors, vertices), np.bool_)
    weight = np.ones(vertices)
    constant = np.ones((bands, 2))
    own = np.zeros((longest, most))
    acc = np.zeros((longest, most))
    scratch = np.zeros(most)
    vector = np.zeros(most)
    run = np.zeros(most)

    j = 0
    for f in range(families):
        if not touched[f]:
            continue
        nodes = net.family_nodes[net.family_start[f] : net.family_start[f + 1]]
        bits, grade, grade_bit, field, factor = kinds_of(net, case, nodes, kind, bit, below, soft)
        size = 1 << bits
        scale(constant.ravel(), constant.size, factor)
        alone = nodes.size == 1 and net.graded[nodes[0]] < 0
        if bits > 0:
            out_bits[j] = bits
            lowest[j] = field
            start[j + 1] = start[j] + size * vertices
            first_state[j + 1] = first_state[j] + size
            for c in range(vertices):
                effect[start[j] + c * size] = 1.0
        for n in range(graph.cause_start[f], graph.cause_start[f + 1]):
            c = graph.causes[n]
            if c < conditions:
                if case.condition[c] == 0:
                    continue
            elif case.context[c - conditions] == 0:
                continue
            if alone:
                vector[0] = 1.0 - net.strength[c, nodes[0]]
                vector[1] = net.strength[c, nodes[0]]
            else:
                effect_of(
                    net, c, nodes, kind, bit, grade, grade_bit, field, size, own, acc, scratch,
                    vector,
                )  # fmt: skip
            if bits > 0:
                for s in range(size):
                    effect[start[j] + c * size + s] = vector[s]
                linked[j, c] = vector[0] != 1.0
            else:
                weight[c] *= vector[0]
        for b in range(bands):
            if case.band >= 0 and case.band != b:
                continue
            for u in range(2):
                fill(run, size, 0.0)
                run[0] = 1.0
                for turn in range(1 + u):
                    c = vertices + 1 + b if turn == 0 else vertices
                    if alone:
                        vector[0] = 1.0 - net.strength[c, nodes[0]]
                        vector[1] = net.strength[c, nodes[0]]
                    else:
                        effect_of(
                            net, c, nodes, kind, bit, grade, grade_bit, field, size, own, acc,
                            scratch, vector,
                        )  # fmt: skip
                    merge(run, vector, size, field, scratch)
                    copy(scratch, size, run)
                if bits > 0:
                    for k in range(contexts):
                        if case.context[k] == 1 and linked[j, conditions + k]:
                            at = start[j] + (conditions + k) * size
                            merge(run, effect[at : at + size], size, field, scratch)
                            copy(scratch, size, run)
                    for s in range(size):
                        opening[b, u, first_state[j] + s] = run[s]
                else:
                    constant[b, u] *= run[0]
        if bits > 0:
            for s in range(size):
                value = 1.0
                for t in range(nodes.size):
                    if kind[t] == BIT:
                        on = (s >> bit[t]) & 1
                        if soft[t]:
                            value *= case.soft_finding[nodes[t], on]
                        elif on == 0:
                            value = 0.0
                if grade_bit >= 0 and (s >> grade_bit) & 1 == 0:
                    value = 0.0
                if field >= 0:
                    value *= case.soft_finding[nodes[0], (s >> field) & 3]
                closing[first_state[j] + s] = value
            j += 1

    active, live, fold_into = contexts_left(net, graph, case, fold, linked, weight, constant)
    return Parts(
        out_bits, start, effect, first_state, opening, closing, lowest, linked, weight, constant,
        active, live, fold_into, too_wide,
    )  # fmt: skip


@njit
def contexts_left(net, graph, case, fold, linked, weight, constant):
    """Which vertices are passed, which edges need a bit, and which contexts are folded away."""
    conditions = net.rate.size
    contexts = net.context_prior.size
    factors = linked.shape[0]
    touches = np.zeros((contexts, conditions), np.bool_)
    fold_into = np.full(contexts, -1, np.int64)
    active = np.ones(conditions + contexts, np.bool_)
    for k in range(contexts):
        active[conditions + k] = case.context[k] < 0
        if case.context[k] == 1:
            scale(constant.ravel(), constant.size, weight[conditions + k])
        elif case.context[k] < 0:
            for e in range(graph.start[conditions + k], graph.start[conditions + k + 1]):
                touches[k, graph.other[e]] = net.excess[k, graph.other[e]] > 0.0
    if fold:
        for implied_ones in (True, False):
            for k in range(contexts):
                if not active[conditions + k] or (net.implied[k] >= 0) != implied_ones:
                    continue
                busy = weight[conditions + k] != 1.0
                for f in range(factors):
                    busy = busy or linked[f, conditions + k]
                for d in range(contexts):
                    if net.implied[d] == k and active[conditions + d]:
                        busy = True
                child = -1
                children = 0
                for e in range(graph.start[conditions + k], graph.start[conditions + k + 1]):
                    if touches[k, graph.other[e]]:
                        child = graph.other[e]
                        children += 1
                if busy or children > 1:
                    continue
                active[conditions + k] = False
                d = net.implied[k]
                if children == 1:
                    fold_into[k] = child
                    if d >= 0 and case.context[d] < 0:
                        touches[d, child] = True
                if d < 0 or case.context[d] == 1:
                    q1, q0 = prior_pair(net, case, k)
                    scale(constant.ravel(), constant.size, q1 + q0)
    live = np.zeros(graph.other.size, np.bool_)
    for v in range(conditions + contexts):
        for e in range(graph.start[v], graph.start[v + 1]):
            u = graph.other[e]
            if graph.kind[e] == WITH_CONTEXT:
                live[e] = active[u] and touches[u - conditions, v] and case.condition[v] != 0
            elif graph.kind[e] == TO_CONDITION:
                live[e] = active[v] and touches[v - conditions, u] and case.condition[u] != 0
            else:  # between conditions: a known cause is a factor, a known-absent effect a weight
                cause, effect = (u, v) if net.cause[u, v] > 0.0 else (v, u)
                live[e] = case.condition[cause] < 0 and case.condition[effect] != 0
    return active, live, fold_into


@njit
def prior_pair(net, case, k):
    """Weights (present, absent) of an unknown context, soft evidence and known children included.

    For a context that implies another the weights hold given that one.
    """
    q1 = net.context_prior[k] * case.soft_context[k, 1]
    q0 = (1.0 - net.context_prior[k]) * case.soft_context[k, 0]
    for d in range(net.context_prior.size):
        if net.implied[d] == k:
            if case.context[d] == 0:
                q1 *= (1.0 - net.context_prior[d]) * case.soft_context[d, 0]
            elif case.context[d] < 0:  # soft evidence on it weighs only where it can be present
                one = net.context_prior[d] * case.soft_context[d, 1]
                zero = (1.0 - net.context_prior[d]) * case.soft_context[d, 0]
                q1 *= one + zero
                q0 *= case.soft_context[d, 0]
    return q1, q0
