"""One patient: what is known on the left, red flags and the differential on the right."""

from __future__ import annotations

import streamlit as st

from app import phrases, sheet
from app.assessing import implied
from app.note import note, stamp
from app.parts import cards, detail, finding, first, flags, keep, ranking, state
from app.parts.checklist import checklist, chips_of, part_of

desk = state.the_desk()
case = state.case()
assessment = state.assessment()
follows = implied(assessment, case)
values = dict(case.values)

flags.strip(assessment, desk)
left, right = st.columns([1, 1], gap="medium")

# every part has its place, whatever is drawn first, and whether it is there or not, so that none
# below it loses its state; the ranking comes before the long sheet
with left:
    top, sheets = st.container(), st.container()
with right:
    places = [st.container() for _ in range(9)]

with top:
    with st.container(border=True, key="first_card"):
        first.who(desk, case)
        first.search_box()
    flags.brief(assessment, desk)
    ranking.brief(assessment)
    with st.container(key="chips_card"):
        checklist("chips", [chips_of(sheet.chips(values, desk.knowledge, desk.sections))])
        bar = st.container(horizontal=True, gap="small")
        bar.button(
            "Undo", key="undo", icon=":material/undo:", type="tertiary", on_click=state.undo,
            disabled=not st.session_state.get("past"),
        )  # fmt: skip
        bar.button(
            "New case", key="anew", icon=":material/restart_alt:", type="tertiary",
            on_click=state.start_anew, disabled=not values,
        )  # fmt: skip
with places[0]:
    flags.card(assessment, desk)
with places[1]:
    ranking.reading(assessment)
    ranking.ranking(case, assessment, desk)
with sheets:
    red, symptoms, background, examination, tests, diagnoses = desk.sections
    with st.container(border=True, key="flags_card"):
        st.subheader(f"{red.title}", anchor=False)
        st.caption(f"{red.note} One press is present, “no” absent, once more unknown again.")
        checklist("red_flags", [part_of(red, values, follows, folded=False)], red.lines)
    parts = [
        part_of(part, values, follows, folded=True)
        for part in (symptoms, background, examination, tests, diagnoses)
    ]
    lines = [line for part in desk.sections for line in part.lines]
    checklist("sheet", parts, lines)
    st.caption(
        "Keys in a row: arrows move, + present, - absent, Backspace clears. "
        "Tab goes to the next row."
    )
with places[2]:
    cards.next_question(case, assessment, desk)
with places[3]:
    one, two = st.columns(2, gap="small")
    with one:
        detail.chooser(desk)
    with two:
        finding.chooser(desk, values)
with places[4]:
    detail.detail(case, desk)
with places[5]:
    finding.card(assessment, desk)
with places[6]:
    cards.fit(case, assessment, desk)
with places[7]:
    ranking.signs(assessment, desk, values)
with places[8]:
    changing = cards.would_change(case, assessment, desk)
    with st.expander("Copy as note", key="note", icon=":material/content_copy:"):
        st.code(note(case, assessment, desk, extra=changing), language=None, wrap_lines=True)
    keep.keep(case, assessment, desk, changing)
    st.caption(f"{stamp(assessment, desk)}  \n{phrases.PURPOSE}")
cards.work_beside(case, assessment, desk)
first.drawn()
