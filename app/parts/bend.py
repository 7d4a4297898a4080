"""If a source or a number were wrong: rows left out, or one number bent; nothing is ever saved."""

from __future__ import annotations

import math
from collections.abc import Mapping

import streamlit as st

from app import later, phrases
from app.assessing import Desk
from app.case import Case
from app.difference import Move
from app.parts import cards
from app.parts.bars import bars
from app.parts.moves import NOTE, move_rows
from app.reasons.changes import amount, number_words
from model.errors import TooWideError
from model.reasons.leans import leading
from model.reasons.sensitivity import Bench, Variation, variations
from model.reasons.sources import SideBySide, without_sources
from model.reasons.worth import CONDITIONS, Field

#: How often a number can be doubled or halved.
TIMES = range(-4, 5)

_WHY = {
    "refused": "too wide to compute",
    "failed": "could not be computed",
    "stopped": "was not computed",
    "no_solution": "has no base rates that give the pretest table without these rows",
}

_KINDS = {
    "link": "how often it shows",
    "context_finding": "how often it brings it",
    "leak": "how often it is there",
    "grade": "share of this grade",
    "rate": "how many times as often",
    "age_sex": "how many times as often at this age or in this sex",
    "condition_link": "how often one brings about the other",
    "pretest": "of people with weak legs",
    "unnamed": "of people with weak legs, in how many nothing else",
}


def _effect(
    key: str, before: Mapping[str, float], after: Mapping[str, float], labels: Mapping[str, str]
) -> None:
    """What moved, and who is first then."""
    first, then = max(before, key=before.__getitem__), max(after, key=after.__getitem__)
    same = "still first" if first == then else "then first"
    st.markdown(f"**{labels.get(then, then)}** is {same}: {phrases.about(after[then])}.")
    rows = move_rows([Move(n, labels.get(n, n), before[n], after[n]) for n in before])
    if rows:
        bars(key, [{"title": "", "note": NOTE, "rows": rows}])
    else:
        st.caption("No condition moves by half a per cent or more.")


def switches(case: Case, desk: Desk) -> None:
    """The case without the rows of one document, without supplements, in the other settings."""

    def work(cancelled: later.Cancelled, progress: later.Progress) -> SideBySide:
        return without_sources(
            desk.knowledge, case.evidence(desk.vocabulary), setting=case.setting,
            basis=case.basis, progress=progress, cancelled=cancelled,
        )  # fmt: skip

    found = cards.waited("sources", cards.key_of(case), work, "Each source is left out in turn")
    if found is None:
        return
    titles = {row.id: f"Without {row.id}: {row.title}" for row in desk.knowledge.source}
    titles |= {"documents": "Without supplements (documents only)"}
    titles |= {row.id: f"Setting: {row.label}" for row in desk.knowledge.setting}
    others = {one.id: one for one in found.differentials[1:]}
    name = st.radio(
        "Leave out", list(others), format_func=lambda one: titles.get(one, one), key="switch",
        persist_state="session",
    )  # fmt: skip
    other = others[name]
    if other.state != "ok":
        st.warning(f"This case {_WHY.get(other.state, 'could not be computed')}.")
        return
    if other.left_out:
        st.caption(
            f"{phrases.number(other.left_out, 'row')} left out. Pretest, leaks and rules stay."
        )
    _effect("switched", found.base.conditions, other.conditions, desk.knowledge.labels)


def _title(one: Variation, desk: Desk) -> str:
    number = one.number
    kind = _KINDS.get(number.kind, number.file)
    return f"{number.label}: {number_words(number, desk.knowledge)} ({kind})"


def _numbers(
    case: Case, desk: Desk, cancelled: later.Cancelled, progress: later.Progress
) -> tuple[Bench, tuple[Variation, ...]]:
    """The numbers that take part, those first on which the leader leans most."""
    reasoner, evidence = desk.reasoner(case), case.evidence(desk.vocabulary)
    bench = Bench.of(reasoner, evidence)
    places = leading(Field.of(reasoner, evidence, CONDITIONS), bench.now.present)
    varied, _ = variations(bench, places, progress=progress, cancelled=cancelled)
    return bench, tuple(sorted(varied, key=lambda one: -abs(one.slope(places[0]))))


def bend(case: Case, desk: Desk) -> None:
    """One number higher or lower, all others kept, and what comes of it."""

    def work(
        cancelled: later.Cancelled, progress: later.Progress
    ) -> tuple[Bench, tuple[Variation, ...]]:
        return _numbers(case, desk, cancelled, progress)

    ready = cards.waited(
        "numbers", cards.key_of(case), work, "The numbers that take part are being looked for"
    )
    if ready is None:
        return
    bench, found = ready
    place = st.selectbox(
        "A number that takes part, those that the leader leans on most first", range(len(found)),
        format_func=lambda i: _title(found[i], desk), key="bend_number",
    )  # fmt: skip
    one = found[place]
    steps = st.select_slider(
        "Its odds (or rate), all other numbers kept", list(TIMES), value=0, key=f"bend_{place}",
        format_func=_factor,
    )  # fmt: skip
    low, high = one.ends
    x = one.back(one.step(one.x) + steps * math.log(2.0))
    x = x if one.line else min(max(x, low), high)
    try:
        bent = one.at(x).probability
    except TooWideError:
        st.warning("With this value the case is too wide to compute.")
        return
    names = [row.id for row in desk.knowledge.condition]
    was, would_be = amount(one.number, one.number.value), amount(one.number, one.value(x))
    st.markdown(f"From **{was}** to **{would_be}**. Nothing is saved.")
    before = dict(zip(names, bench.now.probability.tolist(), strict=True))
    after = dict(zip(names, bent.tolist(), strict=True))
    _effect("bent", before, after, desk.knowledge.labels)


def _factor(steps: int) -> str:
    if steps == 0:
        return "as it is"
    return f"{2 ** abs(steps)} times {'higher' if steps > 0 else 'lower'}"
