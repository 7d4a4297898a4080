"""When to stop asking: how likely the leader stays first if more is answered.

Three numbers, each exact or with its error: what one answer can do, what the most telling questions
together can do, and a floor that holds for everything that could ever be answered.
`docs/reasons/next_question.md` has the definitions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from model.batch import DONE
from model.evidence import Evidence
from model.numbers import rounded
from model.reasoner import Reasoner
from model.reasons.asked import OTHERWISE
from model.reasons.prospects import answer_entered, believed, can_be_entered, with_answer
from model.reasons.questions import next_questions
from model.reasons.variants import Cancelled, Progress
from model.reasons.worth import CONDITIONS, Field

#: Questions answered together, and patients drawn when their answers are too many to go through.
QUESTIONS = 6
DRAWS = 200

#: Standard errors on each side of an interval of 95 %.
NORMAL_95 = 1.959964


@dataclass(frozen=True, slots=True)
class Stopping:
    """How likely the leader stays first.

    Attributes:
        about, limit: as asked.
        red_flags: items that pending red-flag rules ask for; whatever stands below, these are to be
            asked.
        leader, leader_probability: what comes first now.
        floor: P(leader stays first) is at least this whatever is answered, in whatever number; 0
            when the bound says nothing.
        single: the largest chance that the answer to one question changes the leader; exact.
        asked: the questions answered together, those likeliest to change the leader first.
        everything: whether these are all that is left at this burden or below.
        wanted: how many questions were to be answered together.
        stays: (questions + 1,) P(leader stands first after the first k answers), from k = 0.
        draws: patients drawn; 0 when every combination of answers was gone through (exact).
        unanswered: share of patients whose posterior could not be had; `stays` is about the others.
        skipped: questions that could not be weighed, and so were not asked.
        read_otherwise: how many of them can be answered, but only so that something entered would
            be read in another way.
        seed: of the random numbers.
    """

    about: str
    limit: float
    red_flags: tuple[str, ...]
    leader: str
    leader_probability: float
    floor: float
    single: float
    asked: tuple[tuple[str, ...], ...]
    everything: bool
    wanted: int
    stays: tuple[float, ...]
    draws: int
    unanswered: float
    skipped: int
    read_otherwise: int
    seed: int

    @property
    def chance(self) -> float:
        """P(the leader stands first after all the questions asked); NaN if none was answered."""
        return self.stays[-1] if self.asked else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of `chance` (Wilson; the value itself if exact).

        Patients without a posterior count as changes at its lower end, as none at its upper end.
        """
        if not self.asked:
            return math.nan, math.nan
        known = 1.0 - self.unanswered
        kept = self.chance * known if known > 0.0 else 0.0
        return wilson(kept, self.draws)[0], wilson(kept + self.unanswered, self.draws)[1]

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready view with six significant digits."""
        low, high = self.interval
        return {
            "about": self.about,
            "burden_limit": rounded(self.limit) if math.isfinite(self.limit) else None,
            "red_flags": list(self.red_flags),
            "leader": self.leader,
            "leader_probability": rounded(self.leader_probability),
            "floor": rounded(self.floor),
            "single": rounded(self.single),
            "asked": [list(items) for items in self.asked],
            "everything": self.everything,
            "wanted": self.wanted,
            "chance": rounded(self.chance),
            "stays": [rounded(share) for share in self.stays],
            "interval": [rounded(low), rounded(high)],
            "draws": self.draws,
            "unanswered": rounded(self.unanswered),
            "skipped": self.skipped,
            "read_otherwise": self.read_otherwise,
            "seed": self.seed,
        }


def wilson(share: float, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval for a share among `count` draws; no width when there were none.

    >>> low, high = wilson(0.8, 10)
    >>> round(low, 3), round(high, 3)
    (0.49, 0.943)
    """
    z = NORMAL_95**2 / count if count else 0.0
    half = math.sqrt(max(0.0, z * (share * (1.0 - share) + z / 4.0)))
    return max(0.0, (share + z / 2.0 - half) / (1.0 + z)), min(
        1.0, (share + z / 2.0 + half) / (1.0 + z)
    )


