"""The network around one case, laid out to be drawn: background, conditions, findings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app import phrases
from app.assessing import Desk
from app.case import Case
from model.assessment import Assessment
from model.reasons.ledger import Account, accounts

#: Conditions drawn.
LEADING = 6

#: Weights (log10) below this are not drawn: as likely either way.
FAINT = 0.08

#: A weight this large has the thickest line: a thousand times.
FULL = 3.0


@dataclass(frozen=True, slots=True)
class Node:
    """A box: `column` 0 background, 1 conditions, 2 findings; `kind` says how it is drawn."""

    id: str
    label: str
    note: str
    column: int
    row: int
    kind: str


@dataclass(frozen=True, slots=True)
class Edge:
    """What one entry does to one condition.

    Attributes:
        item, condition: between which nodes.
        weight: log10 of the likelihood ratio, given all other entries.
    """

    item: str
    condition: str
    weight: float

    @property
    def width(self) -> float:
        """Thickness from 0 to 1."""
        return min(1.0, abs(self.weight) / FULL)


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @property
    def rows(self) -> int:
        """The most boxes in one column."""
        return 1 + max((node.row for node in self.nodes), default=0)


def around(case: Case, assessment: Assessment, desk: Desk) -> Drawing:
    """The leading conditions, everything entered, and what each entry does to each condition."""
    ranked = [one for one in assessment.ranking if one.known < 0][:LEADING]
    told = accounts(desk.reasoner(case), case.evidence(desk.vocabulary), [one.id for one in ranked])
    nodes = [
        Node(one.id, one.label, phrases.about(one.probability), 1, place, "condition")
        for place, one in enumerate(ranked)
    ]
    rows = [0, 0, 0]
    for item, value in case.values.items():
        column = 2 if item in desk.knowledge.finding_index else 0
        note = f"{value} years" if item == "age" else value.replace("_", " ")
        label = "Age" if item == "age" else desk.knowledge.labels.get(item, item)
        kind = "absent" if value == "absent" else "present"
        nodes.append(Node(item, label, note, column, rows[column], kind))
        rows[column] += 1
    return Drawing(tuple(nodes), _edges(told))


def _edges(told: Sequence[Account]) -> tuple[Edge, ...]:
    return tuple(
        Edge(one.item, account.id, one.weight)
        for account in told
        for one in account.weights
        if one.state == "ok" and math.isfinite(one.weight) and abs(one.weight) >= FAINT
    )
