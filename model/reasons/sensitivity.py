"""One elicited number at a time: the posterior as a function of it, all others kept.

For a probability x in the tables (a link, a leak, the share of a grade) every joint probability
P(C, e) is linear in x, so the posterior is the ratio of two lines, and two posteriors give it for
every x. A relative rate and a pretest row stand in an exponent; each value of theirs takes a
posterior. Base rates and the unnamed cause's rows are kept, not derived again.
`docs/reasons/changes.md` has the formulas.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

from model.batch import TOO_WIDE
from model.engine import Engine, blank_case
from model.errors import TooWideError
from model.evidence import Evidence
from model.kernel import Case, Net
from model.parameters import Floats
from model.reasoner import Reasoner
from model.reasons.prospects import believed
from model.reasons.variants import STATES, STOPPED, Cancelled, Progress
from model.vocabulary import UNKNOWN

T = TypeVar("T")

#: Step of a central difference, in natural logarithms.
STEP = 1e-4

#: How many times higher or lower a base rate is looked for.
RANGE = 1000.0

#: Values at which the second point of a line is taken, the one farther from the first.
FAR = (0.05, 0.95)


@dataclass(frozen=True, slots=True)
class Number:
    """One elicited number that takes part in a patient's posterior.

    Attributes:
        kind: "link", "context_finding", "leak", "grade" (share of the grade found), "rate"
            (relative rate of a context) or "pretest".
        file: where it stands.
        of: the ids it ties together: cause and finding, context and condition, or the condition;
            of a leak the finding and the age band; of a grade the third is the grade.
        label: the same in labels.
        word: as written there; empty where a number is written.
        value: a probability, or a relative rate of 1 or more.
    """

    kind: str
    file: str
    of: tuple[str, ...]
    label: str
    word: str
    value: float

    @property
    def is_rate(self) -> bool:
        """Whether it is a relative rate and not a probability."""
        return self.kind == "rate"

    def coordinate(self, value: float) -> float:
        """Where a value stands on the scale on which changes are measured.

        The natural logarithm of the odds of a probability, of a relative rate itself.
        """
        return math.log(value) if self.is_rate else math.log(value) - math.log1p(-value)


@dataclass(frozen=True, slots=True)
class Joint:
    """P(C, e) and P(not C, e) of every condition (N,), up to one factor for all of a patient."""

    present: Floats
    absent: Floats

    @property
    def probability(self) -> Floats:
        """(N,) P(C | e)."""
        return self.present / (self.present + self.absent)


@dataclass(frozen=True)
class Variation:
    """A number, and the joint probabilities for other values of it.

    A pretest row is varied by its condition's base rate, the rate itself by its value.

    Attributes:
        number: at its elicited value.
        x: what is varied, at present.
        at: x -> joint probabilities (TooWideError past the limit).
        value: x -> the value of the number.
        line: whether the joint probabilities are linear in x, a probability.
        ends: the range a search keeps to; (0, 1) for a probability, its ends left out.
    """

    number: Number
    x: float
    at: Callable[[float], Joint]
    value: Callable[[float], float]
    line: bool
    ends: tuple[float, float]

    def step(self, x: float) -> float:
        """Where x stands on the scale that a search takes its steps on."""
        return math.log(x) - math.log1p(-x) if self.line else math.log(x)

    def back(self, step: float) -> float:
        """The x of a place on that scale."""
        return 1.0 / (1.0 + math.exp(-step)) if self.line else math.exp(step)

    def slope(self, condition: int) -> float:
        """How the log odds of a condition move with the number; exact on a line.

        The derivative of ln odds(condition) by the coordinate of the number; where the number does
        not stand on a line, a central difference.
        """
        if self.line:
            now, there = self.at(self.x), self.at(self.back(self.step(self.x) + 1.0))
            run = self.back(self.step(self.x) + 1.0) - self.x
            rise = (there.present[condition] - now.present[condition]) / now.present[condition]
            fall = (there.absent[condition] - now.absent[condition]) / now.absent[condition]
            return float((rise - fall) / run * self.x * (1.0 - self.x))
        low, high = (self.back(self.step(self.x) + sign * STEP) for sign in (-1.0, 1.0))
        odds = [
            math.log(joint.present[condition]) - math.log(joint.absent[condition])
            for joint in (self.at(low), self.at(high))
        ]
        run = self.number.coordinate(self.value(high)) - self.number.coordinate(self.value(low))
        return (odds[1] - odds[0]) / run


@dataclass(frozen=True)
class Bench:
    """One patient before networks in which one number is changed."""

    reasoner: Reasoner
    case: Case
    order: int
    log_probability: float
    now: Joint
    limit: float

    @classmethod
    def of(cls, reasoner: Reasoner, evidence: Evidence) -> Bench:
        """Set a patient up.

        Raises:
            InputError: if the evidence contradicts itself.
            TooWideError: if its posterior is past the limit.
        """
        believed(reasoner, evidence)
        settled = reasoner.closure.settle(evidence.codes[None, :])
        case = reasoner.case(settled.engine[0], evidence.soft)
        now = reasoner.posterior(case)
        joint = Joint(now.condition, now.without)
        return cls(reasoner, case, now.order, now.log_probability, joint, reasoner.max_steps)

    def joint(self, net: Net) -> Joint:
        """The joint probabilities in another network, in units of P(e) in the elicited one."""
        engine = self._engine(net)
        found = engine.posterior(
            self.case, max_steps=self.reasoner.max_steps, max_bytes=self.reasoner.max_bytes
        )
        scale = math.exp(found.log_probability - self.log_probability)
        return Joint(scale * found.condition, scale * found.without)

    def pretest(self, net: Net, condition: int) -> float:
        """P(condition | complaint) in another network."""
        return float(self._engine(net).posterior(blank_case(net)).condition[condition])

    def _engine(self, net: Net) -> Engine:
        """An engine that takes the order of the elicited network."""
        engine = self.reasoner.engine
        return Engine(net, engine.orders[self.order][None, :], engine.groups[:0])


def variations(
    bench: Bench,
    conditions: Sequence[int],
    *,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> tuple[tuple[Variation, ...], tuple[tuple[Number, str], ...]]:
    """Every number that takes part through some conditions, ready to be varied.

    Links, leaks and grades of findings known (or refined by one known), links of contexts to them,
    relative rates of contexts not known to be absent, and pretest rows. Average rows that stand in
    where none is stated are not elicited and not varied.

    Returns:
        The variations; and the numbers that could not be varied, each with why.
    """
    lines = list(_lines(bench, conditions))
    done = 0

    def ready(line: tuple[Number, Callable[[float], Net]]) -> Variation | str:
        number, net_at = line
        if cancelled is not None and cancelled():
            return STATES[STOPPED]
        far = max(FAR, key=lambda x: abs(x - number.value))
        try:
            there = bench.joint(net_at(far))
        except TooWideError:
            return STATES[TOO_WIDE]
        at = _line(bench.now, number.value, there, far)
        return Variation(number, number.value, at, float, True, (0.0, 1.0))

    found: list[Variation] = []
    left: list[tuple[Number, str]] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for (number, _), one in zip(lines, pool.map(ready, lines), strict=True):
            if isinstance(one, str):
                left.append((number, one))
            else:
                found.append(one)
            done += 1
            if progress is not None:
                progress(done, len(lines))
    return (*found, *_curves(bench, conditions)), tuple(left)


def _line(now: Joint, x: float, there: Joint, far: float) -> Callable[[float], Joint]:
    """The joint probabilities on the line through two points."""

    def at(value: float) -> Joint:
        share = (value - x) / (far - x)
        return Joint(
            np.maximum(now.present + share * (there.present - now.present), 0.0),
            np.maximum(now.absent + share * (there.absent - now.absent), 0.0),
        )

    return at


def _lines(
    bench: Bench, conditions: Sequence[int]
) -> Iterator[tuple[Number, Callable[[float], Net]]]:
    """Probabilities, each with the network for another value of it."""
    reasoner, net, case = bench.reasoner, bench.reasoner.engine.net, bench.case
    knowledge = reasoner.knowledge
    findings, labels = knowledge.finding, knowledge.labels
    n, k = net.rate.size, net.context_prior.size
    known = {f for f in range(net.parent.size) if case.finding[f] != UNKNOWN or case.is_soft[f]}
    for f in sorted(known):
        while (f := int(net.parent[f])) >= 0:
            known.add(f)

    def strength(cause: int, f: int) -> Callable[[float], Net]:
        def net_at(value: float) -> Net:
            changed = net.strength.copy()
            changed[cause, f] = value
            return net._replace(strength=changed)

        return net_at

    def row(cause: int, g: int, grade: int) -> Callable[[float], Net]:
        def net_at(value: float) -> Net:
            changed = net.row.copy()
            changed[cause, g] *= (1.0 - value) / (1.0 - net.row[cause, g, grade])
            changed[cause, g, grade] = value
            return net._replace(row=changed)

        return net_at

    links = {(one.condition, one.finding): one.word for one in knowledge.link}
    brings = {(one.context, one.finding): one.word for one in knowledge.context_finding}
    leaks = {one.finding: one.model_dump(by_alias=True) for one in knowledge.leak}
    stated = reasoner.parameters.stated
    for f in sorted(known):
        name, g = findings[f].id, int(net.graded[f])
        causes = [(i, knowledge.condition[i].id) for i in conditions]
        if g >= 0:
            grade = int(case.finding[f])
            for i, cause in causes:
                value = float(net.row[i, g, grade])
                if grade != UNKNOWN and stated[i, g] and 0.0 < value < 1.0:
                    of = (cause, name, findings[f].values[grade])
                    label = f"{labels[cause]}: {labels[name]}, {of[2].replace('_', ' ')}"
                    yield Number("grade", "graded.csv", of, label, "", value), row(i, g, grade)
            continue
        for i, cause in causes:
            value = float(net.strength[i, f])
            if value > 0.0:
                label = f"{labels[cause]}: {labels[name]}"
                word = links[cause, name]
                yield Number("link", "links.csv", (cause, name), label, word, value), strength(i, f)
        for c, context in enumerate(knowledge.binary_contexts):
            value = float(net.strength[n + c, f])
            if value > 0.0 and case.context[c] != 0:
                both, label = (context.id, name), f"{context.label}: {labels[name]}"
                number = Number(
                    "context_finding", "context_findings.csv", both, label, brings[both], value
                )
                yield number, strength(n + c, f)
        for b, band in enumerate(knowledge.age_band):
            if case.band in (UNKNOWN, b):
                value = float(net.strength[n + k + 1 + b, f])
                label = f"no reason modelled: {labels[name]}, {band.label}"
                word = leaks[name][band.id]
                number = Number("leak", "leaks.csv", (name, band.id), label, word, value)
                yield number, strength(n + k + 1 + b, f)


def _curves(bench: Bench, conditions: Sequence[int]) -> Iterator[Variation]:
    """Relative rates, and pretest rows by way of their base rates."""
    net, knowledge = bench.reasoner.engine.net, bench.reasoner.knowledge
    words = {(one.context, one.condition): one.word for one in knowledge.context_link}
    most = max(one.rate for one in knowledge.scale.rate.values())

    def excess(k: int, i: int) -> Callable[[float], Joint]:
        def at(value: float) -> Joint:
            changed = net.excess.copy()
            changed[k, i] = value - 1.0
            return bench.joint(net._replace(excess=changed))

        return at

    def base_rate(i: int) -> Callable[[float], Net]:
        def net_at(value: float) -> Net:
            changed = net.rate.copy()
            changed[i] = value
            return net._replace(rate=changed)

        return net_at

    for i in conditions:
        row = knowledge.condition[i]
        for k, context in enumerate(knowledge.binary_contexts):
            if net.excess[k, i] > 0.0 and bench.case.context[k] != 0:
                of, value = (context.id, row.id), float(net.excess[k, i]) + 1.0
                label = f"{context.label}: {row.label}"
                number = Number("rate", "context_links.csv", of, label, words[of], value)
                yield Variation(number, value, excess(k, i), float, False, (1.0, most))
        net_at, rate = base_rate(i), float(net.rate[i])
        number = Number("pretest", "pretest.csv", (row.id,), row.label, "", bench.pretest(net, i))
        yield Variation(
            number=number,
            x=rate,
            at=_then(net_at, bench.joint),
            value=_then(net_at, partial(bench.pretest, condition=i)),
            line=False,
            ends=(rate / RANGE, rate * RANGE),
        )


def _then(net_at: Callable[[float], Net], ask: Callable[[Net], T]) -> Callable[[float], T]:
    """Ask something of the network for another value."""
    return lambda value: ask(net_at(value))
