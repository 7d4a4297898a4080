"""How far an answer hangs on our numbers: the same evidence under many sets that are as reasonable.

Each posterior is computed again with every drawn parameter set (`model.reasons.draws`). An interval
is what lies between two points of those draws; steadiness is the share of draws in which the
leading condition stays first. Both speak of the elicited numbers. They do not say how certain a
condition is in the patient, and know nothing of what the model leaves out.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from model import kernel
from model.engine import Engine, asked_of, blank_answers
from model.errors import InputError, Problem
from model.evidence import Evidence
from model.kernel import DONE, FAILED, Answers, Asked, Cases, Net
from model.numbers import rounded
from model.parameters import Floats
from model.reading import Badges
from model.reasoner import Reasoner
from model.reasons.draws import parameter_sets
from model.reasons.variants import STATES, STOPPED, Cancelled, Progress, answer_variants, need
from model.vocabulary import UNKNOWN

#: Draws a thread takes at a time, between two looks at `cancelled`.
BLOCK = 10

#: What is said instead of a badge when there are fewer draws than one needs.
TOO_FEW = "too few draws to say how steady the lead is"

#: Low, median, high.
Points = tuple[float, float, float]

#: Places at the top of a ranking that are counted.
FIRST = 3


@dataclass(frozen=True, slots=True)
class Interval:
    """One posterior and where it lies in the draws.

    Attributes:
        probability: the posterior under the elicited numbers themselves.
        low, median, high: points of the draws (scale.toml says which); NaN if none was answered.
        first, first_three: share of draws in which a condition ranks first, among the first three;
            NaN for what is not ranked (categories, unexplained, conditions that were entered).
        absent: P(it is absent | evidence), computed beside `probability`: conditions are ranked by
            it, since near 1 it tells apart what `probability` no longer does. NaN for the others.
    """

    id: str
    label: str
    probability: float
    low: float
    median: float
    high: float
    first: float = math.nan
    first_three: float = math.nan
    absent: float = math.nan

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready view with six significant digits; shares only where there are any."""
        names = ("probability", "low", "median", "high", "first", "first_three")
        numbers = {name: rounded(getattr(self, name)) for name in names}
        if math.isnan(self.first):
            del numbers["first"], numbers["first_three"]
        return {"id": self.id, "label": self.label, **numbers}


