"""One family of findings: what the evidence says of it, and what one cause does to it."""

from __future__ import annotations

from model.compiled import njit
from model.kernel.basic import copy, fill
from model.kernel.types import ABSENT, BIT, FREE


@njit
def combine(a, b, field):
    """The state after two causes: bits are OR-ed, a two-bit grade field takes the larger."""
    if field < 0:
        return a | b
    mask = 3 << field
    return ((a | b) & ~mask) | max(a & mask, b & mask)


@njit
def merge(left, right, size, field, out):
    """out[combine(a, b)] += left[a] right[b]; `field` holds a grade to be maximised, not OR-ed."""
    fill(out, size, 0.0)
    for a in range(size):
        if left[a] != 0.0:
            for b in range(size):
                if right[b] != 0.0:
                    out[combine(a, b, field)] += left[a] * right[b]


@njit
def effect_of(net, cause, nodes, kind, bit, grade, grade_bit, field, size, own, acc, scratch, out):
    """Distribution over the states one cause produces, given that it is present.

    nodes: the family, root first; kind, bit: per node; grade: the hard grade of a graded root (-1
    unknown), grade_bit: its bit (-1 none), field: the two-bit field of a soft grade (-1 none).
    """
    count = nodes.size
    for t in range(count):
        fill(acc[t], size, 0.0)
        acc[t, 0] = 1.0
    for t in range(count - 1, -1, -1):
        node = nodes[t]
        if t == 0 and net.graded[node] >= 0:
            break
        p = net.strength[cause, node]
        fill(own[t], size, 0.0)
        own[t, 0] = 1.0 - p
        if kind[t] == FREE:
            for s in range(size):
                own[t, s] += p * acc[t, s]
        elif kind[t] == BIT:
            for s in range(size):
                if acc[t, s] != 0.0:
                    own[t, s | (1 << bit[t])] += p * acc[t, s]
        if t > 0:
            parent = net.parent[node]
            if net.graded[parent] < 0:
                for up in range(t):
                    if nodes[up] == parent:
                        merge(acc[up], own[t], size, -1, scratch)
                        copy(scratch, size, acc[up])
    if net.graded[nodes[0]] < 0:
        copy(own[0], size, out)
        return
    fill(out, size, 0.0)
    g = net.graded[nodes[0]]
    for value in range(net.grades[nodes[0]]):
        share = net.row[cause, g, value]
        if share == 0.0 or (grade >= 0 and value > grade):
            continue
        fill(acc[0], size, 0.0)
        acc[0, 0] = 1.0
        for t in range(1, count):
            node = nodes[t]
            if net.parent[node] == nodes[0] and (net.reach[node] >> value) & 1:
                merge(acc[0], own[t], size, -1, scratch)
                copy(scratch, size, acc[0])
        mark = 0
        if grade_bit >= 0 and value == grade:
            mark = 1 << grade_bit
        if field >= 0:
            mark = value << field
        for s in range(size):
            if acc[0, s] != 0.0:
                out[s | mark] += share * acc[0, s]


@njit
def kinds_of(net, case, nodes, kind, bit, below, closing_soft):
    """What each node of a family says. Returns (bits, grade, grade_bit, field, constant).

    closing_soft[t] is 1 where a bit is closed with its likelihoods instead of being required.
    """
    count = nodes.size
    constant = 1.0
    # `below`: a hard present item stands underneath
    for t in range(count):
        below[t] = 0
    for t in range(count - 1, 0, -1):
        here = case.finding[nodes[t]] == 1 or below[t] == 1
        if here:
            for up in range(t):
                if nodes[up] == net.parent[nodes[t]]:
                    below[up] = 1
    bits = 0
    for t in range(count):
        node = nodes[t]
        kind[t] = FREE
        bit[t] = -1
        closing_soft[t] = 0
        if t == 0 and net.graded[node] >= 0:
            continue
        dead = False
        for up in range(t):
            if nodes[up] == net.parent[node] and kind[up] == ABSENT:
                dead = True
        if dead:
            kind[t] = ABSENT
            if case.is_soft[node]:
                constant *= case.soft_finding[node, 0]
            continue
        if case.is_soft[node]:
            if below[t]:
                constant *= case.soft_finding[node, 1]
            else:
                kind[t] = BIT
                closing_soft[t] = 1
        elif case.finding[node] == 0:
            kind[t] = ABSENT
        elif case.finding[node] == 1 and not below[t]:
            kind[t] = BIT
        if kind[t] == BIT:
            bit[t] = bits
            bits += 1
    grade = -1
    grade_bit = -1
    field = -1
    root = nodes[0]
    if net.graded[root] >= 0:
        if case.is_soft[root]:
            field = bits
            bits += 2
        elif case.finding[root] >= 0:
            grade = case.finding[root]
            follows = grade == 0
            for t in range(1, count):
                node = nodes[t]
                present = (case.finding[node] == 1 and not case.is_soft[node]) or below[t] == 1
                if net.parent[node] == root and present:
                    lower = net.reach[node] & ((1 << grade) - 1)
                    if lower == 0:
                        follows = True
            if not follows:
                grade_bit = bits
                bits += 1
    return bits, grade, grade_bit, field, constant
