"""Read the files of a knowledge base into records, collecting every problem on the way."""

from __future__ import annotations

import csv
import difflib
import io
import re
import tomllib
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model.errors import Problem
from model.tables import FILES, ID_PATTERN, Row

#: No file of a knowledge base needs more; a larger one is a mistake.
MAX_BYTES = 16 * 1024 * 1024

#: A header wider than this is no header; so many mistakes in one file have one common cause.
MAX_COLUMNS = 100
MAX_PROBLEMS = 100

SCALE_FILE = "scale.toml"

Positive = Annotated[float, Field(gt=0, lt=1e6)]
Said = Annotated[str, Field(min_length=1, max_length=200)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Frequency(_Entry):
    """A word for "how often": its probability, and the patients it is worth (Beta a+b)."""

    probability: Annotated[float, Field(gt=0, lt=1)]
    weight: Positive
    said: Said


class Rate(_Entry):
    """A word for a relative rate, with the spread of its logarithm."""

    rate: Annotated[float, Field(gt=1, lt=1e5)]
    spread: Positive
    said: Said


class Multiplier(_Entry):
    """A word for how a rate differs with age or sex."""

    rate: Positive
    said: Said


class Sureness(_Entry):
    """How much of a word's weight is left at this confidence."""

    factor: Annotated[float, Field(gt=0, le=1)]
    said: Said


class Weight(_Entry):
    """The a of a Dirichlet row."""

    weight: Positive


class Spread(_Entry):
    """The spread of a lognormal."""

    spread: Positive


class Drawing(_Entry):
    """How many parameter sets are drawn, and the points of the draws an interval lies between.

    least: how many draws must be answered before the lead is given a badge, and reason why.
    """

    draws: Annotated[int, Field(ge=20, le=10_000)]
    least: Annotated[int, Field(ge=1, le=10_000)]
    reason: Said
    low: Annotated[float, Field(gt=0, lt=0.5)]
    high: Annotated[float, Field(gt=0.5, lt=1)]


class Badge(_Entry):
    """A word for how steady the lead is: the least share of draws in which it stays first."""

    share: Annotated[float, Field(ge=0, lt=1)]
    said: Said
    reason: Said


class Badges(_Entry):
    """The words for steadiness, the steadiest first; the last one takes whatever is left."""

    steady: Badge
    leaning: Badge
    open: Badge


class Scale(_Entry):
    """The words numbers are said in (`scale.toml`)."""

    frequency: dict[str, Frequency]
    rate: dict[str, Rate]
    multiplier: dict[str, Multiplier]
    confidence: dict[Literal["high", "moderate", "low"], Sureness]
    row: Weight
    pretest: Spread
    doubt: Drawing
    badge: Badges


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a sentence offering the closest known spelling, or nothing."""
    spelt = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word.strip().casefold(), spelt, n=1, cutoff=0.6)
    return f"Did you mean {spelt[close[0]]}?" if close else ""


def _text(path: Path, problems: list[Problem]) -> str | None:
    """Read one file as UTF-8 text; what cannot be read is a problem, not an exception."""
    where = path.name
    try:
        if path.exists() and not path.is_file():
            message = "is not a file that can be read."
            remedy = "Put the file in its place."
            problems.append(Problem("unreadable_file", where, message, remedy))
            return None
        if path.stat().st_size > MAX_BYTES:
            problems.append(
                Problem(
                    "file_too_large", where, f"is larger than {MAX_BYTES} bytes.", "Shorten it."
                )
            )
            return None
        raw = path.read_bytes()
    except FileNotFoundError:
        problems.append(
            Problem("missing_file", where, "is not there.", "Restore it or copy the shipped one.")
        )
        return None
    except OSError as error:
        message = f"cannot be read ({error.strerror})."
        problems.append(Problem("unreadable_file", where, message, "Allow it to be read."))
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        problems.append(
            Problem(
                "bad_encoding",
                f"{where} line {line}",
                "is not UTF-8.",
                "Save the file as UTF-8.",
            )
        )
        return None


def _explain(error: ValidationError, where: str, columns: Iterable[str]) -> list[Problem]:
    """Turn pydantic's findings into problems with a place and a remedy."""
    found = []
    for detail in error.errors(include_url=False):
        place = ".".join(str(part) for part in detail["loc"])
        kind = detail["type"]
        if kind == "missing":
            message = f"column {place} is missing."
            found.append(Problem("missing_column", where, message, "Add it."))
        elif kind == "extra_forbidden":
            message = f"column {place} is not known."
            remedy = nearest(place, columns) or "Remove it."
            found.append(Problem("unknown_column", where, message, remedy))
        else:
            said, remedy = detail["msg"].removeprefix("Value error, "), "Correct the cell."
            if detail.get("ctx", {}).get("pattern") == ID_PATTERN:
                said = "an id has small letters, digits and _ and begins with a letter"
                tidy = re.sub(r"[^a-z0-9]+", "_", str(detail["input"]).casefold()).strip("_")
                if re.match(ID_PATTERN, tidy):
                    remedy = f"Did you mean {tidy[:60]}?"
            message = f"column {place}: {_shown(detail['input'])} is not allowed ({said})."
            found.append(Problem("bad_cell", where, message, remedy))
    return found


def _shown(value: object) -> str:
    """The start of what was written, as far as it can be shown."""
    try:
        return repr(str(value)[:60])
    except ValueError:  # an integer of more digits than Python prints
        return "this number"


def _fault(cell: str) -> str:
    """What is wrong with the text of a CSV cell, or nothing."""
    if cell != cell.strip():
        return "it has blanks or a line break at its start or end"
    if cell[:1] in set("=+-@"):
        return f"a spreadsheet would run a cell that begins with {cell[0]} as a formula"
    if cell.isprintable():
        return ""
    strange = next((c for c in cell if unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp"}), "")
    if not strange:
        return ""
    if strange in "\r\n":
        return "a cell is one line"
    return f"it holds a character that cannot be seen, U+{ord(strange):04X}"


def _columns(record: type[Row]) -> list[str]:
    return [field.alias or name for name, field in record.model_fields.items()]


def read_csv(path: Path, record: type[Row], problems: list[Problem]) -> tuple[Row, ...]:
    """Read a CSV file; a row that is wrong is named and left out."""
    text = _text(path, problems)
    if text is None:
        return ()
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    wanted = _columns(record)
    rows: list[Row] = []
    line, before = 1, len(problems)
    try:
        header = next(reader, None)
        if header is None:
            remedy = f"Begin it with {','.join(wanted)}"
            problems.append(Problem("empty_file", path.name, "has no header line.", remedy))
            return ()
        if not _header(path.name, header, wanted, problems):
            return ()
        line = reader.line_num + 1
        for cells in reader:
            where, line = f"{path.name} line {line}", reader.line_num + 1
            if len(problems) - before >= MAX_PROBLEMS:
                message = f"has {MAX_PROBLEMS} mistakes above; reading stopped here."
                remedy = "Correct those first."
                problems.append(Problem("too_many_problems", where, message, remedy))
                break
            if len(cells) != len(header):
                message = f"has {len(cells)} cells where the header has {len(header)}."
                remedy = "Quote cells that hold commas." if cells else "Delete the blank line."
                problems.append(Problem("wrong_cell_count", where, message, remedy))
                continue
            try:
                rows.append(record.model_validate(dict(zip(header, cells, strict=True))))
            except ValidationError as error:
                problems.extend(_explain(error, where, wanted))
                continue
            for name, cell in zip(header, cells, strict=True):
                if fault := _fault(cell):
                    message = f"column {name}: {_shown(cell)} is not allowed ({fault})."
                    problems.append(Problem("bad_cell", where, message, "Correct the cell."))
    except csv.Error as error:
        where, message = f"{path.name} line {line}", f"is not CSV ({error})."
        remedy = "Close every quote, write a quote inside a cell twice, shorten very long cells."
        problems.append(Problem("broken_csv", where, message, remedy))
        return ()
    return tuple(rows)


def _header(name: str, header: list[str], wanted: list[str], problems: list[Problem]) -> bool:
    """Whether the header names the wanted columns, once each."""
    where, before = f"{name} header", len(problems)
    if len(header) == 1 and (other := next((c for c in ";\t|" if c in header[0]), "")):
        message = f"columns are separated by {other!r} where a comma should stand."
        problems.append(Problem("wrong_separator", where, message, "Save as CSV with commas."))
        return False
    if len(header) > MAX_COLUMNS:
        message = f"has {len(header)} columns where {len(wanted)} are known."
        problems.append(Problem("unknown_column", where, message, f"Keep {', '.join(wanted)}."))
        return False
    lacking = [column for column in wanted if column not in header]
    for column in dict.fromkeys(header):
        if column not in wanted:
            message = f"column {_shown(column)} is not known."
            remedy = nearest(column, lacking) or "Remove it."
            problems.append(Problem("unknown_column", where, message, remedy))
        if header.count(column) > 1:
            message = f"names column {_shown(column)} twice."
            problems.append(Problem("duplicate_column", where, message, "Remove one."))
    for column in lacking:
        message = f"column {column} is missing."
        problems.append(Problem("missing_column", where, message, "Add it."))
    return len(problems) == before


def _toml(path: Path, problems: list[Problem]) -> dict[str, Any] | None:
    text = _text(path, problems)
    if text is None:
        return None
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"is not TOML: {error}."
        problems.append(Problem("broken_toml", path.name, message, "Correct it there."))
        return None


def read_toml(
    path: Path, tables: tuple[tuple[str, type[Row]], ...], problems: list[Problem]
) -> dict[str, tuple[Row, ...]]:
    """Read a TOML file that holds arrays of tables."""
    content = _toml(path, problems)
    found: dict[str, tuple[Row, ...]] = {name: () for name, _ in tables}
    if content is None:
        return found
    for name in content:
        if name not in found:
            remedy = nearest(name, found) or "Remove it."
            problems.append(
                Problem("unknown_table", path.name, f"table [[{name}]] is not known.", remedy)
            )
    for name, record in tables:
        entries = content.get(name, [])
        if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            message = f"{name} must be written as [[{name}]] tables."
            problems.append(Problem("bad_table", path.name, message, "Use two brackets."))
            continue
        rows = []
        for number, entry in enumerate(entries, start=1):
            try:
                rows.append(record.model_validate(entry))
            except ValidationError as error:
                label = entry.get("id")
                label = label[:60] if isinstance(label, str) and label else f"number {number}"
                where = f"{path.name} [[{name}]] ({label})"
                problems.extend(_explain(error, where, _columns(record)))
        found[name] = tuple(rows)
    return found


def read_scale(path: Path, problems: list[Problem]) -> Scale | None:
    """Read the words numbers are said in."""
    content = _toml(path, problems)
    if content is None:
        return None
    try:
        return Scale.model_validate(content)
    except ValidationError as error:
        problems.extend(_explain(error, path.name, Scale.model_fields))
        return None


def read_all(
    folder: Path, problems: list[Problem]
) -> tuple[Scale | None, dict[str, tuple[Row, ...]]]:
    """Read every file of a knowledge base; `problems` grows by whatever is wrong."""
    scale = read_scale(folder / SCALE_FILE, problems)
    _strangers(folder, problems)
    tables: dict[str, tuple[Row, ...]] = {}
    for name, kinds in FILES.items():
        path = folder / name
        if path.suffix == ".toml":
            tables.update(read_toml(path, kinds, problems))
        else:
            (attribute, record) = kinds[0]
            tables[attribute] = read_csv(path, record, problems)
    return scale, tables


def _strangers(folder: Path, problems: list[Problem]) -> None:
    """Tables that nobody reads: a copy, or a name misspelt."""
    known = (*FILES, SCALE_FILE)
    for path in sorted(folder.iterdir()):
        if path.suffix in {".csv", ".toml"} and path.name not in known and path.name[0] not in ".~":
            remedy = nearest(path.name, known) or "Remove it, or move its rows to a file that is."
            problems.append(
                Problem("unknown_file", path.name, "is not read.", remedy, level="warning")
            )
