"""Pass a vertex, a condition or an unknown context: absent, or present and acting; and back."""

from __future__ import annotations

from model.compiled import njit
from model.kernel.basic import copy
from model.kernel.vectors import contract, expand


@njit
def survive(hold, first, last, coefficient, size, off, on):
    """P(a condition stays absent) and P(it comes about), for every setting of open contexts.

    off[0], on[0]: with every context absent. Returns True if they vary; otherwise only entry 0 is
    filled.
    """
    if first == last:
        return False
    filled = 1
    bit = 0
    while filled < size:
        factor = 1.0
        for h in range(first, last):
            if hold[h, 0] == bit:
                factor = coefficient[hold[h, 1]]
        gone = 1.0 - factor
        for s in range(filled):
            on[filled + s] = on[s] + off[s] * gone
            off[filled + s] = off[s] * factor
        filled *= 2
        bit += 1
    return True


@njit
def comes_about(x0, x1, triggered, on, varies, w1, size, u):
    """Fill u (2 size): the condition present, by itself or brought about before (x1)."""
    if varies:
        for lane in range(2):
            a, b = lane * size, (lane + 2) * size
            for s in range(size):
                u[a + s] = w1 * on[s] * (x0[a + s] + x0[b + s])
    else:
        p = w1 * on[0]
        for s in range(2 * size):
            u[s] = p * (x0[s] + x0[2 * size + s])
    if triggered:
        for s in range(2 * size):
            u[s] += w1 * (x1[s] + x1[2 * size + s])


@njit
def stays_absent(x0, off, varies, w0, size, y):
    """Fill y (4 size): the condition absent."""
    if varies:
        for lane in range(4):
            a = lane * size
            for s in range(size):
                y[a + s] = w0 * off[s] * x0[a + s]
    else:
        p = w0 * off[0]
        for s in range(4 * size):
            y[s] = p * x0[s]


@njit
def condition_back(y, g, triggered, off, on, varies, w0, size, x0, x1):
    """The transpose of both; g (2 size) is the value of being present."""
    stays_absent(y, off, varies, w0, size, x0)
    for lane in range(4):
        a, b = lane * size, (lane % 2) * size
        if varies:
            for s in range(size):
                x0[a + s] += on[s] * g[b + s]
        else:
            q = on[0]
            for s in range(size):
                x0[a + s] += q * g[b + s]
        if triggered:
            copy(g[b:], size, x1[a:])


@njit
def being_present(x0, x1, triggered, on, varies, g, size):
    """The sum over everything in which the condition is present: forward times value."""
    total = 0.0
    if varies:
        for lane in range(2):
            a, b = lane * size, (lane + 2) * size
            for s in range(size):
                total += on[s] * (x0[a + s] + x0[b + s]) * g[a + s]
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
            a = lane * size
            for s in range(size):
                total += off[s] * x0[a + s] * y[a + s]
    else:
        for s in range(4 * size):
            total += x0[s] * y[s]
        total *= off[0]
    return w0 * total


@njit
def weigh(x, length, needs, q0, q1, zero, one):
    """Weigh a vector by a context's absence and presence: zero = q0 x, one = q1 x.

    Where the context implies another whose bit `needs` is off, it is absent for sure.
    """
    for s in range(length):
        zero[s] = q0 * x[s]
        one[s] = q1 * x[s]
    if needs >= 0:
        for s in range(length):
            if (s >> needs) & 1 == 0:
                zero[s] = x[s]
                one[s] = 0.0


@njit
def open_vertex(weights, needs, base, x, length, y):
    """Put in a vertex's bit: a condition not yet brought about, or a context by its prior."""
    if needs < 0:
        expand(x, length, base, weights.size, weights, y)
        return
    bit = 1 << base
    low = bit - 1
    for s in range(length):
        t = ((s & ~low) << 1) | (s & low)
        sure = (t >> needs) & 1 == 0
        y[t] = x[s] if sure else weights[0] * x[s]
        y[t + bit] = 0.0 if sure else weights[1] * x[s]


@njit
def open_vertex_back(weights, needs, base, y, length, x):
    """The transpose of `open_vertex`; y has twice `length`."""
    if needs < 0:
        contract(y, 2 * length, base, weights.size, weights, x)
        return
    bit = 1 << base
    low = bit - 1
    for s in range(length):
        t = ((s & ~low) << 1) | (s & low)
        sure = (t >> needs) & 1 == 0
        x[s] = y[t] if sure else weights[0] * y[t] + weights[1] * y[t + bit]
