"""Files of vignettes: what is read, what is written, and what is refused."""

from __future__ import annotations

import csv
import gzip
import io
import os
import threading
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evaluation import writing
from evaluation.files import score_file
from evaluation.reading import MAX_LINE, MAX_TEXT, read_table
from evaluation.scoring import output_columns, score_frame
from evaluation.writing import neutral
from model.errors import InputError
from model.version import ENGINE_VERSION

#: Something no message may repeat.
PRIVATE = "Zaphod77"

SMALL = (
    "id,age,sex,onset,foot_drop,note\n"
    "001,72,female,sudden,present,first\n"
    "NA,,,,,\n"
    f"None,{PRIVATE},male,sudden,,=1+1\n"
    ",30,male,gradual,absent,last\n"
    "x,72,female,sudden,present,again\n"
)


@pytest.fixture
def score(tmp_path, reasoner):
    """Write some bytes to a file, score it, and give the rows that come out as dictionaries."""

    def run(content, name="in.csv", **options):
        source, sink = tmp_path / name, tmp_path / "out.csv"
        source.write_bytes(content if isinstance(content, bytes) else content.encode())
        score_file(str(source), str(sink), reasoner, **options)
        with sink.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return run


@pytest.fixture
def refuse(tmp_path, reasoner):
    """Write some bytes to a file that cannot be scored; give the problem; nothing may be left."""

    def run(content, name="in.csv", **options):
        folder = tmp_path / "out"
        folder.mkdir()
        source = tmp_path / name
        source.write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(InputError) as caught:
            score_file(str(source), str(folder / "out.csv"), reasoner, **options)
        assert list(folder.iterdir()) == []
        assert PRIVATE not in str(caught.value)
        return caught.value.problems[0]

    return run


def test_every_row_comes_out_with_its_id(score):
    """Ids that look like numbers or like nothing survive; a missing one is the row number."""
    rows = score(SMALL, keep=["note"])
    assert [row["id"] for row in rows] == ["001", "NA", "None", "4", "x"]
    assert [row["status"] for row in rows] == ["ok", "ok", "error", "ok", "ok"]
    assert rows[2]["message"].startswith("bad_age: age ")
    assert rows[2]["disposition"] == "emergency"


def test_a_file_says_what_the_frame_says(score, tmp_path, reasoner):
    """The file holds exactly the cells of the scored frame."""
    rows = score(SMALL, keep=["note"], all_conditions=True)
    frame = pd.read_csv(io.StringIO(SMALL), dtype=str, keep_default_na=False)
    found = score_frame(frame, reasoner, keep=["note"], all_conditions=True)
    found["note"] = [neutral(cell) for cell in found["note"]]
    assert rows == found.to_dict("records")


def test_no_message_repeats_a_cell(score, tmp_path):
    """What stands in a bad cell appears nowhere in the output."""
    score(SMALL, keep=["note"])
    assert PRIVATE.casefold() not in (tmp_path / "out.csv").read_text("utf-8").casefold()


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz", "out.parquet"])
def test_bytes_do_not_depend_on_chunks_or_workers(name, tmp_path, reasoner, monkeypatch):
    """Whatever the size of a chunk and the number of threads, the bytes are the same."""
    monkeypatch.setattr(writing, "BLOCK", 1000)  # so that even a few rows are more than one
    monkeypatch.setattr(writing, "ROW_GROUP", 2)
    source = tmp_path / "in.csv"
    source.write_text(SMALL, "utf-8")
    found = set()
    for chunk in (1, 2, 5, 1000):
        for workers in (1, 2):
            sink = tmp_path / f"{chunk}_{workers}_{name}"
            score_file(
                str(source), str(sink), reasoner, keep=["note"], chunk=chunk, workers=workers
            )
            found.add(sink.read_bytes())
    assert len(found) == 1


def test_the_summary_counts_what_came_out(tmp_path, reasoner):
    """The summary counts rows by status, by disposition and by leading condition."""
    source = tmp_path / "in.csv"
    source.write_text(SMALL, "utf-8")
    summary = score_file(str(source), str(tmp_path / "o.csv"), reasoner, keep=["note"], chunk=2)
    assert summary.rows == 5
    assert summary.status == {"ok": 4, "error": 1}
    assert sum(summary.disposition.values()) == 5
    assert sum(summary.leading.values()) == 4


