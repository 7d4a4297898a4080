"""Where a number comes from: the rows of the tables that tie an item to a condition.

A line of the ledger is a posterior's doing, and no single row carries it. What an item can say of a
condition at all, it says through the rows named here: with their word, number, source and reason.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from model import tables as t
from model.errors import InputError, Problem
from model.numbers import rounded
from model.reasoner import Reasoner
from model.reasons.support import Pair, Place, Row, pair_of, refined, support
from model.tables import FILES
from model.vocabulary import Item

#: What a row has to do with the item and the condition, in the order in which rows are listed.
ROLES = (
    "link",  # the condition makes the finding appear
    "parent",  # ... and first the one that it refines
    "grades",  # the condition's share of each grade
    "average",  # no source states the grades: the average row stands in
    "rate",  # the context, age or sex changes how often the condition comes
    "cause",  # the condition known brings the other about, or is brought about by it
    "through",  # by way of another condition or context
    "rival",  # the context makes a finding appear that the condition would explain too
    "leak",  # the finding appears for no reason modelled
    "background",  # a context makes the finding appear
    "unnamed",  # the unnamed cause behaves like the average condition
    "pretest",  # how common the condition is
    "prevalence",  # how common the context, age or sex is
)

_FILE = {record: name for name, kinds in FILES.items() for _, record in kinds}


@dataclass(frozen=True, slots=True)
class Origin:
    """One row of the tables, and what it has to do with the item and the condition.

    Attributes:
        role: one of `ROLES`.
        file: where the row stands; of: the two ids it ties together (or one and "").
        word: as written there; frequencies as text.
        number: what it stands for: a probability, a relative rate, or how many of 1,000 (divided by
            1,000); NaN when it is a list.
        said: the number as it is read out.
        basis: "documents", "supplement", or "" for tables that have none.
        used: whether it takes part under this reasoner's basis.
        confidence, reason: as written there.
        places: what the documents say that supports it.
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


@dataclass(frozen=True, slots=True)
class Provenance:
    """Every row through which an item can bear on a condition.

    Attributes:
        item, condition: the ids.
        value: the value asked about, or "".
        shown: P(the condition by itself shows the value), for a finding (present when no value is
            given); else NaN.
        direct: whether a row ties the two together at all. If none does, the item speaks of the
            condition only through what else would explain it.
        origins: the rows, in the order of `ROLES`.
        aside: what the documents say of the two that became no link.
    """

    item: str
    condition: str
    value: str
    shown: float
    direct: bool
    origins: tuple[Origin, ...]
    aside: tuple[Place, ...]

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
                    "confidence": one.confidence,
                    "reason": one.reason,
                    "places": [place(where) for where in one.places],
                }
                for one in self.origins
            ],
            "aside": [place(one) for one in self.aside],
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
    vocabulary = reasoner.vocabulary
    found = vocabulary.index.get(item)
    problems = []
    if found is None:
        problems.append(
            Problem("unknown_item", item, "is not in the vocabulary.", vocabulary.suggest(item))
        )
    elif value is not None and value not in found.values:
        allowed = f"is not a value of {item}."
        problems.append(Problem("bad_value", item, allowed, f"Use {', '.join(found.values)}."))
    if condition not in reasoner.knowledge.condition_index or item == condition:
        remedy = vocabulary.suggest(condition) if item != condition else "Name another one."
        problems.append(Problem("unknown_item", condition, "is not another condition.", remedy))
    if problems or found is None:
        raise InputError(problems)
    trail = _Trail(reasoner, found, condition, value)
    origins = sorted(trail.origins(), key=lambda one: ROLES.index(one.role))
    ties = {"link", "parent", "grades", "rate", "cause", "through"}
    return Provenance(
        item=item,
        condition=condition,
        value=value or "",
        shown=trail.shown(),
        direct=any(one.role in ties and one.used for one in origins),
        origins=tuple(origins),
        aside=tuple(trail.aside.get((item, condition), []))
        + tuple(trail.aside.get((condition, item), [])),
    )


