"""The answer about one patient, as one frozen value: screening first, then the differential."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from model.numbers import rounded
from model.screening import RuleState, Screening


@dataclass(frozen=True, slots=True)
class Ranked:
    """A condition, category or site with its posterior.

    Attributes:
        probability, complement: P(present | evidence) and P(absent | evidence).
        known: 1 or 0 when the evidence itself says so, else -1.
        pretest: P(present | complaint) in the setting, for conditions.
    """

    id: str
    label: str
    probability: float
    complement: float
    known: int = -1
    pretest: float = float("nan")


@dataclass(frozen=True, slots=True)
class Remark:
    """Something the reader should know about how the evidence was read."""

    code: str
    level: str
    text: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class Assessment:
    """Everything said about one patient.

    Attributes:
        status: "ok", "warning", "error" (input), "refused" (too wide) or "failed" (our fault); the
            screening stands in all of them, the rest only in the first two.
        message: begins with a stable code when the status is not "ok".
        evidence: (item, value) pairs known after closure; age by its band.
        remarks: how the evidence was read.
        screening: the red flags.
        conditions, categories, sites: in file order; `ranking` sorts the conditions.
        unexplained: P(nothing modelled explains it | evidence).
        log_evidence, conflict: see `model.reasoner.Reasoner.fit`.
        steps: what the posterior cost.
    """

    id: str
    status: str
    message: str
    setting: str
    basis: str
    engine_version: str
    knowledge_digest: str
    evidence: tuple[tuple[str, str], ...]
    remarks: tuple[Remark, ...]
    screening: Screening
    conditions: tuple[Ranked, ...] = ()
    categories: tuple[Ranked, ...] = ()
    sites: tuple[Ranked, ...] = ()
    unexplained: float = float("nan")
    log_evidence: float = float("nan")
    conflict: float = float("nan")
    steps: float = 0.0

    @property
    def has_differential(self) -> bool:
        """Whether posteriors are there."""
        return bool(self.conditions)

    @property
    def ranking(self) -> tuple[Ranked, ...]:
        """Conditions, most probable first; ties in file order."""
        return tuple(sorted(self.conditions, key=lambda one: one.complement))

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready view with six significant digits, keys in a fixed order."""

        def ranked(rows: tuple[Ranked, ...]) -> list[dict[str, Any]]:
            return [
                {"id": r.id, "label": r.label, "probability": rounded(r.probability)} for r in rows
            ]

        result: dict[str, Any] = {
            "id": self.id,
            "status": self.status,
            "message": self.message,
            "screening": {
                "disposition": self.screening.disposition,
                "could_rise_to": self.screening.could_rise_to,
                "red_flags": [_rule(state) for state in self.screening.met],
                "pending_flags": [_rule(state) for state in self.screening.pending],
            },
            "evidence": dict(self.evidence),
            "remarks": [
                {"code": r.code, "level": r.level, "text": r.text, "items": list(r.items)}
                for r in self.remarks
            ],
        }
        if self.has_differential:
            result["categories"] = ranked(
                tuple(sorted(self.categories, key=lambda one: one.complement))
            )
            result["conditions"] = [
                {**entry, "pretest": rounded(row.pretest)}
                for entry, row in zip(ranked(self.ranking), self.ranking, strict=True)
            ]
            if self.sites:
                result["sites"] = ranked(tuple(sorted(self.sites, key=lambda one: one.complement)))
            result["unexplained"] = rounded(self.unexplained)
            result["log_evidence"] = rounded(self.log_evidence)
            result["conflict"] = rounded(self.conflict)
        result["setting"] = self.setting
        result["basis"] = self.basis
        result["engine_version"] = self.engine_version
        result["knowledge_digest"] = self.knowledge_digest
        return result


def _rule(state: RuleState) -> dict[str, Any]:
    rule = state.rule
    return {
        "id": rule.id,
        "label": rule.label,
        "tier": rule.tier,
        "breadth": rule.breadth,
        "basis": rule.basis,
        "because": list(state.because),
        "would_decide": list(state.deciding),
        "alone_enough": list(state.alone),
        "suggests": rule.suggests,
        "places": list(rule.places),
    }
