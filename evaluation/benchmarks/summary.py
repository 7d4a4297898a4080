"""What the page says, worked out from the results: medians, ratios, and what was asked for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

from evaluation.benchmarks.apart import TIME
from evaluation.benchmarks.peers import PEERS

#: What was asked for before anything was measured, and how it is judged.
TIMES_PGMPY, TIMES_PYAGRUM = 5_000.0, 1_000.0
TARGET_FINDINGS, TARGET_KIND = 8, "half"
MOST_GROWTH, GROWTH_TO = 40.0, 16
MOST_PER_STEPS = 2.0
MOST_ABOVE_BOUND = 4.0
MOST_WHOLE = 1.3
ROWS_A_SECOND = {"half": 3_000.0, "published": 1_000.0}
START = {"help": 0.5, "warm": 1.5, "empty": 20.0}


@dataclass(frozen=True)
class Ratio:
    """How many times as long something took, over cases.

    Attributes:
        values: of the cases that were finished.
        more: of the others, more than this many times; infinity where memory gave out.
    """

    values: tuple[float, ...]
    more: tuple[float, ...] = ()

    @property
    def middle(self) -> float:
        """Median, at least: a case that was not finished took longer than its limit."""
        return median([*self.values, *self.more]) if self.values or self.more else math.nan

    def __str__(self) -> str:
        """Median, range, and how many were finished."""
        of = len(self.values) + len(self.more)
        if not of:
            return "not asked"
        if not self.values:
            least = min(self.more)
            return f"none of {of} finished" + (
                f" (over {number(least)})" if least < math.inf else ""
            )
        extent = f"{number(min(self.values))} to {number(max(self.values))}"
        if of == 1:
            return number(self.middle)
        if self.more:
            return f"{extent}; {len(self.values)} of {of} finished"
        return f"{number(self.middle)} ({extent})"


def number(value: float | None) -> str:
    """Three digits at most, with separators; no zeros that were not measured."""
    if value is None or math.isnan(value):
        return "-"
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    if digits > 4:
        return f"{value:.1e}".replace("e-0", "e-")
    shown = f"{round(value, 2 - math.floor(math.log10(abs(value)))):,.{digits}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def duration(seconds: float | None) -> str:
    """Seconds, milliseconds or microseconds."""
    if seconds is None or math.isnan(seconds):
        return "-"
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{number(seconds / size)} {unit}"
    return f"{number(seconds / 1e-6)} µs"


def size(count: float | None) -> str:
    """Bytes, in KiB, MiB or GiB."""
    if count is None:
        return "-"
    unit, of_unit = next(
        (pair for pair in (("GiB", 2**30), ("MiB", 2**20)) if count >= pair[1]), ("KiB", 2**10)
    )
    return f"{number(count / of_unit)} {unit}"


def middle(values: Iterable[float | None]) -> float:
    """Median of what was measured; NaN of nothing."""
    found = [value for value in values if value is not None]
    return median(found) if found else math.nan


def answered(group: dict[str, Any]) -> list[dict[str, Any]]:
    """Cases of a set that our engine answered."""
    return [case for case in group["cases"] if "ours" in case]


def spent(took: dict[str, Any], *, query_only: bool = False) -> float:
    """Seconds a patient costs in a tool: set-up and query, or the query alone."""
    return float(took["query"] + (0.0 if query_only else took["setup"]))


def ratio(
    groups: dict[str, Any], names: Sequence[str], limit: float, *, query_only: bool = False
) -> Ratio:
    """Time of the fastest of some tools over ours, case by case.

    Args:
        groups: a set of cases.
        names: of the tools.
        limit: seconds after which a tool was stopped.
        query_only: leave the set-up out.
    """
    values, more = [], []
    for case in answered(groups):
        took = [case["peers"][name] for name in names if name in case["peers"]]
        done = [spent(one, query_only=query_only) for one in took if not one["why"]]
        if done:
            values.append(min(done) / case["ours"]["seconds"])
        elif took:
            late = any(one["why"] == TIME for one in took)
            more.append(limit / case["ours"]["seconds"] if late else math.inf)
    return Ratio(tuple(values), tuple(more))


def of(library: str, *forms: str) -> list[str]:
    """The tools of a library that take cases in these forms."""
    return [name for name, peer in PEERS.items() if peer.library == library and peer.form in forms]


def find(groups: Sequence[dict[str, Any]], **wanted: Any) -> dict[str, Any] | None:
    """The first set with these properties."""
    for group in groups:
        if all(group.get(key) == value for key, value in wanted.items()):
            return group
    return None


def rows_a_second(point: dict[str, Any], *, whole: bool) -> float:
    """Rows a second from file to file, or of inference alone (for each different row)."""
    return float(point["rows"] / point["whole"] if whole else point["different"] / point["alone"])


def pgmpy_row(group: dict[str, Any]) -> float:
    """Seconds of the fastest set-up of pgmpy for a row, mean over rows; NaN without any."""
    took = []
    for case in answered({"cases": group.get("pgmpy", [])}):
        done = [spent(one) for one in case["peers"].values() if not one["why"]]
        if done:
            took.append(min(done))
    return sum(took) / len(took) if took else math.nan


@dataclass(frozen=True)
class Target:
    """Something asked for, and what came of it."""

    what: str
    asked: str
    found: str
    met: bool | None

    @property
    def verdict(self) -> str:
        """Met, not met, or not decided by what was measured."""
        return {True: "met", False: "**not met**", None: "not decided"}[self.met]


def _at_most(what: str, limit: float, value: float, shown: str, unit: str = "") -> Target:
    met = None if math.isnan(value) else value <= limit
    return Target(what, f"at most {number(limit)}{unit}", shown, met)


def _at_least(what: str, limit: float, value: float, shown: str, unit: str = "") -> Target:
    met = None if math.isnan(value) else value >= limit
    return Target(what, f"at least {number(limit)}{unit}", shown, met)


def peer_targets(found: dict[str, Any]) -> list[Target]:
    """Against other tools, as chains and with signs."""
    group = find(found["sets"], kind=TARGET_KIND, positives=[TARGET_FINDINGS])
    limit = found["limits"]["seconds"]
    where = f"{TARGET_FINDINGS} findings, {TARGET_KIND} of the contexts known"
    result = []
    for library, times in (("pgmpy", TIMES_PGMPY), ("pyAgrum", TIMES_PYAGRUM)):
        for forms, words in ((("chains",), "as chains"), (("chains", "signs"), "also with signs")):
            tools = of(library, *forms)
            value = ratio(group, tools, limit) if group else Ratio(())
            shown = str(value)
            if group and value.values:
                alone = ratio(group, tools, limit, query_only=True)
                shown += f"; the fastest query alone {alone}"
            what = f"time of {library} at its best, {words}, over ours: {where}"
            met: bool | None = value.middle >= times
            if not met and not value.values:
                met = None  # the limit was too short to tell
            result.append(Target(what, f"at least {number(times)} times", shown, met))
    return result


def growth_ratio(found: dict[str, Any], kind: str) -> float:
    """Median time with many findings over that with few."""
    few = find(found["positives"], kind=kind, positives=TARGET_FINDINGS)
    many = find(found["positives"], kind=kind, positives=GROWTH_TO)
    if not few or not many:
        return math.nan
    return middle(many["seconds"]) / middle(few["seconds"])


def per_steps(one: dict[str, Any], other: dict[str, Any]) -> float:
    """Growth of the median time over growth of the median steps, from one point to another."""
    time = middle(other["seconds"]) / middle(one["seconds"])
    return time / (middle(other["steps"]) / middle(one["steps"]))


def above_bound(point: dict[str, Any]) -> float:
    """Median of time over the bound of the core."""
    pairs = zip(point["seconds"], point["bound"], strict=True)
    return middle(seconds / least for seconds, least in pairs if seconds is not None)


def growth_targets(found: dict[str, Any]) -> list[Target]:
    """How time grows, and how far it is from the bound."""
    result = []
    for kind in dict.fromkeys(point["kind"] for point in found["positives"]):
        value = growth_ratio(found, kind)
        what = f"time with {GROWTH_TO} findings over {TARGET_FINDINGS}, contexts known: {kind}"
        result.append(_at_most(what, MOST_GROWTH, value, number(value)))
    by_kind = [
        [point for point in found["positives"] if point["kind"] == kind]
        for kind in dict.fromkeys(point["kind"] for point in found["positives"])
    ]
    steps = [per_steps(a, b) for own in by_kind for a, b in pairwise(own)]
    worst = max((value for value in steps if not math.isnan(value)), default=math.nan)
    what = "growth of time over growth of steps, from one number of findings to the next, at worst"
    result.append(_at_most(what, MOST_PER_STEPS, worst, number(worst)))
    for point in found["positives"]:
        if point["kind"] == TARGET_KIND:
            value = above_bound(point)
            what = (
                f"time over what a core can do, {point['positives']} findings, {TARGET_KIND} of "
                "the contexts known"
            )
            result.append(_at_most(what, MOST_ABOVE_BOUND, value, number(value)))
    return result


def file_targets(found: dict[str, Any]) -> list[Target]:
    """Files: the largest of each set."""
    result = []
    for group in found["sets"]:
        point = max(group["points"], key=lambda one: one["rows"])
        kind = "published-like rows" if group["kind"] == "published" else "up to eight findings"
        rate = rows_a_second(point, whole=True)
        limit = ROWS_A_SECOND[group["kind"]]
        where = f"{point['rows']:,} rows, {kind}"
        result.append(_at_least(f"file to file, {where}", limit, rate, number(rate), " rows/s"))
        share = rows_a_second(point, whole=False) / rate
        what = f"file to file over inference alone, {where}"
        result.append(_at_most(what, MOST_WHOLE, share, number(share)))
    return result


def start_targets(found: dict[str, Any]) -> list[Target]:
    """Starting."""
    words = {
        "help": "`paresis --help`",
        "warm": "`paresis assess`, compiled before",
        "empty": "`paresis assess`, nothing compiled",
    }
    return [
        _at_most(words[name], limit, middle(found[name]), duration(middle(found[name])), " s")
        for name, limit in START.items()
    ]
