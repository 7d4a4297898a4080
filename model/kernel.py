"""The compiled core: exact posteriors by one pass forward and one backward over the conditions.

Conditions are passed one at a time in a given order, each either absent or present and then switching
on what it causes. A vector runs along, indexed by the subsets of open *bits*: findings somebody still
has to explain, contexts still unknown, conditions that later conditions depend on. Every term is a
product or a sum of non-negative numbers, so nothing cancels. `docs/engine.md` has the mathematics.

Four lanes stand side by side in the vector (`some` = the first two, `none` = the last two):

    A  unnamed cause present, some condition so far      B  unnamed cause absent, some condition so far
    C  unnamed cause present, no condition so far        D  unnamed cause absent, no condition so far

so that A + B + C is P(evidence, complaint) at the end and C its unexplained part. Unknown age and sex
are summed outside. Numba caches what it compiles next to this file, or in NUMBA_CACHE_DIR.
"""
# The functions below take tuples of arrays; their types are numba's business.
# mypy: disable-error-code="no-untyped-def,no-untyped-call"

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

#: Kinds of steps in a program.
OPEN_FINDING, OPEN_CONTEXT, CONDITION, CLOSE_FINDING, CLOSE_SUM = range(5)

#: What a node of a family says: nothing; absent; a bit that must (or may) be switched on.
FREE, ABSENT, BIT = range(3)

#: Bits a single family may need; the largest family shipped needs six.
MAX_FAMILY_BITS = 10

#: Rescale when the largest entry falls below this power of two.
TINY = 2.0**-200


class Net(NamedTuple):
    """A parameter set as the kernel reads it (see `model.parameters` for the axes).

    Causes are numbered: conditions 0..N-1, contexts N..N+K-1, the unnamed cause N+K, the leak in age
    band b N+K+1+b.
    """

    parent: NDArray[np.int64]
    grades: NDArray[np.int64]
    graded: NDArray[np.int64]
    reach: NDArray[np.int64]
    family_start: NDArray[np.int64]
    family_nodes: NDArray[np.int64]
    strength: NDArray[np.float64]
    row: NDArray[np.float64]
    multiplier: NDArray[np.float64]
    excess: NDArray[np.float64]
    cause: NDArray[np.float64]
    rate: NDArray[np.float64]
    implied: NDArray[np.int64]
    context_prior: NDArray[np.float64]
    age_prior: NDArray[np.float64]
    sex_prior: NDArray[np.float64]
    unnamed_prior: float


class Case(NamedTuple):
    """One patient's evidence as codes: -1 unknown, 0 absent (or lowest grade), 1 present, grade.

    soft_finding (F, 4), soft_context (K, 2) and soft_condition (N, 2) are likelihoods; a finding uses
    its soft row only where `is_soft` is 1 (its code is then -1).
    """

    finding: NDArray[np.int8]
    is_soft: NDArray[np.int8]
    soft_finding: NDArray[np.float64]
    context: NDArray[np.int8]
    soft_context: NDArray[np.float64]
    condition: NDArray[np.int8]
    soft_condition: NDArray[np.float64]
    band: int
    sex: int


class Parts(NamedTuple):
    """Evidence broken into factors, independent of the order of conditions.

    Families with open bits ("factors") come with their effect vectors; everything else is weights.
    """

    bits: NDArray[np.int64]  # (J,) bits of each factor
    start: NDArray[np.int64]  # (J + 1,) where its effect vectors start; (N + K) vectors each
    effect: NDArray[np.float64]  # flat effect vectors
    first_state: NDArray[np.int64]  # (J + 1,) where its opening and closing vectors start
    opening: NDArray[np.float64]  # (B, 2, states) by age band and unnamed cause present
    closing: NDArray[np.float64]  # (states,)
    lowest: NDArray[np.int64]  # (J,) bit field of a soft grade (-1 for none): combine by maximum
    linked: NDArray[np.bool_]  # (J, N + K)
    weight: NDArray[np.float64]  # (N + K,) factor on the present branch
    constant: NDArray[np.float64]  # (B, 2) factor on everything
    context_open: NDArray[np.bool_]  # (K,) unknown and not folded away
    touches: NDArray[np.bool_]  # (K, N) an open context bears on a condition
    fold_into: NDArray[np.int64]  # (K,) condition a lonely context is folded into, -1 for none
    too_wide: bool


