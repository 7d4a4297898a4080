"""Other numbers that are as reasonable: sets drawn from how sure each word is, and solved.

Every elicited number is a judgement with a word for how sure it is (`scale.toml`). A set draws
them all anew, each row of the tables independently:

    links, leaks, what contexts and conditions bring about    Beta, the word's probability its mean
    rows of grades                                            Dirichlet, the row its mean
    relative rates of contexts                                lognormal, the word's rate its median
    pretest rows and the unnamed row                          lognormal, the row its mean

Less confidence in a word widens all of them alike: with a factor f of the scale, the weight of a
probability is multiplied by f and the spread of a rate divided by sqrt(f), so that either's
standard deviation grows by about 1 / sqrt(f). Then the base rates are solved again
(`model.pretest.solve_at`). Prevalences, age and sex stay. Set
number n is the same for everybody: its seed is made of the knowledge digest, setting, basis and n.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import scipy
from scipy.special import betaincinv

from model.compiled import cache_folder
from model.engine import net_of
from model.kernel import Net
from model.knowledge import KnowledgeBase
from model.parameters import Floats, Ints, Parameters, graded_rows, unnamed_rows
from model.pretest import NoSolutionError, solve_at
from model.store import NOT_THERE, keep, kept, key_of
from model.tables import Confidence

#: Sets in one stored file: what is lost when the solving is stopped.
BLOCK = 25

#: A drawn probability stays this far from 0 and 1, which nobody elicited.
EDGE = 1e-12

#: Draws for one set before the table is held to have no solution nearby.
MOST_ATTEMPTS = 200

#: The code, besides this file, that a stored set depends on: what draws, solves and lays out.
MADE_BY = ("parameters.py", "pretest.py", "engine.py")

#: What a set is stored as; the first four hold the entries of the network that are not fixed.
NETWORK = ("strength", "row", "excess", "cause")
SOLUTION = (
    *("rate", "context_prior", "age_prior", "sex_prior", "unnamed_prior"),
    *("complaint", "pretest", "unnamed_pretest"),
)
STORED = (*NETWORK, *SOLUTION, "redrawn")


@dataclass(frozen=True)
class Sureness:
    """How sure each number of a parameter set is; axes as in `Parameters`.

    Attributes:
        link (N, F), context_finding (K, F), leak (B, F), cause (N, N): a + b of a Beta.
        row (N, G), leak_row (G,): a of a Dirichlet, the sum of its parameters.
        rate: (K, N) standard deviation of the logarithm of the relative rate.
        pretest: standard deviation of the logarithm of every pretest row.
    """

    link: Floats
    context_finding: Floats
    leak: Floats
    cause: Floats
    row: Floats
    leak_row: Floats
    rate: Floats
    pretest: float


def sureness_of(knowledge: KnowledgeBase, parameters: Parameters) -> Sureness:
    """Lay out what the scale says of every word and its confidence."""
    scale = knowledge.scale
    condition, context = knowledge.condition_index, knowledge.context_index
    finding, graded = knowledge.finding_index, parameters.structure.graded

    def weight(word: str, confidence: Confidence) -> float:
        return scale.frequency[word].weight * scale.confidence[confidence].factor

    found = Sureness(
        link=np.zeros_like(parameters.link),
        context_finding=np.zeros_like(parameters.context_finding),
        leak=np.zeros_like(parameters.leak),
        cause=np.zeros_like(parameters.cause),
        row=np.zeros(parameters.stated.shape),
        leak_row=np.zeros(len(parameters.leak_row)),
        rate=np.zeros_like(parameters.excess),
        pretest=scale.pretest.spread,
    )
    for link in knowledge.link:
        place = condition[link.condition], finding[link.finding]
        found.link[place] = weight(link.word, link.confidence)
    for brings in knowledge.context_finding:
        place = context[brings.context], finding[brings.finding]
        found.context_finding[place] = weight(brings.word, brings.confidence)
    for stray in knowledge.leak:
        words = (stray.under_16, stray.age_16_39, stray.age_40_64, stray.age_65_and_over)
        column = finding[stray.finding]
        found.leak[:, column] = [weight(word, stray.confidence) for word in words]
    for leads in knowledge.condition_link:
        place = condition[leads.cause], condition[leads.condition]
        found.cause[place] = weight(leads.word, leads.confidence)
    for row in knowledge.graded:
        place = condition[row.condition], int(graded[finding[row.finding]])
        found.row[place] = scale.row.weight * scale.confidence[row.confidence].factor
    for drift in knowledge.graded_leak:
        column = int(graded[finding[drift.finding]])
        found.leak_row[column] = scale.row.weight * scale.confidence[drift.confidence].factor
    for favours in knowledge.context_link:
        place = context[favours.context], condition[favours.condition]
        spread = scale.rate[favours.word].spread
        found.rate[place] = spread / math.sqrt(scale.confidence[favours.confidence].factor)
    return found


def _beta(mean: Floats, weight: Floats, rng: np.random.Generator) -> Floats:
    """Draw every mean that is not 0 from its Beta distribution."""
    drawn = np.zeros_like(mean)
    there = mean > 0
    p, w = mean[there], weight[there]
    drawn[there] = np.clip(rng.beta(p * w, (1.0 - p) * w), EDGE, 1.0 - EDGE)
    return drawn


def _together(mean: Floats, weight: Floats, rng: np.random.Generator) -> Floats:
    """As `_beta`, with one quantile for each column: its rows are one judgement."""
    drawn = np.zeros_like(mean)
    there = mean > 0
    quantile = np.broadcast_to(rng.random(mean.shape[1]), mean.shape)[there]
    p, w = mean[there], weight[there]
    drawn[there] = np.clip(betaincinv(p * w, (1.0 - p) * w, quantile), EDGE, 1.0 - EDGE)
    return drawn


def _dirichlet(mean: Floats, weight: Floats, rng: np.random.Generator) -> Floats:
    """Draw rows (..., 4) from Dirichlet distributions; a share of 0 stays 0."""
    share = rng.standard_gamma(mean * weight[..., None])
    share /= np.maximum(share.sum(axis=-1, keepdims=True), np.finfo(float).tiny)
    share = np.where(mean > 0, np.maximum(share, EDGE), 0.0)
    total = share.sum(axis=-1, keepdims=True)
    return np.asarray(share / np.where(total > 0, total, 1.0))


def drawn(parameters: Parameters, sureness: Sureness, rng: np.random.Generator) -> Parameters:
    """Draw every elicited number anew; base rates are not solved.

    A relative rate drawn below 1 becomes 1: the context then does nothing, since one that protects
    is coded by its opposite.
    """
    spread = sureness.pretest
    rows = np.exp(spread * rng.standard_normal(len(parameters.pretest) + 1) - spread**2 / 2)
    pretest = parameters.pretest * rows[:-1]
    link = _beta(parameters.link, sureness.link, rng)
    written = _dirichlet(parameters.written, sureness.row, rng)
    row = graded_rows(written, parameters.stated, pretest)
    times = np.exp(sureness.rate * rng.standard_normal(sureness.rate.shape))
    excess = np.maximum((1.0 + parameters.excess) * times - 1.0, 0.0)
    unnamed, unnamed_row = unnamed_rows(parameters.structure, link, row, pretest)
    return replace(
        parameters,
        link=link,
        written=written,
        row=row,
        context_finding=_beta(parameters.context_finding, sureness.context_finding, rng),
        leak=_together(parameters.leak, sureness.leak, rng),
        leak_row=_dirichlet(parameters.leak_row, sureness.leak_row, rng),
        unnamed=unnamed,
        unnamed_row=unnamed_row,
        excess=np.where(parameters.excess > 0, excess, 0.0),
        cause=_beta(parameters.cause, sureness.cause, rng),
        pretest=pretest,
        unnamed_pretest=parameters.unnamed_pretest * rows[-1],
    )


def one_set(
    knowledge: KnowledgeBase, parameters: Parameters, sureness: Sureness, number: int
) -> tuple[Parameters, int]:
    """Set `number`, solved, and how often it was drawn again for want of a solution.

    Args:
        knowledge: where the parameters come from.
        parameters: the solved set of the elicited numbers themselves.
        sureness: from `sureness_of`.
        number: 0 or above; any number may be asked for, the stored ones are the first.

    Raises:
        NoSolutionError: when no draw has a solution.
    """
    name = f"{knowledge.digest} {parameters.setting} {parameters.basis}"
    seed = np.frombuffer(hashlib.sha256(name.encode()).digest(), np.uint32)
    for attempt in range(MOST_ATTEMPTS):
        rng = np.random.default_rng([*seed, number, attempt])
        try:
            fresh = drawn(parameters, sureness, rng)
            return replace(fresh, **solve_at(fresh, parameters)), attempt
        except NoSolutionError as error:
            last = error
    raise last


@dataclass(frozen=True)
class Sets:
    """Drawn and solved parameter sets of one setting and basis, held small.

    Attributes:
        base: the network of the elicited numbers themselves.
        values: name (`STORED`) -> (S, ...), the sets one after another. `pretest` and
            `unnamed_pretest` are the rows as they come out among people with the complaint.
    """

    base: Net
    values: dict[str, Floats]

    def __len__(self) -> int:
        return len(self.values["rate"])

    @property
    def redrawn(self) -> int:
        """Draws that had no solution and were drawn again."""
        return int(self.values["redrawn"].sum())

    @cached_property
    def _places(self) -> dict[str, Ints]:
        return _places(self.base)

    def net(self, number: int) -> Net:
        """One set as the kernel reads it; it has to do with whom the elicited numbers have."""
        changed = {name: self.values[name][number] for name in SOLUTION[:4]}
        for name, places in self._places.items():
            array = getattr(self.base, name).copy()
            array.reshape(-1)[places] = self.values[name][number]
            changed[name] = array
        unnamed = float(self.values["unnamed_prior"][number])
        return self.base._replace(**changed, unnamed_prior=unnamed)


def _places(net: Net) -> dict[str, Ints]:
    """Which entries of the network are drawn: those that are neither 0 nor 1."""
    places = {name: np.flatnonzero(getattr(net, name) > 0) for name in NETWORK}
    places["row"] = np.flatnonzero((net.row > 0) & (net.row < 1))
    return places


def _packed(parameters: Parameters, redrawn: int, places: dict[str, Ints]) -> dict[str, Floats]:
    net = net_of(parameters)
    values = {name: getattr(net, name).reshape(-1)[places[name]] for name in NETWORK}
    values |= {name: np.asarray(getattr(parameters, name)) for name in SOLUTION}
    return values | {"redrawn": np.asarray(float(redrawn))}


def _folder(knowledge: KnowledgeBase, parameters: Parameters) -> Path:
    """Where the sets of a setting and basis are kept, by a digest of what they depend on."""
    made_of = np.__version__, scipy.__version__, knowledge.digest, key_of(parameters)
    digest = hashlib.sha256(" ".join(made_of).encode())
    here = Path(__file__)
    for path in (here, *(here.parents[1] / name for name in MADE_BY)):
        digest.update(path.read_bytes())
    return cache_folder() / "drawn" / digest.hexdigest()[:32]


def parameter_sets(
    knowledge: KnowledgeBase,
    parameters: Parameters,
    count: int,
    *,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Sets:
    """The first `count` sets of a setting and basis, from the store as far as they are there.

    Args:
        knowledge: where the parameters come from.
        parameters: the solved set of the elicited numbers themselves.
        count: how many.
        workers: threads that solve (all cores when omitted); the sets do not depend on how many.
        progress: told (done, count) after every block.
        cancelled: asked before every block; the sets are then those that were there or solved.

    Raises:
        NoSolutionError: when no draw has a solution.
    """
    folder, base = _folder(knowledge, parameters), net_of(parameters)
    places, sureness = _places(base), sureness_of(knowledge, parameters)
    make = partial(one_set, knowledge, parameters, sureness)
    blocks: list[dict[str, Floats]] = []
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        for start in range(0, count, BLOCK):
            if cancelled is not None and cancelled():
                break
            path = folder / f"{start:06d}.npz"
            try:
                blocks.append(kept(path, STORED))
            except NOT_THERE:
                solved = pool.map(make, range(start, start + BLOCK))
                packed = [_packed(one, redrawn, places) for one, redrawn in solved]
                block = {name: np.stack([one[name] for one in packed]) for name in STORED}
                keep(path, block)
                blocks.append(block)
            if progress is not None:
                progress(min(start + BLOCK, count), count)
    if not blocks:
        return Sets(base, {name: np.zeros((0, 0)) for name in STORED})
    return Sets(base, {n: np.concatenate([block[n] for block in blocks])[:count] for n in STORED})
