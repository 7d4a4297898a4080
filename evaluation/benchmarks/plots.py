"""Plots of the results, as SVG with a title and a description; no line is told by colour alone."""

from __future__ import annotations

import html
import io
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from evaluation.benchmarks.peers import PEERS
from evaluation.benchmarks.summary import (
    MOST_ABOVE_BOUND,
    above_bound,
    answered,
    duration,
    middle,
    number,
    spent,
)

#: A light card with dark lines: it reads the same on a light and on a dark page.
CARD, INK, FAINT = "#fbfcfd", "#1b2733", "#c3ccd4"

#: Colour, marker and dashes of each line; dark enough for the card.
STYLES: tuple[dict[str, Any], ...] = (
    {"color": "#0b3d66", "marker": "o", "linestyle": "-", "linewidth": 2.4},
    {"color": "#b0401f", "marker": "s", "linestyle": "--"},
    {"color": "#b0401f", "marker": "D", "linestyle": ":"},
    {"color": "#1c6b3a", "marker": "^", "linestyle": "--"},
    {"color": "#1c6b3a", "marker": "v", "linestyle": ":"},
    {"color": "#6a3d9a", "marker": "X", "linestyle": "-."},
)

#: Lines beside ours: label, library, form of the case.
LINES = (
    ("pgmpy, chains", "pgmpy", "chains"),
    ("pgmpy, signs", "pgmpy", "signs"),
    ("pyAgrum, chains", "pyAgrum", "chains"),
    ("pyAgrum, signs", "pyAgrum", "signs"),
    ("Quickscore", "NumPy", "signs"),
)

KINDS = {"all": "all contexts known", "half": "half of the contexts known", "none": "none known"}


def _scale(axis: Axis, shown: Callable[[float], str]) -> None:
    """A logarithmic axis with words instead of powers."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: shown(value)))
    axis.set_minor_formatter(NullFormatter())
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1.0,) if high > 100 * low else (1.0, 2.0, 5.0)))


@contextmanager
def drawing(width: float, height: float) -> Iterator[Figure]:
    """A figure with our colours."""
    with mpl.rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "paresis",
            "font.family": "sans-serif",
            "font.size": 10,
            "text.color": INK,
            "axes.edgecolor": INK,
            "axes.labelcolor": INK,
            "axes.facecolor": CARD,
            "axes.grid": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "grid.color": FAINT,
            "grid.linewidth": 0.6,
            "xtick.color": INK,
            "ytick.color": INK,
            "figure.facecolor": CARD,
            "legend.frameon": False,
            "lines.markersize": 6,
        }
    ):
        yield Figure(figsize=(width, height), layout="constrained")


def save(figure: Figure, path: Path, title: str, description: str) -> None:
    """Write a figure as SVG that says what it shows."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", facecolor=CARD, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    at = text.index("<svg")
    end = text.index(">", at)
    words = f"<title>{html.escape(title)}</title><desc>{html.escape(description)}</desc>"
    text = f'{text[:end]} role="img">{words}{text[end + 1 :]}'
    lines = [line.rstrip() for line in text.splitlines()]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def peers(found: dict[str, Any], path: Path) -> str:
    """Time of a patient by number of findings, ours and the best of each kind of tool."""
    title = "Time for one patient, by number of findings"
    here = [kind for kind in KINDS if any(group["kind"] == kind for group in found["sets"])]
    with drawing(4.0 * len(here) + 0.6, 4.4) as figure:
        panels = figure.subplots(1, len(here), sharey=True, squeeze=False)[0]
        for panel, kind in zip(panels, here, strict=True):
            own = [group for group in found["sets"] if group["kind"] == kind]
            _line(panel, own, "paresis", STYLES[0], [_ours(group) for group in own])
            for (label, library, form), style in zip(LINES, STYLES[1:], strict=True):
                _line(panel, own, label, style, [_fastest(g, library, form) for g in own])
            panel.set(title=KINDS[kind], xlabel="positive or graded findings", yscale="log")
        panels[0].set_ylabel("set-up and query (median)")
        _scale(panels[0].yaxis, duration)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
        description = (
            "Log scale. Filled marks: every case was finished within the limits; hollow marks: "
            "only some were, and the median is that of those. Lines end where none was."
        )
        save(figure, path, title, description)
    return f"{title}. {description}"


def _line(
    panel: Axes,
    groups: list[dict[str, Any]],
    label: str,
    style: dict[str, Any],
    points: list[tuple[float, bool]],
) -> None:
    x = [group["positives"][0] for group in groups]
    y = [value for value, _ in points]
    panel.plot(x, y, label=label, **style)
    for at, (value, whole) in zip(x, points, strict=True):
        if not whole and not math.isnan(value):
            panel.plot(at, value, color=style["color"], marker=style["marker"], mfc=CARD, ls="")


def _ours(group: dict[str, Any]) -> tuple[float, bool]:
    cases = answered(group)
    return middle(case["ours"]["seconds"] for case in cases), len(cases) == len(group["cases"])


def _fastest(group: dict[str, Any], library: str, form: str) -> tuple[float, bool]:
    names = [n for n, peer in PEERS.items() if (peer.library, peer.form) == (library, form)]
    took = []
    for case in answered(group):
        tried = [case["peers"][name] for name in names if name in case["peers"]]
        took.append(min((spent(one) for one in tried if not one["why"]), default=None))
    return middle(took), None not in took


