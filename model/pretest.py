"""Find the base rates that reproduce a pretest table.

The table says, of 1,000 people with the complaint in one setting, in how many each condition
contributes (t) and in how many nothing modelled does (u). A condition implies the complaint, so
with Z = P(complaint) every condition has P(C) = Z t, and

    P(no condition) = 1 - Z (1 - u),        P(unnamed cause) = u Z / P(no condition).

Given Z the base rates are roots of monotone functions, one condition after another; Z itself is
the root of the first equation, found by bisection. Context prevalences, age and sex are stated
among the people with the complaint too and are brought along in the same loop. Survival
probabilities S_i = P(condition i absent | contexts, causes) multiply, so P(a set of conditions all
absent) is a sum of positive terms, one for each set of causes that did not stand in for it: nothing
cancels.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.compiled import entry, njit

if TYPE_CHECKING:
    from model.parameters import Parameters

#: Relative tolerance of the solution; the table itself has three significant digits.
TOLERANCE = 1e-13
MAX_ROUNDS = 200

#: What may be left of P(no condition), relative to P(any condition), when a solution is found.
GAP = 1e-9

BLOCKED = "its row is at or below what the conditions that lead to it bring about"


class NoSolutionError(ValueError):
    """No base rates give this table; `rows` names those to move, `reason` says why."""

    def __init__(self, reason: str, rows: tuple[int, ...] = ()) -> None:
        self.reason = reason
        self.rows = rows
        super().__init__(reason)


def window(pretest: NDArray[np.float64], unnamed: float) -> tuple[float, float, float]:
    """Smallest and largest unnamed share for which base rates exist, and the overlap.

    The overlap T + u - 1 is the mean number of extra causes per person with the complaint.

    >>> low, high, overlap = window(np.array([0.5, 0.6]), 0.1)
    >>> round(low, 3), round(high, 3), round(overlap, 3)
    (0.0, 0.2, 0.2)
    """
    total = float(pretest.sum())
    return max(0.0, 1.0 - total), float(np.prod(1.0 - pretest)), total + unnamed - 1.0


def absence_terms(cause: NDArray[np.float64], target: int) -> list[tuple[float, tuple[int, ...]]]:
    """Write P(target absent) as a sum over sets of survivals.

    Each term is (weight, conditions whose own survival probabilities are multiplied). A cause j
    that stands in with probability q contributes the factor (1 - q) + q [j absent].
    """
    done: dict[tuple[int, ...], float] = {}
    stack: list[tuple[float, frozenset[int], frozenset[int]]] = [
        (1.0, frozenset({target}), frozenset())
    ]
    while stack:
        weight, absent, expanded = stack.pop()
        left = sorted(absent - expanded)
        # A condition may be expanded only when no other unexpanded one is caused by it.
        ready = [i for i in left if not any(cause[i, j] > 0 for j in left if j != i)]
        if not ready:
            key = tuple(sorted(absent))
            done[key] = done.get(key, 0.0) + weight
            continue
        child = ready[0]
        causes = [j for j in np.flatnonzero(cause[:, child] > 0) if j not in absent]
        for size in range(len(causes) + 1):
            for chosen in combinations(causes, size):
                share = weight
                for j in causes:
                    share *= cause[j, child] if j in chosen else 1.0 - cause[j, child]
                stack.append((share, absent | frozenset(map(int, chosen)), expanded | {child}))
    return [(weight, key) for key, weight in done.items()]


def _terms(
    parameters: Parameters,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """All absence terms, flat: term bounds per condition, weights, member bounds, members."""
    first, bounds = [0], [0]
    weights: list[float] = []
    members: list[int] = []
    for target in range(len(parameters.pretest)):
        for weight, absent in absence_terms(parameters.cause, target):
            weights.append(weight)
            members.extend(absent)
            bounds.append(len(members))
        first.append(len(weights))
    return (
        np.array(first, np.int64),
        np.array(weights),
        np.array(bounds, np.int64),
        np.array(members, np.int64),
    )


class Fixed(NamedTuple):
    """What stays as it is while rates are sought.

    The terms of condition i's absence are first[i]..first[i + 1]: a weight each, and the members
    bounds[t]..bounds[t + 1] whose own survivals are multiplied.
    """

    first: NDArray[np.int64]
    weights: NDArray[np.float64]
    bounds: NDArray[np.int64]
    members: NDArray[np.int64]
    multiplier: NDArray[np.float64]
    excess: NDArray[np.float64]
    implied: NDArray[np.int64]


class Sought(NamedTuple):
    """What is sought; the arrays are filled in place."""

    rate: NDArray[np.float64]
    prior: NDArray[np.float64]
    age: NDArray[np.float64]
    sex: NDArray[np.float64]


@njit
def _lane(members, a, s, fixed, sought, survive):
    """P(all own survivals of `members` | age band a, sex s), contexts summed out.

    Fills survive[k] with the factor that context k, if present, contributes (contexts that imply it
    included).
    """
    multiplier, excess, implied = fixed.multiplier, fixed.excess, fixed.implied
    rate, prior = sought.rate, sought.prior
    contexts = excess.shape[0]
    load = 0.0
    for i in members:
        load += rate[i] * multiplier[a, s, i]
    value = np.exp(-load)
    for k in range(contexts):
        load = 0.0
        for i in members:
            if excess[k, i] != 0.0:
                load += rate[i] * multiplier[a, s, i] * excess[k, i]
        survive[k] = np.exp(-load) if load != 0.0 else 1.0
    for k in range(contexts):
        if implied[k] >= 0 and survive[k] != 1.0:
            survive[implied[k]] *= 1.0 - prior[k] + prior[k] * survive[k]
    for k in range(contexts):
        if implied[k] < 0 and survive[k] != 1.0:
            value *= 1.0 - prior[k] + prior[k] * survive[k]
    return value


@njit
def _all_absent(members, fixed, sought, survive):
    """P(all own survivals of `members`), summed over age, sex and contexts."""
    age, sex = sought.age, sought.sex
    total = 0.0
    for a in range(age.size):
        for s in range(sex.size):
            total += age[a] * sex[s] * _lane(members, a, s, fixed, sought, survive)
    return total


@njit
def _absent(i, fixed, sought, survive):
    """P(condition i absent)."""
    first, weights, bounds, members = fixed.first, fixed.weights, fixed.bounds, fixed.members
    total = 0.0
    for term in range(first[i], first[i + 1]):
        inside = members[bounds[term] : bounds[term + 1]]
        total += weights[term] * _all_absent(inside, fixed, sought, survive)
    return total


@njit
def _root(i, wanted, fixed, sought, survive):
    """Set rate[i] so that P(condition i present) = wanted; False if its causes already exceed it.

    P(absent) falls and is convex in the rate, so the secant from the last value converges from one
    side; bisection guards it.
    """
    rate = sought.rate
    target = 1.0 - wanted
    guess = rate[i]
    rate[i] = 0.0
    top = _absent(i, fixed, sought, survive)
    if top <= target:
        return False
    low, f_low = 0.0, top - target
    high = max(guess * 1.5, wanted * 1e-6)
    while True:
        rate[i] = high
        f_high = _absent(i, fixed, sought, survive) - target
        if f_high <= 0.0:
            break
        low, f_low = high, f_high
        high *= 4.0
    middle = high
    for turn in range(200):
        if turn % 3 == 2:
            middle = 0.5 * (low + high)
        else:
            middle = low + (high - low) * f_low / (f_low - f_high)
        if not low < middle < high:
            break
        rate[i] = middle
        f = _absent(i, fixed, sought, survive) - target
        if f == 0.0:
            break
        if f > 0.0:
            low, f_low = middle, f
        else:
            high, f_high = middle, f
        if high - low <= 4e-16 * high:
            break
    rate[i] = middle if low <= middle <= high else 0.5 * (low + high)
    return True


@entry
def _settle(complaint, order, pretest, unnamed, prevalence, age_wanted, sex_wanted, fixed, sought):
    """For one Z, solve rates, context priors, age and sex together; returns (condition, P(none)).

    The condition is -1, or the first one whose causes already exceed its row.
    """
    implied = fixed.implied
    prior, age, sex = sought.prior, sought.age, sought.sex
    everyone = np.arange(pretest.size)
    contexts = prevalence.size
    survive = np.empty(contexts)
    none = 1.0
    for _ in range(MAX_ROUNDS):
        for i in order:
            if not _root(i, complaint * pretest[i], fixed, sought, survive):
                return i, none
        # P(nothing | age, sex, context), lane by lane
        none = 0.0
        by_age = np.zeros(age.size)
        by_sex = np.zeros(sex.size)
        among = np.zeros(contexts)
        for a in range(age.size):
            for s in range(sex.size):
                value = _lane(everyone, a, s, fixed, sought, survive)
                weight = age[a] * sex[s] * value
                none += weight
                by_age[a] += weight
                by_sex[s] += weight
                for k in range(contexts):
                    d = implied[k]
                    if d < 0:
                        among[k] += weight * survive[k] / (1.0 - prior[k] + prior[k] * survive[k])
                    else:
                        whole = survive[d] / (1.0 - prior[d] + prior[d] * survive[d])
                        part = survive[k] / (1.0 - prior[k] + prior[k] * survive[k])
                        among[k] += weight * whole * part
        # the unnamed cause that would make the shares come out at this Z
        quiet = 1.0 - min(1.0, unnamed * complaint / none)
        total = 1.0 - quiet * none
        moved = 0.0
        # P(x | complaint) = P(x) (1 - quiet P(none | x)) / (1 - quiet P(none)) is held at its value
        for k in range(contexts):
            base = total if implied[k] < 0 else 1.0 - quiet * among[implied[k]]
            fresh = min(prevalence[k] * base / (1.0 - quiet * among[k]), 1.0 - 1e-9)
            moved = max(moved, abs(fresh - prior[k]) / fresh)
            prior[k] = fresh
        for a in range(age.size):
            fresh = age_wanted[a] * total / (1.0 - quiet * by_age[a] / age[a])
            moved = max(moved, abs(fresh - age[a]) / fresh)
            age[a] = fresh
        for s in range(sex.size):
            fresh = sex_wanted[s] * total / (1.0 - quiet * by_sex[s] / sex[s])
            moved = max(moved, abs(fresh - sex[s]) / fresh)
            sex[s] = fresh
        age /= age.sum()
        sex /= sex.sum()
        if moved < TOLERANCE:
            break
    none = _all_absent(everyone, fixed, sought, survive)
    return -1, none


def _fixed(parameters: Parameters) -> Fixed:
    return Fixed(
        *_terms(parameters),
        multiplier=parameters.multiplier,
        excess=parameters.excess,
        implied=parameters.structure.implied,
    )


def solve(parameters: Parameters) -> dict[str, Any]:
    """Solve the base rates; returns the fields to put into `Parameters`.

    Raises:
        NoSolutionError: if the table lies outside the window, if a condition's row is at or below
            what its causes bring about by themselves, or if no overlap of the conditions fits.
    """
    unnamed = parameters.unnamed_pretest
    low, high, _ = window(parameters.pretest, unnamed)
    if not low < unnamed < high:
        raise NoSolutionError(
            f"the unnamed row must lie between {1000 * low:.4g} and {1000 * high:.4g} of 1,000 "
            f"and is {1000 * unnamed:.4g}"
        )
    fixed = _fixed(parameters)
    sought = Sought(
        rate=np.zeros_like(parameters.pretest),
        prior=parameters.prevalence.copy(),
        age=parameters.age.copy(),
        sex=parameters.sex.copy(),
    )

    def gap(complaint: float) -> float:
        blocked, none = _settle(
            complaint,
            parameters.order,
            parameters.pretest,
            unnamed,
            parameters.prevalence,
            parameters.age,
            parameters.sex,
            fixed,
            sought,
        )
        if blocked >= 0:
            raise NoSolutionError(BLOCKED, (blocked,))
        return float(none - (1.0 - complaint * (1.0 - unnamed)))

    bottom, top = 1e-9, 1.0 - 1e-12
    for _ in range(200):
        middle = 0.5 * (bottom + top)
        if middle in (bottom, top) or top - bottom < 1e-15:
            break
        if gap(middle) < 0:
            bottom = middle
        else:
            top = middle
    complaint = 0.5 * (bottom + top)
    none = 1.0 - complaint * (1.0 - unnamed)
    if abs(gap(complaint)) > GAP * (1.0 - none):
        raise NoSolutionError("what links and contexts bring about leaves no room for the table")
    return {
        "rate": sought.rate,
        "context_prior": sought.prior,
        "age_prior": sought.age,
        "sex_prior": sought.sex,
        "unnamed_prior": unnamed * complaint / none,
        "complaint": complaint,
    }


def solve_at(parameters: Parameters, solution: Parameters) -> dict[str, Any]:
    """Solve the base rates for another table near a solved one, with its Z held.

    Here Z is only the constant that turns rows of the table into the shares Z t of the population,
    and the unnamed cause has P(unnamed) = u Z / P(no condition). The complaint then has the
    probability 1 - P(no condition) + u Z, and among those who have it every row of the table comes
    out multiplied by one common factor, Z / P(complaint), so that a table drawn row by row needs
    to keep to no window. Context prevalences, age and sex come out as stated.

    Returns:
        the fields to put into `Parameters`: those of `solve`, and the rows as they come out.

    Raises:
        NoSolutionError: if a condition's row is at or below what its causes bring about, or a share
            would exceed the population.
    """
    scale, unnamed = solution.complaint, parameters.unnamed_pretest
    wanted = scale * parameters.pretest
    if wanted.max() >= 1.0:
        raise NoSolutionError("its row exceeds the population", (int(wanted.argmax()),))
    sought = Sought(
        rate=solution.rate.copy(),
        prior=solution.context_prior.copy(),
        age=solution.age_prior.copy(),
        sex=solution.sex_prior.copy(),
    )
    blocked, none = _settle(
        scale, parameters.order, parameters.pretest, unnamed, parameters.prevalence,
        parameters.age, parameters.sex, _fixed(parameters), sought,
    )  # fmt: skip
    if blocked >= 0:
        raise NoSolutionError(BLOCKED, (blocked,))
    if unnamed * scale >= none:
        raise NoSolutionError("the unnamed row exceeds what the conditions leave")
    complaint = 1.0 - none + unnamed * scale
    return {
        "rate": sought.rate,
        "context_prior": sought.prior,
        "age_prior": sought.age,
        "sex_prior": sought.sex,
        "unnamed_prior": unnamed * scale / none,
        "complaint": complaint,
        "pretest": parameters.pretest * scale / complaint,
        "unnamed_pretest": unnamed * scale / complaint,
    }
