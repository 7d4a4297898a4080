"""A knowledge base made ready for one setting and basis: evidence in, assessment out.

reasoner = open_reasoner(load(), setting="primary_care")
assessment = reasoner.assess(read_evidence({"age": 71, "onset": "sudden"}, reasoner.vocabulary))
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from model.assessment import Assessment, Ranked, Remark
from model.closure import Closure, Settled
from model.engine import MAX_BYTES, MAX_STEPS, Engine, Posterior, blank_case, net_of
from model.errors import TooWideError
from model.evidence import Evidence
from model.kernel import Case, Cases
from model.knowledge import KnowledgeBase
from model.orders import library
from model.parameters import Parameters
from model.screening import Screener
from model.store import solved_parameters
from model.version import ENGINE_VERSION
from model.vocabulary import UNKNOWN, Vocabulary

Codes = NDArray[np.int8]
#: Soft evidence: (column, likelihood of each value).
Soft = tuple[tuple[int, tuple[float, ...]], ...]

#: Reasoners kept by `open_reasoner`; the one not used for longest goes first.
MOST_BUILT = 16
_built: dict[tuple[str, str, str], Reasoner] = {}
_building = Lock()


@dataclass(frozen=True)
class Reasoner:
    """Everything needed to assess patients in one setting, from one basis; immutable."""

    knowledge: KnowledgeBase
    parameters: Parameters
    vocabulary: Vocabulary
    closure: Closure
    screener: Screener
    engine: Engine
    max_steps: float = MAX_STEPS
    max_bytes: float = MAX_BYTES

    @cached_property
    def site_groups(self) -> NDArray[np.bool_]:
        """Which conditions act at each site."""
        rows = [
            [row.id in c.sites for c in self.knowledge.condition] for row in self.knowledge.site
        ]
        return np.array(rows, bool)

    @cached_property
    def _blank(self) -> Case:
        return blank_case(self.engine.net)

    def cases(self, codes: Codes, soft: Soft = ()) -> Cases:
        """Turn settled rows of codes (R, I) and soft evidence that all share into kernel cases.

        Soft evidence on an item gives way where a row knows it, which only its own case may ask for
        when there are several rows.
        """
        v, blank = self.vocabulary, self._blank
        contexts, conditions = v.columns("context"), v.columns("condition")
        is_soft, soft_finding = blank.is_soft, blank.soft_finding
        soft_context, soft_condition = blank.soft_context, blank.soft_condition
        if soft:
            is_soft, soft_finding = is_soft.copy(), soft_finding.copy()
            soft_context, soft_condition = soft_context.copy(), soft_condition.copy()
        for column, likelihoods in soft:
            known = codes[:, column] != UNKNOWN
            if known.all():
                continue  # implied by something harder
            scaled = np.asarray(likelihoods) / max(likelihoods)
            item = v.items[column]
            if item.kind == "finding":
                is_soft[column] = 1
                soft_finding[column, : len(scaled)] = scaled
            elif item.kind == "context":
                soft_context[column - contexts.start] = scaled
            else:
                soft_condition[column - conditions.start] = scaled
        return Cases(
            finding=np.ascontiguousarray(codes[:, v.columns("finding")]),
            context=np.ascontiguousarray(codes[:, contexts]),
            condition=np.ascontiguousarray(codes[:, conditions]),
            band=codes[:, v.index["age"].column].astype(np.int64),
            sex=codes[:, v.index["sex"].column].astype(np.int64),
            is_soft=is_soft,
            soft_finding=soft_finding,
            soft_context=soft_context,
            soft_condition=soft_condition,
        )

    def case(self, codes: Codes, soft: Soft = ()) -> Case:
        """Turn one settled row of codes (I,) and soft evidence into the kernel's case."""
        one = self.cases(codes[None], soft)
        return Case(
            one.finding[0], one.is_soft, one.soft_finding, one.context[0], one.soft_context,
            one.condition[0], one.soft_condition, int(one.band[0]), int(one.sex[0]),
        )  # fmt: skip

    def posterior(self, case: Case, *, contexts: bool = False) -> Posterior:
        """The exact posterior of a case within this reasoner's limits (TooWideError past them)."""
        return self.engine.posterior(
            case, contexts=contexts, max_steps=self.max_steps, max_bytes=self.max_bytes
        )

    def assess(self, evidence: Evidence, *, sites: bool = False) -> Assessment:
        """Assess one patient: screening first and always, then the ranked differential.

        `sites` adds the posterior of every site (several more passes).

        Never raises for what a patient may bring: the status says what happened.
        """
        settled = self.closure.settle(evidence.codes[None, :])
        screening = self.screener.screen(settled.rules[0])
        remarks = self._remarks(evidence, settled)
        empty = Assessment(
            id=evidence.id,
            status="ok",
            message="",
            setting=self.parameters.setting,
            basis=self.parameters.basis,
            engine_version=ENGINE_VERSION,
            knowledge_digest=self.knowledge.digest,
            evidence=self._known(settled.rules[0], evidence),
            remarks=remarks,
            screening=screening,
        )
        errors = [remark for remark in remarks if remark.level == "error"]
        if errors:
            message = "; ".join(f"{remark.code}: {remark.text}" for remark in errors)
            return replace(empty, status="error", message=message)
        try:
            return self._infer(empty, self.case(settled.engine[0], evidence.soft), sites=sites)
        except TooWideError as error:
            wide = self.widest(settled.engine[0])
            return replace(empty, status="refused", message=f"too_wide: {error}; widest: {wide}")
        except Exception as error:  # noqa: BLE001 - the screening must stand whatever inference does
            kind = type(error).__name__
            message = f"inference_failed: an internal {kind}; the screening above is complete"
            return replace(empty, status="failed", message=message)

    def _infer(self, empty: Assessment, case: Case, *, sites: bool) -> Assessment:
        groups = self.engine.groups
        if sites:
            groups = np.vstack([groups, self.site_groups])
        posterior = self.engine.posterior(
            case, groups=groups, fit=True, max_steps=self.max_steps, max_bytes=self.max_bytes
        )
        log_evidence = posterior.log_probability - posterior.log_given
        conflict = (posterior.log_alone - log_evidence) / math.log(10.0)
        warnings = [remark for remark in empty.remarks if remark.level == "warning"]
        conditions = tuple(
            Ranked(row.id, row.label, float(p), float(q), known=int(code), pretest=float(t))
            for row, p, q, code, t in zip(
                self.knowledge.condition,
                posterior.condition,
                posterior.without,
                case.condition,
                self.parameters.pretest,
                strict=True,
            )
        )
        named = self.knowledge.category + (self.knowledge.site if sites else ())
        ranked = tuple(
            Ranked(row.id, row.label, float(p), float(1 - p))
            for row, p in zip(named, posterior.group, strict=True)
        )
        count = len(self.knowledge.category)
        return replace(
            empty,
            status="warning" if warnings else "ok",
            message="; ".join(f"{remark.code}: {remark.text}" for remark in warnings),
            conditions=conditions,
            categories=ranked[:count],
            sites=ranked[count:],
            unexplained=posterior.unexplained,
            log_evidence=log_evidence,
            conflict=conflict,
            steps=posterior.steps,
        )

    def _remarks(self, evidence: Evidence, settled: Settled) -> tuple[Remark, ...]:
        found = [
            Remark(problem.code, "error", f"{problem.where} {problem.message}".strip(), ())
            for problem in evidence.problems
        ]
        items = self.vocabulary.items
        found += [
            Remark(note.code, note.level, note.text, tuple(items[i].id for i in note.items))
            for note in settled.notes
        ]
        young = self.vocabulary.index["age"].column
        if settled.rules[0, young] == 0 and self.vocabulary.items[young].values[0] == "under_16":
            text = "The documents say next to nothing of children; read every number with caution."
            found.append(Remark("under_16", "note", text, ("age",)))
        if self.parameters.setting == "even":
            text = "The even setting is for teaching: its numbers are no probability for a patient."
            found.append(Remark("even_setting", "note", text, ()))
        return tuple(found)

    def _known(self, codes: Codes, evidence: Evidence) -> tuple[tuple[str, str], ...]:
        """Every item known after closure with its value (an age by its band), then soft items."""
        items = self.vocabulary.items
        hard = [(items[c].id, items[c].values[codes[c]]) for c in np.flatnonzero(codes != UNKNOWN)]
        soft = [(items[c].id, "soft") for c, _ in evidence.soft if codes[c] == UNKNOWN]
        return tuple(hard + soft)

    def widest(self, codes: Codes) -> str:
        """The entered findings that most conditions could explain: they keep the vector wide."""
        findings = self.vocabulary.columns("finding")
        shown = np.flatnonzero(codes[findings] >= 0)
        links = (self.engine.net.strength[: len(self.knowledge.condition)] > 0).sum(axis=0)
        links = np.where(self.engine.net.graded >= 0, len(self.knowledge.condition), links)
        order = sorted(shown, key=lambda place: -int(links[place]))[:5]
        return ", ".join(self.knowledge.finding[place].id for place in order)


