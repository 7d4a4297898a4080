"""One patient as the dashboard holds it: what was entered, the setting and the basis. Pure values.

Nothing here knows of widgets; every function returns a new case.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from model.errors import InputError, Problem
from model.evidence import Evidence, read_evidence
from model.knowledge import BASES, SETTINGS
from model.version import ENGINE_VERSION
from model.vocabulary import Vocabulary

#: A saved case is a few hundred characters; more than this is something else.
MOST_CHARACTERS = 20_000


@dataclass(frozen=True)
class Case:
    """What is known of one patient, and from where and on what basis to judge it.

    Attributes:
        values: item id -> value as in a CSV cell, in the order of entry; age in years.
        setting, basis: as of `model.reasoner.open_reasoner`.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    setting: str = "primary_care"
    basis: str = "all"

    def evidence(self, vocabulary: Vocabulary) -> Evidence:
        """The values as evidence; what cannot be read is carried along as a problem."""
        return read_evidence(self.values, vocabulary, lenient=True)


def answered(case: Case, answers: Mapping[str, str]) -> Case:
    """The case with some answers changed; an empty one makes its item unknown again."""
    values = dict(case.values)
    for item, value in answers.items():
        if value:
            values[item] = value
        else:
            values.pop(item, None)
    return replace(case, values=values)


def rest_absent(case: Case, items: Iterable[str], known: Iterable[str]) -> Case:
    """The case with those items absent of which nothing is known (`known`: also by implication)."""
    taken = {*known, *case.values}
    return answered(case, {item: "absent" for item in items if item not in taken})


def to_json(case: Case) -> str:
    """A case as text for a file."""
    content = {
        "paresis": ENGINE_VERSION,
        "setting": case.setting,
        "basis": case.basis,
        "values": dict(case.values),
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def from_json(text: str, vocabulary: Vocabulary) -> Case:
    """Read a case that was saved, or the bare values as the command line takes them.

    Raises:
        InputError: for text that is no case, unknown items, or values that cannot be read.
    """
    if len(text) > MOST_CHARACTERS:
        raise InputError([Problem("too_long", "the case", "is longer than any case can be.")])
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise InputError([Problem("bad_json", "the case", "is not JSON.")]) from None
    values = content.get("values", content) if isinstance(content, dict) else None
    if not isinstance(values, dict):
        raise InputError([Problem("bad_json", "the case", "must be one object {}.")])
    setting, basis = "primary_care", "all"
    if values is not content:
        setting, basis = str(content.get("setting", setting)), str(content.get("basis", basis))
    problems = [
        Problem("bad_choice", name, "is not one that exists.", f"Choose {', '.join(allowed)}.")
        for name, value, allowed in (("setting", setting, SETTINGS), ("basis", basis, BASES))
        if value not in allowed
    ]
    read = read_evidence(
        {name: value for name, value in values.items() if name != "soft"}, vocabulary, lenient=True
    )
    problems += read.problems
    if "soft" in values:
        message = "is soft evidence, which the dashboard cannot show."
        problems.append(Problem("soft", "soft", message, "Use the command line for it."))
    if problems:
        raise InputError(problems)
    kept = {
        name: _cell(value)
        for name, value in values.items()
        if name != "id" and read.codes[vocabulary.index[name].column] >= 0
    }
    return Case(_plain(kept, vocabulary), setting, basis)


def _cell(value: object) -> str:
    """A JSON value as it would stand in a CSV."""
    return ("present" if value else "absent") if isinstance(value, bool) else str(value).strip()


def _plain(values: Mapping[str, str], vocabulary: Vocabulary) -> dict[str, str]:
    """The one spelling of every value (yes -> present); an age stays in years."""
    found = {}
    for name, value in values.items():
        item = vocabulary.index[name]
        found[name] = value if item.kind == "age" else item.values[vocabulary.code(item, value)]
    return found


def to_link(case: Case) -> str:
    """A case as letters and digits that fit into a link."""
    return base64.urlsafe_b64encode(zlib.compress(to_json(case).encode(), 9)).decode().rstrip("=")


def from_link(text: str, vocabulary: Vocabulary) -> Case:
    """Read what `to_link` wrote.

    Raises:
        InputError: if it was cut or changed.
    """
    problem = InputError([Problem("bad_link", "the link", "does not hold a whole case.")])
    if len(text) > MOST_CHARACTERS:
        raise problem
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        opened = zlib.decompressobj().decompress(packed, 4 * MOST_CHARACTERS).decode()
    except (binascii.Error, zlib.error, ValueError):
        raise problem from None
    return from_json(opened, vocabulary)


def from_row(cells: Mapping[str, object], vocabulary: Vocabulary, case: Case) -> Case:
    """A row of a table as a case, what cannot be read left out; setting and basis as of `case`."""
    texts = {
        name: str(cell)
        for name, cell in cells.items()
        if name in vocabulary.index and isinstance(cell, str | int | float) and cell == cell  # noqa: PLR0124 - not NaN
    }
    codes = read_evidence(texts, vocabulary, lenient=True).codes
    kept = {n: t for n, t in texts.items() if codes[vocabulary.index[n].column] >= 0}
    return replace(case, values=_plain(kept, vocabulary))
