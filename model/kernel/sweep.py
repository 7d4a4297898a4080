"""Run a program forward and backward, and forward again for groups."""

from __future__ import annotations

import numpy as np

from model.compiled import njit
from model.kernel.program import lane_of
from model.kernel.types import (
    BACKWARD,
    CLOSE_FACTOR,
    CONDITION,
    CONTEXT,
    FORWARD,
    OFF,
    ON,
    OPEN_FACTOR,
    OPEN_VERTEX,
    RESCALE_EVERY,
    Result,
)
from model.kernel.vectors import act, contract, expand, half_of, put_half, rescale
from model.kernel.vertices import (
    being_absent,
    being_present,
    comes_about,
    condition_back,
    open_vertex,
    open_vertex_back,
    stays_absent,
    survive,
    weigh,
)


@njit
def _lonely(parts, steps, band, unnamed):
    """What factors weigh to which nobody passed is linked: they are the leak's alone."""
    product = 1.0
    for j in range(parts.bits.size):
        seen = False
        for n in range(steps.shape[0]):
            seen = seen or (steps[n, 0] == OPEN_FACTOR and steps[n, 1] == j)
        if not seen:
            share = 0.0
            for s in range(parts.first_state[j], parts.first_state[j + 1]):
                share += parts.opening[band, unnamed, s] * parts.closing[s]
            product *= share
    return product


@njit
def _bounds(steps, groups, m):
    """(first step, past the last step, members) of the run for group m; of a whole run for -1."""
    if m < 0:
        return 0, steps.shape[0], 0
    begin, end, members = 0, 0, 0
    for n in range(steps.shape[0]):
        if steps[n, 0] == CONDITION and groups[m, steps[n, 1]]:
            begin = n if members == 0 else begin
            end = n + 1
            members += 1
    return begin, end, members