class _Trail:
    """Follows one item to one condition through the tables."""

    def __init__(self, reasoner: Reasoner, item: Item, condition: str, value: str | None) -> None:
        self.reasoner = reasoner
        self.knowledge = reasoner.knowledge
        self.parameters = reasoner.parameters
        self.item, self.condition, self.value = item, condition, value
        self.supporting, self.aside = support(self.knowledge)

    def shown(self) -> float:
        """P(the condition by itself shows the value)."""
        if self.item.kind != "finding":
            return math.nan
        place = self.knowledge.condition_index[self.condition]
        column = self.item.column
        if self.item.graded:
            if self.value is None:
                return math.nan
            row = self.parameters.row[place, self.parameters.structure.graded[column]]
            return float(row[self.item.values.index(self.value)])
        share = float(self.reasoner.engine.graph.shown[place, column])
        return 1.0 - share if self.value == "absent" else share

    def origins(self) -> Iterator[Origin]:
        """Every row, in no order."""
        if self.item.kind == "finding":
            yield from self._finding()
        elif self.item.kind == "context":
            yield from self._context()
        elif self.item.kind == "condition":
            yield from self._condition()
        else:
            yield from self._age_sex((self.value,) if self.value else self.item.values)
            for row in self.knowledge.prevalence:
                name, _, value = row.id.partition("=")
                if name == self.item.id and value == (self.value or value):
                    yield self._share("prevalence", row)
        yield from (
            self._share("pretest", row)
            for row in self.knowledge.pretest
            if row.id == self.condition
        )

    def _finding(self) -> Iterator[Origin]:
        knowledge, condition = self.knowledge, self.condition
        for name in (self.item.id, *refined(knowledge, self.item.id)):
            role = "link" if name == self.item.id else "parent"
            for link in knowledge.link:
                if (link.condition, link.finding) == (condition, name):
                    yield self._link(role, link)
            for row in knowledge.graded:
                if (row.condition, row.finding) == (condition, name):
                    yield from self._graded(row)
            for leak in knowledge.leak:
                if leak.finding == name:
                    yield self._leak(leak)
            for graded in knowledge.graded_leak:
                if graded.finding == name:
                    yield self._row("leak", graded, (name, ""))
            for background in knowledge.context_finding:
                if background.finding == name:
                    yield self._link("background", background)
        for leads in knowledge.condition_link:
            for link in knowledge.link:
                ends = leads.cause, leads.condition, link.finding
                if ends == (condition, link.condition, self.item.id):
                    yield self._link("through", leads)
                    yield self._link("through", link)
        yield self._unnamed()

    def _context(self) -> Iterator[Origin]:
        knowledge, context = self.knowledge, self.item.id
        contexts = {context, *self._implied(context)}
        for row in knowledge.context_link:
            if row.context in contexts and row.condition == self.condition:
                yield self._link("rate" if row.context == context else "through", row)
        for leads in knowledge.condition_link:
            for row in knowledge.context_link:
                ends = row.condition, leads.condition
                if row.context in contexts and ends == (leads.cause, self.condition):
                    yield self._link("through", row)
                    yield self._link("through", leads)
        shows = {row.finding for row in knowledge.link if row.condition == self.condition}
        for rival in knowledge.context_finding:
            if rival.context == context and rival.finding in shows:
                yield self._link("rival", rival)
        yield from (self._share("prevalence", r) for r in knowledge.prevalence if r.id == context)

    def _condition(self) -> Iterator[Origin]:
        both = {self.item.id, self.condition}
        for row in self.knowledge.condition_link:
            if {row.cause, row.condition} == both:
                yield self._link("cause", row)
        yield from (
            self._share("pretest", row) for row in self.knowledge.pretest if row.id == self.item.id
        )

    def _implied(self, context: str) -> list[str]:
        """Contexts that are there when this one is."""
        found = []
        rows = {row.id: row for row in self.knowledge.binary_contexts}
        while context := rows[context].implies:
            found.append(context)
        return found

    def _age_sex(self, values: tuple[str, ...]) -> Iterator[Origin]:
        scale = self.knowledge.scale.multiplier
        columns = {band.id: f"age_{band.id}" for band in self.knowledge.age_band}
        for row in self.knowledge.age_sex:
            if row.condition != self.condition:
                continue
            for value in values:
                fields = [name for name in (value, columns.get(value, "")) if hasattr(row, name)]
                word = getattr(row, fields[0])
                yield self._origin(
                    "rate", row, (f"{self.item.id}={value}", self.condition), word,
                    scale[word].rate, f"{scale[word].said} (times the rate)",
                )  # fmt: skip

    def _link(
        self, role: str, row: t.Link | t.ContextLink | t.ContextFinding | t.ConditionLink
    ) -> Origin:
        scale = self.knowledge.scale
        if isinstance(row, t.ContextLink):
            rate = scale.rate[row.word]
            said = f"{rate.said} (the rate without it)"
            return self._origin(role, row, pair_of(row), row.word, rate.rate, said)
        often = scale.frequency[row.word]
        return self._origin(role, row, pair_of(row), row.word, often.probability, often.said)

    def _graded(self, row: t.GradedRow) -> Iterator[Origin]:
        place = self.knowledge.condition_index[row.condition]
        column = self.parameters.structure.graded[self.knowledge.finding_index[row.finding]]
        stated = bool(self.parameters.stated[place, column])
        yield self._row("grades", row, pair_of(row), used=stated)
        if not stated:
            finding = self.knowledge.finding[self.knowledge.finding_index[row.finding]]
            shares = 100 * self.parameters.row[place, column][: len(finding.values)]
            yield Origin(
                role="average",
                file="graded.csv",
                of=pair_of(row),
                word=" ".join(f"{share:.3g}" for share in shares),
                number=math.nan,
                said=self._grades(finding, shares),
                basis="",
                used=True,
                confidence="",
                reason="No row takes part here: the mean of all rows, weighted by pretest.",
                places=(),
            )

    def _row(
        self, role: str, row: t.GradedRow | t.GradedLeak, of: Pair, *, used: bool = True
    ) -> Origin:
        finding = self.knowledge.finding[self.knowledge.finding_index[row.finding]]
        number = math.nan
        if self.value in finding.values and finding.id == self.item.id:
            number = row.frequencies[finding.values.index(self.value)] / sum(row.frequencies)
        text = " ".join(f"{one:g}" for one in row.frequencies)
        said = self._grades(finding, row.frequencies)
        return self._origin(role, row, of, text, number, said, used=used)

    @staticmethod
    def _grades(finding: t.Finding, shares: Any) -> str:
        pairs = zip(finding.values, shares, strict=True)
        return "of 100: " + ", ".join(f"{grade} {share:.3g}" for grade, share in pairs)

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

    def _unnamed(self) -> Origin:
        column = self.item.column
        reason = "The average of the conditions' own numbers, weighted by pretest."
        graded = self.parameters.structure.graded[column]
        if graded >= 0:
            finding = self.knowledge.finding[column]
            shares = 100 * self.parameters.unnamed_row[graded][: len(finding.values)]
            said, number = self._grades(finding, shares), math.nan
        else:
            number = float(self.parameters.unnamed[column])
            said = f"{1000 * number:.3g} in 1,000"
        return Origin(
            "unnamed", "", ("unnamed", self.item.id), "", number, said, "", True, "", reason, ()
        )

    def _share(self, role: str, row: t.Pretest | t.Prevalence) -> Origin:
        count = float(getattr(row, self.parameters.setting))
        said = f"{count:g} in 1,000"
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
        used: bool | None = None,
    ) -> Origin:
        basis = getattr(row, "basis", "")
        places = self.supporting.get(pair_of(row), []) if isinstance(row, Row) else []
        if used is None:
            used = basis != "supplement" or self.parameters.basis == "all"
        return Origin(
            role=role,
            file=_FILE[type(row)],
            of=of,
            word=word,
            number=number,
            said=said,
            basis=basis,
            used=used,
            confidence=getattr(row, "confidence", ""),
            reason=getattr(row, "reason", ""),
            places=tuple(places) if basis == "documents" else (),
        )
