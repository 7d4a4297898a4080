"""What happens before any page: the engine is there, and a link's case is read once."""

from __future__ import annotations

import streamlit as st

from app.case import from_link
from app.parts import state
from model.compiled import compiled_before
from model.errors import InputError, KnowledgeError


def begin() -> None:
    """Open the knowledge base and read a case from the address, once."""
    try:
        desk = state.the_desk()
    except KnowledgeError as error:
        st.error("The knowledge base has mistakes; run `paresis check` on its folder.")
        for problem in error.problems[:20]:
            st.markdown(f"- {problem}")
        st.stop()
    if "begun" in st.session_state:
        return
    st.session_state["begun"] = True
    text = st.query_params.get("case", "")
    if text:
        try:
            state.change(from_link(text, desk.vocabulary))
        except InputError:
            st.warning("The link does not hold a whole case; nothing was loaded.")
        del st.query_params["case"]  # what was read need not stand in the address any longer
    if not compiled_before():
        with st.spinner("First use: compiling the engine for this machine, under a minute."):
            state.assessment()
