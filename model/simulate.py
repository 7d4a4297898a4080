"""Sample patients from a network: contexts, conditions and every finding, given the complaint."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.kernel import Net
from model.parameters import causes_first

Codes = NDArray[np.int8]


class Patients(NamedTuple):
    """Complete patients: nothing unknown, one row each."""

    finding: Codes
    context: Codes
    condition: Codes
    band: NDArray[np.int64]
    sex: NDArray[np.int64]
    unnamed: NDArray[np.bool_]


def _draw(net: Net, count: int, rng: np.random.Generator) -> Patients:
    """Sample people regardless of the complaint."""
    conditions, contexts, findings = net.rate.size, net.context_prior.size, net.parent.size
    band = rng.choice(net.age_prior.size, size=count, p=net.age_prior)
    sex = rng.choice(2, size=count, p=net.sex_prior)
    x = np.zeros((count, contexts), bool)
    for k in sorted(range(contexts), key=lambda k: net.implied[k] >= 0):
        x[:, k] = rng.random(count) < net.context_prior[k]
        if net.implied[k] >= 0:
            x[:, k] &= x[:, net.implied[k]]
    c = np.zeros((count, conditions), bool)
    load = 1.0 + x @ net.excess
    for i in causes_first(net.cause):
        absent = np.exp(-net.rate[i] * net.multiplier[band, sex, i] * load[:, i])
        for j in np.flatnonzero(net.cause[:, i] > 0):
            absent *= np.where(c[:, j], 1.0 - net.cause[j, i], 1.0)
        c[:, i] = rng.random(count) >= absent
    unnamed = rng.random(count) < net.unnamed_prior
    kept = unnamed | c.any(axis=1)
    band, sex, x, c, unnamed = band[kept], sex[kept], x[kept], c[kept], unnamed[kept]
    count = len(band)

    code = np.zeros((count, findings), np.int8)
    active = [(i, c[:, i]) for i in range(conditions)]
    active += [(conditions + k, x[:, k]) for k in range(contexts)]
    active += [(conditions + contexts, unnamed)]
    first = conditions + contexts + 1
    active += [(first + b, band == b) for b in range(net.age_prior.size)]
    for cause, here in active:
        rows = np.flatnonzero(here)
        if not rows.size:
            continue
        shown = np.zeros((rows.size, findings), np.int8)
        for f in net.family_nodes:
            up = net.parent[f]
            if net.graded[f] >= 0:
                edges = np.cumsum(net.row[cause, net.graded[f]])
                value = (rng.random(rows.size)[:, None] >= edges[None, :-1]).sum(axis=1)
                shown[:, f] = np.minimum(value, net.grades[f] - 1)
                continue
            p = net.strength[cause, f]
            if p == 0.0:
                continue
            may = np.ones(rows.size, bool)
            if up >= 0:
                may = shown[:, up] > 0
                if net.graded[up] >= 0:
                    may = (net.reach[f] >> shown[:, up]) & 1 == 1
            shown[:, f] = may & (rng.random(rows.size) < p)
        code[rows] = np.maximum(code[rows], shown)
    return Patients(code, x.astype(np.int8), c.astype(np.int8), band, sex, unnamed)


def patients(net: Net, count: int, rng: np.random.Generator) -> Patients:
    """Sample `count` people with the complaint.

    Families are stored root first in `net.family_nodes`, so parents are drawn before children.
    """
    parts: list[Patients] = []
    have = 0
    while have < count:
        drawn = _draw(net, max(1000, 4 * (count - have)), rng)
        parts.append(drawn)
        have += len(drawn.band)
    joined = [np.concatenate(columns) for columns in zip(*parts, strict=True)]
    return Patients._make(column[:count] for column in joined)
