"""A table scored beside the page."""

from __future__ import annotations

import pandas as pd
import pytest

from app import job
from app.case import Case
from evaluation.scoring import score_frame
from model.errors import InputError

TABLE = b"""id,age,foot_drop,onset,note
a,66,present,,x
b,200,1,sudden,y
c,44,perhaps,gradual,z
"""


@pytest.fixture
def engine(table):
    """The reasoner of primary care, as the page takes it."""
    return table.reasoner(Case())


def test_problems_are_known_by_row_and_column_before_scoring(engine):
    """Each bad cell is named by its row and column, and never repeated."""
    upload = job.read_upload("t.csv", TABLE, engine)
    assert [(row, column) for row, column, _ in upload.problems] == [(2, "age"), (3, "foot_drop")]
    assert "perhaps" not in str(upload.problems)
    assert upload.keep == ["note"]
    assert not upload.large


def test_the_page_scores_as_the_command_line_does(engine):
    """The same function, so the same rows."""
    upload = job.read_upload("t.csv", TABLE, engine)
    running = job.start(upload, engine)
    running.thread.join(120)
    assert running.finished
    assert running.done == running.rows == 3
    pd.testing.assert_frame_equal(
        running.result(), score_frame(upload.frame, engine, keep=["note"])
    )


def test_a_stopped_job_keeps_what_is_finished(engine):
    """Stopping is no failure."""
    upload = job.read_upload("t.csv", TABLE, engine)
    running = job.Job(upload, engine)
    running.stop.set()
    running.run()
    assert running.result().empty
    assert not running.failed


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"name,note\nx,y\n", b"age,age\n1,2\n"])
def test_what_is_no_table_of_patients_is_refused(engine, content):
    """An unreadable table is said to be one before anything is scored."""
    with pytest.raises(InputError):
        job.read_upload("t.csv", content, engine)


def test_a_large_table_is_cut_and_says_so(engine):
    """More rows than a page scores are for the command line."""
    content = b"age\n" + b"44\n" * (job.MOST_ROWS + 1)
    upload = job.read_upload("t.csv", content, engine)
    assert upload.large
    assert len(upload.frame) == job.MOST_ROWS


def test_rows_can_be_compared_with_simulated_patients(engine):
    """Then each row that has a ranking says how unusual it is."""
    upload = job.read_upload("t.csv", TABLE, engine)
    running = job.start(upload, engine, surprise=400)
    running.thread.join(120)
    assert not running.failed
    share = pd.to_numeric(running.result()["surprise"], errors="coerce")
    assert share.notna().tolist() == [True, False, False]
    assert share[0] <= 1
