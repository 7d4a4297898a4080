"""Quickscore in NumPy: every subset of the present findings at once, with signs.

Heckerman's algorithm (1989) for two layers, stretched as far as it goes for this network. With age
and sex known, and for one setting of the contexts, conditions are independent but for the few that
bring about others, and that no finding of a subset is shown is a product over causes. So one vector
with an entry for each subset is multiplied up, cause by cause, and summed with alternating signs.

What is stretched: families of findings and grades are events like others (`exclusion.py`);
conditions that bring about others are enumerated together; unknown contexts are enumerated, each
group of contexts and conditions that hang together by itself. What it cannot do: more than
`MOST_EVENTS` present findings, or groups of more than `MOST_CONTEXTS` unknown contexts, for time
and memory double with each; soft findings, known conditions, unknown age or sex, which would need
more enumeration. And its terms cancel: the more findings, the fewer digits are left.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from evaluation.benchmarks.exclusion import exclusions, silent_families
from model.kernel import Case, Net
from model.parameters import Floats, causes_first

Bools = NDArray[np.bool_]

MOST_EVENTS = 20
MOST_CONTEXTS = 18

#: Numbers in one array over settings of contexts and subsets of findings.
MOST_ENTRIES = 2**19


class Quickscore:
    """One case; what it needs of memory grows with 2 to the number of present findings."""

    def __init__(self, net: Net, case: Case) -> None:
        if case.band < 0 or case.sex < 0 or (case.condition >= 0).any():
            raise ValueError("Quickscore needs age and sex, and no condition known")
        self.net, self.case = net, case
        finding, self.weight = silent_families(net, case)
        self.families = exclusions(net, case._replace(finding=finding))
        events = sum(len(family.events) for family in self.families)
        self.pieces = self._pieces()
        widest = max(len(contexts) for contexts, _ in self.pieces)
        if events > MOST_EVENTS or widest > MOST_CONTEXTS:
            raise ValueError(
                f"Quickscore would need 2^{events} subsets and 2^{widest} settings of contexts"
            )
        self.one = np.ones(2**events)
        self.sign = reduce(np.multiply.outer, [np.array([1.0, -1.0])] * events, np.ones(())).ravel()

    def _pieces(self) -> list[tuple[list[int], list[int]]]:
        """Groups of unknown contexts and conditions between which nothing passes."""
        net = self.net
        conditions = net.rate.size
        unknown = [int(k) for k in np.flatnonzero(self.case.context < 0)]
        group = {v: v for v in [*range(conditions), *(conditions + k for k in unknown)]}
        edges = [(int(i), int(j)) for i, j in zip(*np.nonzero(net.cause), strict=True)]
        for k in unknown:
            edges += [(conditions + k, int(i)) for i in np.flatnonzero(net.excess[k])]
            if conditions + int(net.implied[k]) in group and net.implied[k] >= 0:
                edges.append((conditions + k, conditions + int(net.implied[k])))
        for one, other in edges:
            old, new = group[one], group[other]
            group = {v: new if owner == old else owner for v, owner in group.items()}
        return [
            (
                [v - conditions for v in group if v >= conditions and group[v] == owner],
                [v for v in group if v < conditions and group[v] == owner],
            )
            for owner in dict.fromkeys(group.values())
        ]

    def _silence(self, cause: int) -> Floats:
        """(subsets,) probability that a present cause shows nothing of the subset."""
        tables = [family.silence[cause] for family in self.families]
        shown = reduce(np.multiply.outer, tables, np.ones(()))
        return np.asarray(self.weight[cause] * shown).ravel()

    def _prior(self, contexts: Sequence[int], settings: Bools) -> Floats:
        """(settings,) their probability, and that of what is denied though it would imply them."""
        net = self.net
        here = dict(zip(contexts, settings.T, strict=True))
        share: Floats = np.ones(len(settings))
        for k in range(net.implied.size):
            above = int(net.implied[k])
            if k not in here and (above not in here or self.case.context[k] != 0):
                continue
            chance = net.context_prior[k] * here.get(above, 1.0)
            share = share * np.where(here.get(k, False), chance, 1.0 - chance)
        return share

    def _linked(
        self, members: Sequence[int], load: Floats, quiet: dict[int, Floats]
    ) -> list[Floats]:
        """Sums over conditions that bring about one another: all, none, and each one present."""
        shape = (len(load), self.sign.size)
        total, nothing = np.zeros(shape), np.zeros((len(load), 1))
        present = [np.zeros(shape) for _ in members]
        for states in itertools.product((0, 1), repeat=len(members)):
            here = [i for i, state in zip(members, states, strict=True) if state]
            share: Floats = np.ones(len(load))
            for i, state in zip(members, states, strict=True):
                absent = np.exp(-load[:, i]) * np.prod(1.0 - self.net.cause[here, i])
                share = share * (1.0 - absent if state else absent)
            term = np.multiply.outer(share, reduce(np.multiply, [quiet[i] for i in here], self.one))
            total += term
            for place, state in enumerate(states):
                if state:
                    present[place] += term
            if not here:
                nothing[:, 0] = share
        return [total, nothing, *present]

    def _piece(self, contexts: list[int], conditions: list[int]) -> list[Floats]:
        """(subsets,) the same for a group of contexts and conditions, summed over the contexts."""
        net, case = self.net, self.case
        quiet = {i: self._silence(i) for i in conditions}
        lit = [self._silence(net.rate.size + k) for k in contexts]
        groups = _groups(net, conditions)
        place = {i: at for at, i in enumerate(conditions)}
        found = [np.zeros(self.sign.size) for _ in range(2 + len(conditions))]
        every = np.array(list(itertools.product((False, True), repeat=len(contexts))), bool)
        chunk = max(1, MOST_ENTRIES // self.sign.size)
        for first in range(0, len(every), chunk):
            settings = every[first : first + chunk]
            share = self._prior(contexts, settings)
            settings, share = settings[share > 0], share[share > 0]
            load = 1.0 + net.excess[case.context == 1].sum(axis=0) + settings @ net.excess[contexts]
            load = load * net.rate * net.multiplier[case.band, case.sex]
            common = np.multiply.outer(share, self.one)
            for shown, shows in zip(settings.T, lit, strict=True):
                common[shown] *= shows
            sums = [self._linked(group, load, quiet) for group in groups]
            total = reduce(np.multiply, [one[0] for one in sums], common)
            found[0] += total.sum(axis=0)
            found[1] += reduce(np.multiply, [one[1] for one in sums], common).sum(axis=0)
            for group, one in zip(groups, sums, strict=True):
                part = total / one[0]
                for i, values in zip(group, one[2:], strict=True):
                    found[2 + place[i]] += (part * values).sum(axis=0)
        return found

    def answer(self) -> tuple[Floats, float]:
        """(N,) P(condition | evidence), and ln P(evidence, complaint)."""
        net, case = self.net, self.case
        conditions, contexts = net.rate.size, net.context_prior.size
        always = [conditions + contexts + 1 + case.band]
        always += [conditions + int(k) for k in np.flatnonzero(case.context == 1)]
        base = reduce(np.multiply, [self._silence(c) for c in always], self.sign)
        u = net.unnamed_prior
        unnamed = 1.0 - u + u * self._silence(conditions + contexts)
        sums = [self._piece(*piece) for piece in self.pieces]
        everything = reduce(np.multiply, [one[0] for one in sums], base * unnamed)
        nothing = reduce(np.multiply, [one[1] for one in sums], base * (1.0 - u))
        evidence = math.fsum(everything) - math.fsum(nothing)
        present = np.empty(conditions)
        for (_, members), one in zip(self.pieces, sums, strict=True):
            for i, values in zip(members, one[2:], strict=True):
                present[i] = math.fsum(everything / one[0] * values) / evidence
        return present, math.log(evidence) if evidence > 0 else math.nan


def _groups(net: Net, conditions: Sequence[int]) -> list[list[int]]:
    """Conditions that bring about one another, together; causes first."""
    order = [int(i) for i in causes_first(net.cause) if i in conditions]
    groups: list[list[int]] = []
    for i in order:
        mine = [g for g in groups if any(net.cause[j, i] > 0 or net.cause[i, j] > 0 for j in g)]
        groups = [g for g in groups if g not in mine] + [[*itertools.chain(*mine), i]]
    return groups
