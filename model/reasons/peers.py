"""Simulated patients who share what is known of a patient's causes: the peers of that patient.

Given age, sex and contexts have no causes, so fixing them is exact forward sampling, kept where
the complaint results. A diagnosis is fixed too and the patient weighed by its probability given
what was drawn before it (likelihood weighting). So that a rare context which stands behind the
diagnosis turns up, contexts, age and sex are then drawn near their posterior given what is known,
and the weight is corrected by the ratio. Candidates are drawn until they are worth several times
the patients wanted; those are taken from them by weight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.engine import Posterior
from model.errors import TooWideError
from model.kernel import Net
from model.parameters import Floats
from model.reasoner import Reasoner
from model.simulate import Patients, patients
from model.vocabulary import UNKNOWN

Codes = NDArray[np.int8]

#: A base rate at which a condition is never absent.
CERTAIN = 1e12

#: Candidates are drawn until they are worth so many times the patients wanted, or so many times
#: as many were drawn.
POOL = 5
MOST = 100

#: How much of the posterior there is in what contexts, age and sex are drawn from; the rest is the
#: prior, so that no weight is large by more than its inverse for any of them.
LEANING = 0.9


@dataclass(frozen=True, slots=True)
class Peers:
    """Simulated patients with equal weights.

    Attributes:
        finding: (n, F) the findings wanted, nothing unknown.
        candidates: how many equally weighted patients those that they were taken from are worth;
            infinite when nothing had to be weighed.
    """

    finding: Codes
    candidates: float


def fixed(net: Net, context: Codes, condition: Codes, band: int, sex: int) -> Net:
    """The network in which what is known of causes is certain (codes (K,), (N,), -1 unknown).

    A context denied that would imply an unknown one makes that one less likely.
    """
    prior = net.context_prior.copy()
    for k in np.flatnonzero((net.implied >= 0) & (context == 0)):
        up = net.implied[k]
        if context[up] == UNKNOWN:
            both = prior[up] * (1.0 - net.context_prior[k])
            prior[up] = both / (both + 1.0 - prior[up])
    prior = np.where(context == UNKNOWN, prior, context)
    rate = np.where(condition == UNKNOWN, net.rate, np.where(condition == 1, CERTAIN, 0.0))
    return net._replace(
        context_prior=prior,
        age_prior=net.age_prior if band < 0 else np.eye(net.age_prior.size)[band],
        sex_prior=net.sex_prior if sex < 0 else np.eye(2)[sex],
        rate=rate,
        cause=np.where(condition == 0, 0.0, net.cause),
    )


def leaning(net: Net, found: Posterior) -> Net:
    """A fixed network whose contexts, age and sex lean towards their posterior."""

    def mix(posterior: Floats, prior: Floats) -> Floats:
        return LEANING * posterior + (1.0 - LEANING) * prior

    up = np.maximum(net.implied, 0)
    above = np.where(net.implied >= 0, found.context[up], 1.0)
    given = np.clip(found.context / np.maximum(above, np.finfo(float).tiny), 0.0, 1.0)
    open_ = (net.context_prior > 0) & (net.context_prior < 1)
    return net._replace(
        context_prior=np.where(open_, mix(given, net.context_prior), net.context_prior),
        age_prior=mix(found.age, net.age_prior) / mix(found.age, net.age_prior).sum(),
        sex_prior=mix(found.sex, net.sex_prior) / mix(found.sex, net.sex_prior).sum(),
    )


def ratio(net: Net, drawn: Net, people: Patients) -> Floats:
    """(P,) P(contexts, age, sex) in one network over that in the network they were drawn from."""
    weight: Floats = (net.age_prior / drawn.age_prior.clip(1e-300))[people.band]
    weight *= (net.sex_prior / drawn.sex_prior.clip(1e-300))[people.sex]
    for k in np.flatnonzero(net.context_prior != drawn.context_prior):
        p, q = net.context_prior[k], drawn.context_prior[k]
        times = np.where(people.context[:, k] == 1, p / q, (1.0 - p) / (1.0 - q))
        if net.implied[k] >= 0:  # without the one that it implies it could not be
            times = np.where(people.context[:, net.implied[k]] == 1, times, 1.0)
        weight *= times
    return weight


def likelihood(net: Net, people: Patients, condition: Codes) -> Floats:
    """(P,) P(known conditions (N,) | what was drawn before them), by patient."""
    weight = np.ones(len(people.band))
    load = 1.0 + people.context @ net.excess
    for i in np.flatnonzero(condition != UNKNOWN):
        rate = net.rate[i] * net.multiplier[people.band, people.sex, i] * load[:, i]
        absent = np.exp(-rate) * np.prod(np.where(people.condition, 1.0 - net.cause[:, i], 1.0), 1)
        weight *= 1.0 - absent if condition[i] == 1 else absent
    return weight


def peers(reasoner: Reasoner, settled: Codes, asked: list[int], count: int, seed: int) -> Peers:
    """Simulated patients with what is known of one patient's causes.

    Args:
        reasoner: the knowledge base in one setting and basis.
        settled: (I,) codes of the patient; findings are not looked at.
        asked: columns of the findings wanted.
        count: how many patients.
        seed: equal seeds give equal patients.
    """
    v, net = reasoner.vocabulary, reasoner.engine.net
    contexts, conditions = settled[v.columns("context")], settled[v.columns("condition")]
    band, sex = (int(settled[v.index[name].column]) for name in ("age", "sex"))
    rng = np.random.default_rng(seed)
    base = fixed(net, contexts, conditions, band, sex)
    if (conditions == UNKNOWN).all():
        return Peers(patients(base, count, rng).finding[:, asked], math.inf)
    drawn = _near(reasoner, settled, base)
    found, weights, worth = [], np.zeros(0), 0.0
    while worth < POOL * count and len(weights) < MOST * count:
        people = patients(drawn, POOL * count, rng)
        found.append(people.finding[:, asked])
        fresh = likelihood(net, people, conditions) * ratio(base, drawn, people)
        weights = np.append(weights, fresh)
        if weights.any():
            worth = float(weights.sum() ** 2 / (weights**2).sum())
    return Peers(np.concatenate(found)[_taken(weights, count, rng)], worth)


def _near(reasoner: Reasoner, settled: Codes, base: Net) -> Net:
    """The network to draw from: near the posterior given causes alone, if that can be computed."""
    codes = settled.copy()
    codes[reasoner.vocabulary.columns("finding")] = UNKNOWN
    try:
        found = reasoner.engine.posterior(
            reasoner.case(codes),
            contexts=True,
            max_steps=reasoner.max_steps,
            max_bytes=reasoner.max_bytes,
        )
    except TooWideError:
        return base
    return leaning(base, found)


def _taken(weights: Floats, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """(count,) places taken in proportion to their weights, at equal steps from a random start."""
    whole = np.cumsum(weights)
    if whole[-1] == 0.0:
        return np.arange(count)
    steps = (rng.random() + np.arange(count)) / count * whole[-1]
    return np.asarray(np.searchsorted(whole, steps, side="right")).clip(max=len(weights) - 1)
