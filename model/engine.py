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
from model.kernel import Case, Graph, Library, Net
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
            what is known of age, sex and contexts (one denied that implies an unknown one counts);
            `alone` gives the same for what is given, so that their difference has a meaning.
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

    def posterior(
        self,
        case: Case,
        *,
        groups: NDArray[np.bool_] | None = None,
        contexts: bool = False,
        max_steps: float = MAX_STEPS,
        max_bytes: float = MAX_BYTES,
        order: int | None = None,
    ) -> Posterior:
        """Every posterior for one case.

        Args:
            case: codes as in `model.kernel.Case`, free of contradictions.
            groups: (M, N) other groups than the engine's own.
            contexts: also the posteriors of unknown contexts (a wider pass).
            max_steps: the limit on multiply-adds; what is needed is known before the run.
            max_bytes: the limit on memory, likewise.
            order: force one stored order (tests); the cheapest otherwise.

        Raises:
            TooWideError: naming the steps and bytes needed when they exceed the limit.
        """
        net, graph = self.net, self.graph
        parts = kernel.decompose(net, graph, case, not contexts)
        if parts.too_wide:
            raise TooWideError(
                f"one family of findings needs more than {kernel.MAX_FAMILY_BITS} bits",
                steps=math.inf,
                bytes_needed=math.inf,
            )
        library = self.library
        if order is not None:
            library = Library(*(field[order : order + 1] for field in library))
        chosen, steps, room, width = kernel.choose(net, graph, parts, library)
        lanes_run = 1 if case.band >= 0 else len(net.age_prior)
        steps *= lanes_run * (1 if case.sex >= 0 else 2)
        members = self.groups if groups is None else groups
        if steps > max_steps or room > max_bytes:
            raise TooWideError(
                f"the evidence needs {steps:.2g} steps and {room / 1e6:.0f} MB in the best order; "
                f"the limit is {max_steps:.2g} steps and {max_bytes / 1e6:.0f} MB",
                steps=steps,
                bytes_needed=room,
            )
        program, where = kernel.program(
            net, graph, parts, library.order[chosen], library.place[chosen]
        )
        power, total, unexplained, lanes, present, absent, group, context = kernel.run(
            net, graph, case, parts, program, where, members, True, contexts
        )
        if not total > 0:
            raise AssertionError("valid evidence has positive probability")
        shown = np.full(self.net.context_prior.size, math.nan)
        if contexts:
            shown = np.where(case.context >= 0, case.context, context / total)
        both = present + absent
        return Posterior(
            condition=present / both,
            without=absent / both,
            group=group / total,
            context=shown,
            age=lanes.sum(axis=1) / total,
            sex=lanes.sum(axis=0) / total,
            unexplained=unexplained / total,
            log_probability=math.log(total) + power * math.log(2.0),
            steps=steps,
            bytes_needed=room,
            width=int(width),
            order=int(chosen) if order is None else order,
        )

    def log_probability(self, case: Case) -> float:
        """Natural logarithm of P(evidence, complaint), forward pass only."""
        net, graph, library = self.net, self.graph, self.library
        parts = kernel.decompose(net, graph, case, True)
        chosen, _, _, _ = kernel.choose(net, graph, parts, library)
        program, where = kernel.program(
            net, graph, parts, library.order[chosen], library.place[chosen]
        )
        result = kernel.run(net, graph, case, parts, program, where, self.groups[:0], False, False)
        answer: float = math.log(result[1]) + result[0] * math.log(2.0)
        return answer

    def alone(self, case: Case) -> tuple[float, float]:
        """(log P(complaint | given), sum over items of log P(item | complaint, given)).

        Given are age, sex and the contexts as far as known; items are findings and conditions.
        """
        base, total = kernel.items_alone(self.net, self.graph, case, self.library)
        return float(base), float(total)
