"""What the dashboard asks of the engine; screening stands whatever happens to inference.

Nothing here knows of widgets. The knowledge base is the shipped one, or the folder that
PARESIS_PRIORS names (`paresis dashboard --priors` sets it).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from app import search, sheet, sources
from app.case import Case
from model.assessment import Assessment, Ranked, Remark
from model.closure import Closure
from model.knowledge import BEDSIDE, KnowledgeBase, load
from model.reasoner import Reasoner, open_reasoner
from model.screening import Screener, Screening
from model.version import ENGINE_VERSION
from model.vocabulary import UNKNOWN, Vocabulary

#: Where `paresis dashboard` says which knowledge base to open.
VARIABLE = "PARESIS_PRIORS"


@dataclass(frozen=True)
class Desk:
    """A knowledge base with all that the pages look up in it; shared by all, never changed."""

    knowledge: KnowledgeBase

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The items."""
        return Vocabulary.of(self.knowledge)

    @cached_property
    def closure(self) -> Closure:
        """What follows from what."""
        return Closure.of(self.knowledge, self.vocabulary)

    @cached_property
    def sections(self) -> tuple[sheet.Section, ...]:
        """The evidence sheet."""
        return sheet.sections(self.knowledge, self.vocabulary)

    @cached_property
    def candidates(self) -> tuple[search.Candidate, ...]:
        """What can be searched."""
        return search.candidates(self.knowledge)

    @cached_property
    def entries(self) -> dict[str, sheet.Entry]:
        """Entries of the sheet by id."""
        return {entry.id: entry for part in self.sections for entry in part.entries}

    @cached_property
    def questions(self) -> dict[str, str]:
        """How findings and contexts are asked for."""
        asked = {row.id: row.question for row in self.knowledge.finding}
        return asked | {row.id: row.question for row in self.knowledge.context}

    @cached_property
    def numbers(self) -> tuple[sources.Number, ...]:
        """Every link with its word, place and reason."""
        return sources.links(self.knowledge)

    @cached_property
    def cannot_miss(self) -> frozenset[str]:
        """Conditions whose late recognition does lasting harm."""
        return frozenset(row.id for row in self.knowledge.condition if row.cannot_miss == "yes")

    @cached_property
    def documents(self) -> int:
        """How many documents the knowledge rests on."""
        return sum(row.kind == "document" for row in self.knowledge.source)

    def bedside(self, item: str) -> bool:
        """Whether history or examination answers an item."""
        return self.knowledge.item_step.get(item, "") in BEDSIDE

    def reasoner(self, case: Case) -> Reasoner:
        """The reasoner of a case's setting and basis; built once for all."""
        return open_reasoner(self.knowledge, setting=case.setting, basis=case.basis)

    def assess(self, case: Case) -> Assessment:
        """Assess a case; when there is no reasoner to be had, the screening alone."""
        evidence = case.evidence(self.vocabulary)
        try:
            return self.reasoner(case).assess(evidence, sites=True)
        except Exception as error:  # noqa: BLE001 - the screening must stand whatever inference does
            settled = self.closure.settle(evidence.codes[None, :])
            items = self.vocabulary.items
            return Assessment(
                id="",
                status="failed",
                message=f"inference_failed: {type(error).__name__}; the screening is complete",
                setting=case.setting,
                basis=case.basis,
                engine_version=ENGINE_VERSION,
                knowledge_digest=self.knowledge.digest,
                evidence=self.known(case),
                remarks=tuple(
                    Remark(note.code, note.level, note.text, tuple(items[i].id for i in note.items))
                    for note in settled.notes
                ),
                screening=Screener(self.knowledge, self.vocabulary).screen(settled.rules[0]),
            )

    def known(self, case: Case) -> tuple[tuple[str, str], ...]:
        """Every item known of a case, entered or implied, with its value."""
        codes = case.evidence(self.vocabulary).codes
        known = self.closure.settle(codes[None, :]).rules[0]
        items = self.vocabulary.items
        return tuple(
            (items[c].id, items[c].values[known[c]]) for c in np.flatnonzero(known != UNKNOWN)
        )

    def unasked(self, screening: Screening) -> tuple[str, ...]:
        """Unanswered bedside items that would meet a pending rule by themselves, the best first."""
        alone = {
            atom.split(" = ")[0]
            for state in screening.pending
            if state.rule.tier != "appointment"
            for atom in state.alone
        }
        return tuple(item for item in screening.questions(self.bedside) if item in alone)

    def open_flags(self, screening: Screening, condition: str) -> int:
        """How many urgent rules that cover a condition the bedside could still meet."""
        return sum(
            state.bedside and state.rule.tier != "appointment" and condition in state.rule.covers
            for state in screening.rules
        )

    def pinned(self, assessment: Assessment, shown: frozenset[str]) -> tuple[Ranked, ...]:
        """Cannot-miss conditions not among those shown, the likeliest first."""
        return tuple(
            row
            for row in assessment.ranking
            if row.id in self.cannot_miss and row.id not in shown and row.known < 0
        )


@lru_cache(maxsize=4)
def _open(folder: str) -> Desk:
    return Desk(load(Path(folder) if folder else None))


def desk() -> Desk:
    """The knowledge base that the dashboard was started with."""
    return _open(os.environ.get(VARIABLE, ""))


def implied(assessment: Assessment, case: Case) -> dict[str, tuple[str, str]]:
    """Items that follow from those entered: item -> (value, label of what it follows from)."""
    because = {
        remark.items[0]: remark.text.rpartition("implied by ")[2].rstrip(".")
        for remark in assessment.remarks
        if remark.code == "implied"
    }
    return {
        item: (value, because.get(item, ""))
        for item, value in assessment.evidence
        if item not in case.values
    }
