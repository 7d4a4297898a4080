"""Where a number comes from: the rows of the tables that tie an item to a condition.

A line of the ledger is a posterior's doing, and no single row carries it. What an item can say of a
condition at all, it says through the rows named here: with their word, number, source and reason.
Whether the two hang together, and by what ways, `model.reasons.ties` says.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from model import tables as t
from model.errors import InputError, Problem
from model.numbers import rounded
from model.parameters import SEXES
from model.reasoner import Reasoner
from model.reasons.support import Pair, Place, Row, pair_of, refined, support
from model.reasons.ties import Path, Route, Ties
from model.tables import FILES
from model.vocabulary import Item

#: What a row has to do with the item and the condition, in the order in which rows are listed.
#: What the item refines stands before the item itself: a number is stated of those who show that.
ROLES = (
    "grades",  # the condition's share of each grade
    "average",  # no source states the grades: the average row stands in
    "parent",  # the condition shows what the finding refines
    "link",  # ... and of those who show that, in how many it makes the finding appear
    "rate",  # the context, age or sex changes how often the condition comes
    "cause",  # the condition known brings the other about, or is brought about by it
    "through",  # by way of other conditions or contexts (`Provenance.ways`)
    "rival",  # the context makes a finding appear that the condition would explain too
    "leak",  # the finding appears for no reason modelled
    "background",  # a context makes the finding appear
    "unnamed",  # the unnamed cause behaves like the average condition
    "pretest",  # how common the condition is
    "prevalence",  # how common the context, age or sex is
)

#: Ways kept, the strongest first; the rest are counted.
WAYS = 8

_FILE = {record: name for name, kinds in FILES.items() for _, record in kinds}


@dataclass(frozen=True, slots=True)
class Origin:
    """One row of the tables, and what it has to do with the item and the condition.

    Attributes:
        role: one of `ROLES`.
        file: where the row stands; of: the two ids it ties together (or one and "").
        word: as written there; frequencies as text.
        number: what it stands for: a probability, a relative rate, or how many of 1,000 (divided by
            1,000); NaN when it is a list. For a finding that refines another it is stated of those
            who show that; for grades it is the share of the one asked about, or of those that the
            item refines.
        said: the number as it is read out.
        basis: "documents", "supplement", or "" for tables that have none.
        used: whether it takes part under this reasoner's basis.
        confidence, reason: as written there.
        places: what the documents say that supports it.
        whole: for a finding that refines another: the number altogether, this row multiplied by
            those of what it refines; NaN where `number` is the whole already, and for leaks.
        note: why it takes no part, where it does not.
    """

    role: str
    file: str
    of: Pair
    word: str
    number: float
    said: str
    basis: str
    used: bool
    confidence: str
    reason: str
    places: tuple[Place, ...]
    whole: float = math.nan
    note: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """A way between the item and the condition that takes more than one row.

    Attributes:
        to_item, to_condition: ids from what they share down to each (see `model.reasons.ties`).
        strength: roughly, in what share of people with the complaint it is gone; for the order.
        origins: the rows on the way, to the condition first.
    """

    to_item: Path
    to_condition: Path
    strength: float
    origins: tuple[Origin, ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Every row through which an item can bear on a condition.

    Attributes:
        item, condition: the ids.
        value: the value asked about, or "".
        shown: P(the condition by itself shows the value), for a finding (present when no value is
            given); else NaN.
        direct: whether any rows tie the two together, near or far. If none do, the item tells of
            the condition only by what it says of the complaint's other causes.
        origins: the rows, in the order of `ROLES`.
        aside: what the documents say of the two that became no link.
        ways: by way of what else they hang together, the strongest `WAYS` first.
        more: how many weaker ways there are.
        own: the strength of what ties them without a way between, as of a `Way`; 0 for none.
        vary: which of age and sex changes how often both come: while it is unknown, the item says
            something of it, and by that of the condition.
        leaks: (B,) P(the finding, or its grade, appears for no reason modelled) by age band, with
            what it refines; () for other items.
    """

    item: str
    condition: str
    value: str
    shown: float
    direct: bool
    origins: tuple[Origin, ...]
    aside: tuple[Place, ...]
    ways: tuple[Way, ...] = ()
    more: int = 0
    own: float = 0.0
    vary: tuple[str, ...] = ()
    leaks: tuple[float, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready view with six significant digits."""

        def place(one: Place) -> dict[str, Any]:
            return {
                "document": one.document,
                "locator": one.locator,
                "wording": one.wording,
                "of": list(one.of),
                "use": one.use,
                "note": one.note,
                "tag": one.tag,
                "grade": one.grade,
            }

        return {
            "item": self.item,
            "condition": self.condition,
            "value": self.value,
            "shown": rounded(self.shown),
            "direct": self.direct,
            "origins": [
                {
                    "role": one.role,
                    "file": one.file,
                    "of": [name for name in one.of if name],
                    "word": one.word,
                    "number": rounded(one.number),
                    "said": one.said,
                    "basis": one.basis,
                    "used": one.used,
                    "note": one.note,
                    "whole": rounded(one.whole),
                    "confidence": one.confidence,
                    "reason": one.reason,
                    "places": [place(where) for where in one.places],
                }
                for one in self.origins
            ],
            "aside": [place(one) for one in self.aside],
            "ways": [
                {"to_item": list(one.to_item), "to_condition": list(one.to_condition)}
                for one in self.ways
            ],
            "more_ways": self.more,
            "vary": list(self.vary),
            "leaks": [rounded(one) for one in self.leaks],
        }


def provenance(
    reasoner: Reasoner, item: str, condition: str, value: str | None = None
) -> Provenance:
    """The rows that a line of the ledger of a condition rests on.

    Args:
        reasoner: the knowledge base in one setting and basis.
        item: any item of the vocabulary but the condition itself.
        condition: whose ledger it is.
        value: one of the item's values; it picks the word of an age band or sex.

    Raises:
        InputError: if the item, condition or value does not exist.
    """
    return provenances(reasoner, [(item, condition, value)])[0]


def provenances(
    reasoner: Reasoner, asked: Iterable[tuple[str, str, str | None]]
) -> tuple[Provenance, ...]:
    """As `provenance`, of many (item, condition, value): the tables are looked through once.

    Raises:
        InputError: naming every item, condition or value that does not exist.
    """
    questions = list(asked)
    problems = [problem for one in questions for problem in _problems(reasoner, *one)]
    if problems:
        raise InputError(problems)
    tables = _Tables(reasoner)
    items = reasoner.vocabulary.index
    return tuple(
        _provenance(_Trail(tables, items[item], condition, value or ""))
        for item, condition, value in questions
    )


def _problems(
    reasoner: Reasoner, item: str, condition: str, value: str | None
) -> Iterator[Problem]:
    vocabulary = reasoner.vocabulary
    found = vocabulary.index.get(item)
    if found is None:
        yield Problem("unknown_item", item, "is not in the vocabulary.", vocabulary.suggest(item))
    elif value is not None and value not in found.values:
        allowed = f"is not a value of {item}."
        yield Problem("bad_value", item, allowed, f"Use {', '.join(found.values)}.")
    if condition not in reasoner.knowledge.condition_index or item == condition:
        remedy = vocabulary.suggest(condition) if item != condition else "Name another one."
        yield Problem("unknown_item", condition, "is not another condition.", remedy)


def _provenance(trail: _Trail) -> Provenance:
    tables, item, condition = trail.tables, trail.item, trail.condition
    routes = tables.ties.routes(item, condition, trail.value)
    ways = tuple(trail.way(route) for route in routes[:WAYS])
    through = dict.fromkeys(one for way in ways for one in way.origins)
    origins = sorted([*trail.origins(), *through], key=lambda one: ROLES.index(one.role))
    return Provenance(
        item=item.id,
        condition=condition,
        value=trail.value,
        shown=trail.shown(),
        direct=tables.ties.tied(item, condition),
        origins=tuple(origins),
        aside=tuple(tables.aside.get((item.id, condition), []))
        + tuple(tables.aside.get((condition, item.id), [])),
        ways=ways,
        more=len(routes) - len(ways),
        own=tables.ties.own(item, condition, trail.value),
        vary=tables.ties.both_vary(item, condition),
        leaks=trail.leaks(),
    )


class _Tables:
    """The tables of a reasoner by what their rows tie together, and what documents say of them."""

    def __init__(self, reasoner: Reasoner) -> None:
        self.reasoner = reasoner
        self.knowledge = knowledge = reasoner.knowledge
        self.parameters = reasoner.parameters
        self.ties = Ties(reasoner)
        self.supporting, self.aside = support(knowledge)
        self.link = {pair_of(row): row for row in knowledge.link}
        self.graded = {pair_of(row): row for row in knowledge.graded}
        self.context_link = {pair_of(row): row for row in knowledge.context_link}
        self.context_finding = {pair_of(row): row for row in knowledge.context_finding}
        self.condition_link = {pair_of(row): row for row in knowledge.condition_link}
        self.leak = {row.finding: row for row in knowledge.leak}
        self.graded_leak = {row.finding: row for row in knowledge.graded_leak}
        self.varies = {row.condition: row for row in knowledge.age_sex}
        self.pretest = {row.id: row for row in knowledge.pretest}
        self.prevalence = {row.id: row for row in knowledge.prevalence}
        self.implies = {row.id: row.implies for row in knowledge.binary_contexts}
        here = next(row for row in knowledge.setting if row.id == self.parameters.setting)
        self.age_and_sex = here.age_and_sex

    def finding(self, name: str) -> t.Finding:
        """The row of a finding."""
        return self.knowledge.finding[self.knowledge.finding_index[name]]


class _Trail:
    """Follows one item to one condition through the tables."""

    def __init__(self, tables: _Tables, item: Item, condition: str, value: str) -> None:
        self.tables, self.knowledge, self.parameters = tables, tables.knowledge, tables.parameters
        self.item, self.condition, self.value = item, condition, value
        #: what the item refines, roots first, then itself
        self.family = (*reversed(refined(self.knowledge, item.id)), item.id)

    def shown(self) -> float:
        """P(the condition by itself shows the value)."""
        if self.item.kind != "finding" or (self.item.graded and not self.value):
            return math.nan
        share = self.tables.ties.shown(self.condition, self.item, self.value)
        return 1.0 - share if self.value == "absent" else share

    def leaks(self) -> tuple[float, ...]:
        """P(the finding, or its grade, is there for no reason modelled) by age band."""
        bands = len(self.parameters.age)
        if self.item.kind != "finding" or (self.item.graded and not self.value):
            return ()
        if self.item.graded:
            row = self.parameters.leak_row[self.parameters.structure.graded[self.item.column]]
            return (float(row[self.item.values.index(self.value)]),) * bands
        shown = self.tables.reasoner.engine.graph.shown[-bands:, self.item.column]
        return tuple(float(one) for one in shown)

    def origins(self) -> Iterator[Origin]:
        """Every row but those on the ways; a finding follows what it refines."""
        tables = self.tables
        if self.item.kind == "finding":
            yield from self._finding()
        elif self.item.kind == "context":
            yield from self._context()
        elif self.item.kind == "condition":
            yield from self._condition()
        else:
            yield from self._age_sex("rate", self.item.id, self.condition)
            for value in self._values():
                yield self._share("prevalence", tables.prevalence[f"{self.item.id}={value}"])
        yield self._share("pretest", tables.pretest[self.condition])

    def way(self, route: Route) -> Way:
        """The rows of a route."""
        steps = [*pairwise(route.to_condition), *pairwise(route.to_item)]
        origins = tuple(one for cause, effect in steps for one in self._step(cause, effect))
        return Way(route.to_item, route.to_condition, route.strength, origins)

    def _step(self, cause: str, effect: str) -> Iterator[Origin]:
        """The rows by which one leads to the next."""
        tables, pair = self.tables, (cause, effect)
        if effect == self.item.id and self.item.kind == "finding":
            yield from (one for one in self._shows("through", cause) if one.used)
        elif pair in tables.context_link:
            yield self._link("through", tables.context_link[pair])
        elif pair in tables.condition_link:
            yield self._link("through", tables.condition_link[pair])
        elif cause == self.item.id and self.item.kind in ("age", "sex"):
            yield from self._age_sex("through", cause, effect)
        else:
            yield self._implied(cause, effect)

    def _values(self) -> tuple[str, ...]:
        return (self.value,) if self.value else self.item.values

    def _shows(self, role: str, cause: str) -> Iterator[Origin]:
        """The rows by which a condition or context shows the item: what it refines comes first."""
        tables, here = self.tables, self.item.id
        rows: dict[Pair, t.Link | t.ContextFinding] = {**tables.link, **tables.context_finding}
        if not self.item.graded and (cause, here) not in rows:
            return
        for name in self.family:
            if tables.parameters.structure.graded[self.knowledge.finding_index[name]] >= 0:
                if cause in self.knowledge.condition_index:
                    yield from self._graded(role, cause, name)
            elif (cause, name) in rows:
                whole = math.nan
                if name == here and len(self.family) > 1:
                    whole = tables.ties.shown(cause, self.item, "")
                own = role
                if role == "link" and name != here:
                    own = "parent"
                yield self._link(own, rows[cause, name], whole)

    def _finding(self) -> Iterator[Origin]:
        tables = self.tables
        yield from self._shows("link", self.condition)
        for name in self.family:
            if name in tables.leak:
                yield self._leak(tables.leak[name])
            if name in tables.graded_leak:
                yield self._row("leak", tables.graded_leak[name], (name, ""))
        for context in self.knowledge.context_index:
            yield from self._shows("background", context)
        for name in self.family:
            yield self._unnamed(name)

    def _context(self) -> Iterator[Origin]:
        tables, context = self.tables, self.item.id
        if (context, self.condition) in tables.context_link:
            yield self._link("rate", tables.context_link[context, self.condition])
        for (cause, finding), rival in tables.context_finding.items():
            if cause == context and (self.condition, finding) in tables.link:
                yield self._link("rival", rival)
        yield self._share("prevalence", tables.prevalence[context])

    def _condition(self) -> Iterator[Origin]:
        for pair in ((self.item.id, self.condition), (self.condition, self.item.id)):
            if pair in self.tables.condition_link:
                yield self._link("cause", self.tables.condition_link[pair])
        yield self._share("pretest", self.tables.pretest[self.item.id])

    def _age_sex(self, role: str, name: str, condition: str) -> Iterator[Origin]:
        row = self.tables.varies.get(condition)
        if row is None:
            return
        scale = self.knowledge.scale.multiplier
        columns = {band.id: f"age_{band.id}" for band in self.knowledge.age_band}
        off = "" if self.tables.age_and_sex else "in this setting age and sex change no rate"
        for value in self._values():
            fields = [one for one in (value, columns.get(value, "")) if hasattr(row, one)]
            word = getattr(row, fields[0])
            found = self._origin(
                role, row, (f"{name}={value}", condition), word,
                scale[word].rate, f"{scale[word].said} (against its usual rate)", off=off,
            )  # fmt: skip
            places = [one for one in found.places if (one.grade in SEXES) == (name == "sex")]
            yield replace(found, places=tuple(places))

    def _implied(self, context: str, other: str) -> Origin:
        """A context that another implies leads to it, as often as the other is there with it."""
        share = self._share("through", self.tables.prevalence[other])
        row = self.knowledge.binary_contexts[self.knowledge.context_index[other]]
        return self._origin(
            "through", row, (context, other), share.word, share.number, share.said,
            reason=share.reason,
        )  # fmt: skip

    def _link(
        self,
        role: str,
        row: t.Link | t.ContextLink | t.ContextFinding | t.ConditionLink,
        whole: float = math.nan,
    ) -> Origin:
        scale = self.knowledge.scale
        if isinstance(row, t.ContextLink):
            rate = scale.rate[row.word]
            said = rate.said if "without" in rate.said else f"{rate.said} the rate without it"
            return self._origin(role, row, pair_of(row), row.word, rate.rate, said)
        often = scale.frequency[row.word]
        return self._origin(
            role, row, pair_of(row), row.word, often.probability, often.said, whole=whole
        )

    def _graded(self, role: str, condition: str, name: str) -> Iterator[Origin]:
        """The row of grades, and the average row where that takes no part."""
        place = self.knowledge.condition_index[condition]
        column = self.parameters.structure.graded[self.knowledge.finding_index[name]]
        stated = bool(self.parameters.stated[place, column])
        row = self.tables.graded.get((condition, name))
        if row is not None:
            own = "grades" if role == "link" else role
            yield self._row(own, row, pair_of(row), used=stated)
        if stated:
            return
        finding = self.tables.finding(name)
        shares = self.parameters.row[place, column][: len(finding.values)]
        yield Origin(
            role="average" if role == "link" else role,
            file="graded.csv",
            of=(condition, name),
            word=" ".join(f"{100 * share:.3g}" for share in shares),
            number=self._asked_for(finding, shares),
            said=self._grades(finding, 100 * shares),
            basis="",
            used=True,
            confidence="",
            reason="No row takes part here: the mean of all rows, weighted by pretest.",
            places=(),
        )

    def _row(
        self, role: str, row: t.GradedRow | t.GradedLeak, of: Pair, *, used: bool = True
    ) -> Origin:
        finding = self.tables.finding(row.finding)
        number = self._asked_for(finding, np.array(row.frequencies) / sum(row.frequencies))
        text = " ".join(f"{one:g}" for one in row.frequencies)
        said = self._grades(finding, row.frequencies)
        return self._origin(role, row, of, text, number, said, used=used)

    def _asked_for(self, finding: t.Finding, shares: Any) -> float:
        """The share of the grade asked about, or of those that the item refines; NaN for none."""
        grades: tuple[str, ...] = (self.value,) if finding.id == self.item.id else ()
        for child in self.family[1:]:
            parent, wanted = self.knowledge.parent_of(self.tables.finding(child))
            if parent == finding.id:
                grades = wanted
        if not any(grades):
            return math.nan
        return float(sum(shares[finding.values.index(grade)] for grade in grades))

    @staticmethod
    def _grades(finding: t.Finding, shares: Any) -> str:
        pairs = zip(finding.values, shares, strict=True)
        return "of 100: " + ", ".join(f"{name.replace('_', ' ')} {one:.3g}" for name, one in pairs)

    def _leak(self, row: t.Leak) -> Origin:
        bands = self.knowledge.age_band
        words = [str(getattr(row, f"age_{b.id}", getattr(row, b.id, ""))) for b in bands]
        scale = self.knowledge.scale.frequency
        said = ", ".join(
            f"{band.label}: {scale[word].said}" for band, word in zip(bands, words, strict=True)
        )
        same = len(set(words)) == 1
        number = scale[words[0]].probability if same else math.nan
        text = words[0] if same else " ".join(words)
        said = f"{scale[words[0]].said} at any age" if same else said
        return self._origin("leak", row, (row.finding, ""), text, number, said)

    def _unnamed(self, name: str) -> Origin:
        """What the unnamed cause shows of the item, or of what it refines."""
        reason = "The average of the conditions' own numbers, weighted by pretest."
        finding = self.tables.finding(name)
        column = self.knowledge.finding_index[name]
        graded = self.parameters.structure.graded[column]
        whole = math.nan
        if graded >= 0:
            shares = self.parameters.unnamed_row[graded][: len(finding.values)]
            said, number = self._grades(finding, 100 * shares), self._asked_for(finding, shares)
        else:
            number = float(self.parameters.unnamed[column])
            said = f"{1000 * number:.3g} in 1,000"
            if name == self.item.id and len(self.family) > 1:
                place = len(self.knowledge.condition_index) + len(self.knowledge.context_index)
                whole = float(self.tables.reasoner.engine.graph.shown[place, column])
        return Origin(
            "unnamed", "", ("unnamed", name), "", number, said, "", True, "", reason, (), whole
        )

    def _share(self, role: str, row: t.Pretest | t.Prevalence) -> Origin:
        count = float(getattr(row, self.parameters.setting))
        said = f"{count:g} in 1,000"
        implied = self.tables.implies.get(row.id, "")
        if implied:
            said += f" of those with {self.knowledge.labels[implied]}"
        return self._origin(role, row, (row.id, ""), f"{count:g}", count / 1000, said)

    def _origin(
        self,
        role: str,
        row: t.Row,
        of: Pair,
        word: str,
        number: float,
        said: str,
        *,
        used: bool = True,
        whole: float = math.nan,
        off: str = "",
        reason: str = "",
    ) -> Origin:
        basis = getattr(row, "basis", "")
        if basis == "supplement" and self.parameters.basis != "all":
            off = "supplements are left out"
        places = self.tables.supporting.get(pair_of(row), []) if isinstance(row, Row) else []
        return Origin(
            role=role,
            file=_FILE[type(row)],
            of=of,
            word=word,
            number=number,
            said=said,
            basis=basis,
            used=used and not off,
            confidence=getattr(row, "confidence", ""),
            reason=reason or getattr(row, "reason", ""),
            places=tuple(places) if basis == "documents" else (),
            whole=whole,
            note=off,
        )
