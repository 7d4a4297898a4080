"""Measure our engine and other tools side by side, case by case: `results/peers.json`.

    python -m evaluation.benchmarks.peers [--cases 5] [--seconds 600] [--gibibytes 16] ...

Every case is answered by our engine and then by each tool before the next case is asked. A tool
that fails twice in a set of cases, for time or memory, is not asked cases of that set with as many
or more findings.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.benchmarks import tools
from evaluation.benchmarks.apart import Apart, Ask, Meter, Took, repeated, timed
from evaluation.benchmarks.pruned import pruned, reduced
from evaluation.benchmarks.results import FOLDER, Keeper, say
from evaluation.benchmarks.signed import signed
from evaluation.benchmarks.work import (
    PUBLISHED,
    SETS,
    Codes,
    Work,
    findings_range,
    settled,
)
from model.batch import assess_rows
from model.errors import TooWideError
from model.kernel import Case, Net, complete
from model.knowledge import load
from model.parameters import Floats, Ints
from model.reasoner import Reasoner, open_reasoner
from model.reference import Names, names_of

#: A tool is asked no further after this many failures.
FAILURES = 2

#: What a run takes unless told otherwise.
CASES, SECONDS, GIBIBYTES = 5, 600.0, 16.0
POSITIVES = (2, 4, 8, 12, 16)

#: What is not a failure: the tool says itself that it cannot.
CANNOT = "cannot"


@dataclass(frozen=True)
class Asked:
    """A case and what our engine says of it.

    Attributes:
        case: for the kernel.
        order: conditions and contexts in the order that our engine took.
        condition, log_probability: its answer.
    """

    case: Case
    order: Ints
    condition: Floats
    log_probability: float


@dataclass(frozen=True)
class Peer:
    """A tool in one set-up.

    Attributes:
        library: whose it is.
        label: what is done.
        form: how a case is put to it: as chains of noisy-ORs, with signs, or as it stands.
        translate: puts a case so; not timed.
        prepare: sets the tool up for it, and returns what answers.
        evidence: whether it gives P(evidence) beside the posterior of every condition.
    """

    library: str
    label: str
    form: str
    translate: Callable[[Net, Names, Asked], Any]
    prepare: Callable[[Any], Callable[[], tools.Answer]]
    evidence: bool = True


def _nodes(net: Net, names: Names, asked: Asked) -> Any:
    return pruned(net, names, asked.case, asked.order)


def _chains(net: Net, names: Names, asked: Asked) -> Any:
    return reduced(pruned(net, names, asked.case, asked.order))


def _signs(net: Net, names: Names, asked: Asked) -> Any:
    return signed(net, names, asked.case, asked.order)


def _whole(net: Net, names: Names, asked: Asked) -> Any:
    return tools.Whole(net, names, asked.case)


PEERS = {
    "pgmpy_greedy": Peer(
        "pgmpy",
        "VariableElimination, `greedy` (its default order)",
        "chains",
        _chains,
        partial(tools.pgmpy_elimination, along=False),
    ),
    "pgmpy_order": Peer(
        "pgmpy",
        "VariableElimination, our order as a list",
        "chains",
        _chains,
        partial(tools.pgmpy_elimination, along=True),
    ),
    "pgmpy_beliefs": Peer(
        "pgmpy",
        "BeliefPropagation, tree along our order, leaves first",
        "chains",
        _chains,
        tools.pgmpy_beliefs,
    ),
    "pgmpy_signs": Peer(
        "pgmpy",
        "VariableElimination, min-fill order as a list",
        "signs",
        _signs,
        partial(tools.pgmpy_elimination, along=True),
    ),
    "pgmpy_signs_beliefs": Peer(
        "pgmpy",
        "BeliefPropagation, min-fill tree, leaves first",
        "signs",
        _signs,
        tools.pgmpy_beliefs,
    ),
    "pyagrum_lazy": Peer(
        "pyAgrum",
        "LazyPropagation",
        "chains",
        _nodes,
        partial(tools.pyagrum_network, engine="LazyPropagation"),
    ),
    "pyagrum_elimination": Peer(
        "pyAgrum",
        "VariableElimination",
        "chains",
        _nodes,
        partial(tools.pyagrum_network, engine="VariableElimination"),
        evidence=False,
    ),
    "pyagrum_signs": Peer(
        "pyAgrum",
        "ShaferShenoyMRFInference",
        "signs",
        _signs,
        tools.pyagrum_markov,
        evidence=False,
    ),
    "quickscore": Peer("NumPy", "Quickscore", "signs", _whole, tools.quickscore),
}

#: Asked once, of the smallest work, to show what preparing a case is worth.
DEFAULTS = {
    "pgmpy_default": Peer(
        "pgmpy",
        "VariableElimination by default",
        "whole network",
        _whole,
        partial(tools.pgmpy_default, engine="VariableElimination"),
        evidence=False,
    ),
    "pgmpy_default_beliefs": Peer(
        "pgmpy",
        "BeliefPropagation by default",
        "whole network",
        _whole,
        partial(tools.pgmpy_default, engine="BeliefPropagation"),
        evidence=False,
    ),
}


def opened(name: str) -> Ask:
    """What answers cases in the child: one tool, warm."""
    reasoner = open_reasoner(load())
    net, names = reasoner.engine.net, names_of(reasoner.knowledge)
    peer = {**PEERS, **DEFAULTS}[name]

    def ask(asked: Asked) -> Took:
        form = peer.translate(net, names, asked)
        meter = Meter()
        answer, setup = timed(lambda: peer.prepare(form))
        (present, log_probability), query = timed(answer)
        places = [names.condition.index(condition) for condition in form.conditions]
        return Took(
            setup=setup,
            query=query,
            memory=meter.grown(),
            gap=float(np.abs(present - asked.condition[places]).max()),
            log_gap=abs(log_probability - asked.log_probability),
        )

    if name in PEERS:  # libraries are imported, and whatever they keep is made
        row = settled(reasoner, Work("all", (2,)), 1)[0]
        ask(ours(reasoner, reasoner.case(row))[0])
    else:
        import pgmpy.inference  # noqa: F401 - what it takes to import is no part of a query
    return ask


def ours(reasoner: Reasoner, case: Case) -> tuple[Asked, dict[str, float]]:
    """What our engine says of a case, and what that took it once warm.

    Raises:
        TooWideError: when it refuses the case.
    """
    engine = reasoner.engine
    meter = Meter()
    answer = engine.posterior(case)
    memory = meter.grown()
    took = {
        "seconds": repeated(lambda: engine.posterior(case)),
        "steps": answer.steps,
        "width": answer.width,
        "memory": memory,
    }
    order = complete(engine.net, engine.orders[answer.order])
    return Asked(case, order, answer.condition, answer.log_probability), took


def row_seconds(reasoner: Reasoner, codes: Codes) -> float:
    """Seconds for one row when many are assessed together, on one thread."""
    codes = np.unique(codes, axis=0)
    return repeated(lambda: assess_rows(reasoner, codes, workers=1)) / len(codes)


def measure(
    works: Sequence[Work],
    *,
    cases: int = CASES,
    seconds: float = SECONDS,
    gibibytes: float = GIBIBYTES,
    peers: Sequence[str] = tuple(PEERS),
    defaults: bool = True,
    so_far: Callable[[dict[str, Any]], None] = lambda _: None,
) -> dict[str, Any]:
    """Ask every tool every case; what they took, by set of cases.

    Args:
        works: sets, those of one kind with few findings before those with many.
        cases: of each set.
        seconds: for one case; a child that takes longer is ended.
        gibibytes: for one case, of address space.
        peers: names in `PEERS`.
        defaults: also the tools by default, on one case of the first set.
        so_far: is given the results after every set, for a run may take hours.
    """
    reasoner = open_reasoner(load())
    children = {
        name: Apart(partial(opened, name), seconds=seconds, gibibytes=gibibytes)
        for name in [*peers, *(DEFAULTS if defaults else ())]
    }
    out: set[tuple[str, str]] = set()
    found: list[dict[str, Any]] = []
    limits = {"seconds": seconds, "gibibytes": gibibytes, "failures": FAILURES}
    result = {"limits": limits, "sets": found}
    ours(reasoner, reasoner.case(settled(reasoner, works[0], 1)[0]))  # warm
    for work in works:
        codes = settled(reasoner, work, cases)
        failed = dict.fromkeys(peers, 0)
        results: list[dict[str, Any]] = []
        for number, row in enumerate(codes):
            say(f"{work.kind} {work.positives} case {number + 1} of {cases}")
            try:
                asked, took = ours(reasoner, reasoner.case(row))
            except TooWideError as error:
                results.append({"refused": True, "steps": error.steps})
                continue
            theirs: dict[str, Any] = {}
            for name in peers:
                if (name, work.kind) in out:
                    continue
                answer = children[name].ask(asked)
                theirs[name] = asdict(answer)
                say(f"  {name}: {answer.why or f'{answer.setup:.3g} + {answer.query:.3g} s'}")
                if answer.why and not answer.why.startswith(CANNOT):
                    failed[name] += 1
                    if failed[name] == FAILURES:
                        out.add((name, work.kind))
            if defaults and not found and not results:
                theirs |= {name: asdict(children[name].ask(asked)) for name in DEFAULTS}
            results.append({"ours": took, "peers": theirs})
        found.append(
            {
                "kind": work.kind,
                "positives": list(work.positives),
                "findings": findings_range(reasoner, codes),
                "conditions": reasoner.engine.net.rate.size,
                "groups": len(reasoner.engine.groups),
                "row_seconds": row_seconds(reasoner, codes),
                "cases": results,
            }
        )
        so_far(result)
    for child in children.values():
        child.close()
    return result


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and keep the results."""
    parser = argparse.ArgumentParser(prog="evaluation.benchmarks.peers", description=__doc__)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--positives", type=int, nargs="+", default=list(POSITIVES))
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--gibibytes", type=float, default=GIBIBYTES)
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--results", type=Path, default=FOLDER)
    given = parser.parse_args(arguments)
    works = [
        Work(kind, () if kind == PUBLISHED else (positives,))
        for kind in ("all", "half", "none", PUBLISHED)
        if kind in given.sets
        for positives in ([0] if kind == PUBLISHED else sorted(given.positives))
    ]
    keeper = Keeper("peers", given.results)
    found = measure(
        works,
        cases=given.cases,
        seconds=given.seconds,
        gibibytes=given.gibibytes,
        peers=given.peers,
        so_far=keeper.keep,
    )
    keeper.keep(found)


if __name__ == "__main__":
    main()
