"""Saving, loading and sharing a case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from app.assessing import Desk
from app.case import Case, from_json, to_json, to_link
from app.parts import state
from app.printed import page
from model.assessment import Assessment
from model.errors import InputError

WARNING = (
    "A link holds everything entered. It stays in the browser's history and wherever it is pasted. "
    "Make one only where patient data may go."
)


def _load(content: bytes) -> None:
    """Take a saved case as the case on the table, or say what is wrong with it."""
    try:
        state.change(from_json(content.decode("utf-8-sig"), state.the_desk().vocabulary))
        st.session_state["load_problems"] = ()
    except UnicodeDecodeError:
        st.session_state["load_problems"] = ("The file is not UTF-8 text.",)
    except InputError as error:
        st.session_state["load_problems"] = tuple(str(problem) for problem in error.problems)


def keep(case: Case, assessment: Assessment, desk: Desk, changing: Sequence[str]) -> None:
    """Save as a file, load one, print (with what would change the ranking), make a link."""
    with st.expander("Save, load, print, share", key="keep", icon=":material/save:"):
        row = st.container(horizontal=True)
        row.download_button(
            "Save case (JSON)", to_json(case), "case.json", "application/json", on_click="ignore",
            key="save_case", icon=":material/download:",
        )  # fmt: skip
        row.download_button(
            "Report to print (HTML)",
            lambda: page(case, assessment, desk, datetime.now().astimezone(), extra=changing),
            "report.html", "text/html", on_click="ignore", key="save_report",
            icon=":material/print:",
        )  # fmt: skip
        loads = st.session_state.get("loads", 0)
        upload = st.file_uploader(
            "Load a saved case", type="json", max_upload_size=1, key=f"load_{loads}"
        )
        if upload is not None:
            _load(upload.getvalue())
            st.session_state["loads"] = loads + 1  # an empty field for the next file
            st.rerun()
        for problem in st.session_state.get("load_problems", ()):
            st.warning(problem)
        if st.toggle("Make a link that restores this case", key="link_wanted"):
            st.caption(f":material/warning: {WARNING}")
            with st.container(key="link_code"):
                st.code(f"{_address()}?case={to_link(case)}", language=None, wrap_lines=True)


def _address() -> str:
    return str(st.context.url or "").partition("?")[0]