@numba.njit(cache=True)
def _merge(left, right, size, field, out):
    """out[combine(a, b)] += left[a] right[b]; `field` holds a grade to be maximised, not OR-ed."""
    out[:size] = 0.0
    for a in range(size):
        if left[a] != 0.0:
            for b in range(size):
                if right[b] != 0.0:
                    out[combine(a, b, field)] += left[a] * right[b]


@numba.njit(cache=True)
def combine(a, b, field):
    """The state after two causes: bits are OR-ed, a two-bit grade field takes the larger."""
    if field < 0:
        return a | b
    mask = 3 << field
    return ((a | b) & ~mask) | max(a & mask, b & mask)


@numba.njit(cache=True)
def _effect(net, cause, nodes, kind, bit, grade, grade_bit, field, size, own, acc, scratch, out):
    """Distribution over the states one cause produces, given that it is present.

    nodes: the family, root first; kind, bit: per node; grade: the hard grade of a graded root (-1
    unknown), grade_bit: its bit (-1 none), field: the two-bit field of a soft grade (-1 none).
    """
    count = nodes.size
    for t in range(count):
        acc[t, :size] = 0.0
        acc[t, 0] = 1.0
    for t in range(count - 1, -1, -1):
        node = nodes[t]
        if t == 0 and net.graded[node] >= 0:
            break
        p = net.strength[cause, node]
        own[t, :size] = 0.0
        own[t, 0] = 1.0 - p
        if kind[t] == FREE:
            for s in range(size):
                own[t, s] += p * acc[t, s]
        elif kind[t] == BIT:
            for s in range(size):
                if acc[t, s] != 0.0:
                    own[t, s | (1 << bit[t])] += p * acc[t, s]
        if t > 0:
            parent = net.parent[node]
            if net.graded[parent] < 0:
                for up in range(t):
                    if nodes[up] == parent:
                        _merge(acc[up], own[t], size, -1, scratch)
                        acc[up, :size] = scratch[:size]
    if net.graded[nodes[0]] < 0:
        out[:size] = own[0, :size]
        return
    out[:size] = 0.0
    g = net.graded[nodes[0]]
    for value in range(net.grades[nodes[0]]):
        share = net.row[cause, g, value]
        if share == 0.0 or (grade >= 0 and value > grade):
            continue
        acc[0, :size] = 0.0
        acc[0, 0] = 1.0
        for t in range(1, count):
            node = nodes[t]
            if net.parent[node] == nodes[0] and (net.reach[node] >> value) & 1:
                _merge(acc[0], own[t], size, -1, scratch)
                acc[0, :size] = scratch[:size]
        mark = 0
        if grade_bit >= 0 and value == grade:
            mark = 1 << grade_bit
        if field >= 0:
            mark = value << field
        for s in range(size):
            if acc[0, s] != 0.0:
                out[s | mark] += share * acc[0, s]