def stopping(
    reasoner: Reasoner,
    evidence: Evidence,
    *,
    about: str = CONDITIONS,
    burden: float | None = None,
    questions: int = QUESTIONS,
    draws: int = DRAWS,
    seed: int = 1,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Stopping:
    """How likely the leader stays first if more is answered, at this burden or below.

    Args:
        reasoner: the knowledge base in one setting and basis.
        evidence: the patient.
        about: the field that is led: "conditions" or "categories".
        burden: the most a question may cost (`priors/steps.csv`); anything when omitted.
        questions: how many of the most telling questions are answered together.
        draws: patients drawn, if these have more combinations of answers than that.
        seed: of the random numbers; the same seed gives the same answer.
        progress: told (done, total) posteriors, then (done, total) questions answered.
        cancelled: asked before every block; what is left then counts as unanswered.

    Raises:
        ValueError: for a field that does not exist, or `questions` or `draws` below 1.
        InputError: for a burden that cannot be, or evidence that contradicts itself.
        TooWideError: if its posterior is past the limit.
    """
    if questions < 1 or draws < 1:
        raise ValueError("questions and draws are 1 or more")
    found = next_questions(
        reasoner, evidence, about=about, burden=burden, progress=progress, cancelled=cancelled
    )
    telling = sorted(found.all, key=lambda one: (-one.changes_leader, -one.gain))[:questions]
    field = Field.of(reasoner, evidence, about)
    leader = field.ids.index(found.leader)
    index = reasoner.vocabulary.index
    columns = [tuple(index[item].column for item in one.items) for one in telling]
    combinations = math.prod(len(one.outcomes) for one in telling)
    tree = _Tree(reasoner, evidence, field, leader, draws if combinations > draws else 0, seed)
    stays, unanswered = tree.grow(columns, progress, cancelled)
    return Stopping(
        about=about,
        limit=found.limit,
        red_flags=found.red_flags,
        leader=found.leader,
        leader_probability=found.leader_probability,
        floor=_floor(reasoner, evidence, field, leader),
        single=found.largest_change,
        asked=tuple(one.items for one in telling),
        everything=len(telling) == len(found.all) and not found.skipped,
        wanted=questions,
        stays=stays,
        draws=tree.draws,
        unanswered=unanswered,
        skipped=len(found.skipped),
        read_otherwise=sum(one.why == OTHERWISE for one in found.skipped),
        seed=seed,
    )


def _floor(reasoner: Reasoner, evidence: Evidence, field: Field, leader: int) -> float:
    """P(leader) - P(any rival), a floor of P(leader stays first) under any further evidence.

    With R the answers, the leader stays first where Y = P(leader | R) - P(any rival | R) > 0, and
    Y <= 1, so P(Y > 0) >= E[Y].
    """
    told = evidence.codes[reasoner.vocabulary.columns("condition")]
    of = np.eye(len(told), dtype=bool) if field.about == CONDITIONS else reasoner.engine.groups
    rivals = of[field.open & (np.arange(len(field.ids)) != leader)].any(axis=0)
    both = np.stack([of[leader], rivals])
    answered = answer_entered(reasoner, [evidence], groups=both)
    return max(0.0, float(answered.group[0, 0] - answered.group[0, 1]))


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A patient with some answers.

    Attributes:
        count: how many of the draws came here (1 when all answers are gone through).
        factor: what a draw here counts for: P(answers), or P(answers can be entered) if drawn.
        stands: whether the leader stands first.
    """

    patient: Evidence
    log_weight: float
    count: int
    factor: float
    stands: bool

    @property
    def share(self) -> float:
        """Its part of the whole."""
        return self.count * self.factor


@dataclass(frozen=True)
class _Tree:
    """The tree of answers to several questions; draws = 0: all of it."""

    reasoner: Reasoner
    evidence: Evidence
    field: Field
    leader: int
    draws: int
    seed: int

    def grow(
        self,
        questions: Sequence[tuple[int, ...]],
        progress: Progress | None,
        cancelled: Cancelled | None,
    ) -> tuple[tuple[float, ...], float]:
        """P(leader first) after 0, 1, ... answers where they could be had, and the rest."""
        random = np.random.default_rng(self.seed)
        weight = believed(self.reasoner, self.evidence).log_weight
        leaves = [_Leaf(self.evidence, weight, self.draws or 1, 1.0, True)]
        stays, lost = [1.0], 0.0
        for done, columns in enumerate(questions):
            leaves, gone = self._split(leaves, columns, random, cancelled)
            lost += gone
            here = sum(leaf.share for leaf in leaves)
            first = sum(leaf.share for leaf in leaves if leaf.stands)
            stays.append(first / here if here else math.nan)
            if progress is not None:
                progress(done + 1, len(questions))
        whole = lost + sum(leaf.share for leaf in leaves)
        return tuple(stays), lost / whole if whole else 0.0

    def _split(
        self,
        leaves: Sequence[_Leaf],
        columns: tuple[int, ...],
        random: np.random.Generator,
        cancelled: Cancelled | None,
    ) -> tuple[list[_Leaf], float]:
        """Answer one more question in every leaf; answers without a posterior fall away.

        Returns:
            The new leaves, and the share of those that fell away.
        """
        items = [self.reasoner.vocabulary.items[column] for column in columns]
        answers = list(product(*(range(len(item.values)) for item in items)))
        grown: list[tuple[_Leaf, Evidence]] = []
        for leaf in leaves:
            tried = [with_answer(leaf.patient, columns, answer) for answer in answers]
            fits = can_be_entered(self.reasoner, leaf.patient, tried)
            grown += [(leaf, one) for one, fit in zip(tried, fits, strict=True) if fit]
        if not grown:
            return [], 0.0
        answered = answer_entered(self.reasoner, [one for _, one in grown], cancelled=cancelled)
        first = self.field.first(answered) == self.leader
        found, gone = [], 0.0
        for leaf in leaves:
            every = [row for row, (of, _) in enumerate(grown) if of is leaf]
            rows = [row for row in every if answered.state[row] == DONE]
            chance = np.exp(answered.log_weight[rows] - leaf.log_weight)
            total = float(chance.sum())
            # what an answer without a posterior is worth is what the others leave
            missing = max(0.0, 1.0 - total) if len(rows) < len(every) else 0.0
            total += missing
            if total <= 0.0:
                continue  # no answer fits here, or none is possible
            counts, factors = [1] * len(rows), leaf.factor * chance
            if self.draws:
                split = random.multinomial(leaf.count, [*(chance / total), missing / total])
                counts, factors = split[:-1].tolist(), np.full(len(rows), leaf.factor * total)
                gone += float(split[-1]) * leaf.factor * total
            else:
                gone += leaf.share * missing
            found += [
                _Leaf(
                    grown[row][1],
                    float(answered.log_weight[row]),
                    count,
                    float(factor),
                    bool(first[row]),
                )
                for row, count, factor in zip(rows, counts, factors, strict=True)
                if count > 0
            ]
        return found, gone
