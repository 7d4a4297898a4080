"""If a source were wrong: the differential without it, without supplements, in other settings.

A row that a document states is left out when no other document states it, and no row that stays
needs it: one of a finding that refines its own. Nothing takes its place but the average row of
grades (of the rows that are left). Pretest, prevalences and leaks rest on no
document and stay, as do the red-flag rules; base rates are solved again, so the pretest table comes
out as before.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from model.errors import InputError, Problem
from model.evidence import Evidence
from model.knowledge import SETTINGS, KnowledgeBase
from model.numbers import rounded
from model.pretest import NoSolutionError
from model.reading import nearest
from model.reasoner import Reasoner, open_reasoner
from model.reasons.support import documents, pair_of, refined
from model.reasons.variants import STATES, Cancelled, Progress, answer_variants, need

#: Tables whose rows rest on documents or supplement them.
TABLES = ("link", "graded", "context_finding", "age_sex", "context_link", "condition_link")


@dataclass(frozen=True, slots=True)
class Differential:
    """The posteriors under one set of numbers.

    Attributes:
        id, kind: "base"; a source and "source"; "documents" and "basis" (no supplements); a setting
            and "setting".
        left_out: rows of the tables that take no part here but do in the base.
        state: "ok", "refused", "failed", "stopped", or "no_solution" (no base rates, or no row of
            grades left).
        conditions, categories: id -> P(present | evidence), in file order; empty unless "ok".
        unexplained: P(none of the conditions | evidence).
    """

    id: str
    kind: str
    left_out: int
    state: str
    conditions: dict[str, float]
    categories: dict[str, float]
    unexplained: float

    @property
    def ranking(self) -> tuple[str, ...]:
        """Ids of the conditions, most probable first; ties in file order."""
        return tuple(sorted(self.conditions, key=lambda name: -self.conditions[name]))


@dataclass(frozen=True, slots=True)
class SideBySide:
    """One patient under several sets of numbers, the base first.

    Attributes:
        setting, basis: of the base.
        differentials: the base, then each other set.
    """

    setting: str
    basis: str
    differentials: tuple[Differential, ...]

    @property
    def base(self) -> Differential:
        """The differential all others are compared with."""
        return self.differentials[0]

    def moved(self, other: Differential) -> tuple[str, float]:
        """The condition whose probability differs most from the base, and by how much.

        ("", NaN) where the other has no posteriors.
        """
        if not other.conditions:
            return "", math.nan
        gaps = {
            name: share - self.base.conditions[name] for name, share in other.conditions.items()
        }
        name = max(gaps, key=lambda one: abs(gaps[one]))
        return name, gaps[name]

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready view with six significant digits."""
        return {
            "setting": self.setting,
            "basis": self.basis,
            "differentials": [
                {
                    "id": one.id,
                    "kind": one.kind,
                    "left_out": one.left_out,
                    "state": one.state,
                    "conditions": {name: rounded(p) for name, p in one.conditions.items()},
                    "categories": {name: rounded(p) for name, p in one.categories.items()},
                    "unexplained": rounded(one.unexplained),
                }
                for one in self.differentials
            ],
        }


def without(knowledge: KnowledgeBase, source: str) -> KnowledgeBase:
    """The knowledge base without the rows that rest on one document alone.

    Raises:
        InputError: if it is no document of the knowledge base.
    """
    known = [row.id for row in knowledge.source if row.kind == "document"]
    if source not in known:
        remedy = nearest(source, known) or f"Use one of {', '.join(known)}."
        raise InputError([Problem("unknown_source", source, "is not a document.", remedy)])
    rests = documents(knowledge)
    alone = frozenset({source})
    # a link to a finding that refines another needs the link to that one
    linked = {pair_of(row) for row in knowledge.link}
    for row in knowledge.link:
        if row.basis == "supplement" or rests[pair_of(row)] != alone:
            for above in refined(knowledge, row.finding):
                pair = row.condition, above
                if pair in linked:
                    rests[pair] = rests.get(pair, frozenset()) | {row.basis}
    kept: dict[str, Any] = {
        table: tuple(
            row
            for row in getattr(knowledge, table)
            if row.basis == "supplement" or rests.get(pair_of(row)) != alone
        )
        for table in TABLES
    }
    digest = hashlib.sha256(f"{knowledge.digest} without {source}".encode()).hexdigest()
    return replace(knowledge, **kept, digest=digest)


def without_sources(
    knowledge: KnowledgeBase,
    evidence: Evidence,
    *,
    setting: str = "primary_care",
    basis: str = "all",
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> SideBySide:
    """The differential of one patient under other sets of numbers.

    Args:
        knowledge: a checked knowledge base.
        evidence: one patient, read with its vocabulary.
        setting: of the base.
        basis: of the base; with "documents" there is no row without supplements.
        progress: told (done, total) sets of numbers.
        cancelled: asked before every set after the base; those left have the state "stopped".

    Raises:
        InputError: if the evidence contradicts itself.
        TooWideError: if the posterior under the base is past the limit.
    """
    base = open_reasoner(knowledge, setting=setting, basis=basis)
    plans = list(_plans(knowledge, setting, basis))
    need(base, evidence, int(answer_variants(base, [evidence]).state[0]))
    found = [_differential(base, evidence, "base", "base", 0)]
    for done, (name, kind, other, where, which) in enumerate(plans, start=1):
        if progress is not None:
            progress(done, len(plans) + 1)
        left_out = _rows(knowledge, basis) - _rows(other, which)
        if cancelled is not None and cancelled():
            found.append(Differential(name, kind, left_out, "stopped", {}, {}, math.nan))
            continue
        try:
            reasoner = open_reasoner(other, setting=where, basis=which)
        except NoSolutionError:
            found.append(Differential(name, kind, left_out, "no_solution", {}, {}, math.nan))
            continue
        found.append(_differential(reasoner, evidence, name, kind, left_out))
    if progress is not None:
        progress(len(plans) + 1, len(plans) + 1)
    return SideBySide(setting, basis, tuple(found))


def _plans(
    knowledge: KnowledgeBase, setting: str, basis: str
) -> Iterator[tuple[str, str, KnowledgeBase, str, str]]:
    """(id, kind, knowledge, setting, basis) of every set but the base."""
    for row in knowledge.source:
        if row.kind == "document":
            yield row.id, "source", without(knowledge, row.id), setting, basis
    if basis == "all":
        yield "documents", "basis", knowledge, setting, "documents"
    for where in SETTINGS:
        if where != setting:
            yield where, "setting", knowledge, where, basis


def _rows(knowledge: KnowledgeBase, basis: str) -> int:
    """How many rows take part."""
    return sum(
        basis == "all" or row.basis == "documents"
        for table in TABLES
        for row in getattr(knowledge, table)
    )


def _differential(
    reasoner: Reasoner, evidence: Evidence, name: str, kind: str, left_out: int
) -> Differential:
    """The posteriors of one reasoner."""
    found = answer_variants(reasoner, [evidence])
    state = STATES[int(found.state[0])]
    if state != "ok":
        return Differential(name, kind, left_out, state, {}, {}, math.nan)
    knowledge = reasoner.knowledge
    return Differential(
        id=name,
        kind=kind,
        left_out=left_out,
        state=state,
        conditions={
            row.id: float(p) for row, p in zip(knowledge.condition, found.present[0], strict=True)
        },
        categories={
            row.id: min(1.0, float(p))
            for row, p in zip(knowledge.category, found.group[0], strict=True)
        },
        unexplained=float(found.unexplained[0]),
    )
