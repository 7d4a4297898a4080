"""Red-flag rules: what must be acted on before any probability, in three-valued logic.

Needs the rules and the codes only, never the network, so it stands whatever happens to inference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model import tables as t
from model.expression import Atom, Expression, atoms, truth, undecided
from model.knowledge import KnowledgeBase
from model.vocabulary import UNKNOWN, Vocabulary

Codes = NDArray[np.int8]

#: Tiers from the lowest to the highest; a disposition is one of them or one of the two below.
TIERS = ("appointment", "immediate", "emergency")
NO_RULE_MET = "no_rule_met"
NOT_DETERMINED = "not_determined"


@dataclass(frozen=True, slots=True)
class RuleState:
    """One rule for one patient.

    Attributes:
        rule: the rule.
        state: "met", "pending" or "not_met".
        because: atoms that hold, when met.
        deciding: unanswered atoms that would decide it, when pending.
        alone: those of them that would meet it by themselves.
        bedside: whether history or examination could still meet it.
    """

    rule: t.Rule
    state: str
    because: tuple[str, ...]
    deciding: tuple[str, ...]
    alone: tuple[str, ...]
    bedside: bool


@dataclass(frozen=True, slots=True)
class Screening:
    """What the rules say of one patient."""

    disposition: str
    could_rise_to: str
    rules: tuple[RuleState, ...]

    @property
    def met(self) -> tuple[RuleState, ...]:
        """Rules met, highest tier first, narrow before broad."""
        found = [state for state in self.rules if state.state == "met"]
        return tuple(
            sorted(found, key=lambda s: (-TIERS.index(s.rule.tier), s.rule.breadth == "broad"))
        )

    @property
    def pending(self) -> tuple[RuleState, ...]:
        """Rules that history or examination could still meet, at or above the disposition."""
        floor = TIERS.index(self.disposition) if self.disposition in TIERS else 0
        found = [s for s in self.rules if s.bedside and TIERS.index(s.rule.tier) >= floor]
        return tuple(
            sorted(found, key=lambda s: (-TIERS.index(s.rule.tier), s.rule.breadth == "broad"))
        )

    def questions(self, bedside: Callable[[str], bool]) -> tuple[str, ...]:
        """Unanswered items of pending rules, the most useful to ask first.

        First those that meet a rule of the highest tier by themselves, then those that bear on more
        rules; `bedside` says which items history or examination can answer.
        """
        merit: dict[str, list[int]] = {}
        for state in self.pending:
            tier = TIERS.index(state.rule.tier)
            for atom in state.deciding:
                item = atom.split(" = ")[0]
                if bedside(item):
                    best = merit.setdefault(item, [-1, 0])
                    best[0] = max(best[0], tier if atom in state.alone else -1)
                    best[1] += 1
        return tuple(sorted(merit, key=lambda item: (-merit[item][0], -merit[item][1])))


@dataclass(frozen=True)
class Screened:
    """What the rules say of many patients.

    Attributes:
        state: (R, rules) +1 met, 0 pending, -1 not met.
        bedside: (R, rules) whether history or examination could still meet a rule not yet met.
        disposition, could_rise_to: (R,) words ("" when nothing higher is pending).
    """

    state: NDArray[np.int8]
    bedside: NDArray[np.bool_]
    disposition: NDArray[np.str_]
    could_rise_to: NDArray[np.str_]


@dataclass(frozen=True)
class Screener:
    """The rules of a knowledge base, ready to be applied."""

    knowledge: KnowledgeBase
    vocabulary: Vocabulary

    def _atom(self, codes: Codes, atom: Atom, *, tests_negative: bool) -> NDArray[np.int8]:
        item = self.vocabulary.index[atom.item]
        column = codes[:, item.column]
        value = item.values.index(atom.value)
        unknown = -1 if tests_negative and not self.vocabulary.bedside[item.column] else 0
        met = np.where(column == value, 1, -1)
        return np.where(column == UNKNOWN, unknown, met).astype(np.int8)

    def screen_many(self, codes: Codes) -> Screened:
        """Apply every rule to rows of codes (R, I) as closed for the rules."""
        rules = self.knowledge.rule
        state = np.empty((len(codes), len(rules)), np.int8)
        bedside = np.empty((len(codes), len(rules)), bool)
        for column, rule in enumerate(rules):
            expression = self.knowledge.rule_expressions[rule.id]
            state[:, column] = truth(
                expression, lambda atom: self._atom(codes, atom, tests_negative=False)
            )
            by_hand = truth(expression, lambda atom: self._atom(codes, atom, tests_negative=True))
            bedside[:, column] = by_hand == 0
        tier = np.array([TIERS.index(rule.tier) for rule in rules])
        reached = np.where(state == 1, tier, -1).max(axis=1)
        decided = ~((state != 1) & bedside).any(axis=1)
        names = np.array([*TIERS, NO_RULE_MET, NOT_DETERMINED])
        place = np.where(reached >= 0, reached, np.where(decided, len(TIERS), len(TIERS) + 1))
        rising = np.where(bedside & (state != 1) & (tier > 0), tier, -1).max(axis=1)
        higher = np.where(rising > reached, rising, -1)
        words = np.array(["", *TIERS])
        return Screened(state, bedside & (state != 1), names[place], words[higher + 1])

    def screen(self, codes: Codes) -> Screening:
        """Apply every rule to one row of codes (I,), saying why."""
        many = self.screen_many(codes[None, :])
        found = []
        for column, rule in enumerate(self.knowledge.rule):
            expression = self.knowledge.rule_expressions[rule.id]

            def of(atom: Atom) -> int:
                return int(self._atom(codes[None, :], atom, tests_negative=False)[0])

            value = int(many.state[0, column])
            because: tuple[str, ...] = ()
            if value == 1:
                because = tuple(
                    dict.fromkeys(str(atom) for atom in atoms(expression) if of(atom) == 1)
                )
            open_atoms = tuple(dict.fromkeys(undecided(expression, of)))
            alone = tuple(atom for atom in open_atoms if _decides(expression, of, atom))
            word = {1: "met", 0: "pending", -1: "not_met"}[value]
            found.append(
                RuleState(
                    rule,
                    word,
                    because,
                    tuple(str(atom) for atom in open_atoms),
                    tuple(str(atom) for atom in alone),
                    bool(many.bedside[0, column]),
                )
            )
        return Screening(str(many.disposition[0]), str(many.could_rise_to[0]), tuple(found))


def _decides(expression: Expression, of: Callable[[Atom], int], atom: Atom) -> bool:
    """Whether one more answer meets the rule."""
    return int(truth(expression, lambda other: 1 if other == atom else of(other))) == 1
