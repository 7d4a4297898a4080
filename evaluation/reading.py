"""Read tables of vignettes in chunks: CSV, compressed CSV, Parquet, standard input."""

from __future__ import annotations

import contextlib
import csv
import errno
import gzip
import hashlib
import io
import re
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluation.scoring import MAX_COLUMNS
from model.errors import InputError, Problem

#: Rows read and scored at a time.
CHUNK = 2_000

#: Longest row of a CSV file, in characters.
MAX_LINE = 4_000_000

#: A chunk ends early when its rows have this many characters.
MAX_TEXT = 32_000_000


#: How the names of tables end, which can be read and written.
ENDINGS = (".csv", ".csv.gz", ".parquet")
ALLOWED = "allowed are .csv, .csv.gz and .parquet"

#: Endings of what is no such table, with what to do.
_OTHERS = {
    "Export it as CSV UTF-8.": (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".numbers"),
    "Write it as CSV; `paresis assess --file` takes one patient as JSON.": (
        *(".json", ".jsonl", ".ndjson"),
    ),
    "If it is Parquet, name it .parquet.": (".parq", ".pq", ".parquet.gz", ".parq.gz", ".pq.gz"),
    "Unpack it, or compress the CSV with gzip.": (
        *(".zip", ".bz2", ".xz", ".zst", ".lz4", ".7z", ".tar", ".tgz", ".tar.gz"),
    ),
    "Export it as CSV UTF-8 or as Parquet.": (
        *(".feather", ".arrow", ".orc", ".avro", ".dta", ".sav", ".sas7bdat", ".rds", ".rdata"),
        *(".pkl", ".pickle", ".db", ".sqlite", ".xml"),
    ),
}

#: How files begin that are not CSV, whatever their name says, with what to do.
_BEGINNINGS = {
    b"\x1f\x8b": "It is compressed: name it .csv.gz.",
    b"PK\x03\x04": "It is a workbook or a zip file: export it as CSV UTF-8.",
    b"PAR1": "It is Parquet: name it .parquet.",
    b"\xff\xfe": "It is UTF-16: save it as CSV UTF-8.",
    b"\xfe\xff": "It is UTF-16: save it as CSV UTF-8.",
}

#: What to do when an output cannot be written.
_WRITABLE = {
    errno.ENOENT: "Make the folder first.",
    errno.ENOTDIR: "A file stands where a folder should: name another.",
    errno.EISDIR: "Name a file: this is a folder.",
    errno.EACCES: "Name a place you may write to.",
    errno.EPERM: "Name a place you may write to.",
    errno.EROFS: "Name a place you may write to.",
    errno.ENOSPC: "Make room.",
}

#: What separates columns in files that are called CSV but have no commas.
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}

#: What pandas calls an index without a name.
_UNNAMED = re.compile(r"__index_level_\d+__")


class Text(Protocol):
    """What lines of text are read from."""

    def readline(self, limit: int, /) -> str:
        """The next line or so many characters of it; nothing at the end."""
        ...


@dataclass(frozen=True)
class Chunk:
    """Some rows of a table.

    Attributes:
        rows: how many.
        cells: makes a frame of the cells: text, or typed values from Parquet.
        bad: (places in the frame, message) of rows that are not whole.
        told, size: how far into the source this chunk reaches, and how long that is (0 unknown).
        digest: SHA-256 of everything that was read of the source so far.
    """

    rows: int
    cells: Callable[[], pd.DataFrame]
    bad: tuple[tuple[NDArray[np.int64], str], ...]
    told: int
    size: int
    digest: str


@dataclass(frozen=True)
class Table:
    """An open source: the names of its columns, and its rows.

    `chunks` can be gone through once, and is never empty, so that a header alone is scored too.
    """

    columns: tuple[str, ...]
    chunks: Iterator[Chunk]


@contextlib.contextmanager
def open_table(source: str, *, chunk: int = CHUNK) -> Iterator[Table]:
    """Open a table of vignettes to be read in chunks.

    Args:
        source: path, or "-" for standard input; `.parquet` is Parquet, `.gz` compressed CSV, in
            small letters or capitals.
        chunk: rows of a chunk, at most.

    Raises:
        InputError: here or while chunks are read, for what cannot be read as a table.
    """
    if kind_of(source) == "parquet":
        with _parquet(source, chunk) as table:
            yield table
        return
    with open_text(source) as (text, told, size):
        yield csv_table(source, text, chunk=chunk, told=told, size=size)


