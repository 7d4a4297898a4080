"""One patient under several sets of numbers, in plain lines."""

from __future__ import annotations

import math
import textwrap
from typing import Final

from app.reasons.ledger import wrap
from app.report import WIDTH, said
from model.knowledge import KnowledgeBase
from model.reasons.sources import Differential, SideBySide

#: Conditions shown for each set.
LEADING: Final = 3

#: The least change of a probability that is spoken of.
LEAST_CHANGE: Final = 0.01

MEANING: Final = (
    "IF A SOURCE WERE WRONG: the same patient without the rows that rest on one document alone, "
    "and without supplements. There the pretest table, leaks and rules stay as they are. The other "
    "settings come last: each has a pretest table of its own, so what moves there moves with who "
    "is asked, not with a source."
)

#: Said of a setting that is of no people.
OF_NOBODY: Final = "Every condition equally common: no probability for any patient."

_WHY: Final = {
    "refused": "refused: too wide",
    "failed": "failed",
    "stopped": "stopped before it was computed",
    "no_solution": "no base rates give the pretest table without these rows",
}


def side_by_side_lines(found: SideBySide, knowledge: KnowledgeBase) -> list[str]:
    """The leading conditions under each set of numbers, and what moved most."""
    lines = textwrap.wrap(MEANING, WIDTH)
    settings: dict[str, str] = {row.id: row.label for row in knowledge.setting}
    titles = {row.id: f"Without {row.id}, {row.title}" for row in knowledge.source}
    titles |= {"base": f"{settings[found.setting]}, as assessed", "documents": "No supplements"}
    taught = {row.id for row in knowledge.setting if not row.age_and_sex}
    if found.setting in taught:
        lines += wrap(
            f"All in setting {settings[found.setting]} but where another is named. {OF_NOBODY}"
        )
    for one in found.differentials:
        title = titles.get(one.id) or f"Setting {settings[one.id]}, its own pretest table"
        rows = f" ({one.left_out} rows fewer)" if one.left_out else ""
        lines += wrap(f"{title}{rows}")
        if one.id in taught and one.state == "ok":
            lines += _indent(f"{OF_NOBODY} {_order(one, knowledge)}")
            continue
        lines += _indent(_leading(one, knowledge))
        if one.kind == "base" or one.state != "ok":
            continue
        name, change = found.moved(one)
        if abs(change) >= LEAST_CHANGE:
            before, after = found.base.conditions[name], one.conditions[name]
            lines += _indent(
                f"moved most: {knowledge.labels[name]}, {said(before)} -> {said(after)}"
            )
        else:
            lines += _indent("hardly anything moves")
    return lines


def _leading(one: Differential, knowledge: KnowledgeBase) -> str:
    if one.state != "ok" or math.isnan(one.unexplained):
        return _WHY[one.state]
    names = [
        f"{knowledge.labels[name]} {said(one.conditions[name])}" for name in one.ranking[:LEADING]
    ]
    return "; ".join([*names, f"nothing modelled {said(one.unexplained)}"])


def _order(one: Differential, knowledge: KnowledgeBase) -> str:
    """What leads, without numbers."""
    names = [knowledge.labels[name] for name in one.ranking[:LEADING]]
    return f"There lead: {'; '.join(names)}"


def _indent(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="      ", subsequent_indent="        ")
