"""What every possible answer to a question would make of the posterior, with its chance.

For a question of two answers one more posterior is computed, that of the item absent, which costs
no more than the present one; the other follows from

    P(C, present | e) = P(C | e) - P(C, absent | e)

unless the difference would be too small to trust. Items that bear on each other so closely that
one look answers them (they exclude each other, or one implies the other) are asked together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from model.batch import DONE
from model.evidence import Evidence
from model.kernel import Net
from model.parameters import Floats
from model.reasoner import Reasoner
from model.reasons.variants import STATES, Cancelled, Progress, answer_variants, need
from model.vocabulary import UNKNOWN

#: Relative rounding error of a posterior at worst (docs/engine.md, section 8), and what a
#: difference of two may keep of it: on a posterior, and relative to an odds.
ROUNDING = 1e-11
ON_POSTERIOR = 1e-9
ON_ODDS = 1e-6

#: What becomes of an answer that is entered: it fits, contradicts what is known, or makes something
#: known be read in another way.
FITS, CONTRADICTS, READ_OTHERWISE = 0, 1, 2

#: More items than this are asked one by one even if they bear on each other.
MOST_TOGETHER = 4


@dataclass(frozen=True, slots=True)
class Answered:
    """Posteriors of variants of a patient, with the probability of each; NaN unless DONE.

    Attributes:
        state: (R,) as in `model.reasons.variants.STATES`.
        present, absent: (R, N); group: (R, M); unexplained: (R,).
        log_weight: (R,) natural logarithm of P(everything known, complaint), priors of age, sex
            and contexts included; soft evidence counts as scaled by the engine.
    """

    state: NDArray[np.int64]
    present: Floats
    absent: Floats
    group: Floats
    unexplained: Floats
    log_weight: Floats


@dataclass(frozen=True, slots=True)
class Belief:
    """Posteriors given one body of evidence.

    Attributes:
        present, absent: (N,); group: (M,); unexplained: P(none of the conditions).
        log_weight: as in `Answered`.
    """

    present: Floats
    absent: Floats
    group: Floats
    unexplained: float
    log_weight: float


@dataclass(frozen=True, slots=True)
class Prospect:
    """One question: its answers, their chances, and the posterior after each.

    Attributes:
        columns: the items it asks for.
        codes: (A, columns) the answers.
        state: DONE, or why it could not be computed (the rest is then NaN).
        chance: (A,) P(answer | evidence, the answer is one of these); they add to 1.
        lost: P(none of these answers | evidence): combinations that cannot be entered. Not quite 0
            either where a grade makes a known absent finding say nothing (`model.closure`).
        present, absent: (A, N); group: (A, M); unexplained: (A,).
    """

    columns: tuple[int, ...]
    codes: NDArray[np.int8]
    state: int
    chance: Floats
    lost: float
    present: Floats
    absent: Floats
    group: Floats
    unexplained: Floats

    @property
    def why(self) -> str:
        """The word for the state."""
        return STATES[self.state]


@dataclass(frozen=True, slots=True)
class Prospects:
    """The present posterior, every question's prospect, and what they took.

    Attributes:
        rows: posteriors computed, the present one included.
        impossible: answers left out since they contradict what is known.
        read_otherwise: answers left out since something known would be read in another way.
        left: questions with less than two answers for that reason.
    """

    now: Belief
    each: tuple[Prospect, ...]
    rows: int
    impossible: int
    read_otherwise: int
    left: tuple[tuple[int, ...], ...]


def log_known(
    net: Net, context: NDArray[np.int8], band: Iterable[int], sex: Iterable[int]
) -> Floats:
    """Log prior of known contexts (R, K), age and sex, as far as log P(evidence) leaves it out.

    It does not leave out a known context whose implied one is unknown.
    """
    rows = len(context)
    log = np.zeros(rows)
    for prior, codes in ((net.age_prior, band), (net.sex_prior, sex)):
        known = np.asarray(codes)
        log += np.where(known >= 0, np.log(prior)[np.maximum(known, 0)], 0.0)
    for k, p in enumerate(net.context_prior):
        above = int(net.implied[k])
        code = context[:, k]
        chance = np.where(code == 1, math.log(p), math.log1p(-p))
        open_ = code >= 0
        if above >= 0:
            open_ &= context[:, above] == 1
        log += np.where(open_, chance, 0.0)
    return log


def answer_entered(
    reasoner: Reasoner,
    variants: Sequence[Evidence],
    *,
    groups: NDArray[np.bool_] | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Answered:
    """Answer variants of a patient (R of them, arguments as for `answer_variants`)."""
    settled = reasoner.closure.settle(np.stack([one.codes for one in variants]))
    kept, log_soft = [], np.zeros(len(variants))
    for place, one in enumerate(variants):
        soft = []
        for column, likelihoods in one.soft:
            code = int(settled.engine[place, column])
            if code == UNKNOWN:
                soft.append((column, likelihoods))
            else:  # what implies it says it for certain, and its likelihood still counts
                log_soft[place] += math.log(likelihoods[code] / max(likelihoods))
        kept.append(replace(one, soft=tuple(soft)))
    found = answer_variants(reasoner, kept, groups=groups, progress=progress, cancelled=cancelled)
    vocabulary = reasoner.vocabulary
    known = log_known(
        reasoner.engine.net,
        settled.engine[:, vocabulary.columns("context")],
        settled.engine[:, vocabulary.index["age"].column],
        settled.engine[:, vocabulary.index["sex"].column],
    )
    return Answered(
        found.state, found.present, found.absent, found.group, found.unexplained,
        found.log_probability + known + log_soft,
    )  # fmt: skip


def believed(reasoner: Reasoner, evidence: Evidence) -> Belief:
    """The posterior of one patient.

    Raises:
        InputError: if the evidence contradicts itself.
        TooWideError: if its posterior is past the limit.
    """
    answered = answer_entered(reasoner, [evidence])
    need(reasoner, evidence, int(answered.state[0]))
    return _belief(answered, 0)


def entering(
    reasoner: Reasoner, evidence: Evidence, variants: Sequence[Evidence]
) -> NDArray[np.int64]:
    """(R,) FITS, CONTRADICTS or READ_OTHERWISE of each variant of a patient.

    A warning that the patient has not already says that something entered is read in another way
    than it says.
    """
    settled = reasoner.closure.settle(np.stack([one.codes for one in (evidence, *variants)]))
    found = np.full(len(variants) + 1, FITS, np.int64)
    for note in settled.notes:
        if note.level == "warning" and not note.rows[0]:
            found[note.rows & (found == FITS)] = READ_OTHERWISE
        elif note.level == "error":
            found[note.rows] = CONTRADICTS
    return found[1:]


def can_be_entered(
    reasoner: Reasoner, evidence: Evidence, variants: Sequence[Evidence]
) -> NDArray[np.bool_]:
    """(R,) Whether each variant brings no error, and no warning that is not there already."""
    return np.asarray(entering(reasoner, evidence, variants) == FITS)


def open_items(reasoner: Reasoner, evidence: Evidence) -> tuple[int, ...]:
    """Columns of findings, contexts, age and sex that are unknown and not implied.

    An item known only by a likelihood is one of them.
    """
    known = reasoner.closure.settle(evidence.codes[None, :]).rules[0] != UNKNOWN
    return tuple(
        item.column
        for item in reasoner.vocabulary.items
        if item.kind != "condition" and not known[item.column]
    )


def asked_together(reasoner: Reasoner, columns: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Questions: items that exclude each other, and contexts that imply another, stand together.

    So does what refines an item that excludes another: one blood test is one answer.
    """
    closure = reasoner.closure
    left = set(columns)
    excluding = {column for pair in closure.excludes for column in pair}
    ties = [*closure.excludes, *closure.implies]
    ties += [(child, parent) for child, parent in closure.implied if parent in excluding]
    found: list[tuple[int, ...]] = []
    for column in columns:
        if column not in left:
            continue
        group = {column}
        while more := {
            one
            for tie in ties
            if group & set(tie)
            for one in tie
            if one in left and one not in group
        }:
            group |= more
        left -= group
        if len(group) > MOST_TOGETHER:
            found.extend((one,) for one in sorted(group))
        else:
            found.append(tuple(sorted(group)))
    return tuple(found)


