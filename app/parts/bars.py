"""Bars with their words; rows that can be opened are buttons. A component of the browser."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent

_MOUNT = st.components.v2.component(
    "paresis_bars",
    html='<div id="root"></div>',
    css=(_HERE / "bars.css").read_text(encoding="utf-8"),
    js="".join((_HERE / name).read_text(encoding="utf-8") for name in ("morph.js", "bars.js")),
)


def bars(
    key: str, groups: list[dict[str, Any]], picked: Callable[[str], None] | None = None
) -> None:
    """Draw groups of rows.

    Args:
        key: of the component.
        groups: each with `title`, `note` and `rows`; a row has `id`, `label`, `value` (words); it
            may have `p` (0-1, the length of its bar) or `weight` (-1 to 1, left or right of a
            middle), `sub`, `tags`, `mark`, `low` and `high` (0-1), `spread` (both in words),
            `open` and `pressed`.
        picked: told the id of a row that was clicked.
    """
    seen: dict[str, int] = st.session_state.setdefault("seen_picks", {})

    def told() -> None:
        _hear(key, getattr(st.session_state.get(key), "picks", None) or [], picked)

    data = {"groups": groups, "seen": seen.setdefault(key, 0)}
    shown = _MOUNT(key=key, data=data, on_picks_change=told)
    # Streamlit may break a callback off when the next click is already there: then it is heard here
    if _hear(key, shown.picks or [], picked):
        st.rerun()


def _hear(
    key: str, picks: Sequence[Mapping[str, Any]], picked: Callable[[str], None] | None
) -> bool:
    """Tell of the rows pressed that were not heard yet; each is heard once."""
    seen: dict[str, int] = st.session_state["seen_picks"]
    heard = False
    for event in picks:
        number, row = event.get("n", 0), event.get("row")
        if isinstance(number, int) and number > seen.get(key, 0):
            seen[key] = number
            if picked is not None and isinstance(row, str):
                picked(row)
                heard = True
    return heard
