"""One elicited number at a time: the posterior as a function of it, all other rows kept.

For a probability x in the tables (a link, a leak, the share of a grade) every joint probability
P(C, e) is linear in x, so the posterior is the ratio of two lines, and two posteriors give it for
every x; the averages that stand for causes not modelled are kept. Where the base rates depend on
the number (`model.reasons.curves`), each value of it takes another solution of the pretest table
and another posterior. `docs/reasons/changes.md` has the formulas.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np

from model.batch import TOO_WIDE
from model.engine import Engine, net_of
from model.errors import TooWideError
from model.evidence import Evidence
from model.kernel import Case, Net
from model.parameters import Floats
from model.pretest import NoSolutionError
from model.reasoner import Reasoner
from model.reasons.curves import Curve, curves
from model.reasons.numbers import LINES, Number
from model.reasons.prospects import believed
from model.reasons.resolving import Solver, solver_of
from model.reasons.variants import STATES, STOPPED, Cancelled, Progress
from model.vocabulary import UNKNOWN

T = TypeVar("T")
U = TypeVar("U")

#: Step of a central difference, on the scale of the number.
STEP = 1e-4

#: Values at which the second point of a line is taken, the one farther from the first.
FAR = (0.05, 0.95)

#: Halvings with which the last value that has base rates is looked for.
NARROWING = 12

#: Why a number could not be varied, besides the words of `model.reasons.variants.STATES`.
NO_SOLUTION = "no_solution"

#: Kinds that `variations` gives unless others are asked for.
USUAL = (*LINES, "rate", "pretest")


@dataclass(frozen=True, slots=True)
class Joint:
    """P(C, e) and P(not C, e) of every condition (N,), up to one factor for all of a patient."""

    present: Floats
    absent: Floats

    @property
    def probability(self) -> Floats:
        """(N,) P(C | e)."""
        return self.present / (self.present + self.absent)

    @property
    def mass(self) -> float:
        """P(e), in the same unit."""
        return float((self.present + self.absent).max())

    def log_odds(self, condition: int) -> float:
        """Natural logarithm of the odds of one condition."""
        return math.log(self.present[condition]) - math.log(self.absent[condition])


@dataclass(frozen=True)
class Variation:
    """A number, and the joint probabilities for other values of it.

    Attributes:
        number: at its elicited value.
        x: what is varied, at present: the value itself.
        at: x -> joint probabilities (TooWideError past the limit, NoSolutionError where no base
            rates give the table).
        value: x -> the value of the number.
        line: whether the joint probabilities are linear in x, a probability.
        outer: the range of x; (0, 1) for a probability on a line, its ends left out.
    """

    number: Number
    x: float
    at: Callable[[float], Joint]
    value: Callable[[float], float]
    line: bool
    outer: tuple[float, float]

    @cached_property
    def ends(self) -> tuple[float, float]:
        """The range of x that a search keeps to, narrowed to where the table has base rates."""
        return self.outer if self.line else (self._last(self.outer[0]), self._last(self.outer[1]))

    def _last(self, end: float) -> float:
        """The value nearest to an end that has base rates."""

        def stands(x: float) -> bool:
            try:
                self.at(x)
            except NoSolutionError:
                return False
            return True

        if stands(end):
            return end
        inside, outside = self.step(self.x), self.step(end)
        for _ in range(NARROWING):
            middle = 0.5 * (inside + outside)
            if stands(self.back(middle)):
                inside = middle
            else:
                outside = middle
        return self.back(inside)

    def step(self, x: float) -> float:
        """Where x stands on the scale that a search takes its steps on."""
        return self.number.coordinate(x)

    def back(self, step: float) -> float:
        """The x of a place on that scale."""
        return self.number.at_coordinate(step)

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
        low, high = (self.at(self.back(self.step(self.x) + sign * STEP)) for sign in (-1.0, 1.0))
        return (high.log_odds(condition) - low.log_odds(condition)) / (2.0 * STEP)


@dataclass(frozen=True)
class Bench:
    """One patient before networks in which one number is changed."""

    reasoner: Reasoner
    case: Case
    order: int
    log_probability: float
    now: Joint
    solver: Solver

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
        solver = solver_of(reasoner.parameters)
        return cls(reasoner, case, now.order, now.log_probability, joint, solver)

    def joint(self, net: Net) -> Joint:
        """The joint probabilities in another network, in units of P(e) in the elicited one."""
        engine = self.reasoner.engine
        # the order of the elicited network
        engine = Engine(net, engine.orders[self.order][None, :], engine.groups[:0])
        found = engine.posterior(
            self.case, max_steps=self.reasoner.max_steps, max_bytes=self.reasoner.max_bytes
        )
        scale = math.exp(found.log_probability - self.log_probability)
        return Joint(scale * found.condition, scale * found.without)

    def curve(self, curve: Curve) -> Variation:
        """A number with the table solved again for each value of it."""
        number = curve.number
        kept: dict[float, Joint] = {}

        def at(value: float) -> Joint:
            if value not in kept:
                key = (number.kind, number.of, value)
                kept[value] = self.joint(net_of(self.solver.solved(key, curve.edit(value))))
            return kept[value]

        return Variation(number, number.value, at, float, False, curve.ends)


def each(
    work: Callable[[T], U],
    things: Sequence[T],
    number: Callable[[T], Number],
    progress: Progress | None,
    cancelled: Cancelled | None,
) -> tuple[tuple[U, ...], tuple[tuple[Number, str], ...]]:
    """Do something with each of several numbers on every core.

    Args:
        work: what is done.
        things: what it is done with.
        number: the number that a thing is about.
        progress: told (done, total) after each.
        cancelled: asked before each; those left then are skipped as "stopped".

    Returns:
        What was done, in order; and the numbers it could not be done with, each with why:
        "refused", "no_solution" or "stopped".
    """

    def tried(one: T) -> tuple[U, ...] | str:
        if cancelled is not None and cancelled():
            return STATES[STOPPED]
        try:
            return (work(one),)
        except TooWideError:
            return STATES[TOO_WIDE]
        except NoSolutionError:
            return NO_SOLUTION

    found: list[U] = []
    left: list[tuple[Number, str]] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, (one, told) in enumerate(zip(things, pool.map(tried, things), strict=True), 1):
            if isinstance(told, str):
                left.append((number(one), told))
            else:
                found.extend(told)
            if progress is not None:
                progress(done, len(things))
    return tuple(found), tuple(left)


def variations(
    bench: Bench,
    conditions: Sequence[int],
    *,
    others: Sequence[int] = (),
    kinds: Collection[str] = USUAL,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> tuple[tuple[Variation, ...], tuple[tuple[Number, str], ...]]:
    """Every number that takes part through some conditions, ready to be varied.

    Links, leaks and grades of findings known (or refined by one known), links of contexts to them,
    and what the base rates depend on (`model.reasons.curves.curves`). Average rows that stand in
    where none is stated are not elicited and not varied.

    Args:
        bench: the patient.
        conditions: places of the conditions.
        others: conditions of which only links and grades are varied, which is quick.
        kinds: those wanted, of `model.reasons.numbers.KINDS`.
        progress: told (done, total) lines.
        cancelled: asked before every line; those left then are skipped as "stopped".

    Returns:
        The variations; and the numbers that could not be varied, each with why.
    """

    def ready(line: tuple[Number, Callable[[float], Net]]) -> Variation:
        number, net_at = line
        far = max(FAR, key=lambda x: abs(x - number.value))
        at = _line(bench.now, number.value, bench.joint(net_at(far)), far)
        return Variation(number, number.value, at, float, True, (0.0, 1.0))

    others = [i for i in others if i not in conditions]
    lines = [one for one in _lines(bench, (*conditions, *others)) if one[0].kind in kinds]
    found, left = each(ready, lines, lambda line: line[0], progress, cancelled)
    reasoner = bench.reasoner
    curved = curves(reasoner.knowledge, reasoner.parameters, bench.case, conditions, kinds)
    return (*found, *(bench.curve(one) for one in curved)), left


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
        name, g, child = findings[f].id, int(net.graded[f]), bool(net.parent[f] >= 0)
        causes = [(i, knowledge.condition[i].id) for i in conditions]
        if g >= 0:
            grade = int(case.finding[f])
            for i, cause in causes:
                value = float(net.row[i, g, grade])
                if grade != UNKNOWN and stated[i, g] and 0.0 < value < 1.0:
                    share = findings[f].values[grade]
                    label = f"{labels[cause]}: {labels[name]}, {share.replace('_', ' ')}"
                    number = Number("grade", "graded.csv", (cause, name, share), label, "", value)
                    yield number, row(i, g, grade)
            continue
        for i, cause in causes:
            value = float(net.strength[i, f])
            if value > 0.0:
                label = f"{labels[cause]}: {labels[name]}"
                word = links[cause, name]
                number = Number("link", "links.csv", (cause, name), label, word, value, child)
                yield number, strength(i, f)
        for c, context in enumerate(knowledge.binary_contexts):
            value = float(net.strength[n + c, f])
            if value > 0.0 and case.context[c] != 0:
                both, label = (context.id, name), f"{context.label}: {labels[name]}"
                file, word = "context_findings.csv", brings[both]
                number = Number("context_finding", file, both, label, word, value, child)
                yield number, strength(n + c, f)
        for b, band in enumerate(knowledge.age_band):
            if case.band in (UNKNOWN, b):
                value = float(net.strength[n + k + 1 + b, f])
                label = f"no reason modelled: {labels[name]}, {band.label}"
                of, word = (name, band.id), leaks[name][band.id]
                number = Number("leak", "leaks.csv", of, label, word, value, child)
                yield number, strength(n + k + 1 + b, f)
