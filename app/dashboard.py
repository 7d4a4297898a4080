"""The dashboard's frame: the pages and what stands on all of them."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.parts import frame

PARTS = Path(__file__).parent / "parts"

st.set_page_config(
    page_title="paresis", page_icon=str(PARTS / "icon.png"), layout="wide",
    initial_sidebar_state="collapsed",
)  # fmt: skip
st.html(PARTS / "page.css")
chosen = st.navigation(
    [
        st.Page("views/case.py", title="Case", icon=":material/person:", default=True),
        st.Page("views/compare.py", title="What if", icon=":material/compare_arrows:"),
        st.Page("views/batch.py", title="Batch", icon=":material/table_rows:"),
        st.Page("views/knowledge.py", title="Knowledge", icon=":material/menu_book:"),
    ],
    position="top",
)
frame.begin()
chosen.run()
