"""Reference work: patients of the model, masked to what is known of them, the same for every tool.

    python -m evaluation.benchmarks.work --set half --positives 8 --rows 100000 -o cases.csv

`README.md` beside this file says what the sets are and how findings are counted.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluation.reading import read_table
from evaluation.scoring import read_codes, read_header
from model.kernel import Case, Net
from model.knowledge import load
from model.reasoner import Reasoner, open_reasoner
from model.simulate import patients
from model.vocabulary import UNKNOWN

Codes = NDArray[np.int8]
Ints = NDArray[np.int64]

#: Share of the contexts that is known, by set.
SHARES = {"none": 0.0, "half": 0.5, "all": 1.0}

#: The set that takes its numbers from the published cases.
PUBLISHED = "published"
SETS = (*SHARES, PUBLISHED)

#: Positive or graded findings of the cases that are measured.
POSITIVES = (2, 4, 6, 8, 10, 12, 14, 16, 20)

#: Findings known to be absent, in every set but the published one.
NEGATIVES = 12

#: Patients drawn at a time. It is fixed, so that the first rows do not depend on how many follow.
CHUNK = 2_000

_CASES = Path(__file__).resolve().parent.parent / "vignettes" / "published.csv"
_NO_ITEMS = ("label", "diagnosis", "benign", "source")


@dataclass(frozen=True)
class Work:
    """What is known of the patients of one set of cases.

    Attributes:
        kind: one of `SETS`.
        positives: positive or graded findings of each patient, several numbers in turn; empty in
            the published set, where each patient takes the numbers of a published case.
    """

    kind: str
    positives: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in SETS:
            raise ValueError(f"a set is one of {', '.join(SETS)}")
        if (self.kind == PUBLISHED) != (not self.positives):
            raise ValueError("every set but the published one has a number of positive findings")


def positives(reasoner: Reasoner, codes: Codes) -> Ints:
    """(R,) positive or graded findings of rows of codes; what another one implies is not counted.

    Foot drop implies distal weakness: together they are one. A known grade always counts.
    """
    finding = codes[:, reasoner.vocabulary.columns("finding")]
    graded = reasoner.engine.net.graded >= 0
    counted = np.where(graded, finding >= 0, finding == 1)
    for child, above in reasoner.closure.implied:
        counted[:, above] &= finding[:, child] != 1
    total: Ints = counted.sum(axis=1).astype(np.int64)
    return total


def findings_range(reasoner: Reasoner, codes: Codes) -> list[int]:
    """Fewest and most positive or graded findings of rows of codes."""
    counts = positives(reasoner, codes)
    return [int(counts.min()), int(counts.max())]


def published_numbers(reasoner: Reasoner) -> list[tuple[int, int]]:
    """(positive or graded, absent) findings of each published case."""
    frame = read_table(str(_CASES))
    layout = read_header(list(frame.columns), reasoner, keep=_NO_ITEMS)
    codes, _ = read_codes(frame, layout, reasoner)
    finding = codes[:, reasoner.vocabulary.columns("finding")]
    absent = ((finding == 0) & (reasoner.engine.net.graded < 0)).sum(axis=1)
    return list(zip(positives(reasoner, codes).tolist(), absent.tolist(), strict=True))


def entered(
    reasoner: Reasoner, work: Work, count: int, *, seed: int = 1, net: Net | None = None
) -> Codes:
    """Rows of codes (R, I) as somebody would enter them: nothing that something else implies.

    Patients are drawn from the model, given the complaint. One who does not show enough, or whose
    findings would be read with a warning, is replaced by the next. Age and sex are known. The first
    rows are the same however many are asked for.

    Args:
        reasoner: the knowledge base, for what implies what.
        work: the set.
        count: rows.
        seed: of everything drawn.
        net: patients of another network with the same findings and contexts.
    """
    net = net or reasoner.engine.net
    rng = np.random.default_rng([seed, SETS.index(work.kind), *work.positives])
    numbers = published_numbers(reasoner) if work.kind == PUBLISHED else []
    parts: list[Codes] = []
    have = 0
    while have < count:
        if numbers:
            drawn = np.array(numbers)[rng.integers(len(numbers), size=CHUNK)]
            wanted, quiet = drawn[:, 0], drawn[:, 1]
        else:
            wanted = np.resize(work.positives, CHUNK)
            quiet = np.full(CHUNK, NEGATIVES)
        codes, whole = _masked(reasoner, net, work.kind, wanted, quiet, rng)
        settled = reasoner.closure.settle(codes)
        for note in settled.notes:
            if note.level != "note":
                whole &= ~note.rows
        parts.append(codes[whole])
        have += int(whole.sum())
    return np.concatenate(parts)[:count]


def _masked(
    reasoner: Reasoner, net: Net, kind: str, wanted: Ints, quiet: Ints, rng: np.random.Generator
) -> tuple[Codes, NDArray[np.bool_]]:
    """Draw patients and enter some of what they show; (R, I), and who showed enough."""
    v = reasoner.vocabulary
    count = len(wanted)
    people = patients(net, count, rng)
    graded = net.graded >= 0
    finding = np.full_like(people.finding, UNKNOWN)
    whole = np.ones(count, bool)

    # what is entered neither implies nor excludes another thing entered
    apart = np.eye(net.parent.size, dtype=bool)
    for child, above in reasoner.closure.implied:
        apart[child, above] = apart[above, child] = True
    for one, other in reasoner.closure.excludes:
        if max(one, other) < net.parent.size:
            apart[one, other] = apart[other, one] = True
    free = (people.finding > 0) | graded
    turn = rng.random(free.shape)
    for place in range(int(wanted.max())):
        chosen = np.where(free, turn, 2.0).argmin(axis=1)
        rows = np.flatnonzero(wanted > place)
        whole[rows] &= free[rows, chosen[rows]]
        finding[rows, chosen[rows]] = people.finding[rows, chosen[rows]]
        free &= ~apart[chosen]

    # a finding is denied only where the one it refines is there: else that one would be denied
    asked = (people.finding == 0) & ~graded
    for f in np.flatnonzero(net.parent >= 0):
        code = people.finding[:, net.parent[f]]
        asked[:, f] &= (net.reach[f] >> code) & 1 == 1 if graded[net.parent[f]] else code == 1
    rank = np.where(asked, rng.random(asked.shape), 2.0).argsort(axis=1).argsort(axis=1)
    finding[asked & (rank < quiet[:, None])] = 0

    context = people.context
    if kind == PUBLISHED:
        here = context == 1
        rank = np.where(here, rng.random(here.shape), 2.0).argsort(axis=1).argsort(axis=1)
        known = here & (rank < rng.integers(1, 3, size=count)[:, None])
        whole &= known.any(axis=1)
    else:
        rank = rng.random(context.shape).argsort(axis=1).argsort(axis=1)
        known = rank < round(SHARES[kind] * context.shape[1])
    codes = v.blank(count)
    codes[:, v.columns("finding")] = finding
    codes[:, v.columns("context")] = np.where(known, context, UNKNOWN)
    codes[:, v.index["age"].column] = people.band
    codes[:, v.index["sex"].column] = people.sex
    return codes, whole


def settled(
    reasoner: Reasoner, work: Work, count: int, *, seed: int = 1, net: Net | None = None
) -> Codes:
    """The same rows as the engine sees them: with everything they imply."""
    rows = entered(reasoner, work, count, seed=seed, net=net)
    return reasoner.closure.settle(rows).engine


def cases(reasoner: Reasoner, work: Work, count: int, *, seed: int = 1) -> list[Case]:
    """The same rows as cases of the kernel."""
    return [reasoner.case(row) for row in settled(reasoner, work, count, seed=seed)]


def write_csv(reasoner: Reasoner, codes: Codes, path: Path) -> None:
    """Write rows of codes as a table of vignettes, a column for every finding and context."""
    v = reasoner.vocabulary
    items = [v.index["age"], v.index["sex"]]
    items += [item for item in v.items if item.kind in {"context", "finding"}]
    # one cell more at the end, where the code for unknown, -1, finds it
    cells: list[tuple[str, ...]] = []
    for item in items:
        if item.kind == "age":
            years = [start + min(end - start, 25) // 2 for start, end in v.bands]
            cells.append((*map(str, years), ""))
        else:
            cells.append((*item.values, ""))
    columns = [item.column for item in items]
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write(",".join(["id", *(item.id for item in items)]) + "\n")
        for number, row in enumerate(codes[:, columns].tolist(), start=1):
            line = [cell[code] for cell, code in zip(cells, row, strict=True)]
            stream.write(f"{number}," + ",".join(line) + "\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write a set of cases as a table of vignettes."""
    parser = argparse.ArgumentParser(prog="evaluation.benchmarks.work", description=__doc__)
    parser.add_argument("--set", dest="kind", choices=SETS, default="half")
    parser.add_argument("--positives", type=int, nargs="+", default=[8])
    parser.add_argument("--rows", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, required=True)
    given = parser.parse_args(arguments)
    numbers = () if given.kind == PUBLISHED else tuple(given.positives)
    reasoner = open_reasoner(load())
    rows = entered(reasoner, Work(given.kind, numbers), given.rows, seed=given.seed)
    write_csv(reasoner, rows, given.output)


if __name__ == "__main__":
    main()
