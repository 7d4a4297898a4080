"""Patients drawn forward through the network, written straight from its definition.

Nothing is shared with the engine or with the reference network: age, sex and contexts are drawn
first, then conditions, causes before what they cause, then what each cause present shows of each
family of findings; a finding takes the highest value any cause shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.kernel import Net
from model.parameters import Floats, Ints

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Patients:
    """Drawn values, one row per patient.

    Attributes:
        band, sex: (P,) codes.
        context: (P, K), condition: (P, N), unnamed: (P,) whether present.
        finding: (P, F) codes, 0 for absent or the lowest grade.
    """

    band: Ints
    sex: Ints
    context: Bools
    condition: Bools
    unnamed: Bools
    finding: NDArray[np.int8]


def backgrounds(net: Net, count: int, rng: np.random.Generator) -> tuple[Ints, Ints, Bools]:
    """Age bands, sexes and contexts of the population (with the complaint or not)."""
    band = rng.choice(net.age_prior.size, count, p=net.age_prior)
    sex = rng.choice(2, count, p=net.sex_prior)
    contexts = net.context_prior.size
    context = rng.random((count, contexts)) < net.context_prior
    # drawn as if what they imply were present: take those away that lack it
    for _ in range(contexts):
        for k in np.flatnonzero(net.implied >= 0):
            context[:, k] &= context[:, net.implied[k]]
    return band, sex, context


def absence(net: Net, i: int, band: Ints, sex: Ints, context: Bools, condition: Bools) -> Floats:
    """P(condition i absent | age, sex, contexts, other conditions), for each patient."""
    relative = np.ones(len(band))
    for k in np.flatnonzero(net.excess[:, i]):
        relative += net.excess[k, i] * context[:, k]
    chance = np.exp(-net.rate[i] * net.multiplier[band, sex, i] * relative)
    for j in np.flatnonzero(net.cause[:, i]):
        chance = np.where(condition[:, j], chance * (1.0 - net.cause[j, i]), chance)
    return chance


def conditions(
    net: Net,
    order: Sequence[int] | Ints,
    band: Ints,
    sex: Ints,
    context: Bools,
    rng: np.random.Generator,
) -> tuple[Bools, Bools]:
    """Conditions (causes first in `order`) and the unnamed cause."""
    condition = np.zeros((len(band), net.rate.size), bool)
    for i in order:
        chance = absence(net, int(i), band, sex, context, condition)
        condition[:, i] = rng.random(len(band)) >= chance
    return condition, rng.random(len(band)) < net.unnamed_prior


def findings(
    net: Net,
    band: Ints,
    context: Bools,
    condition: Bools,
    unnamed: Bools,
    rng: np.random.Generator,
) -> NDArray[np.int8]:
    """What the causes present show, families and all."""
    count = len(band)
    shown = np.zeros((count, net.parent.size), np.int8)
    present: list[tuple[int, Any]] = []
    present += [(i, np.flatnonzero(condition[:, i])) for i in range(net.rate.size)]
    first = net.rate.size
    present += [(first + k, np.flatnonzero(context[:, k])) for k in range(context.shape[1])]
    first += context.shape[1]
    present.append((first, np.flatnonzero(unnamed)))
    present += [(first + 1 + b, np.flatnonzero(band == b)) for b in range(net.age_prior.size)]
    for cause, who in present:
        for start, stop in zip(net.family_start[:-1], net.family_start[1:], strict=True):
            own: dict[int, NDArray[np.int8]] = {}
            for f in net.family_nodes[start:stop]:
                up = int(net.parent[f])
                if net.graded[f] >= 0:
                    steps = np.cumsum(net.row[cause, net.graded[f], : net.grades[f] - 1])
                    own[f] = np.searchsorted(steps, rng.random(len(who)), side="right")
                elif net.strength[cause, f] > 0.0 and (up < 0 or up in own):
                    may = np.ones(len(who), bool)
                    if up >= 0 and net.graded[up] >= 0:
                        may = (int(net.reach[f]) >> own[up].astype(np.int64)) & 1 == 1
                    elif up >= 0:
                        may = own[up] == 1
                    own[f] = (may & (rng.random(len(who)) < net.strength[cause, f])).astype(np.int8)
                else:
                    continue
                shown[who, f] = np.maximum(shown[who, f], own[f])
    return shown


def people(net: Net, order: Sequence[int] | Ints, count: int, rng: np.random.Generator) -> Patients:
    """`count` people with the complaint: the population, less those without any cause."""
    parts: list[Patients] = []
    found = 0
    while found < count:
        band, sex, context = backgrounds(net, 500_000, rng)
        condition, unnamed = conditions(net, order, band, sex, context, rng)
        ill = np.flatnonzero(condition.any(axis=1) | unnamed)[: count - found]
        band, sex, context = band[ill], sex[ill], context[ill]
        condition, unnamed = condition[ill], unnamed[ill]
        shown = findings(net, band, context, condition, unnamed, rng)
        parts.append(Patients(band, sex, context, condition, unnamed, shown))
        found += len(ill)
    return Patients(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("band", "sex", "context", "condition", "unnamed", "finding")
        )
    )


def only_cause(
    net: Net, i: int, count: int, rng: np.random.Generator, *, pool: int = 20_000
) -> Patients:
    """People whose only cause is condition i.

    Backgrounds are drawn from the population and kept in proportion to P(only i | them).
    """
    band, sex, context = backgrounds(net, pool, rng)
    condition = np.zeros((pool, net.rate.size), bool)
    weight = 1.0 - absence(net, i, band, sex, context, condition)
    condition[:, i] = True
    for j in range(net.rate.size):
        if j != i:
            weight *= absence(net, j, band, sex, context, condition)
    kept = rng.choice(pool, count, p=weight / weight.sum())
    band, sex, context, condition = band[kept], sex[kept], context[kept], condition[kept]
    unnamed = np.zeros(count, bool)
    shown = findings(net, band, context, condition, unnamed, rng)
    return Patients(band, sex, context, condition, unnamed, shown)
