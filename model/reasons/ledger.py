"""What speaks for and against a condition, a category, or nothing modelled: the ledger.

The weight of an item is log10 of the factor by which it multiplies the odds (the weight of
evidence: log10 of the likelihood ratio). There are two readings, and they are never mixed:

- *given the others*: all the evidence against all but this item (leave one out). It does not depend
  on any order, and the weights do not add up to the whole.
- *in sequence*: items are added one at a time in the order of a consultation, from the pretest of
  the setting to the posterior. The weights add up to the whole and depend on the order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import InputError, Problem
from model.evidence import Evidence
from model.numbers import rounded
from model.parameters import Floats
from model.reasoner import Reasoner
from model.reasons.variants import (
    STATES,
    Cancelled,
    Progress,
    Variants,
    answer_variants,
    changed,
    consultation,
    items_of,
    need,
    value_of,
)
from model.vocabulary import UNKNOWN

GIVEN_THE_OTHERS, IN_SEQUENCE = "given_the_others", "in_sequence"
READINGS = (GIVEN_THE_OTHERS, IN_SEQUENCE)

#: The least complement of a probability in double precision.
TINY = 2.0**-53

#: The name of "none of the conditions is present".
UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Weight:
    """One entered item's bearing on what an account is about.

    Attributes:
        item, label, value: what was entered ("soft" for soft evidence).
        weight: log10 likelihood ratio; above 0 speaks for it. NaN where `state` is not "ok".
        step: the step of the consultation that answers the item.
        before, after: the probability without the item and with it: given the others, of leaving it
            out and of all the evidence; in sequence, on the two sides of this line.
        state: "ok", or why it could not be weighed ("refused", "contradiction", "stopped",
            "failed"). In sequence such an item's bearing is counted in the next line that is "ok".
        said: whether it changes nothing that is known: another item says it, or overrules it.
    """

    item: str
    label: str
    value: str
    weight: float
    step: str = ""
    before: float = math.nan
    after: float = math.nan
    state: str = "ok"
    said: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """The ledger of one condition, category or of nothing modelled.

    Attributes:
        id, label, kind: of what ("condition", "category" or "unexplained").
        reading: `GIVEN_THE_OTHERS` or `IN_SEQUENCE`.
        known: whether the evidence itself decides it; nothing weighs on it then.
        pretest: its probability in the setting, from the complaint alone.
        posttest: its posterior.
        pretest_log_odds, log_odds: log10 odds of both. In sequence
            pretest_log_odds + sum of the weights = log_odds.
        weights: given the others the strongest in favour first, in sequence in that order.
    """

    id: str
    label: str
    kind: str
    reading: str
    known: bool
    pretest: float
    posttest: float
    pretest_log_odds: float
    log_odds: float
    weights: tuple[Weight, ...]

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready view with six significant digits."""
        return {
            "id": self.id,
            "kind": self.kind,
            "reading": self.reading,
            "known": self.known,
            "pretest": rounded(self.pretest),
            "posttest": rounded(self.posttest),
            "pretest_log_odds": rounded(self.pretest_log_odds),
            "log_odds": rounded(self.log_odds),
            "weights": [
                {
                    "item": one.item,
                    "value": one.value,
                    "step": one.step,
                    "state": one.state,
                    "said": one.said,
                    "weight": rounded(one.weight),
                    "before": rounded(one.before),
                    "after": rounded(one.after),
                }
                for one in self.weights
            ],
        }


@dataclass(frozen=True, slots=True)
class Subject:
    """What an account is about, and its place among the conditions or categories."""

    id: str
    label: str
    kind: str
    place: int

    def probability(self, found: Variants) -> tuple[Floats, Floats]:
        """(R,) its probability and the complement."""
        if self.kind == "condition":
            return found.present[:, self.place], found.absent[:, self.place]
        share = found.group[:, self.place] if self.kind == "category" else found.unexplained
        share = np.minimum(share, 1.0)
        return share, np.maximum(1.0 - share, TINY)  # never quite sure, unless the evidence says so

    def known(self, reasoner: Reasoner, codes: NDArray[np.int8]) -> bool:
        """Whether settled evidence (I,) decides it by itself."""
        told = codes[reasoner.vocabulary.columns("condition")]
        if self.kind == "condition":
            return bool(told[self.place] != UNKNOWN)
        if self.kind == "category":
            rows = enumerate(reasoner.knowledge.condition)
            told = told[[place for place, row in rows if row.category == self.id]]
        return bool((told == 1).any() or (told == 0).all())


