"""Numbers that the base rates depend on, each with the table in which it is another.

A relative rate, how often one condition brings about another, and a pretest row all stand in the
table that the base rates reproduce: when one of them is another, the base rates of all conditions
are, so that every other row of the table stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from model.kernel import Case
from model.knowledge import KnowledgeBase
from model.parameters import SEXES, Parameters, graded_rows, unnamed_rows
from model.reasons.numbers import SOLVED_AGAIN, Number
from model.vocabulary import UNKNOWN

#: How many times higher or lower a pretest row is looked for.
RANGE = 100.0

#: How much of the way to where base rates end is left out.
MARGIN = 0.1

#: A value of a number -> the table with it, not solved.
Edit = Callable[[float], Parameters]


@dataclass(frozen=True)
class Curve:
    """A number, the table for other values of it, and the values it may take."""

    number: Number
    edit: Edit
    ends: tuple[float, float]


def curves(
    knowledge: KnowledgeBase,
    base: Parameters,
    case: Case,
    conditions: Sequence[int],
    kinds: Collection[str] = SOLVED_AGAIN,
) -> Iterator[Curve]:
    """Numbers of some conditions that the base rates depend on.

    All rates of the conditions, for contexts known or not (a context denied tells of the base rate
    too); how often they and others bring each other about; how their rate differs with the age and
    sex of the patient; their pretest rows; and the unnamed row.

    Args:
        knowledge: the tables.
        base: their numbers, solved.
        case: what is known, as the engine is told it.
        conditions: places of the conditions.
        kinds: those of `SOLVED_AGAIN` that are wanted.
    """
    if "rate" in kinds:
        yield from _rates(knowledge, base, conditions)
    if "age_sex" in kinds:
        yield from _age_sex(knowledge, base, case, conditions)
    if "condition_link" in kinds:
        yield from _condition_links(knowledge, base, conditions)
    if "pretest" in kinds:
        for i in conditions:
            row = knowledge.condition[i]
            value = float(base.pretest[i])
            number = Number("pretest", "pretest.csv", (row.id,), row.label, "", value)
            yield Curve(number, _pretest(base, i), _pretest_ends(base, i))
    if "unnamed" in kinds:
        yield _unnamed(base)


def _rates(
    knowledge: KnowledgeBase, base: Parameters, conditions: Sequence[int]
) -> Iterator[Curve]:
    words = {(one.context, one.condition): one.word for one in knowledge.context_link}
    most = max(one.rate for one in knowledge.scale.rate.values())

    def edit(k: int, i: int) -> Edit:
        def edited(value: float) -> Parameters:
            excess = base.excess.copy()
            excess[k, i] = value - 1.0
            return replace(base, excess=excess)

        return edited

    for i in conditions:
        row = knowledge.condition[i]
        for k, context in enumerate(knowledge.binary_contexts):
            if base.excess[k, i] > 0.0:
                of, value = (context.id, row.id), float(base.excess[k, i]) + 1.0
                label = f"{context.label}: {row.label}"
                number = Number("rate", "context_links.csv", of, label, words[of], value)
                yield Curve(number, edit(k, i), (1.0, most))


def _age_sex(
    knowledge: KnowledgeBase, base: Parameters, case: Case, conditions: Sequence[int]
) -> Iterator[Curve]:
    scale = knowledge.scale.multiplier
    rates = [one.rate for one in scale.values()]
    if not next(row for row in knowledge.setting if row.id == base.setting).age_and_sex:
        return
    bands = {band.id: (place, band.label) for place, band in enumerate(knowledge.age_band)}
    sexes = {sex: (place, sex) for place, sex in enumerate(SEXES)}

    def edit(axis: int, place: int, i: int, old: float) -> Edit:
        def edited(value: float) -> Parameters:
            multiplier = base.multiplier.copy()
            part = multiplier[place, :, i] if axis == 0 else multiplier[:, place, i]
            part *= value / old
            return replace(base, multiplier=multiplier)

        return edited

    for row in knowledge.age_sex:
        i = knowledge.condition_index[row.condition]
        if i not in conditions or (base.basis != "all" and row.basis != "documents"):
            continue
        written = row.model_dump(by_alias=True)
        for axis, (known, names) in enumerate(((case.band, bands), (case.sex, sexes))):
            for name, (place, group) in names.items():
                if known not in {UNKNOWN, place}:
                    continue
                word, of = written[name], (row.condition, name)
                value = scale[word].rate
                label = f"{knowledge.condition[i].label}: {group}"
                number = Number("age_sex", "age_sex.csv", of, label, word, value)
                yield Curve(number, edit(axis, place, i, value), (min(rates), max(rates)))


def _condition_links(
    knowledge: KnowledgeBase, base: Parameters, conditions: Sequence[int]
) -> Iterator[Curve]:
    index, labels = knowledge.condition_index, knowledge.labels
    chances = [one.probability for one in knowledge.scale.frequency.values()]

    def edit(j: int, i: int) -> Edit:
        def edited(value: float) -> Parameters:
            cause = base.cause.copy()
            cause[j, i] = value
            return replace(base, cause=cause)

        return edited

    for row in knowledge.condition_link:
        j, i = index[row.cause], index[row.condition]
        if base.cause[j, i] > 0.0 and not {j, i}.isdisjoint(conditions):
            of, value = (row.cause, row.condition), float(base.cause[j, i])
            label = f"{labels[row.cause]}: {labels[row.condition]}"
            number = Number("condition_link", "condition_links.csv", of, label, row.word, value)
            yield Curve(number, edit(j, i), (min(chances), max(chances)))


def _pretest(base: Parameters, i: int) -> Edit:
    """Another row of the pretest table; what is averaged by it is averaged again."""

    def edited(value: float) -> Parameters:
        pretest = base.pretest.copy()
        pretest[i] = value
        row = graded_rows(base.written, base.stated, pretest)
        unnamed, unnamed_row = unnamed_rows(base.structure, base.link, row, pretest)
        return replace(base, pretest=pretest, row=row, unnamed=unnamed, unnamed_row=unnamed_row)

    return edited


def _pretest_ends(base: Parameters, i: int) -> tuple[float, float]:
    """Within the window 1 - sum of rows < unnamed < product of (1 - row), and within `RANGE`."""
    t, u = float(base.pretest[i]), base.unnamed_pretest
    rest = np.delete(base.pretest, i)
    low = max(0.0, 1.0 - u - float(rest.sum()))
    high = 1.0 - u / float(np.prod(1.0 - rest))
    return max(t / RANGE, low + MARGIN * (t - low)), min(t * RANGE, high - MARGIN * (high - t))


def _unnamed(base: Parameters) -> Curve:
    u = base.unnamed_pretest
    low = max(0.0, 1.0 - float(base.pretest.sum()))
    high = float(np.prod(1.0 - base.pretest))
    number = Number("unnamed", "pretest.csv", ("unnamed",), "Causes not modelled", "", u)
    ends = max(u / RANGE, low + MARGIN * (u - low)), high - MARGIN * (high - u)
    return Curve(number, lambda value: replace(base, unnamed_pretest=value), ends)
