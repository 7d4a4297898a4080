"""Who has a finding, how often, and by whom it is said."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from app import phrases, sources
from app.assessing import Desk
from app.parts import state
from app.parts.bars import bars
from model.assessment import Assessment

#: Causes shown before "all".
CAUSES = 8


def asked_of(desk: Desk) -> dict[str, str]:
    """What can be asked for: findings and background items, with their labels."""
    kb = desk.knowledge
    found = {row.id: row.label for row in kb.finding}
    return found | {row.id: row.label for row in kb.binary_contexts}


def chooser(desk: Desk, values: dict[str, str]) -> None:
    """Who has ...? opens a finding; those entered stand first."""
    labels = asked_of(desk)
    ordered = sorted(labels, key=lambda name: (name not in values, labels[name]))
    st.session_state["w_finding"] = state.opened_finding() or None
    st.selectbox(
        "Who has …?", ordered, format_func=labels.__getitem__, key="w_finding",
        placeholder="Any finding", on_change=_opened,
    )  # fmt: skip


def _opened() -> None:
    st.session_state["opened_finding"] = st.session_state.get("w_finding") or ""


def card(assessment: Assessment, desk: Desk) -> None:
    """The causes of the finding that is open, how often each shows it, and where that is said."""
    name = state.opened_finding()
    labels = asked_of(desk)
    if name not in labels:
        return
    found = sources.who_has(desk.numbers, name)
    now = {one.id: one.probability for one in assessment.ranking}
    with st.container(border=True, key="finding_card"):
        head = st.container(horizontal=True, vertical_alignment="center")
        head.subheader(f"Who has: {phrases.lower(labels[name])}", anchor=False, width="stretch")
        head.button(
            "Close", key="close_finding", type="tertiary", icon=":material/close:",
            on_click=state.open_finding, args=(name,),
        )  # fmt: skip
        st.caption(desk.questions.get(name, ""))
        everything = len(found) <= CAUSES or st.toggle("All causes", key="finding_all")
        rows = [_row(one, desk, now) for one in (found if everything else found[:CAUSES])]
        if rows:
            note = "How often each shows it, by itself. Press one for what speaks for and against."
            bars("finding", [{"title": "", "note": note, "rows": rows}], state.open_condition)
        else:
            st.caption("No modelled cause is linked with it by itself.")
        if leak := sources.leak_line(desk.knowledge, name):
            st.caption(leak)


def _row(one: sources.Number, desk: Desk, now: dict[str, float]) -> dict[str, Any]:
    labels = desk.knowledge.labels
    stands = f" It stands at {phrases.about(now[one.condition])}." if one.condition in now else ""
    told = f" ({one.said}{one.among})" if one.among else ""
    row: dict[str, Any] = {
        "id": one.condition,
        "label": labels[one.condition],
        "value": phrases.about(one.share) if one.among else one.said,
        "sub": f"{one.word[0].upper()}{one.word[1:]}{told}. {one.basis}. {one.reason}.{stands}",
        "open": True,
        "goes": "detail_card",
        "pressed": state.opened() == one.condition,
    }
    if not math.isnan(one.share):
        row["p"] = one.share
    return row
