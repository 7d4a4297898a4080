"""Every mistake an editor of `priors/` can make is named, with its place and a remedy.

The tables below are read as: who does this to the shipped files is told that.
"""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from model.checking import check_network
from model.checks.assertions import check_assertions
from model.checks.places import Found
from model.errors import KnowledgeError, Problem
from model.knowledge import BASES, SETTINGS, SHIPPED, load, read
from model.tables import FILES

from .conftest import Copy

ROOT = SHIPPED.parent
SOURCES = (
    *(ROOT / "model" / name for name in ("reading.py", "knowledge.py", "checking.py")),
    *sorted((ROOT / "model" / "checks").glob("*.py")),
)


@dataclass(frozen=True)
class Mistake:
    """One mistake and what is said about it.

    Attributes:
        code: of the problem.
        story: what the editor did.
        make: does it; may return the line it touched.
        where: the place named, with {} for that line.
        says: part of the message.
        do: part of the remedy.
        level: "error" or "warning".
    """

    code: str
    story: str
    make: Callable[[Copy], object]
    where: str
    says: str
    do: str
    level: str = "error"


def both(*steps: Callable[[Copy], object]) -> Callable[[Copy], object]:
    """Several edits that make one mistake; the line is that of the last."""

    def make(base: Copy) -> object:
        return [step(base) for step in steps][-1]

    return make


def columns(file: str, number: int, text: str) -> Callable[[Copy], object]:
    """Overwrite one cell of the header."""

    def make(base: Copy) -> None:
        rows = base.rows(file)
        rows[0][number] = text
        base.put(file, rows)

    return make


def rule(name: str, old: str, new: str) -> Callable[[Copy], object]:
    """Replace a text inside one rule."""

    def make(base: Copy) -> None:
        text = (base.path / "rules.toml").read_text("utf-8")
        start = text.index(f'id = "{name}"')
        assert old in text[start:]
        base.write("rules.toml", text[:start] + text[start:].replace(old, new, 1))

    return make


def new_rule(name: str, when: str, tier: str = "emergency") -> Callable[[Copy], object]:
    """Add a rule at the end."""

    def make(base: Copy) -> None:
        text = (base.path / "rules.toml").read_text("utf-8")
        base.write(
            "rules.toml",
            f'{text}\n[[rule]]\nid = "{name}"\nlabel = "{name}"\ntier = "{tier}"\n'
            f'breadth = "narrow"\nbasis = "supplement"\nwhen = "{when}"\nsuggests = ""\n'
            'covers = []\nplaces = []\nadvice = ""\nreason = "A test."\n',
        )

    return make


def links_of(column: str, name: str) -> Callable[[Copy], object]:
    """Delete every link of a condition or a finding."""
    return lambda b: b.keep("links.csv", lambda row: row[column] != name)


def circle(base: Copy) -> object:
    """Let a and b each refine the other."""
    base.edit("findings.csv", "foot_drop", refines="cannot_stand_on_toes")
    return base.edit("findings.csv", "cannot_stand_on_toes", refines="foot_drop")


def crowd(base: Copy) -> object:
    """Give one condition fourteen causes more."""
    names = [row[0] for row in base.rows("conditions.csv")[1:] if row[0] != "fibromyalgia"][:14]
    for name in names:
        base.append("condition_links.csv", "dehydration", cause=name, condition="fibromyalgia")
    return base.find("condition_links.csv", names[0], "fibromyalgia")


def no_documents(base: Copy, name: str) -> object:
    """Delete every statement that names a condition."""
    return base.keep("statements.csv", lambda row: name not in (row["from_id"], row["to_id"]))


def blank(base: Copy) -> None:
    """Leave a blank line at the end of a file."""
    base.write("links.csv", (base.path / "links.csv").read_bytes() + b"\n")


def latin(base: Copy) -> int:
    """Save a file in the encoding of an old spreadsheet."""
    line = base.edit("outside.csv", "parkinsons_disease", label="Maladie à Parkinson")
    base.write("outside.csv", (base.path / "outside.csv").read_text("utf-8").encode("latin-1"))
    return line


def semicolons(base: Copy) -> None:
    """Save a file as a continental spreadsheet does."""
    base.write("sites.csv", (base.path / "sites.csv").read_text("utf-8").replace(",", ";"))


def folder(base: Copy) -> None:
    """Put a folder where a file should be."""
    (base.path / "links.csv").unlink()
    (base.path / "links.csv").mkdir()


READING = [
    Mistake(
        "missing_folder",
        "the folder is not there",
        lambda b: shutil.rmtree(b.path),
        "priors",
        "not a folder",
        "files of priors/",
    ),
    Mistake(
        "missing_file",
        "a file was deleted",
        lambda b: (b.path / "leaks.csv").unlink(),
        "leaks.csv",
        "is not there",
        "Restore it",
    ),
    Mistake(
        "unknown_file",
        "a file was renamed",
        lambda b: (b.path / "leaks.csv").rename(b.path / "Leaks.csv"),
        "Leaks.csv",
        "is not read",
        "Did you mean leaks.csv?",
        "warning",
    ),
    Mistake(
        "unknown_file",
        "a copy was edited and the file itself was not",
        lambda b: shutil.copyfile(b.path / "links.csv", b.path / "links (new).csv"),
        "links (new).csv",
        "is not read",
        "links.csv",
        "warning",
    ),
    Mistake(
        "unreadable_file",
        "a folder stands in the place of a file",
        folder,
        "links.csv",
        "is not a file",
        "Put the file in its place",
    ),
    Mistake(
        "file_too_large",
        "a file of 17 MB",
        lambda b: b.write("links.csv", b"x" * (17 * 1024 * 1024)),
        "links.csv",
        "larger than 16777216 bytes",
        "Shorten",
    ),
    Mistake(
        "bad_encoding",
        "saved by an old spreadsheet",
        latin,
        "outside.csv line {}",
        "not UTF-8",
        "UTF-8",
    ),
    Mistake(
        "bad_encoding",
        "saved as Unicode text",
        lambda b: b.write("sites.csv", "id,label\nbrain,Brain\n".encode("utf-16")),
        "sites.csv line 1",
        "not UTF-8",
        "UTF-8",
    ),
    Mistake(
        "empty_file",
        "everything was deleted",
        lambda b: b.write("sites.csv", ""),
        "sites.csv",
        "has no header line",
        "id,label",
    ),
    Mistake(
        "wrong_separator",
        "saved with semicolons",
        semicolons,
        "sites.csv header",
        "separated by ';' where a comma should stand",
        "CSV with commas",
    ),
    Mistake(
        "unknown_column",
        "a column was renamed",
        columns("links.csv", 2, "words"),
        "links.csv header",
        "column 'words' is not known",
        "Did you mean word?",
    ),
    Mistake(
        "unknown_column",
        "a column name was capitalised",
        columns("sites.csv", 0, "ID"),
        "sites.csv header",
        "column 'ID' is not known",
        "Did you mean id?",
    ),
    Mistake(
        "unknown_column",
        "a line of a rule was misspelt",
        rule("paralysis", "tier =", "teir ="),
        "rules.toml [[rule]] (paralysis)",
        "column teir is not known",
        "Did you mean tier?",
    ),
    Mistake(
        "missing_column",
        "a column was renamed",
        columns("links.csv", 2, "words"),
        "links.csv header",
        "column word is missing",
        "Add it",
    ),
    Mistake(
        "missing_column",
        "a word of the scale has no weight",
        lambda b: b.replace("scale.toml", "weight = 60\n", ""),
        "scale.toml",
        "column frequency.almost_always.weight is missing",
        "Add it",
    ),
    Mistake(
        "duplicate_column",
        "a column name was copied",
        columns("sites.csv", 1, "id"),
        "sites.csv header",
        "names column 'id' twice",
        "Remove one",
    ),
    Mistake(
        "wrong_cell_count",
        "a comma inside a text was not quoted",
        lambda b: b.replace("sites.csv", "Nerve root", "Nerve, root"),
        "sites.csv line {}",
        "has 3 cells where the header has 2",
        "Quote cells that hold commas",
    ),
    Mistake(
        "wrong_cell_count",
        "a blank line at the end",
        blank,
        "links.csv line 1799",
        "has 0 cells",
        "Delete the blank line",
    ),
    Mistake(
        "too_many_problems",
        "a column was pasted over",
        lambda b: b.write(
            "links.csv",
            (b.path / "links.csv").read_text("utf-8").replace(",supplement,", ",practice,"),
        ),
        "links.csv line",
        "100 mistakes",
        "Correct those first",
    ),
    Mistake(
        "broken_csv",
        "a quote was not closed",
        lambda b: b.replace("conditions.csv", "Part of the brain", '"Part of the brain'),
        "conditions.csv line {}",
        "is not CSV",
        "Close every quote",
    ),
    Mistake(
        "broken_csv",
        "a cell of a megabyte",
        lambda b: b.replace("conditions.csv", "Part of the brain", "x" * 1_000_000),
        "conditions.csv line {}",
        "is not CSV",
        "shorten very long cells",
    ),
    Mistake(
        "broken_toml",
        "a quote was not closed",
        rule("paralysis", 'tier = "emergency"', 'tier = "emergency'),
        "rules.toml",
        "line",
        "Correct it there",
    ),
    Mistake(
        "unknown_table",
        "a table was misspelt",
        lambda b: b.replace("rules.toml", "[[rule]]", "[[rules]]"),
        "rules.toml",
        "table [[rules]] is not known",
        "Did you mean rule?",
    ),
    Mistake(
        "bad_table",
        "one bracket instead of two",
        lambda b: b.write("conflicts.toml", '[conflict]\nid = "a"\n'),
        "conflicts.toml",
        "must be written as [[conflict]]",
        "two brackets",
    ),
]