def accuracy(found: dict[str, Any], path: Path) -> str:
    """Largest difference from our posterior by number of findings."""
    title = "Largest difference of a posterior from ours, by number of findings"
    with drawing(7.0, 4.2) as figure:
        panel = figure.subplots()
        for (label, library, form), style in zip(LINES, STYLES[1:], strict=True):
            names = [n for n, peer in PEERS.items() if (peer.library, peer.form) == (library, form)]
            worst: dict[int, float] = {}
            for group in found["sets"]:
                if group["kind"] not in KINDS:
                    continue
                gaps = [
                    case["peers"][name]["gap"]
                    for case in answered(group)
                    for name in names
                    if name in case["peers"] and not case["peers"][name]["why"]
                ]
                at = group["positives"][0]
                worst[at] = max([worst.get(at, 0.0), *(gap or 0.0 for gap in gaps)])
            x = sorted(at for at, gap in worst.items() if gap > 0)
            panel.plot(x, [worst[at] for at in x], label=label, **style)
        panel.set(xlabel="positive or graded findings", ylabel="difference, at most", yscale="log")
        panel.legend()
        description = (
            "Log scale, all sets of cases together. Chains add numbers of one sign and stay at the "
            "rounding of a double; signs cancel, and the difference grows with every finding."
        )
        save(figure, path, title, description)
    return f"{title}. {description}"


def growth(found: dict[str, Any], path: Path) -> str:
    """Our time against findings, steps, conditions and unknown contexts."""
    title = "How our time grows"
    with drawing(9.6, 7.6) as figure:
        (findings, steps), (conditions, contexts) = figure.subplots(2, 2)
        kinds = [k for k in KINDS if any(p["kind"] == k for p in found["positives"])]
        for kind, style in zip(kinds, (STYLES[0], STYLES[1], STYLES[4]), strict=False):
            own = [point for point in found["positives"] if point["kind"] == kind]
            x = [point["positives"] for point in own]
            findings.plot(x, [middle(p["seconds"]) for p in own], label=KINDS[kind], **style)
            every = [
                (done, seconds)
                for point in own
                for done, seconds in zip(point["steps"], point["seconds"], strict=True)
                if seconds is not None
            ]
            dots = {"color": style["color"], "marker": style["marker"], "s": 14, "linewidths": 0}
            steps.scatter(*zip(*every, strict=True), label=KINDS[kind], alpha=0.7, **dots)
        findings.set(xlabel="positive or graded findings", ylabel="time (median)", yscale="log")
        findings.legend()
        steps.set(xlabel="steps of the chosen order", ylabel="time", xscale="log", yscale="log")
        steps.legend()
        own = found["conditions"]
        x = [point["conditions"] for point in own]
        conditions.plot(x, [middle(point["seconds"]) for point in own], **STYLES[0])
        conditions.set(xlabel="conditions in the network", ylabel="time (median)", yscale="log")
        own = [point for point in found["contexts"] if not point["lanes_unknown"]]
        x = [point["unknown"] for point in own]
        contexts.plot(
            x, [middle(p["seconds"]) for p in own], label="age and sex known", **STYLES[0]
        )
        for point in found["contexts"]:
            if point["lanes_unknown"]:
                place = [point["unknown"]], [middle(point["seconds"])]
                contexts.plot(*place, label="age and sex unknown too", **STYLES[1])
        contexts.set(xlabel="unknown contexts", ylabel="time (median)", yscale="log")
        contexts.legend()
        for panel in (findings, steps, conditions, contexts):
            _scale(panel.yaxis, duration)
        description = (
            "Four panels, log scales: median time by number of findings for three shares of known "
            "contexts; every case by its steps; median time by number of conditions; and by number "
            "of unknown contexts."
        )
        save(figure, path, title, description)
    return f"{title}. {description}"


def distance(found: dict[str, Any], path: Path) -> str:
    """Our time over the bound of the core."""
    title = "Our time over the least a core could take, by number of findings"
    with drawing(7.0, 4.2) as figure:
        panel = figure.subplots()
        kinds = [k for k in KINDS if any(p["kind"] == k for p in found["positives"])]
        for kind, style in zip(kinds, (STYLES[0], STYLES[1], STYLES[4]), strict=False):
            own = [point for point in found["positives"] if point["kind"] == kind]
            x = [point["positives"] for point in own]
            panel.plot(x, [above_bound(point) for point in own], label=KINDS[kind], **style)
        panel.axhline(MOST_ABOVE_BOUND, color=INK, linewidth=1, linestyle=(0, (1, 1)))
        panel.annotate("asked for", (1, MOST_ABOVE_BOUND), xycoords=("axes fraction", "data"),
                       ha="right", va="bottom")  # fmt: skip
        panel.set(xlabel="positive or graded findings", ylabel="times the bound", yscale="log")
        panel.legend()
        _scale(panel.yaxis, number)
        description = (
            "Log scale, medians, for three shares of known contexts, with a dotted line at what "
            "was asked for."
        )
        save(figure, path, title, description)
    return f"{title}. {description}"