def csv_table(
    source: str,
    text: Text,
    *,
    chunk: int = CHUNK,
    told: Callable[[], int] = lambda: 0,
    size: int = 0,
) -> Table:
    """A table of CSV text.

    Args:
        source: what it is called in errors.
        text: gives its lines, line ends as they are.
        chunk: rows of a chunk, at most.
        told: how much was read so far.
        size: how much there is (0 unknown).

    Raises:
        InputError: here or while chunks are read, for what cannot be read as a table.
    """
    lines = _Lines(source, text)
    rows = csv.reader(lines, strict=True)
    with reading(source, lines):
        names = tuple(name.strip() for name in next(rows, ()))
    if not names:
        raise problem("empty_file", source, "has no header line.", "Start it with column names.")
    for mark, word in _SEPARATORS.items():
        # in the first name, and more of them than of commas
        if mark in names[0] and sum(name.count(mark) for name in names) >= len(names):
            message = f"has {word} between its columns where commas should stand."
            raise problem("wrong_separator", source, message, "Save it as CSV with commas.")
    if len(names) > MAX_COLUMNS:
        message = f"has {len(names)} columns; at most {MAX_COLUMNS} make sense."
        raise problem("too_many_columns", source, message, "Check the separator.")
    return Table(names, _csv_chunks(source, names, rows, lines, told, size, chunk))


def problem(code: str, where: str, message: str, remedy: str = "") -> InputError:
    """An error of one problem."""
    return InputError([Problem(code, where, message, remedy)])


def unwritable(where: str, error: OSError) -> InputError:
    """The error of an output that cannot be written, with what to do where that is known."""
    message = f"cannot be written ({error.strerror})."
    return problem("unwritable", where, message, _WRITABLE.get(error.errno or 0, ""))


def kind_of(source: str) -> str:
    """What the ending of a name says it holds: "parquet", "gzip" (compressed CSV) or "csv".

    Capitals and small letters are the same. A name without an ending, or with one that says nothing
    of tables, is taken for CSV.

    >>> kind_of("a.CSV.GZ"), kind_of("a.parquet"), kind_of("-")
    ('gzip', 'parquet', 'csv')

    Raises:
        InputError: for an ending of another format.
    """
    name = source.casefold()
    for remedy, endings in _OTHERS.items():
        for ending in endings:
            if name.endswith(ending):
                message = f"ends in {ending}, which cannot be read; {ALLOWED}."
                raise problem("wrong_ending", source, message, remedy)
    if name.endswith(".parquet"):
        return "parquet"
    return "gzip" if name.endswith(".gz") else "csv"


@contextlib.contextmanager
def open_text(source: str) -> Iterator[tuple[Text, Callable[[], int], int]]:
    """Open a CSV for reading: its text, how many bytes were read so far, and its size (or 0)."""
    if source == "-":
        text = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="")
        try:
            yield text, lambda: 0, 0
        finally:
            text.detach()  # standard input is not ours to close
        return
    path = Path(source)
    with reading(source):
        raw = path.open("rb")
    with raw:
        binary: gzip.GzipFile | io.BufferedReader = (
            gzip.GzipFile(fileobj=raw) if kind_of(source) == "gzip" else raw
        )
        with io.TextIOWrapper(binary, encoding="utf-8-sig", newline="") as text:
            yield text, raw.tell, path.stat().st_size


@contextlib.contextmanager
def reading(source: str, lines: _Lines | None = None) -> Iterator[None]:
    """Say what is wrong with a source in our words, and near which of its lines."""
    try:
        yield
    except csv.Error as error:
        raise problem("broken_csv", _near(source, lines), f"is not CSV ({error}).") from None
    except UnicodeDecodeError as error:
        raise _bad_encoding(source, lines, error) from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise problem("bad_gzip", _near(source, lines), "is not a whole gzip file.") from None
    except FileNotFoundError:
        raise problem("no_file", source, "does not exist.", "Check the name.") from None
    except IsADirectoryError:
        message = "cannot be read: it is a folder."
        raise problem("unreadable", source, message, "Name a file.") from None
    except OSError as error:
        raise problem("unreadable", source, f"cannot be read ({error.strerror}).") from None


def _bad_encoding(source: str, lines: _Lines | None, error: UnicodeDecodeError) -> InputError:
    """The line of the first wrong byte (the reader had given out all lines before what it read)."""
    before = lines.number if lines else 0
    remedy = "Save it as CSV UTF-8."
    if not before:
        remedy = next(
            (said for start, said in _BEGINNINGS.items() if error.object.startswith(start)), remedy
        )
        if source == "-" and error.object.startswith(b"\x1f\x8b"):
            remedy = "Standard input must be plain CSV: use gunzip -c."
    line = before + 1 + len(re.findall(rb"\r\n?|\n", error.object[: error.start]))
    return problem("bad_encoding", f"{source} line {line}", "is not UTF-8.", remedy)


def _near(source: str, lines: _Lines | None) -> str:
    return f"{source} near line {lines.number}" if lines and lines.number else source