CELLS = [
    Mistake(
        "bad_cell",
        "an id that differs in case",
        lambda b: b.edit("links.csv", "stroke", "foot_drop", condition="Stroke"),
        "links.csv line {}",
        "an id has small letters",
        "Did you mean stroke?",
    ),
    Mistake(
        "bad_cell",
        "a blank after an id",
        lambda b: b.edit("links.csv", "stroke", "foot_drop", finding="foot_drop "),
        "links.csv line {}",
        "column finding: 'foot_drop ' is not allowed",
        "Did you mean foot_drop?",
    ),
    Mistake(
        "bad_cell",
        "a blank before an id in a column of free text",
        lambda b: b.edit("contexts.csv", "chemotherapy", implies=" cancer"),
        "contexts.csv line {}",
        "blanks or a line break at its start or end",
        "Correct the cell",
    ),
    Mistake(
        "bad_cell",
        "an id with a blank inside",
        lambda b: b.edit("conditions.csv", "muscle_strain", id="muscle strain"),
        "conditions.csv line {}",
        "column id",
        "Did you mean muscle_strain?",
    ),
    Mistake(
        "bad_cell",
        "an empty label",
        lambda b: b.edit("conditions.csv", "stroke", label=""),
        "conditions.csv line {}",
        "column label",
        "Correct the cell",
    ),
    Mistake(
        "bad_cell",
        "an empty reason",
        lambda b: b.edit("links.csv", "stroke", "foot_drop", reason=""),
        "links.csv line {}",
        "column reason",
        "Correct the cell",
    ),
    Mistake(
        "bad_cell",
        "a confidence that does not exist",
        lambda b: b.edit("links.csv", "stroke", "foot_drop", confidence="certain"),
        "links.csv line {}",
        "'high', 'moderate' or 'low'",
        "Correct the cell",
    ),
    Mistake(
        "bad_cell",
        "frequencies with decimal commas",
        lambda b: b.edit("graded.csv", "stroke", "onset", frequencies="2,5 10 87,5"),
        "graded.csv line {}",
        "separated by blanks and written like 12 or 2.5",
        "Correct the cell",
    ),
    Mistake(
        "bad_cell",
        "frequencies with percent signs",
        lambda b: b.edit("graded.csv", "stroke", "onset", frequencies="2% 10% 88%"),
        "graded.csv line {}",
        "separated by blanks",
        "Correct the cell",
    ),
    Mistake(
        "bad_cell",
        "a frequency of nothing",
        lambda b: b.edit("graded.csv", "stroke", "onset", frequencies="0 10 90"),
        "graded.csv line {}",
        "greater than 0",
        "Correct the cell",
    ),
    Mistake(
        "bad_cell",
        "nobody of a thousand",
        lambda b: b.edit("pretest.csv", "stroke", primary_care="0"),
        "pretest.csv line {}",
        "greater than 0",
        "Correct the cell",
    ),
    Mistake(
        "bad_cell",
        "more than a thousand of a thousand",
        lambda b: b.edit("prevalence.csv", "diabetes", primary_care="1200"),
        "prevalence.csv line {}",
        "less than 1000",
        "Correct the cell",
    ),
    Mistake(
        "bad_cell",
        "a number that is none",
        lambda b: b.edit("pretest.csv", "stroke", primary_care="nan"),
        "pretest.csv line {}",
        "valid number",
        "Correct the cell",
    ),
    Mistake(
        "bad_cell",
        "a code of another classification",
        lambda b: b.edit("conditions.csv", "stroke", icd10="8B11"),
        "conditions.csv line {}",
        "column icd10",
        "Correct the cell",
    ),
    Mistake(
        "bad_cell",
        "an HPO id without its zeros",
        lambda b: b.edit("findings.csv", "foot_drop", hpo="HP:9027"),
        "findings.csv line {}",
        "HP:[0-9]{7}",
        "Correct the cell",
    ),
    Mistake(
        "bad_cell",
        "a tier that does not exist",
        rule("paralysis", '"emergency"', '"urgent"'),
        "rules.toml [[rule]] (paralysis)",
        "'emergency', 'immediate' or 'appointment'",
        "Correct the cell",
    ),
    Mistake(
        "bad_cell",
        "one condition where a list should be",
        rule("paralysis", "covers = [", 'covers = "stroke" # ['),
        "rules.toml [[rule]] (paralysis)",
        "column covers: 'stroke' is not allowed",
        "Correct the cell",
    ),
    Mistake(
        "bad_cell",
        "a number where a list should be",
        rule("paralysis", "covers = [", "covers = 5 # ["),
        "rules.toml [[rule]] (paralysis)",
        "column covers: '5' is not allowed",
        "Correct the cell",
    ),
    Mistake(
        "bad_cell",
        "a probability of one",
        lambda b: b.replace("scale.toml", "probability = 0.98", "probability = 1.0"),
        "scale.toml",
        "frequency.by_definition.probability: '1.0' is not allowed (Input should be less than 1)",
        "Correct the cell",
    ),
    Mistake(
        "bad_cell",
        "a text that a spreadsheet would run",
        lambda b: b.edit("links.csv", "stroke", "foot_drop", reason='=HYPERLINK("http://x")'),
        "links.csv line {}",
        "begins with = as a formula",
        "Correct the cell",
    ),
    Mistake(
        "bad_cell",
        "a line break inside a cell",
        lambda b: b.edit("links.csv", "stroke", "foot_drop", reason="Typical\nof stroke"),
        "links.csv line {}",
        "a cell is one line",
        "Correct the cell",
    ),
    Mistake(
        "bad_cell",
        "a NUL byte inside a cell",
        lambda b: b.edit("links.csv", "stroke", "foot_drop", reason="Typical\0of stroke"),
        "links.csv line {}",
        "U+0000",
        "Correct the cell",
    ),
    Mistake(
        "bad_cell",
        "a character that turns the text around",
        lambda b: b.edit("links.csv", "stroke", "foot_drop", reason="Typical\u202eof stroke"),
        "links.csv line {}",
        "U+202E",
        "Correct the cell",
    ),
]

