"""Lists of what a knowledge base holds."""

from __future__ import annotations

from collections import Counter
from typing import Any

from model.knowledge import SETTINGS, KnowledgeBase
from model.vocabulary import Vocabulary


def vocabulary_template(knowledge: KnowledgeBase) -> str:
    """A CSV header with a column for every item."""
    names = ["id", "age", "sex"]
    names += [row.id for row in knowledge.binary_contexts]
    names += [row.id for row in knowledge.finding]
    return ",".join(names)


def vocabulary_json(knowledge: KnowledgeBase) -> dict[str, Any]:
    """Everything by id, with labels, questions and values."""
    vocabulary = Vocabulary.of(knowledge)
    return {
        "items": [
            {"id": item.id, "label": item.label, "kind": item.kind, "values": list(item.values)}
            for item in vocabulary.items
        ],
        "conditions": [row.model_dump(mode="json") for row in knowledge.condition],
        "contexts": [row.model_dump(mode="json") for row in knowledge.context],
        "findings": [row.model_dump(mode="json") for row in knowledge.finding],
        "categories": [row.model_dump(mode="json") for row in knowledge.category],
        "sites": [row.model_dump(mode="json") for row in knowledge.site],
        "rules": [row.model_dump(mode="json") for row in knowledge.rule],
        "knowledge_digest": knowledge.digest,
    }


def vocabulary_text(knowledge: KnowledgeBase) -> str:
    """Ids, labels and values, grouped."""
    lines: list[str] = []
    made = " (given as present or absent: a diagnosis already made or excluded)"
    for category in knowledge.category:
        lines += ["", f"CONDITIONS: {category.label}{made}"]
        lines += [
            f"  {row.id:<36} {row.label}"
            for row in knowledge.condition
            if row.category == category.id
        ]
    lines += ["", "CONTEXTS"]
    lines += [f"  {row.id:<44} {row.label}" for row in knowledge.context]
    for group in sorted(knowledge.group, key=lambda row: row.order):
        lines += ["", f"FINDINGS: {group.label}"]
        for row in knowledge.finding:
            if row.group == group.id:
                grades = f" [{' < '.join(row.values)}]" if knowledge.is_graded(row) else ""
                lines.append(f"  {row.id:<36} {row.label}{grades}")
    lines += ["", "RED-FLAG RULES"]
    lines += [f"  {row.id:<36} {row.tier:<12} {row.when}" for row in knowledge.rule]
    return "\n".join(lines[1:]) + "\n"


def knowledge_summary(knowledge: KnowledgeBase) -> str:
    """Counts, and the overlap of every pretest table, for approval."""
    links = Counter(row.basis for row in knowledge.link)
    contexts = Counter(row.basis for row in knowledge.context_link)
    rules = Counter(row.basis for row in knowledge.rule)
    lines = [
        f"knowledge {knowledge.digest[:12]}",
        (
            f"  {len(knowledge.condition)} conditions, {len(knowledge.category)} categories, "
            f"{len(knowledge.context)} contexts, {len(knowledge.finding)} findings"
        ),
        (
            f"  {links['documents']} finding links documented, {links['supplement']} supplements; "
            f"{contexts['documents']} context links documented, "
            f"{contexts['supplement']} supplements"
        ),
        (
            f"  {rules['documents']} rules documented, {rules['supplement']} supplements; "
            f"{len(knowledge.assertion)} assertions hold"
        ),
        "  of 1,000 people (T: sum of conditions; u: unnamed; overlap: T + u - 1000)",
    ]
    for setting in SETTINGS:
        rows = {row.id: getattr(row, setting) for row in knowledge.pretest}
        unnamed = rows.pop("unnamed", 0.0)
        total = sum(rows.values())
        lines.append(
            f"    {setting:<22} T {total:7.1f}   u {unnamed:5.0f}   "
            f"overlap {total + unnamed - 1000:6.1f}"
        )
    return "\n".join(lines) + "\n"
