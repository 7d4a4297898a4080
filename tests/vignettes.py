"""The written-out patients of evaluation/vignettes, read without the code under test."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "evaluation" / "vignettes"

#: Columns about the vignette rather than the patient.
ABOUT = ("id", "story", "expected", "why", "rules", "label", "diagnosis", "rule", "rests_on")


@dataclass(frozen=True)
class Vignette:
    """One row: what is known of the patient, and what its author says about it."""

    id: str
    evidence: dict[str, str]
    about: dict[str, str]


def read(name: str) -> tuple[Vignette, ...]:
    """Read ordinary, emergencies or documents; blank cells are left out."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return tuple(
        Vignette(
            row["id"],
            {key: cell for key, cell in row.items() if key not in ABOUT and cell},
            {key: row[key] for key in ABOUT if key in row},
        )
        for row in rows
    )
