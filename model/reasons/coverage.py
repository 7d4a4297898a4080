"""What some conditions by themselves account for: findings explained, not explained, and missing.

Were these conditions the only ones present (age, sex and contexts as known), then of a finding that
is there

    share = P(one of them produced it | it is there) = P(one of them produces it) / P(it is there)

since whatever produces a finding makes it there. For grade g of a graded finding, with F the
probability that all of them stay at or below a grade,

    share = (F(g) - F(g - 1)) / F(g) * P(grade <= g) / P(grade = g)

An absent finding is missing when they would show it nearly always. Every finding is taken by
itself; the lowest grade needs no explanation. Thresholds are those of thresholds.toml.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.batch import DONE
from model.errors import InputError, Problem
from model.evidence import Evidence
from model.numbers import rounded
from model.parameters import Floats
from model.reasoner import Reasoner
from model.reasons.variants import Cancelled, Progress, answer_variants
from model.vocabulary import Item

#: Kinds of items that stay as they are.
GIVEN = ("age", "sex", "context")


@dataclass(frozen=True, slots=True)
class Covered:
    """A finding that is there.

    Attributes:
        item, label, value: what was found.
        share: probability that one of the conditions produced it, if they were the only ones.
        probability: P(it is there) then.
    """

    item: str
    label: str
    value: str
    share: float
    probability: float


@dataclass(frozen=True, slots=True)
class Missing:
    """A finding that is not there, or has a lower grade, although it should be.

    Attributes:
        item, label, value: what was found instead.
        probability: P(it is there, or has a higher grade), if the conditions were the only ones.
        expected: "present", or the likeliest of the higher grades.
    """

    item: str
    label: str
    value: str
    probability: float
    expected: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """What some conditions account for.

    Attributes:
        conditions: their ids.
        explained, unexplained: findings that are there, in the order of the vocabulary.
        missing: findings that are not.
        unsaid: items about which nothing could be computed (refused or stopped).
    """

    conditions: tuple[str, ...]
    explained: tuple[Covered, ...]
    unexplained: tuple[Covered, ...]
    missing: tuple[Missing, ...]
    unsaid: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready view with six significant digits."""

        def covered(rows: tuple[Covered, ...]) -> list[dict[str, Any]]:
            return [
                {
                    "item": one.item,
                    "value": one.value,
                    "share": rounded(one.share),
                    "probability": rounded(one.probability),
                }
                for one in rows
            ]

        return {
            "conditions": list(self.conditions),
            "explained": covered(self.explained),
            "unexplained": covered(self.unexplained),
            "missing": [
                {
                    "item": one.item,
                    "value": one.value,
                    "probability": rounded(one.probability),
                    "expected": one.expected,
                }
                for one in self.missing
            ],
            "unsaid": list(self.unsaid),
        }


def coverages(
    reasoner: Reasoner,
    evidence: Evidence,
    sets: Sequence[Sequence[str]],
    *,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> tuple[Coverage, ...]:
    """What each set of conditions accounts for; the empty set accounts for nothing.

    Args:
        reasoner: the knowledge base in one setting and basis.
        evidence: one patient; soft items, and those that a later one overrules, are left out.
        sets: ids of conditions.
        progress: told (done, total) posteriors after every block.
        cancelled: asked before every block; items not reached then stand in `unsaid`.

    Raises:
        InputError: if a condition does not exist.
    """
    known = reasoner.knowledge.condition_index
    wrong = [name for names in sets for name in names if name not in known]
    if wrong:
        suggest = reasoner.vocabulary.suggest
        raise InputError(
            [Problem("unknown_item", one, "is not a condition.", suggest(one)) for one in wrong]
        )
    settled = reasoner.closure.settle(evidence.codes[None, :]).engine[0]
    items = [
        item
        for item in (reasoner.vocabulary.items[column] for column in evidence.entered)
        if item.kind == "finding" and settled[item.column] == evidence.codes[item.column]
    ]
    variants: list[Evidence] = []
    for names in sets:
        base = _only(reasoner, settled, [known[name] for name in names])
        variants.append(Evidence(base))
        for item in items:
            for code in range(0 if item.graded else 1, len(item.values)):
                codes = base.copy()
                codes[item.column] = code
                variants.append(Evidence(codes))
    if not variants:
        return ()
    none = reasoner.engine.groups[:0]
    found = answer_variants(reasoner, variants, groups=none, progress=progress, cancelled=cancelled)
    log = np.where(found.state == DONE, found.log_probability, np.nan)
    each = len(variants) // len(sets)
    return tuple(
        _coverage(reasoner, names, items, settled, log[n * each : (n + 1) * each])
        for n, names in enumerate(sets)
    )


def _only(
    reasoner: Reasoner, settled: NDArray[np.int8], present: Sequence[int]
) -> NDArray[np.int8]:
    """Age, sex and contexts as known; these conditions present and all others absent."""
    codes: NDArray[np.int8] = reasoner.vocabulary.blank()[0]
    for item in reasoner.vocabulary.items:
        if item.kind in GIVEN:
            codes[item.column] = settled[item.column]
    conditions = reasoner.vocabulary.columns("condition")
    codes[conditions] = 0
    codes[conditions.start + np.array(present, np.int64)] = 1
    return codes


def _coverage(
    reasoner: Reasoner,
    names: Sequence[str],
    items: Sequence[Item],
    settled: NDArray[np.int8],
    log: Floats,
) -> Coverage:
    """Read the coverage of one set off its rows: itself, then every value of every item."""
    thresholds = reasoner.knowledge.thresholds
    members = [reasoner.knowledge.condition_index[name] for name in names]
    explained: list[Covered] = []
    unexplained: list[Covered] = []
    missing: list[Missing] = []
    unsaid: list[str] = []
    at = 1
    for item in items:
        count = len(item.values) if item.graded else 1
        values = np.exp(log[at : at + count] - log[0])
        at += count
        if not item.graded:
            values = np.array([1.0 - values[0], values[0]])
        code = int(settled[item.column])
        word = item.values[code]
        beyond = float(values[code + 1 :].sum())
        if np.isnan(values).any():
            unsaid.append(item.id)
            continue
        if code > 0:
            share = _share(reasoner, members, item, code, values)
            row = Covered(item.id, item.label, word, share, float(values[code]))
            (explained if share >= thresholds["explained"] else unexplained).append(row)
        if names and beyond >= thresholds["expected"]:
            expected = item.values[code + 1 + int(values[code + 1 :].argmax())]
            missing.append(Missing(item.id, item.label, word, beyond, expected))
    return Coverage(
        tuple(names), tuple(explained), tuple(unexplained), tuple(missing), tuple(unsaid)
    )


def _share(
    reasoner: Reasoner, members: Sequence[int], item: Item, code: int, values: Floats
) -> float:
    """P(one of the members produced it | it is there), given P(value) for every value."""
    graph = reasoner.engine.graph
    if item.graded:
        column = int(reasoner.parameters.structure.graded[item.column])
        at, under = (float(np.prod(graph.below[members, column, g])) for g in (code, code - 1))
        share = (1.0 - under / at) * values[: code + 1].sum() / values[code]
    else:
        share = 1.0 - float(np.prod(1.0 - graph.shown[members, item.column]))
        share /= values[1]
    return min(1.0, float(share))
