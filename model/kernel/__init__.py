"""The compiled core: exact posteriors by one pass forward and one backward over a network.

Conditions and unknown contexts (the *vertices*) are passed one at a time in a given order. A
condition is absent, or present and then acts on what it causes; a context likewise. A vector runs
along, indexed by the subsets of open *bits*: findings somebody still has to explain, and vertices
not yet passed that an earlier one has to do with. Every term is a product or a sum of non-negative
numbers, so nothing cancels. `docs/engine.md` has the mathematics.

Four lanes stand side by side in the vector (`some` = the first two, `none` = the last two):

    A  unnamed cause present, some condition so far
    B  unnamed cause absent, some condition so far
    C  unnamed cause present, no condition so far
    D  unnamed cause absent, no condition so far

so that A + B + C is P(evidence, complaint) at the end and C its unexplained part. Unknown age and
sex are summed outside.

    types      what goes in and comes between: Net, Graph, Library, Cases, Asked, Answers, ...
    graph      who has to do with whom
    families   one family of findings and one cause
    factors    evidence broken into factors, whatever the order
    planning   the cheapest order
    program    an order made into steps, with every number looked up once
    basic      plain loops
    vectors    what one step does to the vector, and its transpose
    vertices   a condition or a context passed, and the way back
    sweep      a program run forward and backward
    alone      every item by itself, in one narrow pass
    rows       the one entry: evidence in, posteriors out
"""

from model.kernel.factors import decompose
from model.kernel.graph import complete, graph_of, library_of
from model.kernel.planning import cost, demand_of
from model.kernel.rows import answer
from model.kernel.types import (
    DONE,
    FAILED,
    MAX_FAMILY_BITS,
    TOO_WIDE,
    Answers,
    Asked,
    Case,
    Cases,
    Demand,
    Graph,
    Library,
    Net,
    Parts,
)

__all__ = [
    "DONE",
    "FAILED",
    "MAX_FAMILY_BITS",
    "TOO_WIDE",
    "Answers",
    "Asked",
    "Case",
    "Cases",
    "Demand",
    "Graph",
    "Library",
    "Net",
    "Parts",
    "answer",
    "complete",
    "cost",
    "decompose",
    "demand_of",
    "graph_of",
    "library_of",
]