def test_progress_counts_rows_and_bytes(tmp_path, reasoner):
    """Progress tells the rows so far, how far into the file that is, and how long the file is."""
    source = tmp_path / "in.csv"
    source.write_text(SMALL, "utf-8")
    told = []
    score_file(
        str(source),
        str(tmp_path / "o.csv"),
        reasoner,
        keep=["note"],
        chunk=2,
        progress=lambda *numbers: told.append(numbers),
    )
    size = len(SMALL)
    assert [rows for rows, _, _ in told] == [2, 4, 5]
    assert all(0 < done <= total == size for _, done, total in told)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + SMALL.encode(),
        SMALL.replace("\n", "\r\n").encode(),
        SMALL.replace("\n", "\r").encode(),
        SMALL.replace("\n", "\n\n").encode(),
        SMALL.rstrip("\n").encode(),
        SMALL.replace("id,age,sex", ' id , age,"sex "').encode(),
    ],
    ids=["BOM", "CRLF", "CR", "empty lines", "no last newline", "padded header"],
)
def test_the_form_of_a_csv_does_not_matter(content, score):
    """A byte order mark, line ends, empty lines and padded names change nothing."""
    assert score(content, keep=["note"]) == score(SMALL, keep=["note"])


def test_a_header_only_gives_a_header_only(score, tmp_path, reasoner):
    """A file without rows gives a file with the header alone."""
    assert score("id,age\n") == []
    names = (tmp_path / "out.csv").read_text("utf-8").strip().split(",")
    assert names == output_columns(reasoner)


def test_short_and_long_rows_are_marked(score):
    """A row with too few or too many cells is an error with a code; its red flags stand."""
    rows = score("id,onset,age\na,sudden\nb,sudden,70,extra\nc,sudden,70\n")
    assert [row["status"] for row in rows] == ["error", "error", "ok"]
    assert rows[0]["message"].startswith("short_row: ")
    assert rows[1]["message"].startswith("long_row: ")
    assert "extra" not in rows[1]["message"]
    assert {row["disposition"] for row in rows} == {"emergency"}


def test_rows_are_marked_in_their_own_chunk(score):
    """A short row in a later chunk marks that row and no other."""
    content = "id,age\n" + "".join(f"{n},70\n" for n in range(5)) + "short\n" + "last,70\n"
    rows = score(content, chunk=3)
    assert [row["id"] for row in rows if row["status"] == "error"] == ["short"]


def test_a_single_column_may_have_blank_cells(score):
    """Under one column an empty line is a patient of whom nothing is known."""
    assert [row["status"] for row in score("age\n\n70\n\n")] == ["ok"] * 3
    assert [row["id"] for row in score("id\n\n\n")] == ["1", "2"]


def test_a_nul_byte_marks_its_row(score):
    """A NUL byte in a cell is a bad cell of that row; the next row is read as ever."""
    rows = score(b"id,age\na,7\x000\nb,70\n")
    assert [row["status"] for row in rows] == ["error", "ok"]
    assert rows[0]["message"].startswith("bad_age: ")


def test_long_rows_are_scored_a_few_at_a_time(tmp_path, reasoner):
    """A chunk ends early when its rows are long, so that memory stays flat."""
    row = ",".join(["70", *["x" * 130_000] * 30])
    header = ",".join(["age", *(f"note{n}" for n in range(30))])
    (tmp_path / "in.csv").write_text("\n".join([header, *[row] * 10, ""]))
    told = []
    score_file(
        str(tmp_path / "in.csv"),
        str(tmp_path / "out.csv"),
        reasoner,
        keep=["note0", *(f"note{n}" for n in range(1, 30))],
        progress=lambda rows, *_: told.append(rows),
    )
    assert told == [9, 10]
    assert len(row) * 8 < MAX_TEXT < len(row) * 9


