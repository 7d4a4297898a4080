"""The assessment as one page of HTML to print: stamped, without scripts or outside requests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape

from app import phrases, sheet
from app.assessing import Desk
from app.case import Case
from app.note import stamp, story
from model.assessment import Assessment

_STYLE = """
body { font: 11pt/1.4 system-ui, sans-serif; margin: 1.5cm auto; max-width: 18cm; color: #111; }
h1 { font-size: 15pt; } h2 { font-size: 12pt; border-bottom: 1px solid #888; margin-top: 1.4em; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .15em .6em .15em 0;
vertical-align: top; } .flag { border: 2px solid #a00; padding: .5em .8em; } small { color: #444; }
"""


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    top = "".join(f"<th scope=col>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def page(
    case: Case, assessment: Assessment, desk: Desk, when: datetime, *, extra: Sequence[str] = ()
) -> str:
    """The report as a whole HTML document; `extra` are lines such as what would change it."""
    screening = assessment.screening
    labels = desk.knowledge.labels
    met = "".join(
        f"<li><b>{escape(s.rule.label)}.</b> {escape(phrases.rule_line(s))}</li>"
        for s in screening.met
    )
    unasked = desk.unasked(screening)
    asked = "; ".join(labels.get(item, item) for item in unasked)
    entered = [
        (label, value)
        for _, label, value, _ in sheet.chips(case.values, desk.knowledge, desk.sections)
    ]
    follows = [
        (labels.get(item, item), phrases.value_words(desk.knowledge, item, value))
        for item, value in assessment.evidence
        if item not in case.values
    ]
    parts = [
        f"<h1>{escape(story(case, desk))}</h1>",
        f"<p><small>{escape(stamp(assessment, desk, when))}<br>",
        f"{escape(phrases.PURPOSE)}</small></p>",
        f"<h2>Red flags</h2><div class=flag><b>{escape(phrases.headline(screening))}</b>",
        f"<ul>{met}</ul>{escape(phrases.rising(screening, len(unasked)))}</div>",
        f"<p>Unasked: {escape(asked) or 'none'}.</p>" if unasked else "",
        "<h2>Entered</h2>" + _table(("Item", "Answer"), entered),
    ]
    if follows:
        parts.append("<p>Follows from it:</p>" + _table(("Item", "Answer"), follows))
    if assessment.has_differential:
        unexplained = phrases.about(assessment.unexplained)
        groups = sorted(assessment.categories, key=lambda one: one.complement)
        parts.append(
            "<h2>Differential</h2><p>Several may be present: these need not add to 100 %.</p>"
            + _table(("Group", "Now"), [(g.label, phrases.about(g.probability)) for g in groups])
            + "<p></p>"
            + _table(
                ("Condition", "Before", "Now", ""),
                [
                    (
                        one.label,
                        phrases.about(one.pretest),
                        phrases.about(one.probability),
                        "must not be missed" if one.id in desk.cannot_miss else "",
                    )
                    for one in assessment.ranking
                ],
            )
            + f"<p>Nothing modelled explains it: {escape(unexplained)}.</p>"
        )
    else:
        parts.append(f"<p>No differential ({escape(assessment.status)}).</p>")
    parts += [f"<p>{escape(line)}</p>" for line in extra]
    body = "\n".join(part for part in parts if part)
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>paresis report</title>"
        f"<style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )
