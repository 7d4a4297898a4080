"""What one user's session holds: the case, its past, and what is open. Nothing is shared."""

from __future__ import annotations

from typing import Any, cast

import streamlit as st

from app.assessing import Desk, desk
from app.case import Case, answered
from model.assessment import Assessment

#: Steps that can be undone.
MOST_PAST = 50

#: Assessments kept for pages that look at the same case again.
MOST_KEPT = 8


def case() -> Case:
    """The case on the table."""
    return cast(Case, st.session_state.setdefault("case", Case()))


def change(new: Case) -> None:
    """Replace the case; the old one can be had back."""
    old = case()
    if new != old:
        st.session_state["past"] = [*st.session_state.get("past", []), old][-MOST_PAST:]
        st.session_state["case"] = new


def answer(answers: dict[str, str]) -> None:
    """Change some answers; an empty one clears."""
    change(answered(case(), answers))


def undo() -> None:
    """Take the last change back."""
    past = st.session_state.get("past", [])
    if past:
        st.session_state["case"] = past[-1]
        st.session_state["past"] = past[:-1]


def start_anew() -> None:
    """A blank case in the same setting; the old one can be had back."""
    now = case()
    change(Case(setting=now.setting, basis=now.basis))
    st.session_state["opened"] = ""
    st.session_state["opened_finding"] = ""
    st.session_state["read"] = frozenset()


def assessment(wanted: Case | None = None) -> Assessment:
    """The assessment of a case; computed once for each."""
    one = wanted or case()
    key = (tuple(one.values.items()), one.setting, one.basis)
    kept: dict[Any, Assessment] = st.session_state.setdefault("assessments", {})
    if key not in kept:
        kept[key] = desk().assess(one)
        while len(kept) > MOST_KEPT:
            del kept[next(iter(kept))]
    return kept[key]


def opened() -> str:
    """The condition whose reasons are open, or ""."""
    return str(st.session_state.get("opened", ""))


def open_condition(name: str) -> None:
    """Open a condition's reasons, or close them when they are open."""
    st.session_state["opened"] = "" if opened() == name else name


def opened_finding() -> str:
    """The finding of which one wants to know who has it, or ""."""
    return str(st.session_state.get("opened_finding", ""))


def open_finding(name: str) -> None:
    """Open a finding, or close it when it is open."""
    st.session_state["opened_finding"] = "" if opened_finding() == name else name


def the_desk() -> Desk:
    """The knowledge base."""
    return desk()
