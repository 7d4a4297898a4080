"""Runs that are stopped: what they leave, and how they are gone on with."""

from __future__ import annotations

import dataclasses
import gzip
import json
import random

import pyarrow.parquet as pq
import pytest

from evaluation.files import score_file
from evaluation.runs import Done, folder_of, open_run
from model.errors import InputError

#: Ten rows, three of them alike, one bad.
ROWS = [f"p{n},{age},present" for n, age in enumerate((70, 71, 20, 70, "x", 30, 70, 40, 41, 5))]
SOURCE = "id,age,fatigue\n" + "".join(f"{row}\n" for row in ROWS)

#: The forms of an output.
NAMES = ("out.csv", "out.csv.gz", "out.parquet")


@pytest.fixture
def source(tmp_path):
    """The rows in a file."""
    path = tmp_path / "in.csv"
    path.write_text(SOURCE, "utf-8")
    return path


@pytest.fixture
def sink(tmp_path):
    """An output in a folder where nothing else is."""
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "out.csv"


@pytest.fixture
def run(source, reasoner):
    """Score the rows two at a time; give how many were done at each step."""

    def score(sink, **options):
        told = []
        options = {"chunk": 2, "reasoner": reasoner, "source": str(source), **options}
        score_file(sink=str(sink), progress=lambda rows, *_: told.append(rows), **options)
        return told

    return score


@pytest.fixture
def stop(source, reasoner):
    """Score the rows two at a time, and stop as Ctrl-C would, when so many are done."""

    def score(sink, rows, **options):
        def progress(done, *_):
            if done == rows:
                raise KeyboardInterrupt

        options = {"chunk": 2, "source": str(source), **options}
        with pytest.raises(KeyboardInterrupt) as caught:
            score_file(sink=str(sink), reasoner=reasoner, progress=progress, **options)
        return getattr(caught.value, "__notes__", [])

    return score


def left(sink):
    """Names of what stands where the output is to be."""
    return sorted(path.name for path in sink.parent.iterdir())


@pytest.mark.parametrize("rows", [2, 4, 6, 8, 10])
@pytest.mark.parametrize("name", NAMES)
def test_a_resumed_run_gives_equal_bytes(name, rows, run, stop, tmp_path, sink):
    """Wherever a run is stopped, resuming redoes no row and gives the bytes of one left alone."""
    whole, sink = tmp_path / name, sink.with_name(name)
    run(whole)
    stop(sink, rows)
    assert left(sink) == [f"{name}.incomplete"]
    assert run(sink, resume=True) == list(range(rows + 2, 11, 2))
    assert left(sink) == [name]
    assert sink.read_bytes() == whole.read_bytes()


def test_a_run_may_be_stopped_again_and_again(run, stop, tmp_path, sink, reasoner, source):
    """A run that goes two rows further each time comes to the end, with the whole summary."""
    run(tmp_path / "whole.csv")
    for rows in (2, 4, 6, 8):
        stop(sink, rows, resume=rows > 2)
    summary = score_file(str(source), str(sink), reasoner, chunk=2, resume=True)
    assert sink.read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert (summary.rows, summary.status) == (10, {"ok": 9, "error": 1})


def test_a_stopped_run_says_what_it_keeps(stop, sink):
    """The note on the interruption names the folder, the rows in it, and what to do."""
    (note,) = stop(sink, 4)
    assert note == f"{folder_of(str(sink))} keeps 4 finished rows; --resume goes on from there."


def test_what_is_kept_are_whole_rows(run, stop, tmp_path, sink):
    """The parts of a stopped run are the beginning of the output, to the row."""
    run(tmp_path / "whole.csv")
    stop(sink, 6)
    parts = sorted(folder_of(str(sink)).glob("*.csv"))
    kept = "".join(part.read_text("utf-8") for part in parts).splitlines()
    assert kept == (tmp_path / "whole.csv").read_text("utf-8").splitlines()[:7]


def test_a_kept_run_says_what_it_is(stop, sink, reasoner):
    """The folder names setting, basis, version and digest, and holds no cell of the source."""
    stop(sink, 2, keep=["fatigue"])
    about = json.loads((folder_of(str(sink)) / "about.json").read_text())
    assert about["setting"] == "primary_care"
    assert about["knowledge_digest"] == reasoner.knowledge.digest
    assert about["keep"] == ["fatigue"]


def test_an_unfinished_run_is_not_overwritten(run, stop, sink):
    """Without --resume an unfinished run stops a new one, which says what to do."""
    stop(sink, 4)
    with pytest.raises(InputError, match="--resume, or delete it") as caught:
        run(sink)
    assert caught.value.problems[0].code == "unfinished_run"
    assert run(sink, resume=True) == [6, 8, 10]


