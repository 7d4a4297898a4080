"""Exact posteriors for one parameter set: an immutable value, safe to share between threads.

    engine = Engine(net_of(solved(parameters)), orders, groups)
    posterior = engine.posterior(case)

The order of conditions is a pure function of the evidence (the cheapest of a stored library), so
the same evidence gives the same bytes whoever asks, however often.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from model import kernel
from model.errors import TooWideError
from model.kernel import Answers, Asked, Case, Cases, Graph, Library, Net
from model.parameters import Floats, Parameters

#: Most multiply-adds and bytes one posterior may need; past either it is refused.
MAX_STEPS = 2e10
MAX_BYTES = 3e9


@dataclass(frozen=True)
class Posterior:
    """Exact probabilities given the evidence and the complaint.

    Attributes:
        condition: (N,) P(condition | evidence); 1 or 0 only where the evidence says so itself.
        without: (N,) its complement, computed beside it (not as a difference).
        group: (M,) P(any member | evidence) for each group asked for.
        context: (K,) P(context | evidence); NaN unless contexts were asked for.
        age: (B,), sex (2,): P(age band), P(sex | evidence).
        unexplained: P(none of the conditions | evidence).
        log_probability: natural logarithm of P(evidence, complaint), up to the prior probability of
            what is known of age, sex and contexts (one denied that implies an unknown one counts).
        log_given: the same for P(complaint), so that their difference has a meaning; log_alone: the
            sum over known findings and conditions of log P(item | complaint, age, sex, contexts).
            NaN unless the fit was asked for.
        steps, bytes_needed, width: what the chosen order took; order: which one it was.
    """

    condition: Floats
    without: Floats
    group: Floats
    context: Floats
    age: Floats
    sex: Floats
    unexplained: float
    log_probability: float
    log_given: float
    log_alone: float
    steps: float
    bytes_needed: float
    width: int
    order: int


def net_of(parameters: Parameters) -> Net:
    """Lay a solved parameter set out for the kernel."""
    structure = parameters.structure
    n, f = parameters.link.shape
    k = len(parameters.prevalence)
    bands, graded = parameters.leak.shape[0], parameters.row.shape[1]
    strength = np.vstack(
        [parameters.link, parameters.context_finding, parameters.unnamed[None], parameters.leak]
    )
    row = np.zeros((n + k + 1 + bands, graded, parameters.row.shape[2]))
    row[:n] = parameters.row
    row[n : n + k, :, 0] = 1.0
    row[n + k] = parameters.unnamed_row
    row[n + k + 1 :] = parameters.leak_row
    roots = [place for place in range(f) if structure.parent[place] < 0]
    nodes: list[int] = []
    start = [0]
    for root in roots:
        nodes.extend(int(p) for p in structure.by_depth if structure.root[p] == root)
        start.append(len(nodes))
    return Net(
        parent=structure.parent,
        grades=structure.grades,
        graded=structure.graded,
        reach=structure.reach,
        family_start=np.array(start, np.int64),
        family_nodes=np.array(nodes, np.int64),
        strength=np.ascontiguousarray(strength),
        row=row,
        multiplier=parameters.multiplier,
        excess=parameters.excess,
        cause=parameters.cause,
        rate=parameters.rate,
        implied=structure.implied,
        context_prior=parameters.context_prior,
        age_prior=parameters.age_prior,
        sex_prior=parameters.sex_prior,
        unnamed_prior=float(parameters.unnamed_prior),
    )


def blank_case(net: Net) -> Case:
    """A case about which nothing is known but the complaint."""
    findings, conditions, contexts = net.parent.size, net.rate.size, net.context_prior.size
    return Case(
        finding=np.full(findings, -1, np.int8),
        is_soft=np.zeros(findings, np.int8),
        soft_finding=np.ones((findings, net.row.shape[2])),
        context=np.full(contexts, -1, np.int8),
        soft_context=np.ones((contexts, 2)),
        condition=np.full(conditions, -1, np.int8),
        soft_condition=np.ones((conditions, 2)),
        band=-1,
        sex=-1,
    )


@dataclass(frozen=True)
class Engine:
    """One parameter set, ready to answer.

    Attributes:
        net: the numbers.
        orders: (O, V) the library of elimination orders: conditions, then contexts (N + k); an
            order of the conditions alone is completed.
        groups: (M, N) membership of the groups whose posterior every answer gives.
    """

    net: Net
    orders: NDArray[np.int64]
    groups: NDArray[np.bool_]

    @cached_property
    def graph(self) -> Graph:
        """Who has to do with whom."""
        return kernel.graph_of(self.net)

    @cached_property
    def library(self) -> Library:
        """The orders, extended to contexts, with what planning needs to know of each."""
        return kernel.library_of(self.net, self.orders, self.groups)

    def answers(
        self,
        cases: Cases,
        *,
        groups: NDArray[np.bool_] | None = None,
        marginals: bool = True,
        contexts: bool = False,
        fit: bool = False,
        max_steps: float = MAX_STEPS,
        max_bytes: float = MAX_BYTES,
        order: int | None = None,
    ) -> Answers:
        """Every posterior of every row, in one call without Python in it.

        Args:
            cases: codes as in `model.kernel.Cases`, free of contradictions.
            groups: (M, N) other groups than the engine's own.
            marginals: posteriors, not only P(evidence).
            contexts: also the posteriors of unknown contexts (a wider pass).
            fit: also what is needed for the fit (see `model.kernel.alone`).
            max_steps: the limit on multiply-adds; what is needed is known before the run.
            max_bytes: the limit on memory, likewise.
            order: force one stored order (tests); the cheapest otherwise.
        """
        net = self.net
        members = self.groups if groups is None else groups
        out = blank_answers(net, len(cases.finding), len(members))
        asked = asked_of(
            marginals=marginals, contexts=contexts, fit=fit, max_steps=max_steps,
            max_bytes=max_bytes, order=order,
        )  # fmt: skip
        kernel.answer(net, self.graph, self.library, members, cases, asked, out)
        return out

    def posterior(
        self,
        case: Case,
        *,
        groups: NDArray[np.bool_] | None = None,
        contexts: bool = False,
        fit: bool = False,
        max_steps: float = MAX_STEPS,
        max_bytes: float = MAX_BYTES,
        order: int | None = None,
    ) -> Posterior:
        """Every posterior for one case (arguments as for `answers`).

        Raises:
            TooWideError: naming the steps and bytes needed when they exceed the limit.
        """
        out = self.answers(
            single(case), groups=groups, contexts=contexts, fit=fit, max_steps=max_steps,
            max_bytes=max_bytes, order=order,
        )  # fmt: skip
        steps, room = float(out.steps[0]), float(out.bytes[0])
        if out.state[0] == kernel.TOO_WIDE:
            if math.isinf(room):
                message = f"one family of findings needs over {kernel.MAX_FAMILY_BITS} bits"
                raise TooWideError(message, steps=steps, bytes_needed=room)
            raise TooWideError(
                f"the evidence needs {steps:.2g} steps and {room / 1e6:.0f} MB in the best order; "
                f"the limit is {max_steps:.2g} steps and {max_bytes / 1e6:.0f} MB",
                steps=steps,
                bytes_needed=room,
            )
        if out.state[0] != kernel.DONE:
            raise AssertionError("valid evidence has positive probability")
        return Posterior(
            condition=out.present[0],
            without=out.absent[0],
            group=out.group[0],
            context=out.context[0],
            age=out.age[0],
            sex=out.sex[0],
            unexplained=float(out.unexplained[0]),
            log_probability=float(out.log_probability[0]),
            log_given=float(out.log_given[0]),
            log_alone=float(out.log_alone[0]),
            steps=steps,
            bytes_needed=room,
            width=int(out.width[0]),
            order=int(out.order[0]),
        )

    def log_probability(self, case: Case) -> float:
        """Natural logarithm of P(evidence, complaint), forward pass only."""
        return float(self.answers(single(case), marginals=False).log_probability[0])


def asked_of(
    *,
    marginals: bool = True,
    contexts: bool = False,
    fit: bool = False,
    max_steps: float = MAX_STEPS,
    max_bytes: float = MAX_BYTES,
    order: int | None = None,
) -> Asked:
    """What is asked, with the usual limits (arguments as for `Engine.answers`)."""
    return Asked(
        marginals, contexts, fit, -1 if order is None else order, float(max_steps), float(max_bytes)
    )


def single(case: Case) -> Cases:
    """One case as a table of one row."""
    return Cases(
        finding=case.finding[None],
        context=case.context[None],
        condition=case.condition[None],
        band=np.array([case.band], np.int64),
        sex=np.array([case.sex], np.int64),
        is_soft=case.is_soft,
        soft_finding=case.soft_finding,
        soft_context=case.soft_context,
        soft_condition=case.soft_condition,
    )


def blank_answers(net: Net, rows: int, groups: int) -> Answers:
    """Room for the answers of some rows, NaN until they are there."""

    def numbers(*shape: int) -> Floats:
        return np.full((rows, *shape), math.nan)

    n = net.rate.size
    return Answers(
        state=np.full(rows, kernel.FAILED, np.int64),
        present=numbers(n),
        absent=numbers(n),
        group=numbers(groups),
        context=numbers(net.context_prior.size),
        age=numbers(net.age_prior.size),
        sex=numbers(2),
        unexplained=numbers(),
        log_probability=numbers(),
        log_given=numbers(),
        log_alone=numbers(),
        steps=numbers(),
        bytes=numbers(),
        width=np.zeros(rows, np.int64),
        order=np.zeros(rows, np.int64),
    )
