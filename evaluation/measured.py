"""Measure what `docs/measured.md` says, and write it: `python -m evaluation.measured`.

Nothing here is tuned to the vignettes; a number that looks bad is written down as it is.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from evaluation.accuracy import Accuracy, Share, measure
from evaluation.reading import read_table
from evaluation.scoring import score_frame
from model.knowledge import BASES, SETTINGS, KnowledgeBase, load
from model.reasoner import Reasoner, open_reasoner
from model.screening import TIERS

VIGNETTES = Path(__file__).with_name("vignettes")
PAGE = Path(__file__).resolve().parent.parent / "docs" / "measured.md"

#: Labelled sets: file, columns that are not items.
LABELLED = {
    "published": ("published.csv", ("diagnosis", "benign", "source")),
    "documents": ("documents.csv", ("diagnosis", "rule", "rests_on")),
}


def _share(share: Share) -> str:
    return f"{share.hits}/{share.of} ({share.value:.0%}; {share.low:.0%}-{share.high:.0%})"


def _table(header: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> list[str]:
    lines = [" | ".join(header), " | ".join("---" for _ in header)]
    lines += [" | ".join(str(cell) for cell in row) for row in rows]
    return [f"| {line} |" for line in lines]


def knowledge_lines(knowledge: KnowledgeBase) -> list[str]:
    """Sizes of the tables, by basis."""
    rows: list[tuple[object, ...]] = []
    for name, label in (
        ("link", "condition to finding"),
        ("graded", "condition to graded finding (rows)"),
        ("context_link", "context to condition"),
        ("context_finding", "context to finding"),
        ("condition_link", "condition to condition"),
        ("age_sex", "age and sex"),
        ("rule", "red-flag rules"),
    ):
        by_basis = Counter(row.basis for row in getattr(knowledge, name))
        rows.append((label, by_basis["documents"], by_basis["supplement"]))
    used = Counter(row.use for row in knowledge.statement)
    said = ", ".join(f"{use.replace('_', ' ')} {count}" for use, count in sorted(used.items()))
    return [
        (
            f"{len(knowledge.condition)} conditions in {len(knowledge.category)} categories, "
            f"{len(knowledge.context)} contexts, {len(knowledge.finding)} findings, "
            f"{len(knowledge.rule)} rules, {len(knowledge.assertion)} assertions, "
            f"{len(knowledge.outside)} named causes outside the model."
        ),
        "",
        *_table(("links", "documents", "supplement"), rows),
        "",
        f"{len(knowledge.statement)} statements of the documents, by use: {said}.",
    ]


def accuracy_lines(knowledge: KnowledgeBase) -> list[str]:
    """Accuracy on every labelled set, by setting and basis."""
    rows: list[tuple[object, ...]] = []
    missed: list[str] = []
    for name, (file, keep) in LABELLED.items():
        frame = read_table(str(VIGNETTES / file))
        for basis in BASES:
            for setting in SETTINGS:
                reasoner = open_reasoner(knowledge, setting=setting, basis=basis)
                found = measure(frame, reasoner, keep=keep)
                rows.append(_accuracy_row(name, basis, found))
                if name == "published" and basis == "all" and setting == "primary_care":
                    missed = [
                        f"- `{row}`: {truth} stands at {rank}, first is {leader}"
                        for row, truth, rank, leader in found.missed
                    ]
    header = (
        "set",
        "basis",
        "setting",
        "first",
        "in first 3",
        "category first",
        "MRR",
        "unexplained",
    )
    return [
        *_table(header, rows),
        "",
        (
            "Shares with Wilson 95 % intervals; unexplained: median P(nothing modelled explains "
            "it), of vignettes whose cause is modelled / is not."
        ),
        "",
        "Published cases whose diagnosis is not among the first three (primary care, all links):",
        "",
        *missed,
    ]


def _accuracy_row(name: str, basis: str, found: Accuracy) -> tuple[object, ...]:
    return (
        name,
        basis,
        found.setting,
        _share(found.top[1]),
        _share(found.top[3]),
        _share(found.category),
        f"{found.mean_reciprocal_rank:.2f}",
        f"{found.unexplained_inside:.1%} / {found.unexplained_outside:.1%}",
    )


def red_flag_lines(reasoner: Reasoner) -> list[str]:
    """Dispositions of the ordinary patients and the textbook emergencies."""
    lines: list[str] = []
    for name, keep in (
        ("ordinary", ("story", "expected", "why")),
        ("emergencies", ("story", "expected", "rules")),
    ):
        frame = read_table(str(VIGNETTES / f"{name}.csv"))
        scored = score_frame(frame, reasoner, keep=keep)
        counts = Counter(scored["disposition"])
        said = ", ".join(f"{word} {count}" for word, count in sorted(counts.items()))
        lines += [f"{name}: {len(frame)} patients; {said}.", ""]
        higher = [
            (
                row["id"],
                row["expected"],
                row["disposition"],
                str(row["red_flags"]).replace(";", " "),
            )
            for _, row in scored.iterrows()
            if _level(row["disposition"]) != _level(row["expected"])
        ]
        if higher:
            header = ("patient", "expected", "reached", "rules met")
            lines += [*_table(header, higher), ""]
        else:
            lines += ["Every one reaches the tier expected of it.", ""]
    return lines


def _level(disposition: str) -> int:
    return TIERS.index(disposition) if disposition in TIERS else -1


def page() -> str:
    """The whole page."""
    knowledge = load()
    reasoner = open_reasoner(knowledge)
    lines = [
        "# What was measured",
        "",
        (
            "Written by `python -m evaluation.measured`; do not edit. The knowledge was elicited "
            "first and measured afterwards; nothing was tuned to these cases. The published cases "
            "are 30, mostly examination items, and the document vignettes were written from the "
            "same documents as the knowledge: neither says how the engine would do on patients."
        ),
        "",
        f"Knowledge `{knowledge.digest[:12]}`.",
        "",
        "## Knowledge",
        "",
        *knowledge_lines(knowledge),
        "",
        "## Labelled vignettes",
        "",
        *accuracy_lines(knowledge),
        "",
        "## Red flags",
        "",
        *red_flag_lines(reasoner),
        "## Agreement with other implementations",
        "",
        (
            "The size of the reference network and the largest differences against pgmpy, "
            "pyAgrum, brute force and simulation are in "
            "[reference_network.md](reference_network.md)."
        ),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(
        prog="python -m evaluation.measured",
        description="Score the labelled vignettes in every setting and on every basis, "
        "and write what came out as a page.",
    )
    parser.add_argument(
        "-o", "--output", type=Path, default=PAGE, help="page to write (docs/measured.md)"
    )
    output = parser.parse_args().output
    output.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