def test_with_nothing_to_resume_all_is_scored(run, tmp_path, sink):
    """Resuming where nothing is left scores from the beginning."""
    run(tmp_path / "whole.csv")
    assert run(sink, resume=True) == [2, 4, 6, 8, 10]
    assert sink.read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_an_old_output_stays_until_the_new_one_is_whole(run, stop, sink):
    """An output that is there already stays as it was while the new one is unfinished."""
    sink.write_text("old")
    stop(sink, 4)
    assert sink.read_text() == "old"
    run(sink, resume=True)
    assert sink.read_text().startswith("id,status,")


def test_a_broken_row_can_be_mended(run, source, tmp_path, sink):
    """A source that breaks half way can be mended and gone on with; its good rows are kept."""
    run(tmp_path / "whole.csv")
    source.write_text(SOURCE.replace("p5,30", '"p5"x,30'), "utf-8")
    with pytest.raises(InputError) as caught:
        run(sink)
    assert caught.value.problems[0].code == "broken_csv"
    assert "keeps 4 finished rows" in caught.value.__notes__[0]
    source.write_text(SOURCE, "utf-8")
    assert run(sink, resume=True) == [6, 8, 10]
    assert sink.read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_a_truncated_gzip_can_be_fetched_again(run, source, tmp_path, sink):
    """A compressed source that is cut off keeps what was read, and goes on when it is whole."""
    noise = random.Random(7).randbytes(20_000).hex()
    text = SOURCE.replace("p5", f"p5{noise}").encode()
    packed = source.with_name("in.csv.gz")
    packed.write_bytes(gzip.compress(text)[:-200])
    with pytest.raises(InputError) as caught:
        run(sink, source=str(packed))
    assert caught.value.problems[0].code == "bad_gzip"
    packed.write_bytes(gzip.compress(text))
    assert run(sink, source=str(packed), resume=True)[-1] == 10
    run(tmp_path / "whole.csv", source=str(packed))
    assert sink.read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_a_bad_row_can_be_passed(run, sink):
    """A run that stopped at a bad row goes on when bad rows are to be marked."""
    with pytest.raises(InputError, match=r"in\.csv row 5"):
        run(sink, stop_on_error=True)
    assert run(sink, resume=True) == [6, 8, 10]
    assert sink.read_text("utf-8").count("bad_age") == 1


def test_rows_marked_already_stop_no_more(run, stop, sink):
    """A run with bad rows among those that are done cannot be resumed as if it had none."""
    stop(sink, 6)
    with pytest.raises(InputError, match="--on-error mark"):
        run(sink, resume=True, stop_on_error=True)
    assert run(sink, resume=True) == [8, 10]


@pytest.mark.parametrize(
    "changed",
    [
        SOURCE.replace("p1,71", "p1,72"),
        SOURCE.replace("fatigue", "back_pain"),
        "".join(SOURCE.splitlines(keepends=True)[:3]),
        SOURCE.replace("p0,", "\np0,"),
    ],
    ids=["cell", "header", "cut off", "empty line"],
)
def test_a_changed_source_is_not_resumed(changed, run, stop, source, sink):
    """A source that differs in what was read of it is refused, and nothing is lost."""
    stop(sink, 4)
    source.write_text(changed, "utf-8")
    with pytest.raises(InputError) as caught:
        run(sink, resume=True)
    assert caught.value.problems[0].code == "source_changed"
    source.write_text(SOURCE, "utf-8")
    assert run(sink, resume=True) == [6, 8, 10]


def test_a_parquet_source_can_be_resumed(run, stop, source, tmp_path, sink):
    """Rows of a Parquet source are told apart by their content too."""
    tables = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for path, age in zip(tables, ("71", "72"), strict=True):
        source.write_text(SOURCE.replace("p1,71", f"p1,{age}"), "utf-8")
        run(tmp_path / "typed.parquet", keep=["age", "fatigue"])
        pq.write_table(
            pq.read_table(tmp_path / "typed.parquet", columns=["id", "age", "fatigue"]), path
        )
    run(tmp_path / "whole.csv", source=str(tables[0]))
    stop(sink, 4, source=str(tables[0]))
    with pytest.raises(InputError) as caught:
        run(sink, source=str(tables[1]), resume=True)
    assert caught.value.problems[0].code == "source_changed"
    assert run(sink, source=str(tables[0]), resume=True) == [6, 8, 10]
    assert sink.read_bytes() == (tmp_path / "whole.csv").read_bytes()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"keep": ["age"]}, "keep"),
        ({"all_conditions": True}, "all_conditions"),
        ({"surprise": 10}, "surprise"),
        ({"chunk": 3}, "chunk"),
    ],
)
def test_another_run_is_not_resumed(options, said, run, stop, sink):
    """A run with other options is refused, which ones are said, and nothing is lost."""
    stop(sink, 4)
    with pytest.raises(InputError, match=f"another {said}") as caught:
        run(sink, resume=True, **options)
    assert caught.value.problems[0].code == "other_run"
    assert run(sink, resume=True) == [6, 8, 10]


