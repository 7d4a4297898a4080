"""Why a condition stands where it does: for and against, what it does not explain, numbers."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from app import phrases, sources
from app.assessing import Desk
from app.case import Case
from app.parts import finding, state
from app.parts.bars import bars
from app.reasons.ledger import times
from model.errors import ParesisError
from model.reasons.coverage import coverages
from model.reasons.ledger import UNEXPLAINED, Account, Weight, accounts

#: A weight this large fills a bar: a thousand times likelier.
FULL = 3.0


def chooser(desk: Desk) -> None:
    """Why not ...? opens the reasons of any condition, however low it stands."""
    labels = {row.id: row.label for row in desk.knowledge.condition}
    ordered = sorted(labels, key=labels.__getitem__)
    st.session_state["w_opened"] = state.opened() if state.opened() in labels else None
    st.selectbox(
        "Why, or why not …?", ordered, format_func=labels.__getitem__, key="w_opened",
        placeholder="Any condition, however low", on_change=_opened,
    )  # fmt: skip


def _opened() -> None:
    st.session_state["opened"] = st.session_state.get("w_opened") or ""


def _account(case: Case, desk: Desk, name: str) -> Account:
    """The ledger; kept for the case at hand."""
    key = (tuple(case.values.items()), case.setting, case.basis, name)
    kept: dict[Any, Account] = st.session_state.setdefault("accounts", {})
    if key not in kept:
        if len(kept) > 20:
            kept.clear()
        reasoner = desk.reasoner(case)
        kept[key] = accounts(reasoner, case.evidence(desk.vocabulary), [name])[0]
    return kept[key]


def detail(case: Case, desk: Desk) -> None:
    """The reasons of the condition that is open."""
    name = state.opened()
    if not name:
        return
    with st.container(border=True, key="detail_card"):
        try:
            account = _account(case, desk, name)
        except ParesisError:
            st.caption("There are no reasons to show while there is no ranking.")
            return
        _head(account, desk)
        tabs = st.tabs(["For and against", "Explained or not", "Numbers and sources"])
        with tabs[0]:
            _ledger(account, desk)
        with tabs[1]:
            _coverage(case, desk, name)
        with tabs[2]:
            _numbers(case, desk, name)


def _head(account: Account, desk: Desk) -> None:
    head = st.container(horizontal=True, vertical_alignment="center")
    head.subheader(f"{account.label}", anchor=False, width="stretch")
    head.button(
        "Close", key="close_detail", type="tertiary", icon=":material/close:",
        on_click=state.open_condition, args=(account.id,),
    )  # fmt: skip
    place = desk.knowledge.condition_index.get(account.id)
    text = f"{phrases.about(account.pretest)} before → **{phrases.about(account.posttest)} now**"
    if place is not None:
        row = desk.knowledge.condition[place]
        text = f"{row.description} (ICD-10 {row.icd10})  \n{text}"
    elif account.id == UNEXPLAINED:
        text = f"None of the modelled conditions is present.  \n{text}"
    st.markdown(text)


def _words(one: Weight, desk: Desk) -> str:
    value = phrases.value_words(desk.knowledge, one.item, one.value)
    if one.item == "age":
        return f"Age: {value}"
    if one.value == "present":
        return one.label
    return f"no {phrases.lower(one.label)}" if one.value == "absent" else f"{one.label}: {value}"


def _ledger(account: Account, desk: Desk) -> None:
    if account.known:
        st.caption("It was entered as settled, so nothing weighs on it.")
        return
    weighed = [one for one in account.weights if one.state == "ok"]
    if not weighed:
        st.caption("Nothing was entered that could speak for or against it.")
        return
    loud = [one for one in weighed if times(one.weight) != times(0.0)]
    rows = [
        {"id": one.item, "label": _words(one, desk), "value": _times(one.weight),
         "weight": max(-1.0, min(1.0, one.weight / FULL)), **_opens(one, desk)}
        for one in loud
    ]  # fmt: skip
    note = (
        "Each entry given all the others: how much likelier it is if this is there than if it is "
        "not. Striped to the left against, solid to the right for; a full bar is a thousand times. "
        "The factors do not multiply to the whole. Press a finding for who else has it."
    )
    bars("ledger", [{"title": "", "note": note, "rows": rows}], state.open_finding)
    quiet = [_words(one, desk) for one in weighed if one not in loud]
    if quiet:
        st.caption(f"As likely either way: {'; '.join(quiet)}.")
    with st.expander("The same as a table"):
        st.table(
            [
                {
                    "Entry": _words(one, desk),
                    "Weight": _times(one.weight),
                    "Without it": phrases.about(one.before),
                    "With it": phrases.about(one.after),
                }
                for one in weighed
            ],
            alt=f"For and against {account.label}",
        )


def _opens(one: Weight, desk: Desk) -> dict[str, Any]:
    """What makes a line of the ledger lead to its finding; age, sex and diagnoses have none."""
    if one.item not in finding.asked_of(desk):
        return {}
    return {"open": True, "goes": "finding_card", "pressed": state.opened_finding() == one.item}


def _times(weight: float) -> str:
    return "not weighed" if math.isnan(weight) else times(weight)


def _coverage(case: Case, desk: Desk, name: str) -> None:
    if name not in desk.knowledge.condition_index:
        st.caption("Nothing modelled explains nothing in particular.")
        return
    try:
        found = coverages(desk.reasoner(case), case.evidence(desk.vocabulary), [[name]])[0]
    except ParesisError:
        st.caption("Not computed for these entries.")
        return
    st.caption("If this were the only condition:")
    total = len(found.explained) + len(found.unexplained)
    st.markdown(f"**It explains {len(found.explained)} of {phrases.number(total, 'finding')}.**")
    if found.explained:
        st.markdown("Explained: " + "; ".join(one.label for one in found.explained) + ".")
    if found.unexplained:
        st.markdown("**Left unexplained:** " + "; ".join(o.label for o in found.unexplained) + ".")
    if found.missing:
        lines = [f"{one.label} (in {phrases.about(one.probability)})" for one in found.missing]
        st.markdown("**Most such patients would also show:** " + "; ".join(lines) + ".")


def _numbers(case: Case, desk: Desk, name: str) -> None:
    if name not in desk.knowledge.condition_index:
        st.caption("It is what the 'unnamed cause' of the knowledge base stands for.")
        return
    entered = [item for item in case.values if item not in ("age", "sex")]
    rows = [row for row in desk.numbers if row.condition == name and row.item in entered]
    st.caption("The numbers behind what was entered; the rest stands under Knowledge.")
    if not rows:
        st.caption("No row ties what was entered straight to it: it moves by way of others.")
    for row in rows:
        share = f"{row.said}{row.among}"
        st.markdown(f"**{row.what}**: {row.word} ({share}). {row.basis}. *{row.reason}*")
    st.markdown(sources.pretest_line(desk.knowledge, name, case.setting))
