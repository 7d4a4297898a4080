"""How unusual the evidence is among patients of this model, and which findings clash.

Patients of the same setting are simulated with the same age band, sex, contexts and diagnoses as
far as known, the same findings are read off each, and each is given the same two measures:

    log P(findings | complaint, what is given)                  how probable they are together
    conflict = log10( prod P(finding | given) / P(findings | given) )       how badly they agree

The product takes each fact once: a finding that another known one implies is left out of it.

The percentile is the share of these patients whose findings are at most as probable; that of the
conflict, the share whose findings agree at most as well. If the patient came from the model, each
would be below any share s in at most s of all patients. How the patients are drawn:
`model.reasons.peers`.
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
from model.numbers import rounded
from model.parameters import Floats
from model.reasoner import Reasoner
from model.reasons.peers import peers
from model.reasons.variants import (
    CONTRADICTION,
    STOPPED,
    Cancelled,
    Progress,
    answer_variants,
    need,
    value_of,
)
from model.vocabulary import UNKNOWN

Codes = NDArray[np.int8]


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
        percentile: share (0-1) of simulated patients at most as usual as this one; NaN (not
            known) when those that were computed are worth fewer patients than `surprise_least`, or
            when the caller stopped (those reached are not a fair sample).
        error: half the width of its Wilson interval at one standard error; never 0.
        low, high: between which the share lies in this sample if those that could not be computed
            are counted as usual, or as at most as usual as this one; 0 and 1 when the whole sample
            is worth too few.
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
        patients: simulated patients compared; effective: worth so many independent ones.
        uncounted: simulated patients past the limit or not reached.
        discarded: simulated ones whose findings contradict each other and could not be entered.
        clashes: pairs of findings with at least the weight `clash`, the worst first.
        outside: why the cause may lie outside what is modelled; empty when nothing says so.
            "rarer": the findings are `unusual`, whatever those not computed would have been, and
            they made it likelier that nothing modelled explains them; "unexplained": that is at
            least as likely as `outside`.
        uncompared: pairs of findings that were not reached or are past the limit: whether they
            clash is not known.
        stopped: the caller stopped before everything was computed.
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
    uncompared: int = 0
    stopped: bool = False

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
            "uncompared": self.uncompared,
            "stopped": self.stopped,
        }


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
        ValueError: if `n` is below 1.
        InputError: if the evidence contradicts itself.
        TooWideError: if its posterior is past the limit.
        StoppedError: if `cancelled` says so at once.
    """
    v, thresholds = reasoner.vocabulary, reasoner.knowledge.thresholds
    count = int(thresholds["surprise_patients"]) if n is None else n
    if count < 1:
        raise ValueError(f"n is {count}, but at least 1 simulated patient is needed to compare.")
    hard = Evidence(evidence.codes)
    settled = reasoner.closure.settle(evidence.codes[None, :]).engine[0]
    span = v.columns("finding")
    asked = [column for column in hard.entered if v.items[column].kind == "finding"]
    given = evidence.codes.copy()
    given[span] = UNKNOWN
    none = reasoner.engine.groups[:0]
    first = answer_variants(
        reasoner,
        [evidence, Evidence(given, evidence.soft), hard, Evidence(given)],
        groups=none,
        cancelled=cancelled,
    )
    need(reasoner, evidence, int(first.state[0]))
    need(reasoner, hard, int(first.state[2]))
    people = peers(reasoner, settled, asked, count, seed)
    shown = np.repeat(given[None, :], count, axis=0)
    shown[:, asked] = people.finding
    distinct, which = np.unique(shown, axis=0, return_inverse=True)
    which = which.reshape(-1)
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
    conflict = (float(alone[-1]) - here) / math.log(10.0)
    state = found.state[which]
    told = state != CONTRADICTION
    sample = _Sample(
        told=told,
        worth=float(told.sum() / (1.0 + told.sum() / people.candidates)),
        least=thresholds["surprise_least"],
        stopped=bool((state == STOPPED).any()),
    )
    probability = sample.rank(usual[which], here, sign=1.0)
    after, before = float(first.unexplained[0]), float(first.unexplained[1])
    clashes, uncompared, broken_off = _clashes(reasoner, evidence, given, asked, cancelled)
    return Surprise(
        findings=tuple((v.items[c].id, value_of(reasoner, evidence, c)) for c in asked),
        given=tuple(v.items[c].id for c in hard.entered if c not in asked),
        left_out=tuple(v.items[column].id for column, _ in evidence.soft),
        probability=probability,
        conflict=sample.rank(agree[which], conflict, sign=-1.0),
        unexplained=after,
        before=before,
        patients=int(told.sum()),
        effective=sample.worth,
        uncounted=int((told & (state != DONE)).sum()),
        discarded=int((~told).sum()),
        clashes=clashes,
        outside=_outside(reasoner, probability, after, before),
        uncompared=uncompared,
        stopped=sample.stopped or broken_off,
    )


