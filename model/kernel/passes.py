"""What one step does to the vector, and the transpose of that for the way back.

A vector of `lanes` lanes is stored lane after lane, each indexed by the open bits. Inner loops run
over the bits below the one acted on, so they are contiguous.
"""

from __future__ import annotations

import numpy as np

from model.compiled import njit
from model.kernel.families import combine
from model.kernel.types import TINY


@njit
def switch(x, length, base, q0, q1):
    """One cause acts on one bit: off stays off with q0 or goes on with q1; on stays on."""
    half = 1 << base
    both = q0 + q1
    v = x[:length].reshape((length // (2 * half), 2, half))
    if half == 1:
        for b in range(v.shape[0]):
            low = v[b, 0, 0]
            v[b, 0, 0] = q0 * low
            v[b, 1, 0] = q1 * low + both * v[b, 1, 0]
        return
    for b in range(v.shape[0]):
        for s in range(half):
            low = v[b, 0, s]
            v[b, 0, s] = q0 * low
            v[b, 1, s] = q1 * low + both * v[b, 1, s]


@njit
def switch_back(x, length, base, q0, q1):
    """The transpose of `switch`."""
    half = 1 << base
    both = q0 + q1
    v = x[:length].reshape((length // (2 * half), 2, half))
    if half == 1:
        for b in range(v.shape[0]):
            high = v[b, 1, 0]
            v[b, 0, 0] = q0 * v[b, 0, 0] + q1 * high
            v[b, 1, 0] = both * high
        return
    for b in range(v.shape[0]):
        for s in range(half):
            high = v[b, 1, s]
            v[b, 0, s] = q0 * v[b, 0, s] + q1 * high
            v[b, 1, s] = both * high


@njit
def transition(vector, size, field, matrix):
    """matrix[from, to]: the states a cause leads to, from each state; to is never below from."""
    matrix[:size, :size] = 0.0
    for e in range(size):
        if vector[e] != 0.0:
            for a in range(size):
                matrix[a, combine(a, e, field)] += vector[e]


@njit
def spread(x, length, base, size, matrix):
    """One cause acts on a family of several bits, in place: high states first."""
    low = 1 << base
    v = x[:length].reshape((length // (low * size), size, low))
    for b in range(v.shape[0]):
        for to in range(size - 1, -1, -1):
            stay = matrix[to, to]
            for s in range(low):
                v[b, to, s] *= stay
            for source in range(to):
                weight = matrix[source, to]
                if weight != 0.0:
                    for s in range(low):
                        v[b, to, s] += weight * v[b, source, s]


@njit
def spread_back(x, length, base, size, matrix):
    """The transpose of `spread`: low states first."""
    low = 1 << base
    v = x[:length].reshape((length // (low * size), size, low))
    for b in range(v.shape[0]):
        for source in range(size):
            stay = matrix[source, source]
            for s in range(low):
                v[b, source, s] *= stay
            for to in range(source + 1, size):
                weight = matrix[source, to]
                if weight != 0.0:
                    for s in range(low):
                        v[b, source, s] += weight * v[b, to, s]


@njit
def act(parts, cause, x, length, where, back, matrix):
    """Let one cause act on every open factor it is linked to."""
    for j in range(parts.bits.size):
        if where[j] >= 0 and parts.linked[j, cause]:
            size = 1 << parts.bits[j]
            at = parts.start[j] + cause * size
            if size == 2:
                if back:
                    switch_back(x, length, where[j], parts.effect[at], parts.effect[at + 1])
                else:
                    switch(x, length, where[j], parts.effect[at], parts.effect[at + 1])
            else:
                transition(parts.effect[at : at + size], size, parts.lowest[j], matrix)
                if back:
                    spread_back(x, length, where[j], size, matrix)
                else:
                    spread(x, length, where[j], size, matrix)


@njit
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


@njit
def open_factor(parts, j, band, x, y, size):
    """Put a factor's bits at the bottom, each lane with its own opening: x (4 size) -> y."""
    states = 1 << parts.bits[j]
    at = parts.first_state[j]
    for lane in range(4):
        start = parts.opening[band, 1 - lane % 2, at : at + states]
        for s in range(size):
            value = x[lane * size + s]
            for state in range(states):
                y[(lane * size + s) * states + state] = start[state] * value


@njit
def open_factor_back(parts, j, band, y, x, size):
    """The transpose of `open_factor`."""
    states = 1 << parts.bits[j]
    at = parts.first_state[j]
    for lane in range(4):
        start = parts.opening[band, 1 - lane % 2, at : at + states]
        for s in range(size):
            total = 0.0
            for state in range(states):
                total += start[state] * y[(lane * size + s) * states + state]
            x[lane * size + s] = total


@njit
def close_factor(x, y, size, base, states, closing):
    """Sum out a block of bits with closing weights: x (4 size) -> y (4 size / states)."""
    low = 1 << base
    blocks = 4 * size // (low * states)
    v = x[: 4 * size].reshape((blocks, states, low))
    w = y[: 4 * size // states].reshape((blocks, low))
    for b in range(blocks):
        for s in range(low):
            w[b, s] = 0.0
        for state in range(states):
            weight = closing[state]
            if weight != 0.0:
                for s in range(low):
                    w[b, s] += weight * v[b, state, s]


@njit
def close_factor_back(y, x, size, base, states, closing):
    """The transpose of `close_factor`."""
    low = 1 << base
    blocks = 4 * size // (low * states)
    v = x[: 4 * size].reshape((blocks, states, low))
    w = y[: 4 * size // states].reshape((blocks, low))
    for b in range(blocks):
        for state in range(states):
            weight = closing[state]
            for s in range(low):
                v[b, state, s] = weight * w[b, s]


@njit
def split(x, length, base, zero, one):
    """Separate the halves in which a bit is off and on."""
    low = 1 << base
    v = x[:length].reshape((length // (2 * low), 2, low))
    a = zero[: length // 2].reshape((length // (2 * low), low))
    b = one[: length // 2].reshape((length // (2 * low), low))
    for n in range(v.shape[0]):
        for s in range(low):
            a[n, s] = v[n, 0, s]
            b[n, s] = v[n, 1, s]


@njit
def join(zero, one, length, base, x):
    """The inverse of `split`."""
    low = 1 << base
    v = x[:length].reshape((length // (2 * low), 2, low))
    a = zero[: length // 2].reshape((length // (2 * low), low))
    b = one[: length // 2].reshape((length // (2 * low), low))
    for n in range(v.shape[0]):
        for s in range(low):
            v[n, 0, s] = a[n, s]
            v[n, 1, s] = b[n, s]


@njit
def weigh(x, lanes, size, needs, q0, q1, zero, one):
    """Weigh a vector by a context's absence and presence: zero = q0 x, one = q1 x.

    Where the context implies another whose bit `needs` is off, it is absent for sure.
    """
    for lane in range(lanes):
        for s in range(size):
            value = x[lane * size + s]
            if needs >= 0 and (s >> needs) & 1 == 0:
                zero[lane * size + s] = value
                one[lane * size + s] = 0.0
            else:
                zero[lane * size + s] = q0 * value
                one[lane * size + s] = q1 * value
