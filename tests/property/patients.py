"""Patients drawn at random, from plausible to absurd, as names and cells."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from model.vocabulary import Item, Vocabulary

#: Cells that are wrong for one item or another.
WRONG = (
    *("", "unknown", "presnt", "sudden ", "\x00"),
    *("0.5", "2", "nan", "inf", "-1", "6O", "121", "1e2"),
)

#: Items that imply, exclude or specify one another; half of what is drawn is one of them.
RELATED = frozenset(
    [
        "onset",
        "rapidly_worsening",
        "rapidly_spreading",
        "laterality",
        "symmetrical",
        "arm_weakness",
        "severity",
        "difficulty_walking",
        "objective_weakness",
        "distal_weakness",
        "foot_drop",
        "numbness_or_tingling",
        "saddle_numbness",
        "dermatomal_numbness",
        "progressive",
        "resolved_within_a_day",
        "diabetes",
        "poor_glucose_control",
        "potassium_low",
        "potassium_very_low",
        "potassium_very_high",
    ]
)


def cells(item: Item) -> st.SearchStrategy[str]:
    """A valid cell of an item."""
    if item.kind == "age":
        return st.floats(0, 121, exclude_max=True).map(repr)
    return st.sampled_from(item.values)


def some(items: list[Item], most: int) -> st.SearchStrategy[list[Item]]:
    """A few different items, often related ones."""
    related = [item for item in items if item.id in RELATED]
    either = st.one_of(st.sampled_from(items), st.sampled_from(related))
    return st.lists(either, max_size=most, unique_by=lambda item: item.id)


def values(
    vocabulary: Vocabulary, *, most: int = 25, conditions: bool = True
) -> st.SearchStrategy[dict[str, Any]]:
    """Valid cells of some items, in any order; they may well contradict each other."""
    items = [item for item in vocabulary.items if conditions or item.kind != "condition"]
    return some(items, most).flatmap(
        lambda chosen: st.fixed_dictionaries({item.id: cells(item) for item in chosen})
    )


def consistent(vocabulary: Vocabulary, *, most: int = 25) -> st.SearchStrategy[dict[str, Any]]:
    """Valid bedside cells that seldom contradict each other: roots of families are present."""
    refined = {"objective_weakness", "distal_weakness", "numbness_or_tingling", "rapidly_worsening"}

    def likely(item: Item) -> st.SearchStrategy[str]:
        if item.kind == "condition":
            return st.just("absent")
        return st.just("present") if item.id in refined else cells(item)

    items = [item for item in vocabulary.items if item.step in ("history", "examination")]
    return some(items, most).flatmap(
        lambda chosen: st.fixed_dictionaries({item.id: likely(item) for item in chosen})
    )


def ratios(item: Item) -> st.SearchStrategy[Any]:
    """A valid piece of soft evidence, however strong."""
    one = st.floats(1e-6, 1e6)
    if item.graded:
        return st.fixed_dictionaries(dict.fromkeys(item.values, one))
    return one


def soft(vocabulary: Vocabulary, *, most: int = 4) -> st.SearchStrategy[dict[str, Any]]:
    """Likelihood ratios for a few items."""
    items = [item for item in vocabulary.items if item.kind not in ("age", "sex")]
    return some(items, most).flatmap(
        lambda chosen: st.fixed_dictionaries({item.id: ratios(item) for item in chosen})
    )


def odd(vocabulary: Vocabulary) -> st.SearchStrategy[dict[str, Any]]:
    """Anything a program may send: wrong names, wrong values, soft and hard at once."""
    names = st.one_of(st.sampled_from([item.id for item in vocabulary.items]), st.text(max_size=12))
    wrong = st.one_of(
        st.sampled_from(WRONG),
        st.text(max_size=8),
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.lists(st.integers(), max_size=2),
    )
    return st.builds(
        lambda good, bad, likely: {**good, **bad, **({"soft": likely} if likely else {})},
        values(vocabulary, most=12),
        st.dictionaries(names, wrong, max_size=4),
        st.one_of(soft(vocabulary), st.dictionaries(names, wrong, max_size=2), wrong),
    )
