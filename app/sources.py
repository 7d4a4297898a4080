"""Every number with its word, its place in the documents, and its reason."""

from __future__ import annotations

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
    """

    condition: str
    item: str
    what: str
    word: str
    said: str
    basis: str
    confidence: str
    reason: str


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
    arrow, condition, item = "→", first, second
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
            if isinstance(row, ContextFinding):
                condition = ""
            elif isinstance(row, ConditionLink):
                condition, item = second, first
        case AgeSex():
            raise TypeError("age and sex have a table of their own")
    what = f"{labels[first]} {arrow} {labels[second]}"
    basis = _basis(where, row)
    return Number(
        condition, item, what, word.replace("_", " "), said, basis, row.confidence, row.reason
    )


def pretest_line(knowledge: KnowledgeBase, condition: str, setting: str) -> str:
    """How common a condition is among people with weak legs in a setting."""
    row = next(row for row in knowledge.pretest if row.id == condition)
    label = next(one.label for one in knowledge.setting if one.id == setting)
    return f"**Pretest**: {getattr(row, setting):g} of 1,000 ({label}). *{row.reason}*"