def test_quoted_cells_keep_their_line_ends(score):
    """A quoted cell may hold separators and line ends, and comes out as it went in."""
    rows = score('id,age,note\na,70,"one, ""two""\r\nthree"\n', keep=["note"])
    assert rows[0]["note"] == 'one, "two"\r\nthree'


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"\n", "empty_file"),
        (b"\xef\xbb\xbf", "empty_file"),
        (b"id,age\n\xff,70\n", "bad_encoding"),
        ("id,age\na,70\n".encode("utf-16"), "bad_encoding"),
        (b'id,age\n"a,70\n', "broken_csv"),
        (b'id,age\n"a"b,70\n', "broken_csv"),
        (b"id,age,age\na,1,2\n", "duplicate_column"),
        (b"id,agee\na,1\n", "unknown_column"),
        (b"id;age;foot_drop\na;70;present\n", "wrong_separator"),
        (b"id\tage\tfoot_drop\na\t70\tpresent\n", "wrong_separator"),
        (b"id|age\na|70\n", "wrong_separator"),
        (b"id;age;note, short;foot_drop\n", "wrong_separator"),
        (b"p1,71,present,sudden\np2,72,,\n", "no_header"),
        (b"p1,female,,\n", "no_header"),
        (b"id,age\x00\na,1\n", "unknown_column"),
        (",".join(f"c{n}" for n in range(3000)).encode(), "too_many_columns"),
        (b"id,age\na," + b"x" * 200_000 + b"\n", "broken_csv"),
        (b"id,age\n" + b"," * 5_000_000 + b"\n", "line_too_long"),
        (b"," * 5_000_000, "line_too_long"),
        (b"id,age\n" + b'"x\n",' * 1_000_000, "line_too_long"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_no_table_is_refused(content, code, refuse):
    """What cannot be read as a table has a stable code and leaves nothing behind."""
    assert len(content) < MAX_LINE or code == "line_too_long"
    assert refuse(content).code == code


def test_a_file_that_breaks_says_where(refuse):
    """A table that breaks in the middle says near which line."""
    assert refuse('id,age\na,70\nb,70\n"c"x,70\n').where.endswith("in.csv near line 4")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"\xff", 1),
        (b"id,age\n\xe9,70\n", 2),
        (b"id,age\r\na,70\r\nb,70\r\nc\xe9,70\r\n", 4),
        (b"id,age\n" + b"a,70\n" * 5000 + b"\xe9,70\n", 5002),
    ],
)
def test_a_wrong_letter_is_found_on_its_line(content, line, tmp_path):
    """A byte that is not UTF-8 is named with its line, in a small file too."""
    path = tmp_path / "in.csv"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_table(str(path))
    (problem,) = caught.value.problems
    assert (problem.code, problem.where) == ("bad_encoding", f"{path} line {line}")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (gzip.compress(SMALL.encode()), "name it .csv.gz"),
        (b"PK\x03\x04" + bytes(range(256)), "export it as CSV UTF-8"),
        (b"PAR1" + bytes(range(256)), "name it .parquet"),
        ("id,age\na,70\n".encode("utf-16"), "It is UTF-16"),
    ],
    ids=["gzip", "workbook", "parquet", "utf-16"],
)
def test_another_format_under_the_name_of_csv_is_recognised(content, said, refuse):
    """What a file begins with says what it is when its name does not."""
    problem = refuse(content)
    assert problem.code == "bad_encoding"
    assert said in problem.remedy


def test_a_table_that_was_scored_is_no_source(tmp_path, reasoner, refuse):
    """An output given as input is recognised at once; its columns are not guessed at."""
    (tmp_path / "in.csv").write_text("id,age\na,70\n")
    score_file(str(tmp_path / "in.csv"), str(tmp_path / "scored.csv"), reasoner)
    with pytest.raises(InputError) as caught:
        score_file(str(tmp_path / "scored.csv"), str(tmp_path / "again.csv"), reasoner)
    (problem,) = caught.value.problems
    assert (problem.code, problem.remedy) == ("already_scored", "Name its source.")


