"""Red flags: the strip on top of everything, and the card above the ranking."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app import phrases
from app.assessing import Desk
from model.assessment import Assessment
from model.screening import RuleState

#: Questions named before "and more".
NAMED = 6

_BOX: dict[str, Callable[..., object]] = {
    "emergency": st.error,
    "immediate": st.warning,
    "appointment": st.info,
    "no_rule_met": st.info,
    "not_determined": st.info,
}
_ICON = {
    "emergency": ":material/emergency:",
    "immediate": ":material/priority_high:",
    "appointment": ":material/event:",
    "no_rule_met": ":material/check:",
    "not_determined": ":material/help:",
}


def strip(assessment: Assessment, desk: Desk) -> None:
    """One line that stays on top of the page, whatever else happens."""
    screening = assessment.screening
    unasked = desk.unasked(screening)
    with st.container(key="redflag_strip"):
        _BOX[screening.disposition](
            f"**{phrases.headline(screening)}**  \n{phrases.rising(screening, len(unasked))}",
            icon=_ICON[screening.disposition],
        )


def _met(state: RuleState, desk: Desk, *, many: bool) -> str:
    labels = desk.knowledge.labels
    because = []
    for atom in state.because:
        item, _, value = atom.partition(" = ")
        because.append(f"{labels.get(item, item)}{': ' + value.replace('_', ' ') if value else ''}")
    reason = f" Met by: {'; '.join(because)}." if many else ""
    return f"**{state.rule.label}.** {phrases.rule_line(state)}{reason}"


def card(assessment: Assessment, desk: Desk) -> None:
    """The rules met with what they rest on, and what would decide the others."""
    screening = assessment.screening
    met = screening.met
    now = frozenset(state.rule.id for state in met)
    read = now <= st.session_state.get("read", frozenset()) and bool(now)
    urgent = [state for state in met if state.rule.tier != "appointment"]
    with st.container(border=True, key="redflag_card"):
        head = st.container(horizontal=True, vertical_alignment="center")
        head.subheader("Red flags", anchor="red-flags", width="stretch")
        if met:
            head.button(
                "Show again" if read else "I have read this",
                key="read_flags",
                type="tertiary",
                icon=":material/expand_more:" if read else ":material/done:",
                on_click=_read,
                args=(frozenset() if read else now,),
            )
        if not met:
            pass
        elif read:
            names = " · ".join(state.rule.label for state in (urgent or met))
            st.markdown(f"**{phrases.number(len(met), 'rule')} met:** {names}")
        else:
            shown = urgent or list(met)
            st.markdown("\n".join(f"- {_met(s, desk, many=len(s.because) > 1)}" for s in shown))
            rest = [state for state in met if state not in shown]
            if rest:
                labels = "; ".join(state.rule.label for state in rest)
                st.caption(f"Also met, for a planned appointment: {labels}.")
        _pending(assessment, desk, short=read)


def brief(assessment: Assessment, desk: Desk) -> None:
    """The rules met and what they rest on, for narrow screens: the card stands further down."""
    screening = assessment.screening
    met = [state for state in screening.met if state.rule.tier != "appointment"]
    now = frozenset(state.rule.id for state in screening.met)
    with st.container(key="brief_flags"):
        if met and not now <= st.session_state.get("read", frozenset()):
            st.markdown("\n".join(f"- {_met(s, desk, many=len(s.because) > 1)}" for s in met))
            st.markdown("[Red flags in full](#red-flags)")


def _read(rules: frozenset[str]) -> None:
    st.session_state["read"] = rules


def _pending(assessment: Assessment, desk: Desk, *, short: bool) -> None:
    screening = assessment.screening
    unasked = desk.unasked(screening)
    labels = desk.knowledge.labels
    if short or (not unasked and screening.met):
        return
    if unasked:
        named = "; ".join(labels.get(item, item) for item in unasked[:NAMED])
        more = f"; and {len(unasked) - NAMED} more" if len(unasked) > NAMED else ""
        st.markdown(f"**Ask first:** {named}{more}.")
        return
    together = screening.questions(desk.bedside)
    if together:
        named = "; ".join(labels.get(item, item) for item in together[:NAMED])
        st.markdown(f"**Only in combination:** {named}.")
    else:
        st.markdown("Every bedside red-flag question was answered.")