def with_answer(evidence: Evidence, columns: Sequence[int], answer: Iterable[int]) -> Evidence:
    """The same patient with some items answered; a likelihood of theirs still counts.

    It does not bear on the posterior any more, but on the chance of the answer.
    """
    codes = evidence.codes.copy()
    codes[list(columns)] = list(answer)
    return replace(evidence, codes=codes)


def prospects(
    reasoner: Reasoner,
    evidence: Evidence,
    questions: Sequence[tuple[int, ...]],
    *,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Prospects:
    """What every answer to some questions would make of the posterior.

    An answer that contradicts what is known, or can only be entered by reading something known in
    another way, is left out and counted: it splits what is known otherwise than an answer does. A
    question with one answer left is left out whole, and named if the other reason took the rest.

    Args:
        reasoner: the knowledge base in one setting and basis.
        evidence: the patient.
        questions: unknown columns, those asked together in one tuple.
        progress: told (done, total) posteriors after every block.
        cancelled: asked before every block; what is left then has the state "stopped".

    Raises:
        InputError: if the evidence contradicts itself.
        TooWideError: if its own posterior is past the limit.
    """
    now = believed(reasoner, evidence)
    values = [len(item.values) for item in reasoner.vocabulary.items]
    possible = [
        (place, answer)
        for place, columns in enumerate(questions)
        for answer in product(*(range(values[column]) for column in columns))
    ]
    variants = [with_answer(evidence, questions[place], answer) for place, answer in possible]
    answers: list[list[tuple[int, ...]]] = [[] for _ in questions]
    other = np.zeros(len(questions), np.int64)
    if variants:
        became = entering(reasoner, evidence, variants)
        for (place, answer), how in zip(possible, became, strict=True):
            if how == FITS:
                answers[place].append(answer)
            other[place] += how == READ_OTHERWISE
    real = [place for place in range(len(questions)) if len(answers[place]) > 1]
    binary = [p for p in real if len(answers[p]) == 2 and [values[c] for c in questions[p]] == [2]]
    found: dict[tuple[int, tuple[int, ...]], tuple[int, Belief]] = {}

    def ask(wanted: list[tuple[int, tuple[int, ...]]], told: Progress | None) -> None:
        rows = [with_answer(evidence, questions[place], answer) for place, answer in wanted]
        if not rows:
            return
        answered = answer_entered(reasoner, rows, progress=told, cancelled=cancelled)
        found.update(
            (one, (int(answered.state[row]), _belief(answered, row)))
            for row, one in enumerate(wanted)
        )

    ask([(p, a) for p in real for a in answers[p][: 1 if p in binary else None]], progress)
    ask([(p, answers[p][1]) for p in binary if not _enough(now, *found[p, answers[p][0]])], None)
    each = []
    for place in real:
        told = [found.get((place, answer)) for answer in answers[place]]
        each.append(_prospect(now, questions[place], answers[place], told))
    otherwise = int(other.sum())
    return Prospects(
        now=now,
        each=tuple(each),
        rows=1 + len(found),
        impossible=len(possible) - sum(len(fitting) for fitting in answers) - otherwise,
        read_otherwise=otherwise,
        left=tuple(
            columns
            for columns, fitting, more in zip(questions, answers, other, strict=True)
            if len(fitting) < 2 <= len(fitting) + more
        ),
    )


def _belief(answered: Answered, row: int) -> Belief:
    return Belief(
        answered.present[row], answered.absent[row], answered.group[row],
        float(answered.unexplained[row]), float(answered.log_weight[row]),
    )  # fmt: skip


def _enough(now: Belief, state: int, first: Belief) -> bool:
    """Whether the second of two answers may be had as the difference, or there is no first."""
    if state != DONE:
        return True
    chance = math.exp(first.log_weight - now.log_weight)
    if 1.0 - chance < ROUNDING / ON_POSTERIOR:
        return False
    least = ROUNDING / ON_ODDS
    return all(
        bool((whole - chance * part >= least * whole).all())
        for whole, part in ((now.present, first.present), (now.absent, first.absent))
    )


def _rest(now: Belief, first: Belief) -> Belief:
    """The belief after the other of two answers."""
    chance = math.exp(first.log_weight - now.log_weight)
    left = 1.0 - chance

    def share(whole: Floats, part: Floats) -> Floats:
        return np.asarray(np.clip((whole - chance * part) / left, 0.0, 1.0))

    return Belief(
        share(now.present, first.present),
        share(now.absent, first.absent),
        share(now.group, first.group),
        float(share(np.asarray(now.unexplained), np.asarray(first.unexplained))),
        now.log_weight + math.log(left),
    )


def _prospect(
    now: Belief,
    columns: tuple[int, ...],
    answers: Sequence[tuple[int, ...]],
    told: Sequence[tuple[int, Belief] | None],
) -> Prospect:
    states = [one[0] for one in told if one is not None]
    beliefs = [one[1] for one in told if one is not None]
    state = next((one for one in states if one != DONE), DONE)
    if len(beliefs) < len(told):
        beliefs.append(_rest(now, beliefs[0]) if state == DONE else beliefs[0])
    chance = np.exp(np.array([one.log_weight for one in beliefs]) - now.log_weight)
    total = float(chance.sum())
    return Prospect(
        columns=columns,
        codes=np.array(answers, np.int8),
        state=state,
        chance=chance / total,
        lost=1.0 - total if abs(1.0 - total) > ON_POSTERIOR else 0.0,
        present=np.stack([one.present for one in beliefs]),
        absent=np.stack([one.absent for one in beliefs]),
        group=np.stack([one.group for one in beliefs]),
        unexplained=np.array([one.unexplained for one in beliefs]),
    )
