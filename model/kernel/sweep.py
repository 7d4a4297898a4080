"""Run a program forward and backward, and forward again for groups."""

from __future__ import annotations

import numpy as np

from model.compiled import njit
from model.kernel.factors import lane_survival
from model.kernel.passes import (
    close_factor,
    close_factor_back,
    join,
    open_factor,
    open_factor_back,
    rescale,
)
from model.kernel.types import (
    ALWAYS,
    BACKWARD,
    CLOSE_FACTOR,
    CONDITION,
    CONTEXT,
    NONE_BENEATH,
    OPEN_FACTOR,
    OPEN_VERTEX,
    RESCALE_EVERY,
)
from model.kernel.vertices import (
    being_absent,
    being_present,
    condition_back,
    context_acts,
    context_prior_here,
    open_vertex,
    open_vertex_back,
    pass_vertex,
    survival,
)


@njit
def _close_lonely(parts, steps, band, x):
    """A factor nobody passed is linked to is the leak's alone: a constant in every lane."""
    for j in range(parts.bits.size):
        seen = False
        for n in range(steps.shape[0]):
            if steps[n, 0] == OPEN_FACTOR and steps[n, 1] == j:
                seen = True
        if not seen:
            for lane in range(4):
                share = 0.0
                for s in range(parts.first_state[j], parts.first_state[j + 1]):
                    share += parts.opening[band, 1 - lane % 2, s] * parts.closing[s]
                x[lane] *= share


