"""Render `docs/benchmarks.md` and its pictures from the results: nothing is measured here.

python -m evaluation.benchmarks.page [--results folder] [--docs folder]
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evaluation.benchmarks import plots
from evaluation.benchmarks.peers import CANNOT, DEFAULTS, PEERS
from evaluation.benchmarks.results import FOLDER, read
from evaluation.benchmarks.summary import (
    Target,
    above_bound,
    answered,
    duration,
    file_targets,
    growth_targets,
    middle,
    number,
    of,
    peer_targets,
    per_steps,
    pgmpy_row,
    ratio,
    rows_a_second,
    size,
    start_targets,
)

DOCS = Path(__file__).resolve().parents[2] / "docs"
#: Paragraphs written by hand; those in `EXPECTED` are missed when they are not there.
EXPECTED = ("bound",)
EXPLANATIONS = Path(__file__).with_name("explanations")

#: Parts of the page: result, heading, module.
PARTS = {
    "peers": "Other tools",
    "growth": "Growth",
    "files": "Files",
    "startup": "Starting",
}

KNOWN = {
    "all": "all contexts known",
    "half": "half of the contexts known",
    "none": "no context known",
    "published": "like published cases",
}


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table."""
    lines = [" | ".join(header), " | ".join("---" for _ in header), *(" | ".join(r) for r in rows)]
    return [*(f"| {line} |" for line in lines), ""]


def explained(name: str) -> list[str]:
    """A paragraph written by hand about a measurement, or the place where it belongs."""
    path = EXPLANATIONS / f"{name}.md"
    if path.exists():
        return [path.read_text("utf-8").strip(), ""]
    if name in EXPECTED:
        return [f"> *To be written: `evaluation/benchmarks/explanations/{name}.md`.*", ""]
    return []


def made(found: dict[str, Any]) -> list[str]:
    """How a part was measured."""
    here = found["circumstances"]
    versions = ", ".join(f"{name} {version}" for name, version in here["versions"].items())
    return [
        f"    {here['command']}",
        "",
        (
            f"{here['date']}; {here['cores']} cores of {here['cpu']}, {number(here['memory_gib'])} "
            f"GiB; {here['system']}, load {here['load_before']} before; CPython {here['python']}, "
            f"{versions}; engine {here['engine']}, knowledge `{here['knowledge']}`."
        ),
        "",
    ]


def target_lines(results: dict[str, dict[str, Any] | None]) -> list[str]:
    """Everything that was asked for, met or not."""
    work = {
        "peers": peer_targets,
        "growth": growth_targets,
        "files": file_targets,
        "startup": start_targets,
    }
    targets: list[Target] = []
    for name, judge in work.items():
        found = results[name]
        targets += judge(found) if found else []
    rows = [(one.what, one.asked, one.found, one.verdict) for one in targets]
    return table(("what", "asked for", "measured", ""), rows)


def _outcome(took: Sequence[dict[str, Any]], limits: dict[str, Any]) -> str:
    """Why cases were not finished."""
    reasons = []
    for why in dict.fromkeys(one["why"] for one in took if one["why"]):
        count = sum(one["why"] == why for one in took)
        words = {
            "time": f"not in {number(limits['seconds'])} s",
            "memory": f"not in {number(limits['gibibytes'])} GiB",
        }.get(why, why.removeprefix(f"{CANNOT}: "))
        reasons.append(f"{words} ({count})")
    return "; ".join(reasons)


def _peer_row(group: dict[str, Any], name: str, limits: dict[str, Any]) -> tuple[str, ...]:
    """One line of a set's table."""
    peer = {**PEERS, **DEFAULTS}[name]
    cases = answered(group)
    took = [case["peers"][name] for case in cases if name in case["peers"]]
    done = [one for one in took if not one["why"]]
    first = (f"{peer.library} {peer.label}", peer.form, f"{len(done)}/{len(took)}")
    if not done:
        reason = _outcome(took, limits) or "not asked: failed with fewer findings"
        return (*first, reason, *[""] * 7)
    conditions = group["conditions"]
    single = peer.label.startswith("VariableElimination") and peer.library == "pgmpy"
    query = middle(one["query"] for one in done)
    return (
        *first,
        duration(middle(one["setup"] for one in done)),
        duration(query),
        duration(query / conditions) if single else "-",
        str(ratio(group, [name], limits["seconds"])),
        str(ratio(group, [name], limits["seconds"], query_only=True)),
        size(max(one["memory"] or 0.0 for one in done)),
        number(max(one["gap"] or 0.0 for one in done)),
        number(max(one["log_gap"] for one in done)) if done[0]["log_gap"] is not None else "-",
    )