REFERENCES = [
    Mistake(
        "duplicate_id",
        "a rule was copied and its id was not changed",
        lambda b: b.replace("rules.toml", 'id = "paralysis"', 'id = "one_sided_weakness"'),
        "rules.toml [[rule]] (one_sided_weakness)",
        "stands twice",
        "Rename one",
    ),
    Mistake(
        "duplicate_id",
        "a condition and a finding share an id",
        lambda b: b.append("findings.csv", "fatigue", id="stroke", label="Stroke seen", hpo=""),
        "findings.csv line {}",
        "stands in conditions.csv already",
        "Rename one",
    ),
    Mistake(
        "duplicate_id",
        "a modelled condition is listed as not modelled",
        lambda b: b.append("outside.csv", "functional_weakness", id="stroke"),
        "outside.csv line {}",
        "stands in conditions.csv already",
        "Rename one",
    ),
    Mistake(
        "reserved_id",
        "a finding is called as the average of assertions",
        lambda b: b.append("findings.csv", "fatigue", id="average", label="Average", hpo=""),
        "findings.csv line {}",
        "average has a meaning of its own",
        "Rename it",
    ),
    Mistake(
        "duplicate_name",
        "a row was copied and its label was not changed",
        lambda b: b.edit("conditions.csv", "hypokalaemia", label="Stroke"),
        "conditions.csv line {}",
        "column label: 'Stroke' is that of stroke too",
        "its own",
    ),
    Mistake(
        "duplicate_name",
        "two findings with one HPO id",
        lambda b: b.edit("findings.csv", "joint_pain_or_instability", hpo="HP:0009027"),
        "findings.csv line {}",
        "HP:0009027",
        "its own",
    ),
    Mistake(
        "unknown_id",
        "a misspelt condition",
        lambda b: b.edit("links.csv", "stroke", "foot_drop", condition="strok"),
        "links.csv line {}",
        "column condition: 'strok' does not exist",
        "Did you mean stroke?",
    ),
    Mistake(
        "unknown_id",
        "a category that was never defined",
        lambda b: b.edit("conditions.csv", "stroke", category="vascular"),
        "conditions.csv line {}",
        "column category: 'vascular' does not exist",
        "circulation, endocrine_and_metabolic",
    ),
    Mistake(
        "unknown_id",
        "a misspelt site",
        lambda b: b.edit("conditions.csv", "stroke", sites="brian"),
        "conditions.csv line {}",
        "column sites: 'brian' does not exist",
        "Did you mean brain?",
    ),
    Mistake(
        "unknown_id",
        "a step that was never defined",
        lambda b: b.edit("findings.csv", "foot_drop", step="exam"),
        "findings.csv line {}",
        "column step: 'exam' does not exist",
        "Use one of biopsy, blood_test, examination",
    ),
    Mistake(
        "unknown_id",
        "a finding refines one that does not exist",
        lambda b: b.edit("findings.csv", "foot_drop", refines="distal_weaknes"),
        "findings.csv line {}",
        "column refines: 'distal_weaknes' does not exist",
        "Did you mean distal_weakness?",
    ),
    Mistake(
        "unknown_id",
        "a finding refines a grade that does not exist",
        lambda b: b.edit("findings.csv", "symmetrical", refines="laterality=both_leg"),
        "findings.csv line {}",
        "column refines: 'both_leg' does not exist",
        "Did you mean both_legs?",
    ),
    Mistake(
        "unknown_id",
        "a finding excludes one that does not exist",
        lambda b: b.edit("findings.csv", "sodium_low", excludes="sodium_hihg"),
        "findings.csv line {}",
        "column excludes: 'sodium_hihg' does not exist",
        "Did you mean sodium_high?",
    ),
    Mistake(
        "unknown_id",
        "a context implies one that does not exist",
        lambda b: b.edit("contexts.csv", "chemotherapy", implies="cancers"),
        "contexts.csv line {}",
        "column implies: 'cancers' does not exist",
        "Did you mean cancer?",
    ),
    Mistake(
        "unknown_id",
        "a rule covers a condition that does not exist",
        rule("paralysis", 'covers = ["', 'covers = ["stroek", "'),
        "rules.toml [[rule]] (paralysis)",
        "column covers: 'stroek' does not exist",
        "Did you mean stroke?",
    ),
    Mistake(
        "unknown_id",
        "a rule asks for a finding that does not exist",
        rule("saddle_numbness", 'when = "saddle_numbness"', 'when = "sadle_numbness"'),
        "rules.toml [[rule]] (saddle_numbness)",
        "column when: 'sadle_numbness' does not exist",
        "Did you mean saddle_numbness?",
    ),
    Mistake(
        "unknown_id",
        "a rule quotes a document that does not exist",
        rule("one_sided_weakness", '"S0 Recognizing', '"S9 Recognizing'),
        "rules.toml [[rule]] (one_sided_weakness)",
        "column places: 'S9' does not exist",
        "Use one of S0, S1, S2, S3, S4, practice",
    ),
    Mistake(
        "unknown_id",
        "a conflict quotes a document that does not exist",
        lambda b: b.replace("conflicts.toml", 'place = "S2', 'place = "Article 2'),
        "conflicts.toml [[conflict]] (overexertion_true_or_felt)",
        "column place: 'Article' does not exist",
        "Did you mean practice?",
    ),
    Mistake(
        "unknown_id",
        "an assertion rests on a document that does not exist",
        lambda b: b.edit("assertions.csv", b.rows("assertions.csv")[1][0], basis="practise"),
        "assertions.csv line {}",
        "column basis: 'practise' does not exist",
        "Did you mean practice?",
    ),
    Mistake(
        "unknown_id",
        "a statement of a document that does not exist",
        lambda b: b.edit("statements.csv", "condition-finding", "muscle_strain", document="S7"),
        "statements.csv line {}",
        "column document: 'S7' does not exist",
        "Use one of S0, S1, S2, S3, S4, practice",
    ),
    Mistake(
        "unknown_id",
        "a statement about a condition that does not exist",
        lambda b: b.edit(
            "statements.csv", "condition-finding", "muscle_strain", from_id="torn_fibres"
        ),
        "statements.csv line {}",
        "'torn_fibres' is not in the vocabulary",
        "Map it",
    ),
    Mistake(
        "unknown_id",
        "a statement about a finding that does not exist",
        lambda b: b.edit(
            "statements.csv", "condition-finding", "muscle_strain", to_id="onsett=sudden"
        ),
        "statements.csv line {}",
        "'onsett' is not in the vocabulary",
        "Did you mean onset?",
    ),
    Mistake(
        "unknown_id",
        "a statement names a grade that does not exist",
        lambda b: b.edit(
            "statements.csv", "condition-finding", "muscle_strain", to_id="onset=suden"
        ),
        "statements.csv line {}",
        "'suden' does not exist",
        "Did you mean sudden?",
    ),
    Mistake(
        "unknown_id",
        "a statement on age is about no condition",
        lambda b: b.edit("statements.csv", "context-condition", "sex=female", to_id="anemia"),
        "statements.csv line {}",
        "'anemia' does not exist",
        "Did you mean anaemia?",
    ),
    Mistake(
        "missing_site",
        "no site",
        lambda b: b.edit("conditions.csv", "stroke", sites=""),
        "conditions.csv line {}",
        "names no site",
        "Use one of brain, spinal_cord",
    ),
    Mistake(
        "duplicate_row",
        "a link was entered again",
        lambda b: b.append("links.csv", "stroke", "foot_drop", word="rarely"),
        "links.csv line {}",
        "says again what line",
        "Keep one",
    ),
    Mistake(
        "duplicate_row",
        "a statement was entered again",
        lambda b: b.append("statements.csv", "condition-finding", "muscle_strain"),
        "statements.csv line {}",
        "says again what line",
        "Keep one",
    ),
]

