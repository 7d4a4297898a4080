"""What speaks for and against a condition: the weight of each entered item, given all the others.

The weight of an item is log10 of the factor by which it multiplies the odds of the condition: the
posterior with all the evidence, against the posterior with everything but this item (leave one
out). It does not depend on the order in which items were entered. Weights do not add up to the
whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.errors import InputError, Problem
from model.evidence import Evidence
from model.parameters import Floats
from model.reasoner import Reasoner
from model.vocabulary import UNKNOWN


@dataclass(frozen=True, slots=True)
class Weight:
    """One entered item's bearing on one condition.

    Attributes:
        item, value: what was entered ("soft" for soft evidence).
        weight: log10 likelihood ratio given the other items; above 0 speaks for the condition.
    """

    item: str
    label: str
    value: str
    weight: float


@dataclass(frozen=True, slots=True)
class Account:
    """The ledger of one condition: pretest, posttest, and what speaks for and against it."""

    id: str
    label: str
    pretest: float
    posttest: float
    weights: tuple[Weight, ...]


def accounts(
    reasoner: Reasoner, evidence: Evidence, conditions: tuple[str, ...]
) -> tuple[Account, ...]:
    """Leave-one-out ledgers of some conditions.

    Raises:
        InputError: if the evidence contradicts itself, or a condition does not exist.
        TooWideError: if a posterior is past the limit.
    """
    index = reasoner.knowledge.condition_index
    unknown = [name for name in conditions if name not in index]
    if unknown:
        raise InputError(
            [
                Problem(
                    "unknown_item", name, "is not a condition.", reasoner.vocabulary.suggest(name)
                )
                for name in unknown
            ]
        )
    whole = _log_odds(reasoner, evidence)
    items = reasoner.vocabulary.items
    rows: list[tuple[int, str, Floats]] = []
    for column in evidence.entered:
        codes = evidence.codes.copy()
        codes[column] = UNKNOWN
        rest = _log_odds(reasoner, Evidence(codes, evidence.soft, evidence.id))
        with np.errstate(invalid="ignore"):  # infinite for conditions that are evidence
            rows.append((column, items[column].values[evidence.codes[column]], whole - rest))
    for column, likelihoods in evidence.soft:
        soft = tuple(pair for pair in evidence.soft if pair != (column, likelihoods))
        rest = _log_odds(reasoner, Evidence(evidence.codes, soft, evidence.id))
        with np.errstate(invalid="ignore"):
            rows.append((column, "soft", whole - rest))
    found = []
    for name in conditions:
        place = index[name]
        weights = [
            # nothing weighs on a condition that is itself evidence
            Weight(
                items[column].id,
                items[column].label,
                value,
                float(weight[place]) if np.isfinite(whole[place]) else 0.0,
            )
            for column, value, weight in rows
            if column != reasoner.vocabulary.columns("condition").start + place
        ]
        weights.sort(key=lambda one: -one.weight)
        odds = 10.0 ** whole[place]
        row = reasoner.knowledge.condition[place]
        pretest = float(reasoner.parameters.pretest[place])
        posttest = 1.0 if np.isinf(odds) else float(odds / (1.0 + odds))
        found.append(Account(row.id, row.label, pretest, posttest, tuple(weights)))
    return tuple(found)


def _log_odds(reasoner: Reasoner, evidence: Evidence) -> Floats:
    """log10 posterior odds of every condition."""
    settled = reasoner.closure.settle(evidence.codes[None, :])
    if settled.bad.any():
        notes = [note for note in settled.notes if note.level == "error"]
        raise InputError([Problem(note.code, "", note.text) for note in notes])
    posterior = reasoner.engine.posterior(
        reasoner.case(settled.engine[0], evidence.soft),
        groups=reasoner.engine.groups[:0],
        max_steps=reasoner.max_steps,
        max_bytes=reasoner.max_bytes,
    )
    with np.errstate(divide="ignore"):
        return np.asarray(np.log10(posterior.condition) - np.log10(posterior.without))
