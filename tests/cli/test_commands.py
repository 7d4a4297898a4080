"""What each command says: results on standard output, problems on standard error, exit codes."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import shutil
import socket
from xml.etree import ElementTree as ET

import pytest
import typer

from app.cli import app
from app.explaining import PARTS
from app.report import PURPOSE
from model.errors import InputError
from model.knowledge import SHIPPED
from tests.cli.conftest import ROOT
from tests.vignettes import FOLDER

PATIENT = ("age=72", "sex=female", "onset=sudden", "foot_drop", "reflexes_reduced=present")

#: Something no message may repeat.
PRIVATE = "Zaphod77"


def commands():
    """Every command the command line has."""
    return sorted(typer.main.get_command(app).commands)


def table(text):
    """Rows of CSV text."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("name", commands())
def test_every_command_is_in_the_readme(name):
    """README.md names every command as one would type it."""
    assert re.search(rf"\bparesis {name}\b", (ROOT / "README.md").read_text("utf-8"))


@pytest.mark.parametrize("name", commands())
def test_every_command_has_help(name, paresis):
    """`--help` says what a command does and exits 0."""
    done = paresis(name, "--help")
    assert (done.code, done.err) == (0, "")
    assert f"Usage: paresis {name}" in done.out
    assert re.search(r"\n\n  [A-Z][^\n]+", done.out)


def test_without_a_command_the_help_is_shown(paresis):
    """`paresis` alone shows every command."""
    done = paresis()
    shown = done.out + done.err
    assert all(re.search(rf"^  {name} ", shown, re.MULTILINE) for name in commands())


def test_assess_shows_red_flags_first(paresis):
    """The text has the red flags before the ranking, its purpose once, and what is unexplained."""
    done = paresis("assess", *PATIENT)
    assert (done.code, done.err) == (0, "")
    assert 0 < done.out.index("RED FLAGS") < done.out.index("LEADING CONDITIONS")
    assert done.out.count(PURPOSE) == 1
    assert "Nothing modelled explains it" in done.out


def test_assess_json_has_the_screening_first(paresis, knowledge):
    """The JSON is valid, has the screening before any probability, and is stamped."""
    found = paresis("assess", *PATIENT, "--json", "--sites").json
    keys = list(found)
    for name in ("categories", "conditions", "sites", "unexplained"):
        assert keys.index("screening") < keys.index(name)
    assert found["screening"]["disposition"] == "emergency"
    assert len(found["conditions"]) == len(knowledge.condition)
    assert found["knowledge_digest"] == knowledge.digest


def test_a_patient_can_come_in_every_way(paresis, tmp_path):
    """Pairs, JSON text, a JSON file and standard input say the same of the same patient."""
    record = {"age": 72, "sex": "female", "onset": "sudden", "foot_drop": True}
    text = json.dumps({**record, "reflexes_reduced": 1})
    path = tmp_path / "patient.json"
    path.write_text("\ufeff" + text, "utf-8")
    found = [
        paresis("assess", "--json", *PATIENT),
        paresis("assess", "--json", "--json-text", text),
        paresis("assess", "--json", "--file", path),
        paresis("assess", "--json", "--file", "-", stdin=text),
        paresis("assess", "--json", "--json-text", json.dumps(record), "reflexes_reduced=YES"),
    ]
    saved = {"paresis": "0.1.0", "setting": "even", "basis": "all", "values": json.loads(text)}
    found.append(paresis("assess", "--json", "--json-text", json.dumps(saved)))
    assert "saved in the dashboard" in found[-1].err
    assert {done.code for done in found} == {0}
    assert len({done.out for done in found}) == 1