WORDS = [
    Mistake(
        "unknown_word",
        "a probability in place of a word",
        lambda b: b.edit("links.csv", "stroke", "foot_drop", word="0.5"),
        "links.csv line {}",
        "column word: '0.5' is not a word of scale.toml",
        "Use one of by_definition, almost_always",
    ),
    Mistake(
        "unknown_word",
        "a word in capitals",
        lambda b: b.edit("links.csv", "stroke", "foot_drop", word="Often"),
        "links.csv line {}",
        "'Often' is not a word",
        "often",
    ),
    Mistake(
        "unknown_word",
        "a frequency where a rate should stand",
        lambda b: b.edit("context_links.csv", "diabetes", word="often"),
        "context_links.csv line {}",
        "'often' is not a word",
        "doubles",
    ),
    Mistake(
        "unknown_word",
        "a misspelt leak",
        lambda b: b.edit("leaks.csv", "progressive", c16_39="uncommon"),
        "leaks.csv line {}",
        "column 16_39: 'uncommon' is not a word",
        "uncommonly",
    ),
    Mistake(
        "unknown_word",
        "a frequency where a multiplier should stand",
        lambda b: b.edit("age_sex.csv", "stroke", female="rarely"),
        "age_sex.csv line {}",
        "column female: 'rarely' is not a word",
        "somewhat_less",
    ),
    Mistake(
        "bad_scale",
        "a probability was changed and what is read out was not",
        lambda b: b.replace("scale.toml", "probability = 0.05", "probability = 0.15"),
        "scale.toml [frequency.uncommonly]",
        "probability 0.15 is said as 1 in 20",
        "Correct one",
    ),
    Mistake(
        "bad_scale",
        "two words for one number",
        lambda b: b.replace("scale.toml", "rate = 0.3\n", "rate = 0.1\n"),
        "scale.toml [multiplier.less]",
        "stands for 0.1, as much_less does",
        "Keep one word",
    ),
]

COVERAGE = [
    Mistake(
        "missing_row",
        "a condition without a pretest",
        lambda b: b.delete("pretest.csv", "stroke"),
        "pretest.csv",
        "has no row for stroke",
        "Add it",
    ),
    Mistake(
        "missing_row",
        "a finding without a leak",
        lambda b: b.delete("leaks.csv", "foot_drop"),
        "leaks.csv",
        "has no row for foot_drop",
        "Add it",
    ),
    Mistake(
        "missing_row",
        "an age band without a prevalence",
        lambda b: b.delete("prevalence.csv", "age=16_39"),
        "prevalence.csv",
        "has no row for age=16_39",
        "Add it",
    ),
    Mistake(
        "missing_row",
        "a confidence that the scale does not know",
        lambda b: b.replace(
            "scale.toml", '[confidence.low]\nfactor = 0.25\nsaid = "a considered guess"\n', ""
        ),
        "scale.toml",
        "has no table [confidence.low]",
        "Add it",
    ),
    Mistake(
        "missing_row",
        "no context for sex",
        lambda b: b.delete("contexts.csv", "sex"),
        "contexts.csv",
        "exactly one context of kind sex",
        "Restore it",
    ),
    Mistake(
        "missing_row",
        "the context for age was renamed",
        lambda b: b.edit("contexts.csv", "age", id="years"),
        "contexts.csv",
        "exactly one context of kind age, with the id age",
        "Restore it",
    ),
    Mistake(
        "missing_row",
        "supplements rest on nothing",
        lambda b: b.replace("sources.toml", 'id = "practice"', 'id = "S5"'),
        "sources.toml",
        "has no row for practice",
        "Add it",
    ),
    Mistake(
        "missing_row",
        "a graded finding that no condition has a row for",
        lambda b: b.keep("graded.csv", lambda row: row["finding"] != "duration"),
        "graded.csv",
        "has no row for duration",
        "at least one condition",
    ),
    Mistake(
        "extra_row",
        "a leak for a graded finding",
        lambda b: b.append("leaks.csv", "progressive", finding="onset"),
        "leaks.csv line {}",
        "has a row for onset, which needs none",
        "Remove it",
    ),
    Mistake(
        "extra_row",
        "a misspelt context",
        lambda b: b.edit("prevalence.csv", "diabetes", id="diabtes"),
        "prevalence.csv line {}",
        "has a row for diabtes, which needs none",
        "Did you mean diabetes?",
    ),
    Mistake(
        "empty_table",
        "all rules were deleted",
        lambda b: b.write("rules.toml", "# none\n"),
        "rules.toml",
        "has no rows at all",
        "Restore",
    ),
    Mistake(
        "bad_steps",
        "the examination is put before the history",
        lambda b: b.edit("steps.csv", "examination", order="0"),
        "steps.csv column order",
        "history and examination come first",
        "Correct the orders",
    ),
    Mistake(
        "bad_steps",
        "two steps with one order",
        lambda b: b.edit("steps.csv", "imaging", order="3"),
        "steps.csv column order",
        "no two are equal",
        "Correct the orders",
    ),
    Mistake(
        "no_links",
        "a condition lost all its findings",
        links_of("condition", "muscle_strain"),
        "conditions.csv line",
        "has no finding",
        "Add links",
    ),
    Mistake(
        "unused_finding",
        "a finding lost all its conditions",
        links_of("finding", "frequent_falls"),
        "findings.csv line",
        "no condition is linked to it",
        "Link it",
        "warning",
    ),
    Mistake(
        "unused_finding",
        "a finding that neither a condition nor a rule knows",
        links_of("finding", "genetic_test_positive"),
        "findings.csv line",
        "no condition is linked to it",
        "Link it",
    ),
    Mistake(
        "unused_id",
        "a category that no condition is in",
        lambda b: b.append("categories.csv", "infection", id="spare", label="Spare"),
        "categories.csv line {}",
        "nothing refers to it",
        "Use it",
        "warning",
    ),
    Mistake(
        "unused_id",
        "a context that changes nothing",
        both(
            lambda b: b.append("prevalence.csv", "smoking", id="vaping"),
            lambda b: b.append("contexts.csv", "smoking", id="vaping", label="Vaping"),
        ),
        "contexts.csv line {}",
        "nothing refers to it",
        "remove it",
        "warning",
    ),
]

