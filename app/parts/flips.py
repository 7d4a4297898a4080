"""The smallest changes that would put another cause first, or take a condition across a line."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import streamlit as st

from app import later, phrases
from app.assessing import Desk
from app.case import Case
from app.parts import cards
from app.parts.bars import bars
from app.reasons.changes import amount, number_words
from model.reasons.changes import Change, Changes, Edit, what_would_change

#: Changes shown of each kind.
SHOWN = 6

_ANY = "any other"


def finder(case: Case, desk: Desk, take: Callable[[str], None]) -> None:
    """Ask for the changes, and let one of a single item be taken for scenario B.

    Args:
        case: the case to start from.
        desk: the knowledge base.
        take: told `item=value` of a change that was pressed.
    """
    labels = {row.id: row.label for row in desk.knowledge.condition}
    with st.container(border=True, key="flips_card"):
        st.subheader("What would put another cause first?", anchor=False)
        st.caption(
            "The smallest changes of the case, everything else as it is. They tell what the "
            "ranking rests on; they are no advice to doubt what was found."
        )
        row = st.container(horizontal=True, vertical_alignment="bottom")
        wanted = row.selectbox(
            "Which cause", [_ANY, *sorted(labels, key=labels.__getitem__)], key="flip_condition",
            format_func=lambda name: labels.get(name, "Any other"), persist_state="session",
        )  # fmt: skip
        target = None if wanted == _ANY else wanted
        ours = row.checkbox("Our own numbers too (up to a minute)", key="flip_numbers")
        key = (cards.key_of(case), target, ours)
        if row.button("Look for them", key="flip", icon=":material/swap_vert:"):
            st.session_state["flips_wanted"] = key
        if st.session_state.get("flips_wanted") != key:
            return

        def work(cancelled: later.Cancelled, progress: later.Progress) -> Changes:
            return what_would_change(
                desk.reasoner(case), case.evidence(desk.vocabulary), condition=target,
                numbers=ours, progress=progress, cancelled=cancelled,
            )  # fmt: skip

        tried = "Every single change, every number" if ours else "Every single change"
        said = f"{tried} and the nearest pairs are being tried"
        found = cards.waited("flips", key, work, said)
        if found is not None:
            _show(found, desk, take, ours=ours)


def _show(found: Changes, desk: Desk, take: Callable[[str], None], *, ours: bool) -> None:
    labels = desk.knowledge.labels
    st.markdown(
        f"Now first: **{labels[found.leader]}**, {phrases.about(found.leader_probability)}."
    )
    singles = [_row(one, found, desk, open_it=True) for one in found.single[:SHOWN]]
    pairs = [_row(one, found, desk, open_it=False) for one in found.pairs[:SHOWN]]
    groups: list[dict[str, Any]] = [
        {"title": "One change", "note": "Press one to see it as B." if singles else
         f"None of the {found.singles_tried:,} computed is enough.", "rows": singles},
        {"title": "Two changes", "note": "" if pairs else
         f"None of {found.pairs_tried:,} pairs of the nearest is enough.", "rows": pairs},
    ]  # fmt: skip
    numbers: dict[str, Any] = (
        {"title": "One of our numbers", "note": "How far it would have to be from where it was "
         "put." if found.numbers else f"None of {found.numbers_varied:,} is enough by itself.",
         "rows": [
             {"id": f"number_{place}", "label": one.number.label,
              "value": phrases.about(one.first_probability),
              "sub": f"{number_words(one.number, desk.knowledge)} → "
              f"{amount(one.number, one.to)}: then first {labels[one.first]}"}
             for place, one in enumerate(found.numbers[:SHOWN])
         ]}
    )  # fmt: skip
    bars("flips_rows", [*groups, *([numbers] if ours else [])], take)
    if found.skipped:
        st.caption(f"{len(found.skipped)} changes could not be computed.")


def _row(one: Change, found: Changes, desk: Desk, *, open_it: bool) -> dict[str, Any]:
    labels = desk.knowledge.labels
    first = one.edits[0]
    row: dict[str, Any] = {
        "id": f"{first.item}={first.after}",
        "label": " and ".join(_edit(edit, desk) for edit in one.edits),
        "value": phrases.about(one.first_probability),
        "sub": f"then first {labels[one.first]}; {labels[found.leader]} "
        f"{phrases.about(one.leader_probability)}" + _chance(one.chance),
    }
    return row | ({"open": True} if open_it and "soft" not in (first.before, first.after) else {})


def _chance(chance: float) -> str:
    """How likely a change is, given the rest; nothing where it only takes something back."""
    if math.isnan(chance):
        return ". How likely that is was not computed"
    return "" if chance >= 1 else f". Given the rest, {phrases.about(chance)} are so"


def _edit(one: Edit, desk: Desk) -> str:
    before, after = (
        value if value == "unknown" else phrases.value_words(desk.knowledge, one.item, value)
        for value in (one.before, one.after)
    )
    return f"{one.label}: {before} → {after}"
