"""Evidence in, posteriors out: the one entry into the compiled core, for one patient or many."""

from __future__ import annotations

import numpy as np

from model.compiled import entry
from model.kernel.alone import items_alone
from model.kernel.factors import decompose
from model.kernel.planning import choose, demand_of
from model.kernel.program import program
from model.kernel.sweep import run
from model.kernel.types import DONE, FAILED, TOO_WIDE, Case


@entry
def answer(net, graph, library, groups, cases, asked, out):
    """Fill `out` (`Answers`) for every row of `cases` (`Cases`)."""
    work = np.empty(1)
    for r in range(cases.finding.shape[0]):
        band, sex = cases.band[r], cases.sex[r]
        case = Case(
            cases.finding[r], cases.is_soft, cases.soft_finding, cases.context[r],
            cases.soft_context, cases.condition[r], cases.soft_condition, band, sex,
        )  # fmt: skip
        parts = decompose(net, graph, case, not asked.contexts)
        demand = demand_of(net, graph, parts)
        chosen, steps, size, width = choose(
            net, parts, demand, library, groups.shape[0] > 0, asked.order
        )
        steps *= (1.0 if band >= 0 else net.age_prior.size) * (1.0 if sex >= 0 else 2.0)
        if parts.too_wide:
            steps = np.inf
            size = np.inf
        out.steps[r] = steps
        out.bytes[r] = size
        out.width[r] = width
        out.order[r] = chosen
        if steps > asked.max_steps or size > asked.max_bytes:
            out.state[r] = TOO_WIDE
            continue
        plan = program(
            net, graph, case, parts, demand, library.order[chosen], library.place[chosen]
        )
        found, work = run(net, case, parts, plan, groups, asked.marginals, asked.contexts, work)
        out.state[r] = DONE if found.total > 0.0 else FAILED
        if out.state[r] == FAILED:
            continue
        out.log_probability[r] = np.log(found.total) + found.exponent * np.log(2.0)
        out.unexplained[r] = min(1.0, found.unexplained / found.total)
        for b in range(net.age_prior.size):
            out.age[r, b] = (found.lanes[b, 0] + found.lanes[b, 1]) / found.total
        for s in range(2):
            out.sex[r, s] = 0.0
            for b in range(net.age_prior.size):
                out.sex[r, s] += found.lanes[b, s] / found.total
        if asked.marginals:
            for i in range(net.rate.size):
                both = found.present[i] + found.absent[i]
                out.present[r, i] = found.present[i] / both
                out.absent[r, i] = found.absent[i] / both
                if not np.isfinite(both) or both <= 0.0:
                    out.state[r] = FAILED
            for m in range(groups.shape[0]):
                out.group[r, m] = min(1.0, found.group[m] / found.total)  # but for rounding
        if asked.contexts:
            for k in range(net.context_prior.size):
                known = case.context[k] >= 0
                out.context[r, k] = case.context[k] if known else found.context[k] / found.total
        if asked.fit:
            out.log_given[r], out.log_alone[r] = items_alone(net, graph, case, library)
