"""How well labelled vignettes come out: the rank of the true condition, and the red flags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from evaluation.scoring import score_frame
from model.errors import InputError, Problem
from model.reading import nearest
from model.reasoner import Reasoner


@dataclass(frozen=True)
class Share:
    """A proportion with its Wilson 95 % interval.

    >>> Share(9, 10).low < 0.9 < Share(9, 10).high
    True
    """

    hits: int
    of: int

    @property
    def value(self) -> float:
        """The proportion; NaN of nothing."""
        return self.hits / self.of if self.of else float("nan")

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self._interval()[0]

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self._interval()[1]

    def _interval(self) -> tuple[float, float]:
        if not self.of:
            return float("nan"), float("nan")
        interval = stats.binomtest(self.hits, self.of).proportion_ci(method="wilson")
        return float(interval.low), float(interval.high)


@dataclass(frozen=True)
class Accuracy:
    """How labelled vignettes came out in one setting.

    Attributes:
        top: share whose true condition stands first, in the first three, in the first five.
        category: share whose true category has the highest posterior.
        mean_reciprocal_rank: mean of 1 / rank.
        outside: vignettes whose condition is not modelled, and the median `unexplained` of those
            and of the modelled ones.
        disposition: vignettes by disposition.
        unscored: vignettes without a differential (an error, or too wide); in no share above.
        missed: (id, true condition, its rank, the leader) where the truth is not in the top three.
    """

    setting: str
    top: dict[int, Share]
    category: Share
    mean_reciprocal_rank: float
    outside: int
    unexplained_outside: float
    unexplained_inside: float
    disposition: dict[str, int]
    unscored: int
    missed: tuple[tuple[str, str, int, str], ...]


def measure(
    frame: pd.DataFrame,
    reasoner: Reasoner,
    *,
    truth: str = "label",
    keep: Sequence[str] = (),
) -> Accuracy:
    """Score labelled vignettes and compare with the truth.

    Args:
        frame: vignettes as text.
        reasoner: the knowledge base in one setting and basis.
        truth: the column with the true condition's id (blank when the true cause is not modelled).
        keep: other columns that are not items.

    Raises:
        InputError: for columns that cannot be placed, a truth that is no condition, or no rows.
    """
    passed = list(dict.fromkeys([truth, *keep]))
    scored = score_frame(frame, reasoner, keep=passed, all_conditions=True)
    if not len(frame):
        message = "has no rows under its header."
        raise InputError([Problem("no_rows", "the table", message, "Add labelled vignettes.")])
    conditions = [row.id for row in reasoner.knowledge.condition]
    values = scored[[f"p_{name}" for name in conditions]].apply(pd.to_numeric, errors="coerce")
    matrix = values.to_numpy()
    labels = frame[truth].fillna("").astype(str).str.strip().to_numpy()
    _check_labels(labels, truth, reasoner)
    failed = np.isnan(matrix[:, 0])
    inside = np.isin(labels, conditions) & ~failed
    category_of = {row.id: row.category for row in reasoner.knowledge.condition}
    categories = [row.id for row in reasoner.knowledge.category]
    by_category = scored[[f"category_{name}" for name in categories]].apply(
        pd.to_numeric, errors="coerce"
    )
    ranks: list[int] = []
    right = 0
    missed = []
    for row in np.flatnonzero(inside):
        order = np.argsort(-matrix[row], kind="stable")
        rank = int(np.flatnonzero(order == conditions.index(labels[row]))[0]) + 1
        ranks.append(rank)
        best = categories[int(np.argmax(by_category.to_numpy()[row]))]
        right += best == category_of[labels[row]]
        if rank > 3:
            missed.append(
                (str(scored["id"].iloc[row]), str(labels[row]), rank, conditions[order[0]])
            )
    unexplained = pd.to_numeric(scored["unexplained"], errors="coerce").to_numpy()
    return Accuracy(
        setting=reasoner.parameters.setting,
        top={k: Share(sum(rank <= k for rank in ranks), len(ranks)) for k in (1, 3, 5)},
        category=Share(right, len(ranks)),
        mean_reciprocal_rank=float(np.mean([1 / rank for rank in ranks]))
        if ranks
        else float("nan"),
        outside=int((labels == "").sum()),
        unexplained_outside=_median(unexplained[labels == ""]),
        unexplained_inside=_median(unexplained[inside]),
        disposition={
            str(name): int(count) for name, count in scored["disposition"].value_counts().items()
        },
        unscored=int(failed.sum()),
        missed=tuple(missed),
    )


def _check_labels(labels: NDArray[Any], truth: str, reasoner: Reasoner) -> None:
    known = reasoner.knowledge.condition_index
    problems = [
        Problem(
            "unknown_label",
            f"column {truth!r} row {row + 1}",
            "is not a condition; leave it blank when the true cause is not modelled.",
            nearest(label, known),
        )
        for row, label in enumerate(labels)
        if label and label not in known
    ]
    if problems:
        raise InputError(problems)


def _median(values: NDArray[np.float64]) -> float:
    values = values[~np.isnan(values)]
    return float(np.median(values)) if values.size else float("nan")
