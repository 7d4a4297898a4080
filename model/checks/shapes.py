"""Grades, shares and cycles: whether the tables describe a network at all."""

from __future__ import annotations

from collections import Counter

from model.checks.places import Found, place
from model.knowledge import SETTINGS, KnowledgeBase
from model.pretest import window
from model.vocabulary import MAX_AGE

#: Shares must add up to this closeness.
SLACK = 1e-6

#: Base rates are solved by summing over sets of these; more could not be solved in a lifetime.
MAX_CAUSES = 12

#: The age bands that leaks.csv and age_sex.csv have columns for.
BANDS = ("under_16", "16_39", "40_64", "65_and_over")


def check_shapes(knowledge: KnowledgeBase, found: Found) -> None:
    """Rows are distributions, age bands follow each other, and nothing causes itself."""
    _graded(knowledge, found)
    _shares(knowledge, found)
    _bands(knowledge, found)
    _contexts(knowledge, found)
    _cycles(knowledge, found)
    _windows(knowledge, found)


def _graded(knowledge: KnowledgeBase, found: Found) -> None:
    index = {row.id: row for row in knowledge.finding}
    for table in ("graded", "graded_leak"):
        for number, row in enumerate(getattr(knowledge, table)):
            finding = index.get(row.finding)
            where = place(table, number, row.finding)
            if finding is None:
                continue
            if not knowledge.is_graded(finding):
                message, remedy = "is present or absent; it belongs in links.csv.", "Move it there."
                found.add("not_graded", where, message, remedy)
            elif len(row.frequencies) != len(finding.values):
                message = (
                    f"has {len(row.frequencies)} frequencies for {len(finding.values)} grades."
                )
                found.add("bad_share", where, message, "Give one for each grade, lowest first.")
            elif abs(sum(row.frequencies) - 100) > SLACK:
                message = f"its frequencies add to {sum(row.frequencies):g}, not 100."
                found.add("bad_share", where, message, "Make them add to 100.")
            elif table == "graded_leak" and row.frequencies[0] <= 50:
                message = "a leak lies almost wholly on the lowest grade, which stands first."
                found.add("bad_share", where, message, "Put the largest share first.")
    for finding in index.values():
        stated = any(row.finding == finding.id for row in knowledge.graded)
        if knowledge.is_graded(finding) and not stated:
            message = f"has no row for {finding.id}: no average row could stand in."
            found.add("missing_row", "graded.csv", message, "State it for at least one condition.")


def _shares(knowledge: KnowledgeBase, found: Found) -> None:
    for setting in SETTINGS:
        for prefix in ("age=", "sex="):
            rows = [row for row in knowledge.prevalence if row.id.startswith(prefix)]
            total = sum(getattr(row, setting) for row in rows)
            if rows and abs(total - 1000) > SLACK:
                message = f"column {setting}: the {prefix[:-1]} rows add to {total:g}, not 1,000."
                found.add("bad_share", "prevalence.csv", message, "Make them add to 1,000.")
    even = Counter(row.even for row in knowledge.pretest).most_common(1)
    for number, row in enumerate(knowledge.pretest):
        if row.id != "unnamed" and row.even != even[0][0]:
            message = f"column even: {row.even:g} where the other conditions have {even[0][0]:g}."
            where = place("pretest", number, row.id)
            found.add("bad_share", where, message, "Make it the same: this setting is even.")


def _bands(knowledge: KnowledgeBase, found: Found) -> None:
    if tuple(row.id for row in knowledge.age_band) != BANDS:
        message = f"the age bands must be {', '.join(BANDS)}, as leaks.csv and age_sex.csv have."
        found.add("bad_bands", "settings.toml [[age_band]]", message, "Restore their ids.")
    expected = 0
    for number, band in enumerate(knowledge.age_band):
        if band.start != expected or band.end <= band.start:
            message = f"must start at {expected} and end later."
            found.add("bad_bands", place("age_band", number, band.id), message, "Close the gap.")
        expected = band.end
    if knowledge.age_band and expected != MAX_AGE:
        where = place("age_band", len(knowledge.age_band) - 1, knowledge.age_band[-1].id)
        message = f"the last age band must end at {MAX_AGE}."
        found.add("bad_bands", where, message, f"Write end = {MAX_AGE}.")


def _contexts(knowledge: KnowledgeBase, found: Found) -> None:
    index = {row.id: row for row in knowledge.binary_contexts}
    for number, row in enumerate(knowledge.context):
        if not row.implies:
            continue
        where = place("context", number, row.id)
        other = index.get(row.implies)
        if other is None:
            found.unknown(where, "implies", row.implies, index)
        elif other.implies:
            message = f"{other.id} implies another itself; one step is allowed."
            found.add("too_deep", where, message, "Empty one of the two cells.")
    for number, link in enumerate(knowledge.context_link):
        rate = knowledge.scale.rate.get(link.word)
        if link.basis == "supplement" and rate is not None and rate.rate < 3:
            found.add(
                "weak_supplement",
                place("context_link", number, f"{link.context}, {link.condition}"),
                "a rate below 3 that no document states costs more than it says.",
                "Remove it.",
            )


def _cycles(knowledge: KnowledgeBase, found: Found) -> None:
    causes: dict[str, set[str]] = {}
    for row in knowledge.condition_link:
        causes.setdefault(row.condition, set()).add(row.cause)
    for number, row in enumerate(knowledge.condition_link):
        seen: set[str] = set()
        front = {row.cause}
        while front:
            seen |= front
            front = set().union(*(causes.get(one, set()) for one in front)) - seen
        where = place("condition_link", number, f"{row.cause}, {row.condition}")
        if row.condition in seen:
            found.add("cycle", where, "leads back to its own cause.", "Break the circle.")
        elif sum(len(causes.get(one, ())) for one in {row.condition, *seen}) > MAX_CAUSES:
            message = f"makes more than {MAX_CAUSES} links that lead to {row.condition}."
            found.add("too_many_causes", where, message, "Keep the strongest.")


def _windows(knowledge: KnowledgeBase, found: Found) -> None:
    import numpy as np

    for setting in SETTINGS:
        rows = {row.id: getattr(row, setting) / 1000 for row in knowledge.pretest}
        unnamed = rows.pop("unnamed", None)
        if unnamed is None or not rows:
            continue
        low, high, overlap = window(np.array(list(rows.values())), unnamed)
        where = f"pretest.csv column {setting}"
        if not low < unnamed < high:
            largest = max(rows, key=lambda name: rows[name])
            remedy = f"Move the unnamed row inside, or lower the largest row ({largest})."
            message = (
                f"no base rates exist: the unnamed row is {1000 * unnamed:g} and must lie between "
                f"{1000 * low:.4g} and {1000 * high:.4g}."
            )
            found.add("no_solution", where, message, remedy)
        elif setting != "even" and not 0.05 <= overlap <= 0.25:
            message = f"the overlap is {1000 * overlap:.0f} of 1,000; 50 to 250 was aimed for."
            found.add("odd_overlap", where, message, "Check the largest rows.", level="warning")
