"""The numbers of a knowledge base as arrays, for one setting and basis: the input of the engine.

`elicited()` turns words into numbers; `solved()` adds the base rates that reproduce the pretest
table. Axes: conditions N, binary contexts K, findings F, graded findings G, age bands B, sexes 2
(female, male), grades at most 4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model import tables as t
from model.knowledge import BASES, SETTINGS, KnowledgeBase

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Rows that rest on documents or supplement them.
Supported = t.Link | t.GradedRow | t.ContextFinding | t.AgeSex | t.ContextLink | t.ConditionLink

MAX_GRADES = 4
SEXES = ("female", "male")


@dataclass(frozen=True)
class Structure:
    """How findings hang together; the same for every setting and basis.

    Attributes:
        parent: (F,) index of the finding refined, -1 for a root.
        root: (F,) index of the root of its family.
        grades: (F,) number of grades, 2 for present/absent.
        graded: (F,) index among the graded findings, -1 for a binary one.
        reach: (F,) for a child of a graded finding, bit g set when grade g may show it; else 0.
        implied: (K,) index of the context implied, -1 for none.
        category: (N,) index of the category.
        depth: (F,) findings in order of depth, roots first.
    """

    parent: Ints
    root: Ints
    grades: Ints
    graded: Ints
    reach: Ints
    implied: Ints
    category: Ints
    by_depth: Ints


@dataclass(frozen=True)
class Parameters:
    """Every number the engine needs, for one setting and basis.

    Attributes:
        link: (N, F) probability that a condition produces a binary finding, given its parent.
        row: (N, G, 4) probability of each grade, by condition.
        context_finding: (K, F) probability that a context produces a binary finding.
        leak: (B, F) and leak_row (G, 4): the same for no reason modelled.
        unnamed, unnamed_row: (F,), (G, 4): the same for the unnamed cause.
        stated: (N, G) whether a source states the graded row (else the average row stands).
        written: (N, G, 4) every graded row of the file; zero where there is none.
        multiplier: (B, 2, N) relative rate by age band and sex.
        excess: (K, N) relative rate of a context, less one.
        cause: (N, N) probability that the row's condition brings about the column's.
        pretest: (N,) and unnamed_pretest: probabilities given the complaint.
        prevalence: (K,), age (B,), sex (2,): given the complaint (contexts that imply another:
            given that one).
        rate: (N,) base rate b; context_prior (K,), age_prior (B,), sex_prior (2,), unnamed_prior,
            complaint (the fitted constant Z): what the solution adds. Zero before it.
        order: (N,) conditions with every cause before what it causes.
    """

    setting: str
    basis: str
    structure: Structure
    link: Floats
    row: Floats
    context_finding: Floats
    leak: Floats
    leak_row: Floats
    unnamed: Floats
    unnamed_row: Floats
    stated: NDArray[np.bool_]
    written: Floats
    multiplier: Floats
    excess: Floats
    cause: Floats
    pretest: Floats
    unnamed_pretest: float
    prevalence: Floats
    age: Floats
    sex: Floats
    order: Ints
    rate: Floats
    context_prior: Floats
    age_prior: Floats
    sex_prior: Floats
    unnamed_prior: float = 0.0
    complaint: float = 0.0


def structure_of(knowledge: KnowledgeBase) -> Structure:
    """Index the families of findings, the contexts that imply others, and the categories."""
    index = knowledge.finding_index
    count = len(knowledge.finding)
    parent = np.full(count, -1, np.int64)
    reach = np.zeros(count, np.int64)
    grades = np.array([len(row.values) for row in knowledge.finding], np.int64)
    graded = np.full(count, -1, np.int64)
    for place, row in enumerate(knowledge.finding):
        name, wanted = knowledge.parent_of(row)
        if knowledge.is_graded(row):
            graded[place] = graded.max() + 1
        if name:
            parent[place] = index[name]
            values = knowledge.finding[index[name]].values
            reach[place] = sum(1 << values.index(grade) for grade in wanted)
    depth = np.zeros(count, np.int64)
    root = np.arange(count)
    for _ in range(count):
        deeper = np.where(parent >= 0, depth[parent] + 1, 0)
        if (deeper == depth).all():
            break
        depth = deeper
    for place in np.argsort(depth, kind="stable"):
        if parent[place] >= 0:
            root[place] = root[parent[place]]
    contexts = knowledge.context_index
    implied = np.array(
        [contexts.get(row.implies, -1) for row in knowledge.binary_contexts], np.int64
    )
    categories = {row.id: place for place, row in enumerate(knowledge.category)}
    return Structure(
        parent=parent,
        root=root.astype(np.int64),
        grades=grades,
        graded=graded,
        reach=reach,
        implied=implied,
        category=np.array([categories[row.category] for row in knowledge.condition], np.int64),
        by_depth=np.argsort(depth, kind="stable").astype(np.int64),
    )


def _kept(row: Supported, basis: str) -> bool:
    return basis == "all" or row.basis == "documents"


def _bands(row: t.Leak | t.AgeSex) -> tuple[str, ...]:
    return (row.under_16, row.age_16_39, row.age_40_64, row.age_65_and_over)


def _share(frequencies: tuple[float, ...]) -> Floats:
    shares = np.zeros(MAX_GRADES)
    shares[: len(frequencies)] = np.asarray(frequencies) / sum(frequencies)
    return shares


def causes_first(cause: Floats) -> Ints:
    """File order, moved only as far as needed for causes to stand before their effects."""
    left = list(range(len(cause)))
    order: list[int] = []
    while left:
        free = next((i for i in left if not any(cause[j, i] > 0 for j in left if j != i)), left[0])
        order.append(free)
        left.remove(free)
    return np.array(order, np.int64)


def elicited(knowledge: KnowledgeBase, *, setting: str, basis: str) -> Parameters:
    """Turn the words of the tables into numbers (base rates not solved yet).

    Args:
        knowledge: a checked knowledge base.
        setting: one of `SETTINGS`.
        basis: "all", or "documents" to leave every supplement out.

    Raises:
        ValueError: for a setting or basis that does not exist.
    """
    if setting not in SETTINGS or basis not in BASES:
        raise ValueError(f"setting is one of {SETTINGS}, basis one of {BASES}")
    structure = structure_of(knowledge)
    scale = knowledge.scale
    conditions, contexts = knowledge.condition_index, knowledge.context_index
    findings = knowledge.finding_index
    n, k, f = len(conditions), len(contexts), len(findings)
    g, b = int(structure.graded.max()) + 1, len(knowledge.age_band)

    pretest = np.zeros(n)
    unnamed_pretest = 0.0
    for share in knowledge.pretest:
        value = getattr(share, setting) / 1000
        if share.id == "unnamed":
            unnamed_pretest = value
        else:
            pretest[conditions[share.id]] = value

    prevalence, age, sex = np.zeros(k), np.zeros(b), np.zeros(2)
    bands = {f"age={band.id}": column for column, band in enumerate(knowledge.age_band)}
    for common in knowledge.prevalence:
        value = getattr(common, setting) / 1000
        if common.id in bands:
            age[bands[common.id]] = value
        elif common.id.startswith("sex="):
            sex[SEXES.index(common.id.removeprefix("sex="))] = value
        else:
            prevalence[contexts[common.id]] = value

    link = np.zeros((n, f))
    for shows in knowledge.link:
        if _kept(shows, basis):
            place = conditions[shows.condition], findings[shows.finding]
            link[place] = scale.frequency[shows.word].probability
    written, stated = np.zeros((n, g, MAX_GRADES)), np.zeros((n, g), bool)
    for graded in knowledge.graded:
        place = conditions[graded.condition], structure.graded[findings[graded.finding]]
        written[place] = _share(graded.frequencies)
        stated[place] = _kept(graded, basis)
    rows = graded_rows(written, stated, pretest)

    context_finding = np.zeros((k, f))
    for brings in knowledge.context_finding:
        if _kept(brings, basis):
            place = contexts[brings.context], findings[brings.finding]
            context_finding[place] = scale.frequency[brings.word].probability
    leak, leak_row = np.zeros((b, f)), np.zeros((g, MAX_GRADES))
    for stray in knowledge.leak:
        leak[:, findings[stray.finding]] = [scale.frequency[w].probability for w in _bands(stray)]
    for graded_stray in knowledge.graded_leak:
        column = structure.graded[findings[graded_stray.finding]]
        leak_row[column] = _share(graded_stray.frequencies)

    multiplier = np.ones((b, 2, n))
    if next(row for row in knowledge.setting if row.id == setting).age_and_sex:
        for varied in knowledge.age_sex:
            if _kept(varied, basis):
                by_age = [scale.multiplier[word].rate for word in _bands(varied)]
                by_sex = [scale.multiplier[word].rate for word in (varied.female, varied.male)]
                multiplier[:, :, conditions[varied.condition]] = np.outer(by_age, by_sex)
    excess = np.zeros((k, n))
    for favours in knowledge.context_link:
        if _kept(favours, basis):
            place = contexts[favours.context], conditions[favours.condition]
            excess[place] = scale.rate[favours.word].rate - 1
    cause = np.zeros((n, n))
    for leads in knowledge.condition_link:
        if _kept(leads, basis):
            place = conditions[leads.cause], conditions[leads.condition]
            cause[place] = scale.frequency[leads.word].probability

    unnamed, unnamed_row = unnamed_rows(structure, link, rows, pretest)
    return Parameters(
        setting=setting,
        basis=basis,
        structure=structure,
        link=link,
        row=rows,
        context_finding=context_finding,
        leak=leak,
        leak_row=leak_row,
        unnamed=unnamed,
        unnamed_row=unnamed_row,
        stated=stated,
        written=written,
        multiplier=multiplier,
        excess=excess,
        cause=cause,
        pretest=pretest,
        unnamed_pretest=unnamed_pretest,
        prevalence=prevalence,
        age=age,
        sex=sex,
        order=causes_first(cause),
        rate=np.zeros(n),
        context_prior=prevalence.copy(),
        age_prior=age.copy(),
        sex_prior=sex.copy(),
    )


def graded_rows(written: Floats, stated: NDArray[np.bool_], pretest: Floats) -> Floats:
    """The rows of the file (N, G, 4), the average row standing in where none is stated (N, G).

    Every row of the file takes part in the average, whatever the basis, weighted by pretest: the
    average says nothing of any one condition, and without it a basis could leave a grade without
    any row.
    """
    rows = written.copy()
    for column in range(written.shape[1]):
        known = written[:, column].any(axis=1)
        average = np.average(written[known, column], axis=0, weights=pretest[known])
        rows[~stated[:, column], column] = average
    return rows


def unnamed_rows(
    structure: Structure, link: Floats, row: Floats, pretest: Floats
) -> tuple[Floats, Floats]:
    """The unnamed cause's links: the pretest-weighted average of the conditions'.

    A child's is the average among the conditions that produce its parent, each weighted by how
    often it does, so that the unnamed cause shows the child as often as the average condition does.
    """
    shown = np.zeros_like(link)
    produced = np.zeros_like(link)
    for place in structure.by_depth:
        parent = structure.parent[place]
        if structure.graded[place] >= 0:
            continue
        if parent < 0:
            chance = np.ones(len(link))
        elif structure.graded[parent] >= 0:
            reach = [(structure.reach[place] >> grade) & 1 for grade in range(MAX_GRADES)]
            chance = row[:, structure.graded[parent]] @ np.array(reach, float)
        else:
            chance = shown[:, parent]
        produced[:, place] = chance
        shown[:, place] = chance * link[:, place]
    with np.errstate(invalid="ignore", divide="ignore"):
        average = (pretest @ shown) / (pretest @ produced)
    return np.nan_to_num(average), np.average(row, axis=0, weights=pretest)


def solved(parameters: Parameters) -> Parameters:
    """Add the base rates with which the complaint gives back the pretest table.

    Raises:
        model.pretest.NoSolutionError: naming the rows to move when no base rates exist.
    """
    from model.pretest import solve

    return replace(parameters, **solve(parameters))
