"""What if: two scenarios side by side, one thing changed, and what moved."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from app import difference, phrases
from app.case import Case, answered
from app.parts import flags, flips, state
from app.parts.bars import bars
from app.parts.moves import LEAST, NOTE, move_rows
from app.parts.ranking import OVERLAP, no_ranking
from app.reasons.ledger import times
from model.assessment import Assessment
from model.reasons.scenarios import compare

#: Conditions of which it is said what moved them.
EXPLAINED = 3

desk = state.the_desk()
#: Band of age -> an age within it.
MIDDLE = {row.id: str(int(row.start + row.end) // 2) for row in desk.knowledge.age_band}
base = st.session_state.get("pinned") or state.case()
labels = desk.knowledge.labels
settings: dict[str, str] = {row.id: row.label for row in desk.knowledge.setting}
bases = {"all": "All sources", "documents": "Documents only"}


def pin() -> None:
    """Keep the case on the table as scenario A."""
    st.session_state["pinned"] = state.case()
    _forget()


def unpin() -> None:
    """Let scenario A be the case on the table again."""
    st.session_state["pinned"] = None
    _forget()


def _forget() -> None:
    for name in ("what_item", "what_value", "what_setting", "what_basis"):
        st.session_state.pop(name, None)


def use(case: Case) -> None:
    """Take scenario B as the case on the table."""
    state.change(case)
    st.session_state["pinned"] = None
    _forget()


def take(change: str) -> None:
    """Make a change that was found (`item=value`) the one thing that B changes."""
    item, _, value = change.partition("=")
    if item not in desk.vocabulary.index:
        return
    if desk.vocabulary.index[item].kind == "age" and value != "unknown":
        value = MIDDLE.get(value, "")
    st.session_state["what_item"] = item
    st.session_state[f"what_value_{item}"] = value or None


def options_of(item: str) -> list[str]:
    """What an item may be changed to, besides unknown."""
    one = desk.vocabulary.index[item]
    return list(MIDDLE.values()) if one.kind == "age" else list(one.values)


def variation() -> Case:
    """Scenario B: the case on the table when A is pinned, with the changes chosen here."""
    other = state.case()
    names = [item.id for item in desk.vocabulary.items]
    names.sort(key=lambda name: (name not in other.values, labels.get(name, name)))
    one, two = st.columns([2, 1.2])
    item = one.selectbox(
        "Change one thing", names, index=None, key="what_item", persist_state="session",
        format_func=lambda name: f"{labels[name]}{' (entered)' if name in other.values else ''}",
        placeholder="Any item: what if it were absent?",
    )  # fmt: skip
    if item:
        choices = ["unknown", *options_of(item)]
        value = two.segmented_control(
            "to", choices, key=f"what_value_{item}", persist_state="session", wrap=True,
            format_func=lambda word: phrases.value_words(desk.knowledge, item, word),
        )  # fmt: skip
        if value:
            entry = desk.entries.get(item)
            changes = {item: "" if value == "unknown" else value}
            if entry is not None and not entry.binary:
                told = [o.value for o in entry.options if dict(o.sets).get(item) == value]
                changes = entry.changes(told[0]) if told else changes
            other = answered(other, changes)
    one, two = st.columns(2)
    setting = one.selectbox(
        "Setting of B", list(settings), index=list(settings).index(other.setting),
        format_func=settings.__getitem__, key="what_setting",
    )  # fmt: skip
    basis = two.selectbox(
        "Basis of B", list(bases), index=list(bases).index(other.basis),
        format_func=bases.__getitem__, key="what_basis",
    )  # fmt: skip
    return replace(other, setting=setting, basis=basis)


def words(item: str, value: str) -> str:
    """An answer as one would say it."""
    return phrases.value_words(desk.knowledge, item, value) if value else "unknown"


def told(first: Case, second: Case) -> str:
    """In what two scenarios differ."""
    parts = [
        f"**{labels.get(item, item)}**: {words(item, before)} → {words(item, after)}"
        for item, before, after in difference.entered_apart(first, second)
    ]
    if first.setting != second.setting:
        parts.append(f"**Setting**: {settings[first.setting]} → {settings[second.setting]}")
    if first.basis != second.basis:
        parts.append(f"**Basis**: {bases[first.basis]} → {bases[second.basis]}")
    return "  \n".join(parts)


def side(name: str, one: Assessment) -> None:
    """One scenario: its red flags and its leading causes."""
    with st.container(border=True):
        st.subheader(f"{name}", anchor=False)
        st.markdown(f"**{phrases.headline(one.screening)}**")
        st.caption(phrases.rising(one.screening, len(desk.unasked(one.screening))))
        if not one.has_differential:
            no_ranking(one)
            return
        rows = [
            {"id": row.id, "label": row.label, "value": phrases.about(row.probability),
             "p": row.probability}
            for row in one.ranking[:6]
        ]  # fmt: skip
        rows.append({
            "id": "unexplained", "label": "Nothing modelled explains it", "kind": "muted",
            "value": phrases.about(one.unexplained), "p": one.unexplained,
        })  # fmt: skip
        bars(f"side_{name[0:10]}", [{"title": "", "rows": rows}])


def why(first: Case, second: Case, moves: tuple[difference.Move, ...]) -> None:
    """What moved the conditions that moved most: each item, and the setting's pretest."""
    named = [one.id for one in moves[:EXPLAINED] if abs(one.change) >= LEAST]
    if not named:
        return
    st.markdown("**Why it moved**")
    if (first.setting, first.basis) != (second.setting, second.basis):
        before = {one.id: one.pretest for one in state.assessment(first).conditions}
        after = {one.id: one.pretest for one in state.assessment(second).conditions}
        st.markdown("\n".join(
            f"- {labels[name]}: before anything is known {phrases.about(before[name])} in A, "
            f"{phrases.about(after[name])} in B" for name in named
        ))  # fmt: skip
    if first.values == second.values:
        return
    changed = {
        item: f"“{labels.get(item, item)}” from {words(item, old)} to {words(item, new)}"
        for item, old, new in difference.entered_apart(first, second)
    }
    found = compare(
        desk.reasoner(second),
        [one.evidence(desk.vocabulary) for one in (first, second)], names=named,
    )[0]  # fmt: skip
    st.markdown("\n".join(
        f"- {one.shift.label}: " + "; ".join(
            f"{changed.get(line.item, line.item)} makes it {times(line.weight)}"
            for line in one.items if line.state == "ok"
        ) for one in found.attributions if not one.known
    ))  # fmt: skip
    for rule, word in ((found.gained, "Now met"), (found.lost, "No longer met")):
        if rule:
            met = "; ".join(row.label for row in desk.knowledge.rule if row.id in rule)
            st.markdown(f"**{word}:** {met}")


