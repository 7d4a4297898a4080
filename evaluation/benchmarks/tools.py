"""Other libraries on a case made small, each asked as well as its public interface allows.

Every tool is a function: given a case it prepares itself and returns a function that gives
P(condition | evidence) for all conditions and ln P(evidence), NaN where a tool has none.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from evaluation.benchmarks.networks import said
from evaluation.benchmarks.pruned import Pruned, Tables
from evaluation.benchmarks.quickscore import Quickscore
from model.kernel import Case, Net
from model.parameters import Floats, causes_first
from model.reference import COMPLAINT, Names, as_pgmpy, network_nodes
from model.reference_nodes import BINARY

#: (N,) P(condition | evidence) in the order of `conditions`, and ln P(evidence).
Answer = tuple[Floats, float]

#: pgmpy takes a tree for calibrated when beliefs differ by less than 1e-8: lift them well above.
LIFT = 1e15


def _markov(asked: Tables) -> Any:
    """A pgmpy Markov network: unlike a Bayesian one it is not pruned anew at every query."""
    from pgmpy import config
    from pgmpy.factors.discrete import DiscreteFactor
    from pgmpy.models import DiscreteMarkovNetwork

    config.set_show_progress(False)
    network = DiscreteMarkovNetwork()
    for axes, _ in asked.tables:
        network.add_nodes_from(axes)
        network.add_edges_from(combinations(axes, 2))
    network.add_factors(*(DiscreteFactor(axes, table.shape, table) for axes, table in asked.tables))
    return network


def pgmpy_elimination(asked: Tables, *, along: bool) -> Callable[[], Answer]:
    """Variable elimination in pgmpy: one query for each condition, and P(evidence) with it.

    `along` eliminates in the order given; else `greedy`, pgmpy's default (opt_einsum).
    """
    from pgmpy.inference import VariableElimination

    elimination = VariableElimination(_markov(asked))

    def answer() -> Answer:
        present = []
        total = 0.0
        for name in asked.conditions:
            order: Any = [node for node in asked.elimination if node != name]
            found = elimination.query(
                [name], elimination_order=order if along else "greedy", show_progress=False
            ).values
            total = float(found.sum())
            present.append(found[1] / total)
        return np.array(present), math.log(total) + asked.log_constant

    return answer


def pgmpy_beliefs(asked: Tables) -> Callable[[], Answer]:
    """Belief propagation in pgmpy: one calibration of a junction tree gives every marginal.

    pgmpy sends messages from each clique in turn until nothing changes. The tree is made anew with
    its leaves listed first, after which nothing can change: up to fifty times fewer messages.
    """
    from pgmpy.inference import BeliefPropagation
    from pgmpy.models import JunctionTree

    network = _markov(asked)
    network.factors[0] *= LIFT
    network.triangulate(order=asked.elimination, inplace=True)
    made = network.to_junction_tree()
    tree = JunctionTree()
    tree.add_nodes_from(sorted(made.nodes(), key=lambda clique: made.degree(clique) > 1))
    tree.add_edges_from(made.edges())
    tree.add_factors(*made.factors)
    propagation = BeliefPropagation(tree)

    def answer() -> Answer:
        propagation.calibrate()
        present = []
        total = 0.0
        beliefs = propagation.get_clique_beliefs()
        for name in asked.conditions:
            clique = min((one for one in beliefs if name in one), key=len)
            found = beliefs[clique]
            rest = [other for other in clique if other != name]
            values = found.marginalize(rest, inplace=False).values if rest else found.values
            total = float(values.sum())
            present.append(values[1] / total)
        return np.array(present), math.log(total / LIFT) + asked.log_constant

    return answer


@dataclass(frozen=True)
class Whole:
    """A case put to the network as it is exported."""

    net: Net
    names: Names
    case: Case

    @property
    def conditions(self) -> tuple[str, ...]:
        """Names of the conditions."""
        return self.names.condition


def pgmpy_default(asked: Whole, *, engine: str) -> Callable[[], Answer]:
    """Ask pgmpy by default: the whole reference network, a query for each condition."""
    from pgmpy import inference

    told = said(asked.net, asked.names, asked.case)
    evidence = {**told.known, **told.seen, COMPLAINT: BINARY[1]}
    network = as_pgmpy(
        network_nodes(asked.net, asked.names, order=causes_first(asked.net.cause), groups=False)
    )
    tool = getattr(inference, engine)(network)

    def answer() -> Answer:
        present = [
            tool.query([name], evidence=evidence, show_progress=False).values[1]
            for name in asked.conditions
        ]
        return np.array(present), math.nan

    return answer


def quickscore(asked: Whole) -> Callable[[], Answer]:
    """Heckerman's Quickscore, in NumPy."""
    return Quickscore(asked.net, asked.case).answer


def _pyagrum() -> Any:
    with warnings.catch_warnings():
        # SWIG deprecates the module's own types; as an error that is a segmentation fault.
        warnings.simplefilter("ignore", DeprecationWarning)
        import pyagrum

        module: Any = pyagrum
        _ = module.MarkovRandomField, module.ShaferShenoyMRFInference  # imported when first named
    return module


def pyagrum_network(asked: Pruned, *, engine: str) -> Callable[[], Answer]:
    """`LazyPropagation` or `VariableElimination`; the latter has no P(evidence)."""
    pyagrum = _pyagrum()
    net = pyagrum.BayesNet("pruned")
    for node in asked.nodes:
        net.add(pyagrum.LabelizedVariable(node.name, node.name, list(node.states)))
    for node in asked.nodes:
        for parent in node.parents:
            net.addArc(parent, node.name)
        # pyAgrum wants the node itself to run fastest, then its parents in the order of arcs.
        net.cpt(node.name).fillWith(node.table.ravel(order="F").tolist())
    inference = getattr(pyagrum, engine)(net)
    inference.setEvidence({**asked.hard, **{k: list(v) for k, v in asked.soft.items()}})
    inference.setTargets(set(asked.conditions))

    def answer() -> Answer:
        inference.makeInference()
        present = [inference.posterior(name)[1] for name in asked.conditions]
        total = math.nan
        if hasattr(inference, "evidenceProbability"):
            total = math.log(inference.evidenceProbability()) + asked.log_constant
        return np.array(present), total

    return answer


def pyagrum_markov(asked: Tables) -> Callable[[], Answer]:
    """Shafer-Shenoy of pyAgrum on a Markov network; it has no P(evidence) there."""
    pyagrum = _pyagrum()
    net = pyagrum.MarkovRandomField()
    sizes = {
        name: size
        for axes, table in asked.tables
        for name, size in zip(axes, table.shape, strict=True)
    }
    for name in asked.elimination:
        net.add(pyagrum.LabelizedVariable(name, name, [str(n) for n in range(sizes[name])]))
    for axes, table in asked.tables:
        net.addFactor(list(axes)).fillWith(table.ravel(order="F").tolist())
    inference = pyagrum.ShaferShenoyMRFInference(net)
    inference.setTargets(set(asked.conditions))

    def answer() -> Answer:
        inference.makeInference()
        present = [inference.posterior(name)[1] for name in asked.conditions]
        return np.array(present), math.nan

    return answer
