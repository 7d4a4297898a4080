"""The shipped network: the engine against pgmpy, pyAgrum and a million sampled patients.

No test here depends on particular numbers of the knowledge base, only on the names of its items.
"""

import math
import os

import numpy as np
import pytest

from evaluation.benchmarks.networks import Pgmpy, PyAgrum, known_weight, question
from model.reference import ANY
from tests.oracle.sampling import people
from tests.oracle.shipped import shipped

TOLERANCE = 1e-9

#: pgmpy answers one question at a time; by default it is asked for the likeliest conditions.
LONG = bool(os.environ.get("PARESIS_EXAMPLES"))
LIKELIEST = 16

#: Patients as a clinician might meet them: what is known, and contexts left unknown.
PATIENTS = {
    "weakness that climbs after an infection": (
        {
            "age": "age_16_39",
            "sex": "male",
            "recent_infection": True,
            "onset": "rapid",
            "laterality": "both_legs",
            "ascending": True,
            "reflexes_reduced": True,
            "numbness_or_tingling": True,
            "fever_or_flu_symptoms": False,
        },
        (),
    ),
    "one side of the body on waking": (
        {
            "age": "age_65_and_over",
            "sex": "female",
            "atrial_fibrillation": True,
            "high_blood_pressure": True,
            "onset": "sudden",
            "laterality": "one_side_of_body",
            "arm_weakness": True,
            "facial_weakness": True,
            "speech_difficulty": True,
            "back_pain": False,
            "severe_headache": False,
        },
        ("smoking",),
    ),
    "numb saddle and a foot that drops": (
        {
            "age": "age_40_64",
            "sex": "female",
            "heavy_lifting": True,
            "saddle_numbness": True,
            "bladder_or_bowel_loss": True,
            "radiating_leg_pain": True,
            "bilateral_radiating_pain": True,
            "foot_drop": True,
            "onset": "rapid",
            "reflexes_increased": False,
        },
        (),
    ),
    "aching thighs on a statin": (
        {
            "age": "age_65_and_over",
            "sex": "male",
            "statin": True,
            "difficulty_rising": True,
            "proximal_weakness": True,
            "muscle_pain_or_tenderness": True,
            "creatine_kinase_very_high": True,
            "severity": "moderate",
            "numbness_or_tingling": False,
            "skin_rash": False,
        },
        ("limited_sun_exposure",),
    ),
    "numb feet for years": (
        {
            "age": "age_65_and_over",
            "diabetes": True,
            "poor_glucose_control": True,
            "duration": "years",
            "onset": "gradual",
            "sensory_loss_feet_first": True,
            "burning_pain": True,
            "reflexes_reduced": True,
            "glucose_or_hba1c_high": True,
            "cannot_stand_on_toes": False,
        },
        ("metformin",),
    ),
    "cramps after days of vomiting, age and sex not recorded": (
        {
            "vomiting_or_diarrhoea": True,
            "diuretic": True,
            "onset": "rapid",
            "generalised_weakness": True,
            "muscle_cramps": True,
            "potassium_low": True,
            "potassium_very_low": False,
            "facial_weakness": False,
            "sensory_level": False,
        },
        (),
    ),
    "leg pain on walking, an earlier diagnosis and a refuted one": (
        {
            "age": "age_65_and_over",
            "sex": "male",
            "spinal_stenosis": True,
            "stroke": False,
            "smoking": True,
            "exertional_leg_cramp": True,
            "relieved_standing_still": False,
            "weak_pulses_or_cold_foot": True,
            "rapidly_worsening": False,
            "laterality": "both_legs",
            "symmetrical": True,
            "severity": "mild",
        },
        (),
    ),
}

#: pyAgrum chooses its order of elimination itself; with supplements it takes minutes or all memory
#: for these.
TOO_WIDE = ("weakness that climbs after an infection", "aching thighs on a statin")


def case_of(ours, known, unknown):
    """Evidence by id; contexts not mentioned are known to be absent, but for the unknown ones."""
    case = ours.case(known, rest=0)
    context = case.context.copy()
    for name in unknown:
        context[ours.names.context.index(name)] = -1
    return case._replace(context=context)


def asked_of(ours, case, answer, groups=()):
    """The translated case and the conditions in the order the engine took."""
    order = ours.best_order(answer)
    asked = question(ours.net, ours.names, case, order=order, asked=groups)
    return asked, [ours.names.condition[i] for i in order]


def _compare(ours, theirs, case, answer, conditions, groups):
    names = ours.names
    expected = {
        **dict(zip(names.condition, answer.condition, strict=True)),
        **dict(zip((name for name, _ in names.group), answer.group, strict=True)),
        **dict(zip(names.context, answer.context, strict=True)),
    }
    unknown = [names.context[k] for k in np.flatnonzero(case.context < 0)]
    for name in (*conditions, *groups, *unknown):
        assert theirs.posterior(name)[1] == pytest.approx(expected[name], abs=TOLERANCE), name
    assert theirs.posterior(ANY)[0] == pytest.approx(answer.unexplained, abs=TOLERANCE)
    assert theirs.posterior("age") == pytest.approx(answer.age, abs=TOLERANCE)
    assert theirs.posterior("sex") == pytest.approx(answer.sex, abs=TOLERANCE)


@pytest.mark.parametrize("patient", PATIENTS)
def test_engine_equals_pgmpy(patient):
    """The reference network in pgmpy, asked well, gives the engine's posteriors."""
    ours = shipped()
    case = case_of(ours, *PATIENTS[patient])
    answer = ours.answer(case)
    groups = [name for name, members in ours.names.group if len(members) > 1]
    groups = groups if LONG else groups[:2]
    asked, order = asked_of(ours, case, answer, groups)
    likeliest = np.argsort(-answer.condition)[: None if LONG else LIKELIEST]
    conditions = [ours.names.condition[i] for i in likeliest]
    _compare(ours, Pgmpy(asked, order), case, answer, conditions, groups)


