"""Ask the reference network with pgmpy and with pyAgrum, as a careful user would.

Three things make or break a general tool here. What bears neither on the question nor on the
evidence is not built (`only`). An item that a present one implies is not entered again. And where a
finding is absent every link of its chain is absent too: the same event, but it tells the tool that
the causes do not meet there; left to itself it multiplies them all together.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from model.kernel import Case, Net
from model.parameters import SEXES, Ints
from model.reference import ANY, COMPLAINT, Names, as_pgmpy, network_nodes
from model.reference_nodes import BINARY, Node


@dataclass(frozen=True)
class Question:
    """A case in the words of the reference network.

    Attributes:
        nodes: the part of the network that matters.
        hard: node -> state, in an order in which P(evidence) can be built up.
        soft: node -> likelihood of each of its states.
        known: the part of `hard` that describes the patient (age, sex, contexts).
    """

    nodes: tuple[Node, ...]
    hard: dict[str, str]
    soft: dict[str, tuple[float, ...]]
    known: dict[str, str]


@dataclass(frozen=True)
class Said:
    """A case in words: node -> state, or likelihood of each state.

    Attributes:
        known: age, sex and contexts.
        seen: conditions and findings, without what a present finding implies.
        soft: node -> likelihood of each of its states.
    """

    known: dict[str, str]
    seen: dict[str, str]
    soft: dict[str, tuple[float, ...]]


def said(net: Net, names: Names, case: Case) -> Said:
    """Put a case into words."""
    known: dict[str, str] = {}
    seen: dict[str, str] = {}
    soft: dict[str, tuple[float, ...]] = {}
    if case.band >= 0:
        known["age"] = names.age[case.band]
    if case.sex >= 0:
        known["sex"] = SEXES[case.sex]
    for k, name in enumerate(names.context):
        if case.context[k] >= 0:
            known[name] = BINARY[case.context[k]]
        elif (case.soft_context[k] != 1.0).any():
            soft[name] = tuple(case.soft_context[k])
    for i, name in enumerate(names.condition):
        if case.condition[i] >= 0:
            seen[name] = BINARY[case.condition[i]]
        elif (case.soft_condition[i] != 1.0).any():
            soft[name] = tuple(case.soft_condition[i])
    follows: set[int] = set()
    for place in np.flatnonzero((case.finding == 1) & (net.graded < 0)):
        above = int(net.parent[place])
        while above >= 0 and net.graded[above] < 0:
            follows.add(above)
            above = int(net.parent[above])
    for f, name in enumerate(names.finding):
        if f in follows and case.finding[f] == 1:
            continue
        if case.is_soft[f]:
            soft[name] = tuple(case.soft_finding[f, : net.grades[f]])
        elif case.finding[f] >= 0:
            seen[name] = names.values[f][case.finding[f]]
    return Said(known, seen, soft)


def lowest_links(nodes: Sequence[Node], seen: Mapping[str, str]) -> dict[str, str]:
    """Node -> state of every link of a chain whose end was seen in its lowest state."""
    lowest = {node.name for node in nodes if seen.get(node.name) == node.states[0]}
    return {
        node.name: node.states[0]
        for node in nodes
        if "__" in node.name and node.name.split("__")[0] in lowest
    }


def question(
    net: Net, names: Names, case: Case, *, order: Sequence[int] | Ints, asked: Iterable[str] = ()
) -> Question:
    """Translate a case; `asked` names nodes wanted besides conditions and contexts."""
    told = said(net, names, case)
    wanted = {*told.known, *told.seen, *told.soft, *asked, *names.condition, *names.context}
    nodes = network_nodes(net, names, order=order, only=wanted | {"age", "sex", ANY})
    findings = {name: told.seen[name] for name in names.finding if name in told.seen}
    seen = {**told.seen, **lowest_links(nodes, findings)}
    return Question(nodes, {**told.known, COMPLAINT: BINARY[1], **seen}, told.soft, told.known)


def known_weight(net: Net, case: Case) -> float:
    """Prior probability of what is known of the patient, as far as the engine leaves it out.

    It does not leave out a known context whose implied one is unknown: that bears on the latter.
    """
    weight = float(net.age_prior[case.band]) if case.band >= 0 else 1.0
    weight *= float(net.sex_prior[case.sex]) if case.sex >= 0 else 1.0
    for k, code in enumerate(case.context):
        above = int(net.implied[k])
        if code < 0 or (above >= 0 and case.context[above] < 0):
            continue
        p = float(net.context_prior[k])
        if above >= 0 and case.context[above] == 0:
            p = 0.0
        weight *= p if code == 1 else 1.0 - p
    return weight


def sweep(nodes: Sequence[Node], conditions: Sequence[str]) -> list[str]:
    """An order of elimination that passes the conditions one at a time.

    A node goes as soon as the condition has been passed that decides it and all its children; among
    those that go together, first what earlier conditions decided. A greedy order works at many
    places at once and ends up with the joint distribution of both ends of every piece.
    """
    place = {name: at for at, name in enumerate(conditions)}
    decided: dict[str, int] = {}
    gone: dict[str, int] = {}
    for node in nodes:
        own = place.get(node.name, -1)
        decided[node.name] = max([own, *(decided[parent] for parent in node.parents)])
        for name in (node.name, *node.parents):
            gone[name] = max(gone.get(name, -1), decided[node.name])
    names = [node.name for node in reversed(nodes)]
    return sorted(names, key=lambda name: (gone[name], decided[name]))


class Pgmpy:
    """pgmpy's variable elimination; soft evidence is a child seen to be present.

    With `conditions` in the order of the chains it eliminates along them; else greedily.
    """

    def __init__(self, asked: Question, conditions: Sequence[str] | None = None) -> None:
        from pgmpy.inference import VariableElimination

        nodes = list(asked.nodes)
        self.evidence = dict(asked.hard)
        states = {node.name: node.states for node in nodes}
        for name, weights in asked.soft.items():
            table = np.array([[1.0 - w for w in weights], list(weights)])
            nodes.append(Node(f"{name}__seen", BINARY, (name,), table))
            self.evidence[f"{name}__seen"] = BINARY[1]
        self.states = states
        self.network = as_pgmpy(nodes)
        # Nothing is handed to `virtual_evidence`, so one object can be asked again and again.
        self.elimination = VariableElimination(self.network)
        self.order = sweep(nodes, conditions) if conditions is not None else None

    def posterior(self, name: str) -> np.ndarray[Any, Any]:
        """P(each state of a node | evidence)."""
        if name in self.evidence:
            return np.array([float(state == self.evidence[name]) for state in self.states[name]])
        order: Any = "greedy"
        if self.order is not None:
            order = [node for node in self.order if node != name and node not in self.evidence]
        answer = self.elimination.query(
            [name], evidence=self.evidence, elimination_order=order, show_progress=False
        )
        return np.asarray(answer.values)

    def log_probability(self) -> float:
        """Natural logarithm of P(evidence): pgmpy does not normalise what a Markov network says.

        Always greedy: given an order, pgmpy drops whatever evidence reduces to a single number.
        """
        from pgmpy.inference import VariableElimination

        elimination = VariableElimination(self.network.to_markov_model())
        answer = elimination.query([ANY], evidence=self.evidence, show_progress=False)
        return math.log(answer.values.sum())


class PyAgrum:
    """pyAgrum's lazy propagation on the tables of the pgmpy network."""

    def __init__(self, asked: Question) -> None:
        with warnings.catch_warnings():
            # SWIG deprecates the module's own types; as an error that is a segmentation fault.
            warnings.simplefilter("ignore", DeprecationWarning)
            import pyagrum as module

        pyagrum: Any = module  # it has no types
        network = as_pgmpy(asked.nodes)
        self.net = pyagrum.BayesNet("reference")
        self.states = {}
        for name in network.nodes():
            self.states[name] = network.get_cpds(name).state_names[name]
            self.net.add(pyagrum.LabelizedVariable(name, name, self.states[name]))
        for name in network.nodes():
            table = network.get_cpds(name)
            for parent in table.variables[1:]:
                self.net.addArc(parent, name)
            # pyAgrum wants the node itself to run fastest, then its parents in the order of arcs.
            self.net.cpt(name).fillWith(table.values.ravel(order="F").tolist())
        self.inference: Any = pyagrum.LazyPropagation(self.net)
        self.inference.setEvidence({**asked.hard, **{k: list(v) for k, v in asked.soft.items()}})

    def posterior(self, name: str) -> np.ndarray[Any, Any]:
        """P(each state of a node | evidence)."""
        return np.asarray(self.inference.posterior(name).toarray())

    def log_probability(self) -> float:
        """Natural logarithm of P(evidence)."""
        return math.log(self.inference.evidenceProbability())