def _categories(knowledge: KnowledgeBase) -> NDArray[np.bool_]:
    """Which conditions belong to each category."""
    rows = [[c.category == row.id for c in knowledge.condition] for row in knowledge.category]
    return np.array(rows, bool)


def build_reasoner(
    knowledge: KnowledgeBase, *, setting: str = "primary_care", basis: str = "all"
) -> Reasoner:
    """Solve the base rates of a setting and compile everything an assessment needs."""
    parameters = solved_parameters(knowledge, setting=setting, basis=basis)
    net = net_of(parameters)
    vocabulary = Vocabulary.of(knowledge)
    groups = _categories(knowledge)
    ids = [row.id for row in knowledge.condition + knowledge.binary_contexts]
    orders = library(net, groups, ids, parameters.order)
    return Reasoner(
        knowledge=knowledge,
        parameters=parameters,
        vocabulary=vocabulary,
        closure=Closure.of(knowledge, vocabulary),
        screener=Screener(knowledge, vocabulary),
        engine=Engine(net, orders, groups),
    )


def open_reasoner(
    knowledge: KnowledgeBase, *, setting: str = "primary_care", basis: str = "all"
) -> Reasoner:
    """As `build_reasoner`, built once per process for each knowledge digest, setting and basis."""
    key = knowledge.digest, setting, basis
    with _building:  # whoever comes second waits for the first instead of building it again
        reasoner = _built.pop(key, None)
        if reasoner is None:
            reasoner = build_reasoner(knowledge, setting=setting, basis=basis)
        _built[key] = reasoner  # the latest used stands last
        while len(_built) > MOST_BUILT:
            del _built[next(iter(_built))]
        return reasoner
