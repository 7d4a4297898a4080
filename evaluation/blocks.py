"""Cut files of vignettes into blocks: runs of whole rows that can be read apart from each other.

A block of a Parquet file is one or more row groups. A CSV file is cut between rows: it is read
through once by the reader that scoring uses, which tells a line end inside quotes from the end of a
row. A compressed CSV file cannot be entered half way and is one block.
"""

from __future__ import annotations

import glob
import hashlib
import io
import os
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evaluation.reading import (
    ENDINGS,
    Chunk,
    Text,
    csv_table,
    kind_of,
    open_table,
    open_text,
    parquet_chunks,
    problem,
    reading,
    reading_parquet,
)
from model.errors import InputError, Problem

#: Rows of a block, unless row groups, a compressed file or very long rows say otherwise.
ROWS = 10_000


@dataclass(frozen=True)
class Block:
    """Whole rows of one file that stand together.

    Attributes:
        path: of the file, absolute.
        changed: when the file was last written, in nanoseconds.
        first_row: number of the first row within the file, from 1.
        rows: how many.
        start, stop: where they stand: bytes of a CSV file, row groups of a Parquet file.
        head: bytes of the header of a CSV file.
    """

    path: str
    changed: int
    first_row: int
    rows: int
    start: int = 0
    stop: int = 0
    head: int = 0


@dataclass(frozen=True)
class Source:
    """A file of vignettes as it was found.

    Attributes:
        path: absolute.
        size: bytes.
        sha256: digest of its bytes, in hexadecimal.
        columns: names in its header.
        blocks: all of its rows, in order; at least one.
    """

    path: str
    size: int
    sha256: str
    columns: tuple[str, ...]
    blocks: tuple[Block, ...]

    @property
    def rows(self) -> int:
        """Rows of the file."""
        return sum(block.rows for block in self.blocks)


def find(names: Sequence[str]) -> list[str]:
    """Paths of the files that names, folders and patterns stand for, in order; absolute.

    A folder stands for the CSV, CSV.gz and Parquet files right in it, a pattern (`cases/*.csv`,
    `**` for any depth) for the files it matches, each sorted by path.

    Raises:
        InputError: for a name that stands for no file, or a file that is named twice.
    """
    problems: list[Problem] = []
    found: list[str] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            there = [one for one in path.iterdir() if one.name.casefold().endswith(ENDINGS)]
            there = [one for one in there if not one.name.startswith((".", "_"))]
        elif path.exists():
            there = [path]
        else:
            there = [Path(one) for one in glob.glob(name, recursive=True)]  # noqa: PTH207 - Path.glob takes no absolute patterns
            there = [one for one in there if one.is_file()]
        if not there:
            message = "is no file, no folder with files of vignettes, and matches none."
            problems.append(Problem("no_file", name, message, "Check the name."))
        found += sorted(str(one.absolute()) for one in there)
    problems += [
        Problem("given_twice", path, "is named twice.", "Name it once.")
        for path, count in Counter(found).items()
        if count > 1
    ]
    if problems:
        raise InputError(problems)
    return found


def look(path: str, *, rows: int = ROWS) -> Source:
    """Read a file through, and say what it is and where it can be cut.

    Args:
        path: CSV, CSV.gz or Parquet.
        rows: rows of a block.

    Raises:
        InputError: for a file that is not there, or is no table from beginning to end. (Of Parquet
            only the list of row groups is read; a broken page shows when it is scored.)
    """
    with reading(path), Path(path).open("rb") as raw:
        status = os.fstat(raw.fileno())
        sha256 = hashlib.file_digest(raw, "sha256").hexdigest()
    whole = Block(path, status.st_mtime_ns, 1, 0)
    cut = _cut_parquet if kind_of(path) == "parquet" else _cut_csv
    columns, blocks = cut(whole, rows)
    return Source(path, status.st_size, sha256, columns, tuple(blocks))


def _cut_parquet(whole: Block, most: int) -> tuple[tuple[str, ...], list[Block]]:
    """Join row groups while they have at most so many rows; a larger one is a block by itself."""
    import pyarrow.parquet as pq

    with open_table(whole.path) as table, pq.ParquetFile(whole.path) as file:
        sizes = [file.metadata.row_group(place).num_rows for place in range(file.num_row_groups)]
    blocks = [whole]
    for place, size in enumerate(sizes):
        last = blocks[-1]
        if last.rows and last.rows + size > most:
            last = replace(last, first_row=last.first_row + last.rows, rows=0, start=place)
            blocks.append(last)
        blocks[-1] = replace(last, rows=last.rows + size, stop=place + 1)
    return table.columns, blocks


def _cut_csv(whole: Block, most: int) -> tuple[tuple[str, ...], list[Block]]:
    """Read every row; the first block begins behind the header."""
    blocks: list[Block] = []
    with open_text(whole.path) as (text, _, _):
        lines = _Counted(whole.path, text)
        table = csv_table(whole.path, lines, chunk=most, told=lambda: lines.bytes)
        last = replace(whole, head=lines.bytes, stop=lines.bytes)
        for chunk in table.chunks:
            row = last.first_row + last.rows
            last = replace(last, first_row=row, rows=chunk.rows, start=last.stop, stop=chunk.told)
            blocks.append(last)
    if kind_of(whole.path) == "gzip":
        blocks = [replace(whole, rows=last.first_row + last.rows - 1)]
    return table.columns, blocks


class _Counted:
    """Lines of a text, and how many bytes of the file they were."""

    def __init__(self, path: str, text: Text) -> None:
        self._text = text
        with Path(path).open("rb") as raw:  # the mark that some programs set before UTF-8
            self.bytes = len(BOM_UTF8) if raw.read(len(BOM_UTF8)) == BOM_UTF8 else 0

    def readline(self, limit: int) -> str:
        line = self._text.readline(limit)
        self.bytes += len(line.encode())
        return line


def chunks(block: Block) -> Iterator[Chunk]:
    """The rows of a block, as `evaluation.reading.open_table` gives those of a file.

    Raises:
        InputError: for what cannot be read, and for a file that has changed since it was looked at.
    """
    path = Path(block.path)
    kind = kind_of(block.path)
    if kind == "parquet":
        import pyarrow.parquet as pq

        with reading_parquet(block.path), pq.ParquetFile(path) as file:
            groups = range(block.start, block.stop)
            yield from parquet_chunks(block.path, file, row_groups=groups)
    elif kind == "gzip":
        with open_table(block.path) as table:
            yield from table.chunks
    else:
        with reading(block.path), path.open("rb") as raw:
            content = raw.read(block.head)
            raw.seek(block.start)
            content += raw.read(block.stop - block.start)
        text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")
        yield from csv_table(block.path, text).chunks
    with reading(block.path):
        changed = path.stat().st_mtime_ns != block.changed
    if changed:
        raise problem("changed", block.path, "has changed since the run began.", "Begin anew.")
