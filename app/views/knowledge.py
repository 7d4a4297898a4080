"""What the engine knows: conditions, findings, rules, sources, and what lies outside."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import streamlit as st

from app import phrases, sources
from app.parts import bend, flags, network, state
from model.knowledge import SETTINGS

desk = state.the_desk()
kb = desk.knowledge


def table(rows: Iterable[dict[str, Any]], alt: str) -> None:
    """A table to look through."""
    st.dataframe(list(rows), hide_index=True, alt=alt)


def numbers(found: list[sources.Number], alt: str) -> None:
    """Elicited numbers with word, place and reason, as text that can be read aloud."""
    table(
        (
            {
                "What": row.what,
                "Word": row.word,
                "Stands for": f"{row.said}{row.among}",
                "Says who": row.basis,
                "How sure": row.confidence,
                "Reason": row.reason,
            }
            for row in found
        ),
        alt,
    )


def conditions() -> None:
    """One condition with all its numbers."""
    labels = {row.id: row.label for row in kb.condition}
    name = st.selectbox(
        "Condition", sorted(labels, key=labels.__getitem__), format_func=labels.__getitem__,
        key="k_condition", persist_state="session",
    )  # fmt: skip
    row = kb.condition[kb.condition_index[name]]
    category = next(one.label for one in kb.category if one.id == row.category)
    sites = ", ".join(one.label for one in kb.site if one.id in row.sites)
    mark = " · **must not be missed**" if row.cannot_miss == "yes" else ""
    st.markdown(f"{row.description}  \n{category} · {sites} · ICD-10 {row.icd10}{mark}")
    pretest = next(one for one in kb.pretest if one.id == name)
    table(
        (
            {"Setting": one.label, "Of 1,000 with weak legs": f"{getattr(pretest, one.id):g}"}
            for one in kb.setting
            if one.id in SETTINGS
        ),
        "Pretest by setting",
    )
    st.caption(pretest.reason)
    rules = [rule.label for rule in kb.rule if name in rule.covers]
    if rules:
        st.markdown("**Red flags that cover it:** " + "; ".join(rules))
    numbers([one for one in desk.numbers if one.condition == name], f"Numbers of {row.label}")


def findings() -> None:
    """One finding: who has it, how often, and by whom it is said."""
    labels = {row.id: row.label for row in kb.finding} | {
        row.id: row.label for row in kb.binary_contexts
    }
    names = sorted(labels, key=labels.__getitem__)
    name = st.selectbox(
        "Finding or background", names, format_func=labels.__getitem__, key="k_finding",
        persist_state="session",
    )  # fmt: skip
    if name in kb.finding_index:
        row = kb.finding[kb.finding_index[name]]
        told = [row.question]
        if row.refines:
            told.append(f"Specifies: {labels.get(row.refines.partition('=')[0], row.refines)}.")
        if row.hpo:
            told.append(row.hpo)
        st.markdown("  \n".join(told))
        if leak := sources.leak_line(kb, name):
            st.caption(leak)
    else:
        context = next(one for one in kb.context if one.id == name)
        st.markdown(context.question)
    numbers([one for one in desk.numbers if one.item == name], f"Who has {labels[name]}")


def rules() -> None:
    """The red-flag rules."""
    for rule in kb.rule:
        where = "; ".join(rule.places) or "Supplement: good clinical practice"
        tier = phrases.TIERS[rule.tier]
        with st.expander(f"{rule.label}: {tier}"):
            st.markdown(f"**When:** `{rule.when}`")
            if rule.suggests:
                st.markdown(f"**Suggests:** {rule.suggests}")
            if rule.advice:
                st.markdown(f"**Advised:** {rule.advice}")
            st.markdown(f"**Where:** {where}")
            if rule.reason:
                st.caption(rule.reason)


def documents() -> None:
    """The sources, and where they disagree."""
    for source in kb.source:
        st.markdown(f"**{source.id}: {source.title}**  \n{source.notes}")
    st.subheader("Where the documents disagree, and how it was settled", anchor=False)
    for conflict in kb.conflict:
        with st.expander(conflict.topic):
            for said in conflict.statements:
                st.markdown(f"- **{said.place}:** {said.says}")
            st.markdown(f"**Settled:** {conflict.resolution}")
            st.caption(f"Effect: {conflict.effect}")


def outside() -> None:
    """What is not modelled, with the clue that should make one think of it."""
    st.markdown(
        "The engine cannot name these. When the clue fits, think of them whatever the ranking says."
    )
    st.table([{"Not modelled": row.label, "Clue": row.clue} for row in kb.outside],
             alt="Causes outside the model, with clues")  # fmt: skip


def this_case() -> None:
    """The network around the case on the table."""
    network.network(state.case(), state.assessment(), desk)


def wrong() -> None:
    """What comes of it if a source, or a number, were wrong; for the case on the table."""
    st.markdown("For the case as it is entered. Nothing is saved from here.")
    with st.container(border=True):
        st.subheader("If a source were wrong", anchor=False)
        bend.switches(state.case(), desk)
    with st.container(border=True):
        st.subheader("If one number were wrong", anchor=False)
        bend.bend(state.case(), desk)


VIEWS = {
    "Conditions": conditions,
    "Findings": findings,
    "Red-flag rules": rules,
    "Sources and conflicts": documents,
    "Outside the model": outside,
    "Around this case": this_case,
    "If it were wrong": wrong,
}
if state.case().values:
    flags.strip(state.assessment(), desk)
st.header("What it knows, and who says so", anchor=False)
st.caption(
    f"Knowledge {kb.digest[:12]} · {len(kb.condition)} conditions · {len(kb.finding)} findings · "
    f"{len(kb.binary_contexts)} background items · {len(desk.numbers):,} numbers · "
    f"{len(kb.rule)} red-flag rules"
)
view = st.segmented_control(
    "Look at", list(VIEWS), required=True, default="Conditions", key="k_view", wrap=True,
    label_visibility="collapsed",
)  # fmt: skip
VIEWS[view or "Conditions"]()
st.caption(phrases.PURPOSE)