def test_diagnoses_among_the_columns_are_said(tmp_path, reasoner):
    """A column that is a condition is named in the summary: its cells are taken as known."""
    source = tmp_path / "in.csv"
    source.write_text("id,age,stroke,anaemia\na,70,yes,\n")
    summary = score_file(str(source), str(tmp_path / "out.csv"), reasoner)
    assert summary.diagnoses == ("stroke", "anaemia")
    source.write_text("id,age,foot_drop\na,70,yes\n")
    assert score_file(str(source), str(tmp_path / "out.csv"), reasoner).diagnoses == ()


def test_an_unknown_column_offers_the_nearest_name(refuse):
    """A misspelt column is named, with the right name beside it."""
    problem = refuse("id,foot_dorp\na,present\n")
    assert "foot_dorp" in problem.where
    assert problem.remedy == "Did you mean foot_drop?"


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("in.csv", "in.csv"),
        ("in.csv.gz", "in.csv.gz"),
        ("in.csv", "link.csv"),
        ("link.csv", "in.csv"),
        ("in.csv", "hard.csv"),
        ("in.csv", "sub/../in.csv"),
    ],
)
def test_an_output_never_replaces_its_source(name, other, tmp_path, reasoner):
    """The source would be lost, and with it every cell that no output column holds: it stays."""
    content = b"id,age\na,70\n"
    kept = tmp_path / ("in.csv.gz" if name.endswith(".gz") else "in.csv")
    kept.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    before = kept.read_bytes()
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.csv").symlink_to(kept)
    (tmp_path / "hard.csv").hardlink_to(kept)
    with pytest.raises(InputError) as caught:
        score_file(str(tmp_path / name), str(tmp_path / other), reasoner)
    (problem,) = caught.value.problems
    assert (problem.code, problem.remedy) == ("same_file", "Name another file with -o.")
    assert kept.read_bytes() == before
    assert not list(tmp_path.glob("*.incomplete"))


@pytest.mark.parametrize(
    "name",
    ["x.xlsx", "x.json", "x.parq", "x.csv.bz2", "x.parquet.gz", "x.gz", "x.txt", "x.tsv", "x"],
)
def test_an_output_says_its_format_by_its_ending(name, tmp_path, reasoner):
    """An ending of another format is refused with those allowed, before anything is written."""
    (tmp_path / "in.csv").write_text("age\n70\n")
    with pytest.raises(InputError) as caught:
        score_file(str(tmp_path / "in.csv"), str(tmp_path / name), reasoner)
    (problem,) = caught.value.problems
    assert problem.code == "wrong_ending"
    assert ".csv, .csv.gz and .parquet" in problem.message
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_capitals_of_an_ending_do_not_matter(tmp_path, reasoner):
    """`.CSV`, `.CSV.GZ` and `.PARQUET` are read and written as what they say."""
    (tmp_path / "in.csv").write_text(SMALL)
    source = str(tmp_path / "in.csv")
    for name in ("a.csv", "b.CSV", "c.Csv.GZ", "d.PARQUET"):
        score_file(source, str(tmp_path / name), reasoner, keep=["note"])
    plain = (tmp_path / "a.csv").read_bytes()
    assert (tmp_path / "b.CSV").read_bytes() == plain
    assert gzip.decompress((tmp_path / "c.Csv.GZ").read_bytes()) == plain
    assert pq.read_table(tmp_path / "d.PARQUET")["id"].to_pylist()[0] == "001"
    (tmp_path / "e.CSV.GZ").write_bytes(gzip.compress(SMALL.encode()))
    pd.read_csv(source, dtype=str).to_parquet(tmp_path / "f.PARQUET")
    assert len(read_table(str(tmp_path / "e.CSV.GZ"))) == 5
    assert len(read_table(str(tmp_path / "f.PARQUET"))) == 5


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("in.xlsx", "Export it as CSV UTF-8."),
        ("in.ODS", "Export it as CSV UTF-8."),
        ("in.json", "Write it as CSV"),
        ("in.parq", "name it .parquet"),
        ("in.parquet.gz", "name it .parquet"),
        ("in.csv.bz2", "gzip"),
        ("in.feather", "Parquet"),
    ],
)
def test_a_source_of_another_format_is_refused(name, said, refuse):
    """What an ending says is not CSV or Parquet is refused with what to do about it."""
    problem = refuse(b"id,age\na,70\n", name=name)
    assert problem.code == "wrong_ending"
    assert said in problem.remedy