FAMILIES = [
    Mistake(
        "bad_values",
        "absent before present",
        lambda b: b.edit("findings.csv", "foot_drop", values="absent present"),
        "findings.csv line {}",
        "must be written 'present absent'",
        "add a grade",
    ),
    Mistake(
        "bad_values",
        "too many grades",
        lambda b: b.edit("findings.csv", "onset", values="a b c d e"),
        "findings.csv line {}",
        "needs 2 to 4 different values",
        "grades",
    ),
    Mistake(
        "bad_values",
        "a grade that reads as not known",
        lambda b: b.edit("findings.csv", "onset", values="unknown rapid sudden"),
        "findings.csv line {}",
        "'unknown' cannot be a grade",
        "not yes, no or unknown",
    ),
    Mistake(
        "bad_values",
        "a grade without its explanation",
        lambda b: b.edit("findings.csv", "onset", grades_help="slow | fast"),
        "findings.csv line {}",
        "2 texts for 3 grades",
        "set apart by ' | '",
    ),
    Mistake(
        "bad_refines",
        "grades of a finding that has none",
        lambda b: b.edit("findings.csv", "foot_drop", refines="distal_weakness=present"),
        "findings.csv line {}",
        "names grades of a finding that has none",
        "Write distal_weakness",
    ),
    Mistake(
        "bad_refines",
        "a graded finding is refined without its grades",
        lambda b: b.edit("findings.csv", "symmetrical", refines="laterality"),
        "findings.csv line {}",
        "must name the grades of laterality",
        "laterality=grade",
    ),
    Mistake(
        "bad_refines",
        "the lowest grade is refined",
        lambda b: b.edit("findings.csv", "symmetrical", refines="laterality=one_leg"),
        "findings.csv line {}",
        "one_leg is the lowest grade",
        "higher grades",
    ),
    Mistake(
        "bad_refines",
        "a graded finding refines another",
        lambda b: b.edit("findings.csv", "severity", refines="objective_weakness"),
        "findings.csv line {}",
        "a graded finding cannot refine another",
        "Leave refines empty",
    ),
    Mistake(
        "cycle",
        "a finding refines itself",
        lambda b: b.edit("findings.csv", "foot_drop", refines="foot_drop"),
        "findings.csv line {}",
        "refines itself in a circle",
        "Break the circle",
    ),
    Mistake(
        "cycle",
        "two findings refine each other",
        circle,
        "findings.csv line {}",
        "refines itself in a circle",
        "Break the circle",
    ),
    Mistake(
        "too_deep",
        "a family of four generations",
        lambda b: b.edit("findings.csv", "cannot_stand_on_toes", refines="foot_drop"),
        "findings.csv line {}",
        "more than 3 deep",
        "higher up",
    ),
    Mistake(
        "bad_excludes",
        "a finding excludes itself",
        lambda b: b.edit("findings.csv", "foot_drop", excludes="foot_drop"),
        "findings.csv line {}",
        "excludes itself",
        "Remove it",
    ),
    Mistake(
        "bad_excludes",
        "one of a pair was changed",
        lambda b: b.edit("findings.csv", "sodium_low", excludes=""),
        "findings.csv line",
        "excludes sodium_low, which does not exclude it in turn",
        "Write sodium_high there too",
    ),
    Mistake(
        "bad_excludes",
        "a finding excludes what it specifies",
        lambda b: b.edit("findings.csv", "foot_drop", excludes="objective_weakness"),
        "findings.csv line {}",
        "stands in its own family line",
        "they come together",
    ),
    Mistake(
        "bad_excludes",
        "a finding excludes a graded one",
        lambda b: b.edit("findings.csv", "foot_drop", excludes="severity"),
        "findings.csv line {}",
        "only findings that are present or absent can",
        "Remove it",
    ),
    Mistake(
        "graded_link",
        "a word for a graded finding",
        lambda b: b.append("links.csv", "stroke", "foot_drop", finding="onset"),
        "links.csv line {}",
        "its row belongs in graded.csv",
        "Move it",
    ),
    Mistake(
        "graded_link",
        "a context causes part of a graded finding",
        lambda b: b.append("context_findings.csv", "diabetes", finding="symmetrical"),
        "context_findings.csv line {}",
        "a context cannot cause part of a graded finding",
        "Remove it",
    ),
    Mistake(
        "orphan_child",
        "the link to the parent was deleted",
        lambda b: b.delete("links.csv", "stroke", "distal_weakness"),
        "links.csv line",
        "specifies distal_weakness, which has no link from stroke",
        "Add the link to distal_weakness",
    ),
    Mistake(
        "orphan_child",
        "a documented child of a parent that is a supplement",
        lambda b: b.edit("links.csv", "stroke", "numbness_or_tingling", basis="supplement"),
        "links.csv line",
        "is documented, so its parent numbness_or_tingling is too",
        "Set the parent's basis",
    ),
]

SHAPES = [
    Mistake(
        "not_graded",
        "frequencies for a finding without grades",
        lambda b: b.append("graded.csv", "stroke", "onset", finding="foot_drop"),
        "graded.csv line {}",
        "belongs in links.csv",
        "Move it",
    ),
    Mistake(
        "bad_share",
        "frequencies that do not add up",
        lambda b: b.edit("graded.csv", "stroke", "onset", frequencies="2 10 87"),
        "graded.csv line {}",
        "add to 99, not 100",
        "Make them add to 100",
    ),
    Mistake(
        "bad_share",
        "a frequency too few",
        lambda b: b.edit("graded.csv", "stroke", "onset", frequencies="12 88"),
        "graded.csv line {}",
        "has 2 frequencies for 3 grades",
        "lowest first",
    ),
    Mistake(
        "bad_share",
        "a leak written from the highest grade down",
        lambda b: b.edit("graded_leaks.csv", "onset", frequencies="0.5 1.5 98"),
        "graded_leaks.csv line {}",
        "almost wholly on the lowest grade",
        "largest share first",
    ),
    Mistake(
        "bad_share",
        "more women without fewer men",
        lambda b: b.edit("prevalence.csv", "sex=female", primary_care="600"),
        "prevalence.csv",
        "column primary_care: the sex rows add to 1050, not 1,000",
        "add to 1,000",
    ),
    Mistake(
        "bad_share",
        "one condition that the even setting favours",
        lambda b: b.edit("pretest.csv", "stroke", even="30"),
        "pretest.csv line {}",
        "30 where the other conditions have 20",
        "this setting is even",
    ),
    Mistake(
        "bad_bands",
        "a gap between age bands",
        lambda b: b.replace("settings.toml", "start = 16", "start = 18"),
        "settings.toml [[age_band]] (16_39)",
        "must start at 16 and end later",
        "Close the gap",
    ),
    Mistake(
        "bad_bands",
        "the last age band ends too early",
        lambda b: b.replace("settings.toml", "end = 121", "end = 100"),
        "settings.toml [[age_band]] (65_and_over)",
        "must end at 121",
        "Write end = 121",
    ),
    Mistake(
        "bad_bands",
        "an age band more",
        both(
            lambda b: b.replace("settings.toml", "end = 121", "end = 80"),
            lambda b: b.replace(
                "settings.toml",
                "end = 80\n",
                'end = 80\n\n[[age_band]]\nid = "80_up"\nlabel = "80 up"\nstart = 80\nend = 121\n',
            ),
        ),
        "settings.toml [[age_band]]",
        "must be under_16, 16_39, 40_64, 65_and_over",
        "Restore their ids",
    ),
    Mistake(
        "too_deep",
        "a context that implies one that implies another",
        lambda b: b.edit("contexts.csv", "metformin", implies="poor_glucose_control"),
        "contexts.csv line {}",
        "implies another itself",
        "Empty one",
    ),
    Mistake(
        "weak_supplement",
        "a weak rate that no document states",
        lambda b: b.edit(
            "context_links.csv", "smoking", "peripheral_artery_disease", word="doubles"
        ),
        "context_links.csv line {}",
        "a rate below 3 that no document states",
        "Remove it",
    ),
    Mistake(
        "cycle",
        "two conditions cause each other",
        lambda b: b.append(
            "condition_links.csv", "dehydration", cause="hypokalaemia", condition="dehydration"
        ),
        "condition_links.csv line {}",
        "leads back to its own cause",
        "Break the circle",
    ),
    Mistake(
        "too_many_causes",
        "fourteen conditions lead to one",
        crowd,
        "condition_links.csv line {}",
        "more than 12 links that lead to fibromyalgia",
        "Keep the strongest",
    ),
    Mistake(
        "no_solution",
        "nothing is left for the named causes",
        lambda b: b.edit("pretest.csv", "unnamed", primary_care="700"),
        "pretest.csv column primary_care",
        "the unnamed row is 700 and must lie between",
        "lower the largest row (lumbar_disc_radiculopathy)",
    ),
    Mistake(
        "odd_overlap",
        "everybody has several causes",
        lambda b: b.edit("pretest.csv", "unnamed", primary_care="340"),
        "pretest.csv column primary_care",
        "50 to 250 was aimed for",
        "Check the largest rows",
        "warning",
    ),
]

