"""The shipped knowledge base, solved, and evidence for it in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.engine import Engine, Posterior, blank_case
from model.kernel import Case, Net
from model.knowledge import KnowledgeBase, load
from model.parameters import SEXES, Ints, Parameters
from model.reasoner import open_reasoner
from model.reference import Names, names_of
from tests.oracle.small import consistent


@dataclass(frozen=True)
class Shipped:
    """Everything an oracle test needs to know of the shipped network."""

    knowledge: KnowledgeBase
    parameters: Parameters
    net: Net
    names: Names
    engine: Engine
    groups: NDArray[np.bool_]

    def answer(self, case: Case) -> Posterior:
        """What the engine says, categories, sites and unknown contexts included."""
        return self.engine.posterior(case, groups=self.groups, contexts=True)

    def best_order(self, answer: Posterior) -> Ints:
        """The conditions in the order the engine took."""
        order = self.engine.orders[answer.order]
        return order[order < self.net.rate.size]

    def case(self, evidence: Mapping[str, Any], *, rest: int = -1) -> Case:
        """Evidence by id; contexts not mentioned get the code `rest` (0: known to be absent).

        A finding, context or condition is True or False, a graded finding the name of a grade, age
        the name of a state of the age node.
        """
        net, names = self.net, self.names
        finding = [-1] * net.parent.size
        context = np.full(net.context_prior.size, rest, np.int8)
        condition = np.full(net.rate.size, -1, np.int8)
        band = sex = -1
        for name, value in evidence.items():
            if name == "age":
                band = names.age.index(value)
            elif name == "sex":
                sex = SEXES.index(value)
            elif name in names.context:
                context[names.context.index(name)] = int(value)
            elif name in names.condition:
                condition[names.condition.index(name)] = int(value)
            else:
                f = names.finding.index(name)
                graded = isinstance(value, str)
                finding[f] = names.values[f].index(value) if graded else int(value)
        for k in np.flatnonzero(net.implied >= 0):
            if context[k] == 1:
                context[net.implied[k]] = 1
            if context[net.implied[k]] == 0:
                context[k] = 0
        return blank_case(net)._replace(
            finding=np.array(consistent(net, finding), np.int8),
            context=context,
            condition=condition,
            band=band,
            sex=sex,
        )


@cache
def shipped(setting: str = "primary_care", basis: str = "all") -> Shipped:
    """The shipped knowledge base in one setting."""
    knowledge = load()
    reasoner = open_reasoner(knowledge, setting=setting, basis=basis)
    net, names = reasoner.engine.net, names_of(knowledge)
    groups = np.zeros((len(names.group), net.rate.size), bool)
    for m, (_, members) in enumerate(names.group):
        groups[m, list(members)] = True
    return Shipped(knowledge, reasoner.parameters, net, names, reasoner.engine, groups)
