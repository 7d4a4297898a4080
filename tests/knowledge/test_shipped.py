"""What the shipped knowledge base holds: its extent, and that every number in it has a reason."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations

import pytest

from model.checking import check_tables
from model.checks.sources import ends
from model.knowledge import SHIPPED, KnowledgeBase, read

#: Warnings that are accepted, each with a reason. None so far.
ACCEPTED: dict[str, str] = {}

DOCUMENTS = ("S0", "S1", "S2", "S3", "S4")


@pytest.fixture(scope="module")
def knowledge() -> KnowledgeBase:
    """The shipped knowledge base."""
    value, problems = read(SHIPPED)
    assert value is not None, problems
    return value


def test_the_shipped_files_are_read_and_checked_without_a_problem(knowledge):
    """No error stands in `priors/`, and no warning that is not accepted by name."""
    problems = read(SHIPPED)[1] + check_tables(knowledge)
    assert [str(p) for p in problems if p.level == "error" or p.where not in ACCEPTED] == []


@pytest.mark.parametrize(
    ("table", "count"),
    [
        ("condition", 49),
        ("category", 12),
        ("context", 46),
        ("finding", 133),
        ("source", 6),
        ("setting", 4),
        ("age_band", 4),
        ("pretest", 50),
        ("age_sex", 49),
        ("leak", 129),
        ("graded_leak", 4),
        ("graded", 4 * 49),
    ],
)
def test_the_extent_of_a_table(knowledge, table, count):
    """The vocabulary is complete: nothing was lost and nothing came in unnoticed."""
    assert len(getattr(knowledge, table)) == count


def test_four_findings_are_graded(knowledge):
    """Onset, place, severity and duration have grades; all others are present or absent."""
    graded = {row.id: row.values for row in knowledge.finding if knowledge.is_graded(row)}
    assert graded == {
        "onset": ("gradual", "rapid", "sudden"),
        "laterality": ("one_leg", "both_legs", "one_side_of_body"),
        "severity": ("mild", "moderate", "severe", "paralysis"),
        "duration": ("days", "weeks", "months", "years"),
    }


def test_every_condition_has_a_row_in_every_graded_finding(knowledge):
    """No condition looks gradual, mild and one-legged for want of a row."""
    rows = {(row.condition, row.finding) for row in knowledge.graded}
    graded = [row.id for row in knowledge.finding if knowledge.is_graded(row)]
    assert rows == {(row.id, name) for row in knowledge.condition for name in graded}


def test_every_category_has_conditions(knowledge):
    """The headline of an assessment has no empty line."""
    counts = Counter(row.category for row in knowledge.condition)
    assert min(counts[row.id] for row in knowledge.category) >= 1
    assert sum(counts.values()) == 49


@pytest.mark.parametrize("table", ["condition", "context", "finding", "category", "site", "rule"])
def test_every_row_can_be_shown(knowledge, table):
    """Whatever is named on a page has a label, and what is asked of a patient a question."""
    for row in getattr(knowledge, table):
        assert row.label.strip(), row.id
        assert row.label[0].isupper(), row.id
        assert not row.label.endswith("."), row.id
        if hasattr(row, "question"):
            assert row.question[-1] in "?.)", row.id
        if hasattr(row, "description"):
            assert row.description.endswith("."), row.id


def test_every_condition_is_placed_and_coded(knowledge):
    """A condition has a category, a site and an ICD-10 code."""
    for row in knowledge.condition:
        assert row.sites, row.id
        assert re.fullmatch(r"[A-Z][0-9]{2}(\.[0-9]{1,2})?", row.icd10), row.id


def test_hpo_ids_are_well_formed_and_used_once(knowledge):
    """A phenotype code stands for one finding, or the finding has none."""
    codes = [row.hpo for row in knowledge.finding if row.hpo]
    assert len(codes) >= 50
    assert all(re.fullmatch(r"HP:[0-9]{7}", code) for code in codes)
    assert len(set(codes)) == len(codes)


def test_graded_findings_explain_their_grades(knowledge):
    """Each grade says what it means; a finding without grades has nothing to explain."""
    for row in knowledge.finding:
        helps = row.grades_help.split(" | ") if row.grades_help else []
        assert len(helps) == (len(row.values) if knowledge.is_graded(row) else 0), row.id


@pytest.mark.parametrize(
    ("finding", "refines"),
    [
        ("foot_drop", "distal_weakness"),
        ("distal_weakness", "objective_weakness"),
        ("objective_weakness", ""),
        ("rapidly_spreading", "rapidly_worsening"),
        ("rapidly_worsening", "onset=rapid|sudden"),
        ("symmetrical", "laterality=both_legs"),
        ("arm_weakness", "laterality=both_legs|one_side_of_body"),
        ("difficulty_walking", "severity=moderate|severe|paralysis"),
        ("saddle_numbness", "numbness_or_tingling"),
        ("mri_cord_compression", "mri_spine_compression"),
        ("creatine_kinase_very_high", "creatine_kinase_raised"),
        ("one_leg_swollen", "leg_swelling"),
        ("fatigue", ""),
    ],
)
def test_what_a_finding_specifies(knowledge, finding, refines):
    """One fact is counted once: what only specifies another finding says so."""
    assert knowledge.finding[knowledge.finding_index[finding]].refines == refines


def test_families_are_at_most_three_deep(knowledge):
    """The deepest families are those of loss of power and of onset."""
    index = {row.id: row for row in knowledge.finding}
    depth = {}
    for row in knowledge.finding:
        here, steps = row, 1
        while here.refines:
            here, steps = index[knowledge.parent_of(here)[0]], steps + 1
        depth[row.id] = (steps, here.id)
    assert {root for steps, root in depth.values() if steps == 3} == {"objective_weakness", "onset"}
    assert max(steps for steps, _ in depth.values()) == 3


def test_what_excludes_what(knowledge):
    """A salt or hormone cannot be low and high at once, nor a weakness pass off and progress."""
    pairs = {
        frozenset((row.id, other)) for row in knowledge.finding for other in row.excludes.split()
    }
    assert pairs == {
        frozenset(("progressive", "resolved_within_a_day")),
        frozenset(("potassium_low", "potassium_very_high")),
        frozenset(("sodium_low", "sodium_high")),
        frozenset(("calcium_low", "calcium_high")),
        frozenset(("tsh_low", "tsh_high")),
    }


def test_what_implies_what(knowledge):
    """Two contexts are only asked of those who have another."""
    assert {row.id: row.implies for row in knowledge.context if row.implies} == {
        "poor_glucose_control": "diabetes",
        "chemotherapy": "cancer",
    }


def test_the_rules_of_the_vocabulary_come_first(knowledge):
    """43 rules, 25 of them from the documents; those added after them are supplements."""
    assert len(knowledge.rule) >= 43
    assert Counter(row.basis for row in knowledge.rule[:43]) == {"documents": 25, "supplement": 18}
    assert {row.basis for row in knowledge.rule[43:]} <= {"supplement"}


def test_every_rule_says_what_it_rests_on(knowledge):
    """A documented rule names its places, any other its reason; never both bases at once."""
    for row in knowledge.rule:
        if row.basis == "documents":
            assert row.places, row.id
            assert all(place.split()[0] in DOCUMENTS for place in row.places), row.id
        else:
            assert not row.places, row.id
            assert row.reason, row.id
        assert row.covers, row.id


def test_five_documents_and_good_practice(knowledge):
    """The sources are the five articles, each with its digest, and practice, which has none."""
    assert [row.id for row in knowledge.source] == [*DOCUMENTS, "practice"]
    for row in knowledge.source:
        assert bool(row.sha256) == (row.id in DOCUMENTS), row.id
        assert row.title, row.id
        assert row.notes, row.id
    assert len({row.sha256 for row in knowledge.source}) == 6


def test_every_document_is_used(knowledge):
    """Each article states something that stands in the model."""
    used = Counter(row.document for row in knowledge.statement if row.use != "left_out")
    assert min(used[name] for name in DOCUMENTS) >= 20


def test_every_statement_is_used_or_left_out_with_a_reason(knowledge):
    """What a document says became a link, a row or an assertion, or it is said why it did not."""
    links = {(row.condition, row.finding) for row in knowledge.link}
    links |= {(row.context, row.condition) for row in knowledge.context_link}
    links |= {(row.cause, row.condition) for row in knowledge.condition_link}
    links |= {(row.context, row.finding) for row in knowledge.context_finding}
    graded = {(row.condition, row.finding) for row in knowledge.graded}
    aged = {row.condition for row in knowledge.age_sex if row.basis == "documents"}
    compared = {side for row in knowledge.assertion for side in (row.left, row.right)}
    for row in knowledge.statement:
        left, right = ends(row)
        target, _, grade = right.partition("=")
        kept = {
            "left_out": bool(row.note),
            "age_sex": right in aged,
            "assertion": f"{right}|{left}" in compared,
        }.get(row.use, (left, target) in (graded if grade else links))
        assert kept, row
        assert row.locator, row
        assert row.wording, row


def test_what_lowers_a_finding_is_never_a_link(knowledge):
    """A document that says a finding is absent gives an assertion, or is left out."""
    lowering = {row.use for row in knowledge.statement if row.direction == "lowers/absent"}
    assert lowering == {"assertion", "left_out"}


@pytest.mark.parametrize(
    ("table", "documents", "supplements"),
    [
        ("link", 231, 1566),
        ("graded", 41, 155),
        ("context_link", 63, 27),
        ("condition_link", 9, 4),
        ("context_finding", 0, 21),
        ("age_sex", 5, 44),
    ],
)
def test_the_links_of_each_basis(knowledge, table, documents, supplements):
    """How much rests on the documents and how much on practice; a change here is to be meant."""
    counts = Counter(row.basis for row in getattr(knowledge, table))
    assert (counts["documents"], counts["supplement"]) == (documents, supplements)


@pytest.mark.parametrize(
    "table",
    [
        *("link", "graded", "leak", "graded_leak", "context_link", "context_finding"),
        *("condition_link", "age_sex", "pretest", "prevalence", "assertion"),
    ],
)
def test_every_number_has_a_reason(knowledge, table):
    """No row of numbers stands there without a word on why."""
    assert [row for row in getattr(knowledge, table) if len(row.reason.strip()) < 3] == []


def test_at_least_sixty_assertions(knowledge):
    """Orders and directions are held by many assertions, of every kind."""
    kinds = Counter(row.kind for row in knowledge.assertion)
    assert sum(kinds.values()) >= 60
    assert set(kinds) == {
        *("more_likely", "lowers", "raises", "odds_factor_below", "evidence_factor"),
    }


def test_the_pretest_tables_overlap_as_aimed_for(knowledge):
    """In each setting people have 0.05 to 0.25 extra causes on average, and `even` is even."""
    for setting in ("primary_care", "emergency_department", "neurology_clinic"):
        extra = sum(getattr(row, setting) for row in knowledge.pretest) - 1000
        assert 50 <= extra <= 250, setting
    even = {row.id: row.even for row in knowledge.pretest}
    assert even.pop("unnamed") == 150
    assert set(even.values()) == {20}


def test_the_scale_is_in_order(knowledge):
    """Words of frequency go from the most to the least frequent, rates from low to high."""
    for words, falling in (
        ([word.probability for word in knowledge.scale.frequency.values()], True),
        ([word.rate for word in knowledge.scale.rate.values()], False),
        ([word.rate for word in knowledge.scale.multiplier.values()], False),
    ):
        assert words == sorted(words, reverse=falling)


def test_what_must_not_be_missed_is_covered_by_an_urgent_rule(knowledge):
    """Each such condition is named by a rule of tier emergency or immediate."""
    urgent = {name for rule in knowledge.rule if rule.tier != "appointment" for name in rule.covers}
    serious = {row.id for row in knowledge.condition if row.cannot_miss == "yes"}
    assert {"stroke", "cauda_equina_syndrome", "guillain_barre_syndrome"} <= serious
    assert serious <= urgent


def test_no_two_conditions_look_alike(knowledge):
    """Any two conditions differ in a link or a graded row, so that evidence can tell them apart."""
    looks: dict[str, set[tuple[object, ...]]] = {row.id: set() for row in knowledge.condition}
    for link in knowledge.link:
        looks[link.condition].add((link.finding, link.word))
    for row in knowledge.graded:
        looks[row.condition].add((row.finding, row.frequencies))
    for one, other in combinations(looks, 2):
        assert len(looks[one] ^ looks[other]) >= 4, (one, other)