SOURCED = [
    Mistake(
        "missing_reason",
        "a statement is left out without a word",
        lambda b: b.edit("statements.csv", *b.rows("statements.csv")[1][:3], note=""),
        "statements.csv line {}",
        "left out without a reason",
        "Say why",
    ),
    Mistake(
        "missing_reason",
        "a rule that nobody states, without a reason",
        rule("muscle_breakdown", 'reason = "', 'reason = "" # "'),
        "rules.toml [[rule]] (muscle_breakdown)",
        "a supplement without a reason",
        "Say why",
    ),
    Mistake(
        "missing_source",
        "a link is called documented",
        lambda b: b.edit("links.csv", "stroke", "rapidly_worsening", basis="documents"),
        "links.csv line {}",
        "statements.csv has no such statement",
        "mark the link as a supplement",
    ),
    Mistake(
        "missing_source",
        "a graded row is called documented",
        lambda b: b.edit("graded.csv", "muscle_strain", "severity", basis="documents"),
        "graded.csv line {}",
        "no statement names a grade",
        "mark the row as a supplement",
    ),
    Mistake(
        "missing_source",
        "a row of age and sex is called documented",
        lambda b: b.edit("age_sex.csv", "stroke", basis="documents"),
        "age_sex.csv line {}",
        "no statement names age or sex",
        "mark the row as a supplement",
    ),
    Mistake(
        "missing_source",
        "a documented rule lost its places",
        rule(
            "saddle_numbness",
            'places = [\n  "S2 When to Seek Emergency Medical Attention p1",\n'
            '  "S4 Seek Emergency Care For item 9",\n]',
            "places = []",
        ),
        "rules.toml [[rule]] (saddle_numbness)",
        "names no place",
        "Add the place",
    ),
    Mistake(
        "wrong_basis",
        "a documented link is called a supplement",
        lambda b: b.edit("links.csv", "stroke", "speech_difficulty", basis="supplement"),
        "links.csv line {}",
        "although a document states it",
        "Set its basis to documents",
    ),
    Mistake(
        "wrong_basis",
        "a documented graded row is called a supplement",
        lambda b: b.edit("graded.csv", "stroke", "onset", basis="supplement"),
        "graded.csv line {}",
        "although a statement names a grade",
        "Set its basis to documents",
    ),
    Mistake(
        "missing_link",
        "the link of a statement was deleted",
        lambda b: b.delete("links.csv", "stroke", "speech_difficulty"),
        "statements.csv line",
        "there is no link",
        "left out with a reason",
    ),
    Mistake(
        "missing_link",
        "the graded row of a statement was deleted",
        lambda b: b.delete("graded.csv", "stroke", "onset"),
        "statements.csv line",
        "there is no row in graded.csv",
        "Add it",
    ),
    Mistake(
        "wrong_use",
        "a statement that lowers a finding becomes a link",
        lambda b: b.edit(
            "statements.csv",
            "condition-finding",
            "ligament_or_tendon_injury",
            "objective_weakness",
            direction="lowers/absent",
            use="link",
        ),
        "statements.csv line {}",
        "becomes an assertion, never a link",
        "Set use to assertion",
    ),
    Mistake(
        "wrong_use",
        "a statement of a grade becomes a link",
        lambda b: b.edit(
            "statements.csv", "condition-finding", "muscle_strain", "onset=sudden", use="link"
        ),
        "statements.csv line {}",
        "has use link but names a grade",
        "Set use to grade",
    ),
    Mistake(
        "missing_assertion",
        "the assertion of a statement was deleted",
        lambda b: b.keep(
            "assertions.csv",
            lambda row: "relieved_by_rest|chronic" not in row["left"] + row["right"],
        ),
        "statements.csv line",
        "to be kept by an assertion",
        "relieved_by_rest|chronic_fatigue_syndrome",
    ),
]

RULES = [
    Mistake(
        "bad_rule",
        "an expression that stops early",
        rule("saddle_numbness", 'when = "saddle_numbness"', 'when = "saddle_numbness and"'),
        "rules.toml [[rule]] (saddle_numbness)",
        "the rule ends too early",
        "Correct the expression",
    ),
    Mistake(
        "bad_rule",
        "a bracket that is not closed",
        rule("saddle_numbness", 'when = "saddle_numbness"', 'when = "(saddle_numbness"'),
        "rules.toml [[rule]] (saddle_numbness)",
        "cannot be read",
        "Correct the expression",
    ),
    Mistake(
        "bad_rule",
        "a comparison that the language does not have",
        rule("saddle_numbness", 'when = "saddle_numbness"', 'when = "saddle_numbness > 1"'),
        "rules.toml [[rule]] (saddle_numbness)",
        "'>' is not allowed here",
        "Correct the expression",
    ),
    Mistake(
        "bad_rule",
        "a grade that does not exist",
        rule("sudden_weakness", "onset = sudden", "onset = abrupt"),
        "rules.toml [[rule]] (sudden_weakness)",
        "onset cannot be 'abrupt'",
        "Use one of gradual, rapid, sudden",
    ),
    Mistake(
        "bad_rule",
        "a graded finding without its grade",
        rule("sudden_weakness", "onset = sudden", "onset"),
        "rules.toml [[rule]] (sudden_weakness)",
        "onset cannot be 'present'",
        "Use one of gradual, rapid, sudden",
    ),
    Mistake(
        "bad_rule",
        "a rule that can be met in a million ways",
        new_rule("maze", " and ".join(["(fever_or_flu_symptoms or fatigue)"] * 20)),
        "rules.toml [[rule]] (maze)",
        "more than 1,000 ways",
        "Split it",
    ),
    Mistake(
        "never_fires",
        "two grades at once",
        rule("sudden_weakness", "onset = sudden", "onset = sudden and onset = gradual"),
        "rules.toml [[rule]] (sudden_weakness)",
        "can never fire",
        "Correct the expression",
    ),
    Mistake(
        "never_fires",
        "two findings that exclude each other",
        new_rule("sodium", "sodium_low and sodium_high"),
        "rules.toml [[rule]] (sodium)",
        "can never fire",
        "Correct the expression",
    ),
    Mistake(
        "never_matters",
        "a part of a more urgent rule",
        new_rule("numb", "saddle_numbness and fatigue", "immediate"),
        "rules.toml [[rule]] (numb)",
        "a higher rule is met whenever it is",
        "Remove it",
        "warning",
    ),
    Mistake(
        "repeated_rule",
        "a rule in other words",
        new_rule("again", "onset = sudden and one_sided_numbness"),
        "rules.toml [[rule]] (again)",
        "met whenever sudden_one_sided_numbness is, and only then",
        "keep one rule",
        "warning",
    ),
    Mistake(
        "uncovered",
        "a condition that must not be missed, and no rule for it",
        lambda b: b.edit("conditions.csv", "fibromyalgia", cannot_miss="yes"),
        "conditions.csv line {}",
        "no emergency or immediate rule covers it",
        "Add a rule",
    ),
]

