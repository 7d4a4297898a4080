"""Break the evidence into factors, whatever the order of the conditions will be."""

from __future__ import annotations

import numba
import numpy as np

from model.kernel.families import effect_of, kinds_of, merge
from model.kernel.types import BIT, MAX_FAMILY_BITS, Parts


@numba.njit(cache=True)
def decompose(net, case, fold):
    """Break the evidence into factors (see `Parts`); `fold` folds one-child contexts away."""
    conditions = net.rate.size
    contexts = net.context_prior.size
    causes = conditions + contexts
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
    most = 1
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
                bits = 0
                touched[f] = False
            most = max(most, 1 << bits)
            if bits > 0:
                factors += 1
                room += (1 << bits) * causes
                states += 1 << bits
    out_bits = np.zeros(factors, np.int64)
    start = np.zeros(factors + 1, np.int64)
    effect = np.zeros(room)
    first_state = np.zeros(factors + 1, np.int64)
    opening = np.zeros((bands, 2, states))
    closing = np.zeros(states)
    lowest = np.full(factors, -1, np.int64)
    linked = np.zeros((factors, causes), np.bool_)
    weight = np.ones(causes)
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
        constant *= factor
        if bits > 0:
            out_bits[j] = bits
            lowest[j] = field
            start[j + 1] = start[j] + size * causes
            first_state[j + 1] = first_state[j] + size
        for c in range(causes):
            if c < conditions:
                if case.condition[c] == 0:
                    continue
            elif case.context[c - conditions] == 0:
                continue
            # most causes have nothing to do with most families: leave before the work
            idle = net.graded[nodes[0]] < 0 and net.strength[c, nodes[0]] == 0.0
            if net.graded[nodes[0]] >= 0 and c >= conditions:
                idle = True
            if idle:
                if bits > 0:
                    effect[start[j] + c * size] = 1.0
                continue
            effect_of(
                net, c, nodes, kind, bit, grade, grade_bit, field, size, own, acc, scratch, vector
            )
            if bits > 0:
                for s in range(size):
                    effect[start[j] + c * size + s] = vector[s]
                linked[j, c] = vector[0] != 1.0
            else:
                weight[c] *= vector[0]
        for b in range(bands):
            for u in range(2):
                run[:size] = 0.0
                run[0] = 1.0
                effect_of(
                    net,
                    causes + 1 + b,
                    nodes,
                    kind,
                    bit,
                    grade,
                    grade_bit,
                    field,
                    size,
                    own,
                    acc,
                    scratch,
                    vector,
                )
                merge(run, vector, size, field, scratch)
                run[:size] = scratch[:size]
                if u == 1:
                    effect_of(
                        net,
                        causes,
                        nodes,
                        kind,
                        bit,
                        grade,
                        grade_bit,
                        field,
                        size,
                        own,
                        acc,
                        scratch,
                        vector,
                    )
                    merge(run, vector, size, field, scratch)
                    run[:size] = scratch[:size]
                if bits > 0:
                    for k in range(contexts):
                        if case.context[k] == 1 and linked[j, conditions + k]:
                            at = start[j] + (conditions + k) * size
                            merge(run, effect[at : at + size], size, field, scratch)
                            run[:size] = scratch[:size]
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

    # contexts: known ones become factors of survival, lonely unknown ones are folded away
    touches = np.zeros((contexts, conditions), np.bool_)
    fold_into = np.full(contexts, -1, np.int64)
    is_open = np.zeros(contexts, np.bool_)
    for k in range(contexts):
        if case.context[k] == 1:
            constant *= weight[conditions + k]
        elif case.context[k] < 0:
            is_open[k] = True
            for i in range(conditions):
                touches[k, i] = net.excess[k, i] > 0.0
    if fold:
        for implied_ones in (True, False):
            for k in range(contexts):
                if not is_open[k] or (net.implied[k] >= 0) != implied_ones:
                    continue
                busy = weight[conditions + k] != 1.0
                for f in range(factors):
                    if linked[f, conditions + k]:
                        busy = True
                for d in range(contexts):
                    if net.implied[d] == k and is_open[d]:
                        busy = True
                child = -1
                children = 0
                for i in range(conditions):
                    if touches[k, i]:
                        child = i
                        children += 1
                if busy or children > 1:
                    continue
                is_open[k] = False
                d = net.implied[k]
                if children == 1:
                    fold_into[k] = child
                    if d >= 0 and case.context[d] < 0:
                        touches[d, child] = True
                if d < 0 or case.context[d] == 1:
                    q1, q0 = prior_pair(net, case, k)
                    constant *= q1 + q0
    return Parts(
        out_bits,
        start,
        effect,
        first_state,
        opening,
        closing,
        lowest,
        linked,
        weight,
        constant,
        is_open,
        touches,
        fold_into,
        too_wide,
    )


@numba.njit(cache=True)
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


@numba.njit(cache=True)
def lane_survival(net, case, parts, band, sex, link, folded):
    """Survival factors of the contexts for one age band and sex.

    link[k, i] is what the presence of open context k leaves of condition i's chance to stay absent;
    folded[i] is the product over known and folded contexts.
    """
    conditions = net.rate.size
    contexts = net.context_prior.size
    folded[:] = 1.0
    for k in range(contexts):
        for i in range(conditions):
            link[k, i] = 1.0
            if net.excess[k, i] > 0.0 and case.context[k] != 0:
                link[k, i] = np.exp(-net.rate[i] * net.multiplier[band, sex, i] * net.excess[k, i])
                if case.context[k] == 1:
                    folded[i] *= link[k, i]
    for implied_ones in (True, False):
        for k in range(contexts):
            i = parts.fold_into[k]
            if i < 0 or (net.implied[k] >= 0) != implied_ones:
                continue
            q1, q0 = prior_pair(net, case, k)
            mixed = (q0 + q1 * link[k, i]) / (q0 + q1)
            d = net.implied[k]
            if d >= 0 and case.context[d] < 0:
                link[d, i] *= mixed
            else:
                folded[i] *= mixed
