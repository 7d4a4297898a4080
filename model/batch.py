"""Posteriors of many settled rows: the same kernel as for one, in a loop that leaves Python alone."""
# mypy: disable-error-code="no-untyped-def,no-untyped-call"

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from model import kernel
from model.kernel import Case
from model.parameters import Floats
from model.reasoner import Reasoner

#: What became of a row.
DONE, TOO_WIDE = 0, 1

#: Rows a thread takes at a time; small enough that two cores finish together.
BLOCK = 64


@dataclass(frozen=True)
class Rows:
    """Posteriors by row; NaN where `state` is not DONE (axes as in `model.engine.Posterior`)."""

    state: NDArray[np.int64]
    condition: Floats
    without: Floats
    group: Floats
    unexplained: Floats
    log_evidence: Floats
    conflict: Floats


@numba.njit(cache=True, nogil=True)
def _log_probability(net, orders, groups, case):
    parts = kernel.decompose(net, case, True)
    chosen = kernel.choose(net, case, parts, orders)[0]
    steps, where = kernel.program(net, case, parts, orders[chosen])
    result = kernel.run(net, case, parts, steps, where, groups, False)
    return np.log(result[1]) + result[0] * np.log(2.0)


@numba.njit(cache=True, nogil=True)
def _assess(
    net,
    orders,
    groups,
    finding,
    context,
    condition,
    band,
    sex,
    max_steps,
    max_bytes,
    state,
    present,
    absent,
    group,
    unexplained,
    log_evidence,
    conflict,
):
    """Fill the output rows; soft evidence is for single patients only."""
    findings = net.parent.size
    contexts = net.context_prior.size
    conditions = net.rate.size
    is_soft = np.zeros(findings, np.int8)
    soft_finding = np.ones((findings, net.row.shape[2]))
    soft_context = np.ones((contexts, 2))
    soft_condition = np.ones((conditions, 2))
    nothing = np.full(findings, -1, np.int8)
    nobody = np.full(conditions, -1, np.int8)
    nogroup = groups[:0]
    for r in range(finding.shape[0]):
        case = Case(
            finding[r],
            is_soft,
            soft_finding,
            context[r],
            soft_context,
            condition[r],
            soft_condition,
            band[r],
            sex[r],
        )
        parts = kernel.decompose(net, case, True)
        chosen, needed, room, _ = kernel.choose(net, case, parts, orders)
        if parts.too_wide or needed > max_steps or room > max_bytes:
            state[r] = TOO_WIDE
            continue
        steps, where = kernel.program(net, case, parts, orders[chosen])
        power, total, quiet, _, on, off, any_of, _ = kernel.run(
            net, case, parts, steps, where, groups, True
        )
        for i in range(conditions):
            present[r, i] = on[i] / (on[i] + off[i])
            absent[r, i] = off[i] / (on[i] + off[i])
        for m in range(groups.shape[0]):
            group[r, m] = any_of[m] / total
        unexplained[r] = quiet / total
        logp = np.log(total) + power * np.log(2.0)

        given = Case(
            nothing,
            is_soft,
            soft_finding,
            context[r],
            soft_context,
            nobody,
            soft_condition,
            band[r],
            sex[r],
        )
        base = _log_probability(net, orders, nogroup, given)
        alone = 0.0
        one = nothing.copy()
        for place in range(findings):
            if finding[r, place] >= 0:
                one[place] = finding[r, place]
                single = Case(
                    one,
                    is_soft,
                    soft_finding,
                    context[r],
                    soft_context,
                    nobody,
                    soft_condition,
                    band[r],
                    sex[r],
                )
                alone += _log_probability(net, orders, nogroup, single) - base
                one[place] = -1
        who = nobody.copy()
        for place in range(conditions):
            if condition[r, place] >= 0:
                who[place] = condition[r, place]
                single = Case(
                    nothing,
                    is_soft,
                    soft_finding,
                    context[r],
                    soft_context,
                    who,
                    soft_condition,
                    band[r],
                    sex[r],
                )
                alone += _log_probability(net, orders, nogroup, single) - base
                who[place] = -1
        log_evidence[r] = logp - base
        conflict[r] = (alone - (logp - base)) / np.log(10.0)


def assess_rows(reasoner: Reasoner, codes: NDArray[np.int8], *, workers: int | None = None) -> Rows:
    """Posteriors of settled rows (R, I), on every core; the answer does not depend on how many."""
    v = reasoner.vocabulary
    net, groups = reasoner.engine.net, reasoner.engine.groups
    count = len(codes)
    finding = np.ascontiguousarray(codes[:, v.columns("finding")])
    context = np.ascontiguousarray(codes[:, v.columns("context")])
    condition = np.ascontiguousarray(codes[:, v.columns("condition")])
    band = codes[:, v.index["age"].column].astype(np.int64)
    sex = codes[:, v.index["sex"].column].astype(np.int64)
    rows = Rows(
        state=np.zeros(count, np.int64),
        condition=np.full((count, condition.shape[1]), math.nan),
        without=np.full((count, condition.shape[1]), math.nan),
        group=np.full((count, groups.shape[0]), math.nan),
        unexplained=np.full(count, math.nan),
        log_evidence=np.full(count, math.nan),
        conflict=np.full(count, math.nan),
    )

    def work(start: int) -> None:
        part = slice(start, start + BLOCK)
        _assess(
            net,
            reasoner.engine.orders,
            groups,
            finding[part],
            context[part],
            condition[part],
            band[part],
            sex[part],
            reasoner.max_steps,
            reasoner.max_bytes,
            rows.state[part],
            rows.condition[part],
            rows.without[part],
            rows.group[part],
            rows.unexplained[part],
            rows.log_evidence[part],
            rows.conflict[part],
        )

    starts = range(0, count, BLOCK)
    if len(starts) <= 1 or workers == 1:
        for start in starts:
            work(start)
    else:
        with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
            list(pool.map(work, starts))
    return rows
