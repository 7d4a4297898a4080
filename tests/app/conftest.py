"""The knowledge base as the pages see it, and a page run in this process."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.assessing import Desk, desk
from app.case import Case

ROOT = Path(__file__).resolve().parents[2]
ENTRY = ROOT / "app" / "dashboard.py"


@pytest.fixture(scope="session")
def table() -> Desk:
    """The shipped knowledge base with its sheet and search."""
    return desk()


@pytest.fixture
def dashboard():
    """A session of the dashboard with some values entered."""

    def run(page: str = "", /, **values: str) -> AppTest:
        at = AppTest.from_file(str(ENTRY), default_timeout=120)
        at.session_state["case"] = Case(values)
        at.run()
        if page:
            at.switch_page(f"views/{page}.py").run()
        assert not at.exception
        return at

    return run


def boxes(at: AppTest) -> str:
    """The text of every box of red-flag colour."""
    return "\n".join(box.value for kind in (at.error, at.warning, at.info) for box in kind)