flags.strip(state.assessment(), desk)
st.header("What if", anchor=False)
row = st.container(horizontal=True, vertical_alignment="center")
if st.session_state.get("pinned"):
    row.caption("A is pinned. Go on with the case, or change one thing here: that is B.")
    row.button("Unpin A", key="unpin", icon=":material/keep_off:", on_click=unpin)
else:
    row.caption("A is the case as entered. Change one thing: that is B.")
    row.button("Pin this case as A", key="pin", icon=":material/keep:", on_click=pin)
second_case = variation()
first, second = state.assessment(base), state.assessment(second_case)
apart = told(base, second_case)
if not base.values and not second_case.values:
    st.caption("Nothing is entered yet: both sides show the setting's pretest.")
left, right = st.columns(2, gap="medium")
with left:
    side("A: as it is", first)
with right:
    side("B: what if", second)
if apart:
    with st.container(border=True):
        st.subheader("What moved", anchor=False)
        st.markdown(apart)
        moves = difference.condition_moves(first, second)
        rows = move_rows(moves)
        groups = move_rows(difference.category_moves(first, second))
        if not first.has_differential or not second.has_differential:
            st.caption("One side has no ranking, so nothing can be compared.")
        elif rows or groups:
            bars("moved", [
                {"title": "Conditions", "note": NOTE, "rows": rows},
                {"title": "Causes by group", "note": OVERLAP, "rows": groups},
            ])  # fmt: skip
        else:
            st.caption("No condition moved by half a per cent or more.")
        if first.has_differential and second.has_differential:
            why(base, second_case, moves)
        st.button(
            "Take B as the case", key="use_b", icon=":material/check:", on_click=use,
            args=(second_case,), disabled=second_case == state.case(),
        )  # fmt: skip
if first.has_differential:
    flips.finder(state.case(), desk, take)
st.caption(phrases.PURPOSE)
