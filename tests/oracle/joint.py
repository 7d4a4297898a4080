"""The whole joint distribution of a small network as a table: any posterior is a sum of its rows.

Written from the definitions, without the engine: hidden causes are enumerated, and for each of them
every family's outcomes. Quicker than `tests.oracle.small.brute_force` where many posteriors are
wanted of one network, and checked against it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from model.engine import Engine
from model.evidence import Evidence
from model.kernel import Net
from model.knowledge import load
from model.reasoner import Reasoner
from model.screening import Screener
from model.vocabulary import UNKNOWN
from tests.oracle.small import _outcomes


@dataclass(frozen=True)
class Told:
    """Sums over the table for one body of evidence.

    Attributes:
        total: P(evidence, complaint), likelihoods of soft evidence scaled to a largest of 1.
        present: (N,) P(condition | evidence); group (M,); unexplained.
    """

    total: float
    present: np.ndarray
    group: np.ndarray
    unexplained: float


class Joint:
    """All states of one network; those that agree with a patient only, if one is given."""

    def __init__(
        self,
        net: Net,
        groups: np.ndarray,
        columns: dict[str, slice],
        patient: Evidence | None = None,
    ) -> None:
        self.net, self.groups, self.columns = net, groups, columns
        n, k, bands = net.rate.size, net.context_prior.size, net.age_prior.size
        rows = []
        lanes = product(range(bands), range(2), product((0, 1), repeat=k))
        for band, sex, x in lanes:
            if patient is not None:
                told = patient.codes[[columns["age"].start, columns["sex"].start]]
                known = np.array([*told, *patient.codes[columns["context"]]])
                if ((known != UNKNOWN) & (known != [band, sex, *x])).any():
                    continue
            prior = net.age_prior[band] * net.sex_prior[sex]
            for place in range(k):
                p = net.context_prior[place]
                if net.implied[place] >= 0 and not x[net.implied[place]]:
                    p = 0.0
                prior *= p if x[place] else 1 - p
            if prior == 0.0:
                continue
            load = 1.0 + np.array(x) @ net.excess
            for c in product((0, 1), repeat=n):
                off = -net.rate * net.multiplier[band, sex] * load
                off += np.log1p(-net.cause * np.array(c)[:, None]).sum(axis=0)
                weight = prior * np.prod(np.where(c, -np.expm1(off), np.exp(off)))
                for u in (0, 1):
                    if u or any(c):
                        share = net.unnamed_prior if u else 1 - net.unnamed_prior
                        rows.append((band, sex, x, c, u, weight * share))
        self.band, self.sex = (np.array([row[at] for row in rows]) for at in (0, 1))
        self.context, self.condition = (np.array([row[at] for row in rows]) for at in (2, 3))
        self.prior = np.array([row[5] for row in rows])
        active = [
            tuple(i for i in range(n) if c[i])
            + tuple(n + i for i in range(k) if x[i])
            + ((n + k,) if u else ())
            + (n + k + 1 + band,)
            for band, _, x, c, u, _ in rows
        ]
        self.families = [
            self._family([int(f) for f in net.family_nodes[start:stop]], active)
            for start, stop in zip(net.family_start[:-1], net.family_start[1:], strict=True)
        ]

    def _family(self, nodes, active):
        """The outcomes of a family and their probability in every state."""
        shown = [_outcomes(self.net, c, nodes) for c in range(self.net.strength.shape[0])]
        cache: dict[tuple[int, ...], dict[tuple[int, ...], float]] = {}
        for causes in active:
            if causes in cache:
                continue
            state = {tuple(0 for _ in nodes): 1.0}
            for cause in causes:
                fresh: dict[tuple[int, ...], float] = {}
                for have, weight in state.items():
                    for add, share in shown[cause].items():
                        key = tuple(max(a, b) for a, b in zip(have, add, strict=True))
                        fresh[key] = fresh.get(key, 0.0) + weight * share
                state = fresh
            cache[causes] = state
        keys = sorted({key for state in cache.values() for key in state})
        rows = {causes: [state.get(key, 0.0) for key in keys] for causes, state in cache.items()}
        return nodes, np.array(keys), np.array([rows[causes] for causes in active])

    def told(self, evidence: Evidence) -> Told:
        """The posterior given codes as they stand, nothing filled in; all likelihoods count."""
        codes = evidence.codes
        soft = {column: np.array(values) / max(values) for column, values in evidence.soft}
        weight = self.prior.copy()
        for name, states in (
            *zip(("age", "sex"), (self.band[:, None], self.sex[:, None]), strict=True),
            ("context", self.context),
            ("condition", self.condition),
        ):
            for column, state in zip(range(10**6)[self.columns[name]], states.T, strict=False):
                if codes[column] != UNKNOWN:
                    weight = weight * (state == codes[column])
                if column in soft:
                    weight = weight * soft[column][state]
        for nodes, keys, chances in self.families:
            share = np.ones(len(keys))
            for at, node in enumerate(nodes):
                if codes[node] != UNKNOWN:
                    share = share * (keys[:, at] == codes[node])
                if node in soft:
                    share = share * soft[node][keys[:, at]]
            weight = weight * (chances @ share)
        total = weight.sum()
        with np.errstate(invalid="ignore"):
            present = weight @ self.condition / total
            group = weight @ (self.condition @ self.groups.T.astype(int) > 0) / total
            return Told(total, present, group, weight @ ~self.condition.any(axis=1) / total)


def joint_of(reasoner: Reasoner) -> Joint:
    """The table of a reasoner's network."""
    columns = {
        kind: reasoner.vocabulary.columns(kind) for kind in ("age", "sex", "context", "condition")
    }
    return Joint(reasoner.engine.net, reasoner.engine.groups, columns)