@numba.njit(cache=True)
def _kinds(net, case, nodes, kind, bit, below, closing_soft):
    """What each node of a family says. Returns (bits, grade, grade_bit, field, constant).

    closing_soft[t] is 1 where a bit is closed with its likelihoods instead of being required.
    """
    count = nodes.size
    constant = 1.0
    # `below`: a hard present item stands underneath
    for t in range(count):
        below[t] = 0
    for t in range(count - 1, 0, -1):
        here = case.finding[nodes[t]] == 1 or below[t] == 1
        if here:
            for up in range(t):
                if nodes[up] == net.parent[nodes[t]]:
                    below[up] = 1
    bits = 0
    for t in range(count):
        node = nodes[t]
        kind[t] = FREE
        bit[t] = -1
        closing_soft[t] = 0
        if t == 0 and net.graded[node] >= 0:
            continue
        dead = False
        for up in range(t):
            if nodes[up] == net.parent[node] and kind[up] == ABSENT:
                dead = True
        if dead:
            kind[t] = ABSENT
            if case.is_soft[node]:
                constant *= case.soft_finding[node, 0]
            continue
        if case.is_soft[node]:
            if below[t]:
                constant *= case.soft_finding[node, 1]
            else:
                kind[t] = BIT
                closing_soft[t] = 1
        elif case.finding[node] == 0:
            kind[t] = ABSENT
        elif case.finding[node] == 1 and not below[t]:
            kind[t] = BIT
        if kind[t] == BIT:
            bit[t] = bits
            bits += 1
    grade = -1
    grade_bit = -1
    field = -1
    root = nodes[0]
    if net.graded[root] >= 0:
        if case.is_soft[root]:
            field = bits
            bits += 2
        elif case.finding[root] >= 0:
            grade = case.finding[root]
            follows = grade == 0
            for t in range(1, count):
                node = nodes[t]
                present = (case.finding[node] == 1 and not case.is_soft[node]) or below[t] == 1
                if net.parent[node] == root and present:
                    lower = net.reach[node] & ((1 << grade) - 1)
                    if lower == 0:
                        follows = True
            if not follows:
                grade_bit = bits
                bits += 1
    return bits, grade, grade_bit, field, constant


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
            bits = _kinds(net, case, nodes, kind, bit, below, soft)[0]
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
        bits, grade, grade_bit, field, factor = _kinds(net, case, nodes, kind, bit, below, soft)
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
            _effect(
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
                _effect(
                    net, causes + 1 + b, nodes, kind, bit, grade, grade_bit, field, size, own, acc,
                    scratch, vector,
                )
                _merge(run, vector, size, field, scratch)
                run[:size] = scratch[:size]
                if u == 1:
                    _effect(
                        net, causes, nodes, kind, bit, grade, grade_bit, field, size, own, acc,
                        scratch, vector,
                    )
                    _merge(run, vector, size, field, scratch)
                    run[:size] = scratch[:size]
                if bits > 0:
                    for k in range(contexts):
                        if case.context[k] == 1 and linked[j, conditions + k]:
                            at = start[j] + (conditions + k) * size
                            _merge(run, effect[at : at + size], size, field, scratch)
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
        out_bits, start, effect, first_state, opening, closing, lowest, linked, weight, constant,
        is_open, touches, fold_into, too_wide,
    )


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
def spans(net, case, parts, place, first, last):
    """First and last place in the order at which each item is open.

    Items: factors 0..J-1, contexts J..J+K-1, conditions J+K..J+K+N-1. An item that is never open has
    first > last.
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
    """Steps (multiply-adds, about) and bytes one pass needs in this order, and its widest vector."""
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
            if first[j] <= at and at <= last[j]:
                width += parts.bits[j]
                if parts.linked[j, i]:
                    work += 1.5 ** parts.bits[j] * 1.0
        for item in range(factors, factors + contexts + conditions):
            if first[item] <= at and at <= last[item]:
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


@numba.njit(cache=True)
def _survival(
    net, case, parts, link, folded, i, band, sex, where, factors, size, absent, present
):
    """P(condition absent) and P(present) for every setting of the open contexts and causes.

    Returns True if they vary; otherwise only entry 0 is filled.
    """
    conditions = net.rate.size
    contexts = net.context_prior.size
    load = net.rate[i] * net.multiplier[band, sex, i]
    off = np.exp(-load)
    on = -np.expm1(-load)
    on += off * (1.0 - folded[i])
    off *= folded[i]
    varies = False
    for j in range(conditions):
        if net.cause[j, i] > 0.0 and case.condition[j] == 1:
            on += off * net.cause[j, i]
            off *= 1.0 - net.cause[j, i]
    for k in range(contexts):
        if where[factors + k] >= 0 and parts.touches[k, i]:
            varies = True
    for j in range(conditions):
        if net.cause[j, i] > 0.0 and where[factors + contexts + j] >= 0:
            varies = True
    absent[0] = off
    present[0] = on
    if not varies:
        return False
    filled = 1
    while filled < size:
        factor = 1.0
        for k in range(contexts):
            if where[factors + k] >= 0 and (1 << where[factors + k]) == filled:
                factor = link[k, i]
        for j in range(conditions):
            spot = where[factors + contexts + j]
            if spot >= 0 and (1 << spot) == filled:
                factor = 1.0 - net.cause[j, i]
        for s in range(filled):
            present[filled + s] = present[s] + absent[s] * (1.0 - factor)
            absent[filled + s] = absent[s] * factor
        filled *= 2
    return True


@numba.njit(cache=True)
def _switch(x, length, base, q0, q1):
    """One cause acts on one bit."""
    half = 1 << base
    both = q0 + q1
    for block in range(0, length, 2 * half):
        for s in range(block, block + half):
            low = x[s]
            x[s] = q0 * low
            x[s + half] = q1 * low + both * x[s + half]


@numba.njit(cache=True)
def _switch_back(x, length, base, q0, q1):
    """The transpose of `_switch`."""
    half = 1 << base
    both = q0 + q1
    for block in range(0, length, 2 * half):
        for s in range(block, block + half):
            high = x[s + half]
            x[s] = q0 * x[s] + q1 * high
            x[s + half] = both * high


@numba.njit(cache=True)
def _spread(x, length, base, bits, field, vector, back, tmp):
    """One cause acts on a family of several bits (or, with `back`, the transpose of that)."""
    size = 1 << bits
    low = 1 << base
    for block in range(0, length, low * size):
        for s in range(block, block + low):
            for a in range(size):
                tmp[a] = 0.0
            for e in range(size):
                if vector[e] == 0.0:
                    continue
                for a in range(size):
                    target = combine(a, e, field)
                    if back:
                        tmp[a] += vector[e] * x[s + target * low]
                    else:
                        tmp[target] += vector[e] * x[s + a * low]
            for a in range(size):
                x[s + a * low] = tmp[a]


@numba.njit(cache=True)
def _act(parts, cause, x, length, where, causes, back, tmp):
    """Let one cause act on every open factor it is linked to."""
    for j in range(parts.bits.size):
        if where[j] >= 0 and parts.linked[j, cause]:
            size = 1 << parts.bits[j]
            at = parts.start[j] + cause * size
            if size == 2:
                if back:
                    _switch_back(x, length, where[j], parts.effect[at], parts.effect[at + 1])
                else:
                    _switch(x, length, where[j], parts.effect[at], parts.effect[at + 1])
            else:
                _spread(
                    x, length, where[j], parts.bits[j], parts.lowest[j],
                    parts.effect[at : at + size], back, tmp,
                )


@numba.njit(cache=True)
def _rescale(x, length):
    """Keep the largest entry near one; returns the power of two taken out."""
    largest = 0.0
    for s in range(length):
        largest = max(largest, x[s])
    if largest >= TINY or largest == 0.0:
        return 0
    power = int(np.floor(np.log2(largest)))
    factor = 2.0**-power
    for s in range(length):
        x[s] *= factor
    return power


@numba.njit(cache=True)
def _open_finding(parts, j, band, x, y, size):
    """Append a factor's bits, each lane with its own opening vector: x (4 size) -> y."""
    states = 1 << parts.bits[j]
    at = parts.first_state[j]
    for lane in range(4):
        unnamed = 1 if lane % 2 == 0 else 0
        for state in range(states):
            value = parts.opening[band, unnamed, at + state]
            to = (lane * states + state) * size
            for s in range(size):
                y[to + s] = value * x[lane * size + s]


