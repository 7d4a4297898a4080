"""Posteriors of many settled rows on every core."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model import kernel
from model.engine import asked_of, blank_answers
from model.kernel import DONE, FAILED, TOO_WIDE, Answers
from model.parameters import Floats
from model.reasoner import Reasoner, Soft

__all__ = ["DONE", "FAILED", "TOO_WIDE", "Rows", "answer_rows", "assess_rows"]

#: Rows a thread takes at a time; small enough that two cores finish together.
BLOCK = 32


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


def answer_rows(
    reasoner: Reasoner,
    codes: NDArray[np.int8],
    *,
    soft: Soft = (),
    groups: NDArray[np.bool_] | None = None,
    contexts: bool = False,
    fit: bool = False,
    workers: int | None = None,
) -> Answers:
    """What the engine says of settled rows (R, I), on every core.

    Args:
        reasoner: the knowledge base in one setting and basis.
        codes: hard evidence.
        soft: soft evidence that all rows share.
        groups: (M, N) other groups than the categories.
        contexts: also the posteriors of unknown contexts.
        fit: also what is needed for the fit.
        workers: threads (all cores when omitted); the answer does not depend on how many.
    """
    cases = reasoner.cases(codes, soft)
    engine = reasoner.engine
    members = engine.groups if groups is None else groups
    count = len(codes)
    out = blank_answers(engine.net, count, len(members))
    asked = asked_of(
        contexts=contexts, fit=fit, max_steps=reasoner.max_steps, max_bytes=reasoner.max_bytes
    )

    def fill(part: slice) -> None:
        rows = cases._replace(
            finding=cases.finding[part],
            context=cases.context[part],
            condition=cases.condition[part],
            band=cases.band[part],
            sex=cases.sex[part],
        )
        there = Answers._make(field[part] for field in out)
        kernel.answer(engine.net, engine.graph, engine.library, members, rows, asked, there)

    def work(start: int) -> None:
        try:
            fill(slice(start, start + BLOCK))
        except Exception:  # noqa: BLE001 - one row must not take the others with it
            for row in range(start, min(start + BLOCK, count)):
                try:
                    fill(slice(row, row + 1))
                except Exception:  # noqa: BLE001
                    out.state[row] = FAILED

    starts = range(0, count, BLOCK)
    if len(starts) <= 1 or workers == 1:
        for start in starts:
            work(start)
    else:
        with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
            list(pool.map(work, starts))
    return out


def assess_rows(reasoner: Reasoner, codes: NDArray[np.int8], *, workers: int | None = None) -> Rows:
    """Posteriors and fit of settled rows (R, I); the answer does not depend on `workers`."""
    out = answer_rows(reasoner, codes, fit=True, workers=workers)
    log_evidence = out.log_probability - out.log_given
    return Rows(
        state=out.state,
        condition=out.present,
        without=out.absent,
        group=out.group,
        unexplained=out.unexplained,
        log_evidence=log_evidence,
        conflict=(out.log_alone - log_evidence) / np.log(10.0),
    )
