"""Orders and directions the numbers must keep, checked with the engine itself.

    more_likely         finding|condition > finding|condition
    raises, lowers      finding|condition against finding|average
    odds_factor_below   condition(s) : new evidence / given evidence  <  factor
    evidence_factor     two such factors compared

`finding|condition` is P(finding | only this condition, complaint): every other condition absent,
contexts, age and sex unknown. `average` weighs the conditions by pretest. An odds factor says by
how much the new evidence multiplies the odds of the condition, or of any of several.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from model.checks.places import Found, place
from model.errors import ParesisError
from model.evidence import read_evidence
from model.knowledge import KnowledgeBase
from model.reasoner import Reasoner, build_reasoner
from model.tables import Assertion

#: Kinds that can only be written one way round.
RELATION = {"lowers": "<", "raises": ">", "odds_factor_below": "<"}


class Measure:
    """Evaluates the two kinds of expression an assertion is made of (primary care, all sources)."""

    def __init__(self, reasoner: Reasoner) -> None:
        self._reasoner = reasoner
        self._conditions = reasoner.knowledge.condition_index

    @cache  # noqa: B019 - one short-lived object for each check
    def frequency(self, finding: str, condition: str) -> float:
        """P(finding | only this condition, complaint); `average` weighs all conditions."""
        if condition == "average":
            weights = self._reasoner.parameters.pretest
            values = [self.frequency(finding, name) for name in self._conditions]
            return float(np.average(values, weights=weights))
        if condition not in self._conditions:
            raise ValueError(f"{condition!r} is not a condition")
        name, _, value = finding.partition("=")
        item = self._reasoner.vocabulary.index.get(name)
        if item is None or item.kind != "finding":
            raise ValueError(f"{name!r} is not a finding")
        codes = self._reasoner.vocabulary.blank()
        span = self._reasoner.vocabulary.columns("condition")
        codes[0, span] = 0
        codes[0, span.start + self._conditions[condition]] = 1
        alone = self._log(codes)
        if item.graded != bool(value) or (value and value not in item.values):
            raise ValueError(f"{finding!r} needs a grade of {name}" if item.graded else finding)
        codes[0, item.column] = item.values.index(value) if value else 1
        return math.exp(self._log(codes) - alone)

    def _log(self, codes: NDArray[np.int8]) -> float:
        settled = self._reasoner.closure.settle(codes)
        return self._reasoner.engine.log_probability(self._reasoner.case(settled.engine[0]))

    def factor(self, text: str) -> float:
        """The odds factor written as `condition(s) : new / given`."""
        who, _, rest = text.partition(":")
        new, _, given = rest.partition("/")
        members = np.zeros((1, len(self._conditions)), bool)
        for name in who.split():
            if name not in self._conditions:
                raise ValueError(f"{name!r} is not a condition")
            members[0, self._conditions[name]] = True
        if not members.any() or not new.strip():
            raise ValueError("a factor is written 'condition : new evidence / given evidence'")
        if set(who.split()) & {pair.partition("=")[0] for pair in rest.replace("/", " ").split()}:
            raise ValueError("the condition itself is among the evidence")
        before = self._odds(given.split(), members)
        after = self._odds(given.split() + new.split(), members)
        return after / before

    def _odds(self, pairs: list[str], members: NDArray[np.bool_]) -> float:
        values = {
            name: value if sign else "present"
            for name, sign, value in (pair.partition("=") for pair in pairs)
        }
        evidence = read_evidence(values, self._reasoner.vocabulary)
        settled = self._reasoner.closure.settle(evidence.codes[None, :])
        if settled.bad.any():
            raise ValueError("the evidence contradicts itself")
        case = self._reasoner.case(settled.engine[0])
        if members.sum() == 1:
            posterior = self._reasoner.posterior(case)
            row = int(np.flatnonzero(members[0])[0])
            return float(posterior.condition[row] / posterior.without[row])
        share = float(self._reasoner.engine.posterior(case, groups=members).group[0])
        return share / (1.0 - share)


def evaluate(measure: Measure, row: Assertion) -> tuple[float, float]:
    """The two numbers an assertion compares."""

    def side(text: str) -> float:
        if row.kind in ("odds_factor_below", "evidence_factor") and ":" in text:
            return measure.factor(text)
        if "|" in text:
            finding, _, condition = text.partition("|")
            return measure.frequency(finding.strip(), condition.strip())
        number = float(text)
        if not math.isfinite(number):
            raise ValueError(f"{text} is no number to compare with")
        return number

    if row.relation != RELATION.get(row.kind, row.relation):
        raise ValueError(f"{row.kind} is written with {RELATION[row.kind]}")
    return side(row.left), side(row.right)


def check_assertions(knowledge: KnowledgeBase, found: Found) -> None:
    """Every assertion holds in primary care with all sources."""
    measure = Measure(build_reasoner(knowledge))
    for number, row in enumerate(knowledge.assertion):
        where = place("assertion", number, row.id)
        try:
            left, right = evaluate(measure, row)
        except (ValueError, ParesisError) as error:
            reason = "; ".join(str(error).splitlines()).rstrip(".")
            remedy = "Write finding|condition, a number, or 'condition : new / given'."
            found.add("bad_assertion", where, f"cannot be evaluated: {reason}.", remedy)
            continue
        holds = left < right if row.relation == "<" else left > right
        if not holds:
            message = f"does not hold: {left:.4g} is not {row.relation} {right:.4g}."
            found.add("assertion_fails", where, message, "Change a number, or the assertion.")