@njit
def run(net, graph, case, parts, steps, where, groups, backward, contexts_too):
    """Run one program. Returns everything in units of 2**exponent.

    exponent, total P(evidence, complaint), unexplained, lanes (B, 2) of the total by age and sex,
    present (N,), absent (N,), group (M,), context present (K,).

    groups: (M, N) boolean membership. backward False gives the total and unexplained only.
    """
    conditions = net.rate.size
    contexts = net.context_prior.size
    factors = parts.bits.size
    bands = net.age_prior.size
    count = steps.shape[0]
    widest = 0
    biggest = 2
    room = np.zeros(count + 1, np.int64)  # where a vertex's vectors are kept, in units of size
    room_on = np.zeros(count + 1, np.int64)  # the same for its half that is on, if it has a bit
    for n in range(count):
        grown = steps[n, 3] if steps[n, 0] <= OPEN_VERTEX else 0
        widest = max(widest, steps[n, 4] + grown)
        kept = 0
        if steps[n, 0] == CONDITION or (steps[n, 0] == CONTEXT and contexts_too):
            kept = 1 << (steps[n, 4] - steps[n, 3])
        room[n + 1] = room[n] + kept
        has_on = steps[n, 3] == 1 or steps[n, 0] == CONTEXT
        room_on[n + 1] = room_on[n] + (kept if has_on else 0)
    for j in range(factors):
        biggest = max(biggest, 1 << parts.bits[j])
    full = 1 << widest
    x = np.empty(4 * full)
    y = np.empty(4 * full)
    zero = np.empty(4 * full)
    one = np.empty(4 * full)
    u = np.empty(2 * full)
    off = np.empty(full)
    on = np.empty(full)
    matrix = np.empty((biggest, biggest))
    link = np.empty((contexts, conditions))
    folded = np.empty(conditions)
    kept_zero = np.empty(4 * room[count] if backward else 1)
    kept_one = np.empty(4 * room_on[count] if backward else 1)
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
            _close_lonely(parts, steps, band, x)
            power = rescale(x, 4)
            passed = 0
            for n in range(count):
                kind, item, base, bits, width = steps[n]
                size = 1 << width
                forward_power[n] = power
                if kind == OPEN_FACTOR:
                    open_factor(parts, item, band, x, y, size)
                elif kind == OPEN_VERTEX:
                    open_vertex(net, case, item - factors, where[n], factors, x, y, size)
                elif kind == CLOSE_FACTOR:
                    closing = parts.closing[parts.first_state[item] : parts.first_state[item + 1]]
                    close_factor(x, y, size, base, 1 << bits, closing)
                else:
                    small = size >> bits
                    if backward and room[n + 1] > room[n]:
                        zero_here = kept_zero[4 * room[n] : 4 * room[n + 1]]
                        one_here = kept_one[4 * room_on[n] : 4 * room_on[n + 1]]
                    else:
                        zero_here = zero
                        one_here = one
                    pass_vertex(
                        net, graph, case, parts, link, folded, kind, item - factors, base, bits,
                        band, sex, ALWAYS, x, y, zero_here, one_here, u, off, on, where[n], factors,
                        small, matrix,
                    )  # fmt: skip
                    passed += 1
                    known = kind == CONDITION and case.condition[item - factors] >= 0
                    if known or passed % RESCALE_EVERY == 0:
                        power += rescale(y, 4 * small)
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
                if kind == OPEN_FACTOR:
                    open_factor_back(parts, item, band, x, y, size)
                elif kind == OPEN_VERTEX:
                    open_vertex_back(net, case, item - factors, where[n], factors, x, y, size)
                elif kind == CLOSE_FACTOR:
                    closing = parts.closing[parts.first_state[item] : parts.first_state[item + 1]]
                    close_factor_back(x, y, size, base, 1 << bits, closing)
                elif kind == CONDITION:
                    i = item - factors
                    small = size >> bits
                    varies = survival(
                        net, graph, case, parts, link, folded, i, band, sex, where[n], factors,
                        small, off, on,
                    )  # fmt: skip
                    g = values[2 * room[n] : 2 * room[n + 1]]
                    x0 = kept_zero[4 * room[n] : 4 * room[n + 1]]
                    x1 = kept_one[4 * room_on[n] : 4 * room_on[n + 1]]
                    condition_back(
                        net, graph, case, parts, i, x, bits == 1, off, on, varies, where[n],
                        factors, small, g, zero, one, matrix,
                    )  # fmt: skip
                    w0 = case.soft_condition[i, 0] if case.condition[i] != 1 else 0.0
                    scale = 2.0 ** (forward_power[n] + power - exponent)
                    value = being_present(x0, x1, bits == 1, on, varies, g, small)
                    out_present[i] += scale * value
                    out_absent[i] += scale * being_absent(x0, off, varies, x, small, w0)
                    backward_power[n] = power
                    if bits:
                        join(zero, one, 4 * size, base, y)
                    else:
                        y[: 4 * size] = zero[: 4 * size]
                    power += rescale(y, 4 * size)
                else:
                    k = item - factors - conditions
                    small = size >> bits
                    one[: 4 * small] = x[: 4 * small]
                    context_acts(
                        net, graph, case, parts, link, k, one, 4 * small, where[n], factors,
                        BACKWARD, matrix,
                    )  # fmt: skip
                    if contexts_too:
                        x1 = kept_one[4 * room_on[n] : 4 * room_on[n + 1]]
                        shown = 0.0
                        for s in range(4 * small):
                            shown += x1[s] * one[s]
                        out_context[k] += shown * 2.0 ** (forward_power[n] + power - exponent)
                    if bits:
                        join(x, one, 4 * size, base, y)
                    else:
                        needs, q1, q0 = context_prior_here(
                            net, case, k, where[n], factors, NONE_BENEATH
                        )
                        for lane in range(4):
                            for s in range(size):
                                at = lane * size + s
                                if needs >= 0 and (s >> needs) & 1 == 0:
                                    y[at] = x[at]
                                else:
                                    y[at] = q0 * x[at] + q1 * one[at]
                x, y = y, x

            for m in range(groups.shape[0]):
                begin = -1
                end = -1
                members = 0
                for n in range(count):
                    if steps[n, 0] == CONDITION and groups[m, steps[n, 1] - factors]:
                        if begin < 0:
                            begin = n
                        end = n
                        members += 1
                if begin < 0:
                    continue
                if members == 1:
                    continue
                for n in range(begin, end + 1):
                    kind, item, base, bits, width = steps[n]
                    size = 1 << width
                    if kind == OPEN_FACTOR:
                        open_factor(parts, item, band, x, y, size)
                    elif kind == OPEN_VERTEX:
                        open_vertex(net, case, item - factors, where[n], factors, x, y, size)
                    elif kind == CLOSE_FACTOR:
                        closing = parts.closing[
                            parts.first_state[item] : parts.first_state[item + 1]
                        ]
                        close_factor(x, y, size, base, 1 << bits, closing)
                    else:
                        small = size >> bits
                        v = item - factors
                        inside = kind == CONDITION and groups[m, v]
                        if n == begin:  # from here on the run differs from the stored one
                            power = forward_power[n]
                            x0 = kept_zero[4 * room[n] : 4 * room[n + 1]]
                            x1 = kept_one[4 * room_on[n] : 4 * room_on[n + 1]]
                            if bits:
                                join(x0, x1, 4 * size, base, x)
                            else:
                                x[: 4 * size] = x0
                        pass_vertex(
                            net, graph, case, parts, link, folded, kind, v, base, bits, band, sex,
                            not inside, x, y, zero, one, u, off, on, where[n], factors, small,
                            matrix,
                        )  # fmt: skip
                        if inside:
                            varies = survival(
                                net, graph, case, parts, link, folded, v, band, sex, where[n],
                                factors, small, off, on,
                            )  # fmt: skip
                            g = values[2 * room[n] : 2 * room[n + 1]]
                            scale = 2.0 ** (power + backward_power[n] - exponent)
                            out_group[m] += scale * being_present(
                                zero, one, bits == 1, on, varies, g, small
                            )
                        if kind == CONDITION and n % RESCALE_EVERY == 0:
                            power += rescale(y, 4 * small)
                    x, y = y, x
    for m in range(groups.shape[0]):  # a group of one is that condition
        members = 0
        last = -1
        for i in range(conditions):
            if groups[m, i]:
                members += 1
                last = i
        if members == 1:
            out_group[m] = out_present[last]
    return exponent, total, unexplained, by_lane, out_present, out_absent, out_group, out_context
