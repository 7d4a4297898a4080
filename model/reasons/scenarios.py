"""Two or more descriptions of a patient compared: what differs, in what follows, and why.

Items that differ are changed from the first description to the other in two ways, as in the ledger:
one at a time in the order of a consultation (the changes add up to the whole), and each alone
changed back in the other description (leave one out; no order, no sum).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from model.evidence import Evidence
from model.numbers import rounded
from model.parameters import Floats
from model.reasoner import Reasoner
from model.reasons.ledger import UNEXPLAINED, Subject, subjects_of
from model.reasons.variants import (
    STATES,
    Cancelled,
    Progress,
    Variants,
    answer_variants,
    consultation,
    copied,
    items_of,
    value_of,
)
from model.screening import Screening

#: Conditions whose change is attributed unless others are named.
LEADING = 3


@dataclass(frozen=True, slots=True)
class Difference:
    """An item that differs, and what it does to the red flags.

    Attributes:
        item, label: what differs.
        before, after: its values, "unknown" and "soft" included.
        disposition: with this item and those before it changed.
        gained, lost: ids of the rules that this change meets, or no longer meets.
    """

    item: str
    label: str
    before: str
    after: str
    disposition: str
    gained: tuple[str, ...]
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shift:
    """A probability in both descriptions."""

    id: str
    label: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Moved:
    """What one item did to one probability.

    Attributes:
        item: which.
        weight: log10 of the factor on the odds, in sequence; NaN where `state` is not "ok".
        after: the probability then.
        given_the_others: log10 of the factor on the odds when, in the other description, this item
            alone is changed from what it was; NaN if that could not be computed.
        state: "ok", or why not; the bearing is then in the next line that is "ok".
    """

    item: str
    weight: float
    after: float
    given_the_others: float
    state: str


@dataclass(frozen=True, slots=True)
class Attribution:
    """Which items moved a probability.

    Attributes:
        shift: the probability in both descriptions.
        known: whether a description decides it by itself; nothing is weighed then.
        log_odds: log10 of the factor on the odds, from one description to the other; the weights
            of the lines add up to it.
        items: in the order of a consultation.
    """

    shift: Shift
    known: bool
    log_odds: float
    items: tuple[Moved, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One description against the first.

    Attributes:
        states: of both ("ok", "contradiction", "refused", ...); without two that are "ok" there are
            no probabilities, and the red flags are compared all the same.
        items: what differs, in the order of a consultation.
        dispositions: of both.
        gained, lost: ids of the rules met only in the other, and only in the first.
        conditions: every condition, the largest change of probability first.
        categories: likewise.
        unexplained: None without probabilities.
        attributions: of the conditions that moved most, or those named.
    """

    states: tuple[str, str]
    items: tuple[Difference, ...]
    dispositions: tuple[str, str]
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    conditions: tuple[Shift, ...]
    categories: tuple[Shift, ...]
    unexplained: Shift | None
    attributions: tuple[Attribution, ...]

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready view with six significant digits."""

        def shift(one: Shift) -> dict[str, Any]:
            return {"id": one.id, "before": rounded(one.before), "after": rounded(one.after)}

        return {
            "states": list(self.states),
            "items": [
                {
                    "item": one.item,
                    "before": one.before,
                    "after": one.after,
                    "disposition": one.disposition,
                    "gained": list(one.gained),
                    "lost": list(one.lost),
                }
                for one in self.items
            ],
            "dispositions": list(self.dispositions),
            "gained": list(self.gained),
            "lost": list(self.lost),
            "conditions": [shift(one) for one in self.conditions],
            "categories": [shift(one) for one in self.categories],
            "unexplained": shift(self.unexplained) if self.unexplained else None,
            "attributions": [
                {
                    **shift(one.shift),
                    "known": one.known,
                    "log_odds": None if one.known else rounded(one.log_odds),
                    "items": [
                        {
                            "item": line.item,
                            "weight": rounded(line.weight),
                            "after": rounded(line.after),
                            "given_the_others": rounded(line.given_the_others),
                            "state": line.state,
                        }
                        for line in one.items
                    ],
                }
                for one in self.attributions
            ],
        }


def compare(
    reasoner: Reasoner,
    scenarios: Sequence[Evidence],
    *,
    names: Sequence[str] = (),
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> tuple[Comparison, ...]:
    """Compare every description with the first.

    Args:
        reasoner: the knowledge base in one setting and basis.
        scenarios: two or more descriptions of a patient.
        names: conditions, categories or "unexplained" whose change is attributed to the items; the
            conditions that moved most when omitted.
        progress: told (done, total) comparisons.
        cancelled: asked before every block; what is not reached has the state "stopped".

    Raises:
        InputError: if a name does not exist.
        ValueError: for fewer than two descriptions.
    """
    if len(scenarios) < 2:
        raise ValueError("at least two descriptions are compared")
    named = subjects_of(reasoner, names)
    found = []
    for done, other in enumerate(scenarios[1:], start=1):
        found.append(_compare(reasoner, scenarios[0], other, named, cancelled))
        if progress is not None:
            progress(done, len(scenarios) - 1)
    return tuple(found)


def _same(one: Evidence, other: Evidence, column: int) -> bool:
    soft = [[pair for pair in side.soft if pair[0] == column] for side in (one, other)]
    return bool(one.codes[column] == other.codes[column]) and soft[0] == soft[1]


def _compare(
    reasoner: Reasoner,
    one: Evidence,
    other: Evidence,
    named: Sequence[Subject],
    cancelled: Cancelled | None,
) -> Comparison:
    columns = consultation(
        reasoner,
        [c for c in sorted({*items_of(one), *items_of(other)}) if not _same(one, other, c)],
    )
    path = [one]
    for column in columns:
        path.append(copied(path[-1], column, other))
    back = [copied(other, column, one) for column in columns]
    # the last of the path is the other description, with its own name and soft items in order
    variants = [*path[:-1], other, *back] if columns else [one, other]
    found = answer_variants(reasoner, variants, cancelled=cancelled)
    last = max(len(columns), 1)
    screenings = [_screening(reasoner, variant) for variant in variants[: last + 1]]
    first, end = screenings[0], screenings[-1]
    shifts = _shifts(reasoner, found, last)
    return Comparison(
        states=(STATES[int(found.state[0])], STATES[int(found.state[last])]),
        items=tuple(
            _difference(reasoner, one, other, column, screenings[n], screenings[n + 1])
            for n, column in enumerate(columns)
        ),
        dispositions=(first.disposition, end.disposition),
        gained=_fresh(first, end),
        lost=_fresh(end, first),
        conditions=shifts[0],
        categories=shifts[1],
        unexplained=shifts[2],
        attributions=_attributions(reasoner, found, columns, named, shifts[0]),
    )


def _screening(reasoner: Reasoner, evidence: Evidence) -> Screening:
    settled = reasoner.closure.settle(evidence.codes[None, :])
    return reasoner.screener.screen(settled.rules[0])


def _fresh(before: Screening, after: Screening) -> tuple[str, ...]:
    """Ids of the rules met after and not before."""
    known = {state.rule.id for state in before.met}
    return tuple(state.rule.id for state in after.met if state.rule.id not in known)


def _difference(
    reasoner: Reasoner,
    one: Evidence,
    other: Evidence,
    column: int,
    before: Screening,
    after: Screening,
) -> Difference:
    item = reasoner.vocabulary.items[column]
    return Difference(
        item=item.id,
        label=item.label,
        before=value_of(reasoner, one, column),
        after=value_of(reasoner, other, column),
        disposition=after.disposition,
        gained=_fresh(before, after),
        lost=_fresh(after, before),
    )


def _shifts(
    reasoner: Reasoner, found: Variants, last: int
) -> tuple[tuple[Shift, ...], tuple[Shift, ...], Shift | None]:
    """Conditions and categories, the largest change first, and nothing modelled."""
    if any(STATES[int(found.state[row])] != "ok" for row in (0, last)):
        return (), (), None

    def ordered(rows: Sequence[Any], shares: Floats) -> tuple[Shift, ...]:
        pairs = zip(rows, shares[0], shares[last], strict=True)
        every = [Shift(row.id, row.label, float(p), float(q)) for row, p, q in pairs]
        return tuple(sorted(every, key=lambda shift: -abs(shift.after - shift.before)))

    nothing = Shift(
        UNEXPLAINED,
        "Nothing modelled explains it",
        float(found.unexplained[0]),
        float(found.unexplained[last]),
    )
    categories = ordered(reasoner.knowledge.category, np.minimum(found.group, 1.0))
    return ordered(reasoner.knowledge.condition, found.present), categories, nothing


def _attributions(
    reasoner: Reasoner,
    found: Variants,
    columns: Sequence[int],
    named: Sequence[Subject],
    shifts: Sequence[Shift],
) -> tuple[Attribution, ...]:
    """What each item did to each probability spoken of."""
    if not shifts or not columns:
        return ()
    subjects = named or subjects_of(reasoner, [shift.id for shift in shifts[:LEADING]])
    return tuple(_attribution(reasoner, found, columns, subject) for subject in subjects)


def _attribution(
    reasoner: Reasoner, found: Variants, columns: Sequence[int], subject: Subject
) -> Attribution:
    count = len(columns)
    share, complement = subject.probability(found)
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.log10(share) - np.log10(complement)
    known = any(subject.known(reasoner, found.codes[row]) for row in (0, count))
    lines, last = [], 0
    for n, column in enumerate(columns):
        row, back = n + 1, count + 1 + n
        state = STATES[int(found.state[row])]
        usable = state == "ok" and not known
        told = STATES[int(found.state[back])] == "ok" and not known
        lines.append(
            Moved(
                item=reasoner.vocabulary.items[column].id,
                weight=float(odds[row] - odds[last]) if usable else math.nan,
                after=float(share[row]),
                given_the_others=float(odds[count] - odds[back]) if told else math.nan,
                state=state,
            )
        )
        last = row if state == "ok" else last
    return Attribution(
        shift=Shift(subject.id, subject.label, float(share[0]), float(share[count])),
        known=known,
        log_odds=float(odds[count] - odds[0]) if not known else math.nan,
        items=tuple(lines),
    )
