"""The reference network in the files other tools read: BIF, XMLBIF and XDSL (GeNIe).

pgmpy's own writers are not used. They put nodes in alphabetical order (some readers want parents
first), the one for XDSL gives every node a random position, so that no two files are equal, and
rounds to 16 decimals, and none leaves room to say where a network comes from. Here the order is
that of the network, numbers are the shortest that read back as the same float, equal input gives
equal bytes, and pgmpy need not even be imported. Its readers read all three (`read_back`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np

from model.engine import net_of
from model.knowledge import KnowledgeBase
from model.parameters import Parameters
from model.reference import names_of, network_nodes
from model.reference_nodes import Node
from model.version import ENGINE_VERSION

Format = Literal["bif", "xmlbif", "xdsl"]
FORMATS: tuple[Format, ...] = ("bif", "xmlbif", "xdsl")

TITLE = "paresis"


def stamp(knowledge: KnowledgeBase, parameters: Parameters) -> tuple[str, ...]:
    """Where a network comes from, as lines `name: value`."""
    return (
        f"engine: paresis {ENGINE_VERSION}",
        f"knowledge: {knowledge.digest}",
        f"setting: {parameters.setting}",
        f"basis: {parameters.basis}",
    )


def _numbers(values: Any, separator: str) -> str:
    return separator.join(repr(float(value)) for value in np.ravel(values))


def _by_parents(node: Node) -> str:
    """The table with the node's own states running fastest, then the last parent's."""
    return _numbers(np.moveaxis(node.table, 0, -1), " ")


def bif(nodes: Sequence[Node], header: Sequence[str]) -> Iterator[str]:
    """Lines of the Interchange Format for Bayesian Networks, version 0.15."""
    yield from (f"// {line}" for line in header)
    yield f"network {TITLE} {{\n}}"
    states = {node.name: node.states for node in nodes}
    for node in nodes:
        yield f"variable {node.name} {{"
        yield f"  type discrete [ {len(node.states)} ] {{ {', '.join(node.states)} }};\n}}"
    for node in nodes:
        if not node.parents:
            yield f"probability ( {node.name} ) {{"
            yield f"  table {_numbers(node.table, ', ')};\n}}"
            continue
        yield f"probability ( {node.name} | {', '.join(node.parents)} ) {{"
        columns = node.table.reshape(len(node.states), -1).T
        settings = product(*(states[parent] for parent in node.parents))
        for setting, column in zip(settings, columns, strict=True):
            yield f"  ({', '.join(setting)}) {_numbers(column, ', ')};"
        yield "}"


def xmlbif(nodes: Sequence[Node], header: Sequence[str]) -> Iterator[str]:
    """Lines of the XML form of BIF, version 0.3."""
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield '<BIF VERSION="0.3">\n<NETWORK>'
    yield f"<NAME>{TITLE}</NAME>"
    yield from (f"<PROPERTY>{line.replace(': ', ' = ')}</PROPERTY>" for line in header)
    for node in nodes:
        outcomes = "".join(f"<OUTCOME>{state}</OUTCOME>" for state in node.states)
        yield f'<VARIABLE TYPE="nature"><NAME>{node.name}</NAME>{outcomes}</VARIABLE>'
    for node in nodes:
        given = "".join(f"<GIVEN>{parent}</GIVEN>" for parent in node.parents)
        table = f"<TABLE>{_by_parents(node)}</TABLE>"
        yield f"<DEFINITION><FOR>{node.name}</FOR>{given}{table}</DEFINITION>"
    yield "</NETWORK>\n</BIF>"


def xdsl(nodes: Sequence[Node], header: Sequence[str]) -> Iterator[str]:
    """Lines of GeNIe's format, without positions on its canvas.

    Not for pyAgrum, which lets the first parent run fastest where GeNIe lets the last, and would
    read every table with two parents wrongly. It refuses files without positions, and so these.
    """
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield from (f"<!-- {line} -->" for line in header)
    yield f'<smile version="1.0" id="{TITLE}" numsamples="10000" discsamples="10000">\n<nodes>'
    for node in nodes:
        yield f'<cpt id="{node.name}">'
        yield "".join(f'<state id="{state}" />' for state in node.states)
        if node.parents:
            yield f"<parents>{' '.join(node.parents)}</parents>"
        yield f"<probabilities>{_by_parents(node)}</probabilities>\n</cpt>"
    yield "</nodes>\n</smile>"


WRITERS: dict[Format, Callable[[Sequence[Node], Sequence[str]], Iterator[str]]] = {
    "bif": bif,
    "xmlbif": xmlbif,
    "xdsl": xdsl,
}


def export(
    knowledge: KnowledgeBase, parameters: Parameters, path: Path, file_format: Format
) -> None:
    """Write the whole reference network, categories and sites included.

    Args:
        knowledge: gives the names and the digest.
        parameters: a solved parameter set of that knowledge base.
        path: the file; an old one is replaced.
        file_format: one of `FORMATS`.

    Raises:
        ValueError: for a format that does not exist.
    """
    if file_format not in WRITERS:
        raise ValueError(f"format is one of {', '.join(FORMATS)}, not {file_format}")
    nodes = network_nodes(net_of(parameters), names_of(knowledge), order=parameters.order)
    lines = WRITERS[file_format](nodes, stamp(knowledge, parameters))
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)


def nodes_of(network: Any) -> dict[str, Node]:
    """The nodes of a pgmpy network by name."""
    nodes = {}
    for table in network.cpds:
        name = table.variable
        states = tuple(table.state_names[name])
        nodes[name] = Node(name, states, tuple(table.variables[1:]), np.asarray(table.values))
    return nodes


def read_back(path: Path, file_format: Format) -> dict[str, Node]:
    """What pgmpy's reader makes of a file, by name.

    pgmpy's BIF reader needs some 20 seconds for the whole network, the others a second.
    """
    from pgmpy.readwrite import BIFReader, XDSLReader, XMLBIFReader

    reader = {"bif": BIFReader, "xmlbif": XMLBIFReader, "xdsl": XDSLReader}[file_format]
    return nodes_of(reader(str(path)).get_model())
