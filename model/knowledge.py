"""The knowledge base as one frozen value, read from a folder of tables.

`load(folder)` gives a `KnowledgeBase` or raises `KnowledgeError` with every mistake found.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import cast

from model import tables as t
from model.errors import KnowledgeError, Problem
from model.expression import Expression, parse
from model.reading import Scale, read_all

#: The knowledge base shipped with the project.
SHIPPED = Path(__file__).resolve().parent.parent / "priors"

SETTINGS = ("primary_care", "emergency_department", "neurology_clinic", "even")
BASES = ("all", "documents")

#: What thresholds.toml must say.
THRESHOLDS = (
    *("explained", "expected"),
    *("surprise_patients", "surprise_least", "unusual", "outside", "clash"),
)

#: Steps a rule may be answered in at the bedside; anything else is a test.
BEDSIDE = ("history", "examination")


@dataclass(frozen=True)
class KnowledgeBase:
    """All tables of a knowledge base, in file order, with the look-ups everybody needs."""

    scale: Scale
    setting: tuple[t.Setting, ...]
    age_band: tuple[t.AgeBand, ...]
    source: tuple[t.Source, ...]
    category: tuple[t.Category, ...]
    site: tuple[t.Site, ...]
    step: tuple[t.Step, ...]
    group: tuple[t.Group, ...]
    condition: tuple[t.Condition, ...]
    context: tuple[t.Context, ...]
    finding: tuple[t.Finding, ...]
    link: tuple[t.Link, ...]
    graded: tuple[t.GradedRow, ...]
    leak: tuple[t.Leak, ...]
    graded_leak: tuple[t.GradedLeak, ...]
    context_link: tuple[t.ContextLink, ...]
    context_finding: tuple[t.ContextFinding, ...]
    condition_link: tuple[t.ConditionLink, ...]
    age_sex: tuple[t.AgeSex, ...]
    pretest: tuple[t.Pretest, ...]
    prevalence: tuple[t.Prevalence, ...]
    statement: tuple[t.Statement, ...]
    assertion: tuple[t.Assertion, ...]
    outside: tuple[t.Outside, ...]
    rule: tuple[t.Rule, ...]
    conflict: tuple[t.Conflict, ...]
    threshold: tuple[t.Threshold, ...]
    digest: str = field(default="", compare=False)

    @cached_property
    def condition_index(self) -> dict[str, int]:
        """Condition id -> place in file order."""
        return {row.id: place for place, row in enumerate(self.condition)}

    @cached_property
    def binary_contexts(self) -> tuple[t.Context, ...]:
        """Contexts that are present or absent (all but age and sex)."""
        return tuple(row for row in self.context if row.kind == "binary")

    @cached_property
    def context_index(self) -> dict[str, int]:
        """Binary context id -> place among the binary contexts."""
        return {row.id: place for place, row in enumerate(self.binary_contexts)}

    @cached_property
    def finding_index(self) -> dict[str, int]:
        """Finding id -> place in file order."""
        return {row.id: place for place, row in enumerate(self.finding)}

    @cached_property
    def rule_expressions(self) -> dict[str, Expression]:
        """Rule id -> its parsed expression."""
        return {row.id: parse(row.when) for row in self.rule}

    @cached_property
    def thresholds(self) -> dict[str, float]:
        """Id -> from which number on an explanation says so."""
        return {row.id: row.value for row in self.threshold}

    @cached_property
    def labels(self) -> dict[str, str]:
        """Id -> label of every item: conditions, contexts and findings."""
        found = {row.id: row.label for row in self.condition}
        found.update({row.id: row.label for row in self.context})
        found.update({row.id: row.label for row in self.finding})
        return found

    @cached_property
    def item_step(self) -> dict[str, str]:
        """Item id -> the step of the consultation in which it is answered."""
        steps = {row.id: "history" for row in self.context}
        steps.update({row.id: row.step for row in self.finding})
        return steps

    def parent_of(self, finding: t.Finding) -> tuple[str, tuple[str, ...]]:
        """The finding this one refines and, if that is graded, the grades; ("", ()) for none."""
        if not finding.refines:
            return "", ()
        name, _, grades = finding.refines.partition("=")
        return name, tuple(grades.split("|")) if grades else ()

    def is_graded(self, finding: t.Finding) -> bool:
        """Whether a finding has grades instead of present and absent."""
        return finding.values != ("present", "absent")


def _digest(scale: Scale, content: dict[str, tuple[t.Row, ...]]) -> str:
    """SHA-256 of the canonical content: what the tables say, however the files are laid out."""
    canonical: dict[str, object] = {"scale": scale.model_dump(mode="json")}
    for name in sorted(content):
        canonical[name] = [row.model_dump(mode="json") for row in content[name]]
    text = json.dumps(canonical, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def read(folder: Path) -> tuple[KnowledgeBase | None, list[Problem]]:
    """Read a folder; the value is None when a file could not be read into records at all."""
    problems: list[Problem] = []
    if not folder.is_dir():
        message = "is not a folder with a knowledge base."
        remedy = "Name a folder that holds the files of priors/."
        return None, [Problem("missing_folder", str(folder), message, remedy)]
    scale, content = read_all(folder, problems)
    if scale is None or any(problem.level == "error" for problem in problems):
        return None, problems
    digest = _digest(scale, content)
    # `read_all` puts records of the right kind under each name; a dictionary cannot say so
    knowledge = KnowledgeBase(scale=scale, digest=digest, **content)  # type: ignore[arg-type]
    return knowledge, problems


def load(folder: Path | None = None) -> KnowledgeBase:
    """Load a knowledge base that has no mistakes.

    Args:
        folder: where its files are; the shipped one when omitted.

    Raises:
        KnowledgeError: listing every mistake, with file, row and remedy.
    """
    from model.checking import check_tables

    knowledge, problems = read(folder or SHIPPED)
    if knowledge is not None:
        problems = problems + check_tables(knowledge)
    errors = [problem for problem in problems if problem.level == "error"]
    if errors:
        raise KnowledgeError(errors)
    return cast(KnowledgeBase, knowledge)