def peer_lines(found: dict[str, Any], pictures: Path) -> list[str]:
    """Other tools: summary, accuracy, and every set."""
    limits = found["limits"]
    lines = [
        *_picture(plots.peers(found, pictures / "benchmark_peers.svg"), "benchmark_peers.svg"),
        (
            "Times of the tool over ours, for the same case: median over cases (least to most). A "
            "patient costs a tool its set-up and its query, since the evidence decides what is "
            "built; translating the case (see below) is not counted. Ours is the median of "
            "repeated warm calls with everything they do; a tool is asked each case once, after "
            "one that is not counted. The columns take the fastest set-up of a library, chosen "
            "anew for every case."
        ),
        "",
        *table(
            (
                "set",
                "findings",
                "ours",
                "pgmpy, chains",
                "pgmpy, also signs",
                "pyAgrum, chains",
                "pyAgrum, also signs",
                "Quickscore",
            ),
            [
                (
                    KNOWN[group["kind"]],
                    _findings(group),
                    duration(middle(case["ours"]["seconds"] for case in answered(group))),
                    *(
                        str(ratio(group, of(*tools), limits["seconds"]))
                        for tools in (
                            ("pgmpy", "chains"),
                            ("pgmpy", "chains", "signs"),
                            ("pyAgrum", "chains"),
                            ("pyAgrum", "chains", "signs"),
                            ("NumPy", "signs"),
                        )
                    ),
                )
                for group in found["sets"]
            ],
        ),
        *explained("peers"),
        "### How the other tools were asked",
        "",
        (
            "As a user would who knows both the model and the tool "
            "(`evaluation/benchmarks/pruned.py`, `signed.py`, `tools.py`). Families of findings of "
            "which nothing is present become one likelihood for each cause; what is known of age, "
            "sex and contexts is written into the tables; barren nodes are left out. *Chains* are "
            "noisy-ORs as in [reference_network.md](reference_network.md), in the order our "
            "engine took for the case. *Signs* replace each chain by a hidden node with the table "
            "(1, -1), which is inclusion and exclusion: fewer nodes, but numbers of both signs, so "
            "digits are lost. pgmpy is given Markov networks (a Bayesian network it prunes anew at "
            "every query), and junction trees with their leaves first (its schedule of messages is "
            "slow otherwise). pyAgrum takes no order from outside in Python. All cores are left to "
            "the tools; our engine uses one."
        ),
        "",
        (
            f"Limits for one case: {number(limits['seconds'])} s and {number(limits['gibibytes'])} "
            f"GiB of address space. A set-up that failed {limits['failures']} times for either is "
            "not asked cases of that set with as many findings or more. Memory is what the "
            "process grew by. The differences are the largest of any posterior, and of "
            "ln P(evidence), from ours."
        ),
        "",
        *_picture(
            plots.accuracy(found, pictures / "benchmark_accuracy.svg"), "benchmark_accuracy.svg"
        ),
        "### Every set",
        "",
        (
            "*Returned*: by all, the posterior of every condition, and P(evidence) where a "
            "difference of it is shown; our engine also gives every category, age and sex, and "
            "P(unexplained). *One*: a single posterior, where each is a query of its own."
        ),
        "",
    ]
    header = (
        "tool",
        "form",
        "finished",
        "set-up",
        "query",
        "one",
        "times ours",
        "query alone",
        "memory",
        "difference",
        "of ln P",
    )
    for group in found["sets"]:
        ours = [case["ours"] for case in answered(group)]
        refused = len(group["cases"]) - len(ours)
        lines += [
            f"#### {KNOWN[group['kind']].capitalize()}, {_findings(group)} findings",
            "",
            (
                f"Ours: {duration(middle(one['seconds'] for one in ours))} a case warm (median; "
                f"{duration(min((o['seconds'] for o in ours), default=math.nan))} to "
                f"{duration(max((o['seconds'] for o in ours), default=math.nan))}), "
                f"{duration(group['row_seconds'])} a row among many on one thread with the fit of "
                f"the evidence; {number(middle(one['steps'] for one in ours))} steps, "
                f"{number(middle(one['width'] for one in ours))} bits, "
                f"{size(max((one['memory'] or 0.0 for one in ours), default=None))}; "
                f"{group['conditions']} posteriors, {group['groups']} categories, P(evidence)"
                f"{f'; {refused} refused' if refused else ''}."
            ),
            "",
        ]
        names = [name for name in PEERS if any(name in c["peers"] for c in answered(group))]
        rest = [name for name in PEERS if name not in names]
        names += [name for name in DEFAULTS if any(name in c["peers"] for c in answered(group))]
        lines += table(header, [_peer_row(group, name, limits) for name in names])
        if rest and names:
            said = ", ".join(f"{PEERS[name].library} {PEERS[name].label}" for name in rest)
            lines += [f"Not asked: {said}.", ""]
    return lines