@pytest.mark.parametrize(
    ("arguments", "stdin", "code"),
    [
        (("age=" + PRIVATE,), "", "bad_age"),
        (("fatigue=" + PRIVATE,), "", "bad_value"),
        (("fatigue=0.3",), "", "soft_value"),
        (("onset=present",), "", "bad_value"),
        (("age=70", "age=71"), "", "given_twice"),
        (("--file", "-"), "{" + PRIVATE, "bad_json"),
        (("--file", "-"), "[" * 100_000, "bad_json"),
        (("--file", "-"), '{"age": ' + "9" * 5000 + "}", "bad_json"),
        (("--file", "-"), f'["{PRIVATE}"]', "bad_json"),
        (("--file", "-"), '{"age": 70, "age": 71}', "given_twice"),
        (("--file", "-"), '{"age": NaN}', "bad_age"),
        (("--file", "-"), '{"fatigue": ["present"]}', "bad_value"),
        (("--file", "-"), '{"soft": {"fatigue": -1}}', "bad_soft"),
        (("--file", "-"), b"\xff", "bad_encoding"),
        (("--file", "-"), "", "empty_file"),
        (("--file", "-"), "\ufeff \n", "empty_file"),
        (("--json-text", ""), "", "empty_file"),
        (("--file", "no/such.json"), "", "no_file"),
        (("--file", "."), "", "unreadable"),
    ],
)
def test_bad_input_is_named_not_repeated(arguments, stdin, code, paresis):
    """Bad input exits 10 with a stable code; no traceback, and nothing of the patient, is shown."""
    done = paresis("assess", *arguments, stdin=stdin)
    assert (done.code, done.out) == (10, "")
    assert done.err.startswith(f"error {code}: ")
    assert PRIVATE.casefold() not in done.err.casefold()
    assert "Traceback" not in done.err


def test_a_name_like_no_other_is_told_where_names_are(paresis):
    """Where no name is near, the command that lists them all is named, for items and conditions."""
    for words in (("assess", "xyzzy"), ("explain", *PATIENT, "--condition", "xyzzy")):
        done = paresis(*words)
        assert (done.code, done.out) == (10, "")
        assert done.err.startswith("error unknown_item: xyzzy: ")
        assert done.err.endswith("`paresis vocabulary` lists them.\n")


def test_many_problems_of_one_kind_are_few_lines(paresis):
    """Of thirty unknown names five are shown, then how many more there are and where."""
    names = [f"x{n:02}yzzy" for n in range(30)]
    done = paresis("assess", *names, "age=-1", "onset=suden")
    lines = done.err.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        *["error unknown_item"] * 5,
        *("error bad_age", "error bad_value", "error unknown_item"),
    ]
    assert lines[-1] == f"error unknown_item: and 25 more: {'; '.join(names[5:])}"


def test_every_problem_is_said_at_once(paresis):
    """Several mistakes are listed together, each with the nearest right name where there is one."""
    done = paresis("assess", "foot_dorp", "age=-1", "onset=suden")
    lines = done.err.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "error unknown_item",
        "error bad_age",
        "error bad_value",
    ]
    assert "Did you mean foot_drop?" in lines[0]
    assert "Did you mean sudden?" in lines[2]


def test_a_contradiction_shows_its_red_flags(paresis):
    """Evidence that contradicts itself exits 10 and still shows the screening."""
    clash = ("onset=sudden", "tsh_high", "tsh_low")
    done = paresis("assess", *clash)
    assert done.code == 10
    assert "EMERGENCY" in done.out
    record = paresis("assess", *clash, "--json")
    assert record.code == 10
    assert record.json["status"] == "error"
    assert record.json["screening"]["disposition"] == "emergency"
    assert "conditions" not in record.json


def test_letters_the_terminal_lacks_are_no_error(paresis):
    """Text is written as far as the terminal's letters go, and JSON says the others in its way."""
    done = paresis("assess", "foot_drop", charset="latin-1")
    assert done.code == 0
    assert r"(scia\u2026" in done.out
    name = "Žofie 張 \ud800"
    patient = json.dumps({"id": name})
    for charset in ("latin-1", "utf-8"):
        done = paresis("assess", "--json", "--file", "-", stdin=patient, charset=charset)
        assert done.json["id"] == name


def test_explain_adds_the_ledger(paresis):
    """The text of explain is that of assess, then what speaks for and against the leaders."""
    plain, full = paresis("assess", *PATIENT), paresis("explain", *PATIENT)
    assert (full.code, full.err) == (0, "")
    assert full.out.startswith(plain.out)
    assert "FOR AND AGAINST" in full.out[len(plain.out) :]
    assert "NEXT QUESTION" in full.out[len(plain.out) :]


