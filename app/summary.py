"""Accuracy on labelled vignettes as a readable table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evaluation.accuracy import Accuracy, Share


def _share(share: Share) -> str:
    if not share.of:
        return "none"
    return f"{share.hits}/{share.of} ({share.value:.0%}, {share.low:.0%}-{share.high:.0%})"


def accuracy_text(name: str, found: Sequence[Accuracy]) -> str:
    """One block per setting; intervals are Wilson 95 %."""
    lines = [name]
    for one in found:
        flags = ", ".join(f"{word} {count}" for word, count in sorted(one.disposition.items()))
        lines += [
            "",
            f"setting {one.setting}",
            *(f"  true condition in the first {k}: {_share(s)}" for k, s in one.top.items()),
            f"  true category first: {_share(one.category)}",
            f"  mean reciprocal rank: {one.mean_reciprocal_rank:.2f}",
            f"  red flags: {flags}",
        ]
        if one.outside:
            lines.append(
                f"  not modelled: {one.outside} vignettes; nothing modelled explains them "
                f"{one.unexplained_outside:.1%} (median; modelled ones {one.unexplained_inside:.1%})"
            )
        lines += [
            f"  missed: {row}: {truth} stands at {rank}, first is {leader}"
            for row, truth, rank, leader in one.missed
        ]
    return "\n".join(lines) + "\n"
