"""What is known about one patient: a frozen value read from a form, a CSV row or JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from model.errors import InputError, Problem
from model.vocabulary import UNKNOWN, CellError, Item, Vocabulary

#: Likelihood ratios beyond this say more than any observation can.
MAX_RATIO = 1e6


@dataclass(frozen=True)
class Evidence:
    """Known items, hard and soft; what is not named is unknown.

    Attributes:
        codes: (I,) int8 codes in vocabulary order.
        soft: (column, likelihood of each value) for items known only by a likelihood.
        id: a name for the patient, passed through.
        problems: what could not be read, when the caller asked to keep going.
    """

    codes: NDArray[np.int8]
    soft: tuple[tuple[int, tuple[float, ...]], ...] = ()
    id: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def entered(self) -> tuple[int, ...]:
        """Columns with a hard value."""
        return tuple(int(c) for c in np.flatnonzero(self.codes != UNKNOWN))


def read_evidence(
    values: Mapping[str, object], vocabulary: Vocabulary, *, lenient: bool = False
) -> Evidence:
    """Read one patient from names and values.

    Args:
        values: item id -> value as in a CSV cell (numbers and booleans are taken as their text);
            `id` names the patient; `soft` maps an item to a likelihood ratio (present against
            absent), or to a likelihood for each value.
        vocabulary: the items that exist.
        lenient: keep what is valid and carry the problems along, instead of raising.

    Raises:
        InputError: listing every unknown name and bad value (unless `lenient`).
    """
    codes = vocabulary.blank()[0]
    soft: list[tuple[int, tuple[float, ...]]] = []
    problems: list[Problem] = []
    for name, value in values.items():
        if name == "id":
            continue
        if name == "soft":
            soft.extend(_soft(value, vocabulary, problems))
            continue
        item = vocabulary.index.get(name)
        if item is None:
            problems.append(
                Problem("unknown_item", name, "is not in the vocabulary.", vocabulary.suggest(name))
            )
            continue
        if value is None:
            continue
        if isinstance(value, (list, dict, tuple, set)):
            problems.append(Problem("bad_value", name, "must be a single value."))
            continue
        text = str(value).lower() if isinstance(value, bool) else str(value)
        try:
            codes[item.column] = vocabulary.code(item, text)
        except CellError as error:
            problems.append(Problem(error.code, name, str(error), value=text))
    for column, _ in soft:
        if codes[column] != UNKNOWN:
            name = vocabulary.items[column].id
            problems.append(
                Problem("hard_and_soft", name, "is given both as a value and as soft evidence.")
            )
    if problems and not lenient:
        raise InputError(problems)
    label = values.get("id")
    return Evidence(codes, tuple(soft), "" if label is None else str(label), tuple(problems))


def _soft(
    value: object, vocabulary: Vocabulary, problems: list[Problem]
) -> list[tuple[int, tuple[float, ...]]]:
    if not isinstance(value, Mapping):
        problems.append(Problem("bad_soft", "soft", "must map items to likelihood ratios."))
        return []
    found = []
    for name, entry in value.items():
        item = vocabulary.index.get(str(name))
        if item is None or item.kind in ("age", "sex"):
            message = "is not an item that soft evidence can be given for."
            problems.append(
                Problem("bad_soft", f"soft {name}", message, vocabulary.suggest(str(name)))
            )
            continue
        likelihoods = _likelihoods(item, entry)
        if likelihoods is None:
            message = (
                f"needs a ratio above 0 and at most {MAX_RATIO:g}, or a likelihood for each of "
                f"{', '.join(item.values)}."
            )
            problems.append(Problem("bad_soft", f"soft {name}", message))
        else:
            found.append((item.column, likelihoods))
    return found


def _likelihoods(item: Item, entry: object) -> tuple[float, ...] | None:
    def good(number: object) -> TypeGuard[float]:
        return (
            isinstance(number, (int, float))
            and not isinstance(number, bool)
            and math.isfinite(number)
            and 1 / MAX_RATIO <= number <= MAX_RATIO
        )

    if isinstance(entry, Mapping):
        if set(entry) != set(item.values) or not all(good(v) for v in entry.values()):
            return None
        return tuple(float(entry[name]) for name in item.values)
    if item.graded or not good(entry):
        return None
    return (1.0, float(entry))