@dataclass(frozen=True, slots=True)
class Doubt:
    """Intervals around every posterior of one patient, and how steady the lead is.

    Attributes:
        conditions, categories: in file order; `ranking` sorts the conditions.
        unexplained: P(none of the conditions | evidence).
        leader: id of the most probable condition that was not entered; "" if all were.
        badge: "steady", "leaning" or "open" by the share of draws in which the leader stays first;
            "" when there is no leader or fewer draws were answered than a badge needs (`least` in
            scale.toml).
        said: the badge in a sentence, or that there are too few draws; "" without a leader.
        draws: how many draws the numbers above rest on.
        states: (word, count) of every other draw asked for: "refused" (too wide), "failed",
            "stopped" (cancelled).
        redrawn: parameter sets drawn again since they had no solution.
        points: the two points of the draws that `low` and `high` are.
        setting, basis, knowledge_digest: what was asked, from which knowledge.
    """

    conditions: tuple[Interval, ...]
    categories: tuple[Interval, ...]
    unexplained: Interval
    leader: str
    badge: str
    said: str
    draws: int
    states: tuple[tuple[str, int], ...]
    redrawn: int
    points: tuple[float, float]
    setting: str
    basis: str
    knowledge_digest: str

    @property
    def ranking(self) -> tuple[Interval, ...]:
        """Conditions, most probable first (the least probably absent); ties in file order."""
        return tuple(sorted(self.conditions, key=lambda one: one.absent))

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready view with six significant digits, keys in a fixed order."""
        categories = sorted(self.categories, key=lambda one: -one.probability)
        return {
            "leader": self.leader,
            "badge": self.badge,
            "said": self.said,
            "conditions": [one.to_dict() for one in self.ranking],
            "categories": [one.to_dict() for one in categories],
            "unexplained": self.unexplained.to_dict(),
            "points": list(self.points),
            "draws": self.draws,
            "not_answered": dict(self.states),
            "redrawn": self.redrawn,
            "setting": self.setting,
            "basis": self.basis,
            "knowledge_digest": self.knowledge_digest,
        }


def drawn_answers(
    engine: Engine,
    nets: Callable[[int], Net],
    count: int,
    cases: Cases,
    asked: Asked,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Answers:
    """The same one case under other numbers: a row for each set.

    Args:
        engine: gives the orders, the groups, and who has to do with whom, which all sets share.
        nets: number -> the set; whatever is 0 in the engine's network is 0 there too.
        count: how many sets.
        cases: one row.
        asked: as for the engine, without the fit.
        workers: threads (all cores when omitted); the answers do not depend on how many.
        progress: told (done, count) after every block.
        cancelled: asked before every block; rows left then are STOPPED.
    """
    out = blank_answers(engine.net, count, len(engine.groups))
    out.state[:] = STOPPED
    graph, library = engine.graph, engine.library

    def work(start: int) -> None:
        if cancelled is not None and cancelled():
            return
        for row in range(start, min(start + BLOCK, count)):
            there = Answers._make(field[row : row + 1] for field in out)
            try:
                kernel.answer(nets(row), graph, library, engine.groups, cases, asked, there)
            except Exception:  # noqa: BLE001 - one draw must not take the others with it
                there.state[0] = FAILED

    starts = range(0, count, BLOCK)
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        for start, _ in zip(starts, pool.map(work, starts), strict=True):
            if progress is not None:
                progress(min(start + BLOCK, count), count)
    return out


def doubt(
    reasoner: Reasoner,
    evidence: Evidence,
    *,
    draws: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Doubt:
    """Intervals around every posterior of one patient, and how steady the lead is.

    The sets of a setting and basis are solved when they are first asked for, which takes a minute,
    and kept for all patients.

    Args:
        reasoner: the knowledge base in one setting and basis.
        evidence: one patient.
        draws: how many sets, the first of those that scale.toml names; all of them when omitted.
        workers: threads (all cores when omitted); the result does not depend on how many.
        progress: told (done, total), sets to be ready and sets to be answered alike.
        cancelled: asked between blocks; what was done until then is given, `draws` says how much.

    Raises:
        InputError: if the evidence contradicts itself, or `draws` is not in 1 to what is drawn.
        TooWideError: if the posterior is past the limit.
    """
    scale = reasoner.knowledge.scale
    count = scale.doubt.draws if draws is None else draws
    if not 1 <= count <= scale.doubt.draws:
        message = f"must be 1 to {scale.doubt.draws}, the sets that scale.toml names."
        raise InputError([Problem("bad_draws", "draws", message)])
    point = answer_variants(reasoner, [evidence])
    need(reasoner, evidence, int(point.state[0]))

    def step(before: int) -> Progress | None:
        return None if progress is None else lambda done, _: progress(before + done, 2 * count)

    sets = parameter_sets(
        reasoner.knowledge, reasoner.parameters, count,
        workers=workers, progress=step(0), cancelled=cancelled,
    )  # fmt: skip
    answers = drawn_answers(
        reasoner.engine, sets.net, len(sets), reasoner.cases(point.codes, evidence.soft),
        asked_of(max_steps=reasoner.max_steps, max_bytes=reasoner.max_bytes),
        workers=workers, progress=step(count), cancelled=cancelled,
    )  # fmt: skip

    done = answers.state == DONE
    states = {word: int((answers.state == state).sum()) for state, word in STATES.items()}
    states["stopped"] += count - len(sets)
    del states["ok"]
    points: Points = (scale.doubt.low, 0.5, scale.doubt.high)
    known = point.codes[0, reasoner.vocabulary.columns("condition")]
    entered = known != UNKNOWN
    order = _ranks(answers.absent[done], entered)
    first, first_three = _share(order[:, :1], entered), _share(order[:, :FIRST], entered)
    places = np.column_stack([first, first_three, point.absent[0]]).tolist()
    conditions = tuple(
        Interval(row.id, row.label, float(p), *here, *place)
        for row, p, here, place in zip(
            reasoner.knowledge.condition, point.present[0],
            _points(answers.present[done], points), places,
            strict=True,
        )
    )  # fmt: skip
    categories = tuple(
        _settled(Interval(row.id, row.label, float(p), *here), known[members])
        for row, p, here, members in zip(
            reasoner.knowledge.category, point.group[0], _points(answers.group[done], points),
            reasoner.engine.groups, strict=True,
        )
    )  # fmt: skip
    unexplained = Interval(
        "unexplained", "Nothing modelled explains it", float(point.unexplained[0]),
        *_points(answers.unexplained[done, None], points)[0],
    )  # fmt: skip
    ahead = _ranks(point.absent, entered)[0]
    leader = conditions[ahead[0]] if ahead.size else None
    enough = int(done.sum()) >= scale.doubt.least
    badge = badge_of(scale.badge, leader.first) if leader is not None and enough else ""
    said = getattr(scale.badge, badge).said if badge else TOO_FEW
    return Doubt(
        conditions=conditions,
        categories=categories,
        unexplained=_settled(unexplained, known, whole=(1.0, 0.0)),
        leader=leader.id if leader is not None else "",
        badge=badge,
        said=said if leader is not None else "",
        draws=int(done.sum()),
        states=tuple((word, many) for word, many in states.items() if many),
        redrawn=sets.redrawn,
        points=(points[0], points[2]),
        setting=reasoner.parameters.setting,
        basis=reasoner.parameters.basis,
        knowledge_digest=reasoner.knowledge.digest,
    )


def badge_of(badges: Badges, share: float) -> str:
    """The word for the share of draws in which the leader stays first: the steadiest it reaches."""
    words = ("steady", "leaning", "open")
    return next(word for word in words if share >= getattr(badges, word).share)


def _settled(
    one: Interval, known: np.ndarray, *, whole: tuple[float, float] = (0.0, 1.0)
) -> Interval:
    """An interval that shrinks to a point where the diagnoses entered settle it.

    Args:
        one: of a group of conditions.
        known: codes of its conditions.
        whole: its probability when all of them are absent, and when one is present.
    """
    absent, present = whole
    if (known == 1).any():
        settled = present
    elif (known == 0).all():
        settled = absent
    else:
        return one
    return replace(one, probability=settled, low=settled, median=settled, high=settled)


def _ranks(absent: Floats, entered: np.ndarray) -> np.ndarray:
    """Conditions that were not entered, likeliest first, row by row; ties in file order."""
    free = np.flatnonzero(~entered)
    return np.asarray(free[np.argsort(absent[:, free], axis=1, kind="stable")])


def _share(places: np.ndarray, entered: np.ndarray) -> Floats:
    """Share of rows in which each condition stands in one of the places; NaN where entered."""
    counts = np.bincount(places.reshape(-1), minlength=entered.size)
    return np.where(entered | (len(places) == 0), np.nan, counts / max(len(places), 1))


def _points(values: Floats, points: Points) -> list[Points]:
    """Points of each column of values (S, X); NaN where there are no rows."""
    if not len(values):
        return [(math.nan, math.nan, math.nan)] * values.shape[1]
    low, median, high = np.quantile(values, points, axis=0).tolist()
    return list(zip(low, median, high, strict=True))
