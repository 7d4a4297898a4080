"""The ranked differential: causes by group, conditions, and what must not be missed."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import phrases
from app.assessing import Desk
from app.case import Case
from app.parts import cards, state
from app.parts.bars import bars
from app.reasons.doubt import between
from model.assessment import Assessment, Ranked
from model.reasons.doubt import Doubt

#: Rows shown before "all".
CATEGORIES = 4
CONDITIONS = 7
PINNED = 4

OVERLAP = "Several causes may be present together, so these need not add to 100 %."


def _category_rows(assessment: Assessment, *, everything: bool) -> list[dict[str, Any]]:
    ranked = sorted(assessment.categories, key=lambda one: one.complement)
    shown = ranked if everything else ranked[:CATEGORIES]
    return [
        {"id": one.id, "label": one.label, "value": phrases.about(one.probability),
         "p": one.probability}
        for one in shown
    ]  # fmt: skip


def condition_row(assessment: Assessment, desk: Desk, one: Ranked) -> dict[str, Any]:
    """A condition with its bar, its pretest as a mark, and what is still unasked of it."""
    tags = []
    if one.id in desk.cannot_miss and one.known < 0:
        tags.append("must not be missed")
    moved = f"{phrases.about(one.pretest)} before → {phrases.about(one.probability)} now"
    if one.known >= 0:
        moved = "settled: entered as " + ("confirmed" if one.known else "excluded")
    elif tags:
        count = desk.open_flags(assessment.screening, one.id)
        moved += f" · not excluded; {_unasked(count)}"
    return {
        "id": one.id,
        "label": one.label,
        "value": phrases.about(one.probability),
        "p": one.probability,
        "mark": one.pretest,
        "sub": moved,
        "tags": tags,
        "open": True,
        "goes": "detail_card",
        "pressed": state.opened() == one.id,
    }


def _unasked(count: int) -> str:
    return f"{phrases.number(count, 'red flag')} unasked" if count else "its red flags were asked"


def _pinned_row(assessment: Assessment, desk: Desk, one: Ranked) -> dict[str, Any]:
    count = desk.open_flags(assessment.screening, one.id)
    return {
        "id": one.id,
        "label": one.label,
        "value": phrases.about(one.probability),
        "p": one.probability,
        "mark": one.pretest,
        "sub": f"not excluded; {_unasked(count)}",
        "open": True,
        "goes": "detail_card",
        "pressed": state.opened() == one.id,
    }


def _ranged(rows: list[dict[str, Any]], found: Doubt | None) -> list[dict[str, Any]]:
    """Rows with the interval that the numbers bear, when it is there."""
    if found is None:
        return rows
    ranges = {one.id: (one.low, one.high) for one in (*found.conditions, *found.categories)}
    for row in rows:
        low, high = ranges.get(row["id"], (0.0, 0.0))
        if high > low:
            row["low"], row["high"] = low, high
            row["spread"] = between(low, high)
    return rows


def ranking(case: Case, assessment: Assessment, desk: Desk) -> None:
    """Draw the differential, or say why there is none."""
    with st.container(border=True, key="ranking_card"):
        head = st.container(horizontal=True, vertical_alignment="center")
        head.subheader("Differential", anchor="differential", width="stretch")
        everything = head.toggle("Show all", key="show_all", persist_state="session")
        if not assessment.has_differential:
            no_ranking(assessment)
            return
        if assessment.setting == "even":
            st.caption("Even setting, for teaching: no probability for any patient.")
        doubt = cards.known_doubt(case)
        ranked = assessment.ranking
        shown = ranked if everything else ranked[:CONDITIONS]
        names = frozenset(one.id for one in shown)
        rest = desk.pinned(assessment, names)
        groups: list[dict[str, Any]] = [
            {"title": "Causes by group", "note": OVERLAP,
             "rows": _ranged(_category_rows(assessment, everything=everything), doubt)},
            {"title": "Conditions", "note": "Press one for what speaks for and against it. The "
             "upright line marks where it stood before anything was entered.",
             "rows": [
                *_ranged([condition_row(assessment, desk, one) for one in shown], doubt),
                {"id": "unexplained", "label": "Nothing modelled explains it",
                 "value": phrases.about(assessment.unexplained), "p": assessment.unexplained,
                 "kind": "muted", "open": True, "goes": "detail_card",
                  "pressed": state.opened() == "unexplained"},
             ]},
        ]  # fmt: skip
        if rest:
            more = len(rest) - PINNED
            others = f" and {more} more under “Show all”" if more > 0 else ""
            groups.append({
                "title": f"Must not be missed: lower, not excluded{others}",
                "rows": [_pinned_row(assessment, desk, one) for one in rest[:PINNED]],
            })  # fmt: skip
        bars("ranking", groups, state.open_condition)
        cards.steadiness(case, doubt)
        if assessment.conflict > phrases.CONFLICT:
            st.caption(
                "The findings agree poorly with each other under this model: an entry may be "
                "wrong, or more than one cause may be present."
            )


_WHY = {
    "error": "The entries contradict each other, so nothing is ranked. The red flags above stand.",
    "refused": "This combination needs more computing than the limit, so nothing is ranked "
    "rather than guessed. The red flags above are complete.",
    "failed": "The ranking failed. The red flags above are complete.",
}


def no_ranking(assessment: Assessment) -> None:
    """Why there are no probabilities."""
    st.warning(_WHY.get(assessment.status, "There is no ranking."), icon=":material/block:")
    for remark in assessment.remarks:
        if remark.level == "error":
            st.markdown(f"- {remark.text}")
    if assessment.status == "refused":
        st.caption(assessment.message)


def reading(assessment: Assessment) -> None:
    """How the entries were read, when that is worth a word."""
    told = [remark for remark in assessment.remarks if remark.level != "error"]
    loud = [r for r in told if r.level == "warning" or r.code in {"under_16", "already_said"}]
    for remark in loud:
        st.caption(f":material/info: {remark.text}")


def brief(assessment: Assessment) -> None:
    """The leading causes in a line, for narrow screens, where the ranking stands further down."""
    with st.container(key="brief"):
        if not assessment.has_differential:
            return
        said = " · ".join(
            f"{one.label.partition(' (')[0]} {phrases.about(one.probability)}"
            for one in assessment.ranking[:3]
        )
        st.markdown(f"**Leading now:** {said}. [Whole differential](#differential)")


def signs(assessment: Assessment, desk: Desk, values: dict[str, str]) -> None:
    """Entered signs by kind, beside the sites of the leading causes."""
    senses: dict[str, list[str]] = {}
    for row in desk.knowledge.finding:
        value = values.get(row.id, "")
        if row.sense and value in ("present", "absent"):
            mark = "✓" if value == "present" else "✕ no"
            label = row.label if value == "present" else phrases.lower(row.label)
            senses.setdefault(row.sense, []).append(f"{mark} {label}")
    if not senses or not assessment.sites:
        return
    sites = sorted(assessment.sites, key=lambda one: one.complement)[:4]
    with st.container(border=True, key="signs_card"):
        st.subheader("Where is the lesion?", anchor=False)
        left, right = st.columns(2)
        with left:
            for sense, found in senses.items():
                name = phrases.SENSES.get(sense, sense)
                st.markdown(f"**{name}**  \n" + "  \n".join(found))
        with right:
            rows = [
                {"id": one.id, "label": one.label, "value": phrases.about(one.probability),
                 "p": one.probability}
                for one in sites
            ]  # fmt: skip
            bars("sites", [{"title": "Sites of the likely causes", "rows": rows}])