def test_explain_json_adds_the_ledger(paresis):
    """The JSON of explain is that of assess with a ledger of the first three, or those named."""
    plain, full = (paresis(name, *PATIENT, "--json").json for name in ("assess", "explain"))
    ledger, together, questions = (full.pop(name) for name in ("ledger", "together", "questions"))
    assert full == plain
    assert together["explanations"]
    assert questions["questions"]
    assert [one["id"] for one in ledger] == [one["id"] for one in plain["conditions"][:3]]
    for one, ranked in zip(ledger, plain["conditions"], strict=False):
        assert one["pretest"] == ranked["pretest"]
        assert one["posttest"] == ranked["probability"]
        entered = {pair.partition("=")[0] for pair in PATIENT}
        assert {weight["item"] for weight in one["weights"]} == entered
    named = paresis("explain", *PATIENT, "--json", "-c", "spinal_stenosis").json["ledger"]
    assert [one["id"] for one in named] == ["spinal_stenosis"]


def test_explain_needs_a_condition_that_exists(paresis):
    """A condition that is misspelt exits 10 and is offered the nearest."""
    done = paresis("explain", *PATIENT, "-c", "strok")
    assert (done.code, done.out) == (10, "")
    assert done.err.startswith("error unknown_item: strok")
    assert "Did you mean stroke?" in done.err


def test_explain_of_a_contradiction_is_what_assess_says(paresis):
    """Where there is no differential, explain says what assess says, as text and as JSON."""
    clash = ("onset=sudden", "tsh_high", "tsh_low")
    assert paresis("explain", *clash) == paresis("assess", *clash)
    plain, full = (paresis(name, *clash, "--json") for name in ("assess", "explain"))
    parts = dict.fromkeys(("ledger", "together", "questions"))
    assert (full.code, full.json) == (plain.code, {**plain.json, **parts})


@pytest.mark.parametrize("part", [name for name in PARTS if name not in ("doubt", "sources")])
def test_explain_shows_the_part_asked_for(part, paresis):
    """Every part can be asked for by itself, as text and as JSON."""
    text = paresis("explain", *PATIENT, "--show", part)
    assert (text.code, text.err) == (0, "")
    assert len(text.out) > len(paresis("assess", *PATIENT).out)
    view = paresis("explain", *PATIENT, "--show", part, "--json").json
    assert view[part]
    assert not (set(PARTS) - {part}) & set(view)


def test_explain_takes_a_goal_and_looks_ahead(paresis):
    """A change may be looked for towards a condition or a threshold; questions come in pairs."""
    asked = ("--show", "changes", "--goal", "stroke", "--threshold", "0.5", "--json")
    changes = paresis("explain", "age=72", "foot_drop", *asked).json["changes"]
    assert (changes["goal"], changes["condition"]) == ("crosses", "stroke")
    assert all(one["condition_probability"] >= 0.5 for one in changes["single"])
    asked = ("--show", "questions", "--burden", "1", "--ahead", "--json")
    pairs = paresis("explain", "age=72", "foot_drop", *asked).json["questions"]["pairs"]
    assert pairs
    assert all(one["gain"] >= one["first_gain"] for one in pairs)
    asked = ("--show", "stopping", "--about", "categories", "--answers", "2", "--json")
    stopping = paresis("explain", "age=72", "foot_drop", *asked).json["stopping"]
    assert (stopping["about"], len(stopping["asked"])) == ("categories", 2)
    done = paresis("explain", "age=72", "--show", "changes", "--threshold", "2")
    assert (done.code, "bad_threshold" in done.err) == (InputError.exit_code, True)


def test_compare_says_what_moved_and_by_which_item(paresis, tmp_path):
    """Changes on top of the patient, and another whole description, are each compared with it."""
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"age": 72, "sex": "female", "foot_drop": "present"}))
    asked = ("--what-if", "foot_drop=absent onset=unknown", "--other", str(other), "--json")
    changed, whole = json.loads(paresis("compare", *PATIENT, *asked).out)
    assert [line["item"] for line in changed["items"]] == ["onset", "foot_drop"]
    assert changed["name"] == "foot_drop=absent onset=unknown"
    assert {line["after"] for line in whole["items"]} == {"unknown"}
    before = json.loads(paresis("assess", *PATIENT, "--json").out)["unexplained"]
    assert changed["unexplained"]["before"] == whole["unexplained"]["before"] == before
    text = paresis("compare", *PATIENT, *asked[:-1]).out
    assert text.index("1. foot_drop=absent") < text.index("foot drop") < text.index("2. ")


def test_a_mode_says_which_targets_it_needs(paresis):
    """A mode without its target is told what to give."""
    done = paresis("explain", *PATIENT, "--mode", "raise")
    assert (done.code, done.out) == (10, "")
    assert done.err == "error wrong_targets: mode raise: needs one --target: a condition's id.\n"


