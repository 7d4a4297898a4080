"""Run a program over the conditions, forward and backward, and read the posteriors off."""

from __future__ import annotations

import numba
import numpy as np

from model.kernel.factors import lane_survival
from model.kernel.passes import (
    close,
    close_back,
    open_context,
    open_context_back,
    open_finding,
    open_finding_back,
    pass_condition,
    pass_condition_back,
    rescale,
    survival,
)
from model.kernel.types import CLOSE_FINDING, CONDITION, OPEN_CONTEXT, OPEN_FINDING


@numba.njit(cache=True)
def run(net, case, parts, steps, where, groups, backward):
    """Run one program, for every age band and sex that the evidence leaves open.

    groups: (M, N) boolean membership. backward False gives the total and unexplained only.

    Returns exponent and, in units of 2**exponent, total P(evidence, complaint), unexplained, lanes
    (B, 2) of the total by age and sex, present (N,), absent (N,), group (M,), context present (K,).
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
            power = rescale(x, 4)
            for n in range(count):
                kind, item, base, bits, width = steps[n]
                size = 1 << width
                forward_power[n] = power
                if kind == OPEN_FINDING:
                    open_finding(parts, item, band, x, y, size)
                    x, y = y, x
                elif kind == OPEN_CONTEXT:
                    open_context(
                        net, case, parts, item - factors, where[n], x, y, size, causes, tmp
                    )
                    x, y = y, x
                elif kind == CONDITION:
                    if backward:
                        at = 4 * room[n]
                        for s in range(4 * size):
                            stored[at + s] = x[s]
                    varies = survival(
                        net,
                        case,
                        parts,
                        link,
                        folded,
                        item,
                        band,
                        sex,
                        where[n],
                        factors,
                        size,
                        absent,
                        present,
                    )
                    pass_condition(
                        net,
                        case,
                        parts,
                        item,
                        varies,
                        absent,
                        present,
                        where[n],
                        x,
                        y,
                        size,
                        bits,
                        causes,
                        tmp,
                        True,
                    )
                    x, y = y, x
                    power += rescale(x, 4 * size * (1 + bits))
                elif kind == CLOSE_FINDING:
                    closing = parts.closing[parts.first_state[item] : parts.first_state[item + 1]]
                    close(x, y, size, base, 1 << bits, closing)
                    x, y = y, x
                else:
                    close(x, y, size, base, 2, ones)
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
                    open_finding_back(parts, item, band, x, y, size)
                    x, y = y, x
                elif kind == OPEN_CONTEXT:
                    open_context_back(
                        net, case, parts, item - factors, where[n], x, y, size, causes, tmp
                    )
                    x, y = y, x
                elif kind == CONDITION:
                    varies = survival(
                        net,
                        case,
                        parts,
                        link,
                        folded,
                        item,
                        band,
                        sex,
                        where[n],
                        factors,
                        size,
                        absent,
                        present,
                    )
                    g = values[2 * room[n] : 2 * room[n] + 2 * size]
                    v = stored[4 * room[n] : 4 * room[n] + 4 * size]
                    pass_condition_back(
                        net,
                        case,
                        parts,
                        item,
                        varies,
                        absent,
                        present,
                        where[n],
                        x,
                        y,
                        g,
                        size,
                        bits,
                        causes,
                        tmp,
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
                    power += rescale(x, 4 * size)
                elif kind == CLOSE_FINDING:
                    closing = parts.closing[parts.first_state[item] : parts.first_state[item + 1]]
                    close_back(x, y, size, base, 1 << bits, closing)
                    x, y = y, x
                else:
                    close_back(x, y, size, base, 2, ones)
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
                        open_finding(parts, item, band, x, y, size)
                    elif kind == OPEN_CONTEXT:
                        open_context(
                            net, case, parts, item - factors, where[n], x, y, size, causes, tmp
                        )
                    elif kind == CONDITION:
                        varies = survival(
                            net,
                            case,
                            parts,
                            link,
                            folded,
                            item,
                            band,
                            sex,
                            where[n],
                            factors,
                            size,
                            absent,
                            present,
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
                        pass_condition(
                            net,
                            case,
                            parts,
                            item,
                            varies,
                            absent,
                            present,
                            where[n],
                            x,
                            y,
                            size,
                            bits,
                            causes,
                            tmp,
                            not inside,
                        )
                    elif kind == CLOSE_FINDING:
                        closing = parts.closing[
                            parts.first_state[item] : parts.first_state[item + 1]
                        ]
                        close(x, y, size, base, 1 << bits, closing)
                    else:
                        close(x, y, size, base, 2, ones)
                    x, y = y, x
                    if kind == CONDITION:
                        power += rescale(x, 4 * size * (1 + bits))
    return exponent, total, unexplained, by_lane, out_present, out_absent, out_group, out_context
