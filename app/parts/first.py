"""The first screen: who, and the pattern of the weakness; and the box that finds any item."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from app import search
from app.assessing import Desk
from app.case import Case, answered
from app.parts import state

PATTERN = ("onset", "laterality", "severity", "duration")

_LABELS = {
    "onset": "Onset",
    "laterality": "Where",
    "severity": "At its worst",
    "duration": "Since",
}


def _changed(item: str) -> None:
    value = st.session_state.get(f"w_{item}")
    state.answer({item: "" if value is None else str(value)})


def _setting() -> None:
    state.change(replace(state.case(), setting=st.session_state["w_setting"]))


def setting_field(desk: Desk, case: Case) -> None:
    """Whose legs are weak: the care setting."""
    labels = {row.id: row.label for row in desk.knowledge.setting}
    helps = " ".join(f"**{row.label}:** {row.description}" for row in desk.knowledge.setting)
    st.session_state["w_setting"] = case.setting
    st.selectbox(
        "Setting", list(labels), format_func=labels.__getitem__, key="w_setting", help=helps,
        on_change=_setting,
    )  # fmt: skip


def who(desk: Desk, case: Case) -> None:
    """Age, sex, setting, and the pattern."""
    values = case.values
    one, two, three = st.columns([1, 1.3, 1.7], gap="small")
    with one:
        age = values.get("age", "")
        st.session_state["w_age"] = round(float(age)) if age else None
        st.number_input(
            "Age", value=None, min_value=0, max_value=120, step=1, key="w_age", placeholder="years",
            on_change=_changed, args=("age",),
        )  # fmt: skip
    with two:
        st.session_state["w_sex"] = values.get("sex")
        st.segmented_control(
            "Sex", ("female", "male"), key="w_sex", on_change=_changed, args=("sex",), wrap=True
        )
    with three:
        setting_field(desk, case)
    places = [
        place for shares in ([1, 1.2], [1.15, 1]) for place in st.columns(shares, gap="small")
    ]
    shown = [item for item in PATTERN if item in desk.vocabulary.index]
    for place, item in zip(places, shown, strict=False):
        with place:
            _grades(desk, case, item)


def _grades(desk: Desk, case: Case, item: str) -> None:
    row = desk.knowledge.finding[desk.knowledge.finding_index[item]]
    helps = [part.strip() for part in row.grades_help.split("|")]
    words = {value: value.replace("_", " ") for value in row.values}
    text = "  \n".join(
        f"**{words[value]}**: {meaning}" for value, meaning in zip(row.values, helps, strict=False)
    )
    st.session_state[f"w_{item}"] = case.values.get(item)
    st.segmented_control(
        _LABELS.get(item, row.label), row.values, format_func=words.__getitem__, key=f"w_{item}",
        help=f"{row.question}  \n{text}", on_change=_changed, args=(item,), wrap=True,
    )  # fmt: skip


def _searched() -> None:
    desk = state.the_desk()
    query = str(st.session_state.get("w_search") or "")
    found = search.find(query, desk.candidates)
    st.session_state["emptied"] = True
    st.session_state["offers"] = ()
    if not query.strip():
        st.session_state["heard"] = ""
    elif found.best is not None:
        st.session_state["heard"] = _set(desk, found.best, absent=found.absent)
    elif found.offers:
        st.session_state["heard"] = "Which of these?"
        st.session_state["offers"] = tuple((one, found.absent) for one in found.offers)
    else:
        st.session_state["heard"] = (
            "No item is called like that. Try a plain word of it, or a code."
        )


def _set(desk: Desk, one: search.Candidate, *, absent: bool) -> str:
    value = one.value or ("absent" if absent else "present")
    entry = desk.entries.get(one.item)
    # of a measurement with several answers only what was named is known
    others = dict.fromkeys(entry.members, "") if entry is not None else {}
    changes = others | {one.item: value}
    state.change(answered(state.case(), changes))
    said = "" if one.value else f": {value}"
    return f"Entered: {one.label}{said}."


def _chosen(one: search.Candidate, absent: bool) -> None:  # noqa: FBT001 - called by a button
    st.session_state["heard"] = _set(state.the_desk(), one, absent=absent)
    st.session_state["offers"] = ()


def drawn() -> None:
    """The page was drawn to its end: the browser has emptied the box.

    A run that the next click breaks off may not have told it, so until then every run does.
    """
    st.session_state["emptied"] = False


def search_box() -> None:
    """Type a word and press Enter; a minus in front says absent."""
    if st.session_state.get("emptied"):
        st.session_state["w_search"] = ""
    st.text_input(
        "Add anything by name", key="w_search", on_change=_searched, icon=":material/search:",
        placeholder="brisk ⏎ present   ·   -brisk ⏎ absent",
        help="A label, a plain word or a code; Enter sets it present, a minus before it absent.",
    )  # fmt: skip
    heard = st.session_state.get("heard", "")
    offers = st.session_state.get("offers", ())
    # always a line, so that what stands below does not move
    st.caption(heard or "A word and Enter: present. With a minus before it: absent.")
    if offers:
        with st.container(horizontal=True, gap="small"):
            for number, (one, absent) in enumerate(offers):
                st.button(
                    f"{'✕ no ' if absent else ''}{one.label}", key=f"offer_{number}",
                    on_click=_chosen, args=(one, absent), disabled=absent and bool(one.value),
                )  # fmt: skip