def test_an_empty_what_if_is_an_error(paresis):
    """A description in which nothing is otherwise is no comparison."""
    done = paresis("compare", *PATIENT, "--what-if", " ")
    assert (done.code, done.out) == (10, "")
    assert done.err.startswith("error empty_what_if: ")


def test_compare_needs_something_to_compare_with(paresis):
    """One description alone is an error that says how to give another."""
    done = paresis("compare", *PATIENT)
    assert (done.code, done.out) == (InputError.exit_code, "")
    assert "--what-if" in done.err


def test_settings_and_bases_differ(paresis):
    """The setting and the basis are stamped and change the numbers."""
    found = [
        paresis("assess", *PATIENT, "--json", *words).json
        for words in ((), ("--setting", "neurology_clinic"), ("--basis", "documents"))
    ]
    assert [(one["setting"], one["basis"]) for one in found] == [
        ("primary_care", "all"),
        ("neurology_clinic", "all"),
        ("primary_care", "documents"),
    ]
    assert len({json.dumps(one["conditions"]) for one in found}) == 3
    assert len({json.dumps(one["screening"]) for one in found}) == 1


def test_score_reads_and_writes_through_pipes(paresis):
    """`-` is standard input and output; the count goes to standard error."""
    source = "\ufeffid,age,onset,note\r\na,72,sudden,x\r\nb,,,=y\r\n"
    done = paresis("score", "-", "--keep", "note", stdin=source)
    assert (done.code, done.err) == (0, "2 rows scored: ok 2\n")
    rows = table(done.out)
    assert [row["id"] for row in rows] == ["a", "b"]
    assert [row["note"] for row in rows] == ["x", "'=y"]
    assert "\r" not in done.out


def test_score_writes_the_same_to_a_file(paresis, tmp_path):
    """What goes to standard output is what goes to a file."""
    source = "id,age\na,72\n"
    sink = tmp_path / "out.csv"
    shown = paresis("score", "-", stdin=source).out
    assert paresis("score", "-", "-o", sink, stdin=source).out == ""
    assert sink.read_text("utf-8") == shown


def test_the_template_can_be_scored(paresis):
    """The header of `vocabulary --template` with a row of blanks is an unknown patient."""
    header = paresis("vocabulary", "--template").out
    blank = "," * header.count(",")
    (row,) = table(paresis("score", "-", stdin=f"{header}{blank}\n").out)
    assert (row["id"], row["status"], row["message"]) == ("1", "ok", "")
    assert row["disposition"] == "not_determined"
    assert float(row["log_evidence"]) == pytest.approx(0.0, abs=1e-9)


def test_score_marks_bad_rows_or_stops_at_them(paresis, tmp_path):
    """A bad row is marked and the run goes on; `--on-error stop` exits 10 and leaves nothing."""
    source = f"id,age\na,72\nb,{PRIVATE}\n"
    marked = paresis("score", "-", "--all-conditions", stdin=source)
    assert marked.code == 0
    assert marked.err == "2 rows scored: error 1, ok 1; see column message\n"
    assert "p_stroke" in table(marked.out)[0]
    sink = tmp_path / "out.csv"
    stopped = paresis("score", "-", "-o", sink, "--on-error", "stop", stdin=source)
    assert (stopped.code, stopped.out) == (10, "")
    assert stopped.err.startswith("error bad_row: - row 2: bad_age: age ")
    assert PRIVATE not in stopped.err
    assert list(tmp_path.iterdir()) == []


def test_score_says_that_there_was_nothing_to_score(paresis):
    """A header alone gives a header alone, and words instead of an empty count."""
    done = paresis("score", "-", stdin="id,age\n")
    assert (done.code, done.err) == (0, "no rows to score: there is nothing under the header\n")
    assert done.out.startswith("id,status,")
    assert done.out.count("\n") == 1


