"""The form of every file in `priors/`: one frozen record per row.

CSV files hold one record a line, TOML files an array of tables. The models say which columns there
are and what a cell may hold; what rows say about each other is checked in `model.checking`.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

#: Ids that BIF and XMLBIF keep intact.
ID_PATTERN = r"^[a-z][a-z0-9_]*$"

Id = Annotated[str, Field(pattern=ID_PATTERN, max_length=160)]
#: A word of scale.toml; whether it is one is checked with the scale at hand.
Word = Annotated[str, Field(min_length=1, max_length=160)]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
Free = Annotated[str, Field(max_length=4000)]
Basis = Literal["documents", "supplement"]
Confidence = Literal["high", "moderate", "low"]
Tier = Literal["emergency", "immediate", "appointment"]


def _words(value: object) -> object:
    """Split a cell of names separated by blanks."""
    return tuple(value.split()) if isinstance(value, str) else _list(value)


def _numbers(value: object) -> object:
    """Split a cell of numbers separated by blanks."""
    if not isinstance(value, str):
        return _list(value)
    if not all(re.fullmatch(r"[0-9]+(\.[0-9]+)?", part) for part in value.split()):
        raise ValueError("numbers are separated by blanks and written like 12 or 2.5")
    return tuple(float(part) for part in value.split())


def _list(value: object) -> object:
    """Freeze an array of TOML or JSON."""
    return tuple(value) if isinstance(value, list) else value


def _number(value: object) -> object:
    """Read one number from a CSV cell; the words nan and inf are not numbers here."""
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]+(\.[0-9]+)?\s*", value):
        return float(value)
    return value


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Numbers = Annotated[tuple[Annotated[float, Field(gt=0, lt=100)], ...], BeforeValidator(_numbers)]
Per1000 = Annotated[float, Field(gt=0, lt=1000), BeforeValidator(_number)]
Order = Annotated[float, Field(ge=0), BeforeValidator(_number)]
Burden = Annotated[float, Field(gt=0, le=1000), BeforeValidator(_number)]


class Row(BaseModel):
    """A record of the knowledge base."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Category(Row):
    """A group of conditions; the headline of an assessment."""

    id: Id
    label: Text
    description: Text


class Site(Row):
    """A place in the nervous system, muscle or circulation where a condition acts."""

    id: Id
    label: Text


class Condition(Row):
    """A cause of leg weakness: present and contributing to the weakness, or not."""

    id: Id
    label: Text
    description: Text
    category: Id
    sites: Words
    cannot_miss: Literal["yes", "no"]
    icd10: Annotated[str, Field(pattern=r"^[A-Z][0-9]{2}(\.[0-9]{1,2})?$")]


class Context(Row):
    """Something about the patient that changes how likely conditions are."""

    id: Id
    label: Text
    question: Text
    kind: Literal["age", "sex", "binary"]
    implies: Free
    group: Text


class Step(Row):
    """A stage of the consultation, with what one question of it costs the patient.

    The burden counts time, discomfort, risk and money together; a question of the history is 1.
    """

    id: Id
    label: Text
    order: Order
    burden: Burden
    reason: Text


class Group(Row):
    """A heading under which findings stand together on screen."""

    id: Id
    label: Text
    order: Order


class Finding(Row):
    """A symptom, sign or test result: present or absent, or one of several grades."""

    id: Id
    label: Text
    question: Text
    group: Id
    step: Id
    values: Words
    grades_help: Free
    refines: Free
    excludes: Free
    hpo: Annotated[str, Field(pattern=r"^(HP:[0-9]{7})?$")]
    sense: Literal[
        "", "upper_motor_neuron", "lower_motor_neuron", "sensory", "junction", "muscle", "pain"
    ]


class Link(Row):
    """How often a condition, by itself, makes a binary finding appear.

    For a finding that refines another the word is conditional on the parent having been produced.
    """

    condition: Id
    finding: Id
    word: Word
    basis: Basis
    confidence: Confidence
    reason: Text


class GradedRow(Row):
    """Of 100 people with the condition, how many show each grade (lowest first)."""

    condition: Id
    finding: Id
    frequencies: Numbers
    basis: Basis
    confidence: Confidence
    reason: Text


class Leak(Row):
    """How often a finding appears for no reason modelled, by age band."""

    finding: Id
    under_16: Word
    age_16_39: Word = Field(alias="16_39")
    age_40_64: Word = Field(alias="40_64")
    age_65_and_over: Word = Field(alias="65_and_over")
    confidence: Confidence
    reason: Text


class GradedLeak(Row):
    """The leak of a graded finding, almost wholly on the lowest grade."""

    finding: Id
    frequencies: Numbers
    confidence: Confidence
    reason: Text


class ContextLink(Row):
    """How many times the rate of a condition a context stands for."""

    context: Id
    condition: Id
    word: Word
    basis: Basis
    confidence: Confidence
    reason: Text


class ContextFinding(Row):
    """How often a context, by itself, makes a finding appear."""

    context: Id
    finding: Id
    word: Word
    basis: Basis
    confidence: Confidence
    reason: Text