@pytest.mark.parametrize("name", ["in.txt", "in.tsv", "in", "in.data"])
def test_a_source_of_no_known_format_is_taken_for_csv(name, score):
    """An ending that says nothing of another format is no obstacle."""
    assert len(score("id,age\na,70\n", name=name)) == 1


def test_an_output_has_the_usual_permissions(tmp_path, reasoner):
    """A scored file may be read by those who may read any new file."""
    plain, sink = tmp_path / "plain", tmp_path / "out.csv"
    plain.touch()
    (tmp_path / "in.csv").write_text("age\n70\n")
    score_file(str(tmp_path / "in.csv"), str(sink), reasoner)
    assert sink.stat().st_mode == plain.stat().st_mode


def test_a_link_keeps_pointing_at_the_output(tmp_path, reasoner):
    """An output that is a symbolic link is written where it points."""
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    target.touch()
    link.symlink_to(target)
    (tmp_path / "in.csv").write_text("age\n70\n")
    score_file(str(tmp_path / "in.csv"), str(link), reasoner)
    assert link.is_symlink()
    assert target.read_text("utf-8").startswith("id,status,")


def test_stop_on_error_names_the_row(refuse):
    """Asked to stop, the run ends at the first bad row, which is named, and leaves nothing."""
    content = f"id,age\na,70\nb,70\nc,{PRIVATE}\nd,{PRIVATE}\n"
    problem = refuse(content, stop_on_error=True)
    assert problem.code == "bad_row"
    assert problem.where.endswith("in.csv row 3")
    assert problem.message.startswith("bad_age: age ")


def test_a_source_that_is_not_there_is_named(tmp_path, reasoner):
    """A missing source is an input error, and no output appears."""
    for name in ("no.csv", "no.csv.gz", "no.parquet"):
        with pytest.raises(InputError, match=name):
            score_file(str(tmp_path / name), str(tmp_path / "out.csv"), reasoner)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_source(tmp_path, reasoner):
    """A folder in place of a file is an input error."""
    with pytest.raises(InputError, match="cannot be read"):
        score_file(str(tmp_path), str(tmp_path / "out.csv"), reasoner)


@pytest.mark.parametrize("name", ["no/such/folder/out.csv", "no/out.parquet", "no/out.csv.gz"])
def test_an_output_needs_its_folder(name, tmp_path, reasoner):
    """An output in a folder that is not there is an input error, and no folder is made."""
    (tmp_path / "in.csv").write_text("age\n70\n")
    with pytest.raises(InputError) as caught:
        score_file(str(tmp_path / "in.csv"), str(tmp_path / name), reasoner)
    (problem,) = caught.value.problems
    assert (problem.code, problem.remedy) == ("unwritable", "Make the folder first.")
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_a_folder_is_no_output(tmp_path, reasoner):
    """A folder in place of an output is an input error."""
    (tmp_path / "in.csv").write_text("age\n70\n")
    (tmp_path / "out.csv").mkdir()
    with pytest.raises(InputError) as caught:
        score_file(str(tmp_path / "in.csv"), str(tmp_path / "out.csv"), reasoner)
    assert caught.value.problems[0].code == "unwritable"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no /dev/full here")
def test_a_full_disk_is_said(tmp_path, reasoner):
    """When the disk is full that is said as such, and a device is never replaced by a file."""
    (tmp_path / "in.csv").write_text("age\n70\n")
    with pytest.raises(InputError, match="No space left") as caught:
        score_file(str(tmp_path / "in.csv"), "/dev/full", reasoner)
    assert caught.value.problems[0].code == "unwritable"
    assert Path("/dev/full").is_char_device()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_an_output_may_be_a_pipe(tmp_path, reasoner):
    """A named pipe is written to, not replaced."""
    (tmp_path / "in.csv").write_text("age\n70\n")
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text("utf-8")))
    reader.start()
    score_file(str(tmp_path / "in.csv"), str(pipe), reasoner)
    reader.join(timeout=30)
    assert got[0].count("\n") == 2
    assert pipe.is_fifo()