def test_a_diagnosis_among_the_columns_is_said_once(paresis):
    """A label that is taken as a fact would make every row certain: score and evaluate say so."""
    source = "id,age,stroke,label\na,71,yes,stroke\nb,72,yes,stroke\n"
    said = "taken as diagnoses already made: stroke (rename a column that is a label)\n"
    done = paresis("score", "-", "--keep", "label", stdin=source)
    assert (done.code, done.err) == (0, said + "2 rows scored: ok 2\n")
    assert table(done.out)[0]["probability_1"] == "1"
    done = paresis("evaluate", "-", stdin=source)
    assert (done.code, done.err) == (0, said)
    heading = "(given as present or absent: a diagnosis already made or excluded)"
    headings = re.findall(r"^CONDITIONS: .*$", paresis("vocabulary").out, re.MULTILINE)
    assert headings
    assert all(line.endswith(heading) for line in headings)


def test_an_output_in_place_of_its_input_is_refused(paresis, tmp_path):
    """Neither a file nor the folder of a cluster's run may take the place of what is read."""
    folder = tmp_path / "cases"
    folder.mkdir()
    source = folder / "in.csv"
    source.write_text("id,age\na,70\n")
    for words in (
        (source, "-o", source),
        (folder, "--dask", "local", "-o", folder),
        (source, "--dask", "local", "-o", folder),
        (source, "--dask", "local", "-o", source),
        (folder / "*.csv", "--dask", "local", "-o", folder / ".." / "cases"),
    ):
        done = paresis("score", *words)
        assert (done.code, done.out) == (10, "")
        assert done.err.startswith("error same_file: ")
        assert "-o" in done.err
    assert list(folder.iterdir()) == [source]
    assert source.read_text() == "id,age\na,70\n"


@pytest.mark.parametrize(
    ("stdin", "code"),
    [
        ("", "empty_file"),
        ("id;age;foot_drop\na;70;present\n", "wrong_separator"),
        ("a,70,present\nb,71,absent\n", "no_header"),
        ("id,foot_dorp\na,present\n", "unknown_column"),
        (b"id,age\n\xff,70\n", "bad_encoding"),
        ('id,age\n"a,70\n', "broken_csv"),
    ],
)
def test_score_names_a_file_that_is_no_table(stdin, code, paresis):
    """What cannot be read as a table exits 10 with a stable code and prints nothing."""
    done = paresis("score", "-", stdin=stdin)
    assert (done.code, done.out) == (10, "")
    assert done.err.startswith(f"error {code}: ")


def test_compressed_standard_input_is_recognised(paresis):
    """Standard input has no name that says how it is packed: it must be plain."""
    done = paresis("score", "-", stdin=gzip.compress(b"id,age\na,70\n"))
    assert (done.code, done.out) == (10, "")
    assert "use gunzip -c" in done.err


def test_a_header_that_is_data_is_not_repeated(paresis):
    """Without a header the first line is a patient, of whom no message says anything."""
    done = paresis("score", "-", stdin=f"{PRIVATE},71,present\n")
    assert done.err.startswith("error no_header: ")
    assert PRIVATE not in done.err


