"""Scoring an uploaded table in a thread of its own, while the pages stay usable."""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event, Thread

import pandas as pd

from evaluation.memo import Memo
from evaluation.reading import csv_table
from evaluation.scoring import Layout, read_codes, read_header, score_frame
from model.errors import InputError, Problem
from model.reasoner import Reasoner

#: Tables with more rows are for the command line.
MOST_ROWS = 20_000

#: Rows scored between two looks at whether to stop.
STEP = 500

#: The same when each row is compared with simulated patients.
FEW = 5

#: Tables with more rows are not compared with simulated patients here.
MOST_SURPRISED = 500


@dataclass(frozen=True)
class Upload:
    """A table as it was read.

    Attributes:
        name: of the file.
        frame: its cells, as text.
        unknown: columns that are no items, each with a suggestion (may be empty).
        problems: (row or 0, column, message), in file order.
        large: whether it has more rows than are scored here (then only those were read).
    """

    name: str
    frame: pd.DataFrame
    unknown: tuple[tuple[str, str], ...]
    problems: tuple[tuple[int, str, str], ...]
    large: bool

    @property
    def keep(self) -> list[str]:
        """Columns to pass through."""
        return [name for name, _ in self.unknown]


def read_upload(name: str, content: bytes, reasoner: Reasoner) -> Upload:
    """Read a table and everything that is wrong with it, before anything is scored.

    Raises:
        InputError: if it cannot be read as a table at all.
    """
    text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")
    problems: list[tuple[int, str, str]] = []
    parts: list[pd.DataFrame] = []
    rows, large = 0, False
    try:
        table = csv_table("the table", text, chunk=2_000)
        for chunk in table.chunks:
            for places, message in chunk.bad:
                problems += [(rows + int(place) + 1, "", message) for place in places]
            parts.append(chunk.cells())
            rows += chunk.rows
            if rows > MOST_ROWS:
                large = True
                break
    except UnicodeDecodeError:
        remedy = "Save it as CSV in UTF-8."
        raise InputError(
            [Problem("unreadable", "the table", "is not UTF-8 text.", remedy)]
        ) from None
    frame = pd.concat(parts, ignore_index=True).head(MOST_ROWS)
    index = reasoner.vocabulary.index
    unknown = tuple(
        (column, reasoner.vocabulary.suggest(column))
        for column in dict.fromkeys(frame.columns)
        if column not in index and column != "id"
    )
    layout = read_header(list(frame.columns), reasoner, keep=[column for column, _ in unknown])
    if not layout.items:
        remedy = "Take the template: its first line names them all."
        raise InputError(
            [Problem("no_items", "the table", "has no column that is an item.", remedy)]
        )
    problems += _cells(frame, layout, reasoner)
    return Upload(name, frame, unknown, tuple(sorted(problems)), large)


def _cells(frame: pd.DataFrame, layout: Layout, reasoner: Reasoner) -> list[tuple[int, str, str]]:
    """Cells that cannot be read, and rows that contradict themselves."""
    codes, bad = read_codes(frame, layout, reasoner)
    found = []
    for places, message in bad:
        column, _, said = message.partition(": ")[2].partition(" ")
        found += [(int(place) + 1, column, said) for place in places]
    for note in reasoner.closure.settle(codes).notes:
        if note.level == "error":
            columns = ", ".join(reasoner.vocabulary.items[i].id for i in note.items)
            found += [(int(row) + 1, columns, note.text) for row in note.rows.nonzero()[0]]
    return found


@dataclass
class Job:
    """A table being scored; `thread` writes, pages read.

    Attributes:
        upload: what is scored.
        reasoner: by what.
        done: rows finished.
        parts: their results, in order.
        failed: the kind of what went wrong, or "".
        surprise: simulated patients that each row is compared with; none for 0.
    """

    upload: Upload
    reasoner: Reasoner
    done: int = 0
    parts: list[pd.DataFrame] = field(default_factory=list)
    failed: str = ""
    surprise: int = 0
    started: float = field(default_factory=time.monotonic)
    stop: Event = field(default_factory=Event)
    thread: Thread | None = None

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.upload.frame)

    @property
    def finished(self) -> bool:
        """Whether nothing more will come."""
        return self.thread is not None and not self.thread.is_alive()

    @property
    def left(self) -> float:
        """Seconds left, as far as one can tell; NaN before the first rows are done."""
        spent = time.monotonic() - self.started
        return spent / self.done * (self.rows - self.done) if self.done else float("nan")

    def result(self) -> pd.DataFrame:
        """What was scored so far."""
        return pd.concat(self.parts, ignore_index=True) if self.parts else pd.DataFrame()

    def run(self) -> None:
        """Score all rows, or until stopped."""
        memo = Memo(self.reasoner)
        frame, keep = self.upload.frame, self.upload.keep
        layout = read_header(list(frame.columns), self.reasoner, keep=keep)
        try:
            step = FEW if self.surprise else STEP
            for start in range(0, len(frame), step):
                if self.stop.is_set():
                    return
                part = frame.iloc[start : start + step]
                self.parts.append(
                    score_frame(
                        part,
                        self.reasoner,
                        layout=layout,
                        first_row=start + 1,
                        memo=memo,
                        surprise=self.surprise,
                    )
                )
                self.done = start + len(part)
        except Exception as error:  # noqa: BLE001 - said on the page, without the patient's values
            self.failed = type(error).__name__


def start(upload: Upload, reasoner: Reasoner, *, surprise: int = 0) -> Job:
    """Begin scoring; with `surprise` each row is compared with so many simulated patients."""
    job = Job(upload, reasoner, surprise=surprise)
    job.thread = Thread(target=job.run, name="paresis-batch", daemon=True)
    job.thread.start()
    return job


def counts(values: Sequence[str]) -> dict[str, int]:
    """How often each word stands there, the most frequent first."""
    return dict(Counter(value or "none" for value in values).most_common())
