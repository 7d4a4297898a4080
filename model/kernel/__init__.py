"""The compiled core: exact posteriors by one pass forward and one backward over the conditions.

Conditions are passed one at a time in a given order, each either absent or present and then
switching on what it causes. A vector runs along, indexed by the subsets of open *bits*: findings
somebody still has to explain, contexts still unknown, conditions that later conditions depend on.
Every term is a product or a sum of non-negative numbers, so nothing cancels. `docs/engine.md` has
the mathematics.

Four lanes stand side by side in the vector (`some` = the first two, `none` = the last two):

    A  unnamed cause present, some condition so far
    B  unnamed cause absent, some condition so far
    C  unnamed cause present, no condition so far
    D  unnamed cause absent, no condition so far

so that A + B + C is P(evidence, complaint) at the end and C its unexplained part. Unknown age and
sex are summed outside.

    types      what goes in and comes between: Net, Case, Parts
    families   one family of findings and one cause
    factors    evidence broken into factors, whatever the order
    planning   the cheapest order, and its program of steps
    passes     what one step does to the vector, and its transpose
    sweep      a program run forward and backward

Numba caches what it compiles next to each file, or in NUMBA_CACHE_DIR. It looks only at the file a
function stands in: after changing a function that another file calls, clear `__pycache__`.
"""

from model.kernel.factors import decompose, lane_survival, prior_pair
from model.kernel.families import combine
from model.kernel.planning import choose, cost, program, spans
from model.kernel.sweep import run
from model.kernel.types import MAX_FAMILY_BITS, Case, Net, Parts

__all__ = [
    "MAX_FAMILY_BITS",
    "Case",
    "Net",
    "Parts",
    "choose",
    "combine",
    "cost",
    "decompose",
    "lane_survival",
    "prior_pair",
    "program",
    "run",
    "spans",
]
