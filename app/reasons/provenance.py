"""Where a number comes from, in plain lines: each row with its word, basis, place and reason."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from app.report import WIDTH
from model.evidence import Evidence
from model.knowledge import KnowledgeBase
from model.reasoner import Reasoner
from model.reasons.provenance import Origin, Provenance, Way
from model.reasons.support import Place, refined
from model.vocabulary import UNKNOWN

MEANING: Final = (
    "WHERE IT COMES FROM: the rows of the tables through which an item can bear on a condition. A "
    "weight is the work of all of them, and of everything else entered."
)

#: Ways printed, and how strong one must be beside the strongest tie; the rest are counted.
LISTED: Final = 3
FAINT: Final = 0.1

_ROLE: Final = {
    "rate": "How often it comes is multiplied by",
    "cause": "One brings the other about in",
    "rival": "The context shows by itself",
    "pretest": "In this setting, before anything is known",
    "prevalence": "How common it is in this setting",
}

#: Chains, each row of which is stated of those whom the row before leaves.
_CHAIN: Final = {
    "grades": "By itself the condition shows",
    "average": "By itself the condition shows",
    "parent": "By itself the condition shows",
    "link": "By itself the condition shows",
    "leak": "For no reason modelled",
    "background": "Because of a context",
    "unnamed": "A cause that is not modelled would show",
}

#: How a statement was read where it does not say it outright.
_TAG: Final = {
    "": "",
    "class": ", of a wider group",
    "implied": ", by implication",
    "definition": ", by what the word means",
}

#: Pieces of a statement that are notes of where it was found, and no words of the document.
_NOTES: Final = frozenset({"definition", "listed cause", "listed feature", "listed test"})


class _Teller:
    """Puts what is known of one item and one condition into words."""

    def __init__(self, found: Provenance, knowledge: KnowledgeBase) -> None:
        self.found, self.knowledge = found, knowledge
        self.labels = {**knowledge.labels, "unnamed": "a cause that is not modelled"}
        self.bands = {band.id: band.label for band in knowledge.age_band}

    def name(self, text: str) -> str:
        """An id, or an age or sex with its value, in words."""
        name, _, value = text.partition("=")
        label = self.labels.get(name, name.replace("_", " "))
        return f"{label} ({self.value(value)})" if value else label

    def value(self, value: str) -> str:
        """A value in words."""
        return self.bands.get(value, value.replace("_", " "))

    def title(self, *, soft: bool) -> str:
        """What is explained."""
        found = self.found
        said = "uncertain" if soft else self.value(found.value)
        value = f" ({said})" if said else ""
        return f"{self.labels[found.item]}{value} and {self.labels[found.condition]}"

    def tie(self) -> str:
        """How the two hang together, where no single row says it; "" where one does."""
        found = self.found
        if found.own:
            return ""
        if found.direct and found.ways:
            return "No single row ties the two together, but they hang together by way of others."
        text = "No row ties the two together, near or far"
        rates = [one for one in found.origins if one.role == "rate"]
        if rates:
            text = f"The rate is the same whatever the {found.item}"
            if not any(one.used for one in rates):
                text = f"Its row takes no part ({rates[0].note})"
        text += (
            ": the item tells of the condition only by what it says of the other causes of weak "
            "legs"
        )
        if found.vary:
            text += f", and, while unknown, of {' and '.join(found.vary)}"
        return text + "."

    def rows(self, *, pretest: bool) -> Iterator[str]:
        """The rows in blocks; ways stand after what ties the two directly."""
        condition = self.found.condition
        told = [one for one in self.found.origins if one.role != "through"]
        if not pretest:
            told = [one for one in told if (one.role, one.of[0]) != ("pretest", condition)]
        blocks = [list(block) for _, block in groupby(told, self._block)]
        near = ("own", "rate", "cause")
        yield from self._told(block for block in blocks if self._block(block[0]) in near)
        yield from self.ways()
        yield from self._told(block for block in blocks if self._block(block[0]) not in near)

    def _told(self, blocks: Iterable[Sequence[Origin]]) -> Iterator[str]:
        for block in blocks:
            if block[0].role in _CHAIN:
                yield from self._chain(block)
            else:
                for one in block:
                    yield from self.single(one)

    @staticmethod
    def _block(one: Origin) -> str:
        """What is printed together."""
        if one.role in ("grades", "average", "parent", "link"):
            return "own"
        return f"{one.role} {one.of[0]}" if one.role == "background" else one.role

    def single(self, one: Origin) -> Iterator[str]:
        """A row that stands by itself."""
        names = " -> ".join(self.name(name) for name in one.of if name)
        yield from _wrap(f"{_ROLE[one.role]}: {_often(one)} [{names}]{_off(one)}")
        yield from self._source(one)

    def _chain(self, block: Sequence[Origin]) -> Iterator[str]:
        """Rows each of which is stated of those whom the row before leaves, and their product."""
        title = _CHAIN[block[0].role]
        if block[0].role == "background":
            title += f", {self.name(block[0].of[0])}"
        if len(block) == 1:
            yield from _wrap(f"{title}: {_often(block[0])}{_off(block[0])}")
            yield from self._source(block[0])
            return
        yield from _wrap(f"{title}:")
        last = None
        for one in block:
            yield from _wrap(f"{self._step(one, last)}{_off(one)}", "    ")
            yield from self._source(one, "      ")
            last = one
        whole = self._altogether(block)
        if whole:
            yield from _wrap(f"Altogether {whole}.", "    ")

    def _step(self, one: Origin, last: Origin | None) -> str:
        """A row of a chain: what it shows, and of whom it is stated."""
        item = self._shown(one)
        of = "of those, " if last is not None and self._shown(last) in self._refined(item) else ""
        text = f"{of}{self.name(item)}: {_often(one)}"
        asked = self._wanted(item, one)
        return f"{text} ({asked})" if asked else text

    def _wanted(self, finding: str, one: Origin) -> str:
        """Of a row of grades that the item refines: the share of those that matter to it."""
        if finding == self.found.item or not one.said.startswith("of 100"):
            return ""
        grades: tuple[str, ...] = ()
        for child in (self.found.item, *self._refined(self.found.item)):
            row = self.knowledge.finding[self.knowledge.finding_index[child]]
            parent, wanted = self.knowledge.parent_of(row)
            if parent == finding:
                grades = wanted
        return f"{' or '.join(map(self.value, grades))} {one.number * 100:.3g}"

    @staticmethod
    def _shown(one: Origin) -> str:
        return one.of[1] or one.of[0]

    def _refined(self, finding: str) -> tuple[str, ...]:
        return refined(self.knowledge, finding)

    def _altogether(self, block: Sequence[Origin]) -> str:
        """What a chain comes to; "" for one row, which says it itself."""
        found = self.found
        if len(block) < 2 or not all(one.used for one in block):
            return ""
        if block[0].role == "leak":
            if len(set(found.leaks)) == 1:
                return f"{_about(found.leaks[0])} at any age"
            bands = zip(self.knowledge.age_band, found.leaks, strict=True)
            return "; ".join(f"{band.label}: {_about(share)}" for band, share in bands)
        whole = block[-1].whole
        return "" if math.isnan(whole) else _about(whole)

    def ways(self) -> Iterator[str]:
        """The ways worth reading, and how many there are besides."""
        found = self.found
        least = FAINT * max([found.own, *(way.strength for way in found.ways)], default=0.0)
        told = [way for way in found.ways if way.strength >= least][:LISTED]
        seen: set[Origin] = set()
        for way in told:
            yield from _wrap(f"By way of others: {self._path(way)}")
            for last, one in zip((None, *way.origins), way.origins, strict=False):
                if one not in seen:  # a row that ways share stands once
                    yield from self._leads(one, last)
            seen.update(way.origins)
        rest = len(found.ways) - len(told) + found.more
        if rest:
            ways = "1 weaker indirect way is" if rest == 1 else f"{rest} weaker indirect ways are"
            yield from _wrap(f"{ways} not shown.")

    def _path(self, way: Way) -> str:
        """A way as arrows: one where an end leads to the other, else two from what both share."""
        paths = [" -> ".join(map(self.name, p)) for p in (way.to_condition, way.to_item) if p[1:]]
        return "; and ".join(paths)

    def _leads(self, one: Origin, last: Origin | None) -> Iterator[str]:
        cause, effect = one.of
        below = last is not None and last.of[0] == cause and last.of[1] in self._refined(effect)
        text = f"{'of those, ' if below else ''}{self.name(cause)} -> {self.name(effect)}"
        text += f": {_often(one)}"
        asked = self._wanted(effect, one)
        if asked:
            text += f" ({asked})"
        if not math.isnan(one.whole):
            text += f"; altogether {_about(one.whole)}"
        yield from _wrap(text + _off(one), "    ")
        yield from self._source(one, "      ")

    def _source(self, one: Origin, indent: str = "    ") -> Iterator[str]:
        """Where a row stands, on whose word, and why."""
        rest = [one.file, one.basis, f"confidence {one.confidence}" if one.confidence else ""]
        about = "; ".join(part for part in rest if part)
        yield from _wrap(f"{about}: {one.reason}" if about else one.reason, indent)
        for said in self.places(one.places, one.of[1]):
            yield from _wrap(said, indent)

    def places(self, places: Iterable[Place], of: str) -> Iterator[str]:
        """What documents say, each place once, with what it speaks of if that is not `of`."""
        about: dict[tuple[str, ...], list[str]] = {}
        for one in places:
            key = one.document, one.locator, one.tag, one.wording, one.use, one.note
            what = [self.name(one.of[1])] if one.of[1] != of else []
            what += [self.value(one.grade)] if one.grade else []
            about.setdefault(key, []).extend(what)
        for (document, locator, tag, wording, use, note), names in about.items():
            pieces = [piece.strip() for piece in wording.split(";")]
            quoted = ", ".join(one if one in _NOTES else f'"{one}"' for one in pieces)
            text = f"{document}, {locator}{_TAG[tag]}: {quoted}"
            if names:
                text += f" ({', '.join(dict.fromkeys(names))})"
            if use in ("left_out", "assertion"):
                became = "left out" if use == "left_out" else "kept as an assertion"
                text += f" ({became}{f': {note}' if note else ''})"
            yield text


def provenance_lines(
    found: Provenance, knowledge: KnowledgeBase, *, soft: bool = False, pretest: bool = True
) -> list[str]:
    """The rows behind one line of a ledger.

    Args:
        found: what `model.reasons.provenance` says of an item and a condition.
        knowledge: what it was asked of.
        soft: whether the item was entered as uncertain.
        pretest: whether to say how common the condition is.
    """
    teller = _Teller(found, knowledge)
    lines = _wrap(teller.title(soft=soft), "")
    tie = teller.tie()
    if tie:
        lines += _wrap(tie)
    lines += teller.rows(pretest=pretest)
    for end in dict.fromkeys(place.of[1] for place in found.aside):
        places = [place for place in found.aside if place.of[1] == end]
        for said in teller.places(places, end):
            lines += _wrap(f"Also said, but no link: {said}")
    return lines


def several_lines(
    found: Sequence[Provenance], knowledge: KnowledgeBase, *, soft: Collection[str] = ()
) -> list[str]:
    """Several items of one condition: how common it is stands once, before them.

    Args:
        found: of one condition, at least one.
        knowledge: what they were asked of.
        soft: items that were entered as uncertain.
    """
    teller = _Teller(found[0], knowledge)
    lines = _wrap(knowledge.labels[found[0].condition], "")
    for one in found[0].origins:
        if (one.role, one.of[0]) == ("pretest", found[0].condition):
            lines += teller.single(one)
    for each in found:
        lines += ["", *provenance_lines(each, knowledge, soft=each.item in soft, pretest=False)]
    return lines


def standing_for(
    reasoner: Reasoner, evidence: Evidence, name: str, entered: Collection[str], *, most: int
) -> tuple[tuple[str, ...], str]:
    """The conditions whose rows speak for a name, and what to say where they are not itself.

    Args:
        reasoner: the knowledge base in one setting and basis.
        evidence: one patient, free of contradictions.
        name: a condition, a category or "unexplained".
        entered: the items that were entered.
        most: how many members of a category, the likeliest first.
    """
    knowledge = reasoner.knowledge
    codes = reasoner.closure.settle(evidence.codes[None]).engine[0]
    decided = codes[reasoner.vocabulary.columns("condition")] != UNKNOWN
    if name in knowledge.condition_index:
        label = knowledge.labels[name]
        if decided[knowledge.condition_index[name]]:
            return (), f"{label} was entered as settled, so nothing bears on it."
        if not set(entered) - {name}:
            return (), f"Nothing else was entered that could bear on {label}."
        return (name,), ""
    category = next((row for row in knowledge.category if row.id == name), None)
    if category is None:
        return (), (
            "Nothing modelled explains it: this has no rows of its own. It is what is left when "
            "none of the modelled conditions is present."
        )
    text = f"{category.label} is a group and has no rows of its own"
    rows = enumerate(knowledge.condition)
    open_ = [place for place, row in rows if row.category == name and not decided[place]]
    if not open_:
        return (), f"{text}; every one of its conditions was entered as settled."
    if not entered:
        return (), f"{text}, and nothing was entered that could bear on its conditions."
    likely = reasoner.posterior(reasoner.case(codes, evidence.soft)).condition
    leading = sorted(open_, key=lambda place: -likely[place])[:most]
    labels = ", ".join(knowledge.condition[place].label for place in leading)
    ids = tuple(knowledge.condition[place].id for place in leading)
    return ids, f"{text}; its likeliest conditions stand for it: {labels}."


def _often(one: Origin) -> str:
    """The word of a row, where it has one, and what it stands for."""
    word = f"{one.word.replace('_', ' ')}, " if one.word.isidentifier() else ""
    return f"{word}{one.said}"


def _off(one: Origin) -> str:
    return "" if one.used else f" (takes no part: {one.note or 'switched off'})"


def _about(share: float) -> str:
    """A probability in natural frequencies.

    >>> _about(0.2975), _about(0.0049), _about(0.00001)
    ('about 30 in 100', 'about 5 in 1,000', 'under 1 in 10,000')
    """
    if share >= 0.995:
        return "over 99 in 100"
    for least, of, said in (
        (0.0095, 100, "100"),
        (0.00095, 1000, "1,000"),
        (0.0001, 10000, "10,000"),
    ):
        if share >= least:
            return f"about {math.floor(round(share * of, 6) + 0.5)} in {said}"
    return "under 1 in 10,000"


def _wrap(text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ")
