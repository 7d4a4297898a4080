"""Random small networks and a brute-force answer to them, written without looking at the engine."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from model.kernel import Case, Net

#: family shapes: (parent within the family or -1, grades, reach when the parent is graded)
SHAPES: list[list[tuple[int, int, int]]] = [
    [(-1, 2, 0)],
    [(-1, 2, 0)],
    [(-1, 2, 0), (0, 2, 0)],
    [(-1, 2, 0), (0, 2, 0), (0, 2, 0)],
    [(-1, 2, 0), (0, 2, 0), (1, 2, 0)],
    [(-1, 3, 0)],
    [(-1, 4, 0), (0, 2, 0b1100)],
    [(-1, 3, 0), (0, 2, 0b110), (0, 2, 0b010)],
    [(-1, 3, 0), (0, 2, 0b110), (1, 2, 0)],
]


def random_net(rng: np.random.Generator, *, conditions: int = 3, contexts: int = 3) -> Net:
    """A network with two age bands, an implied context, a causing condition and four families."""
    chosen = [SHAPES[i] for i in rng.integers(0, len(SHAPES), size=3)]
    parent: list[int] = []
    grades: list[int] = []
    reach: list[int] = []
    start = [0]
    for shape in chosen:
        offset = len(parent)
        for up, count, reached in shape:
            parent.append(up + offset if up >= 0 else -1)
            grades.append(count)
            reach.append(reached)
        start.append(len(parent))
    findings = len(parent)
    graded = np.full(findings, -1)
    for f in range(findings):
        if grades[f] > 2:
            graded[f] = graded.max() + 1
    bands = 2
    causes = conditions + contexts + 1 + bands
    strength = rng.uniform(0.05, 0.9, (causes, findings)) * (rng.random((causes, findings)) < 0.7)
    strength[conditions + contexts :] = rng.uniform(0.01, 0.3, (1 + bands, findings))
    strength[:, graded >= 0] = 0.0
    # contexts never cause graded findings, nor what hangs under them
    for c in range(conditions, conditions + contexts):
        for f in range(findings):
            root = f
            while parent[root] >= 0:
                root = parent[root]
            if graded[root] >= 0:
                strength[c, f] = 0.0
    row = np.zeros((causes, max(1, graded.max() + 1), 4))
    for f in range(findings):
        if graded[f] >= 0:
            row[:, graded[f], : grades[f]] = rng.dirichlet(np.ones(grades[f]), causes)
    row[conditions : conditions + contexts] = 0.0
    row[conditions : conditions + contexts, :, 0] = 1.0
    excess = rng.uniform(1, 20, (contexts, conditions)) * (rng.random((contexts, conditions)) < 0.5)
    cause = np.zeros((conditions, conditions))
    cause[0, conditions - 1] = rng.uniform(0.05, 0.6)
    if rng.random() < 0.5 and conditions > 2:
        cause[0, 1] = rng.uniform(0.05, 0.6)
        cause[1, conditions - 1] = rng.uniform(0.05, 0.6)
    implied = np.full(contexts, -1)
    implied[contexts - 1] = 0
    return Net(
        parent=np.array(parent, np.int64),
        grades=np.array(grades, np.int64),
        graded=graded.astype(np.int64),
        reach=np.array(reach, np.int64),
        family_start=np.array(start, np.int64),
        family_nodes=np.arange(findings, dtype=np.int64),
        strength=strength,
        row=row,
        multiplier=rng.uniform(0.2, 3.0, (bands, 2, conditions)),
        excess=excess,
        cause=cause,
        rate=rng.uniform(0.02, 0.5, conditions),
        implied=implied.astype(np.int64),
        context_prior=rng.uniform(0.05, 0.6, contexts),
        age_prior=rng.dirichlet(np.ones(bands)),
        sex_prior=rng.dirichlet(np.ones(2)),
        unnamed_prior=float(rng.uniform(0.05, 0.4)),
    )


def consistent(net: Net, codes: list[int]) -> list[int]:
    """Repair codes as the closure would: children follow parents, useless children are dropped."""
    codes = list(codes)
    findings = net.parent.size
    for f in range(findings - 1, -1, -1):
        up = net.parent[f]
        if up >= 0 and net.graded[up] < 0 and codes[f] == 1:
            codes[up] = 1
    for f in range(findings):
        up = net.parent[f]
        if up < 0:
            continue
        if net.graded[up] < 0:
            if codes[up] == 0:
                codes[f] = 0
        elif codes[up] >= 0 and not (net.reach[f] >> codes[up]) & 1:
            if codes[f] == 1:
                codes[up] = -1
            else:
                codes[f] = -1
    return codes


def _outcomes(net: Net, cause: int, nodes: list[int]) -> dict[tuple[int, ...], float]:
    """Everything one active cause may show of a family: values per node -> probability."""
    root = nodes[0]
    start: list[tuple[dict[int, int], float]]
    if net.graded[root] >= 0:
        row = net.row[cause, net.graded[root]]
        start = [({root: grade}, float(row[grade])) for grade in range(net.grades[root])]
    else:
        p = float(net.strength[cause, root])
        start = [({root: 1}, p), ({root: 0}, 1 - p)]
    for node in nodes[1:]:
        grown = []
        for values, weight in start:
            up = net.parent[node]
            if net.graded[up] >= 0:
                may = bool((net.reach[node] >> values[up]) & 1)
            else:
                may = values[up] == 1
            p = float(net.strength[cause, node]) if may else 0.0
            grown.append(({**values, node: 1}, weight * p))
            grown.append(({**values, node: 0}, weight * (1 - p)))
        start = grown
    result: dict[tuple[int, ...], float] = {}
    for values, weight in start:
        if weight > 0:
            key = tuple(values[node] for node in nodes)
            result[key] = result.get(key, 0.0) + weight
    return result


def brute_force(net: Net, case: Case) -> dict[str, Any]:
    """Sum the whole joint distribution: every context, age, sex, cause and outcome."""
    conditions, contexts = net.rate.size, net.context_prior.size
    families = [
        [int(n) for n in net.family_nodes[net.family_start[f] : net.family_start[f + 1]]]
        for f in range(net.family_start.size - 1)
    ]
    shown = [[_outcomes(net, c, nodes) for c in range(net.strength.shape[0])] for nodes in families]
    cache: dict[tuple[int, tuple[int, ...]], float] = {}

    def chance(f: int, active: tuple[int, ...]) -> float:
        if (f, active) not in cache:
            nodes = families[f]
            state = {tuple(0 for _ in nodes): 1.0}
            for c in active:
                fresh: dict[tuple[int, ...], float] = {}
                for have, w in state.items():
                    for add, v in shown[f][c].items():
                        key = tuple(max(a, b) for a, b in zip(have, add, strict=True))
                        fresh[key] = fresh.get(key, 0.0) + w * v
                state = fresh
            total = 0.0
            for key, weight in state.items():
                share = weight
                for node, value in zip(nodes, key, strict=True):
                    if case.is_soft[node]:
                        share *= case.soft_finding[node, value]
                    elif case.finding[node] >= 0 and case.finding[node] != value:
                        share = 0.0
                total += share
            cache[f, active] = total
        return cache[f, active]

    total = unexplained = 0.0
    present, context = np.zeros(conditions), np.zeros(contexts)
    anyone = np.zeros(2)
    lanes = np.zeros((net.age_prior.size, 2))
    for band, sex in product(range(net.age_prior.size), range(2)):
        if (case.band >= 0 and case.band != band) or (case.sex >= 0 and case.sex != sex):
            continue
        lane = 1.0
        if case.band < 0:
            lane *= net.age_prior[band]
        if case.sex < 0:
            lane *= net.sex_prior[sex]
        for x in product((0, 1), repeat=contexts):
            w = lane
            for k in range(contexts):
                p = net.context_prior[k]
                if net.implied[k] >= 0 and not x[net.implied[k]]:
                    p = 0.0
                w *= (p if x[k] else 1 - p) * case.soft_context[k, x[k]]
                if case.context[k] >= 0 and case.context[k] != x[k]:
                    w = 0.0
            if w == 0.0:
                continue
            for c in product((0, 1), repeat=conditions):
                v = w
                for i in range(conditions):
                    load = 1.0 + sum(net.excess[k, i] for k in range(contexts) if x[k])
                    off = np.exp(-net.rate[i] * net.multiplier[band, sex, i] * load)
                    for j in range(conditions):
                        if c[j]:
                            off *= 1 - net.cause[j, i]
                    v *= (1 - off if c[i] else off) * case.soft_condition[i, c[i]]
                    if case.condition[i] >= 0 and case.condition[i] != c[i]:
                        v = 0.0
                if v == 0.0:
                    continue
                for u in (0, 1):
                    if not u and not any(c):
                        continue  # no complaint
                    t = v * (net.unnamed_prior if u else 1 - net.unnamed_prior)
                    active = [i for i in range(conditions) if c[i]]
                    active += [conditions + k for k in range(contexts) if x[k]]
                    active += [conditions + contexts] if u else []
                    active += [conditions + contexts + 1 + band]
                    for f in range(len(families)):
                        t *= chance(f, tuple(active))
                    total += t
                    lanes[band, sex] += t
                    present += t * np.array(c)
                    context += t * np.array(x)
                    if not any(c):
                        unexplained += t
                    anyone += t * np.array([any(c[:2]), any(c[1:])])
    return {
        "total": total,
        "condition": present / total,
        "context": context / total,
        "unexplained": unexplained / total,
        "group": anyone / total,
        "age": lanes.sum(axis=1) / total,
        "sex": lanes.sum(axis=0) / total,
    }