class ConditionLink(Row):
    """In how many of those with `cause` it brings about `condition` by itself."""

    cause: Id
    condition: Id
    word: Word
    basis: Basis
    confidence: Confidence
    reason: Text


class AgeSex(Row):
    """How the rate of a condition varies with age band and sex."""

    condition: Id
    under_16: Word
    age_16_39: Word = Field(alias="16_39")
    age_40_64: Word = Field(alias="40_64")
    age_65_and_over: Word = Field(alias="65_and_over")
    female: Word
    male: Word
    basis: Basis
    confidence: Confidence
    reason: Text


class Pretest(Row):
    """Of 1,000 people with weak legs in a setting, in how many the condition contributes."""

    id: Id
    primary_care: Per1000
    emergency_department: Per1000
    neurology_clinic: Per1000
    even: Per1000
    reason: Text


class Prevalence(Row):
    """Of 1,000 people with weak legs in a setting, in how many the context is present."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(=[a-z0-9_]+)?$")]
    primary_care: Per1000
    emergency_department: Per1000
    neurology_clinic: Per1000
    even: Per1000
    reason: Text


class Statement(Row):
    """What a document says of two things, its place, and what was made of it."""

    kind: Literal["condition-finding", "context-condition", "condition-condition", "condition-test"]
    from_id: Text
    to_id: Text
    direction: Literal["raises", "lowers/absent"]
    wording: Text
    document: Annotated[str, Field(pattern=r"^([a-z][a-z0-9_]*|S[0-9])$")]
    locator: Text
    use: Literal["link", "grade", "assertion", "age_sex", "mapped", "left_out"]
    note: Free


class Assertion(Row):
    """An order or direction the numbers must keep."""

    id: Id
    kind: Literal["more_likely", "lowers", "raises", "odds_factor_below", "evidence_factor"]
    left: Text
    right: Text
    relation: Literal["<", ">"]
    basis: Text
    reason: Text


class Outside(Row):
    """A cause that is not modelled, with the clue that should make one think of it."""

    id: Id
    label: Text
    clue: Text


class Rule(Row):
    """A red-flag rule."""

    id: Id
    label: Text
    tier: Tier
    breadth: Literal["narrow", "broad"]
    basis: Basis
    when: Text
    suggests: Free
    covers: Annotated[tuple[Id, ...], BeforeValidator(_list)]
    places: Annotated[tuple[Text, ...], BeforeValidator(_list)]
    advice: Free
    reason: Free


class Said(Row):
    """One side of a disagreement."""

    place: Text
    says: Text


class Conflict(Row):
    """Where documents disagree, and what was made of it."""

    id: Id
    topic: Text
    statements: Annotated[tuple[Said, ...], BeforeValidator(_list)]
    resolution: Text
    effect: Text


class Threshold(Row):
    """From which number on an explanation says that something is so."""

    id: Id
    value: Annotated[float, Field(gt=0, lt=1e6)]
    said: Text
    reason: Text


class Source(Row):
    """A document, or the practice that supplements rest on."""

    id: Annotated[str, Field(pattern=r"^(S[0-9]|practice)$")]
    title: Text
    kind: Text
    sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    notes: Free = ""


class Setting(Row):
    """A care setting: whose legs are weak."""

    id: Literal["primary_care", "emergency_department", "neurology_clinic", "even"]
    label: Text
    description: Text
    age_and_sex: bool


class AgeBand(Row):
    """An age band, from (inclusive) to (exclusive), in years."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    label: Text
    start: Annotated[int, Field(ge=0, le=121)]
    end: Annotated[int, Field(ge=0, le=121)]


#: File name -> (attribute of the knowledge base, record). CSV: a line each; TOML: [[key]] tables.
FILES: dict[str, tuple[tuple[str, type[Row]], ...]] = {
    "settings.toml": (("setting", Setting), ("age_band", AgeBand)),
    "sources.toml": (("source", Source),),
    "categories.csv": (("category", Category),),
    "sites.csv": (("site", Site),),
    "steps.csv": (("step", Step),),
    "groups.csv": (("group", Group),),
    "conditions.csv": (("condition", Condition),),
    "contexts.csv": (("context", Context),),
    "findings.csv": (("finding", Finding),),
    "links.csv": (("link", Link),),
    "graded.csv": (("graded", GradedRow),),
    "leaks.csv": (("leak", Leak),),
    "graded_leaks.csv": (("graded_leak", GradedLeak),),
    "context_links.csv": (("context_link", ContextLink),),
    "context_findings.csv": (("context_finding", ContextFinding),),
    "condition_links.csv": (("condition_link", ConditionLink),),
    "age_sex.csv": (("age_sex", AgeSex),),
    "pretest.csv": (("pretest", Pretest),),
    "prevalence.csv": (("prevalence", Prevalence),),
    "statements.csv": (("statement", Statement),),
    "assertions.csv": (("assertion", Assertion),),
    "outside.csv": (("outside", Outside),),
    "rules.toml": (("rule", Rule),),
    "conflicts.toml": (("conflict", Conflict),),
    "thresholds.toml": (("threshold", Threshold),),
}
