"""Findings as nodes: noisy-OR and noisy-MAX chains, and families of findings that refine others.

Within a family each cause triggers the root and then, given what it itself showed there, every
child; an item is present when any cause shows it. So a cause needs a *mechanism* node for each item
it may show below which it may show another, and the items themselves are chains over these.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.kernel import Net
from model.parameters import Floats
from model.reference_nodes import Cause, Node, chain, without_idle_parents


@dataclass(frozen=True)
class Source:
    """A cause of findings, by its number in `Net.strength`.

    Attributes:
        name: a context, a condition, `unnamed_cause`, or `leak`.
        numbers: one number, or one for each age band (the leak, which is always present).
    """

    name: str
    numbers: tuple[int, ...]

    @property
    def always(self) -> bool:
        """Whether the cause is always present and its strength depends on age."""
        return self.name == "leak"


def _own(net: Net, item: int, source: Source) -> Floats:
    """(values, numbers) what the cause shows of an item, given that it may."""
    numbers = list(source.numbers)
    if net.graded[item] >= 0:
        return net.row[numbers, net.graded[item], : net.grades[item]].T
    strength = net.strength[numbers, item]
    return np.array([1.0 - strength, strength])


def _switch(own: Floats, source: Source) -> Cause:
    """The cause as something that age (the leak) or its own presence switches."""
    if source.always:
        return Cause(source.name, ("age",), own)
    nothing = np.zeros_like(own)
    nothing[0] = 1.0
    return Cause(source.name, (source.name,), np.concatenate([nothing, own], axis=1))


def _given_parent(net: Net, item: int, source: Source, mechanism: str) -> Cause:
    """The cause as something that what it showed of the item's parent switches."""
    parent = net.parent[item]
    switch = _switch(_own(net, item, source), source)
    count = int(net.grades[parent])
    table = np.zeros((2, count, switch.table.shape[1]))
    table[0] = 1.0
    for value in range(count):
        reached = (net.reach[item] >> value) & 1 if net.graded[parent] >= 0 else value == 1
        if reached:
            table[:, value] = switch.table
    # Where the lowest value does not reach the child, what does tells that the cause is there.
    if not source.always and not (net.graded[parent] >= 0 and net.reach[item] & 1):
        return Cause(source.name, (mechanism,), table[:, :, 1])
    return Cause(source.name, (mechanism, *switch.triggers), table)


def family_nodes(
    net: Net,
    family: list[int],
    finding: tuple[str, ...],
    values: tuple[tuple[str, ...], ...],
    sources: list[Source],
) -> list[Node]:
    """All nodes of one family.

    Args:
        net: the numbers.
        family: the items to build, roots first; with every item its parent.
        finding: names of all findings.
        values: states of all findings.
        sources: every cause, in the order of the chains.
    """
    nodes: list[Node] = []
    causes: dict[int, list[Cause]] = {item: [] for item in family}
    for source in sources:
        # Items this cause may show anything of, deepest first.
        shows: set[int] = set()
        needed: set[int] = set()
        for item in reversed(family):
            if item in needed or _own(net, item, source)[1:].any():
                shows.add(item)
                lowest = net.graded[net.parent[item]] >= 0 and net.reach[item] & 1
                if net.parent[item] >= 0 and lowest:
                    needed.add(int(net.parent[item]))
        mechanism: dict[int, str] = {}
        for item in family:
            parent = int(net.parent[item])
            if item not in shows or (parent >= 0 and parent not in mechanism):
                continue
            if parent < 0:
                cause = _switch(_own(net, item, source), source)
            else:
                cause = _given_parent(net, item, source, mechanism[parent])
            if any(net.parent[child] == item and child in shows for child in family):
                title = f"{finding[item]}__from_{source.name}"
                own = Node(title, values[item], cause.triggers, cause.table)
                nodes.append(without_idle_parents(own))
                mechanism[item] = title
                cause = Cause(source.name, (title,), np.eye(len(values[item])))
            causes[item].append(cause)
    for item in family:
        nodes.extend(chain(finding[item], values[item], causes[item]))
    return nodes
