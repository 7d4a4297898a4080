"""How unusual the evidence is among patients of this model, and which findings clash.

Patients of the same setting are simulated with the same age band, sex, contexts and diagnoses as
far as known, the same findings are read off each, and each is given the same two measures:

    log P(findings | complaint, what is given)                  how probable they are together
    conflict = log10( prod P(finding | given) / P(findings | given) )       how badly they agree

The percentile is the share of these patients whose findings are at most as probable; that of the
conflict, the share whose findings agree at most as well. If the patient came from the model, each
would be below any share s in at most s of all patients.

Given age, sex and contexts have no causes, so fixing them is exact forward sampling, kept where
the complaint results. A diagnosis is fixed too and the patient weighed by its probability given
what was drawn before it (likelihood weighting).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.batch import DONE
from model.evidence import Evidence
from model.kernel import Net
from model.numbers import rounded
from model.parameters import Floats
from model.reasoner import Reasoner
from model.reasons.variants import (
    CONTRADICTION,
    Cancelled,
    Progress,
    answer_variants,
    need,
    value_of,
)
from model.simulate import Patients, patients
from model.vocabulary import UNKNOWN

Codes = NDArray[np.int8]

#: A base rate at which a condition is never absent.
CERTAIN = 1e12


@dataclass(frozen=True, slots=True)
class Clash:
    """Two findings that are seldom seen together.

    Attributes:
        items, labels, values: the two.
        weight: log10( P(a) P(b) / P(a, b) ) given the complaint and what is given; above 0 they
            are less often together than if they were unrelated.
    """

    items: tuple[str, str]
    labels: tuple[str, str]
    values: tuple[str, str]
    weight: float


@dataclass(frozen=True, slots=True)
class Rank:
    """Where the patient stands among simulated ones.

    Attributes:
        value: of the patient.
        percentile: share (0-1) of simulated patients at most as usual as this one.
        error: its standard error.
        low, high: between which it lies if those that could not be computed are counted as usual,
            or as at most as usual as this one.
    """

    value: float
    percentile: float
    error: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Surprise:
    """How unusual the findings of one patient are.

    Attributes:
        findings: (item, value) of the findings compared: all that were entered hard.
        given: items held fixed: age, sex, contexts, diagnoses.
        left_out: soft items, which take no part.
        probability: rank by natural log P(findings | complaint, given).
        conflict: rank by log10( prod P(finding | given) / P(findings | given) ).
        unexplained: P(none of the conditions | all the evidence); before: given alone.
        patients: simulated patients compared; effective: worth so many equally weighted ones.
        uncounted: simulated patients past the limit or not reached.
        discarded: simulated ones whose findings contradict each other and could not be entered.
        clashes: pairs of findings with at least the weight `clash`, the worst first.
        outside: why the cause may lie outside what is modelled; empty when nothing says so.
            "rarer": the findings are `unusual`, and they made it likelier that nothing modelled
            explains them; "unexplained": that is at least as likely as `outside`.
    """

    findings: tuple[tuple[str, str], ...]
    given: tuple[str, ...]
    left_out: tuple[str, ...]
    probability: Rank
    conflict: Rank
    unexplained: float
    before: float
    patients: int
    effective: float
    uncounted: int
    discarded: int
    clashes: tuple[Clash, ...]
    outside: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready view with six significant digits."""

        def rank(one: Rank) -> dict[str, Any]:
            return {
                "value": rounded(one.value),
                "percentile": rounded(one.percentile),
                "error": rounded(one.error),
                "low": rounded(one.low),
                "high": rounded(one.high),
            }

        return {
            "findings": dict(self.findings),
            "given": list(self.given),
            "left_out": list(self.left_out),
            "probability": rank(self.probability),
            "conflict": rank(self.conflict),
            "unexplained": rounded(self.unexplained),
            "before": rounded(self.before),
            "patients": self.patients,
            "effective": rounded(self.effective),
            "uncounted": self.uncounted,
            "discarded": self.discarded,
            "clashes": [
                {
                    "items": list(one.items),
                    "values": list(one.values),
                    "weight": rounded(one.weight),
                }
                for one in self.clashes
            ],
            "outside": list(self.outside),
        }


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


