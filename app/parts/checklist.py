"""Items to answer with one click or key, and chips to remove: a component of the browser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from app.case import answered, rest_absent
from app.parts import state
from app.sheet import Entry, Line, Section

_HERE = Path(__file__).parent

_MOUNT = st.components.v2.component(
    "paresis_checklist",
    html='<div id="root"></div>',
    css=(_HERE / "checklist.css").read_text(encoding="utf-8"),
    js="".join((_HERE / name).read_text(encoding="utf-8") for name in ("morph.js", "checklist.js")),
)

Implied = Mapping[str, tuple[str, str]]


def _item(entry: Entry, values: Mapping[str, str], implied: Implied) -> dict[str, Any]:
    value, why = implied.get(entry.id, ("", "")) if entry.binary else ("", "")
    return {
        "id": entry.id,
        "label": entry.label,
        "help": entry.question,
        "binary": entry.binary,
        "closes": entry.closes,
        "state": entry.answer(values),
        "implied": value,
        "why": f"said by: {why}" if why else "already said",
        "options": []
        if entry.binary
        else [{"value": one.value, "label": one.label} for one in entry.options],
    }


def _line(line: Line, values: Mapping[str, str], implied: Implied) -> dict[str, Any]:
    return {
        "id": line.id,
        "title": line.title,
        "closing": line.closing,
        "items": [_item(entry, values, implied) for entry in line.entries],
    }


def part_of(
    section: Section, values: Mapping[str, str], implied: Implied, *, folded: bool
) -> dict[str, Any]:
    """A section of the sheet as the component draws it."""
    return {
        "id": section.id,
        "title": section.title,
        "note": section.note,
        "folded": folded,
        "open": False,
        "lines": [_line(line, values, implied) for line in section.lines],
    }


def chips_of(chips: Sequence[tuple[str, str, str, str]]) -> dict[str, Any]:
    """What was entered as chips."""
    return {
        "title": "What was entered; press one to remove it",
        "empty": "Nothing entered yet. What is not entered is unknown, never absent.",
        "chips": [
            {"id": item, "label": label, "value": value, "state": kind}
            for item, label, value, kind in chips
        ],
    }


def checklist(key: str, parts: list[dict[str, Any]], lines: Sequence[Line] = ()) -> None:
    """Draw sections or chips; what is clicked changes the case before the page is drawn again."""
    by_id = {line.id: line for line in lines}
    _seen().setdefault(key, 0)

    def told() -> None:
        _apply(key, getattr(st.session_state.get(key), "events", None) or [], by_id)

    shown = _MOUNT(key=key, data={"parts": parts, "seen": _seen()[key]}, on_events_change=told)
    # Streamlit may break a callback off when the next click is already there: then it is heard here
    if _apply(key, shown.events or [], by_id):
        st.rerun()


def _seen() -> dict[str, int]:
    """The number of the last event heard of each component."""
    seen: dict[str, int] = st.session_state.setdefault("seen", {})
    return seen


def unheard() -> bool:
    """Whether a component has sent an answer that the case does not hold yet."""
    return any(
        isinstance(event.get("n"), int) and event["n"] > last
        for key, last in _seen().items()
        for event in getattr(st.session_state.get(key), "events", None) or []
    )


def _apply(key: str, events: Sequence[Mapping[str, Any]], lines: Mapping[str, Line]) -> bool:
    """Apply the events not heard yet, if any; what comes from a browser is checked.

    An event counts as heard once the case has changed. Hearing one twice does no harm, since each
    says what an item is to be.
    """
    desk, seen, now = state.the_desk(), _seen(), state.case()
    last = seen.get(key, 0)
    entries = desk.entries | {one.id: one for line in lines.values() for one in line.entries}
    for event in events:
        number = event.get("n", 0)
        if not isinstance(number, int) or number <= last:
            continue
        last = number
        line = lines.get(str(event.get("line", "")))
        item, value = str(event.get("item", "")), str(event.get("value", ""))
        entry = entries.get(item)
        if line is not None:
            known = [name for name, _ in desk.known(now)]
            open_items = [entry.id for entry in line.entries if entry.closes]
            now = rest_absent(now, open_items, known)
        elif entry is not None:
            now = answered(now, entry.changes(value))
        elif item in desk.vocabulary.index and not value:
            now = answered(now, {item: ""})
    if last == seen.get(key, 0):
        return False
    state.change(now)
    seen[key] = last
    return True
