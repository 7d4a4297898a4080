"""Accuracy on labelled vignettes as a readable table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from model.numbers import rounded

if TYPE_CHECKING:
    from evaluation.accuracy import Accuracy, Share
    from evaluation.files import Summary


def counted(summary: Summary) -> str:
    """What came out of a run in one line, and where to look for what went wrong."""
    if not summary.rows:
        return "no rows to score: there is nothing under the header"
    status = ", ".join(f"{name} {count:,}" for name, count in sorted(summary.status.items()))
    more = "; see column message" if set(summary.status) - {"ok"} else ""
    return f"{summary.rows:,} rows scored: {status}{more}"


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
        if one.unscored:
            lines.append(f"  not scored (an error, or too wide): {one.unscored} vignettes")
        if one.outside:
            lines.append(
                f"  not modelled: {one.outside} vignettes; nothing modelled explains them "
                f"{one.unexplained_outside:.1%} (median; modelled ones "
                f"{one.unexplained_inside:.1%})"
            )
        lines += [
            f"  missed: {row}: {truth} stands at {rank}, first is {leader}"
            for row, truth, rank, leader in one.missed
        ]
    return "\n".join(lines) + "\n"


def accuracy_json(found: Sequence[Accuracy]) -> list[dict[str, Any]]:
    """The same for programs: None where there is nothing to measure."""

    def share(one: Share) -> dict[str, Any]:
        return {
            "hits": one.hits,
            "of": one.of,
            "value": rounded(one.value),
            "low": rounded(one.low),
            "high": rounded(one.high),
        }

    return [
        {
            "setting": one.setting,
            "top": {str(k): share(s) for k, s in one.top.items()},
            "category": share(one.category),
            "mean_reciprocal_rank": rounded(one.mean_reciprocal_rank),
            "outside": one.outside,
            "unexplained_outside": rounded(one.unexplained_outside),
            "unexplained_inside": rounded(one.unexplained_inside),
            "disposition": one.disposition,
            "unscored": one.unscored,
            "missed": [
                {"id": row, "truth": truth, "rank": rank, "leader": leader}
                for row, truth, rank, leader in one.missed
            ],
        }
        for one in found
    ]
