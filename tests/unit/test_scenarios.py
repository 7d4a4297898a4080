"""Scenarios: what differs between descriptions of a patient, in what follows, and why."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest

from app.reasons.scenarios import comparison_lines
from model.errors import InputError
from model.evidence import read_evidence
from model.reasons.scenarios import compare

FIRST = {
    "age": "60",
    "onset": "gradual",
    "back_pain": "present",
    "radiating_leg_pain": "present",
    "reflexes_reduced": "present",
    "soft": {"muscle_wasting": 3},
}
OTHER = {
    "age": "60",
    "onset": "rapid",
    "back_pain": "present",
    "radiating_leg_pain": "present",
    "saddle_numbness": "present",
    "urinary_retention": "present",
    "spinal_stenosis": "absent",
    "soft": {"muscle_wasting": 0.5},
}
NAMES = ("cauda_equina_syndrome", "nerve_root_compression", "unexplained")
ORDER = (
    *("onset", "saddle_numbness", "urinary_retention", "muscle_wasting", "reflexes_reduced"),
    "spinal_stenosis",
)


def changed(cells, items):
    """The first description with some items as in the other."""
    found = {**cells, "soft": dict(cells["soft"])}
    for item in items:
        if item == "muscle_wasting":
            found["soft"] = dict(OTHER["soft"])
        elif item in OTHER:
            found[item] = OTHER[item]
        else:
            found.pop(item)
    return found


@pytest.fixture(scope="module")
def assess(reasoner):
    """An assessment of some cells."""
    return lambda cells: reasoner.assess(read_evidence(cells, reasoner.vocabulary))


@pytest.fixture(scope="module")
def found(reasoner):
    """The other description against the first."""
    both = [read_evidence(cells, reasoner.vocabulary) for cells in (FIRST, OTHER)]
    (one,) = compare(reasoner, both, names=NAMES)
    return one


def share(assessment, name):
    """The probability of a condition, a category or nothing modelled."""
    if name == "unexplained":
        return assessment.unexplained
    every = assessment.conditions + assessment.categories
    return next(one.probability for one in every if one.id == name)


def odds(assessment, name):
    """The log10 odds of the same."""
    p = share(assessment, name)
    return math.log10(p) - math.log10(1 - p)


def test_what_differs_is_listed_as_in_a_consultation(found):
    """Every item that differs stands there with both values, and no other."""
    listed = {one.item: (one.before, one.after) for one in found.items}
    assert listed == {
        "onset": ("gradual", "rapid"),
        "saddle_numbness": ("unknown", "present"),
        "urinary_retention": ("unknown", "present"),
        "muscle_wasting": ("soft", "soft"),
        "reflexes_reduced": ("present", "unknown"),
        "spinal_stenosis": ("unknown", "absent"),
    }
    assert sorted(listed) == sorted(ORDER)
    assert found.items[0].item == "onset"
    assert found.items[-1].item == "spinal_stenosis"


def test_probabilities_are_those_of_two_assessments(found, assess):
    """Every condition and category has both posteriors, the largest change first."""
    before, after = assess(FIRST), assess(OTHER)
    for shift in (*found.conditions, *found.categories, found.unexplained):
        assert shift.before == pytest.approx(share(before, shift.id), rel=1e-9)
        assert shift.after == pytest.approx(share(after, shift.id), rel=1e-9, abs=1e-300)
    gaps = [abs(one.after - one.before) for one in found.conditions]
    assert gaps == sorted(gaps, reverse=True)
    assert len(gaps) == len(before.conditions)


@pytest.mark.parametrize("name", NAMES)
def test_each_line_is_an_assessment_and_the_lines_add_up(name, found, assess):
    """In sequence each line is one more item changed, and the weights add up to the whole."""
    one = next(a for a in found.attributions if a.shift.id == name)
    last = odds(assess(FIRST), name)
    whole = odds(assess(OTHER), name)
    assert one.log_odds == pytest.approx(whole - last, abs=1e-9)
    items = [line.item for line in one.items]
    for n, line in enumerate(one.items):
        now = odds(assess(changed(FIRST, items[: n + 1])), name)
        assert line.weight == pytest.approx(now - last, abs=1e-9)
        back = odds(assess(changed(FIRST, [i for i in items if i != line.item])), name)
        assert line.given_the_others == pytest.approx(whole - back, abs=1e-9)
        last = now
    assert math.fsum(line.weight for line in one.items) == pytest.approx(one.log_odds, abs=1e-9)


def test_red_flags_are_compared_and_laid_to_items(found, assess, reasoner):
    """Rules met in one only are named, and each stands with the item that met or lost it."""
    before, after = assess(FIRST).screening, assess(OTHER).screening
    met = [{state.rule.id for state in one.met} for one in (before, after)]
    assert found.dispositions == (before.disposition, after.disposition)
    assert found.dispositions[1] == "emergency"
    assert set(found.gained) == met[1] - met[0]
    assert set(found.lost) == met[0] - met[1]
    now = set(met[0])
    for item in found.items:
        assert not set(item.gained) & now
        now = (now | set(item.gained)) - set(item.lost)
    assert now == met[1]
    assert found.items[-1].disposition == "emergency"


def test_what_moved_most_is_attributed_when_nothing_is_named(reasoner):
    """Without names the three conditions that moved most are laid to items."""
    both = [read_evidence(cells, reasoner.vocabulary) for cells in (FIRST, OTHER)]
    (one,) = compare(reasoner, both)
    assert [a.shift.id for a in one.attributions] == [s.id for s in one.conditions[:3]]


def test_several_are_each_compared_with_the_first(reasoner):
    """Of three descriptions the second and the third are compared with the first."""
    cells = (FIRST, OTHER, {**FIRST, "age": "20"})
    told = []
    found = compare(
        reasoner,
        [read_evidence(one, reasoner.vocabulary) for one in cells],
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(1, 2), (2, 2)]
    assert [one.item for one in found[1].items] == ["age"]
    assert found[1].attributions[0].items[0].weight == pytest.approx(
        found[1].attributions[0].items[0].given_the_others, abs=1e-12
    )


def test_equal_descriptions_do_not_differ(reasoner):
    """Where nothing differs nothing moves."""
    both = [read_evidence(FIRST, reasoner.vocabulary)] * 2
    (one,) = compare(reasoner, both)
    assert not one.items + one.attributions
    assert all(shift.before == shift.after for shift in one.conditions)
    assert comparison_lines(one, reasoner.knowledge)[-1] == "  Nothing differs."


def test_what_has_no_posterior_still_has_red_flags(reasoner):
    """Contradiction or refusal: no probabilities, but dispositions are compared."""
    bad = {**OTHER, "tsh_high": "present", "tsh_low": "present"}
    both = [read_evidence(cells, reasoner.vocabulary) for cells in (FIRST, bad)]
    (one,) = compare(reasoner, both)
    assert one.states == ("ok", "contradiction")
    assert not one.conditions + one.attributions
    assert one.dispositions[1] == "emergency"
    (one,) = compare(dataclasses.replace(reasoner, max_steps=1.0), both)
    assert one.states == ("refused", "contradiction")
    (one,) = compare(reasoner, both, cancelled=lambda: True)
    assert one.states[0] == "stopped"
    assert "No probabilities" in " ".join(comparison_lines(one, reasoner.knowledge))


def test_a_step_that_contradicts_is_made_up_for_by_the_next(reasoner):
    """On the way two items may exclude each other; the sum stays whole."""
    cells = ({"tsh_low": "present", "fatigue": "present"}, {"tsh_high": "present"})
    both = [read_evidence(one, reasoner.vocabulary) for one in cells]
    (one,) = compare(reasoner, both, names=("hypothyroidism",))
    (attribution,) = one.attributions
    assert "contradiction" in {line.state for line in attribution.items}
    parts = math.fsum(line.weight for line in attribution.items if line.state == "ok")
    assert parts == pytest.approx(attribution.log_odds, abs=1e-9)
    assert "not weighed (contradiction)" in " ".join(comparison_lines(one, reasoner.knowledge))


def test_what_one_description_decides_is_known(reasoner):
    """A condition that one description confirms is not laid to items."""
    cells = (FIRST, {**FIRST, "stroke": "present"})
    both = [read_evidence(one, reasoner.vocabulary) for one in cells]
    (one,) = compare(reasoner, both, names=("stroke", "spinal_stenosis"))
    assert [a.known for a in one.attributions] == [True, False]
    json.dumps(one.to_dict(), allow_nan=False)


def test_errors_of_the_caller(reasoner):
    """One description is not compared, and a name that does not exist is an input error."""
    evidence = read_evidence(FIRST, reasoner.vocabulary)
    with pytest.raises(ValueError, match="at least two"):
        compare(reasoner, [evidence])
    with pytest.raises(InputError):
        compare(reasoner, [evidence, evidence], names=("strok",))


def test_a_comparison_in_words_and_json(found, reasoner):
    """Every item and attribution stands in both views; lines are not wide."""
    view = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert [one["item"] for one in view["items"]] == [one.item for one in found.items]
    assert [one["id"] for one in view["attributions"]] == list(NAMES)
    lines = comparison_lines(found, reasoner.knowledge)
    assert max(map(len, lines)) <= 78
    text = " ".join(" ".join(lines).split())
    assert "-> emergency" in text
    for item in found.items:
        assert item.label in text
