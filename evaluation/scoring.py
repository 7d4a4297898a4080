"""Score a table of vignettes: one row out for every row in, in order, screening in every one.

`score_frame` is the one function that everything which scores many patients calls.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluation.memo import Memo
from model.batch import DONE, FAILED, TOO_WIDE, Rows
from model.errors import InputError, Problem, TooWideError
from model.numbers import text
from model.reasoner import Reasoner
from model.screening import TIERS
from model.version import ENGINE_VERSION
from model.vocabulary import ABSENT, PRESENT, UNKNOWN, CellError, Item

#: The text of one column.
Cells = NDArray[np.object_]

#: How many conditions a row names.
RANKS = 5

#: A header with more columns than this is a broken file, not a table of vignettes.
MAX_COLUMNS = 2000

#: Columns by which a table that was scored before is known.
_SCORED = frozenset({"status", "knowledge_digest"})

#: A name that is no name.
_NUMBER = re.compile(r"[+-]?[0-9]+([.][0-9]*)?")

#: Columns of a table whose rows were compared with simulated patients.
_SURPRISE = ("surprise", "outside")

_LEADING = ("id", "status", "message", "disposition", "could_rise_to", "red_flags", "pending_flags")


@dataclass(frozen=True)
class Layout:
    """What the columns of an input table are.

    Attributes:
        items: columns that are items of the vocabulary, with the item.
        keep: columns passed through, with their name in the output.
        has_id: whether there is an `id` column.
    """

    items: tuple[tuple[str, Item], ...]
    keep: tuple[tuple[str, str], ...]
    has_id: bool


def read_header(
    columns: Sequence[str],
    reasoner: Reasoner,
    *,
    keep: Sequence[str] = (),
) -> Layout:
    """Say what each column is; an item that is kept is evidence all the same.

    Raises:
        InputError: for columns that are neither items nor kept (with the nearest name), that stand
            twice, or that are to be kept but are not there; for a table that was scored before, and
            for one whose first row is no header.
    """
    problems: list[Problem] = []
    if len(columns) > MAX_COLUMNS:
        message = f"has {len(columns)} columns; at most {MAX_COLUMNS} make sense."
        raise InputError([Problem("too_many_columns", "header", message, "Check the separator.")])
    if set(columns) - set(keep) >= _SCORED:
        message = "is that of an output of score, not of vignettes."
        raise InputError([Problem("already_scored", "header", message, "Name its source.")])
    index = reasoner.vocabulary.index
    if _is_data(columns, reasoner, keep):
        message = "looks like a row of data; the first line must name the columns."
        remedy = "Begin with a line of names; `paresis vocabulary --template` prints one."
        raise InputError([Problem("no_header", "header", message, remedy)])
    items: list[tuple[str, Item]] = []
    seen: set[str] = set()
    for name in columns:
        if name in seen:
            problems.append(
                Problem("duplicate_column", f"column {name!r}", "stands twice.", "Remove one.")
            )
            continue
        seen.add(name)
        if name in index:
            items.append((name, index[name]))
            continue
        if name == "id" or name in keep:
            continue
        remedy = reasoner.vocabulary.suggest(name) or "Rename it, or pass it through with --keep."
        problems.append(
            Problem("unknown_column", f"column {name[:80]!r}", "is not in the vocabulary.", remedy)
        )
    problems += [
        Problem("missing_column", f"column {name!r}", "is to be kept but is not there.")
        for name in dict.fromkeys(keep)
        if name not in seen
    ]
    if problems:
        raise InputError(problems)
    taken = set(output_columns(reasoner, all_conditions=True, surprise=True))
    kept: list[tuple[str, str]] = []
    for name in dict.fromkeys(keep):
        if name == "id":
            continue
        out = name
        while out in taken:
            out = f"in_{out}"
        taken.add(out)
        kept.append((name, out))
    return Layout(tuple(items), tuple(kept), "id" in seen)


def diagnoses(columns: Sequence[str], reasoner: Reasoner) -> tuple[str, ...]:
    """The columns that are conditions: their cells are taken as diagnoses already made."""
    known = reasoner.knowledge.condition_index
    return tuple(name for name in columns if name in known)


def _is_data(columns: Sequence[str], reasoner: Reasoner, keep: Sequence[str]) -> bool:
    """Whether a header names no column that is known, but holds what cells hold."""
    index = reasoner.vocabulary.index
    if any(name in index or name == "id" or name in keep for name in columns):
        return False
    words = (PRESENT | ABSENT).union(*(set(item.values) for item in reasoner.vocabulary.items))
    return any(name.casefold() in words or _NUMBER.fullmatch(name) for name in columns)


def output_columns(
    reasoner: Reasoner, *, all_conditions: bool = False, surprise: bool = False
) -> list[str]:
    """Names of the columns of a scored table, kept ones aside."""
    names = list(_LEADING)
    names += [f"condition_{k}" for k in range(1, RANKS + 1)]
    names += [f"probability_{k}" for k in range(1, RANKS + 1)]
    names += [f"category_{row.id}" for row in reasoner.knowledge.category]
    names += ["unexplained", "log_evidence", "conflict"]
    names += ["setting", "basis", "engine_version", "knowledge_digest"]
    if surprise:
        names += _SURPRISE
    if all_conditions:
        names += [f"p_{row.id}" for row in reasoner.knowledge.condition]
    return names


def read_codes(
    frame: pd.DataFrame, layout: Layout, reasoner: Reasoner
) -> tuple[NDArray[np.int8], list[tuple[NDArray[np.int64], str]]]:
    """Read the cells of a table of text into codes.

    Returns:
        codes (R, I), a bad cell being unknown; and (rows, message) for every kind of bad cell. A
        message names the column and what is allowed, never the cell.
    """
    codes = reasoner.vocabulary.blank(len(frame))
    bad: list[tuple[NDArray[np.int64], str]] = []
    for name, item in layout.items:
        column = frame[name]
        if not pd.api.types.is_string_dtype(column.dtype):
            column = column.map(_cell_text, na_action="ignore")
        text_of = column.to_numpy() if column.dtype == object else column.array
        places, cells = pd.factorize(text_of, use_na_sentinel=True)
        if len(cells) == 1 and cells[0] == "":
            continue
        values = np.full(len(cells) + 1, UNKNOWN, np.int8)  # the last one is for missing cells
        for number, cell in enumerate(cells):
            try:
                values[number] = reasoner.vocabulary.code(item, str(cell))
            except CellError as error:
                rows = np.flatnonzero(places == number)
                bad.append((rows, f"{error.code}: {name} {error}"))
        codes[:, item.column] = values[places]
    return codes, bad


def _cell_text(value: object) -> str:
    """A cell of a typed table (Parquet, a frame made in Python) as it would stand in a CSV."""
    if isinstance(value, (bool, np.bool_)):
        return "present" if value else "absent"
    return str(value)


def score_frame(
    frame: pd.DataFrame,
    reasoner: Reasoner,
    *,
    layout: Layout | None = None,
    keep: Sequence[str] = (),
    all_conditions: bool = False,
    surprise: int = 0,
    first_row: int = 1,
    workers: int | None = None,
    bad: Sequence[tuple[NDArray[np.int64], str]] = (),
    memo: Memo | None = None,
) -> pd.DataFrame:
    """Score a table of vignettes.

    Args:
        frame: a column per item (text, or numbers and booleans), `id` and kept columns; missing is
            unknown.
        reasoner: the knowledge base in one setting and basis.
        layout: what the columns are, when already known (else read from the frame's header).
        keep: columns to pass through.
        all_conditions: also `p_<condition>` for every condition.
        surprise: simulated patients that each row is compared with; none by default.
        first_row: number of the first row, the id of rows without one.
        bad: (row places, message) of rows already known not to be whole; only screened.
        workers: threads (all cores when omitted); the result does not depend on it.
        memo: what this reasoner has answered before (from earlier chunks); changes nothing but
            the time it takes.

    Returns:
        A frame of text and numbers-as-text with `output_columns`, then the kept columns.

    Raises:
        InputError: for columns that cannot be placed.
    """
    layout = layout or read_header(list(frame.columns), reasoner, keep=keep)
    codes, cells = read_codes(frame, layout, reasoner)
    settled = reasoner.closure.settle(codes)
    screened = reasoner.screener.screen_many(settled.rules)

    count = len(frame)
    messages: dict[int, list[str]] = {}
    error = np.zeros(count, bool)
    warning = np.zeros(count, bool)
    for rows, message in [*bad, *cells]:
        error[rows] = True
        for row in rows.tolist():
            messages.setdefault(row, []).append(message)
    for level, rows in (("error", error), ("warning", warning)):
        for note in settled.notes:
            if note.level == level:
                rows[note.rows] = True
                for row in np.flatnonzero(note.rows).tolist():
                    messages.setdefault(row, []).append(f"{note.code}: {note.text}")

    # one answer for each different evidence, and a last one that says nothing
    answers, found = (memo or Memo(reasoner)).rows(settled.engine[~error], workers=workers)
    answer = np.full(count, len(answers.state) - 1)
    answer[~error] = found
    status = np.where(warning, "warning", "ok").astype(object)
    status[error] = "error"
    state = answers.state[answer]
    for row in np.flatnonzero(state == TOO_WIDE).tolist():
        status[row] = "refused"
        messages.setdefault(row, []).insert(0, _too_wide(reasoner, settled.engine[row]))
    for row in np.flatnonzero(state == FAILED).tolist():
        status[row] = "failed"
        reason = "inference_failed: an internal error; the screening is complete"
        messages.setdefault(row, []).insert(0, reason)
    answer[state == FAILED] = len(answers.state) - 1

    ids = frame["id"].astype(str).where(frame["id"].notna(), "") if layout.has_id else None
    numbers = [str(first_row + row) for row in range(count)]
    names = (
        [given or number for given, number in zip(ids, numbers, strict=True)]
        if ids is not None
        else numbers
    )
    result: dict[str, object] = {
        "id": names,
        "status": status,
        "message": ["; ".join(messages.get(row, ())) for row in range(count)],
        "disposition": screened.disposition,
        "could_rise_to": screened.could_rise_to,
        "red_flags": _joined(screened.state == 1, [rule.id for rule in reasoner.knowledge.rule]),
        "pending_flags": _joined(
            screened.bedside & _at_least(reasoner, screened.disposition),
            [rule.id for rule in reasoner.knowledge.rule],
        ),
    }
    differential = _ranked(reasoner, answers)
    for m, row in enumerate(reasoner.knowledge.category):
        differential[f"category_{row.id}"] = _written(answers.group[:, m])
    differential["unexplained"] = _written(answers.unexplained)
    differential["log_evidence"] = _written(answers.log_evidence)
    differential["conflict"] = _written(answers.conflict)
    result.update({name: cells[answer] for name, cells in differential.items()})
    result["setting"] = reasoner.parameters.setting
    result["basis"] = reasoner.parameters.basis
    result["engine_version"] = ENGINE_VERSION
    result["knowledge_digest"] = reasoner.knowledge.digest
    if surprise:
        known = (state == DONE) & ~error
        result |= _surprises(reasoner, codes, known, surprise)
    if all_conditions:
        for i, condition in enumerate(reasoner.knowledge.condition):
            result[f"p_{condition.id}"] = _written(answers.condition[:, i])[answer]
    scored = pd.DataFrame(result, index=frame.index)
    for name, out in layout.keep:
        scored[out] = frame[name]
    return scored


def _too_wide(reasoner: Reasoner, codes: NDArray[np.int8]) -> str:
    """Why a row is refused, in the words an assessment of it has."""
    try:
        reasoner.posterior(reasoner.case(codes))
    except TooWideError as error:
        return f"too_wide: {error}; widest: {reasoner.widest(codes)}"
    return "too_wide: the evidence needs more steps or memory than the limit"


def _surprises(
    reasoner: Reasoner, codes: NDArray[np.int8], known: NDArray[np.bool_], count: int
) -> dict[str, Cells]:
    """The two columns of `_SURPRISE`; empty but for the rows whose posterior is known."""
    from model.evidence import Evidence
    from model.reasons.surprise import surprise

    distinct, place = np.unique(codes[known], axis=0, return_inverse=True)
    found = [surprise(reasoner, Evidence(row), n=count) for row in distinct]
    share = np.full(len(codes), np.nan)
    share[known] = np.array([one.probability.percentile for one in found])[place.reshape(-1)]
    outside = np.full(len(codes), "", dtype=object)
    why = np.array([";".join(one.outside) for one in found], dtype=object)
    outside[known] = why[place.reshape(-1)]
    return dict(zip(_SURPRISE, (_written(share), outside), strict=True))


def _ranked(reasoner: Reasoner, rows: Rows) -> dict[str, Cells]:
    """The leading conditions by posterior, ties in file order."""
    names = np.array([row.id for row in reasoner.knowledge.condition] + [""], dtype=object)
    every = np.arange(len(rows.state))
    left = np.where(np.isnan(rows.without), 2.0, rows.without)
    conditions: dict[str, Cells] = {}
    probabilities: dict[str, Cells] = {}
    for k in range(RANKS):
        if k < left.shape[1]:
            first = left.argmin(axis=1)
            value = rows.condition[every, first]
            left[every, first] = np.inf
        else:
            first, value = np.full(len(left), -1), np.full(len(left), np.nan)
        conditions[f"condition_{k + 1}"] = names[np.where(np.isnan(value), -1, first)]
        probabilities[f"probability_{k + 1}"] = _written(value)
    return conditions | probabilities


def _at_least(reasoner: Reasoner, disposition: NDArray[np.str_]) -> NDArray[np.bool_]:
    """(R, rules): the rule's tier is at or above the disposition reached."""
    level = {tier: place for place, tier in enumerate(TIERS)}
    tiers = np.array([level[rule.tier] for rule in reasoner.knowledge.rule])
    reached = np.array([level.get(word, 0) for word in disposition.tolist()], np.int64)
    return tiers[None, :] >= reached[:, None]


def _joined(flags: NDArray[np.bool_], names: Sequence[str]) -> list[str]:
    """The names flagged in each row, joined by semicolons."""
    rows, columns = np.nonzero(flags)
    flagged = np.array([*names, ""], dtype=object)[columns].tolist()
    ends = np.searchsorted(rows, np.arange(len(flags) + 1)).tolist()
    return [";".join(flagged[a:b]) for a, b in pairwise(ends)]


def _written(values: NDArray[np.float64]) -> Cells:
    """`model.numbers.text` of every value: six digits at once, then what that says otherwise."""
    cells = ("%.6g " * len(values) % tuple(values.tolist())).split(" ")
    for place in np.flatnonzero(~(np.abs(values - 1.0) > 1e-5) | (values == 0.0)).tolist():
        cells[place] = text(float(values[place]))
    return np.array(cells[:-1], dtype=object)
