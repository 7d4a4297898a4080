"""A small knowledge base cut out of the shipped one, and a joint enumeration of its patients."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import numpy as np

from model.closure import Closure
from model.engine import Engine, net_of
from model.evidence import Evidence
from model.kernel import Case
from model.knowledge import KnowledgeBase, load
from model.parameters import elicited, solved
from model.pretest import window
from model.reasoner import Reasoner
from model.screening import Screener
from model.vocabulary import Vocabulary
from tests.oracle.small import brute_force

CONDITIONS = (
    *("dehydration", "hypomagnesaemia", "hypokalaemia"),
    *("lumbar_disc_radiculopathy", "stroke"),
)
CONTEXTS = ("diabetes", "poor_glucose_control", "diuretic")
FINDINGS = (
    *("onset", "laterality", "symmetrical"),
    *("objective_weakness", "distal_weakness", "foot_drop"),
    *("muscle_cramps", "back_pain", "glucose_or_hba1c_high", "potassium_low"),
)

#: Of 1,000, in the order of `CONDITIONS`: common, so that several are often there together.
PRETEST = (150, 120, 140, 300, 180)


def _cut(whole: KnowledgeBase) -> KnowledgeBase:
    """The tables with only the rows that speak of what is kept."""
    kept = {*CONDITIONS, *CONTEXTS, *FINDINGS, "age", "sex", "unnamed"}
    columns = ("condition", "finding", "context", "cause")

    def speaks(row) -> bool:
        return all(getattr(row, name) in kept for name in columns if hasattr(row, name))

    shares = dict(zip(CONDITIONS, PRETEST, strict=True))
    low, high, _ = window(np.array(PRETEST) / 1000, 0.0)
    shares["unnamed"] = 1000 * (low + 0.6 * (high - low))
    pretest = tuple(
        row.model_copy(update={"primary_care": float(shares[row.id])})
        for row in whole.pretest
        if row.id in shares
    )
    groups = {row.category for row in whole.condition if row.id in kept}
    tables = ("link", "graded", "leak", "graded_leak", "context_link", "context_finding")
    return replace(
        whole,
        **{
            name: tuple(row for row in getattr(whole, name) if speaks(row))
            for name in (*tables, "condition_link", "age_sex")
        },
        condition=tuple(row for row in whole.condition if row.id in kept),
        context=tuple(row for row in whole.context if row.id in kept),
        finding=tuple(
            row.model_copy(
                update={"excludes": " ".join(n for n in row.excludes.split() if n in kept)}
            )
            for row in whole.finding
            if row.id in kept
        ),
        category=tuple(row for row in whole.category if row.id in groups),
        pretest=pretest,
        prevalence=tuple(row for row in whole.prevalence if row.id in kept or "=" in row.id),
        rule=(),
        assertion=(),
        digest="small",
    )


@dataclass(frozen=True)
class Small:
    """A small knowledge base, ready, with brute force beside it."""

    reasoner: Reasoner

    @cached_property
    def _none(self) -> Case:
        return self.case(Evidence(self.reasoner.vocabulary.blank()[0]))

    def case(self, evidence: Evidence) -> Case:
        """Evidence as the engine is told it."""
        settled = self.reasoner.closure.settle(evidence.codes[None, :])
        assert not settled.bad.any()
        return self.reasoner.case(settled.engine[0], evidence.soft)

    def brute(self, evidence: Evidence) -> dict[str, object]:
        """The sums over the whole joint distribution; `total` is P(evidence, complaint)."""
        return brute_force(self.reasoner.engine.net, self.case(evidence))

    def weight(self, evidence: Evidence, present: tuple[str, ...]) -> float:
        """P(exactly these conditions, evidence, complaint)."""
        ids = [row.id for row in self.reasoner.knowledge.condition]
        wanted = np.array([name in present for name in ids], np.int8)
        case = self.case(evidence)
        if ((case.condition >= 0) & (case.condition != wanted)).any():
            return 0.0
        net = self.reasoner.engine.net
        return float(brute_force(net, case._replace(condition=wanted))["total"])

    def sets(self, evidence: Evidence) -> dict[tuple[str, ...], float]:
        """P(exactly these conditions | evidence) for every set of conditions."""
        ids = [row.id for row in self.reasoner.knowledge.condition]
        found = {}
        for chosen in product((0, 1), repeat=len(ids)):
            present = tuple(name for name, here in zip(ids, chosen, strict=True) if here)
            found[present] = self.weight(evidence, present)
        total = sum(found.values())
        return {present: weight / total for present, weight in found.items()}


def small_base() -> Small:
    """Five conditions, three contexts, ten findings of the shipped knowledge base."""
    knowledge = _cut(load())
    parameters = solved(elicited(knowledge, setting="primary_care", basis="all"))
    net = net_of(parameters)
    vocabulary = Vocabulary.of(knowledge)
    rows = [[c.category == row.id for c in knowledge.condition] for row in knowledge.category]
    groups = np.array(rows, bool)
    return Small(
        Reasoner(
            knowledge=knowledge,
            parameters=parameters,
            vocabulary=vocabulary,
            closure=Closure.of(knowledge, vocabulary),
            screener=Screener(knowledge, vocabulary),
            engine=Engine(net, np.array([parameters.order]), groups),
        )
    )
