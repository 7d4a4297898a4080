"""The evidence sheet: which items stand together on screen, in the order of a consultation.

Everything is derived from the knowledge base: the items that meet a red-flag rule by themselves,
the examination by group, blood tests with two ends as one line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from app.phrases import lower
from model.knowledge import BEDSIDE, KnowledgeBase
from model.screening import Screener
from model.vocabulary import Vocabulary

#: Items that stand on the first screen as fields of their own.
FIRST = ("age", "sex", "onset", "laterality", "severity", "duration")

#: The rows of the red-flag card: heading, groups of findings.
THEMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Bladder, bowel, breathing", ("body",)),
    ("Numbness and pain", ("sensation", "pain")),
    ("Getting worse or spreading", ("pattern", "function", "modifier")),
    ("Head, eyes, speech, swallowing", ("head_and_neck",)),
)
BEFORE = "Before it began"
FOUND = "Found on examination"

#: The rows of the examination card: heading, groups of findings.
EXAMINED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Power", ("pattern", "function", "modifier")),
    ("Reflexes, tone, bulk, coordination", ("motor_signs",)),
    ("Feeling", ("sensation",)),
    ("Back and stretch tests", ("pain",)),
    ("Legs: pulses, swelling, skin", ("leg_signs",)),
    ("Face, skin and general", ("head_and_neck", "body")),
)

#: The rows of the background card: heading, groups of contexts.
BACKGROUND: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Known diseases", ("known disease",)),
    ("Medicines and substances", ("medicine or substance",)),
    ("What came before", ("exposure",)),
    ("Family", ("family",)),
)


@dataclass(frozen=True, slots=True)
class Option:
    """One answer: what is shown, and which items it sets."""

    value: str
    label: str
    sets: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line that can be answered.

    Attributes:
        id: of the item, or of the first of several.
        label, question: as in the knowledge base.
        options: its answers.
        members: the items it speaks for.
        closes: whether "none of these" and "rest normal" set it absent.
    """

    id: str
    label: str
    question: str
    options: tuple[Option, ...]
    members: tuple[str, ...]
    closes: bool = True

    @property
    def binary(self) -> bool:
        """Whether it is simply present or absent."""
        return [option.value for option in self.options] == ["present", "absent"]

    def answer(self, values: Mapping[str, str]) -> str:
        """Which option was entered, or "" for unknown."""
        told = {item: values[item] for item in self.members if item in values}
        for option in self.options:
            if told == dict(option.sets):
                return option.value
        partly = [o.value for o in self.options if told and told.items() <= dict(o.sets).items()]
        return partly[0] if partly else ""

    def changes(self, value: str) -> dict[str, str]:
        """The answers to make when an option is chosen; "" clears."""
        blank = dict.fromkeys(self.members, "")
        for option in self.options:
            if option.value == value:
                return blank | dict(option.sets)
        return blank


@dataclass(frozen=True, slots=True)
class Line:
    """Entries under one heading, and the words that close it ("none of these")."""

    id: str
    title: str
    entries: tuple[Entry, ...]
    closing: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A card of the sheet."""

    id: str
    title: str
    note: str
    lines: tuple[Line, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every entry."""
        return tuple(entry for line in self.lines for entry in line.entries)


def binary(item: str, label: str, question: str, *, closes: bool = True) -> Entry:
    """An entry for one item that is present or absent."""
    options = (
        Option("present", "present", ((item, "present"),)),
        Option("absent", "absent", ((item, "absent"),)),
    )
    return Entry(item, label, question, options, (item,), closes)


