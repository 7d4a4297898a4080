"""The reference network: the engine's distribution as a pgmpy network that anybody can query.

It is built from the definitions and not from the engine, to be compared with it, checked and
exported. `docs/reference_network.md` says how nodes are decomposed and named, and how to ask it.
pgmpy is imported inside the functions that need it, since importing it takes two seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from model.kernel import Net
from model.knowledge import KnowledgeBase
from model.parameters import SEXES, Ints
from model.reference_findings import Source, family_nodes
from model.reference_nodes import (
    BINARY,
    Cause,
    Node,
    ancestors,
    chain,
    check,
    either,
    switched,
)

#: Nodes of the network that are not in the vocabulary.
COMPLAINT, UNNAMED, ANY = "complaint", "unnamed_cause", "any_condition"


@dataclass(frozen=True)
class Names:
    """What the axes of a `Net` are called.

    Attributes:
        condition, context, finding: ids.
        values: of each finding, the ids of its values, lowest first.
        age: states of the age node.
        group: (node name, places of its conditions) of categories and sites.
        title: name of the network.
    """

    condition: tuple[str, ...]
    context: tuple[str, ...]
    finding: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    age: tuple[str, ...]
    group: tuple[tuple[str, tuple[int, ...]], ...] = ()
    title: str = "paresis"


def names_of(knowledge: KnowledgeBase) -> Names:
    """The names of a knowledge base, categories and sites included."""
    group: list[tuple[str, tuple[int, ...]]] = []
    for category in knowledge.category:
        members = [i for i, row in enumerate(knowledge.condition) if row.category == category.id]
        group.append((f"category_{category.id}", tuple(members)))
    for site in knowledge.site:
        members = [i for i, row in enumerate(knowledge.condition) if site.id in row.sites]
        group.append((f"site_{site.id}", tuple(members)))
    return Names(
        condition=tuple(row.id for row in knowledge.condition),
        context=tuple(row.id for row in knowledge.binary_contexts),
        finding=tuple(row.id for row in knowledge.finding),
        values=tuple(
            tuple(row.values) if knowledge.is_graded(row) else BINARY for row in knowledge.finding
        ),
        # BIF wants a letter first, and a band is called 16_39
        age=tuple(f"age_{row.id.removeprefix('age_')}" for row in knowledge.age_band),
        group=tuple(group),
    )


def generic_names(net: Net) -> Names:
    """Numbered names, for a network without a vocabulary."""
    return Names(
        condition=tuple(f"condition_{i}" for i in range(net.rate.size)),
        context=tuple(f"context_{k}" for k in range(net.context_prior.size)),
        finding=tuple(f"finding_{f}" for f in range(net.parent.size)),
        values=tuple(
            tuple(f"grade_{g}" for g in range(count)) if graded >= 0 else BINARY
            for count, graded in zip(net.grades, net.graded, strict=True)
        ),
        age=tuple(f"age_{b}" for b in range(net.age_prior.size)),
    )


def _context_nodes(net: Net, names: Names) -> list[Node]:
    """Contexts; one that implies another stands after it and is absent without it."""
    nodes: list[Node] = []
    left = list(range(net.context_prior.size))
    done = {-1}
    while left:
        ready = [k for k in left if int(net.implied[k]) in done]
        if not ready:
            raise ValueError("contexts imply each other in a circle")
        for k in ready:
            p, implied = float(net.context_prior[k]), int(net.implied[k])
            if implied < 0:
                nodes.append(Node(names.context[k], BINARY, (), np.array([1.0 - p, p])))
            else:
                nodes.extend(
                    chain(
                        names.context[k],
                        BINARY,
                        [switched(names.context[implied], (1.0 - p, p))],
                    )
                )
            done.add(k)
            left.remove(k)
    return nodes


def _condition_nodes(net: Net, names: Names, i: int, order: Sequence[int]) -> list[Node]:
    """One condition: base rate, then contexts, then conditions that bring it about.

    P(absent | age, sex, contexts x, causes c) = exp(-b r) prod exp(-b r (R_k - 1) x_k)
    prod (1 - q_j)^c_j, with r = r(age, sex), so the first links depend on age and sex.
    """
    load = net.rate[i] * net.multiplier[:, :, i]
    base = np.array([np.exp(-load), -np.expm1(-load)])
    causes = [Cause("base", ("age", "sex"), base)]
    for k in np.flatnonzero(net.excess[:, i] > 0.0):
        added = load * net.excess[k, i]
        table = np.zeros((2, 2, *load.shape))
        table[0, 0] = 1.0
        table[:, 1] = (np.exp(-added), -np.expm1(-added))
        causes.append(Cause(names.context[k], (names.context[k], "age", "sex"), table))
    for j in order:
        q = float(net.cause[j, i])
        if q > 0.0:
            causes.append(switched(names.condition[j], (1.0 - q, q)))
    return chain(names.condition[i], BINARY, causes)


def network_nodes(
    net: Net,
    names: Names,
    *,
    order: Sequence[int] | Ints | None = None,
    only: Iterable[str] | None = None,
    groups: bool = True,
) -> tuple[Node, ...]:
    """Every node of the reference network, parents before children, as plain values.

    Args:
        net: a solved parameter set.
        names: what its axes are called.
        order: conditions in the order of the chains, causes before what they cause; file order when
            omitted.
        only: ids of the nodes that will be observed or asked for; everything that bears neither on
            them nor on the complaint is left out. None for the whole network.
        groups: whether categories and sites are built.

    Raises:
        KeyError: for an id in `only` that does not exist.
        ValueError: when the result is not a network (see `model.reference_nodes.check`).
    """
    places = [int(i) for i in order] if order is not None else list(range(net.rate.size))
    conditions, contexts = len(names.condition), len(names.context)
    ordered = [names.condition[i] for i in places]
    wanted = None if only is None else set(only)
    nodes = [
        Node("age", names.age, (), net.age_prior),
        Node("sex", SEXES, (), net.sex_prior),
        Node(UNNAMED, BINARY, (), np.array([1.0 - net.unnamed_prior, net.unnamed_prior])),
        *_context_nodes(net, names),
    ]
    for i in places:
        nodes.extend(_condition_nodes(net, names, i, places))
    nodes.extend(either(ANY, ordered))
    nodes.extend(either(COMPLAINT, (ANY, UNNAMED)))
    if groups:
        for title, members in names.group:
            nodes.extend(either(title, [names.condition[i] for i in places if i in members]))
    sources = [
        Source("leak", tuple(range(conditions + contexts + 1, net.strength.shape[0]))),
        Source(UNNAMED, (conditions + contexts,)),
        *(Source(name, (conditions + k,)) for k, name in enumerate(names.context)),
        *(Source(names.condition[i], (i,)) for i in places),
    ]
    for first, last in zip(net.family_start[:-1], net.family_start[1:], strict=True):
        family = [int(item) for item in net.family_nodes[first:last]]
        if wanted is not None:
            kept: set[int] = set()
            for item in reversed(family):
                if item in kept or names.finding[item] in wanted:
                    kept |= {item, int(net.parent[item])}
            family = [item for item in family if item in kept]
        nodes.extend(family_nodes(net, family, names.finding, names.values, sources))
    check(nodes)
    return tuple(nodes) if wanted is None else ancestors(nodes, wanted | {COMPLAINT})


def as_pgmpy(nodes: Sequence[Node], title: str = "paresis") -> Any:
    """The nodes as a checked pgmpy `DiscreteBayesianNetwork`."""
    from pgmpy import config
    from pgmpy.factors.discrete import TabularCPD
    from pgmpy.models import DiscreteBayesianNetwork

    config.set_show_progress(False)
    states = {node.name: node.states for node in nodes}
    network = DiscreteBayesianNetwork()
    network.name = title
    network.add_nodes_from([node.name for node in nodes])
    network.add_edges_from([(parent, node.name) for node in nodes for parent in node.parents])
    tables = []
    for node in nodes:
        family = (node.name, *node.parents)
        tables.append(
            TabularCPD(
                node.name,
                len(node.states),
                node.table.reshape(len(node.states), -1),
                evidence=list(node.parents) or None,
                evidence_card=list(node.table.shape[1:]) or None,
                state_names={name: list(states[name]) for name in family},
            )
        )
    network.add_cpds(*tables)
    network.check_model()
    return network


def reference_network(
    net: Net,
    names: Names,
    *,
    order: Sequence[int] | Ints | None = None,
    only: Iterable[str] | None = None,
    groups: bool = True,
) -> Any:
    """The reference network as a checked pgmpy `DiscreteBayesianNetwork`.

    Arguments and errors are those of `network_nodes`.
    """
    nodes = network_nodes(net, names, order=order, only=only, groups=groups)
    return as_pgmpy(nodes, names.title)
