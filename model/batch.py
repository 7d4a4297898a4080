"""Posteriors of many settled rows: the same kernel as for one, in a loop without Python in it."""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model import kernel
from model.compiled import njit
from model.kernel import Case
from model.parameters import Floats
from model.reasoner import Reasoner

#: What became of a row.
DONE, TOO_WIDE, FAILED = 0, 1, 2

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


@njit
def _assess(
    net, graph, library, groups, finding, context, condition, band, sex, max_steps, max_bytes,
    state, present, absent, group, unexplained, log_evidence, conflict,
):  # fmt: skip
    """Fill the output rows; soft evidence is for single patients only."""
    findings = net.parent.size
    contexts = net.context_prior.size
    conditions = net.rate.size
    is_soft = np.zeros(findings, np.int8)
    soft_finding = np.ones((findings, net.row.shape[2]))
    soft_context = np.ones((contexts, 2))
    soft_condition = np.ones((conditions, 2))
    for r in range(finding.shape[0]):
        case = Case(
            finding[r], is_soft, soft_finding, context[r], soft_context, condition[r],
            soft_condition, band[r], sex[r],
        )  # fmt: skip
        parts = kernel.decompose(net, graph, case, True)
        chosen, needed, room, _ = kernel.choose(net, graph, parts, library)
        needed *= (1.0 if band[r] >= 0 else net.age_prior.size) * (1.0 if sex[r] >= 0 else 2.0)
        if parts.too_wide or needed > max_steps or room > max_bytes:
            state[r] = TOO_WIDE
            continue
        steps, where = kernel.program(
            net, graph, parts, library.order[chosen], library.place[chosen]
        )
        power, total, quiet, _, on, off, any_of, _ = kernel.run(
            net, graph, case, parts, steps, where, groups, True, False
        )
        for i in range(conditions):
            present[r, i] = on[i] / (on[i] + off[i])
            absent[r, i] = off[i] / (on[i] + off[i])
        for m in range(groups.shape[0]):
            group[r, m] = any_of[m] / total
        unexplained[r] = quiet / total
        base, alone = kernel.items_alone(net, graph, case, library)
        log_evidence[r] = np.log(total) + power * np.log(2.0) - base
        conflict[r] = (alone - log_evidence[r]) / np.log(10.0)


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

    def fill(part: slice) -> None:
        _assess(
            net, reasoner.engine.graph, reasoner.engine.library, groups, finding[part],
            context[part], condition[part], band[part], sex[part], reasoner.max_steps,
            reasoner.max_bytes, rows.state[part], rows.condition[part], rows.without[part],
            rows.group[part], rows.unexplained[part], rows.log_evidence[part], rows.conflict[part],
        )  # fmt: skip

    def work(start: int) -> None:
        try:
            fill(slice(start, start + BLOCK))
        except Exception:  # noqa: BLE001 - one row must not take the others with it
            for row in range(start, min(start + BLOCK, count)):
                try:
                    fill(slice(row, row + 1))
                except Exception:  # noqa: BLE001
                    rows.state[row] = FAILED

    starts = range(0, count, BLOCK)
    if len(starts) <= 1 or workers == 1:
        for start in starts:
            work(start)
    else:
        with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
            list(pool.map(work, starts))
    broken = (rows.state == DONE) & ~np.isfinite(rows.condition).all(axis=1)
    rows.state[broken] = FAILED
    return rows