def with_net(reasoner: Reasoner, net: Net) -> Reasoner:
    """The same knowledge base with other numbers."""
    engine = reasoner.engine
    return replace(reasoner, engine=Engine(net, engine.orders, engine.groups))


def shaken(reasoner: Reasoner, seed: int) -> Reasoner:
    """The same network with every number drawn at random (what is 0 stays 0)."""
    rng, net = np.random.default_rng(seed), reasoner.engine.net
    strength = np.where(net.strength > 0.0, rng.uniform(0.02, 0.95, net.strength.shape), 0.0)
    leak = net.rate.size + net.context_prior.size + 1
    strength[leak:] = np.where(
        net.strength[leak:] > 0.0, rng.uniform(0.005, 0.3, net.strength[leak:].shape), 0.0
    )
    row = net.row.copy()
    contexts = slice(net.rate.size, net.rate.size + net.context_prior.size)
    for g in range(row.shape[1]):
        grades = int(net.grades[net.graded == g][0])
        row[:, g, :grades] = rng.dirichlet(np.ones(grades), len(row))
    row[contexts] = net.row[contexts]
    return with_net(
        reasoner,
        net._replace(
            strength=strength,
            row=row,
            excess=np.where(net.excess > 0.0, rng.uniform(0.5, 30.0, net.excess.shape), 0.0),
            rate=rng.uniform(0.02, 0.5, net.rate.shape),
            context_prior=rng.uniform(0.05, 0.6, net.context_prior.shape),
            unnamed_prior=float(rng.uniform(0.05, 0.4)),
        ),
    )


def ruled(reasoner: Reasoner, when: str = "back_pain and onset = sudden") -> Reasoner:
    """The same with one red-flag rule."""
    rule = load().rule[0].model_copy(update={"id": "a_rule", "when": when, "covers": ()})
    knowledge = replace(reasoner.knowledge, rule=(rule,))
    screener = Screener(knowledge, reasoner.vocabulary)
    return replace(reasoner, knowledge=knowledge, screener=screener)
