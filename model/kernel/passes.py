"""What one step does to the vector, forward, and the transpose of it, backward.

`x` and `y` hold the four lanes (see `model.kernel`) one after another, each indexed by the subsets
of open bits; a step reads one and writes the other, or works in place.
"""

from __future__ import annotations

import numba
import numpy as np

from model.kernel.factors import prior_pair
from model.kernel.families import combine
from model.kernel.types import TINY


@numba.njit(cache=True)
def survival(net, case, parts, link, folded, i, band, sex, where, factors, size, absent, present):
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
                    x,
                    length,
                    where[j],
                    parts.bits[j],
                    parts.lowest[j],
                    parts.effect[at : at + size],
                    back,
                    tmp,
                )


@numba.njit(cache=True)
def rescale(x, length):
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
def open_finding(parts, j, band, x, y, size):
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
def open_finding_back(parts, j, band, y, x, size):
    """The transpose of `open_finding`."""
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
def close(x, y, size, base, states, closing):
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
def close_back(y, x, size, base, states, closing):
    """The transpose of `close`."""
    low = 1 << base
    small = size // states
    for lane in range(4):
        for s in range(small):
            source = lane * size + (s // low) * low * states + s % low
            for state in range(states):
                x[source + state * low] = closing[state] * y[lane * small + s]


@numba.njit(cache=True)
def open_context(net, case, parts, k, where, x, y, size, causes, tmp):
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
def open_context_back(net, case, parts, k, where, y, x, size, causes, tmp):
    """The transpose of `open_context`."""
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
            x[lane * size + s] = zero * y[lane * 2 * size + s] + one * y[lane * 2 * size + size + s]


@numba.njit(cache=True)
def pass_condition(
    net, case, parts, i, varies, absent, present, where, x, y, size, bit, causes, tmp, may
):
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
def pass_condition_back(
    net, case, parts, i, varies, absent, present, where, y, x, g, size, bit, causes, tmp
):
    """The transpose of `pass_condition`; g (2 size) keeps the present branch's value."""
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
