"""The network around the case as a drawing, with the same in words below it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.assessing import Desk
from app.case import Case
from app.network import Drawing, around
from app.reasons.ledger import times
from model.assessment import Assessment
from model.errors import ParesisError

_HERE = Path(__file__).parent

_MOUNT = st.components.v2.component(
    "paresis_network",
    html='<div id="root"></div>',
    css=(_HERE / "network.css").read_text(encoding="utf-8"),
    js=(_HERE / "network.js").read_text(encoding="utf-8"),
)


def network(case: Case, assessment: Assessment, desk: Desk) -> None:
    """Draw what is entered, the leading conditions, and what each does to each."""
    if not assessment.has_differential:
        st.caption("There is no ranking, so nothing can be drawn.")
        return
    try:
        drawing = around(case, assessment, desk)
    except ParesisError:
        st.caption("The weights of these entries could not be computed, so nothing is drawn.")
        return
    st.caption(
        "Thickness is how strongly an entry bears on a condition, given all other entries: solid "
        "speaks for it, dashed against it. Entries and conditions that hardly touch have no line."
    )
    if not case.values:
        st.markdown("Nothing is entered yet: only the leading conditions of the setting are drawn.")
    _MOUNT(key="network", data=_data(drawing))
    labels = {node.id: node.label for node in drawing.nodes}
    if drawing.edges:
        with st.expander("The same as a table"):
            st.table(
                [
                    {
                        "Entry": labels.get(edge.item, edge.item),
                        "Condition": labels[edge.condition],
                        "Makes it": times(edge.weight),
                    }
                    for edge in drawing.edges
                ],
                alt="What each entry does to each leading condition",
            )


def _data(drawing: Drawing) -> dict[str, object]:
    return {
        "rows": drawing.rows,
        "said": f"{len(drawing.edges)} lines between what is entered and the leading conditions",
        "nodes": [
            {"id": node.id, "label": node.label, "note": node.note, "column": node.column,
             "row": node.row, "kind": node.kind}
            for node in drawing.nodes
        ],
        "edges": [
            {"item": edge.item, "condition": edge.condition, "width": edge.width,
             "against": edge.weight < 0}
            for edge in drawing.edges
        ],
    }  # fmt: skip
