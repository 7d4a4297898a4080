"""Whether and how an item and a condition hang together in the tables: the ways between them.

A way runs down from one top to both: the condition leads to the item, the item to the condition, or
something else leads to both. Edges are rows that take part: a context implied by another leads to
it, contexts and conditions lead to conditions, and both lead to the findings they show. Without a
way, an item can tell of a condition only by what it says of the complaint's other causes, or by the
patient's age and sex.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from model.parameters import SEXES
from model.reasoner import Reasoner
from model.vocabulary import Item

#: From the top to an end, both ends included.
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """One way between an item and a condition.

    Attributes:
        to_item, to_condition: ids from the top down; they share the top and nothing else.
        strength: roughly, in what share of people with the complaint the top is there and leads to
            both; for the order of ways, and for nothing else.
    """

    to_item: Path
    to_condition: Path
    strength: float


@dataclass(frozen=True)
class Ties:
    """The rows of the tables as a graph, for one reasoner."""

    reasoner: Reasoner

    def tied(self, item: Item, condition: str) -> bool:
        """Whether any way, near or far, leads from one top to both."""
        if item.kind in ("age", "sex"):
            return any(one in self._varied[item.kind] for one in self._above[condition])
        return bool(self._tops(item) & self._above[condition])

    def both_vary(self, item: Item, condition: str) -> tuple[str, ...]:
        """Which of age and sex changes how often both come, or how often the item is there."""
        if item.kind in ("age", "sex"):
            return ()
        found = []
        for name, varied in self._varied.items():
            if varied & self._above[condition] and (
                varied & self._tops(item) or (name == "age" and self._stray_varies(item))
            ):
                found.append(name)
        return tuple(found)

    def own(self, item: Item, condition: str, value: str) -> float:
        """The strength of a single row between the two, as of a `Route`; 0 if there is none."""
        return max(
            (one.strength for one in self._routes(item, condition, value, near=True)), default=0.0
        )

    def routes(self, item: Item, condition: str, value: str) -> tuple[Route, ...]:
        """Every way of more than one row, the strongest first.

        Args:
            item: any item but the condition.
            condition: the other end.
            value: one of the item's values, or "" for whatever is above the lowest.
        """
        found = self._routes(item, condition, value, near=False)
        return tuple(sorted(found, key=lambda one: (-one.strength, one.to_item, one.to_condition)))

    def _routes(self, item: Item, condition: str, value: str, *, near: bool) -> Iterator[Route]:
        below: dict[str, list[Path]] = {}
        for path in self._down_to(item):
            below.setdefault(path[0], []).append(path)
        ends = self._paths[condition]
        if item.kind in ("age", "sex"):
            varied = self._varied[item.kind]
            ends = tuple((item.id, *path) for path in ends if path[0] in varied)
        for to_condition in ends:
            for to_item in below.get(to_condition[0], []):
                if (len(to_item) + len(to_condition) == 3) != near:
                    continue
                if len({*to_item, *to_condition}) == len(to_item) + len(to_condition) - 1:
                    strength = self._share(to_item[0])
                    strength *= self._along(to_item, item, value) * self._along(to_condition)
                    yield Route(to_item, to_condition, strength)

    def _down_to(self, item: Item) -> Iterator[Path]:
        """Every path that ends at an item."""
        if item.kind != "finding":
            yield from self._paths.get(item.id, ((item.id,),))
            return
        for name in self._showing(item):
            for path in self._paths[name]:
                yield (*path, item.id)

    def _tops(self, item: Item) -> set[str]:
        """The contexts and conditions from which a path leads down to an item."""
        if item.kind != "finding":
            return set(self._above[item.id])
        return {one for name in self._showing(item) for one in self._above[name]}

    def _showing(self, item: Item) -> list[str]:
        """The conditions and contexts that by themselves show a finding."""
        if item.graded:  # every condition has a row, or the average one
            return list(self.reasoner.knowledge.condition_index)
        names = [*self.reasoner.knowledge.condition_index, *self.reasoner.knowledge.context_index]
        shown = self.reasoner.engine.graph.shown[: len(names), item.column]
        return [names[place] for place in np.flatnonzero(shown)]

    def _along(self, path: Path, item: Item | None = None, value: str = "") -> float:
        """The product of how strongly each one of a path leads to the next."""
        found = 1.0
        for cause, effect in pairwise(path):
            if item is not None and effect == item.id and item.kind == "finding":
                found *= self.shown(cause, item, value)
            else:
                found *= self._leads[effect, cause]
        return found

    def shown(self, name: str, item: Item, value: str) -> float:
        """P(a condition or context by itself shows a finding, or the grade of it asked about)."""
        knowledge = self.reasoner.knowledge
        place = knowledge.condition_index.get(name)
        if item.graded:
            graded = self.reasoner.parameters.structure.graded[item.column]
            row = self.reasoner.parameters.row[place, graded]
            return float(row[item.values.index(value)] if value else 1.0 - row[0])
        if place is None:
            place = len(knowledge.condition_index) + knowledge.context_index[name]
        return float(self.reasoner.engine.graph.shown[place, item.column])

    def _share(self, name: str) -> float:
        """How common a context or condition is with the complaint; 1 for age and sex."""
        knowledge, parameters = self.reasoner.knowledge, self.reasoner.parameters
        if name in knowledge.condition_index:
            return float(parameters.pretest[knowledge.condition_index[name]])
        place = knowledge.context_index.get(name, -1)
        share = 1.0
        while place >= 0:
            share *= float(parameters.prevalence[place])
            place = int(parameters.structure.implied[place])
        return share

    def _stray_varies(self, item: Item) -> bool:
        """Whether age changes how often a finding is there for no reason modelled."""
        if item.kind != "finding":
            return False
        bands = len(self.reasoner.parameters.age)
        return bool(np.ptp(self.reasoner.engine.graph.shown[-bands:, item.column]) > 0)

    @cached_property
    def _varied(self) -> dict[str, set[str]]:
        """Conditions whose rate changes with age, and with sex."""
        names = list(self.reasoner.knowledge.condition_index)
        multiplier = self.reasoner.parameters.multiplier
        return {
            name: {
                names[place] for place in np.flatnonzero(np.ptp(multiplier, axis=axis).any(axis=0))
            }
            for name, axis in (("age", 0), ("sex", 1))
        }

    @cached_property
    def _leads(self) -> dict[tuple[str, str], float]:
        """(effect, cause) -> roughly how often one adds the other; effects are no findings."""
        p, knowledge = self.reasoner.parameters, self.reasoner.knowledge
        conditions, contexts = list(knowledge.condition_index), list(knowledge.context_index)
        found: dict[tuple[str, str], float] = {}
        for place, above in enumerate(p.structure.implied):
            if above >= 0:
                found[contexts[place], contexts[above]] = float(p.prevalence[place])
        share = np.array([self._share(name) for name in contexts])
        added = np.minimum(1.0, p.excess * p.pretest / (1.0 + share @ p.excess))
        for context, condition in zip(*np.nonzero(p.excess), strict=True):
            found[conditions[condition], contexts[context]] = float(added[context, condition])
        for cause, effect in zip(*np.nonzero(p.cause), strict=True):
            found[conditions[effect], conditions[cause]] = float(p.cause[cause, effect])
        bands, sexes = len(p.age), len(SEXES)
        for name, axis, count in (("age", 0, bands), ("sex", 1, sexes)):
            spread = np.ptp(p.multiplier, axis=axis).mean(axis=0) / count * p.pretest
            for condition in np.flatnonzero(spread):
                found[conditions[condition], name] = float(spread[condition])
        return found

    @cached_property
    def _paths(self) -> dict[str, tuple[Path, ...]]:
        """Every path that ends at a context or condition, itself alone included; no age, no sex."""
        causes: dict[str, list[str]] = {}
        for effect, cause in self._leads:
            if cause not in ("age", "sex"):
                causes.setdefault(effect, []).append(cause)

        def ending(path: Path) -> Iterator[Path]:
            yield path
            for cause in causes.get(path[0], []):
                if cause not in path:
                    yield from ending((cause, *path))

        knowledge = self.reasoner.knowledge
        names = [*knowledge.condition_index, *knowledge.context_index]
        return {name: tuple(ending((name,))) for name in names}

    @cached_property
    def _above(self) -> dict[str, frozenset[str]]:
        """What leads to a context or condition, itself included."""
        return {name: frozenset(path[0] for path in paths) for name, paths in self._paths.items()}
