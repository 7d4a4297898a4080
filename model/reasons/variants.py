"""Posteriors of several variants of one patient, settled and answered together.

Whatever explains a posterior asks what it would have been with other evidence. Variants that come
to the same settled evidence are answered once; one that cannot be answered says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model.batch import DONE, FAILED, TOO_WIDE, answer_rows
from model.errors import InputError, Problem, StoppedError
from model.evidence import Evidence
from model.parameters import Floats
from model.reasoner import Reasoner
from model.vocabulary import UNKNOWN

Progress = Callable[[int, int], None]
Cancelled = Callable[[], bool]

#: What became of a variant besides the engine's own words.
CONTRADICTION, STOPPED = 3, 4

#: The words for it.
STATES = {
    DONE: "ok",
    TOO_WIDE: "refused",
    FAILED: "failed",
    CONTRADICTION: "contradiction",
    STOPPED: "stopped",
}

#: Rows between two looks at `cancelled`: enough for every core, soon over.
BLOCK = 64


@dataclass(frozen=True)
class Variants:
    """Posteriors by variant; NaN where `state` is not DONE.

    Attributes:
        state: (R,) DONE, TOO_WIDE, FAILED, CONTRADICTION or STOPPED; `STATES` has the words.
        codes: (R, I) what the engine was told (settled).
        present, absent: (R, N) P(condition | evidence) and its complement.
        group: (R, M) P(any member | evidence) of the groups asked for.
        unexplained: (R,) P(none of the conditions | evidence).
        log_probability: (R,) natural logarithm of P(evidence, complaint), as of the engine.
    """

    state: NDArray[np.int64]
    codes: NDArray[np.int8]
    present: Floats
    absent: Floats
    group: Floats
    unexplained: Floats
    log_probability: Floats


def changed(evidence: Evidence, column: int, code: int) -> Evidence:
    """The same patient with one item known to be something else, or unknown; soft or not before."""
    codes = evidence.codes.copy()
    codes[column] = code
    soft = tuple(pair for pair in evidence.soft if pair[0] != column)
    return replace(evidence, codes=codes, soft=soft)


def copied(evidence: Evidence, column: int, source: Evidence) -> Evidence:
    """The same patient with one item, hard or soft, as it is in another."""
    fresh = changed(evidence, column, int(source.codes[column]))
    soft = [pair for pair in source.soft if pair[0] == column]
    return replace(fresh, soft=tuple(sorted([*fresh.soft, *soft])))


def items_of(evidence: Evidence) -> tuple[int, ...]:
    """Columns of every item entered, hard or soft, in column order."""
    return tuple(sorted({*evidence.entered, *(column for column, _ in evidence.soft)}))


def value_of(reasoner: Reasoner, evidence: Evidence, column: int) -> str:
    """What was entered for an item: a value, "soft" or "unknown"."""
    code = int(evidence.codes[column])
    if code != UNKNOWN:
        return reasoner.vocabulary.items[column].values[code]
    return "soft" if any(column == soft for soft, _ in evidence.soft) else "unknown"


def consultation(reasoner: Reasoner, columns: Sequence[int]) -> tuple[int, ...]:
    """Columns in the order of a consultation.

    Age, sex and contexts; then findings by the order of their steps (history, examination, tests);
    diagnoses already made come last. Ties stand in column order.
    """
    steps = {row.id: row.order for row in reasoner.knowledge.step}
    last = max(steps.values(), default=0.0) + 1
    first = {"age": -3.0, "sex": -2.0, "context": -1.0}

    def key(column: int) -> tuple[float, int]:
        item = reasoner.vocabulary.items[column]
        return first.get(item.kind, steps.get(item.step, last)), column

    return tuple(sorted(columns, key=key))


def need(reasoner: Reasoner, evidence: Evidence, state: int) -> None:
    """Raise what stood in the way of a posterior that nothing can be said without.

    Raises:
        InputError: if the evidence contradicts itself.
        TooWideError: if its posterior is past the limit.
        StoppedError: if the caller stopped before it was there.
    """
    if state == DONE:
        return
    if state == STOPPED:
        raise StoppedError("stopped before the first posterior was there")
    settled = reasoner.closure.settle(evidence.codes[None, :])
    if settled.bad.any():
        notes = [note for note in settled.notes if note.level == "error"]
        raise InputError([Problem(note.code, "", note.text) for note in notes])
    reasoner.posterior(reasoner.case(settled.engine[0], evidence.soft))


def answer_variants(
    reasoner: Reasoner,
    variants: Sequence[Evidence],
    *,
    groups: NDArray[np.bool_] | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Variants:
    """Answer variants (R of them), those with equal soft evidence together.

    Args:
        reasoner: the knowledge base in one setting and basis.
        variants: evidence of every kind; contradictions are marked, not raised.
        groups: (M, N) the groups wanted; the categories when omitted.
        progress: told (done, total) rows after every block.
        cancelled: asked before every block; rows left then are STOPPED.
    """
    members = reasoner.engine.groups if groups is None else groups
    count, n = len(variants), len(reasoner.knowledge.condition)
    settled = reasoner.closure.settle(np.stack([one.codes for one in variants]))
    codes = settled.engine
    state = np.where(settled.bad, CONTRADICTION, STOPPED)
    present, absent = np.full((count, n), np.nan), np.full((count, n), np.nan)
    group = np.full((count, len(members)), np.nan)
    unexplained, log_probability = np.full(count, np.nan), np.full(count, np.nan)
    done = int(settled.bad.sum())
    for soft in dict.fromkeys(one.soft for one in variants):
        same = np.array([one.soft == soft for one in variants]) & ~settled.bad
        rows = np.flatnonzero(same)
        distinct, which = np.unique(codes[rows], axis=0, return_inverse=True)
        which = which.reshape(-1)
        for start in range(0, len(distinct), BLOCK):
            if cancelled is not None and cancelled():
                break
            part = slice(start, start + BLOCK)
            answers = answer_rows(reasoner, distinct[part], soft=soft, groups=members)
            told = (which >= start) & (which < start + BLOCK)
            here, there = rows[told], which[told] - start
            state[here] = answers.state[there]
            present[here], absent[here] = answers.present[there], answers.absent[there]
            group[here], unexplained[here] = answers.group[there], answers.unexplained[there]
            log_probability[here] = answers.log_probability[there]
            done += len(here)
            if progress is not None:
                progress(done, count)
    return Variants(state, codes, present, absent, group, unexplained, log_probability)