@pytest.mark.parametrize(
    ("patient", "setting", "basis"),
    [
        *((name, "neurology_clinic", "documents") for name in PATIENTS),
        *((name, "even", "all") for name in PATIENTS if name not in TOO_WIDE),
    ],
)
def test_engine_equals_pyagrum(patient, setting, basis):
    """PyAgrum agrees on every condition and on P(evidence), in other settings and bases."""
    ours = shipped(setting, basis)
    case = case_of(ours, *PATIENTS[patient])
    answer = ours.answer(case)
    asked, _ = asked_of(ours, case, answer)
    theirs = PyAgrum(asked)
    _compare(ours, theirs, case, answer, ours.names.condition, ())
    expected = answer.log_probability + math.log(known_weight(ours.net, case))
    assert theirs.log_probability() == pytest.approx(expected, abs=TOLERANCE)


def test_empty_case_gives_the_pretest_table():
    """With only the complaint known, the posteriors are the rows the base rates were solved for."""
    ours = shipped()
    answer = ours.engine.posterior(ours.case({}))
    assert answer.condition == pytest.approx(ours.parameters.pretest, rel=1e-6)
    assert answer.unexplained == pytest.approx(ours.parameters.unnamed_pretest, rel=1e-6)
    assert math.exp(answer.log_probability) == pytest.approx(ours.parameters.complaint, rel=1e-6)


#: Events frequent enough to count among a million patients; age and contexts may be part of them.
EVENTS = [
    {},
    {"age": "age_65_and_over", "sex": "female"},
    {"diabetes": True},
    {"diabetes": True, "poor_glucose_control": False},
    {"onset": "gradual"},
    {"onset": "sudden"},
    {"laterality": "one_side_of_body"},
    {"severity": "severe"},
    {"duration": "years"},
    {"rapidly_worsening": True},
    {"laterality": "both_legs", "symmetrical": True},
    {"laterality": "both_legs", "symmetrical": False, "arm_weakness": False},
    {"objective_weakness": True},
    {"objective_weakness": True, "distal_weakness": False},
    {"distal_weakness": True, "foot_drop": True},
    {"foot_drop": False},
    {"numbness_or_tingling": True, "hand_numbness": False},
    {"sensory_loss_feet_first": True},
    {"back_pain": True, "radiating_leg_pain": True},
    {"back_pain": False, "leg_swelling": True},
    {"fatigue": True, "muscle_cramps": True},
    {"reflexes_reduced": True, "numbness_or_tingling": True},
    {"reflexes_increased": True, "onset": "gradual"},
    {"exertional_leg_cramp": True, "weak_pulses_or_cold_foot": True},
    {"glucose_or_hba1c_high": True, "diabetes": False},
    {"haemoglobin_low": True, "age": "age_65_and_over"},
    {"creatine_kinase_raised": True, "creatine_kinase_very_high": False},
    {"difficulty_stairs": True, "difficulty_rising": True},
    {"severity": "moderate", "difficulty_walking": True},
    {"statin": True, "muscle_pain_or_tenderness": True},
    {"old_fixed_weakness": True, "objective_weakness": True, "foot_drop": True},
    {"age": "age_16_39", "joint_pain_or_instability": True, "weight_loss": False},
]
SAMPLE = 1_000_000
ERRORS = 4.5

#: Expected number of patients below which a share is not compared.
ENOUGH = 100


@pytest.fixture(scope="module")
def sample():
    """A million people with the complaint."""
    ours = shipped()
    return people(ours.net, ours.parameters.order, SAMPLE, np.random.default_rng(20240229))


def _members(sample, case):
    """Which sampled patients show an event."""
    inside = np.ones(SAMPLE, bool)
    for codes, seen in (
        (case.finding, sample.finding),
        (case.context, sample.context),
        (case.condition, sample.condition),
    ):
        for place in np.flatnonzero(codes >= 0):
            inside &= seen[:, place] == codes[place]
    if case.band >= 0:
        inside &= sample.band == case.band
    if case.sex >= 0:
        inside &= sample.sex == case.sex
    return inside


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: "+".join(event) or "complaint")
def test_engine_equals_simulation(event, sample):
    """Shares among sampled patients lie within 4.5 standard errors of the probabilities."""
    ours = shipped()
    case = ours.case(event)
    answer = ours.engine.posterior(case)
    inside = _members(sample, case)
    complaint = ours.engine.log_probability(ours.case({}))
    chance = math.exp(answer.log_probability - complaint) * known_weight(ours.net, case)
    assert SAMPLE * chance > ENOUGH, "the event is too rare to be counted"
    assert abs(inside.mean() - chance) <= ERRORS * math.sqrt(chance * (1 - chance) / SAMPLE) + 1e-9
    count = int(inside.sum())
    seen = {
        **dict(
            zip(
                ours.names.condition,
                zip(answer.condition, sample.condition[inside].mean(axis=0), strict=True),
                strict=True,
            )
        ),
        "unexplained": (answer.unexplained, (~sample.condition[inside].any(axis=1)).mean()),
    }
    compared = 0
    for name, (expected, share) in seen.items():
        if count * min(expected, 1 - expected) > ENOUGH:
            error = math.sqrt(expected * (1 - expected) / count)
            assert abs(share - expected) <= ERRORS * error, name
            compared += 1
    assert compared, "nothing frequent enough to compare"