def likelihood(net: Net, people: Patients, condition: Codes) -> Floats:
    """(P,) P(known conditions (N,) | what was drawn before them), by patient."""
    weight = np.ones(len(people.band))
    load = 1.0 + people.context @ net.excess
    for i in np.flatnonzero(condition != UNKNOWN):
        rate = net.rate[i] * net.multiplier[people.band, people.sex, i] * load[:, i]
        absent = np.exp(-rate) * np.prod(np.where(people.condition, 1.0 - net.cause[:, i], 1.0), 1)
        weight *= 1.0 - absent if condition[i] == 1 else absent
    return weight


def surprise(
    reasoner: Reasoner,
    evidence: Evidence,
    *,
    n: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Surprise:
    """How unusual the findings are among `n` simulated patients.

    Args:
        reasoner: the knowledge base in one setting and basis.
        evidence: one patient.
        n: simulated patients; `surprise_patients` of thresholds.toml when omitted.
        seed: of the simulation; equal seeds give equal answers.
        progress: told (done, total) posteriors after every block.
        cancelled: asked before every block; patients not reached then are `uncounted`.

    Raises:
        InputError: if the evidence contradicts itself.
        TooWideError: if its posterior is past the limit.
        StoppedError: if `cancelled` says so at once.
    """
    v = reasoner.vocabulary
    hard = Evidence(evidence.codes)
    settled = reasoner.closure.settle(evidence.codes[None, :]).engine[0]
    span = v.columns("finding")
    asked = [column for column in hard.entered if v.items[column].kind == "finding"]
    given = evidence.codes.copy()
    given[span] = UNKNOWN
    first = answer_variants(
        reasoner,
        [evidence, Evidence(given, evidence.soft), hard, Evidence(given)],
        groups=reasoner.engine.groups[:0],
        cancelled=cancelled,
    )
    need(reasoner, evidence, int(first.state[0]))
    need(reasoner, hard, int(first.state[2]))
    count = int(reasoner.knowledge.thresholds["surprise_patients"]) if n is None else n
    people, weight = _people(reasoner, settled, count, seed)
    shown = np.repeat(given[None, :], count, axis=0)
    shown[:, asked] = people.finding[:, asked]
    distinct, which = np.unique(shown, axis=0, return_inverse=True)
    which = which.reshape(-1)
    none = reasoner.engine.groups[:0]
    found = answer_variants(
        reasoner,
        [Evidence(row) for row in distinct],
        groups=none,
        progress=progress,
        cancelled=cancelled,
    )
    alone = _alone(reasoner, given, np.vstack([found.codes, first.codes[2]]))
    base = float(first.log_probability[3])
    usual = found.log_probability - base
    here = float(first.log_probability[2] - base)
    agree = (alone[:-1] - usual) / math.log(10.0)
    told = found.state[which] != CONTRADICTION
    share = np.where(told, weight, 0.0) / weight[told].sum()
    conflict = (float(alone[-1]) - here) / math.log(10.0)
    probability = _rank(usual[which], here, share, sign=1.0)
    after, before = float(first.unexplained[0]), float(first.unexplained[1])
    return Surprise(
        findings=tuple((v.items[c].id, value_of(reasoner, evidence, c)) for c in asked),
        given=tuple(v.items[c].id for c in hard.entered if c not in asked),
        left_out=tuple(v.items[column].id for column, _ in evidence.soft),
        probability=probability,
        conflict=_rank(agree[which], conflict, share, sign=-1.0),
        unexplained=after,
        before=before,
        patients=int(told.sum()),
        effective=float(1.0 / (share**2).sum()),
        uncounted=int((told & (found.state[which] != DONE)).sum()),
        discarded=int((~told).sum()),
        clashes=_clashes(reasoner, evidence, given, asked, cancelled),
        outside=_outside(reasoner, probability.percentile, after, before),
    )


def _outside(reasoner: Reasoner, percentile: float, after: float, before: float) -> tuple[str, ...]:
    """Why the cause may lie outside what is modelled."""
    thresholds = reasoner.knowledge.thresholds
    found = []
    if percentile <= thresholds["unusual"] and after > before:
        found.append("rarer")
    if after >= thresholds["outside"]:
        found.append("unexplained")
    return tuple(found)


def _people(reasoner: Reasoner, settled: Codes, count: int, seed: int) -> tuple[Patients, Floats]:
    """Simulated patients with what is known of their causes, and their weights."""
    v, net = reasoner.vocabulary, reasoner.engine.net
    contexts, conditions = settled[v.columns("context")], settled[v.columns("condition")]
    band, sex = (int(settled[v.index[name].column]) for name in ("age", "sex"))
    rng = np.random.default_rng(seed)
    people = patients(fixed(net, contexts, conditions, band, sex), count, rng)
    return people, likelihood(net, people, conditions)


def _alone(reasoner: Reasoner, given: Codes, codes: Codes) -> Floats:
    """(R,) sum over the findings known in each settled row of log P(finding | given)."""
    span = reasoner.vocabulary.columns("finding")
    pairs = [
        (int(column), int(code))
        for column in range(span.start, span.stop)
        for code in np.unique(codes[:, column])
        if code != UNKNOWN
    ]
    variants = [Evidence(given)]
    for column, code in pairs:
        row = given.copy()
        row[column] = code
        variants.append(Evidence(row))
    single = answer_variants(reasoner, variants, groups=reasoner.engine.groups[:0])
    log = single.log_probability[1:] - single.log_probability[0]
    total = np.zeros(len(codes))
    for (column, code), value in zip(pairs, log, strict=True):
        total += np.where(codes[:, column] == code, value, 0.0)
    return total


def _rank(values: Floats, here: float, share: Floats, *, sign: float) -> Rank:
    """Where `here` stands among weighted values; with sign 1 low values are unusual."""
    counted = ~np.isnan(values) & (share > 0)
    # equal evidence gives equal bytes; a hair of slack for sums taken in another order
    unusual = counted & (sign * values <= sign * here + 1e-9 * (1 + abs(here)))
    whole = share[counted].sum()
    if whole == 0.0:
        return Rank(here, math.nan, math.nan, 0.0, 1.0)
    percentile = float(share[unusual].sum() / whole)
    spread = share[counted] * (unusual[counted] - percentile)
    least = float(share[unusual].sum())
    return Rank(
        value=here,
        percentile=percentile,
        error=float(np.sqrt((spread**2).sum()) / whole),
        low=least,
        high=least + float(share[~counted].sum()),
    )


def _clashes(
    reasoner: Reasoner,
    evidence: Evidence,
    given: Codes,
    asked: list[int],
    cancelled: Cancelled | None,
) -> tuple[Clash, ...]:
    """Pairs of findings that are less often together than if they were unrelated."""
    sets = [(), *((one,) for one in asked), *combinations(asked, 2)]
    variants = []
    for columns in sets:
        codes = given.copy()
        codes[list(columns)] = evidence.codes[list(columns)]
        variants.append(Evidence(codes))
    none = reasoner.engine.groups[:0]
    found = answer_variants(reasoner, variants, groups=none, cancelled=cancelled)
    log = dict(zip(sets, (found.log_probability - found.log_probability[0]), strict=True))
    items = reasoner.vocabulary.items
    pairs = []
    for one, other in combinations(asked, 2):
        weight = float(log[one,] + log[other,] - log[one, other]) / math.log(10.0)
        if weight >= reasoner.knowledge.thresholds["clash"]:
            first, second = (value_of(reasoner, evidence, column) for column in (one, other))
            pairs.append(
                Clash(
                    items=(items[one].id, items[other].id),
                    labels=(items[one].label, items[other].label),
                    values=(first, second),
                    weight=weight,
                )
            )
    return tuple(sorted(pairs, key=lambda pair: -pair.weight))
