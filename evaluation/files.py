"""Read and write files of vignettes in chunks, so that memory stays flat however long they are."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import os
import re
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluation.scoring import Layout, output_columns, read_header, score_frame
from model.errors import InputError, Problem
from model.reasoner import Reasoner

#: Rows scored at a time.
CHUNK = 2_000

#: Longest line of a CSV file, in characters.
MAX_LINE = 4_000_000

#: Text a spreadsheet would run as a formula starts with one of these.
_FORMULA = re.compile(r"^[=+\-@\t\r\n]")
_NUMBER = re.compile(r"^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$")

#: What a CSV cell may hold between quotes only.
_SPECIAL = re.compile(r'[",\r\n]')

Progress = Callable[[int, int, int], None]


@dataclass(frozen=True)
class Summary:
    """What came out of a file: rows by status, by disposition and by leading condition."""

    rows: int
    status: dict[str, int]
    disposition: dict[str, int]
    leading: dict[str, int]


def neutral(value: str) -> str:
    """Text that a spreadsheet shows instead of running.

    >>> neutral("=1+1"), neutral("-5"), neutral("plain")
    ("'=1+1", '-5', 'plain')
    """
    if _FORMULA.match(value) and not _NUMBER.match(value):
        return f"'{value}"
    return value


def _problem(code: str, where: str, message: str, remedy: str = "") -> InputError:
    return InputError([Problem(code, where, message, remedy)])


@contextlib.contextmanager
def _opened(source: str) -> Iterator[tuple[IO[str], Callable[[], int], int]]:
    """Open a CSV for reading: its text, how many bytes were read so far, and its size (or 0)."""
    if source == "-":
        text = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="")
        try:
            yield text, lambda: 0, 0
        finally:
            text.detach()  # standard input is not ours to close
        return
    path = Path(source)
    try:
        raw = path.open("rb")
    except FileNotFoundError:
        raise _problem("no_file", source, "does not exist.", "Check the name.") from None
    except OSError as error:
        raise _problem("unreadable", source, f"cannot be read ({error.strerror}).") from None
    with raw:
        binary: gzip.GzipFile | io.BufferedReader = (
            gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
        )
        with io.TextIOWrapper(binary, encoding="utf-8-sig", newline="") as text:
            yield text, raw.tell, path.stat().st_size


@dataclass(frozen=True)
class Chunk:
    """Some rows of a file.

    Attributes:
        frame: the cells, as text (or typed, from Parquet).
        bad: (places in the frame, message) of rows that are not whole.
        told, size: how far into the file this is, and how long it is (0 unknown).
    """

    frame: pd.DataFrame
    bad: tuple[tuple[NDArray[np.int64], str], ...]
    told: int
    size: int


def _chunks(source: str, chunk: int) -> Iterator[Chunk]:
    """Chunks of a file; at least one, so that a file with a header only has an output too."""
    if source.endswith(".parquet"):
        yield from _parquet_chunks(source, chunk)
        return
    with _opened(source) as (text, told, size):
        try:
            yield from _csv_chunks(source, text, told, size, chunk)
        except csv.Error as error:
            raise _problem("broken_csv", source, f"is not CSV ({error}).") from None
        except UnicodeDecodeError:
            raise _problem("bad_encoding", source, "is not UTF-8.", "Save it as UTF-8.") from None
        except (gzip.BadGzipFile, EOFError, zlib.error):
            raise _problem("bad_gzip", source, "is not a whole gzip file.") from None
        except OSError as error:
            raise _problem("unreadable", source, f"cannot be read ({error.strerror}).") from None


def _lines(source: str, text: IO[str]) -> Iterator[str]:
    """Lines no longer than any row of vignettes can be."""
    number = 0
    while line := text.readline(MAX_LINE):
        number += 1
        if len(line) >= MAX_LINE:
            message = f"is longer than {MAX_LINE} characters."
            raise _problem(
                "line_too_long", f"{source} line {number}", message, "Check quotes and separators."
            )
        yield line


def _csv_chunks(
    source: str, text: IO[str], told: Callable[[], int], size: int, chunk: int
) -> Iterator[Chunk]:
    reader = csv.reader(_lines(source, text), strict=True)
    header = next(reader, None)
    if not header:
        raise _problem("empty_file", source, "has no header line.", "Start it with column names.")
    width = len(header)
    names = [name.strip() for name in header]
    rows: list[list[str]] = []
    short: list[int] = []
    long: list[int] = []
    first = True

    def made() -> Chunk:
        bad = (
            (
                np.array(short, np.int64),
                f"short_row: the row has fewer cells than the header ({width})",
            ),
            (
                np.array(long, np.int64),
                f"long_row: the row has more cells than the header ({width})",
            ),
        )
        frame = pd.DataFrame(rows, columns=names, dtype="str")
        return Chunk(frame, tuple(one for one in bad if one[0].size), told(), size)

    for cells in reader:
        if not cells and width > 1:
            continue  # an empty line is no row; under a single column it is a blank cell
        if 0 < len(cells) < width:
            short.append(len(rows))
        elif len(cells) > width:
            long.append(len(rows))
        rows.append((cells + [""] * width)[:width])
        if len(rows) == chunk:
            yield made()
            rows, short, long, first = [], [], [], False
    if rows or first:
        yield made()


def _parquet_chunks(source: str, chunk: int) -> Iterator[Chunk]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    def made(part: Any) -> pd.DataFrame:
        # an index that was saved is a column like others; whole numbers stay whole beside gaps
        frame: pd.DataFrame = part.to_pandas(ignore_metadata=True, integer_object_nulls=True)
        unnamed = [name for name in frame.columns if re.fullmatch(r"__index_level_\d+__", name)]
        return frame.drop(columns=unnamed)

    try:
        with pq.ParquetFile(source) as file:
            total, done = file.metadata.num_rows, 0
            for batch in file.iter_batches(batch_size=chunk):
                done += batch.num_rows
                yield Chunk(made(batch), (), done, total)
            if not total:
                yield Chunk(made(file.schema_arrow.empty_table()), (), 0, 0)
    except (OSError, pa.ArrowException):
        raise _problem("unreadable", source, "is not a readable Parquet file.") from None


def score_file(
    source: str,
    sink: str,
    reasoner: Reasoner,
    *,
    keep: Sequence[str] = (),
    all_conditions: bool = False,
    stop_on_error: bool = False,
    workers: int | None = None,
    chunk: int = CHUNK,
    progress: Progress | None = None,
) -> Summary:
    """Score a CSV or Parquet file into a CSV or Parquet file.

    Args:
        source: path, or "-" for standard input; `.gz` is compressed CSV.
        sink: the same, for the output.
        reasoner: the knowledge base in one setting and basis.
        keep: columns to pass through.
        all_conditions: also `p_<condition>` for every condition.
        stop_on_error: stop at the first row with an error instead of marking it.
        workers: threads (all cores when omitted).
        chunk: rows at a time; the output does not depend on it.
        progress: called with (rows so far, units read, units in all; 0 when unknown).

    Raises:
        InputError: for a file that cannot be read, columns that cannot be placed, or (with
            stop_on_error) the first bad row.

    A file appears under its name only when it is whole.
    """
    layout: Layout | None = None
    rows = 0
    tallies: tuple[dict[str, int], dict[str, int], dict[str, int]] = ({}, {}, {})
    numbers = _numbers(output_columns(reasoner, all_conditions=all_conditions))
    with _writer(sink, reasoner, numbers) as write:
        for part in _chunks(source, chunk):
            if layout is None:
                layout = read_header(
                    [str(column) for column in part.frame.columns],
                    reasoner,
                    keep=keep,
                    all_conditions=all_conditions,
                )
            scored = score_frame(
                part.frame,
                reasoner,
                layout=layout,
                all_conditions=all_conditions,
                first_row=rows + 1,
                workers=workers,
                bad=part.bad,
            )
            if stop_on_error and (scored["status"] == "error").any():
                first = int((scored["status"] == "error").to_numpy().argmax())
                message = str(scored["message"].iloc[first])
                raise _problem("bad_row", f"{source} row {rows + first + 1}", message)
            write(scored)
            rows += len(scored)
            _tally(scored, tallies)
            if progress:
                progress(rows, part.told, part.size)
    return Summary(rows, *tallies)


def _tally(scored: pd.DataFrame, into: tuple[dict[str, int], ...]) -> None:
    for column, tally in zip(("status", "disposition", "condition_1"), into, strict=True):
        for name, count in scored[column].value_counts().items():
            if name:
                tally[str(name)] = tally.get(str(name), 0) + int(count)


Write = Callable[[pd.DataFrame], None]


def _numbers(columns: Sequence[str]) -> frozenset[str]:
    """The columns of a scored table that hold numbers."""
    groups = ("probability_", "category_", "p_")
    alone = ("unexplained", "log_evidence", "conflict")
    return frozenset(name for name in columns if name.startswith(groups) or name in alone)


@contextlib.contextmanager
def _writer(sink: str, reasoner: Reasoner, numbers: frozenset[str]) -> Iterator[Write]:
    """A function that appends scored chunks; a file takes its name only at the end."""
    try:
        if sink == "-":
            if isinstance(sys.stdout, io.TextIOWrapper):
                sys.stdout.reconfigure(encoding="utf-8", newline="\n")
            yield _csv_appender(sys.stdout)
            sys.stdout.flush()
            return
        target = Path(sink)
        if target.exists() and not target.is_file():  # a pipe or a device has no name to take
            with target.open("wb") as raw, _format(sink, raw, reasoner, numbers) as write:
                yield write
            return
        target = target.resolve()
        handle, name = tempfile.mkstemp(
            prefix=f".{target.name}.", suffix=".part", dir=target.parent
        )
        part = Path(name)
        try:
            with (
                os.fdopen(handle, "wb") as raw,
                _format(sink, raw, reasoner, numbers) as write,
            ):
                yield write
            part.chmod(0o666 & ~_umask())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _problem("unwritable", sink, f"cannot be written ({error.strerror}).") from None


@contextlib.contextmanager
def _format(
    sink: str, raw: IO[bytes], reasoner: Reasoner, numbers: frozenset[str]
) -> Iterator[Write]:
    """Write what the ending of the name says: Parquet, compressed CSV or CSV."""
    if sink.endswith(".parquet"):
        with _parquet_writer(raw, reasoner, numbers) as write:
            yield write
    elif sink.endswith(".gz"):
        with (
            gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as packed,
            io.TextIOWrapper(packed, encoding="utf-8", newline="") as stream,
        ):
            yield _csv_appender(stream)
    else:
        with io.TextIOWrapper(raw, encoding="utf-8", newline="") as stream:
            yield _csv_appender(stream)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _csv_appender(stream: IO[str]) -> Write:
    first = True

    def write(scored: pd.DataFrame) -> None:
        nonlocal first
        if first:
            stream.write(_csv_line(str(name) for name in scored.columns))
            first = False
        columns = [scored[name].tolist() for name in scored.columns]
        for cells in zip(*columns, strict=True):
            stream.write(_csv_line("" if _missing(cell) else str(cell) for cell in cells))

    return write


def _csv_line(cells: Iterable[str]) -> str:
    """One line; a lone carriage return is quoted too (`csv.writer` lets it break the row)."""
    safe = (neutral(cell) for cell in cells)
    quoted = (
        '"' + cell.replace('"', '""') + '"' if _SPECIAL.search(cell) else cell for cell in safe
    )
    return ",".join(quoted) + "\n"


def _missing(cell: Any) -> bool:
    return bool(pd.api.types.is_scalar(cell) and pd.isna(cell))


@contextlib.contextmanager
def _parquet_writer(raw: IO[bytes], reasoner: Reasoner, numbers: frozenset[str]) -> Iterator[Write]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from model.version import ENGINE_VERSION

    writer: pq.ParquetWriter | None = None

    def write(scored: pd.DataFrame) -> None:
        nonlocal writer
        typed = scored.copy()
        for name in typed.columns:
            if name in numbers:
                typed[name] = pd.to_numeric(typed[name], errors="coerce")
            else:
                typed[name] = typed[name].astype("str")
        table = pa.Table.from_pandas(typed, preserve_index=False)
        if writer is None:
            stamp = {
                b"paresis_engine_version": ENGINE_VERSION.encode(),
                b"paresis_knowledge_digest": reasoner.knowledge.digest.encode(),
            }
            schema = table.schema.with_metadata({**(table.schema.metadata or {}), **stamp})
            writer = pq.ParquetWriter(raw, schema)
        writer.write_table(table.cast(writer.schema))

    try:
        yield write
    finally:
        if writer is not None:
            writer.close()


def read_table(source: str) -> pd.DataFrame:
    """A whole file of vignettes as text; for files that fit in memory.

    Raises:
        InputError: if it cannot be read, or a row is not whole.
    """
    parts: list[pd.DataFrame] = []
    for part in _chunks(source, CHUNK):
        if part.bad:
            rows, message = part.bad[0]
            raise _problem("bad_row", f"{source} row {len(parts) * CHUNK + rows[0] + 1}", message)
        parts.append(part.frame)
    return pd.concat(parts, ignore_index=True)
