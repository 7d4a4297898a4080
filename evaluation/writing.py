"""Write scored tables: CSV that no spreadsheet runs, compressed CSV, Parquet with its origin."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import IO, Any

import pandas as pd

from evaluation.order import in_order
from evaluation.scoring import output_columns
from model.reasoner import Reasoner
from model.version import ENGINE_VERSION

#: Text a spreadsheet would run as a formula starts with one of these.
_FORMULA = re.compile(r"^[=+\-@\t\r\n]")
_NUMBER = re.compile(r"^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$")

#: What a CSV cell may hold between quotes only.
_SPECIAL = re.compile(r'[",\r\n]')

#: What a cell has that may be either.
_RISKY = r'[",\r\n]|^[=+\-@\t]'

#: Characters compressed at a time, and rows of a Parquet row group: fixed, so that the bytes of a
#: file do not depend on how many rows were scored at a time.
BLOCK = 1 << 20
ROW_GROUP = 20_000


def neutral(value: str) -> str:
    """Text that a spreadsheet shows instead of running.

    >>> neutral("=1+1"), neutral("-5"), neutral("plain")
    ("'=1+1", '-5', 'plain')
    """
    if _FORMULA.match(value) and not _NUMBER.match(value):
        return f"'{value}"
    return value


def csv_text(scored: pd.DataFrame, *, header: bool) -> str:
    """Rows of a scored table as CSV, with or without a first line of names."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = [_csv_column(column) for _, column in scored.items()]
    lines = pc.binary_join_element_wise(*columns, pa.scalar(",", pa.large_string()))
    names = [",".join(_csv_cell(str(name)) for name in scored.columns)] if header else []
    return "\n".join([*names, *lines.to_pylist(), ""])


def _csv_column(column: pd.Series) -> Any:
    """The cells as an Arrow array of text; only those that may need it are looked at one by one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(column.dtype, pd.StringDtype):
        cells = pc.fill_null(pa.Array.from_pandas(column, type=pa.large_string()), "")
    else:
        texts = [cell if isinstance(cell, str) else _text(cell) for cell in column.tolist()]
        cells = pa.array(texts, pa.large_string())
    risky = pc.match_substring_regex(cells, _RISKY)
    if risky.true_count:
        risky = pc.and_not(risky, pc.match_substring_regex(cells, _NUMBER.pattern))
    safe = [_csv_cell(cell) for cell in cells.filter(risky).to_pylist()]
    return pc.replace_with_mask(cells, risky, pa.array(safe, pa.large_string())) if safe else cells


def _csv_cell(cell: str) -> str:
    """One cell; a lone carriage return is quoted too (`csv.writer` lets it break the row)."""
    safe = neutral(cell)
    return '"' + safe.replace('"', '""') + '"' if _SPECIAL.search(safe) else safe


def _text(cell: Any) -> str:
    return "" if pd.api.types.is_scalar(cell) and pd.isna(cell) else str(cell)


def parquet_schema(columns: Sequence[str], reasoner: Reasoner) -> Any:
    """The Arrow schema of a scored table with these columns (those of `score_frame`, in order).

    Numbers are float64 (null where there is none), everything else is text. Its metadata has
    `paresis_engine_version` and `paresis_knowledge_digest`.
    """
    import pyarrow as pa

    numbers = {
        name
        for name in output_columns(reasoner, all_conditions=True, surprise=True)
        if name.startswith(("probability_", "category_", "p_"))
        or name in ("unexplained", "log_evidence", "conflict", "surprise")
    }
    types = [pa.float64() if name in numbers else pa.large_string() for name in columns]
    stamp = {
        "paresis_engine_version": ENGINE_VERSION,
        "paresis_knowledge_digest": reasoner.knowledge.digest,
    }
    return pa.schema(list(zip(columns, types, strict=True)), metadata=stamp)


def parquet_table(scored: pd.DataFrame, schema: Any) -> Any:
    """A scored table as an Arrow table of a `parquet_schema`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = []
    for field in schema:
        text = pa.Array.from_pandas(scored[field.name].astype("str"), type=pa.large_string())
        if field.type == pa.float64():
            text = pc.if_else(pc.equal(text, ""), None, text)
        columns.append(text.cast(field.type))
    return pa.table(columns, schema=schema)


@dataclass(frozen=True)
class Form:
    """A way to write scored rows.

    Attributes:
        suffix: ending of the name of a part.
        part: the bytes of some rows of a scored table, given whether they are the first.
        join: writes the bytes of all parts, in order, as one file.
    """

    suffix: str
    part: Callable[[pd.DataFrame, bool], bytes]
    join: Callable[[Iterable[bytes], IO[bytes]], None]


def form_of(sink: str, reasoner: Reasoner) -> Form:
    """What the ending of a name says: Parquet, compressed CSV or CSV; capitals do not matter."""
    name = sink.casefold()
    if name.endswith(".parquet"):
        return Form(".arrow", partial(_arrow_part, reasoner=reasoner), _parquet)
    return Form(".csv", _csv_part, _gzip if name.endswith(".gz") else _plain)


def _csv_part(scored: pd.DataFrame, first: bool) -> bytes:  # noqa: FBT001 - the form of a callback
    return csv_text(scored, header=first).encode()


def _plain(parts: Iterable[bytes], raw: IO[bytes]) -> None:
    for part in parts:
        raw.write(part)
        raw.flush()


def _gzip(parts: Iterable[bytes], raw: IO[bytes]) -> None:
    """Blocks of one length, compressed one by one: together they are one gzip file."""
    for packed in in_order(partial(gzip.compress, compresslevel=6, mtime=0), _blocks(parts)):
        raw.write(packed)


def _blocks(parts: Iterable[bytes]) -> Iterator[bytes]:
    left = b""
    for part in parts:
        left += part
        while len(left) >= BLOCK:
            yield left[:BLOCK]
            left = left[BLOCK:]
    yield left


def _arrow_part(
    scored: pd.DataFrame,
    first: bool,  # noqa: ARG001, FBT001 - the form of a callback
    *,
    reasoner: Reasoner,
) -> bytes:
    import pyarrow as pa

    table = parquet_table(scored, parquet_schema(list(scored.columns), reasoner))
    content = pa.BufferOutputStream()
    with pa.ipc.new_stream(content, table.schema) as stream:
        stream.write(table)
    whole: bytes = content.getvalue().to_pybytes()
    return whole


def _parquet(parts: Iterable[bytes], raw: IO[bytes]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = (pa.ipc.open_stream(part).read_all() for part in parts)
    left = next(tables)
    with pq.ParquetWriter(raw, left.schema) as writer:
        for table in chain(tables, (left.slice(0, 0),)):
            while left.num_rows >= ROW_GROUP:
                writer.write_table(left.slice(0, ROW_GROUP).combine_chunks(), ROW_GROUP)
                left = left.slice(ROW_GROUP)
            left = pa.concat_tables([left, table])
        writer.write_table(left.combine_chunks(), ROW_GROUP)