@njit
def run(net, case, parts, plan, groups, backward, contexts_too, work):
    """Run one program; returns a `Result` and the working space, which grows as needed.

    groups: (M, N) boolean membership. backward False gives the total and unexplained only.
    """
    conditions = net.rate.size
    contexts = net.context_prior.size
    bands = net.age_prior.size
    steps = plan.steps
    count = steps.shape[0]
    widest = 0
    biggest = 2
    # where the vectors are kept with which a vertex is reached, and the values of being present
    kept = np.full(count + 1, -1, np.int64)
    value = np.full(count + 1, -1, np.int64)
    for n in range(count):
        grown = steps[n, 3] if steps[n, 0] <= OPEN_VERTEX else 0
        widest = max(widest, steps[n, 4] + grown)
    room = 20 << widest
    for n in range(count):
        kind = steps[n, 0]
        if backward and (kind == CONDITION or (kind == CONTEXT and contexts_too)):
            kept[n] = room
            room += 4 << steps[n, 4]
            if kind == CONDITION:
                value[n] = room
                room += 2 << (steps[n, 4] - steps[n, 3])
    for j in range(parts.bits.size):
        biggest = max(biggest, 1 << parts.bits[j])
    if work.size < room:
        work = np.empty(room + room // 2)
    full = 1 << widest
    one_buffer, other_buffer = work[: 4 * full], work[4 * full : 8 * full]
    zero, one = work[8 * full : 12 * full], work[12 * full : 16 * full]
    u, off, on = work[16 * full : 18 * full], work[18 * full : 19 * full], work[19 * full : room]
    matrix = np.empty((biggest, biggest))
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
            lane = lane_of(net, case, parts, plan, band, sex)
            share = net.age_prior[band] if case.band < 0 else 1.0
            share *= net.sex_prior[sex] if case.sex < 0 else 1.0
            for m in range(-1, groups.shape[0] if backward else 0):
                begin, end, members = _bounds(steps, groups, m)
                if m >= 0 and members < 2:  # a group of one is that condition
                    continue
                swap = False
                if m >= 0:  # from here on the run differs from the stored one
                    power = forward_power[begin]
                    x = work[kept[begin] :]
                else:
                    x = work[kept[0] :] if kept[0] >= 0 else one_buffer
                    quiet = share * (1.0 - net.unnamed_prior) * parts.constant[band, 0]
                    loud = share * net.unnamed_prior * parts.constant[band, 1]
                    x[0] = 0.0
                    x[1] = 0.0
                    x[2] = loud * _lonely(parts, steps, band, ON)
                    x[3] = quiet * _lonely(parts, steps, band, OFF)
                    power = rescale(x, 4)
                passed = 0
                for n in range(begin, end):
                    kind, item, base, bits, width = steps[n]
                    size = 1 << width
                    if m < 0:
                        forward_power[n] = power
                    swap = not swap
                    y = other_buffer if swap else one_buffer
                    if m < 0 and kept[n + 1] >= 0:
                        y = work[kept[n + 1] :]
                    if kind == OPEN_FACTOR:
                        states = 1 << bits
                        for a in range(4):
                            opening = parts.opening[band, 1 - a % 2, parts.first_state[item] :]
                            wide = y[a * size * states :]
                            expand(x[a * size :], size, base, states, opening, wide)
                    elif kind == OPEN_VERTEX:
                        open_vertex(plan.weights[n], plan.needs[n], base, x, 4 * size, y)
                    elif kind == CLOSE_FACTOR:
                        closing = parts.closing[parts.first_state[item] :]
                        contract(x, 4 * size, base, 1 << bits, closing, y)
                    else:
                        small = size >> bits
                        w0, w1 = plan.weights[n, 0], plan.weights[n, 1]
                        acts, past = plan.act_start[n], plan.act_start[n + 1]
                        passed += 1
                        known = False
                        if kind == CONDITION:
                            x0 = x
                            if bits:
                                half_of(x, 4 * size, base, OFF, zero)
                                half_of(x, 4 * size, base, ON, one)
                                x0 = zero
                            off[0] = lane.off[n]
                            on[0] = lane.on[n]
                            varies = survive(
                                plan.hold, plan.hold_start[n], plan.hold_start[n + 1],
                                plan.coefficient, small, off, on,
                            )  # fmt: skip
                            inside = m >= 0 and groups[m, item]
                            if inside:  # the group's members stay absent; here one would not have
                                scale = 2.0 ** (power + backward_power[n] - exponent)
                                out_group[m] += scale * being_present(
                                    x0, one, bits == 1, on, varies, work[value[n] :], small
                                )
                            stays_absent(x0, off, varies, w0, small, y)
                            if w1 != 0.0 and not inside:
                                comes_about(x0, one, bits == 1, on, varies, w1, small, u)
                                act(
                                    plan.act, acts, past, plan.coefficient, u, 2 * small, FORWARD,
                                    matrix,
                                )  # fmt: skip
                                for s in range(2 * small):
                                    y[s] += u[s]
                            known = case.condition[item] >= 0
                        else:
                            if bits:
                                half_of(x, 4 * size, base, OFF, zero)
                                half_of(x, 4 * size, base, ON, y)
                            else:
                                weigh(x, 4 * size, plan.needs[n], w0, w1, zero, y)
                            act(
                                plan.act,
                                acts,
                                past,
                                plan.coefficient,
                                y,
                                4 * small,
                                FORWARD,
                                matrix,
                            )
                            for s in range(4 * small):
                                y[s] = zero[s] + lane.on[n] * y[s]
                        if known or passed % RESCALE_EVERY == 0:
                            power += rescale(y, 4 * small)
                    x = y
                if m >= 0:
                    continue

                lane_total = x[0] + x[1] + x[2]
                if not started:
                    exponent = power
                    started = True
                scale = 2.0 ** (power - exponent)
                total += lane_total * scale
                unexplained += x[2] * scale
                by_lane[band, sex] += lane_total * scale
                if not backward:
                    break

                x = one_buffer
                x[0] = 1.0
                x[1] = 1.0
                x[2] = 1.0
                x[3] = 0.0
                power = 0
                passed = 0
                swap = False
                for n in range(count - 1, -1, -1):
                    kind, item, base, bits, width = steps[n]
                    size = 1 << width
                    swap = not swap
                    y = other_buffer if swap else one_buffer
                    if kind == OPEN_FACTOR:
                        states = 1 << bits
                        for a in range(4):
                            opening = parts.opening[band, 1 - a % 2, parts.first_state[item] :]
                            long = size * states
                            contract(x[a * long :], long, base, states, opening, y[a * size :])
                    elif kind == OPEN_VERTEX:
                        open_vertex_back(plan.weights[n], plan.needs[n], base, x, 4 * size, y)
                    elif kind == CLOSE_FACTOR:
                        closing = parts.closing[parts.first_state[item] :]
                        expand(x, (4 * size) >> bits, base, 1 << bits, closing, y)
                    else:
                        small = size >> bits
                        w0, w1 = plan.weights[n, 0], plan.weights[n, 1]
                        acts, past = plan.act_start[n], plan.act_start[n + 1]
                        scale = 2.0 ** (forward_power[n] + power - exponent)
                        reached = x
                        if kept[n] >= 0:
                            reached = work[kept[n] :]
                        if kind == CONDITION:
                            off[0] = lane.off[n]
                            on[0] = lane.on[n]
                            varies = survive(
                                plan.hold, plan.hold_start[n], plan.hold_start[n + 1],
                                plan.coefficient, small, off, on,
                            )  # fmt: skip
                            g = work[value[n] :]
                            for s in range(2 * small):
                                g[s] = w1 * x[s]
                            if w1 != 0.0:
                                act(
                                    plan.act, acts, past, plan.coefficient, g, 2 * small, BACKWARD,
                                    matrix,
                                )  # fmt: skip
                            if bits:
                                half_of(reached, 4 * size, base, OFF, zero)
                                half_of(reached, 4 * size, base, ON, one)
                                reached = zero
                            out_present[item] += scale * being_present(
                                reached, one, bits == 1, on, varies, g, small
                            )
                            out_absent[item] += scale * being_absent(
                                reached, off, varies, x, small, w0
                            )
                            backward_power[n] = power
                            back = zero if bits else y
                            condition_back(x, g, bits == 1, off, on, varies, w0, small, back, one)
                            if bits:
                                put_half(zero, 4 * size, base, OFF, y)
                                put_half(one, 4 * size, base, ON, y)
                            passed += 1
                            if case.condition[item] >= 0 or passed % RESCALE_EVERY == 0:
                                power += rescale(y, 4 * size)
                        else:
                            needs = plan.needs[n]
                            for s in range(4 * small):
                                one[s] = lane.on[n] * x[s]
                            act(
                                plan.act, acts, past, plan.coefficient, one, 4 * small, BACKWARD,
                                matrix,
                            )  # fmt: skip
                            if contexts_too:
                                if bits:
                                    half_of(reached, 4 * size, base, ON, y)
                                else:
                                    weigh(reached, 4 * size, needs, w0, w1, zero, y)
                                shown = 0.0
                                for s in range(4 * small):
                                    shown += y[s] * one[s]
                                out_context[item - conditions] += scale * shown
                            if bits:
                                put_half(x, 4 * size, base, OFF, y)
                                put_half(one, 4 * size, base, ON, y)
                            else:
                                for s in range(4 * size):
                                    y[s] = w0 * x[s] + w1 * one[s]
                                if needs >= 0:
                                    for s in range(4 * size):
                                        if (s >> needs) & 1 == 0:
                                            y[s] = x[s]
                    x = y
    for m in range(groups.shape[0]):
        begin, end, members = _bounds(steps, groups, m)
        if members == 1:
            out_group[m] = out_present[steps[begin, 1]]
    result = Result(
        exponent, total, unexplained, by_lane, out_present, out_absent, out_group, out_context
    )
    return result, work