def _findings(group: dict[str, Any]) -> str:
    """How many findings the patients of a set have."""
    least, most = group["findings"]
    return f"{least}" if least == most else f"{least} to {most}"


def _picture(text: str, name: str) -> list[str]:
    return [f"![{text}](pictures/{name})", ""]


def cost_model() -> list[str]:
    """The formula of the cost, as `docs/engine.md` has it.

    Raises:
        ValueError: when it is not where it was.
    """
    text = (DOCS / "engine.md").read_text("utf-8")
    section = text[text.index("\n## 7. Cost") :].split("\n", 2)[2]
    words, formula = section.split("```")[:2]
    if "steps =" not in formula:
        raise ValueError("docs/engine.md, section 7, should begin with the formula of the steps")
    return [words.strip(), "", "```", formula.strip(), "```", ""]


def growth_lines(found: dict[str, Any], pictures: Path) -> list[str]:
    """How time and steps grow, and how far the time is from the hardware."""
    lines = [
        *_picture(plots.growth(found, pictures / "benchmark_growth.svg"), "benchmark_growth.svg"),
        "The formula of the cost ([engine.md](engine.md), section 7):",
        "",
        *cost_model(),
        (
            "Medians over cases, each the median of repeated warm calls. *Time per steps*: growth "
            "of the time over growth of the steps since the line above. *Bound*: the steps, "
            "divided by the multiply-adds that one core does in a second on a vector as long as "
            "the widest one of the case (y += a x, compiled with the flags of the engine; below), "
            "or the bytes kept for the way back at the speed of the longest vector, whichever "
            "takes longer."
        ),
        "",
    ]
    rows = []
    previous: dict[str, Any] | None = None
    for point in found["positives"]:
        same = previous is not None and previous["kind"] == point["kind"]
        rows.append(
            (
                KNOWN[point["kind"]],
                str(point["positives"]),
                *_point(point),
                number(per_steps(previous, point)) if previous is not None and same else "",
                number(above_bound(point)),
            )
        )
        previous = point
    header = ("contexts", "findings", *_POINT, "time per steps", "time over bound")
    lines += table(header, rows)
    lines += _picture(
        plots.distance(found, pictures / "benchmark_bound.svg"), "benchmark_bound.svg"
    )
    lines += ["**Where the rest goes.**", "", *explained("bound")]
    rates = [
        (number(core["width"]), size(4 * 8 * 2 * 2 ** core["width"]), f"{core['rate']:.2e}")
        for core in found["core"]
    ]
    lines += table(("bits", "two vectors", "multiply-adds a second"), rates)
    lines += [
        (
            "Networks of the likeliest conditions only (base rates and patients of the smaller "
            f"network; {found['findings']} findings, half of the contexts known):"
        ),
        "",
        *table(
            ("conditions", *_POINT),
            [(str(point["conditions"]), *_point(point)) for point in found["conditions"]],
        ),
        f"The same patients with {found['findings']} findings and fewer and fewer contexts known:",
        "",
        *table(
            ("unknown contexts", "age and sex", *_POINT),
            [
                (
                    str(point["unknown"]),
                    "unknown" if point["lanes_unknown"] else "known",
                    *_point(point),
                )
                for point in found["contexts"]
            ],
        ),
    ]
    return lines


