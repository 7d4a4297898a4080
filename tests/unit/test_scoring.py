"""Scoring a table of vignettes: what a row of the answer says, and what must not move it."""

from __future__ import annotations

import dataclasses
from itertools import product

import numpy as np
import pandas as pd
import pytest

from evaluation.scoring import MAX_COLUMNS, RANKS, output_columns, read_header, score_frame
from model.errors import InputError
from model.evidence import read_evidence
from model.numbers import text
from model.reasons.surprise import surprise
from model.version import ENGINE_VERSION
from tests.vignettes import FOLDER

LABELS = ("label", "diagnosis", "rule", "rests_on")

#: Something no message may repeat.
PRIVATE = "Zaphod77"

#: A bad row of every kind: its cells, the code its message begins with, and its disposition.
BAD_ROWS = {
    "age that is a name": ({"age": PRIVATE, "saddle_numbness": "present"}, "bad_age", "emergency"),
    "age out of range": ({"age": "121"}, "bad_age", "not_determined"),
    "word for a finding": ({"onset": "sudden", "fatigue": PRIVATE}, "bad_value", "emergency"),
    "number between 0 and 1": ({"fatigue": "0.3"}, "soft_value", "not_determined"),
    "absent for a grade": ({"onset": "absent"}, "bad_value", "not_determined"),
    "unknown sex": ({"sex": PRIVATE}, "bad_value", "not_determined"),
    "two results of one test": (
        {"tsh_high": "present", "tsh_low": "present", "onset": "sudden"},
        "contradiction",
        "emergency",
    ),
    "part without the whole": (
        {"foot_drop": "present", "distal_weakness": "absent"},
        "contradiction",
        "not_determined",
    ),
    "implied context denied": (
        {"chemotherapy": "present", "cancer": "absent"},
        "contradiction",
        "not_determined",
    ),
}