FAST = [*READING, *CELLS, *REFERENCES, *WORDS, *COVERAGE, *FAMILIES, *SHAPES, *SOURCED, *RULES]

#: Codes that need the network: (code, level), tested at the end of this file.
SLOW = {("no_solution", "error"), ("bad_assertion", "error"), ("assertion_fails", "error")}


def said(problems: list[Problem]) -> str:
    """Problems as a reader sees them, for a failing test."""
    return "\n".join(f"{p.code} ({p.level}): {p}" for p in problems)


@pytest.mark.parametrize("mistake", FAST, ids=lambda m: f"{m.code}: {m.story}")
def test_a_mistake_is_named_with_its_place_and_a_remedy(base, mistake):
    """What the editor did wrong is said, with file and row, what is allowed, and what to do."""
    line = mistake.make(base)
    problems = base.problems()
    where = mistake.where.format(line)
    hits = [
        problem
        for problem in problems
        if problem.code == mistake.code
        and re.search(rf"{re.escape(where)}(?!\d)", problem.where)
        and mistake.says in problem.message
        and mistake.do in problem.remedy
    ]
    assert hits, f"wanted {mistake.code} at {where!r}; found:\n{said(problems)}"
    assert {problem.level for problem in hits} == {mistake.level}
    for problem in problems:
        assert problem.remedy, said([problem])
        assert problem.message.endswith("."), said([problem])
        if problem.code not in {"missing_folder", "unknown_file"}:
            assert problem.where.split()[0] in {*FILES, "scale.toml"}, said([problem])


def test_many_mistakes_are_all_shown_at_once(base):
    """Mistakes in several files are named together, reading mistakes first, then the rest."""
    base.edit("links.csv", "stroke", "foot_drop", confidence="sure")
    base.edit("pretest.csv", "stroke", primary_care="0")
    base.replace("scale.toml", "probability = 0.95", "probability = 95")
    rule("paralysis", "tier =", "teir =")(base)
    (base.path / "leaks.csv").unlink()
    files = {problem.where.split()[0] for problem in base.problems()}
    assert files == {"links.csv", "pretest.csv", "scale.toml", "rules.toml", "leaks.csv"}


def test_mistakes_between_tables_are_all_shown_at_once(base):
    """One look at well-formed tables names the mistakes of every kind."""
    base.edit("links.csv", "stroke", "foot_drop", word="0.5")
    base.edit("findings.csv", "sodium_low", excludes="")
    base.edit("graded.csv", "stroke", "onset", frequencies="1 10 88")
    base.delete("pretest.csv", "muscle_strain")
    rule("sudden_weakness", "onset = sudden", "onset = abrupt")(base)
    codes = {problem.code for problem in base.problems()}
    assert codes >= {"unknown_word", "bad_excludes", "bad_share", "missing_row", "bad_rule"}


def test_two_mistakes_in_one_row_are_both_shown(base):
    """A row with two bad cells is named twice, not once now and once after correction."""
    line = base.edit("links.csv", "stroke", "foot_drop", confidence="sure", basis="guess")
    found = [str(problem) for problem in base.problems()]
    assert [text.startswith(f"links.csv line {line}: column") for text in found] == [True, True]


def test_loading_raises_the_same_problems(base):
    """`load` refuses a spoilt folder with the errors that checking shows, word for word."""
    base.edit("links.csv", "stroke", "foot_drop", word="0.5")
    base.edit("pretest.csv", "stroke", even="30")
    base.append("categories.csv", "infection", id="spare", label="Spare")
    with pytest.raises(KnowledgeError) as caught:
        load(base.path)
    problems = base.problems()
    assert caught.value.problems == tuple(p for p in problems if p.level == "error")
    assert str(caught.value).splitlines() == [str(p) for p in caught.value.problems]
    assert len(problems) == len(caught.value.problems) + 1
    assert caught.value.exit_code == 11


def test_loading_stands_in_spite_of_warnings(base):
    """A warning is said but stops nothing."""
    base.append("categories.csv", "infection", id="spare", label="Spare")
    assert [problem.level for problem in base.problems()] == ["warning"]
    assert load(base.path).category[-1].id == "spare"


@pytest.mark.parametrize("file", ["links.csv", "rules.toml", "scale.toml"])
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda raw: b"\xef\xbb\xbf" + raw, id="byte order mark"),
        pytest.param(lambda raw: raw.replace(b"\n", b"\r\n"), id="CRLF"),
    ],
)
def test_a_layout_that_says_the_same_is_read_the_same(base, file, change):
    """A byte order mark or the line ends of Windows change neither content nor digest."""
    base.write(file, change((base.path / file).read_bytes()))
    assert load(base.path).digest == load().digest


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\0" * 1000, id="NUL bytes"),
        pytest.param(b"id,label\nbrain,\0\n", id="a NUL byte in a cell"),
        pytest.param(b"\xff\xfe\x00\x01", id="no text at all"),
        pytest.param(b'id,label\nbrain,"Brain\n', id="a quote that never ends"),
        pytest.param(b'id,label\nbrain,B"rain\n"x"y,z\n', id="quotes in odd places"),
        pytest.param(b"id,label\nbrain," + b"x" * 1_000_000 + b"\n", id="a cell of a megabyte"),
        pytest.param(b"id,label\nbrain," + b"x" * 100_000 + b"\n", id="a cell of 100 kB"),
        pytest.param(b",".join(b"c%d" % n for n in range(1_000_000)), id="a million columns"),
        pytest.param(b"," * 1_000_000, id="a million columns without a name"),
        pytest.param(b"id,label\n" + b"x\n" * 1_000_000, id="a million bad rows"),
        pytest.param(b"id,label\n" + b"\n" * 1_000_000, id="a million blank lines"),
        pytest.param(b"id,label\nbrain,=cmd|' /C calc'!A0\n", id="a formula"),
        pytest.param(b"id,label\n=1+1,Brain\n", id="a formula for an id"),
        pytest.param(b"<html><body>Sign in</body></html>", id="a web page"),
        pytest.param(b"PK\x03\x04\x14\x00\x06\x00", id="a spreadsheet's own format"),
    ],
)
def test_a_hostile_table_is_a_problem_not_a_crash(base, content):
    """Whatever bytes a CSV file holds, the answer is a short list of problems that name it."""
    base.write("sites.csv", content)
    found = [p for p in base.problems() if p.level == "error" and p.where.startswith("sites.csv")]
    assert 1 <= len(found) <= 101
    assert all(len(str(problem)) < 400 for problem in found)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\0", id="a NUL byte"),
        pytest.param(b"\xff\xfe\x00\x01", id="no text at all"),
        pytest.param(b"a = " + b"[" * 100_000, id="nested without end"),
        pytest.param(b"a = " + b"9" * 100_000, id="a number without end"),
        pytest.param(b"[[rule]]\nid = 0x" + b"f" * 100_000, id="a large number for an id"),
        pytest.param(b"rule = 5", id="a number for a table"),
        pytest.param(b"rule = [1, 2]", id="numbers for tables"),
        pytest.param(b"[[rule]]\nid = 5\ncovers = 5\nplaces = {}", id="values of other types"),
        pytest.param(b"[[rule]]\nid = 'a'\n[[rule.covers]]\nx = 1", id="tables in tables"),
        pytest.param(b"[rule]\n[rule]", id="a table twice"),
        pytest.param(b"\xef\xbb\xbf\xef\xbb\xbf", id="two byte order marks"),
    ],
)
def test_a_hostile_toml_file_is_a_problem_not_a_crash(base, content):
    """Whatever bytes a TOML file holds, the answer is a list of problems that name it."""
    base.write("rules.toml", content)
    found = [p for p in base.problems() if p.level == "error" and p.where.startswith("rules.toml")]
    assert found
    assert all(len(str(problem)) < 400 for problem in found)