@numba.njit(cache=True)
def _open_finding_back(parts, j, band, y, x, size):
    """The transpose of `_open_finding`."""
    states = 1 << parts.bits[j]
    at = parts.first_state[j]
    for lane in range(4):
        unnamed = 1 if lane % 2 == 0 else 0
        for s in range(size):
            x[lane * size + s] = 0.0
        for state in range(states):
            value = parts.opening[band, unnamed, at + state]
            to = (lane * states + state) * size
            for s in range(size):
                x[lane * size + s] += value * y[to + s]


@numba.njit(cache=True)
def _close(x, y, size, base, states, closing):
    """Sum out a block of bits with closing weights: x (4 size) -> y (4 size / states)."""
    low = 1 << base
    small = size // states
    for lane in range(4):
        for s in range(small):
            source = lane * size + (s // low) * low * states + s % low
            total = 0.0
            for state in range(states):
                if closing[state] != 0.0:
                    total += closing[state] * x[source + state * low]
            y[lane * small + s] = total


@numba.njit(cache=True)
def _close_back(y, x, size, base, states, closing):
    """The transpose of `_close`."""
    low = 1 << base
    small = size // states
    for lane in range(4):
        for s in range(small):
            source = lane * size + (s // low) * low * states + s % low
            for state in range(states):
                x[source + state * low] = closing[state] * y[lane * small + s]


@numba.njit(cache=True)
def _open_context(net, case, parts, k, where, x, y, size, causes, tmp):
    """Append the bit of an unknown context and let it act on the findings it causes."""
    conditions = net.rate.size
    factors = parts.bits.size
    q1, q0 = prior_pair(net, case, k)
    d = net.implied[k]
    needs = where[factors + d] if d >= 0 else -1
    present = parts.weight[conditions + k]
    if needs >= 0:  # its weights given the other are counted there already
        q1, q0 = q1 / (q1 + q0), q0 / (q1 + q0)
    for lane in range(4):
        for s in range(size):
            value = x[lane * size + s]
            one = q1 * present
            zero = q0
            if needs >= 0 and (s >> needs) & 1 == 0:
                one = 0.0
                zero = 1.0
            y[lane * 2 * size + s] = zero * value
            y[lane * 2 * size + size + s] = one * value
        upper = y[lane * 2 * size + size : (lane + 1) * 2 * size]
        _act(parts, conditions + k, upper, size, where, causes, False, tmp)


@numba.njit(cache=True)
def _open_context_back(net, case, parts, k, where, y, x, size, causes, tmp):
    """The transpose of `_open_context`."""
    conditions = net.rate.size
    factors = parts.bits.size
    q1, q0 = prior_pair(net, case, k)
    d = net.implied[k]
    needs = where[factors + d] if d >= 0 else -1
    present = parts.weight[conditions + k]
    if needs >= 0:  # its weights given the other are counted there already
        q1, q0 = q1 / (q1 + q0), q0 / (q1 + q0)
    for lane in range(4):
        upper = y[lane * 2 * size + size : (lane + 1) * 2 * size]
        _act(parts, conditions + k, upper, size, where, causes, True, tmp)
        for s in range(size):
            one = q1 * present
            zero = q0
            if needs >= 0 and (s >> needs) & 1 == 0:
                one = 0.0
                zero = 1.0
            x[lane * size + s] = (
                zero * y[lane * 2 * size + s] + one * y[lane * 2 * size + size + s]
            )


@numba.njit(cache=True)
def _condition(net, case, parts, i, varies, absent, present, where, x, y, size, bit, causes, tmp, may):
    """Pass one condition: x (4 size) -> y (4 size, or 8 size when its own bit opens).

    `may` False leaves the present branch out (for the probability of a group).
    """
    w0 = case.soft_condition[i, 0] if case.condition[i] != 1 else 0.0
    w1 = case.soft_condition[i, 1] * parts.weight[i] if case.condition[i] != 0 and may else 0.0
    u = np.empty(2 * size)
    for lane in range(2):
        for s in range(size):
            p = present[s] if varies else present[0]
            u[lane * size + s] = w1 * p * (x[lane * size + s] + x[(lane + 2) * size + s])
    if w1 != 0.0:
        _act(parts, i, u, 2 * size, where, causes, False, tmp)
    for lane in range(4):
        for s in range(size):
            p = w0 * (absent[s] if varies else absent[0])
            stay = p * x[lane * size + s]
            if bit:
                y[lane * 2 * size + s] = stay
                y[lane * 2 * size + size + s] = u[lane * size + s] if lane < 2 else 0.0
            else:
                y[lane * size + s] = stay + (u[lane * size + s] if lane < 2 else 0.0)


@numba.njit(cache=True)
def _condition_back(
    net, case, parts, i, varies, absent, present, where, y, x, g, size, bit, causes, tmp
):
    """The transpose of `_condition`; g (2 size) keeps the present branch's value."""
    w0 = case.soft_condition[i, 0] if case.condition[i] != 1 else 0.0
    w1 = case.soft_condition[i, 1] * parts.weight[i] if case.condition[i] != 0 else 0.0
    step = 2 * size if bit else size
    shift = size if bit else 0
    for lane in range(2):
        for s in range(size):
            g[lane * size + s] = w1 * y[lane * step + shift + s]
    if w1 != 0.0:
        _act(parts, i, g, 2 * size, where, causes, True, tmp)
    for lane in range(4):
        for s in range(size):
            off = w0 * (absent[s] if varies else absent[0])
            on = present[s] if varies else present[0]
            x[lane * size + s] = off * y[lane * step + s] + on * g[(lane % 2) * size + s]


@numba.njit(cache=True)
def run(net, case, parts, steps, where, groups, backward):
    """Run one program. Returns everything in units of 2**exponent:

    exponent, total P(evidence, complaint), unexplained, lanes (B, 2) of the total by age and sex,
    present (N,), absent (N,), group (len(groups),), context present (K,).

    groups: (M, N) boolean membership. backward False gives the total and unexplained only.
    """
    conditions = net.rate.size
    contexts = net.context_prior.size
    factors = parts.bits.size
    causes = conditions + contexts
    bands = net.age_prior.size
    count = steps.shape[0]
    widest = 0
    biggest = 1
    room = np.zeros(count + 1, np.int64)
    for n in range(count):
        size = 1 << steps[n, 4]
        widest = max(widest, steps[n, 4] + steps[n, 3])
        room[n + 1] = room[n] + (size if steps[n, 0] == CONDITION else 0)
    for j in range(factors):
        biggest = max(biggest, 1 << parts.bits[j])
    full = 1 << widest
    x = np.empty(4 * full)
    y = np.empty(4 * full)
    absent = np.empty(full)
    present = np.empty(full)
    tmp = np.empty(biggest)
    ones = np.ones(2)
    link = np.empty((contexts, conditions))
    folded = np.empty(conditions)
    stored = np.empty(4 * room[count] if backward else 1)
    values = np.empty(2 * room[count] if backward else 1)
    forward_power = np.zeros(count + 1, np.int64)
    backward_power = np.zeros(count + 1, np.int64)

    exponent = 0
    total = 0.0
    unexplained = 0.0
    by_lane = np.zeros((bands, 2))
    out_present = np.zeros(conditions)
    out_absent = np.zeros(conditions)
    out_group = np.zeros(groups.shape[0])
    out_context = np.zeros(contexts)
    started = False
    for band in range(bands):
        for sex in range(2):
            if (case.band >= 0 and case.band != band) or (case.sex >= 0 and case.sex != sex):
                continue
            lane_survival(net, case, parts, band, sex, link, folded)
            lane_weight = net.age_prior[band] if case.band < 0 else 1.0
            lane_weight *= net.sex_prior[sex] if case.sex < 0 else 1.0
            x[0] = 0.0
            x[1] = 0.0
            x[2] = lane_weight * net.unnamed_prior * parts.constant[band, 1]
            x[3] = lane_weight * (1.0 - net.unnamed_prior) * parts.constant[band, 0]
            # a factor no condition or open context is linked to is the leak's alone
            for j in range(factors):
                seen = False
                for n in range(count):
                    if steps[n, 0] == OPEN_FINDING and steps[n, 1] == j:
                        seen = True
                if not seen:
                    for lane in range(4):
                        share = 0.0
                        for s in range(parts.first_state[j], parts.first_state[j + 1]):
                            share += parts.opening[band, 1 - lane % 2, s] * parts.closing[s]
                        x[lane] *= share
            power = _rescale(x, 4)
            for n in range(count):
                kind, item, base, bits, width = steps[n]
                size = 1 << width
                forward_power[n] = power
                if kind == OPEN_FINDING:
                    _open_finding(parts, item, band, x, y, size)
                    x, y = y, x
                elif kind == OPEN_CONTEXT:
                    _open_context(
                        net, case, parts, item - factors, where[n], x, y, size, causes, tmp
                    )
                    x, y = y, x
                elif kind == CONDITION:
                    if backward:
                        at = 4 * room[n]
                        for s in range(4 * size):
                            stored[at + s] = x[s]
                    varies = _survival(
                        net, case, parts, link, folded, item, band, sex, where[n], factors, size,
                        absent, present,
                    )
                    _condition(
                        net, case, parts, item, varies, absent, present, where[n], x, y, size,
                        bits, causes, tmp, True,
                    )
                    x, y = y, x
                    power += _rescale(x, 4 * size * (1 + bits))
                elif kind == CLOSE_FINDING:
                    closing = parts.closing[parts.first_state[item] : parts.first_state[item + 1]]
                    _close(x, y, size, base, 1 << bits, closing)
                    x, y = y, x
                else:
                    _close(x, y, size, base, 2, ones)
                    x, y = y, x
            lane_total = x[0] + x[1] + x[2]
            if not started:
                exponent = power
                started = True
            scale = 2.0 ** (power - exponent)
            total += lane_total * scale
            unexplained += x[2] * scale
            by_lane[band, sex] += lane_total * scale
            if not backward:
                continue

            x[0] = 1.0
            x[1] = 1.0
            x[2] = 1.0
            x[3] = 0.0
            power = 0
            for n in range(count - 1, -1, -1):
                kind, item, base, bits, width = steps[n]
                size = 1 << width
                if kind == OPEN_FINDING:
                    _open_finding_back(parts, item, band, x, y, size)
                    x, y = y, x
                elif kind == OPEN_CONTEXT:
                    _open_context_back(
                        net, case, parts, item - factors, where[n], x, y, size, causes, tmp
                    )
                    x, y = y, x
                elif kind == CONDITION:
                    varies = _survival(
                        net, case, parts, link, folded, item, band, sex, where[n], factors, size,
                        absent, present,
                    )
                    g = values[2 * room[n] : 2 * room[n] + 2 * size]
                    v = stored[4 * room[n] : 4 * room[n] + 4 * size]
                    _condition_back(
                        net, case, parts, item, varies, absent, present, where[n], x, y, g, size,
                        bits, causes, tmp,
                    )
                    on = 0.0
                    everything = 0.0
                    for lane in range(2):
                        for s in range(size):
                            p = present[s] if varies else present[0]
                            both = v[lane * size + s] + v[(lane + 2) * size + s]
                            on += p * both * g[lane * size + s]
                    step = 2 * size if bits else size
                    w0 = case.soft_condition[item, 0] if case.condition[item] != 1 else 0.0
                    for lane in range(4):
                        for s in range(size):
                            q = w0 * (absent[s] if varies else absent[0])
                            everything += q * v[lane * size + s] * x[lane * step + s]
                    scale = 2.0 ** (forward_power[n] + power - exponent)
                    out_present[item] += on * scale
                    out_absent[item] += everything * scale
                    backward_power[n] = power
                    x, y = y, x
                    for k in range(contexts):
                        # read at the condition right after the context's opening
                        if n > 0 and where[n, factors + k] >= 0:
                            fresh = True
                            m = n - 1
                            while m >= 0 and fresh:
                                if steps[m, 0] == OPEN_CONTEXT and steps[m, 1] == factors + k:
                                    break
                                if steps[m, 0] == CONDITION:
                                    fresh = False
                                m -= 1
                            if fresh:
                                shown = 0.0
                                for lane in range(4):
                                    for s in range(size):
                                        if (s >> where[n, factors + k]) & 1:
                                            shown += v[lane * size + s] * x[lane * size + s]
                                out_context[k] += shown * scale
                    power += _rescale(x, 4 * size)
                elif kind == CLOSE_FINDING:
                    closing = parts.closing[parts.first_state[item] : parts.first_state[item + 1]]
                    _close_back(x, y, size, base, 1 << bits, closing)
                    x, y = y, x
                else:
                    _close_back(x, y, size, base, 2, ones)
                    x, y = y, x

            for m in range(groups.shape[0]):
                begin = -1
                end = -1
                for n in range(count):
                    if steps[n, 0] == CONDITION and groups[m, steps[n, 1]]:
                        if begin < 0:
                            begin = n
                        end = n
                if begin < 0:
                    continue
                size = 1 << steps[begin, 4]
                for s in range(4 * size):
                    x[s] = stored[4 * room[begin] + s]
                power = forward_power[begin]
                for n in range(begin, end + 1):
                    kind, item, base, bits, width = steps[n]
                    size = 1 << width
                    if kind == OPEN_FINDING:
                        _open_finding(parts, item, band, x, y, size)
                    elif kind == OPEN_CONTEXT:
                        _open_context(
                            net, case, parts, item - factors, where[n], x, y, size, causes, tmp
                        )
                    elif kind == CONDITION:
                        varies = _survival(
                            net, case, parts, link, folded, item, band, sex, where[n], factors,
                            size, absent, present,
                        )
                        inside = groups[m, item]
                        if inside:
                            on = 0.0
                            for lane in range(2):
                                for s in range(size):
                                    p = present[s] if varies else present[0]
                                    both = x[lane * size + s] + x[(lane + 2) * size + s]
                                    on += p * both * values[2 * room[n] + lane * size + s]
                            out_group[m] += on * 2.0 ** (power + backward_power[n] - exponent)
                        _condition(
                            net, case, parts, item, varies, absent, present, where[n], x, y, size,
                            bits, causes, tmp, not inside,
                        )
                    elif kind == CLOSE_FINDING:
                        closing = parts.closing[
                            parts.first_state[item] : parts.first_state[item + 1]
                        ]
                        _close(x, y, size, base, 1 << bits, closing)
                    else:
                        _close(x, y, size, base, 2, ones)
                    x, y = y, x
                    if kind == CONDITION:
                        power += _rescale(x, 4 * size * (1 + bits))
    return exponent, total, unexplained, by_lane, out_present, out_absent, out_group, out_context
