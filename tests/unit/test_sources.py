"""The differential without a source: which rows go, and what the rest says."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest

from app.reasons.sources import side_by_side_lines
from model.checking import check_tables
from model.errors import InputError, TooWideError
from model.evidence import read_evidence
from model.knowledge import SETTINGS
from model.reasoner import open_reasoner
from model.reasons import sources
from model.reasons.sources import TABLES, without, without_sources
from model.reasons.support import documents, pair_of, refined

CELLS = {
    "age": "38",
    "sex": "female",
    "buttock_pain": "present",
    "laterality": "one_leg",
    "back_pain": "absent",
}
DOCUMENTS = ("S0", "S1", "S2", "S3", "S4")


@pytest.fixture(scope="module")
def found(knowledge, vocabulary):
    """One patient side by side."""
    return without_sources(knowledge, read_evidence(CELLS, vocabulary))


@pytest.mark.parametrize("source", DOCUMENTS)
def test_only_rows_that_rest_on_it_alone_are_left_out(knowledge, source):
    """A row goes when this document is all it rests on; a parent stays while a child needs it."""
    reduced = without(knowledge, source)
    rests = documents(knowledge)
    linked = {pair_of(row) for row in reduced.link}
    gone = 0
    for table in TABLES:
        kept = set(getattr(reduced, table))
        for row in getattr(knowledge, table):
            alone = row.basis == "documents" and rests[pair_of(row)] == {source}
            needed = table == "link" and any(
                one == row.condition and row.finding in refined(knowledge, finding)
                for one, finding in linked
            )
            assert (row in kept) == (not alone or needed), pair_of(row)
            gone += row not in kept
    assert gone > 0
    assert reduced.digest != knowledge.digest
    assert reduced.pretest == knowledge.pretest
    assert reduced.rule == knowledge.rule


def test_the_numbers_of_what_is_left_stay(knowledge, reasoner):
    """Links that are left have their number, links that are not have none; pretest comes out."""
    reduced = open_reasoner(without(knowledge, "S3"))
    before, after = reasoner.parameters, reduced.parameters
    changed = before.link != after.link
    assert changed.any()
    assert (after.link[changed] == 0).all()
    blank = reduced.assess(read_evidence({}, reduced.vocabulary))
    for one in blank.conditions:
        assert one.probability == pytest.approx(one.pretest, rel=1e-6)


def test_a_name_that_is_no_document_is_an_input_error(knowledge):
    """Practice is no document; supplements are left out by the basis instead."""
    for name in ("S9", "practice"):
        with pytest.raises(InputError) as caught:
            without(knowledge, name)
        assert caught.value.problems[0].where == name


def test_every_set_of_numbers_is_an_assessment(found, knowledge, vocabulary):
    """Each differential is what an assessment under those numbers says."""
    evidence = read_evidence(CELLS, vocabulary)
    names = [one.id for one in found.differentials]
    others = [name for name in SETTINGS if name != "primary_care"]
    assert names == ["base", *DOCUMENTS, "documents", *others]
    for one in found.differentials:
        other = without(knowledge, one.id) if one.kind == "source" else knowledge
        setting = one.id if one.kind == "setting" else "primary_care"
        basis = "documents" if one.kind == "basis" else "all"
        assessment = open_reasoner(other, setting=setting, basis=basis).assess(evidence)
        for ranked in assessment.conditions:
            assert one.conditions[ranked.id] == pytest.approx(ranked.probability, rel=1e-9)
        for ranked in assessment.categories:
            assert one.categories[ranked.id] == pytest.approx(ranked.probability, rel=1e-9)
        assert one.unexplained == pytest.approx(assessment.unexplained, rel=1e-9)
        assert one.ranking[0] == assessment.ranking[0].id


def test_what_moved_most_is_named(found):
    """The largest change from the base is found; the base does not move."""
    assert found.moved(found.base)[1] == 0.0
    for other in found.differentials[1:]:
        name, change = found.moved(other)
        gaps = [abs(other.conditions[n] - p) for n, p in found.base.conditions.items()]
        assert abs(change) == max(gaps)
        assert change == other.conditions[name] - found.base.conditions[name]


def test_rows_left_out_are_counted(found, knowledge):
    """The count is that of the rows; a setting leaves none out."""
    supplements = sum(row.basis == "supplement" for t in TABLES for row in getattr(knowledge, t))
    for one in found.differentials:
        if one.kind == "source":
            reduced = without(knowledge, one.id)
            rows = [sum(len(getattr(k, t)) for t in TABLES) for k in (knowledge, reduced)]
            assert one.left_out == rows[0] - rows[1] > 0
        else:
            assert one.left_out == (supplements if one.kind == "basis" else 0)


def test_what_cannot_be_computed_is_said(knowledge, vocabulary, monkeypatch):
    """Stopped or refused sets say so; without a base there is nothing to compare."""
    evidence = read_evidence(CELLS, vocabulary)
    stopped = without_sources(knowledge, evidence, cancelled=lambda: True)
    assert {one.state for one in stopped.differentials[1:]} == {"stopped"}
    name, change = stopped.moved(stopped.differentials[1])
    assert name == ""
    assert math.isnan(change)
    assert "stopped before" in " ".join(side_by_side_lines(stopped, knowledge))

    def narrow(*args, **options):
        one = open_reasoner(*args, **options)
        small = options["setting"] == "primary_care" and options["basis"] == "all"
        return one if small else dataclasses.replace(one, max_steps=1.0)

    monkeypatch.setattr(sources, "open_reasoner", narrow)
    refused = without_sources(knowledge, evidence)
    states = {one.id: one.state for one in refused.differentials}
    assert {states[name] for name in ("documents", "even")} == {"refused"}
    assert {states[name] for name in ("base", *DOCUMENTS)} == {"ok"}
    monkeypatch.setattr(
        sources,
        "open_reasoner",
        lambda *args, **options: dataclasses.replace(
            open_reasoner(*args, **options), max_steps=1.0
        ),
    )
    with pytest.raises(TooWideError):
        without_sources(knowledge, evidence)


def test_under_the_documents_alone_there_is_no_row_without_supplements(knowledge):
    """With the documents as basis, the other sets are theirs too."""
    plans = list(sources._plans(knowledge, "even", "documents"))
    assert [plan[0] for plan in plans] == [*DOCUMENTS, *SETTINGS[:-1]]
    assert {plan[4] for plan in plans} == {"documents"}
    assert {plan[3] for plan in plans if plan[1] == "source"} == {"even"}


def test_side_by_side_in_words_and_json(found, knowledge):
    """Every set has its lines and its entry; progress reaches its end."""
    lines = side_by_side_lines(found, knowledge)
    assert max(map(len, lines)) <= 78
    text = " ".join(" ".join(lines).split())
    for source in DOCUMENTS:
        assert f"Without {source}" in text
    assert text.count("nothing modelled") == len(found.differentials) - 1
    view = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert len(view["differentials"]) == len(found.differentials)


def test_other_settings_have_their_own_pretest_table(found, knowledge):
    """That the pretest table stays is said of sources alone; settings say they have their own."""
    lines = [line.strip() for line in side_by_side_lines(found, knowledge)]
    text = " ".join(lines)
    assert "There the pretest table, leaks and rules stay" in text
    assert "not with a source" in text
    for row in knowledge.setting:
        named = [line for line in lines if line.startswith(f"Setting {row.label}")]
        assert len(named) == (row.id != found.setting)
        assert all("its own pretest table" in line for line in named)


def test_the_even_setting_gives_no_probability_for_a_patient(knowledge, vocabulary, found):
    """Beside a real setting no number is shown for it; as the base it is said what they are not."""
    warning = "no probability for any patient"
    text = " ".join(" ".join(side_by_side_lines(found, knowledge)).split())
    even = text[text.index("Setting Even") :]
    assert warning in even
    assert "%" not in even
    assert "in 1,000" not in even
    assert f"There lead: {knowledge.labels[found.differentials[-1].ranking[0]]}" in even
    evidence = read_evidence(CELLS, vocabulary)
    base = without_sources(knowledge, evidence, setting="even", cancelled=lambda: True)
    told = " ".join(" ".join(side_by_side_lines(base, knowledge)).split())
    assert told.count(warning) == 1
    assert told.index(warning) < told.index("as assessed")


def test_a_reduced_knowledge_base_still_fits_together(knowledge):
    """Left without a document, references still hold; only what it stated is missed."""
    for source in DOCUMENTS:
        codes = {p.code for p in check_tables(without(knowledge, source)) if p.level == "error"}
        assert codes <= {"missing_link", "missing_row", "unused_finding"}