def red_flag_items(knowledge: KnowledgeBase, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Bedside items whose presence alone meets a rule for emergency care or prompt attention.

    In file order of findings and contexts; graded ones are left to the first screen.
    """
    screening = Screener(knowledge, vocabulary).screen(vocabulary.blank()[0])
    alone = {
        atom
        for state in screening.rules
        if state.rule.tier != "appointment"
        for atom in state.alone
        if knowledge.item_step.get(atom, "") in BEDSIDE
    }
    return tuple(item.id for item in vocabulary.items if item.id in alone)


def red_flags(knowledge: KnowledgeBase, vocabulary: Vocabulary) -> Section:
    """The red-flag card: its rows by theme, each with "none of these"."""
    chosen = red_flag_items(knowledge, vocabulary)
    findings = {row.id: row for row in knowledge.finding}
    asked = [findings[name] for name in chosen if name in findings]
    titles = {group: title for title, groups in THEMES for group in groups}
    rows: dict[str, list[Entry]] = {title: [] for title, _ in THEMES}
    rows |= {BEFORE: [], FOUND: []}
    for row in asked:
        title = FOUND if row.step != "history" else titles.get(row.group, THEMES[0][0])
        rows[title].append(binary(row.id, row.label, row.question))
    for context in knowledge.binary_contexts:
        if context.id in chosen:
            rows[BEFORE].append(binary(context.id, context.label, context.question))
    lines = tuple(
        Line(f"flags_{number}", title, tuple(entries), "none of these")
        for number, (title, entries) in enumerate(rows.items())
        if entries
    )
    note = "Each of these meets a red-flag rule by itself."
    return Section("red_flags", "Red-flag screen", note, lines)


def symptoms(knowledge: KnowledgeBase, shown: Iterable[str]) -> Section:
    """Symptoms of the history by group, without those that stand elsewhere."""
    taken = {*shown, *FIRST}
    lines = []
    for group in sorted(knowledge.group, key=lambda row: row.order):
        entries = tuple(
            _entry(knowledge, row.id)
            for row in knowledge.finding
            if row.group == group.id and row.step == "history" and row.id not in taken
        )
        if entries:
            lines.append(Line(f"symptoms_{group.id}", group.label, entries, "none of these"))
    return Section("symptoms", "Symptoms", "New, or clearly changed with this weakness.", (*lines,))


def background(knowledge: KnowledgeBase) -> Section:
    """Contexts by group."""
    titles = dict.fromkeys(group for _, groups in BACKGROUND for group in groups)
    other = {row.group for row in knowledge.binary_contexts} - set(titles)
    table = (*BACKGROUND, ("Other", tuple(sorted(other))))
    lines = tuple(
        Line(
            f"background_{number}",
            title,
            tuple(
                binary(row.id, row.label, row.question)
                for row in knowledge.binary_contexts
                if row.group in groups
            ),
            "none of these",
        )
        for number, (title, groups) in enumerate(table)
    )
    lines = tuple(line for line in lines if line.entries)
    return Section("background", "Background", "Diseases, medicines and what came before.", lines)


def examination(knowledge: KnowledgeBase) -> Section:
    """Signs in bedside order, each row with "rest normal"."""
    named = {group for _, groups in EXAMINED for group in groups}
    other = tuple(sorted({row.group for row in knowledge.finding} - named))
    lines = []
    for number, (title, groups) in enumerate((*EXAMINED, ("Other signs", other))):
        entries = tuple(
            _entry(knowledge, row.id)
            for group in groups
            for row in knowledge.finding
            if row.group == group and row.step == "examination"
        )
        if entries:
            lines.append(Line(f"examination_{number}", title, entries, "rest normal"))
    return Section("examination", "Examination", "Absent means examined and normal.", (*lines,))


def investigations(knowledge: KnowledgeBase) -> Section:
    """Tests by step; a blood test with two ends is one line."""
    lines = []
    for step in sorted(knowledge.step, key=lambda row: row.order):
        if step.id in BEDSIDE:
            continue
        names = [row.id for row in knowledge.finding if row.step == step.id]
        entries = tuple(_test(knowledge, family) for family in _families(knowledge, names))
        if entries:
            lines.append(Line(f"tests_{step.id}", step.label, entries))
    return Section("tests", "Tests", "Absent or normal means done and normal.", tuple(lines))


def diagnoses(knowledge: KnowledgeBase) -> Section:
    """Conditions that are already confirmed or excluded, by category."""
    lines = tuple(
        Line(
            f"diagnoses_{category.id}",
            category.label,
            tuple(
                binary(row.id, row.label, row.description)
                for row in knowledge.condition
                if row.category == category.id
            ),
        )
        for category in knowledge.category
    )
    note = "Only what is settled: confirmed as a cause of this weakness, or excluded."
    return Section("diagnoses", "Diagnoses already settled", note, lines)


def _entry(knowledge: KnowledgeBase, name: str) -> Entry:
    row = knowledge.finding[knowledge.finding_index[name]]
    if knowledge.is_graded(row):
        return graded(knowledge, name)
    # what only specifies a grade is no sign that could be normal
    return binary(row.id, row.label, row.question, closes="=" not in row.refines)


def graded(knowledge: KnowledgeBase, name: str) -> Entry:
    """An entry for a finding with grades."""
    row = knowledge.finding[knowledge.finding_index[name]]
    options = tuple(
        Option(value, value.replace("_", " "), ((name, value),)) for value in row.values
    )
    return Entry(name, row.label, row.question, options, (name,), closes=False)


def _families(knowledge: KnowledgeBase, names: Sequence[str]) -> list[tuple[str, ...]]:
    """Blood tests that are ends or degrees of one measurement together; others by themselves.

    Such tests exclude or refine each other and their names begin alike (sodium_low, sodium_high).
    """
    families: list[list[str]] = []
    for name in names:
        row = knowledge.finding[knowledge.finding_index[name]]
        tied = {*row.excludes.split(), row.refines}
        for family in families:
            if tied & {*family} and row.step == "blood_test" and _stem([name, *family]):
                family.append(name)
                break
        else:
            families.append([name])
    return [tuple(family) for family in families]


def _stem(names: Sequence[str]) -> str:
    """What names have in common up to an underscore.

    >>> _stem(["sodium_low", "sodium_high"]), _stem(["glucose_low", "sodium_low"])
    ('sodium_', '')
    """
    words = zip(*(name.split("_") for name in names), strict=False)
    shared = [parts[0] for parts in takewhile(lambda parts: len({*parts}) == 1, words)]
    return "_".join(shared) + "_" if shared else ""


def _test(knowledge: KnowledgeBase, family: tuple[str, ...]) -> Entry:
    rows = [knowledge.finding[knowledge.finding_index[name]] for name in family]
    first = rows[0]
    if len(family) == 1:
        return binary(first.id, first.label, first.question)
    stem = _stem(family)
    choices = []
    for row in rows:
        told = dict.fromkeys(family, "absent") | {row.id: "present"}
        if row.refines in family:
            told[row.refines] = "present"
        word = row.id.removeprefix(stem).replace("_", " ")
        choices.append(Option(word.replace(" ", "_"), word, tuple(told.items())))
    normal = Option("normal", "normal", tuple(dict.fromkeys(family, "absent").items()))
    choices = sorted([*choices, normal], key=lambda one: _ends(one.value))
    label = first.question.partition(":")[0]
    return Entry(first.id, label, first.question, tuple(choices), family)


def _ends(word: str) -> int:
    """Places the answers of a measurement from low to high."""
    order = ("very_low", "low", "normal", "high", "raised", "very_high")
    return order.index(word) if word in order else 2


def sections(knowledge: KnowledgeBase, vocabulary: Vocabulary) -> tuple[Section, ...]:
    """The whole sheet in the order of a consultation, the first screen aside."""
    flags = red_flags(knowledge, vocabulary)
    shown = [entry.id for entry in flags.entries]
    return (
        flags,
        symptoms(knowledge, shown),
        background(knowledge),
        examination(knowledge),
        investigations(knowledge),
        diagnoses(knowledge),
    )


def chips(
    values: Mapping[str, str], knowledge: KnowledgeBase, sheet: Sequence[Section]
) -> tuple[tuple[str, str, str, str], ...]:
    """What was entered: (entry, what it is, its value, "present" or "absent" or "grade").

    In the order of entry; a measurement of several items is one chip.
    """
    owner = {item: entry for part in sheet for entry in part.entries for item in entry.members}
    found: dict[str, tuple[str, str, str, str]] = {}
    for item, value in values.items():
        entry = owner.get(item)
        if entry is not None and not entry.binary:
            word = entry.answer(values)
            kind = "absent" if word == "normal" else "present"
            found[entry.id] = (entry.id, entry.label, word.replace("_", " ") or value, kind)
            continue
        label = knowledge.labels.get(item, item)
        if item == "age":
            label = "Age"
        kind = value if value in ("present", "absent") else "grade"
        label = lower(label) if kind == "absent" else label
        found[item] = (item, label, value.replace("_", " "), kind)
    return tuple(found.values())
