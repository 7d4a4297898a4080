"""What one step does to the vector, eight entries at a time.

A vector of lanes is stored lane after lane, each indexed by the open bits; `base` is the place of a
bit, so entries that differ in it stand 2**base apart. Compilers do not see by themselves that the
two halves never overlap and fall back to one entry at a time; hence the few operations on blocks of
eight below, from which everything else is made. Bits under base 3 differ within a block; the
planner puts few there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import extending, types

from model.compiled import njit
from model.kernel.basic import fill, scale
from model.kernel.families import combine
from model.kernel.types import BLOCK, TINY

#: As with `njit`: numba's annotations would have every caller pass the compiler's own argument.
intrinsic: Any = extending.intrinsic

_DOUBLE = ir.DoubleType()
_EIGHT = ir.VectorType(_DOUBLE, BLOCK)
#: The same licence that `model.compiled` gives everything else.
_FAST = ("contract", "reassoc", "nsz")


def _place(context: Any, builder: Any, array_type: Any, array: Any, at: Any) -> Any:
    """A pointer to eight entries of an array."""
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [at]), _EIGHT.as_pointer())


def _splat(builder: Any, value: Any) -> Any:
    """Eight copies of one number."""
    one = builder.insert_element(
        ir.Constant(_EIGHT, ir.Undefined), value, ir.Constant(ir.IntType(32), 0)
    )
    mask = ir.Constant(ir.VectorType(ir.IntType(32), BLOCK), [0] * BLOCK)
    return builder.shuffle_vector(one, one, mask)


@intrinsic
def put8(typing, y, j, w, x, i):
    """y[j : j + 8] = w * x[i : i + 8]."""
    signature = types.void(y, types.int64, types.float64, x, types.int64)

    def generate(context, builder, signature, values):
        target = _place(context, builder, signature.args[0], values[0], values[1])
        source = _place(context, builder, signature.args[3], values[3], values[4])
        found = builder.fmul(builder.load(source, align=8), _splat(builder, values[2]), flags=_FAST)
        builder.store(found, target, align=8)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def add8(typing, y, j, w, x, i):
    """y[j : j + 8] += w * x[i : i + 8]."""
    signature = types.void(y, types.int64, types.float64, x, types.int64)

    def generate(context, builder, signature, values):
        target = _place(context, builder, signature.args[0], values[0], values[1])
        source = _place(context, builder, signature.args[3], values[3], values[4])
        more = builder.fmul(builder.load(source, align=8), _splat(builder, values[2]), flags=_FAST)
        found = builder.fadd(builder.load(target, align=8), more, flags=_FAST)
        builder.store(found, target, align=8)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def times8(typing, y, j, x, i, z, k):
    """y[j : j + 8] = x[i : i + 8] * z[k : k + 8]."""
    signature = types.void(y, types.int64, x, types.int64, z, types.int64)

    def generate(context, builder, signature, values):
        at = [
            _place(context, builder, signature.args[n], values[n], values[n + 1]) for n in (0, 2, 4)
        ]
        one, other = builder.load(at[1], align=8), builder.load(at[2], align=8)
        builder.store(builder.fmul(one, other, flags=_FAST), at[0], align=8)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def pair8(typing, x, i, j, m00, m01, m10, m11):
    """(x[i : i + 8], x[j : j + 8]) <- (m00 x_i + m01 x_j, m10 x_i + m11 x_j)."""
    real = types.float64
    signature = types.void(x, types.int64, types.int64, real, real, real, real)

    def generate(context, builder, signature, values):
        one = _place(context, builder, signature.args[0], values[0], values[1])
        two = _place(context, builder, signature.args[0], values[0], values[2])
        low, high = builder.load(one, align=8), builder.load(two, align=8)
        for row, place in ((values[3:5], one), (values[5:7], two)):
            left = builder.fmul(low, _splat(builder, row[0]), flags=_FAST)
            right = builder.fmul(high, _splat(builder, row[1]), flags=_FAST)
            builder.store(builder.fadd(left, right, flags=_FAST), place, align=8)
        return context.get_dummy_value()

    return signature, generate


def _mixer(half: int) -> Any:
    """`mix` for a bit whose two settings stand `half` apart within one block of eight."""
    integers = ir.VectorType(ir.IntType(32), BLOCK)
    flipped = ir.Constant(integers, [t ^ half for t in range(BLOCK)])
    by_bit = ir.Constant(integers, [BLOCK if t & half else 0 for t in range(BLOCK)])

    @intrinsic
    def mix8(typing, x, i, m00, m01, m10, m11):
        real = types.float64
        signature = types.void(x, types.int64, real, real, real, real)

        def generate(context, builder, signature, values):
            place = _place(context, builder, signature.args[0], values[0], values[1])
            m00, m01, m10, m11 = (_splat(builder, value) for value in values[2:])
            own = builder.shuffle_vector(m00, m11, by_bit)
            other = builder.shuffle_vector(m01, m10, by_bit)
            here = builder.load(place, align=8)
            there = builder.shuffle_vector(here, here, flipped)
            left = builder.fmul(here, own, flags=_FAST)
            right = builder.fmul(there, other, flags=_FAST)
            builder.store(builder.fadd(left, right, flags=_FAST), place, align=8)
            return context.get_dummy_value()

        return signature, generate

    return mix8


_mix8_by_1, _mix8_by_2, _mix8_by_4 = _mixer(1), _mixer(2), _mixer(4)


@njit
def mix(x, length, base, m00, m01, m10, m11):
    """Take one bit through a matrix: off <- m00 off + m01 on, on <- m10 off + m11 on."""
    half = 1 << base
    if base > 2:
        for b in range(0, length, 2 * half):
            for s in range(b, b + half, BLOCK):
                pair8(x, s, s + half, m00, m01, m10, m11)
    elif length < BLOCK:
        for b in range(0, length, 2 * half):
            for s in range(b, b + half):
                low, high = x[s], x[s + half]
                x[s] = m00 * low + m01 * high
                x[s + half] = m10 * low + m11 * high
    elif base == 2:
        for s in range(0, length, BLOCK):
            _mix8_by_4(x, s, m00, m01, m10, m11)
    elif base == 1:
        for s in range(0, length, BLOCK):
            _mix8_by_2(x, s, m00, m01, m10, m11)
    else:
        for s in range(0, length, BLOCK):
            _mix8_by_1(x, s, m00, m01, m10, m11)


@njit
def transition(vector, size, field, matrix):
    """matrix[from, to]: the states a cause leads to, from each state; to is never below from."""
    for a in range(size):
        fill(matrix[a], size, 0.0)
    for e in range(size):
        if vector[e] != 0.0:
            for a in range(size):
                matrix[a, combine(a, e, field)] += vector[e]


@njit
def spread(x, length, base, size, matrix, back):
    """One cause acts on a family of several bits, in place; `back`: the transpose."""
    low = 1 << base
    for b in range(0, length, low * size):
        for s in range(b, b + low, min(low, BLOCK)):
            for n in range(size):
                one = n if back else size - 1 - n  # what is read later must not be written yet
                at = s + one * low
                first, last = (one + 1, size) if back else (0, one)
                if low >= BLOCK:
                    put8(x, at, matrix[one, one], x, at)
                    for other in range(first, last):
                        weight = matrix[one, other] if back else matrix[other, one]
                        if weight != 0.0:
                            add8(x, at, weight, x, s + other * low)
                else:
                    for t in range(low):
                        x[at + t] *= matrix[one, one]
                    for other in range(first, last):
                        weight = matrix[one, other] if back else matrix[other, one]
                        for t in range(low):
                            x[at + t] += weight * x[s + other * low + t]


@njit
def act(acts, first, last, coefficient, x, length, back, matrix):
    """One cause acts on every open item it is linked to (rows of `Program.act`)."""
    for a in range(first, last):
        base, size, at = acts[a, 0], acts[a, 1], acts[a, 2]
        if size == 2:
            q0, q1 = coefficient[at], coefficient[at + 1]
            mix(x, length, base, q0, q1 if back else 0.0, 0.0 if back else q1, q0 + q1)
        else:
            transition(coefficient[at:], size, acts[a, 3], matrix)
            spread(x, length, base, size, matrix, back)


@njit
def expand(x, length, base, states, weights, y):
    """Put in a bit, or a field of several: y[b, state, s] = weights[state] x[b, s]."""
    low = 1 << base
    for b in range(length // low):
        for state in range(states):
            weight = weights[state]
            source, target = b * low, (b * states + state) * low
            if low >= BLOCK:
                for s in range(0, low, BLOCK):
                    put8(y, target + s, weight, x, source + s)
            else:
                for s in range(low):
                    y[target + s] = weight * x[source + s]


@njit
def contract(x, length, base, states, weights, y):
    """The transpose of `expand`, x being longer: y[b, s] = sum weights[state] x[b, state, s]."""
    low = 1 << base
    for b in range(length // (low * states)):
        for state in range(states):
            weight = weights[state]
            source, target = (b * states + state) * low, b * low
            if low >= BLOCK:
                for s in range(0, low, BLOCK):
                    if state == 0:
                        put8(y, target + s, weight, x, source + s)
                    else:
                        add8(y, target + s, weight, x, source + s)
            else:
                for s in range(low):
                    if state == 0:
                        y[target + s] = weight * x[source + s]
                    else:
                        y[target + s] += weight * x[source + s]


@njit
def half_of(x, length, base, on, out):
    """The entries of x in which a bit is off (on = 0) or on (1), to out."""
    low = 1 << base
    for b in range(length // (2 * low)):
        source, target = (2 * b + on) * low, b * low
        if low >= BLOCK:
            for s in range(0, low, BLOCK):
                put8(out, target + s, 1.0, x, source + s)
        else:
            for s in range(low):
                out[target + s] = x[source + s]


@njit
def put_half(part, length, base, on, x):
    """The inverse of `half_of`: x is the longer one, of `length`."""
    low = 1 << base
    for b in range(length // (2 * low)):
        target, source = (2 * b + on) * low, b * low
        if low >= BLOCK:
            for s in range(0, low, BLOCK):
                put8(x, target + s, 1.0, part, source + s)
        else:
            for s in range(low):
                x[target + s] = part[source + s]


@njit
def rescale(x, length):
    """Keep the sum of the entries near one; returns the power of two taken out."""
    total = 0.0
    for s in range(length):
        total += x[s]
    if total >= TINY or total == 0.0:
        return 0
    power = int(np.floor(np.log2(total)))
    scale(x, length, 2.0**-power)
    return power