_POINT = ("cases", "refused", "bits", "steps", "time", "least to most")


def _point(point: dict[str, Any]) -> tuple[str, ...]:
    """One point of a series of growth."""
    done = [seconds for seconds in point["seconds"] if seconds is not None]
    return (
        str(len(point["seconds"])),
        str(len(point["seconds"]) - len(done)),
        number(middle(point["width"])),
        f"{middle(point['steps']):.2g}",
        duration(middle(done)),
        f"{duration(min(done))} to {duration(max(done))}" if done else "-",
    )


def file_lines(found: dict[str, Any], _: Path) -> list[str]:
    """Files, end to end and inference alone."""
    rows = []
    for group in found["sets"]:
        single = pgmpy_row(group)
        for point in group["points"]:
            whole = rows_a_second(point, whole=True)
            alone = rows_a_second(point, whole=False)
            rows.append(
                (
                    KNOWN[group["kind"]],
                    _findings(group),
                    f"{point['rows']:,}",
                    number(whole),
                    number(alone),
                    number(alone / whole),
                    size(point["peak"]),
                    str(point["not_answered"]),
                    number(single * whole),
                )
            )
    header = (
        "rows of",
        "findings",
        "rows",
        "file to file, rows/s",
        "inference alone, rows/s",
        "ratio",
        "peak memory",
        "refused",
        "times pgmpy",
    )
    return [
        (
            "`paresis score` from CSV to CSV as a process of its own, start included, against "
            f"`assess_rows` on the same rows, settled before, on {found['workers']} threads; both "
            "give every condition, category and the fit of the evidence. *Times pgmpy*: rows a "
            "second from file to file over pgmpy's row by row, each row in the set-up that was "
            "fastest for it (mean over the "
            f"first {number(max(len(g.get('pgmpy', [])) for g in found['sets']))})."
        ),
        "",
        *table(header, rows),
        *explained("files"),
    ]


def start_lines(found: dict[str, Any], _: Path) -> list[str]:
    """Starting."""
    rows = [
        (
            words,
            str(len(found[name])),
            duration(middle(found[name])),
            duration(max(found[name], default=math.nan)),
        )
        for name, words in (
            ("help", "`paresis --help`"),
            ("warm", "`paresis assess`, six items"),
            ("empty", "the same with an empty `PARESIS_CACHE_DIR`"),
        )
    ]
    return [*table(("command", "times", "median", "most"), rows), *explained("startup")]


def render(*, results: Path = FOLDER, docs: Path = DOCS) -> Path:
    """Write the page and its pictures.

    Args:
        results: folder with what was measured.
        docs: folder for `benchmarks.md` and `pictures/`.

    Returns:
        The page.
    """
    found = {name: read(name, results) for name in PARTS}
    pictures = docs / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    lines = [
        "# Benchmarks",
        "",
        (
            "Written by `python -m evaluation.benchmarks.page` from "
            "`evaluation/benchmarks/results/`; do not edit. Times depend on the machine: each part "
            "says which it was, when, and by what command it is measured again. The cases are "
            "patients sampled from the model and masked "
            "([how](../evaluation/benchmarks/README.md)); they say what work costs, not how good "
            "the answers are."
        ),
        "",
        "## What was asked for",
        "",
        *target_lines(found),
    ]
    parts = {
        "peers": peer_lines,
        "growth": growth_lines,
        "files": file_lines,
        "startup": start_lines,
    }
    for name, heading in PARTS.items():
        lines += [f"## {heading}", ""]
        result = found[name]
        if result is None:
            lines += [f"Not measured yet: `python -m evaluation.benchmarks.{name}`.", ""]
            continue
        lines += [*made(result), *parts[name](result, pictures)]
    page = docs / "benchmarks.md"
    page.write_text("\n".join(lines).rstrip() + "\n", "utf-8")
    return page


def main(arguments: Sequence[str] | None = None) -> None:
    """Render the page."""
    parser = argparse.ArgumentParser(prog="evaluation.benchmarks.page", description=__doc__)
    parser.add_argument("--results", type=Path, default=FOLDER)
    parser.add_argument("--docs", type=Path, default=DOCS)
    given = parser.parse_args(arguments)
    render(results=given.results, docs=given.docs)


if __name__ == "__main__":
    main()
