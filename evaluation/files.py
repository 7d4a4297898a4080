"""Score files: read, score and write chunk by chunk, so that memory stays flat however long."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO

from evaluation.memo import Memo
from evaluation.order import in_order
from evaluation.reading import (
    ALLOWED,
    CHUNK,
    ENDINGS,
    Chunk,
    Table,
    open_table,
    problem,
    unwritable,
)
from evaluation.runs import Done, open_run
from evaluation.scoring import Layout, diagnoses, read_header, score_frame
from evaluation.writing import Form, form_of
from model.reasoner import Reasoner
from model.version import ENGINE_VERSION

Progress = Callable[[int, int, int], None]

#: Columns a summary counts the values of: status, disposition, leading condition.
_COUNTED = ("status", "disposition", "condition_1")


@dataclass(frozen=True)
class Summary:
    """What came out of a file.

    Attributes:
        rows: how many.
        status, disposition, leading: rows by status, by disposition and by leading condition.
        diagnoses: columns whose cells were taken as diagnoses already made.
    """

    rows: int
    status: dict[str, int]
    disposition: dict[str, int]
    leading: dict[str, int]
    diagnoses: tuple[str, ...] = field(default=(), kw_only=True)


def score_file(
    source: str,
    sink: str,
    reasoner: Reasoner,
    *,
    keep: Sequence[str] = (),
    all_conditions: bool = False,
    surprise: int = 0,
    stop_on_error: bool = False,
    resume: bool = False,
    workers: int | None = None,
    chunk: int = CHUNK,
    progress: Progress | None = None,
) -> Summary:
    """Score a CSV or Parquet file into a CSV or Parquet file.

    Args:
        source: path, or "-" for standard input; `.gz` is compressed CSV.
        sink: the same, for the output; never the source itself.
        reasoner: the knowledge base in one setting and basis.
        keep: columns to pass through.
        all_conditions: also `p_<condition>` for every condition.
        surprise: simulated patients that each row is compared with; none by default.
        stop_on_error: stop at the first row with an error instead of marking it.
        resume: go on with what a stopped run left (`evaluation.runs`), if it left anything.
        workers: threads that infer (all cores when omitted).
        chunk: rows at a time; the output does not depend on it.
        progress: called with (rows so far, units read, units in all; 0 when unknown).

    Raises:
        InputError: for a file that cannot be read, columns that cannot be placed, an output that
            cannot be written, a run that cannot be resumed, or (with stop_on_error) the first bad
            row. Where finished rows are kept for `resume`, a note on the error says so.

    A file appears under its name only when it is whole.
    """
    target = Path(sink)
    streamed = sink == "-" or (target.exists() and not target.is_file())  # it has no name to take
    if not streamed and not sink.casefold().endswith(ENDINGS):
        message = f"has an ending that cannot be written; {ALLOWED}."
        raise problem(
            "wrong_ending", sink, message, "Name the output so, or - for standard output."
        )
    if _is_source(source, sink):
        where = "standard output" if sink == "-" else sink
        message = "is the input, which would be lost."
        raise problem("same_file", where, message, "Name another file with -o.")
    if resume and (streamed or source == "-"):
        where = "standard input" if source == "-" else "standard output" if sink == "-" else sink
        message = "cannot be resumed: that needs a file to read again and a file to write."
        raise problem("cannot_resume", where, message, "Leave --resume out.")
    form = form_of(sink, reasoner)
    scoring = _Scoring(
        source,
        reasoner,
        form,
        tuple(keep),
        all_conditions,
        surprise,
        stop_on_error,
        workers,
        chunk,
        progress,
    )
    try:
        if streamed:
            return _stream(scoring, sink)
        with open_run(
            sink, scoring.about, suffix=form.suffix, resume=resume, again=source != "-"
        ) as run:
            if not run.joined:
                with contextlib.closing(scoring.parts(run.done)) as parts:
                    for content, done in parts:
                        run.add(content, done)
                run.join(form.join)
            summary = _summary(run.done, scoring.taken)
            run.finish(sink)
            return summary
    except BrokenPipeError:
        raise
    except OSError as error:
        said = unwritable(sink, error)
        said.__notes__ = getattr(error, "__notes__", [])
        raise said from None


def _is_source(source: str, sink: str) -> bool:
    """Whether an output is the file that is read, by another name or redirected to."""
    with contextlib.suppress(OSError, ValueError):
        there = os.fstat(sys.stdout.fileno()) if sink == "-" else Path(sink).stat()
        if source != "-" and stat.S_ISREG(there.st_mode):
            return os.path.samestat(there, Path(source).stat())
    return False


def _stream(scoring: _Scoring, sink: str) -> Summary:
    """Score to standard output, a pipe or a device, which get the rows as they come."""
    dones: list[Done] = []

    def contents(parts: Iterable[tuple[bytes, Done]]) -> Iterator[bytes]:
        for content, done in parts:
            dones.append(done)
            yield content

    with contextlib.closing(scoring.parts(())) as parts, _streaming(sink) as raw:
        scoring.form.join(contents(parts), raw)
    return _summary(dones, scoring.taken)


@contextlib.contextmanager
def _streaming(sink: str) -> Iterator[IO[bytes]]:
    if sink != "-":
        with Path(sink).open("wb") as raw:
            yield raw
        return
    sys.stdout.flush()
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()


def _summary(dones: Sequence[Done], taken: Sequence[str]) -> Summary:
    counts: dict[str, Counter[str]] = {name: Counter() for name in _COUNTED}
    for done in dones:
        for name, values in done.counts.items():
            counts[name].update(values)
    rows = sum(done.rows for done in dones)
    return Summary(rows, *(dict(counts[name]) for name in _COUNTED), diagnoses=tuple(taken))


@dataclass(frozen=True)
class _Scoring:
    """What is scored, and how; `taken` gets the columns that are diagnoses once they are read."""

    source: str
    reasoner: Reasoner
    form: Form
    keep: tuple[str, ...]
    all_conditions: bool
    surprise: int
    stop_on_error: bool
    workers: int | None
    chunk: int
    progress: Progress | None
    taken: list[str] = field(default_factory=list)

    @property
    def about(self) -> dict[str, object]:
        """What must be the same for a run to be gone on with."""
        return {
            "setting": self.reasoner.parameters.setting,
            "basis": self.reasoner.parameters.basis,
            "engine_version": ENGINE_VERSION,
            "knowledge_digest": self.reasoner.knowledge.digest,
            "keep": list(self.keep),
            "all_conditions": self.all_conditions,
            "surprise": self.surprise,
            "chunk": self.chunk,
        }

    def parts(self, done: Sequence[Done]) -> Generator[tuple[bytes, Done]]:
        """The parts that come after those that are done."""
        memo = Memo(self.reasoner)
        with open_table(self.source, chunk=self.chunk) as table:
            layout = read_header(table.columns, self.reasoner, keep=self.keep)
            self.taken[:] = diagnoses(table.columns, self.reasoner)
            rows = self._skip(table, tuple(done))
            score = partial(self._score, layout, memo)
            for content, one, chunk in in_order(score, _numbered(table.chunks, rows)):
                yield content, one
                rows += one.rows
                if self.progress:
                    self.progress(rows, chunk.told, chunk.size)

    def _skip(self, table: Table, done: Sequence[Done]) -> int:
        """Pass the rows that are done; how many they are."""
        rows = 0
        for one in done:
            chunk = next(table.chunks, None)
            if chunk is None or chunk.digest != one.digest:
                where = f"{self.source} row {rows + 1} to {rows + one.rows}"
                message = "is not what the unfinished run has scored."
                remedy = "Give the same source, or delete what is unfinished to begin anew."
                raise problem("source_changed", where, message, remedy)
            rows += one.rows
        if self.stop_on_error and any("error" in one.counts["status"] for one in done):
            message = "has rows with an error among those that are scored already."
            raise problem("bad_row", self.source, message, "Resume with --on-error mark.")
        return rows

    def _score(
        self, layout: Layout, memo: Memo, job: tuple[int, Chunk]
    ) -> tuple[bytes, Done, Chunk]:
        """Score one chunk, whose first row has this number."""
        row, chunk = job
        scored = score_frame(
            chunk.cells(),
            self.reasoner,
            layout=layout,
            all_conditions=self.all_conditions,
            surprise=self.surprise,
            first_row=row,
            workers=self.workers,
            bad=chunk.bad,
            memo=memo,
        )
        bad = (scored["status"] == "error").to_numpy()
        if self.stop_on_error and bad.any():
            first = int(bad.argmax())
            message = str(scored["message"].iloc[first])
            raise problem("bad_row", f"{self.source} row {row + first}", message)
        content = self.form.part(scored, row == 1)
        counts = {name: dict(Counter(filter(None, scored[name].tolist()))) for name in _COUNTED}
        return content, Done(chunk.rows, len(content), chunk.digest, counts), chunk


def _numbered(chunks: Iterable[Chunk], rows: int) -> Iterator[tuple[int, Chunk]]:
    """Chunks with the number of their first row, after so many rows."""
    for chunk in chunks:
        yield rows + 1, chunk
        rows += chunk.rows