class _Lines:
    """The lines of a CSV, none longer than a row of vignettes can be, with their digest.

    Attributes:
        number: how many so far.
        row: characters since whoever reads set it to 0; a row may have several lines.
        digest: SHA-256 of all lines so far.
    """

    def __init__(self, source: str, text: Text) -> None:
        self._source, self._text = source, text
        self.number = self.row = 0
        self.digest = hashlib.sha256()

    def __iter__(self) -> Iterator[str]:
        while line := self._text.readline(MAX_LINE):
            self.number += 1
            self.row += len(line)
            if self.row >= MAX_LINE:
                where = f"{self._source} line {self.number}"
                message = f"makes a row longer than {MAX_LINE} characters."
                raise problem("line_too_long", where, message, "Check quotes and separators.")
            self.digest.update(line.encode())
            yield line


def _csv_chunks(
    source: str,
    names: tuple[str, ...],
    reader: Iterator[list[str]],
    lines: _Lines,
    told: Callable[[], int],
    size: int,
    chunk: int,
) -> Iterator[Chunk]:
    width = len(names)
    said = f"cells than the header ({width})"
    rows: list[list[str]] = []
    short: list[int] = []
    long: list[int] = []
    text, first = 0, True

    def made() -> Chunk:
        found = (
            (np.array(short, np.int64), f"short_row: the row has fewer {said}"),
            (np.array(long, np.int64), f"long_row: the row has more {said}"),
        )
        bad = tuple(one for one in found if one[0].size)
        return Chunk(
            len(rows),
            partial(_text_frame, rows, names),
            bad,
            told(),
            size,
            lines.digest.hexdigest(),
        )

    with reading(source, lines):
        for cells in reader:
            text += lines.row
            lines.row = 0
            if len(cells) != width:
                if not cells and width > 1:
                    continue  # an empty line is no row; under a single column it is a blank cell
                if 0 < len(cells) < width:
                    short.append(len(rows))
                elif cells:
                    long.append(len(rows))
                cells = (cells + [""] * width)[:width]  # noqa: PLW2901 - a row as wide as the header
            rows.append(cells)
            if len(rows) == chunk or text >= MAX_TEXT:
                yield made()
                rows, short, long, text, first = [], [], [], 0, False
        if rows or first:
            yield made()


def _text_frame(rows: list[list[str]], names: tuple[str, ...]) -> pd.DataFrame:
    cells = np.array(rows, object).reshape(len(rows), len(names))
    return pd.DataFrame(cells, columns=list(names), dtype=object)


@contextlib.contextmanager
def _parquet(source: str, chunk: int) -> Iterator[Table]:
    import pyarrow.parquet as pq

    with contextlib.ExitStack() as stack:
        with reading_parquet(source):
            file = stack.enter_context(pq.ParquetFile(source))
            names = [name for name in file.schema_arrow.names if not _UNNAMED.fullmatch(name)]
        yield Table(tuple(names), parquet_chunks(source, file, chunk=chunk))


@contextlib.contextmanager
def reading_parquet(source: str) -> Iterator[None]:
    """The same for Parquet, whose library has errors of its own."""
    import pyarrow as pa

    with reading(source):
        try:
            yield
        except FileNotFoundError:
            raise
        except (OSError, pa.ArrowException):
            raise problem("unreadable", source, "is not a readable Parquet file.") from None


def parquet_chunks(
    source: str, file: Any, *, chunk: int = CHUNK, row_groups: Sequence[int] | None = None
) -> Iterator[Chunk]:
    """The rows of an open `pyarrow.parquet.ParquetFile`, or of some of its row groups."""
    import pyarrow as pa

    digest = hashlib.sha256()
    total, done = file.metadata.num_rows, 0

    def made(batch: Any) -> Chunk:
        content = pa.BufferOutputStream()
        with pa.ipc.new_stream(content, batch.schema) as stream:
            stream.write(batch)
        digest.update(content.getvalue())
        return Chunk(batch.num_rows, partial(_frame, batch), (), done, total, digest.hexdigest())

    with reading_parquet(source):
        for batch in file.iter_batches(batch_size=chunk, row_groups=row_groups):
            done += batch.num_rows
            yield made(batch)
        if not done:
            yield made(file.schema_arrow.empty_table())


def _frame(cells: Any) -> pd.DataFrame:
    """A frame of Arrow cells; an index that was saved with a name is a column like others."""
    # whole numbers stay whole beside gaps
    frame: pd.DataFrame = cells.to_pandas(ignore_metadata=True, integer_object_nulls=True)
    return frame.drop(columns=[name for name in frame.columns if _UNNAMED.fullmatch(name)])


def read_table(source: str) -> pd.DataFrame:
    """A whole table of vignettes as text; for files that fit in memory.

    Raises:
        InputError: if it cannot be read, or a row is not whole.
    """
    parts: list[pd.DataFrame] = []
    rows = 0
    with open_table(source) as table:
        for part in table.chunks:
            for places, message in part.bad:
                raise problem("bad_row", f"{source} row {rows + places[0] + 1}", message)
            parts.append(part.cells())
            rows += part.rows
    return pd.concat(parts, ignore_index=True).astype("str")