def accounts(
    reasoner: Reasoner,
    evidence: Evidence,
    names: Sequence[str],
    *,
    reading: str = GIVEN_THE_OTHERS,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> tuple[Account, ...]:
    """Ledgers in one reading.

    Args:
        reasoner: the knowledge base in one setting and basis.
        evidence: one patient.
        names: ids of conditions and categories, and "unexplained".
        reading: `GIVEN_THE_OTHERS` or `IN_SEQUENCE`.
        progress: told (done, total) posteriors after every block.
        cancelled: asked before every block; items not reached then have the state "stopped".

    Raises:
        InputError: if the evidence contradicts itself, or a name does not exist.
        TooWideError: if the posterior with all the evidence, or with none, is past the limit.
        StoppedError: if `cancelled` says so at once.
        ValueError: for a reading that does not exist.
    """
    if reading not in READINGS:
        raise ValueError(f"reading is one of {READINGS}")
    subjects = subjects_of(reasoner, names)
    columns = consultation(reasoner, items_of(evidence))
    blank = Evidence(reasoner.vocabulary.blank()[0])
    if reading == IN_SEQUENCE:
        variants = [_first(evidence, columns[:count]) for count in range(len(columns))]
    else:
        variants = [changed(evidence, column, UNKNOWN) for column in columns]
    chosen = [one.place for one in subjects if one.kind == "category"]
    found = answer_variants(
        reasoner,
        [evidence, blank, *variants],
        groups=reasoner.engine.groups[chosen],
        progress=progress,
        cancelled=cancelled,
    )
    group = np.full((len(found.state), len(reasoner.engine.groups)), math.nan)
    group[:, chosen] = found.group
    found = replace(found, group=group)
    need(reasoner, evidence, int(found.state[0]))
    need(reasoner, blank, int(found.state[1]))
    return tuple(_account(reasoner, evidence, columns, one, reading, found) for one in subjects)


def _first(evidence: Evidence, columns: Sequence[int]) -> Evidence:
    """A patient of whom only some items are known."""
    codes = np.full_like(evidence.codes, UNKNOWN)
    codes[list(columns)] = evidence.codes[list(columns)]
    return Evidence(codes, tuple(pair for pair in evidence.soft if pair[0] in columns))


def subjects_of(reasoner: Reasoner, names: Sequence[str]) -> list[Subject]:
    """Look up conditions, categories and "unexplained".

    Raises:
        InputError: for every name that does not exist.
    """
    conditions = reasoner.knowledge.condition_index
    categories = {row.id: place for place, row in enumerate(reasoner.knowledge.category)}
    found = []
    problems = []
    for name in names:
        if name in conditions:
            place = conditions[name]
            label = reasoner.knowledge.condition[place].label
            found.append(Subject(name, label, "condition", place))
        elif name in categories:
            place = categories[name]
            label = reasoner.knowledge.category[place].label
            found.append(Subject(name, label, "category", place))
        elif name == UNEXPLAINED:
            found.append(Subject(name, "Nothing modelled explains it", UNEXPLAINED, 0))
        else:
            message = "is not a condition, a category or unexplained."
            remedy = reasoner.vocabulary.suggest(name)
            problems.append(Problem("unknown_item", name, message, remedy))
    if problems:
        raise InputError(problems)
    return found


def _account(
    reasoner: Reasoner,
    evidence: Evidence,
    columns: tuple[int, ...],
    subject: Subject,
    reading: str,
    found: Variants,
) -> Account:
    """The ledger of one subject: rows are all the evidence, none of it, then the variants."""
    share, complement = subject.probability(found)
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.log10(share) - np.log10(complement)
    known = subject.known(reasoner, found.codes[0])
    in_sequence = reading == IN_SEQUENCE
    soft = {column for column, _ in evidence.soft}
    weights = []
    last = 1  # in sequence: the row before this line
    for number, column in enumerate(columns):
        item = reasoner.vocabulary.items[column]
        row = 2 + number  # without this item; in sequence: with those before it only
        if in_sequence:
            row = 3 + number if number + 1 < len(columns) else 0
        state = STATES[int(found.state[row])]
        before, after = (last, row) if in_sequence else (row, 0)
        weight = 0.0 if known else float(odds[after] - odds[before])
        if state == "ok":
            last = row
        if item.id == subject.id:  # it decides itself
            continue
        weights.append(
            Weight(
                item=item.id,
                label=item.label,
                value=value_of(reasoner, evidence, column),
                weight=weight if state == "ok" else math.nan,
                step=item.step,
                before=float(share[before]),
                after=float(share[after]),
                state=state,
                said=item.column not in soft
                and bool((found.codes[before] == found.codes[after]).all()),
            )
        )
    if reading == GIVEN_THE_OTHERS:
        weights.sort(key=lambda one: -one.weight if one.state == "ok" else math.inf)
    return Account(
        id=subject.id,
        label=subject.label,
        kind=subject.kind,
        reading=reading,
        known=known,
        pretest=float(share[1]),
        posttest=float(share[0]),
        pretest_log_odds=float(odds[1]),
        log_odds=float(odds[0]),
        weights=tuple(weights),
    )
