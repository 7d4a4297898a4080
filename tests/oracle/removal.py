"""Patients whose only cause has been taken out of the model: does it notice?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.engine import Engine, blank_case
from model.kernel import Net
from tests.oracle.sampling import only_cause
from tests.oracle.shipped import Shipped
from tests.oracle.small import consistent


@dataclass(frozen=True)
class Removal:
    """Means over the patients of one condition.

    Attributes:
        condition: the condition taken out.
        before: P(unexplained) from age, sex and contexts alone, in the reduced network.
        after: the same with the findings.
        full: P(unexplained) with the findings, in the full network.
        found: P(condition) with the findings, in the full network.
    """

    condition: str
    before: float
    after: float
    full: float
    found: float


def without(net: Net, i: int) -> Net:
    """The network in which condition i never occurs."""
    rate, cause = net.rate.copy(), net.cause.copy()
    rate[i] = 0.0
    cause[:, i] = 0.0
    return net._replace(rate=rate, cause=cause)


def remove(ours: Shipped, i: int, *, patients: int, items: int) -> Removal:
    """Sample patients with condition i alone and assess them with and without it.

    Age, sex and contexts are known, and of the bedside findings the graded ones and `items` others,
    chosen without looking at their values.
    """
    net = ours.net
    rng = np.random.default_rng([2024, i])
    people = only_cause(net, i, patients, rng)
    bedside = np.array([row.step in ("history", "examination") for row in ours.knowledge.finding])
    graded = np.flatnonzero(bedside & (net.graded >= 0))
    binary = np.flatnonzero(bedside & (net.graded < 0))
    reduced = Engine(without(net, i), ours.engine.orders, ours.groups[:0])
    rows = []
    for n in range(patients):
        seen = np.concatenate([graded, rng.choice(binary, items, replace=False)])
        codes = np.full(net.parent.size, -1)
        codes[seen] = people.finding[n, seen]
        blank = blank_case(net)._replace(
            context=people.context[n].astype(np.int8),
            band=int(people.band[n]),
            sex=int(people.sex[n]),
        )
        case = blank._replace(finding=np.array(consistent(net, list(codes)), np.int8))
        full = ours.engine.posterior(case, groups=ours.groups[:0])
        rows.append(
            (
                reduced.posterior(blank).unexplained,
                reduced.posterior(case).unexplained,
                full.unexplained,
                full.condition[i],
            )
        )
    return Removal(ours.names.condition[i], *(float(mean) for mean in np.mean(rows, axis=0)))


def removals(ours: Shipped, *, patients: int = 40, items: int = 20) -> list[Removal]:
    """Every condition taken out in turn."""
    return [remove(ours, i, patients=patients, items=items) for i in range(ours.net.rate.size)]