def test_another_setting_is_not_resumed(run, stop, sink, reasoner):
    """A run in another setting is refused."""
    stop(sink, 4)
    parameters = dataclasses.replace(reasoner.parameters, setting="even")
    with pytest.raises(InputError, match="another setting"):
        run(sink, resume=True, reasoner=dataclasses.replace(reasoner, parameters=parameters))


@pytest.mark.parametrize(
    ("given", "where"),
    [({"source": "-"}, "standard input"), ({"sink": "-"}, "standard output")],
    ids=["in", "out"],
)
def test_a_stream_cannot_be_resumed(given, where, source, sink, reasoner):
    """Standard input cannot be read again, and standard output cannot be kept."""
    files = {"source": str(source), "sink": str(sink), **given}
    with pytest.raises(InputError, match=where) as caught:
        score_file(**files, reasoner=reasoner, resume=True)
    assert caught.value.problems[0].code == "cannot_resume"
    assert left(sink) == []


@pytest.mark.parametrize("damage", ["gone", "cut", "unsaid", "nonsense"])
def test_a_damaged_part_is_scored_again(damage, run, stop, tmp_path, sink):
    """A part that is gone or not whole is scored again, with what comes after it."""
    run(tmp_path / "whole.csv")
    stop(sink, 6)
    folder = folder_of(str(sink))
    part, entry = folder / "000001.csv", folder / "000001.json"
    match damage:
        case "gone":
            part.unlink()
        case "cut":
            part.write_bytes(part.read_bytes()[:-1])
        case "unsaid":
            entry.unlink()
        case _:
            entry.write_text("{")
    assert run(sink, resume=True) == [4, 6, 8, 10]
    assert sink.read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_parts_of_which_nothing_is_said_are_not_used(run, stop, tmp_path, sink):
    """Without about.json nobody knows what the parts are of, so all is scored again."""
    run(tmp_path / "whole.csv")
    stop(sink, 6)
    (folder_of(str(sink)) / "about.json").unlink()
    assert run(sink, resume=True) == [2, 4, 6, 8, 10]
    assert sink.read_bytes() == (tmp_path / "whole.csv").read_bytes()


def about(folder):
    """What the folder says of its run."""
    return json.loads((folder / "about.json").read_text())


@pytest.mark.parametrize("renamed", [False, True])
def test_a_run_killed_while_it_finishes_is_finished(
    renamed, run, stop, source, tmp_path, sink, reasoner
):
    """When parts are joined already, resuming only names the output and clears up."""
    run(tmp_path / "whole.csv")
    stop(sink, 10)
    folder = folder_of(str(sink))
    said = {key: value for key, value in about(folder).items() if key != "joined"}
    with open_run(str(sink), said, suffix=".csv", resume=True, again=True) as unfinished:
        unfinished.join(lambda parts, raw: raw.writelines(parts))
    if renamed:
        (folder / "joined").replace(sink)
        (folder / "000000.csv").unlink()
    source.unlink()
    summary = score_file(str(source), str(sink), reasoner, chunk=2, resume=True)
    assert summary.rows == 10
    assert left(sink) == ["out.csv"]
    assert sink.read_bytes() == (tmp_path / "whole.csv").read_bytes()


@pytest.mark.parametrize("resume", [False, True])
def test_a_run_into_its_own_source_does_not_begin(resume, run, source, tmp_path):
    """A run that would end with the loss of its source leaves everything as it was."""
    with pytest.raises(InputError, match="is the input"):
        run(source, resume=resume)
    assert [path.name for path in tmp_path.iterdir()] == [source.name]
    assert source.read_text("utf-8") == SOURCE


def test_two_runs_do_not_share_a_folder(run, stop, sink):
    """A run that still goes on is not resumed by another, and goes on undisturbed."""
    stop(sink, 4)
    said = {key: value for key, value in about(folder_of(str(sink))).items() if key != "joined"}
    with (
        open_run(str(sink), said, suffix=".csv", resume=True, again=True),
        pytest.raises(InputError, match="still goes on"),
    ):
        run(sink, resume=True)
    assert run(sink, resume=True) == [6, 8, 10]


def test_a_run_that_cannot_be_repeated_leaves_nothing(sink):
    """What came from a stream is not kept when the run fails: it could not be gone on with."""

    def fail():
        with open_run(str(sink), {}, suffix=".csv", resume=False, again=False) as begun:
            begun.add(b"row\n", Done(1, 4, "", {}))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert left(sink) == []


def test_a_file_in_the_way_is_named(run, sink):
    """A file where the folder of parts is to stand is named, and stays."""
    folder_of(str(sink)).write_text("mine")
    with pytest.raises(InputError, match=r"out\.csv\.incomplete"):
        run(sink)
    with pytest.raises(InputError, match="cannot be written"):
        run(sink, resume=True)
    assert folder_of(str(sink)).read_text() == "mine"
