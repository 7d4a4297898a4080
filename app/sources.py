"""Every number with its word, its place in the documents, and its reason."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from model.knowledge import KnowledgeBase
from model.reasons.support import Pair, Place, Row, pair_of, support
from model.tables import AgeSex, ConditionLink, ContextFinding, ContextLink, GradedRow, Link


@dataclass(frozen=True, slots=True)
class Number:
    """One elicited number as a line to read.

    Attributes:
        condition, item: ids of what it links (either may be "").
        what: what it is about, in labels.
        word, said: the word of the scale and what it stands for.
        basis: who says so.
        confidence, reason: as in the table.
        share: how often (0-1) a cause shows it, what it refines counted in; NaN for a relative rate
            and for grades.
        among: ", of those with ..." where the number speaks of some of them only.
    """

    condition: str
    item: str
    what: str
    word: str
    said: str
    basis: str
    confidence: str
    reason: str
    share: float = math.nan
    among: str = ""


def _basis(where: Mapping[Pair, Sequence[Place]], row: Row) -> str:
    if row.basis == "supplement":
        return "Supplement: good practice, no document states it"
    stated = dict.fromkeys(f"{one.document} {one.locator}" for one in where.get(pair_of(row), ()))
    return f"Documents: {'; '.join(stated)}" if stated else "Documents"


def links(knowledge: KnowledgeBase) -> tuple[Number, ...]:
    """Every link of the knowledge base: findings, grades, contexts, and between conditions."""
    where = support(knowledge)[0]
    rows: tuple[Row, ...] = (
        *knowledge.link,
        *knowledge.graded,
        *knowledge.context_link,
        *knowledge.context_finding,
        *knowledge.condition_link,
    )
    return tuple(_number(knowledge, where, row) for row in rows)


def _number(knowledge: KnowledgeBase, where: Mapping[Pair, Sequence[Place]], row: Row) -> Number:
    labels, scale = knowledge.labels, knowledge.scale
    first, second = pair_of(row)
    arrow, condition, item, share, among = "→", first, second, math.nan, ""
    match row:
        case ContextLink():
            arrow, condition, item = "raises", second, first
            word, said = row.word, f"{scale.rate[row.word].said} the rate"
        case GradedRow():
            values = knowledge.finding[knowledge.finding_index[row.finding]].values
            word = "of 100"
            said = ", ".join(
                f"{value.replace('_', ' ')} {share:g}"
                for value, share in zip(values, row.frequencies, strict=True)
            )
        case Link() | ContextFinding() | ConditionLink():
            word, said = row.word, scale.frequency[row.word].said
            share = scale.frequency[row.word].probability
            if not isinstance(row, ConditionLink):
                among = of_those(knowledge, row.finding)
                share *= _first(knowledge, first, row.finding)
            if isinstance(row, ContextFinding):
                condition = ""
            elif isinstance(row, ConditionLink):
                condition, item = second, first
        case AgeSex():
            raise TypeError("age and sex have a table of their own")
    what = f"{labels[first]} {arrow} {labels[second]}"
    basis = _basis(where, row)
    return Number(
        condition,
        item,
        what,
        word.replace("_", " "),
        said,
        basis,
        row.confidence,
        row.reason,
        share,
        among,
    )


def of_those(knowledge: KnowledgeBase, finding: str) -> str:
    """Of whom a number of a finding speaks, if it refines another: ", of those with ..."."""
    parent, grades = knowledge.parent_of(knowledge.finding[knowledge.finding_index[finding]])
    if not parent:
        return ""
    of = f" ({' or '.join(grades).replace('_', ' ')})" if grades else ""
    return f", of those with: {knowledge.labels[parent]}{of}"


def _first(knowledge: KnowledgeBase, cause: str, finding: str) -> float:
    """How often a cause shows what a finding refines (1 if nothing); NaN if no row says it."""
    parent, grades = knowledge.parent_of(knowledge.finding[knowledge.finding_index[finding]])
    if not parent:
        return 1.0
    if grades:
        values = knowledge.finding[knowledge.finding_index[parent]].values
        for row in knowledge.graded:
            if (row.condition, row.finding) == (cause, parent):
                shares = zip(values, row.frequencies, strict=True)
                return sum(share for value, share in shares if value in grades) / 100.0
        return math.nan
    links: tuple[Link | ContextFinding, ...] = (*knowledge.link, *knowledge.context_finding)
    for link in links:
        if pair_of(link) == (cause, parent):
            word = knowledge.scale.frequency[link.word]
            return word.probability * _first(knowledge, cause, parent)
    return math.nan


def pretest_line(knowledge: KnowledgeBase, condition: str, setting: str) -> str:
    """How common a condition is among people with weak legs in a setting."""
    row = next(row for row in knowledge.pretest if row.id == condition)
    label = next(one.label for one in knowledge.setting if one.id == setting)
    return f"**Pretest**: {getattr(row, setting):g} of 1,000 ({label}). *{row.reason}*"


def who_has(numbers: Sequence[Number], item: str) -> tuple[Number, ...]:
    """The numbers of a finding or context, the most frequent first, grades and rates last."""
    found = [row for row in numbers if row.item == item and row.condition]
    return tuple(sorted(found, key=lambda row: 1.0 if math.isnan(row.share) else -row.share))


def leak_line(knowledge: KnowledgeBase, finding: str) -> str:
    """How often a finding is there for no reason modelled, by age; "" if it has no such number."""
    leak = next((one for one in knowledge.leak if one.finding == finding), None)
    if leak is None:
        return ""
    shares = knowledge.scale.frequency
    bands = {
        "Under 16": leak.under_16,
        "16 to 39": leak.age_16_39,
        "40 to 64": leak.age_40_64,
        "65 and over": leak.age_65_and_over,
    }
    said = "; ".join(f"{band}: {shares[word].said}" for band, word in bands.items())
    return f"For no reason modelled: {said}{of_those(knowledge, finding)}. {leak.reason}"