def test_gzip_in_and_out_say_the_same(score, tmp_path, reasoner):
    """Compressed files hold what plain ones do, with equal bytes for equal input."""
    plain = score(SMALL, keep=["note"])
    assert score(gzip.compress(SMALL.encode()), name="in.csv.gz", keep=["note"]) == plain
    packed = []
    for name in ("a.csv.gz", "b.csv.gz"):
        score_file(str(tmp_path / "in.csv.gz"), str(tmp_path / name), reasoner, keep=["note"])
        packed.append((tmp_path / name).read_bytes())
    assert packed[0] == packed[1]
    assert gzip.decompress(packed[0]) == (tmp_path / "out.csv").read_bytes()


@pytest.mark.parametrize(
    "content", [gzip.compress(SMALL.encode())[:-12], b"id,age\na,70\n"], ids=["cut off", "plain"]
)
def test_a_broken_gzip_is_refused(content, refuse):
    """A gzip file that is cut off, or is none, is refused."""
    assert refuse(content, name="in.csv.gz", keep=["note"]).code == "bad_gzip"


FORMULAS = ("=1+1", "+cmd", "-cmd|x", "@SUM(A1)", "\t=1", "\r=1", "\n=1")


@pytest.mark.parametrize("formula", FORMULAS)
def test_formulas_are_neutralised(formula, score):
    """Text that a spreadsheet would run comes out as text, in ids, kept cells and their names."""
    cells = io.StringIO(newline="")
    csv.writer(cells).writerows([["id", "age", "note", "=x"], [formula, "70", formula, ""]])
    row = score(cells.getvalue(), keep=["note", "=x"])[0]
    assert row["id"] == f"'{formula}"
    assert row["note"] == f"'{formula}"
    assert "'=x" in row


@pytest.mark.parametrize("number", ["-5", "+3.5", "-1e-05", "-7.26192"])
def test_numbers_are_no_formulas(number):
    """A number with a sign is left alone."""
    assert neutral(number) == number


def write_parquet(path, frame, **options):
    """Write a Parquet file as an analyst would."""
    frame.to_parquet(path, **options)
    return str(path)


def test_parquet_in_says_what_text_says(tmp_path, reasoner, score):
    """Typed columns of a Parquet file are read as their text would be."""
    source = write_parquet(
        tmp_path / "in.parquet",
        pd.DataFrame(
            {
                "id": pd.array([1, None, 3], dtype="Int64"),
                "age": [72.0, None, 30.0],
                "foot_drop": pd.array([True, None, False], dtype="boolean"),
                "onset": pd.Categorical(["sudden", None, "gradual"]),
                "visit": pd.array([2**53 + 1, None, 5], dtype="Int64"),
            }
        ),
    )
    sink = tmp_path / "out.csv"
    score_file(source, str(sink), reasoner, keep=["visit"], chunk=2)
    with sink.open(newline="") as file:
        found = list(csv.DictReader(file))
    text = (
        "id,age,foot_drop,onset,visit\n"
        "1,72,present,sudden,9007199254740993\n,,,,\n3,30,absent,gradual,5\n"
    )
    assert found == score(text, keep=["visit"])


def test_parquet_out_is_typed_and_stamped(tmp_path, reasoner):
    """A Parquet output has numbers as numbers, text as text, and its origin in the metadata."""
    (tmp_path / "in.csv").write_text(SMALL.replace("note", "p_note"))
    sink = tmp_path / "out.parquet"
    score_file(str(tmp_path / "in.csv"), str(sink), reasoner, keep=["p_note"], chunk=2)
    table = pq.read_table(sink)
    assert table.column_names == [*output_columns(reasoner), "p_note"]
    assert table.schema.metadata[b"paresis_engine_version"] == ENGINE_VERSION.encode()
    assert table.schema.metadata[b"paresis_knowledge_digest"] == reasoner.knowledge.digest.encode()
    assert table["id"].to_pylist() == ["001", "NA", "None", "4", "x"]
    assert table["p_note"].to_pylist() == ["first", "", "=1+1", "last", "again"]
    leading = table["probability_1"]
    assert pa.types.is_floating(leading.type)
    assert leading.null_count == 1
    assert leading.to_pylist()[2] is None