def _outside(reasoner: Reasoner, rank: Rank, after: float, before: float) -> tuple[str, ...]:
    """Why the cause may lie outside what is modelled."""
    thresholds = reasoner.knowledge.thresholds
    found = []
    known = not math.isnan(rank.percentile)
    if known and max(rank.percentile, rank.high) <= thresholds["unusual"] and after > before:
        found.append("rarer")
    if after >= thresholds["outside"]:
        found.append("unexplained")
    return tuple(found)


def _said_already(reasoner: Reasoner, codes: Codes) -> NDArray[np.bool_]:
    """(R, I) findings that another known finding implies, in settled rows.

    What refines a present one is present, or what an absent one refines is absent or a grade that
    it does not refine. A grade itself is not implied.
    """
    said = np.zeros(codes.shape, bool)
    for child, parent, reach in reasoner.closure.parents:
        above = codes[:, parent]
        if reach:
            denies = (above != UNKNOWN) & ((reach >> np.maximum(above, 0)) & 1 == 0)
        else:
            denies = above == 0
            said[:, parent] |= (above == 1) & (codes[:, child] == 1)
        said[:, child] |= denies & (codes[:, child] != UNKNOWN)
    return said


def _alone(reasoner: Reasoner, given: Codes, codes: Codes) -> Floats:
    """(R,) sum over the findings known in each settled row of log P(finding | given).

    Each fact is counted once: a finding that another one implies is left out.
    """
    span = reasoner.vocabulary.columns("finding")
    codes = np.where(_said_already(reasoner, codes), UNKNOWN, codes)
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


@dataclass(frozen=True, slots=True)
class _Sample:
    """Simulated patients as far as ranks need them.

    Attributes:
        told: (P,) those whose findings could be entered.
        worth: how many independent patients those are worth.
        least: how many a percentile needs.
        stopped: not all were reached.
    """

    told: NDArray[np.bool_]
    worth: float
    least: float
    stopped: bool

    def rank(self, values: Floats, here: float, *, sign: float) -> Rank:
        """Where `here` stands among values (P,); with sign 1 low values are unusual."""
        if self.worth < self.least:
            return Rank(here, math.nan, math.nan, 0.0, 1.0)
        whole = int(self.told.sum())
        counted = self.told & ~np.isnan(values)
        # equal evidence gives equal bytes; a hair of slack for sums taken in another order
        unusual = counted & (sign * values <= sign * here + 1e-9 * (1 + abs(here)))
        low = float(unusual.sum() / whole)
        high = float((unusual.sum() + whole - counted.sum()) / whole)
        worth = self.worth * counted.sum() / whole
        if self.stopped or worth < self.least:
            return Rank(here, math.nan, math.nan, low, high)
        share = float(unusual.sum() / counted.sum())
        return Rank(here, share, _error(share, float(worth)), low, high)


def _error(share: float, count: float) -> float:
    """Half the width of Wilson's interval at one standard error; above 0 for every share."""
    return math.sqrt(share * (1.0 - share) / count + 0.25 / count**2) / (1.0 + 1.0 / count)


def _clashes(
    reasoner: Reasoner,
    evidence: Evidence,
    given: Codes,
    asked: list[int],
    cancelled: Cancelled | None,
) -> tuple[tuple[Clash, ...], int, bool]:
    """Pairs of findings that are less often together than if they were unrelated.

    Also how many pairs could not be compared, and whether the caller stopped them.
    """
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
    pairs, unknown = [], 0
    for one, other in combinations(asked, 2):
        weight = float(log[one,] + log[other,] - log[one, other]) / math.log(10.0)
        unknown += math.isnan(weight)
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
    clashes = tuple(sorted(pairs, key=lambda pair: -pair.weight))
    return clashes, unknown, bool((found.state == STOPPED).any())
