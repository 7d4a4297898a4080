"""An assessment as text: what comes first, what is said once, and how numbers are said."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from app.listing import vocabulary_json, vocabulary_template, vocabulary_text
from app.report import BAR, PURPOSE, WIDTH, bar, documents_of, said, text
from model.evidence import read_evidence
from tests.vignettes import read

EMERGENCY = {"age": "72", "onset": "sudden", "laterality": "one_side_of_body"}

#: A row of the ranking is a label, a bar and a probability, wider than running text.
ROW = 90


@pytest.fixture
def report(reasoner):
    """The text of the assessment of one patient."""

    def run(cells, reasoner=reasoner):
        evidence = read_evidence(cells, reasoner.vocabulary, lenient=True)
        return text(reasoner.assess(evidence), reasoner.knowledge)

    return run


@pytest.fixture(scope="module")
def documents():
    """Some written-out patients."""
    return [vignette.evidence for vignette in read("documents")[:8]]


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (1.0, "over 99%"),
        (0.995, "over 99%"),
        (0.9949, "99%"),
        (0.42, "42%"),
        (0.01, "1%"),
        (0.0099, "1%"),  # ten in a thousand is one in a hundred
        (0.0094, "9 in 1,000"),
        (0.0031, "3 in 1,000"),
        (0.001, "1 in 1,000"),
        (0.00094, "9 in 10,000"),
        (0.0001, "1 in 10,000"),
        (0.00009, "under 1 in 10,000"),
        (0.0, "under 1 in 10,000"),
    ],
)
def test_a_probability_is_said_as_one_would(probability, words):
    """It is per cent when common and a natural frequency when rare; no end is ever reached."""
    assert said(probability) == words


def test_no_probability_is_said_to_be_certain():
    """Nothing is said to be 0% or 100%."""
    for k in range(10_001):
        assert said(k / 10_000) not in ("0%", "100%")


def test_what_is_said_never_falls_as_the_probability_rises():
    """A greater probability is never said to be smaller."""

    def value(words):
        if words.startswith("over"):
            return 1.0
        if words.startswith("under"):
            return 0.0
        if words.endswith("%"):
            return float(words[:-1]) / 100
        hits, _, of = words.partition(" in ")
        return float(hits) / float(of.replace(",", ""))

    heard = [value(said(k / 20_000)) for k in range(20_001)]
    assert all(one <= next_one for one, next_one in itertools.pairwise(heard))


@pytest.mark.parametrize(("probability", "filled"), [(0.0, 0), (0.5, BAR // 2), (1.0, BAR)])
def test_a_bar_has_one_width(probability, filled):
    """A bar is filled in proportion and always as wide."""
    assert bar(probability) == "#" * filled + "." * (BAR - filled)


def test_red_flags_come_before_the_ranking(report):
    """The red flags and the disposition stand above the groups, and those above the conditions."""
    shown = report(EMERGENCY)
    places = [
        shown.index(words)
        for words in (
            PURPOSE,
            "RED FLAGS",
            "EMERGENCY",
            "rule sudden_weakness",
            "CAUSES BY GROUP",
            "LEADING CONDITIONS",
            "Nothing modelled explains it",
        )
    ]
    assert places == sorted(places)


def test_the_purpose_is_said_once(report):
    """The line that says what this is for stands there exactly once."""
    assert report(EMERGENCY).count(PURPOSE) == 1


def test_overlap_is_said_beside_the_groups(report):
    """Where bars stand together the text says that they need not add to 100%."""
    assert "need not add to 100%" in report(EMERGENCY)


def test_the_report_is_stamped(report, reasoner):
    """The first line names the version, setting, basis and knowledge."""
    first = report({}).splitlines()[0]
    for words in ("paresis", "Primary care", "all sources", reasoner.knowledge.digest[:12]):
        assert words in first


def test_lines_are_not_wide(report, documents):
    """Running text keeps to its width and no line is wider than a row of the ranking."""
    for cells in (EMERGENCY, {}, {"tsh_high": "present", "tsh_low": "present"}, *documents):
        for line in report(cells).splitlines():
            assert len(line) <= (ROW if "#" in line or "..." in line else WIDTH), line


def test_with_nothing_known_nothing_is_determined(report):
    """An empty patient is not determined, could still be an emergency, and is asked about."""
    shown = report({})
    assert "Not determined" in shown
    assert "Could still rise to emergency." in shown
    assert "Ask: " in shown


def test_a_contradiction_keeps_its_red_flags(report):
    """A contradiction has no differential but shows its red flags, and why, with a code."""
    shown = report({**EMERGENCY, "tsh_high": "present", "tsh_low": "present"})
    assert "EMERGENCY" in shown
    assert "No differential (error). contradiction: " in shown
    assert "LEADING CONDITIONS" not in shown


def test_a_bad_value_is_not_repeated(report):
    """What was entered wrongly is named by its item, never by what stood there."""
    shown = report({**EMERGENCY, "fatigue": "Zaphod77"})
    assert "bad_value" in shown
    assert "zaphod77" not in shown.casefold()


def test_a_refusal_keeps_its_red_flags(report, reasoner):
    """Past the limit the red flags are shown, and that the rest is refused."""
    shown = report(EMERGENCY, dataclasses.replace(reasoner, max_steps=1.0))
    assert "EMERGENCY" in shown
    assert "No differential (refused). too_wide: " in shown


def test_what_was_implied_is_shown(report):
    """How the evidence was read stands between the red flags and the ranking."""
    shown = report({"foot_drop": "present"})
    assert shown.index("RED FLAGS") < shown.index("HOW IT WAS READ")
    assert "implied by" in shown
    assert shown.index("HOW IT WAS READ") < shown.index("LEADING CONDITIONS")


def test_findings_that_disagree_are_remarked_on(report, reasoner):
    """When the findings fit each other badly the text says so and points outside the model."""
    cells = {"stroke": "absent", "onset": "sudden", "laterality": "one_side_of_body"}
    cells |= {"duration": "years", "ascending": "present", "tsh_high": "present"}
    one = reasoner.assess(read_evidence(cells, reasoner.vocabulary))
    words = "agree poorly"
    assert (words in text(one, reasoner.knowledge)) == (one.conflict > 1)
    for conflict in (0.9, 1.1):
        shown = text(dataclasses.replace(one, conflict=conflict), reasoner.knowledge)
        assert (words in shown) == (conflict > 1)


def test_conditions_not_to_be_missed_are_marked(report, knowledge):
    """Each leading condition that must not be missed has its mark, and no other has."""
    cannot_miss = {row.label[:39] for row in knowledge.condition if row.cannot_miss == "yes"}
    others = {row.label[:39] for row in knowledge.condition} - cannot_miss
    rows = report(EMERGENCY).split("LEADING CONDITIONS")[1].splitlines()
    marked = [line[3:42].rstrip() for line in rows if line.startswith("  *")]
    plain = [line[3:42].rstrip() for line in rows if line.startswith("   ") and "#" in line]
    assert marked
    assert set(marked) <= cannot_miss
    assert set(plain) <= others


def test_a_rule_says_who_advises_it(reasoner):
    """A rule met names the documents that state it, or says that it is a supplement."""
    for rule in reasoner.screener.screen(reasoner.vocabulary.blank()[0]).rules:
        words = documents_of(rule)
        if rule.rule.places:
            assert "of five lay articles" in words
        else:
            assert words == "supplement: good practice"


def test_lists_hold_every_item(knowledge, vocabulary):
    """The vocabulary as text, JSON and template leaves nothing out."""
    shown, record = vocabulary_text(knowledge), vocabulary_json(knowledge)
    header = vocabulary_template(knowledge).split(",")
    assert [entry["id"] for entry in record["items"]] == [item.id for item in vocabulary.items]
    assert len(header) == len(set(header))
    conditions = {row.id for row in knowledge.condition}
    assert set(header) == {item.id for item in vocabulary.items} - conditions | {"id"}
    for name in [*vocabulary.index, *(rule.id for rule in knowledge.rule)]:
        assert f"  {name} " in shown