@pytest.mark.parametrize("content", [b"", b"frequency = 1", b"[frequency.often]\nprobability = {}"])
def test_a_hostile_scale_is_a_problem_not_a_crash(base, content):
    """A scale that lacks its tables is named, and nothing is computed from it."""
    base.write("scale.toml", content)
    assert {problem.where for problem in base.problems()} == {"scale.toml"}
    assert base.read() is None


def test_a_place_that_is_no_folder_is_named(tmp_path):
    """A file, or nothing at all, in the place of the folder is one problem with a remedy."""
    file = tmp_path / "links.csv"
    file.write_text("condition,finding\n")
    for wrong in (file, tmp_path / "nowhere"):
        knowledge, problems = read(wrong)
        assert knowledge is None
        assert [problem.code for problem in problems] == ["missing_folder"]
        with pytest.raises(KnowledgeError, match="not a folder"):
            load(wrong)


def test_an_empty_folder_names_every_file(tmp_path):
    """Every file that is missing is named at once."""
    knowledge, problems = read(tmp_path)
    assert knowledge is None
    assert {problem.where for problem in problems} == {*FILES, "scale.toml"}


# What needs the network.


def test_a_pretest_row_below_what_its_causes_bring_about_has_no_solution(base):
    """The row to move is named for each setting and basis, and the file whose links to weaken."""
    settings = {setting: "1" for setting in SETTINGS if setting != "even"}
    base.edit("pretest.csv", "hypokalaemia", **settings)
    base.edit("condition_links.csv", "dehydration", "hypokalaemia", word="by_definition")
    problems = check_network(load(base.path))
    assert {problem.code for problem in problems} == {"no_solution"}
    assert {problem.where for problem in problems} >= {
        f"pretest.csv column {setting} row hypokalaemia (basis {basis})"
        for setting in settings
        for basis in BASES
    }
    assert all("at or below what" in problem.message for problem in problems)
    assert all("condition_links.csv" in problem.remedy for problem in problems)


#: id of an assertion -> its cells, the code expected, and what is said.
ASSERTIONS = {
    "holds": (("more_likely", "onset=sudden|stroke", "onset=sudden|muscle_strain", ">"), "", ""),
    "turned_round": (
        ("more_likely", "onset=sudden|stroke", "onset=sudden|steroid_myopathy", "<"),
        "assertion_fails",
        "does not hold: 0.",
    ),
    "no_condition": (
        ("more_likely", "onset=sudden|strok", "onset=sudden|muscle_strain", ">"),
        "bad_assertion",
        "'strok' is not a condition",
    ),
    "no_finding": (
        ("raises", "onsett=sudden|stroke", "onset=sudden|average", ">"),
        "bad_assertion",
        "'onsett' is not a finding",
    ),
    "no_grade": (
        ("raises", "onset|stroke", "onset|average", ">"),
        "bad_assertion",
        "needs a grade of onset",
    ),
    "no_number": (
        ("odds_factor_below", "stroke : onset=sudden / age=70", "nan", "<"),
        "bad_assertion",
        "nan is no number to compare with",
    ),
    "no_new_evidence": (
        ("odds_factor_below", "stroke : / age=70", "2", "<"),
        "bad_assertion",
        "condition : new evidence / given evidence",
    ),
    "misspelt_evidence": (
        ("odds_factor_below", "stroke : onset=suden / age=70", "2", "<"),
        "bad_assertion",
        "Did you mean sudden?",
    ),
    "contradictory_evidence": (
        ("odds_factor_below", "stroke : foot_drop / distal_weakness=absent", "2", "<"),
        "bad_assertion",
        "contradicts itself",
    ),
    "circular_evidence": (
        ("odds_factor_below", "stroke : onset=sudden / stroke=present", "2", "<"),
        "bad_assertion",
        "the condition itself is among the evidence",
    ),
    "wrong_way": (
        ("lowers", "onset=gradual|stroke", "onset=gradual|average", ">"),
        "bad_assertion",
        "lowers is written with <",
    ),
}


@pytest.fixture(scope="module")
def asserted(tmp_path_factory) -> dict[str, Problem]:
    """What is said of each of `ASSERTIONS`, from one solved network."""
    base = Copy(tmp_path_factory.mktemp("asserted") / "priors")
    header = ["id", "kind", "left", "right", "relation", "basis", "reason"]
    rows = [[name, *cells, "practice", "A test."] for name, (cells, _, _) in ASSERTIONS.items()]
    base.put("assertions.csv", [header, *rows])
    base.keep("statements.csv", lambda row: row["use"] != "assertion")
    found = Found()
    check_assertions(load(base.path), found)
    return {re.search(r"\((\w+)\)$", p.where).group(1): p for p in found.problems}


@pytest.mark.parametrize("name", ASSERTIONS)
def test_an_assertion_that_fails_or_cannot_be_read_is_named(asserted, name):
    """An assertion is silent if it holds, and else named with its line and the numbers compared."""
    _, code, message = ASSERTIONS[name]
    if not code:
        assert name not in asserted
        return
    problem = asserted[name]
    assert problem.code == code
    assert problem.where == f"assertions.csv line {list(ASSERTIONS).index(name) + 2} ({name})"
    assert message in problem.message
    assert problem.remedy


# The list of codes.


def emitted() -> set[str]:
    """Every code that the sources of reading and checking hand to a problem."""
    codes = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or len(node.args) < 3:
                continue
            named = isinstance(node.func, ast.Name) and node.func.id == "Problem"
            added = isinstance(node.func, ast.Attribute) and node.func.attr == "add"
            if (named or added) and isinstance(node.args[0], ast.Constant):
                codes.add(node.args[0].value)
    return codes


def documented() -> list[tuple[str, str]]:
    """Code and level of every row of the table in docs/checks.md."""
    text = (ROOT / "docs" / "checks.md").read_text("utf-8")
    return re.findall(r"^\| `(\w+)` \| ([a-z, ]+) \|", text, flags=re.MULTILINE)


def test_every_code_is_documented_and_tested():
    """The codes in the source, in docs/checks.md and in this file are the same."""
    tested = {(mistake.code, mistake.level) for mistake in FAST} | SLOW
    levels: dict[str, set[str]] = {}
    for code, level in tested:
        levels.setdefault(code, set()).add(level)
    assert emitted() == set(levels)
    assert dict(documented()) == {code: ", ".join(sorted(found)) for code, found in levels.items()}
    assert [code for code, _ in documented()] == list(dict(documented()))
