"""Read the files of a knowledge base into records, collecting every problem on the way."""

from __future__ import annotations

import csv
import difflib
import io
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model.errors import Problem
from model.tables import FILES, Row

#: No file of a knowledge base needs more; a larger one is a mistake.
MAX_BYTES = 16 * 1024 * 1024

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


class Scale(_Entry):
    """The words numbers are said in (`scale.toml`)."""

    frequency: dict[str, Frequency]
    rate: dict[str, Rate]
    multiplier: dict[str, Multiplier]
    confidence: dict[Literal["high", "moderate", "low"], Sureness]
    row: Weight
    pretest: Spread


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a sentence offering the closest known spelling, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"Did you mean {close[0]}?" if close else ""


def _text(path: Path, problems: list[Problem]) -> str | None:
    """Read one file as UTF-8 text; what cannot be read is a problem, not an exception."""
    where = path.name
    try:
        if path.stat().st_size > MAX_BYTES:
            problems.append(
                Problem("file_too_large", where, f"is larger than {MAX_BYTES} bytes.", "Shorten it.")
            )
            return None
        raw = path.read_bytes()
    except FileNotFoundError:
        problems.append(
            Problem("missing_file", where, "is not there.", "Restore it or copy the shipped one.")
        )
        return None
    except OSError as error:
        problems.append(Problem("unreadable_file", where, f"cannot be read ({error.strerror})."))
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
            message, remedy = f"column {place} is missing.", "Add it."
            code = "missing_column"
        elif kind == "extra_forbidden":
            code, message = "unknown_column", f"column {place} is not known."
            remedy = nearest(place, columns) or "Remove it."
        else:
            code = "bad_cell"
            shown = str(detail.get("input", ""))[:60]
            message = f"column {place}: {shown!r} is not allowed ({detail['msg']})."
            remedy = "Correct the cell."
        found.append(Problem(code, where, message, remedy))
    return found


def _columns(record: type[Row]) -> list[str]:
    return [field.alias or name for name, field in record.model_fields.items()]


def read_csv(path: Path, record: type[Row], problems: list[Problem]) -> tuple[Row, ...]:
    """Read a CSV file; a row that is wrong is named and left out."""
    text = _text(path, problems)
    if text is None:
        return ()
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    wanted = _columns(record)
    try:
        header = next(reader, None)
        if header is None:
            problems.append(Problem("empty_file", path.name, "has no header line."))
            return ()
        wrong = [name for name in header if name not in wanted]
        lacking = [name for name in wanted if name not in header]
        for name in wrong:
            remedy = nearest(name, lacking) or "Remove it."
            message = f"column {name!r} is not known."
            problems.append(Problem("unknown_column", f"{path.name} header", message, remedy))
        for name in lacking:
            message = f"column {name} is missing."
            problems.append(Problem("missing_column", f"{path.name} header", message, "Add it."))
        if len(set(header)) < len(header):
            problems.append(
                Problem("duplicate_column", f"{path.name} header", "names a column twice.")
            )
        if wrong or lacking or len(set(header)) < len(header):
            return ()
        rows: list[Row] = []
        for cells in reader:
            where = f"{path.name} line {reader.line_num}"
            if len(cells) != len(header):
                message = f"has {len(cells)} cells where the header has {len(header)}."
                problems.append(
                    Problem("wrong_cell_count", where, message, "Quote cells that hold commas.")
                )
                continue
            try:
                rows.append(record.model_validate(dict(zip(header, cells, strict=True))))
            except ValidationError as error:
                problems.extend(_explain(error, where, wanted))
    except csv.Error as error:
        problems.append(
            Problem("broken_csv", f"{path.name} line {reader.line_num}", f"is not CSV ({error}).")
        )
        return ()
    return tuple(rows)


def _toml(path: Path, problems: list[Problem]) -> dict[str, Any] | None:
    text = _text(path, problems)
    if text is None:
        return None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problems.append(Problem("broken_toml", path.name, f"is not TOML: {error}."))
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
        if not isinstance(entries, list):
            problems.append(
                Problem("bad_table", path.name, f"{name} must be written as [[{name}]] tables.")
            )
            continue
        rows = []
        for number, entry in enumerate(entries, start=1):
            label = entry.get("id", number) if isinstance(entry, dict) else number
            try:
                rows.append(record.model_validate(entry))
            except ValidationError as error:
                where = f"{path.name} [[{name}]] {label}"
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
    scale = read_scale(folder / "scale.toml", problems)
    tables: dict[str, tuple[Row, ...]] = {}
    for name, kinds in FILES.items():
        path = folder / name
        if path.suffix == ".toml":
            tables.update(read_toml(path, kinds, problems))
        else:
            (attribute, record) = kinds[0]
            tables[attribute] = read_csv(path, record, problems)
    return scale, tables