def test_parquet_and_csv_hold_the_same_numbers(tmp_path, reasoner):
    """The numbers of a Parquet output are those written in a CSV."""
    (tmp_path / "in.csv").write_text(SMALL)
    for name in ("out.csv", "out.parquet"):
        score_file(
            str(tmp_path / "in.csv"),
            str(tmp_path / name),
            reasoner,
            keep=["note"],
            all_conditions=True,
        )
    written = pd.read_csv(tmp_path / "out.csv")
    typed = pd.read_parquet(tmp_path / "out.parquet")
    for name in typed.columns:
        if pd.api.types.is_float_dtype(typed[name]):
            assert written[name].equals(typed[name]), name


def test_a_saved_index_is_a_column(tmp_path, reasoner):
    """An index that pandas saved is read by its name; one without a name is left out."""
    frame = pd.DataFrame({"age": ["70", "71"]}, index=pd.Index(["a", "b"], name="id"))
    named = write_parquet(tmp_path / "named.parquet", frame)
    unnamed = write_parquet(tmp_path / "unnamed.parquet", frame.rename_axis(None))
    for source, ids in ((named, ["a", "b"]), (unnamed, ["1", "2"])):
        score_file(source, str(tmp_path / "out.csv"), reasoner)
        found = pd.read_csv(tmp_path / "out.csv", dtype=str)
        assert found["id"].tolist() == ids


def test_parquet_without_rows_gives_a_whole_file(tmp_path, reasoner):
    """A Parquet file of no rows gives outputs of no rows, with every column."""
    source = write_parquet(tmp_path / "in.parquet", pd.DataFrame({"age": pd.Series([], dtype=str)}))
    for name in ("out.parquet", "out.csv"):
        assert score_file(source, str(tmp_path / name), reasoner).rows == 0
    assert pq.read_table(tmp_path / "out.parquet").num_rows == 0
    assert pd.read_csv(tmp_path / "out.csv").columns.tolist() == output_columns(reasoner)


@pytest.mark.parametrize("cut", [0, 4, 200, -4])
def test_a_broken_parquet_is_refused(cut, tmp_path, refuse):
    """A Parquet file that is cut off, or is none, is refused as unreadable."""
    source = write_parquet(tmp_path / "whole.parquet", pd.DataFrame({"age": ["70"] * 50}))
    assert refuse(Path(source).read_bytes()[:cut], name="in.parquet").code == "unreadable"


def test_a_parquet_page_that_is_broken_is_refused(tmp_path, refuse):
    """Damage in the middle of a Parquet file is a problem of the source, not of the output."""
    frame = pd.DataFrame({"age": [str(n) for n in range(100)]})
    source = write_parquet(tmp_path / "whole.parquet", frame)
    content = bytearray(Path(source).read_bytes())
    content[4:60] = b"\xff" * 56
    assert refuse(bytes(content), name="in.parquet").code == "unreadable"


def test_a_whole_table_can_be_read(tmp_path):
    """A file that fits in memory is read as text, chunk after chunk."""
    path = tmp_path / "in.csv"
    path.write_text("id,age\n" + "".join(f"{n},070\n" for n in range(2500)))
    frame = read_table(str(path))
    assert len(frame) == 2500
    assert frame.index.tolist() == list(range(2500))
    assert frame["age"].iloc[-1] == "070"


def test_a_whole_table_has_no_broken_row(tmp_path):
    """Read whole, a table with a short row is an error that names the row."""
    path = tmp_path / "in.csv"
    path.write_text("id,age\n" + "a,70\n" * 2100 + "b\n")
    with pytest.raises(InputError, match="row 2101: short_row"):
        read_table(str(path))