def few(name, count):
    """The first vignettes of a file, as CSV text."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8") as file:
        return "".join(line for line, _ in zip(file, range(count + 1), strict=False))


def test_evaluate_compares_with_the_truth(paresis):
    """Accuracy has a block for each setting, with intervals, as text and as valid JSON."""
    options = ("-", "--keep", "diagnosis,rule", "--keep", "rests_on")
    source = few("documents", 4)
    done = paresis(
        "evaluate", *options, "--setting", "primary_care", "--setting", "even", stdin=source
    )
    assert (done.code, done.err) == (0, "")
    assert done.out.count("true condition in the first 3: ") == 2
    assert re.search(r"\d/4 \(\d+%, \d+%-\d+%\)", done.out)
    (record,) = paresis("evaluate", *options, "--json", stdin=source).json
    assert record["top"]["5"]["of"] == 4
    assert record["unexplained_outside"] is None


def test_evaluate_needs_a_truth_that_is_there(paresis):
    """A truth column that is not in the file exits 10."""
    done = paresis("evaluate", "-", "--truth", "nothing", stdin="id,age\na,70\n")
    assert (done.code, done.out) == (10, "")
    assert done.err.startswith("error missing_column: column 'nothing'")


def test_evaluate_needs_rows(paresis):
    """A header alone has no accuracy."""
    done = paresis("evaluate", "-", stdin="id,label,age\n")
    assert (done.code, done.out) == (10, "")
    assert done.err.startswith("error no_rows: ")


def test_vocabulary_lists_everything(paresis, knowledge):
    """The text names every item; the JSON has labels, values and the digest."""
    text, record = paresis("vocabulary"), paresis("vocabulary", "--json").json
    assert text.code == 0
    assert record["knowledge_digest"] == knowledge.digest
    assert len(record["rules"]) == len(knowledge.rule)
    for entry in record["items"]:
        assert f"  {entry['id']} " in text.out


def test_check_of_the_shipped_knowledge_is_clean(paresis, knowledge):
    """The shipped knowledge base has no mistakes."""
    done = paresis("check")
    assert (done.code, done.err) == (0, "")
    assert f"knowledge {knowledge.digest[:12]}" in done.out
    assert done.out.splitlines()[-1].startswith("0 errors")


@pytest.fixture
def broken(tmp_path):
    """A knowledge base with a mistake in each of two files."""
    folder = tmp_path / "priors"
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("__pycache__"))
    links = folder / "links.csv"
    links.write_text(links.read_text("utf-8").replace("\nstroke,", "\nstrok,", 1), "utf-8")
    rules = folder / "rules.toml"
    rules.write_text(
        rules.read_text("utf-8").replace("onset = sudden", "onset = suden", 1), "utf-8"
    )
    return folder


def test_a_broken_knowledge_base_lists_every_mistake(broken, paresis):
    """`--priors` with mistakes exits 11 and lists all of them, with file and place, at once."""
    done = paresis("assess", *PATIENT, "--priors", broken)
    assert (done.code, done.out) == (11, "")
    assert all(line.startswith("error ") for line in done.err.splitlines())
    assert re.search(r"links\.csv.*strok.*Did you mean stroke\?", done.err)
    assert re.search(r"rules\.toml.*suden", done.err)


def test_check_lists_every_mistake(broken, paresis):
    """`check` exits 11 with the same mistakes, as lines on standard error or as JSON."""
    done = paresis("check", broken)
    assert done.code == 11
    assert "links.csv" in done.err
    assert "rules.toml" in done.err
    record = paresis("check", broken, "--json")
    assert record.code == 11
    errors = [problem for problem in record.json if problem["level"] == "error"]
    assert len(errors) == len(done.err.splitlines()) >= 2
    assert done.out.splitlines()[-1].startswith(f"{len(errors)} errors")


def test_check_takes_the_folder_as_other_commands_do(broken, paresis):
    """`check FOLDER` and `check --priors FOLDER` are the same."""
    assert paresis("check", "--priors", broken) == paresis("check", broken)


def test_a_file_is_no_knowledge_base(paresis, tmp_path):
    """A file, or a folder that holds nothing, in place of a knowledge base exits 11."""
    for folder in (ROOT / "README.md", tmp_path):
        done = paresis("check", folder)
        assert done.code == 11
        assert done.err.startswith("error ")
        assert paresis("vocabulary", "--priors", folder).code == 11


def test_export_writes_the_whole_network(paresis, tmp_path, knowledge):
    """The network is written by the file's ending or by `--format`, with its origin inside."""
    bif, xml = tmp_path / "network.bif", tmp_path / "network.xml"
    done = paresis("export", bif)
    assert (done.code, done.out, done.err) == (0, "", f"wrote {bif}\n")
    text = bif.read_text("utf-8")
    assert knowledge.digest in text
    assert all(f"variable {row.id} {{" in text for row in knowledge.condition)
    assert paresis("export", xml, "--format", "xmlbif").code == 0
    names = {node.text for node in ET.parse(xml).iter("NAME")}  # noqa: S314 - our own
    assert {row.id for row in knowledge.condition} <= names


def test_export_needs_a_folder_to_write_to(paresis, tmp_path):
    """A file that cannot be written exits 10."""
    done = paresis("export", tmp_path / "none" / "network.bif")
    assert (done.code, done.out) == (10, "")
    assert done.err.startswith("error unwritable: ")
    assert done.err.endswith("Make the folder first.\n")


def test_the_dashboard_says_what_is_wrong_with_its_place(paresis):
    """A port that is taken and an address that is not ours are named before anything is loaded."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        taken = paresis("dashboard", "--no-browser", "--port", port)
    assert (taken.code, taken.out) == (10, "")
    assert (
        taken.err == f"error port_taken: port {port}: is taken by another program. Choose --port.\n"
    )
    strange = paresis("dashboard", "--no-browser", "--address", "203.0.113.7")
    assert (strange.code, strange.out) == (10, "")
    assert strange.err.startswith("error bad_address: 203.0.113.7: ")