@pytest.fixture(scope="module")
def documents():
    """The vignettes of the documents, as text."""
    return pd.read_csv(FOLDER / "documents.csv", dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def scored(documents, reasoner):
    """Those vignettes scored, with everything there is to say."""
    return score_frame(documents, reasoner, keep=LABELS, all_conditions=True)


def rows_of(*rows):
    """A table of text from rows that name only what is known."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pd.DataFrame([[row.get(name, "") for name in names] for row in rows], columns=names)


@pytest.fixture(scope="module")
def many():
    """More different rows than one thread takes at a time, among them bad ones."""
    choices = {
        "age": ("", "30", "70", PRIVATE),
        "sex": ("female", "male"),
        "onset": ("", "gradual", "sudden"),
        "foot_drop": ("", "absent", "present"),
        "distal_weakness": ("", "absent"),
    }
    return pd.DataFrame(list(product(*choices.values())), columns=list(choices))


@pytest.fixture(scope="module")
def answers(many, reasoner):
    """Those rows scored by one thread."""
    return score_frame(many, reasoner, all_conditions=True, workers=1)


def probabilities(columns):
    """The names of the columns that only a differential can fill."""
    groups = ("condition_", "probability_", "category_", "p_")
    alone = ("unexplained", "log_evidence", "conflict")
    return [name for name in columns if name.startswith(groups) or name in alone]


def test_columns_stand_in_the_order_of_the_contract(scored, knowledge):
    """The columns are those of the contract, in its order, and kept ones come last."""
    categories = [row.id for row in knowledge.category]
    assert len(categories) == 12
    assert list(scored.columns) == [
        *("id", "status", "message", "disposition", "could_rise_to", "red_flags", "pending_flags"),
        *("condition_1", "condition_2", "condition_3", "condition_4", "condition_5"),
        *("probability_1", "probability_2", "probability_3", "probability_4", "probability_5"),
        *(f"category_{name}" for name in categories),
        *("unexplained", "log_evidence", "conflict"),
        *("setting", "basis", "engine_version", "knowledge_digest"),
        *(f"p_{row.id}" for row in knowledge.condition),
        *LABELS,
    ]


def test_every_condition_is_only_there_when_asked_for(reasoner):
    """Without `all_conditions` no column of one condition is there."""
    columns = score_frame(rows_of({"age": "70"}), reasoner).columns
    assert list(columns) == output_columns(reasoner)
    assert not [name for name in columns if name.startswith("p_")]


def test_how_unusual_a_row_is_when_asked_for(documents, reasoner, vocabulary):
    """`surprise` and `outside` are those of the patient alone; a bad row has neither."""
    rows = documents.drop(columns=list(LABELS)).iloc[[0, 1, 0]].copy()
    rows.loc[rows.index[1], "age"] = "many"
    found = score_frame(rows, reasoner, surprise=50)
    assert list(found.columns) == output_columns(reasoner, surprise=True)
    cells = {name: cell for name, cell in rows.iloc[0].items() if name != "id" and cell}
    alone = surprise(reasoner, read_evidence(cells, vocabulary), n=50)
    share = text(alone.probability.percentile)
    assert found["surprise"].tolist() == [share, "", share]
    assert found["outside"].tolist() == [";".join(alone.outside), "", ";".join(alone.outside)]


def test_every_row_is_stamped(scored, knowledge):
    """Each row says its setting, basis, engine version and knowledge digest."""
    assert set(scored["setting"]) == {"primary_care"}
    assert set(scored["basis"]) == {"all"}
    assert set(scored["engine_version"]) == {ENGINE_VERSION}
    assert set(scored["knowledge_digest"]) == {knowledge.digest}


def test_rows_come_out_in_order(documents, scored):
    """Every row in is a row out, in the same order, with its id and kept cells."""
    assert scored["id"].tolist() == documents["id"].tolist()
    for name in LABELS:
        assert scored[name].tolist() == documents[name].tolist()


def test_a_row_is_the_assessment_of_that_patient(documents, scored, reasoner):
    """A scored row says exactly what an assessment of that patient alone says, as written."""
    items = [name for name in documents.columns if name not in ("id", *LABELS)]
    for place in range(len(documents)):
        row = scored.iloc[place]
        one = reasoner.assess(
            read_evidence(documents.loc[place, items].to_dict(), reasoner.vocabulary)
        )
        assert (row["status"], row["message"]) == (one.status, one.message)
        assert row["disposition"] == one.screening.disposition
        assert row["could_rise_to"] == one.screening.could_rise_to
        met, pending = (
            {state.rule.id for state in states}
            for states in (one.screening.met, one.screening.pending)
        )
        assert set(filter(None, row["red_flags"].split(";"))) == met
        assert set(filter(None, row["pending_flags"].split(";"))) == pending
        for k, ranked in enumerate(one.ranking[:RANKS], start=1):
            assert row[f"condition_{k}"] == ranked.id
            assert row[f"probability_{k}"] == text(ranked.probability)
        for ranked in one.categories:
            assert row[f"category_{ranked.id}"] == text(ranked.probability)
        for ranked in one.conditions:
            assert row[f"p_{ranked.id}"] == text(ranked.probability)
        for name in ("unexplained", "log_evidence", "conflict"):
            assert row[name] == text(getattr(one, name))


@pytest.mark.parametrize(("cells", "code", "disposition"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_bad_row_keeps_its_screening(cells, code, disposition, reasoner):
    """A row with an error says so by a stable code, keeps its red flags and has no differential."""
    row = score_frame(rows_of(cells), reasoner, all_conditions=True).iloc[0]
    assert row["status"] == "error"
    assert row["message"].startswith(f"{code}: ")
    assert PRIVATE.casefold() not in row["message"].casefold()
    assert row["disposition"] == disposition
    assert (row[probabilities(row.index)] == "").all()


@pytest.mark.parametrize("cells", [cells for cells, _, _ in BAD_ROWS.values()], ids=BAD_ROWS)
def test_a_bad_row_says_what_the_assessment_says(cells, reasoner):
    """A bad row has the status, message and red flags of a lenient assessment of that patient."""
    row = score_frame(rows_of(cells), reasoner).iloc[0]
    evidence = read_evidence(cells, reasoner.vocabulary, lenient=True)
    one = reasoner.assess(evidence)
    assert (row["status"], row["message"]) == (one.status, one.message)
    assert row["disposition"] == one.screening.disposition
    assert row["could_rise_to"] == one.screening.could_rise_to


def test_bad_rows_do_not_touch_their_neighbours(reasoner):
    """Good rows between bad ones come out as they would alone."""
    good = {"age": "72", "onset": "sudden", "laterality": "one_side_of_body"}
    table = rows_of(good, *(cells for cells, _, _ in BAD_ROWS.values()), good)
    among = score_frame(table, reasoner)
    alone = score_frame(rows_of(good), reasoner)
    assert len(among) == len(BAD_ROWS) + 2
    assert among["status"].tolist() == ["ok", *["error"] * len(BAD_ROWS), "ok"]
    columns = [name for name in alone.columns if name != "id"]
    for place in (0, -1):
        assert among.iloc[place][columns].tolist() == alone.iloc[0][columns].tolist()


def test_every_bad_cell_of_a_row_is_named(reasoner):
    """A row with several bad cells names each column."""
    row = score_frame(rows_of({"age": "x", "sex": "y", "fatigue": "z"}), reasoner).iloc[0]
    parts = row["message"].split("; ")
    assert [part.split(" ")[1] for part in parts] == ["age", "sex", "fatigue"]


def test_a_later_step_wins_with_a_warning(reasoner):
    """History against examination is a warning with a code, and still has a differential."""
    cells = {"numbness_or_tingling": "absent", "dermatomal_numbness": "present"}
    row = score_frame(rows_of(cells), reasoner).iloc[0]
    assert row["status"] == "warning"
    assert row["message"].startswith("later_step_wins: ")
    assert row["condition_1"]


def test_past_the_limit_the_screening_stands(documents, scored, reasoner):
    """Evidence past the limit is refused, never approximated, and its red flags stand."""
    narrow = dataclasses.replace(reasoner, max_steps=1.0)
    refused = score_frame(documents, narrow, keep=LABELS)
    assert set(refused["status"]) == {"refused"}
    assert refused["message"].str.startswith("too_wide: ").all()
    assert (refused[probabilities(refused.columns)] == "").all(axis=None)
    for name in ("id", "disposition", "could_rise_to", "red_flags", "pending_flags"):
        assert refused[name].tolist() == scored[name].tolist()


def test_the_limit_refuses_only_what_is_past_it(documents, reasoner):
    """A limit between two rows refuses the wider one and answers the other as before."""
    pair = documents.iloc[:2]
    items = [name for name in documents.columns if name not in ("id", *LABELS)]
    steps = [
        reasoner.assess(read_evidence(row.to_dict(), reasoner.vocabulary)).steps
        for _, row in pair[items].iterrows()
    ]
    assert steps[0] != steps[1]
    between = dataclasses.replace(reasoner, max_steps=sum(steps) / 2)
    found = score_frame(pair, between, keep=LABELS)
    wide = int(np.argmax(steps))
    assert found["status"].iloc[wide] == "refused"
    assert found["status"].iloc[1 - wide] == "ok"
    evidence = read_evidence(pair[items].iloc[wide].to_dict(), reasoner.vocabulary)
    assert found["message"].iloc[wide] == between.assess(evidence).message
    assert "; widest: " in found["message"].iloc[wide]


def test_a_failure_of_ours_takes_one_row_only(many, answers, reasoner):
    """A row whose own numbers are broken fails and is screened; every other row stands."""
    net = reasoner.engine.net
    strength = net.strength.copy()
    column = reasoner.vocabulary.index["foot_drop"].column
    strength[strength[:, column] > 0, column] = np.nan
    engine = dataclasses.replace(reasoner.engine, net=net._replace(strength=strength))
    table = many[many["age"] != PRIVATE].drop(columns="distal_weakness").drop_duplicates()
    found = score_frame(table, dataclasses.replace(reasoner, engine=engine), workers=1)
    whole = score_frame(table, reasoner, workers=1)
    hit = (table["foot_drop"] != "").to_numpy()
    assert set(found["status"][hit]) == {"failed"}
    assert found["message"][hit].str.startswith("inference_failed: ").all()
    assert (found.loc[hit, probabilities(found.columns)] == "").all(axis=None)
    assert found[~hit].equals(whole[~hit])
    for name in ("id", "disposition", "could_rise_to", "red_flags", "pending_flags"):
        assert found[name].tolist() == whole[name].tolist()


def test_equal_evidence_gives_equal_answers(reasoner):
    """Rows with the same evidence, however spelt, have the same answer."""
    spellings = ("present", " Present ", "YES", "true", "1", "1.0")
    table = rows_of(*({"age": "70", "foot_drop": word, "onset": "rapid"} for word in spellings))
    found = score_frame(table, reasoner).drop(columns="id")
    assert (found == found.iloc[0]).all(axis=None)


@pytest.mark.parametrize("blank", ["", " ", "unknown", "NA", "n/a", "Unknown"])
def test_blank_words_are_unknown(blank, reasoner):
    """Every word for unknown is as good as an empty cell."""
    found = score_frame(rows_of({"age": "70", "fatigue": blank}), reasoner)
    nothing = score_frame(rows_of({"age": "70"}), reasoner)
    assert found.equals(nothing)


@pytest.mark.parametrize("workers", [2, None])
def test_the_number_of_workers_changes_nothing(workers, many, answers, reasoner):
    """One thread, two or one for each core give the same bytes."""
    assert set(answers["status"]) == {"ok", "error"}
    found = score_frame(many, reasoner, all_conditions=True, workers=workers)
    assert found.equals(answers)


def test_the_order_of_rows_changes_nothing(many, answers, reasoner):
    """Shuffled rows give the same rows, shuffled."""
    order = np.random.default_rng(7).permutation(len(many))
    found = score_frame(many.iloc[order], reasoner, all_conditions=True).drop(columns="id")
    assert found.equals(answers.drop(columns="id").iloc[order])


def test_the_order_of_columns_changes_nothing(many, answers, reasoner):
    """Columns in any order give the same answer."""
    columns = [name for name in answers.columns if name != "message"]
    found = score_frame(many[many.columns[::-1]], reasoner, all_conditions=True)
    assert found[columns].equals(answers[columns])


def test_a_missing_id_is_the_row_number(reasoner):
    """Rows without an id are numbered from the first row, whether or not others have one."""
    table = pd.DataFrame({"id": ["a", "", None, "d"], "age": ["1", "2", "3", "4"]})
    assert score_frame(table, reasoner)["id"].tolist() == ["a", "2", "3", "d"]
    without = table.drop(columns="id")
    assert score_frame(without, reasoner, first_row=11)["id"].tolist() == ["11", "12", "13", "14"]


def test_ids_survive_as_they_are(reasoner):
    """An id that looks like a number or like nothing is passed through unchanged."""
    ids = ["001", "NA", "None", "nan", "1e5", " padded "]
    table = pd.DataFrame({"id": ids, "age": [""] * len(ids)})
    assert score_frame(table, reasoner)["id"].tolist() == ids


def test_a_typed_table_is_read_as_its_text(reasoner):
    """Booleans, ones and zeros, numbers and missing values say what their text would say."""
    typed = pd.DataFrame(
        {
            "id": [1, 2, 3],
            "age": [70.0, np.nan, 30],
            "foot_drop": [True, False, True],
            "fatigue": [1.0, 0.0, np.nan],
            "back_pain": [1, 0, 1],
            "fever_or_flu_symptoms": pd.array([True, None, False], dtype="boolean"),
            "onset": pd.Categorical(["sudden", None, "gradual"]),
            "leg_pain": pd.Series([True, None, "no"], dtype=object),
        }
    )
    said = pd.DataFrame(
        {
            "id": ["1", "2", "3"],
            "age": ["70", "", "30"],
            "foot_drop": ["present", "absent", "present"],
            "fatigue": ["present", "absent", ""],
            "back_pain": ["present", "absent", "present"],
            "fever_or_flu_symptoms": ["present", "", "absent"],
            "onset": ["sudden", "", "gradual"],
            "leg_pain": ["present", "", "absent"],
        }
    )
    assert score_frame(typed, reasoner).equals(score_frame(said, reasoner))


def test_a_table_without_rows_has_every_column(reasoner):
    """A header alone gives a table of no rows with all its columns."""
    found = score_frame(pd.DataFrame({"age": [], "onset": []}, dtype=str), reasoner)
    assert list(found.columns) == output_columns(reasoner)
    assert len(found) == 0


def test_a_table_of_blanks_is_the_pretest(reasoner):
    """A row that says nothing has the pretest probabilities and no evidence to weigh."""
    row = score_frame(rows_of({"age": ""}), reasoner, all_conditions=True).iloc[0]
    assert (row["status"], row["disposition"]) == ("ok", "not_determined")
    assert float(row["log_evidence"]) == pytest.approx(0.0, abs=1e-9)
    for condition, pretest in zip(
        reasoner.knowledge.condition, reasoner.parameters.pretest, strict=True
    ):
        assert float(row[f"p_{condition.id}"]) == pytest.approx(pretest, abs=1e-5)


def test_the_index_of_a_frame_stays(reasoner):
    """A frame keeps its own index, so that answers can be joined to it."""
    table = pd.DataFrame({"age": ["1", "2"]}, index=["x", "x"])
    assert score_frame(table, reasoner, keep=[]).index.tolist() == ["x", "x"]


def test_a_known_diagnosis_is_evidence(reasoner):
    """A confirmed condition has probability 1 and leads; an excluded one has 0."""
    cells = {"stroke": "absent", "cauda_equina_syndrome": "present"}
    row = score_frame(rows_of(cells), reasoner, all_conditions=True).iloc[0]
    assert (row["condition_1"], row["probability_1"]) == ("cauda_equina_syndrome", "1")
    assert row["p_stroke"] == "0"


@pytest.mark.parametrize(
    ("kept", "out"), [("status", "in_status"), ("message", "in_message"), ("note", "note")]
)
def test_a_kept_column_that_clashes_is_renamed(kept, out, reasoner):
    """A kept column with the name of an output column gets a prefix; others keep their name."""
    table = pd.DataFrame({"age": ["70"], kept: ["mine"]})
    found = score_frame(table, reasoner, keep=[kept])
    assert found.columns[-1] == out
    assert found[out].tolist() == ["mine"]
    assert found["status"].tolist() == ["ok"]


def test_a_kept_column_never_replaces_another(reasoner):
    """A kept column takes no name that an output column has or could have."""
    table = pd.DataFrame({"age": ["70"], "status": ["a"], "in_status": ["b"], "p_stroke": ["c"]})
    keep = ["status", "in_status", "p_stroke", "status"]
    few = score_frame(table, reasoner, keep=keep)
    assert few.iloc[0, -3:].to_dict() == {"in_status": "a", "in_in_status": "b", "in_p_stroke": "c"}
    many = score_frame(table, reasoner, keep=keep, all_conditions=True)
    assert many["in_p_stroke"].tolist() == ["c"]
    assert 0 < float(many["p_stroke"].iloc[0]) < 1


def test_a_kept_item_is_evidence_all_the_same(reasoner):
    """Passing an item through does not take it out of the evidence."""
    table = rows_of({"age": "70", "onset": "sudden"})
    kept = score_frame(table, reasoner, keep=["onset"])
    assert kept["onset"].tolist() == ["sudden"]
    assert kept.drop(columns="onset").equals(score_frame(table, reasoner))


def test_an_unknown_column_is_named_with_the_nearest(reasoner):
    """A misspelt column is an error that offers the right name; every one is listed."""
    with pytest.raises(InputError) as caught:
        read_header(["age", "foot_dorp", "fatige"], reasoner)
    assert [problem.code for problem in caught.value.problems] == ["unknown_column"] * 2
    assert "'foot_dorp'" in str(caught.value)
    assert "Did you mean foot_drop?" in str(caught.value)
    assert "Did you mean fatigue?" in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "keep", "code"),
    [
        (["age", "age"], [], "duplicate_column"),
        (["age"], ["note"], "missing_column"),
        (["age"], ["id"], "missing_column"),
        ([""], [], "unknown_column"),
        ([f"c{n}" for n in range(MAX_COLUMNS + 1)], [], "too_many_columns"),
    ],
)
def test_a_header_that_cannot_be_placed_is_an_error(columns, keep, code, reasoner):
    """Columns that stand twice, are missing or are far too many stop before any row is read."""
    with pytest.raises(InputError) as caught:
        read_header(columns, reasoner, keep=keep)
    assert [problem.code for problem in caught.value.problems] == [code]
