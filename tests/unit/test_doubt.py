"""Drawn parameter sets keep to what the scale says of each word; intervals say what was drawn."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from app.reasons.doubt import doubt_lines, shown
from model.checking import check_tables
from model.engine import net_of
from model.errors import InputError, TooWideError
from model.evidence import read_evidence
from model.parameters import elicited
from model.pretest import NoSolutionError, solve_at
from model.reasons import draws
from model.reasons.doubt import BLOCK as ANSWERED
from model.reasons.doubt import Doubt, badge_of, doubt
from model.reasons.draws import (
    BLOCK,
    EDGE,
    MADE_BY,
    SOLUTION,
    STORED,
    Sureness,
    drawn,
    one_set,
    parameter_sets,
    sureness_of,
)
from tests.oracle.small_base import Small, small_base

ROOT = Path(__file__).resolve().parents[2]

CELLS = {"age": "70", "onset": "sudden", "foot_drop": "present", "glucose_or_hba1c_high": "present"}

#: Draws of the shipped tables in the tests of distributions, and the least p-value there.
DRAWS = 200
ALPHA = 1e-4


@pytest.fixture(scope="module", autouse=True)
def _store(tmp_path_factory):
    """Drawn sets are kept in a folder of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARESIS_CACHE_DIR", str(tmp_path_factory.mktemp("store")))
        yield


@pytest.fixture(scope="module")
def sureness(knowledge, reasoner) -> Sureness:
    """How sure the shipped numbers are."""
    return sureness_of(knowledge, reasoner.parameters)


@pytest.fixture(scope="module")
def samples(reasoner, sureness):
    """The shipped tables drawn anew, not solved."""
    rng = np.random.default_rng(20)
    return [drawn(reasoner.parameters, sureness, rng) for _ in range(DRAWS)]


@pytest.fixture(scope="module")
def small() -> Small:
    """Five conditions that are solved in no time."""
    return small_base()


@pytest.fixture(scope="module")
def result(small) -> Doubt:
    """Doubt about one small patient, 100 draws."""
    return doubt(small.reasoner, read_evidence(CELLS, small.reasoner.vocabulary), draws=100)


def stack(samples, name):
    """One kind of number over all draws (S, ...)."""
    return np.stack([getattr(one, name) for one in samples])


def sets_of(small, count, **options):
    """Sets of the small base."""
    return parameter_sets(small.reasoner.knowledge, small.reasoner.parameters, count, **options)


class TestSureness:
    """What the scale says of each word is laid out where the number stands."""

    def test_a_link_is_worth_its_word_and_confidence(self, knowledge, sureness):
        """Every link has the weight of its word times the factor of its confidence."""
        scale = knowledge.scale
        for row in knowledge.link:
            place = knowledge.condition_index[row.condition], knowledge.finding_index[row.finding]
            weight = scale.frequency[row.word].weight
            assert sureness.link[place] == weight * scale.confidence[row.confidence].factor

    def test_less_confidence_spreads_a_rate_wider(self, knowledge, sureness):
        """The spread of a relative rate is divided by the root of the factor of its confidence."""
        scale = knowledge.scale
        for row in knowledge.context_link:
            place = knowledge.context_index[row.context], knowledge.condition_index[row.condition]
            spread = scale.rate[row.word].spread
            factor = scale.confidence[row.confidence].factor
            assert sureness.rate[place] == pytest.approx(spread / math.sqrt(factor))

    def test_confidence_widens_links_and_rates_alike(self, knowledge):
        """From full confidence to a guess, either standard deviation grows by the same factor."""
        factor = knowledge.scale.confidence["low"].factor
        link = next(row for row in knowledge.link if row.word == "often")
        favours = knowledge.context_link[0]

        def widths(confidence):
            changed = {"confidence": confidence}
            base = dataclasses.replace(
                knowledge,
                link=(link.model_copy(update=changed),),
                context_link=(favours.model_copy(update=changed),),
            )
            found = sureness_of(base, elicited(knowledge, setting="primary_care", basis="all"))
            return 0.5 / math.sqrt(found.link.max() + 1), found.rate.max()

        (sure, certain), (unsure, loose) = widths("high"), widths("low")
        assert loose / certain == pytest.approx(1 / math.sqrt(factor))
        assert unsure / sure == pytest.approx(loose / certain, rel=0.1)

    @pytest.mark.parametrize("basis", ["all", "documents"])
    def test_every_number_that_is_there_has_one(self, knowledge, basis):
        """Nothing elicited is drawn with a weight or spread of zero."""
        parameters = elicited(knowledge, setting="primary_care", basis=basis)
        sureness = sureness_of(knowledge, parameters)
        for name in ("link", "context_finding", "leak", "cause"):
            assert (getattr(sureness, name)[getattr(parameters, name) > 0] > 0).all()
        assert (sureness.rate[parameters.excess > 0] > 0).all()
        assert (sureness.row[parameters.written.any(axis=2)] > 0).all()
        assert (sureness.leak_row > 0).all()


class TestDistributions:
    """Draws have the elicited means and the spread that the scale says."""

    @pytest.mark.parametrize("name", ["link", "context_finding", "leak", "cause"])
    def test_a_probability_is_drawn_from_its_beta(self, samples, reasoner, sureness, name):
        """Each drawn probability, put on its own Beta's scale, is uniform."""
        mean, weight = getattr(reasoner.parameters, name), getattr(sureness, name)
        there = mean > 0
        p, w = mean[there], weight[there]
        uniform = stats.beta.cdf(stack(samples, name)[:, there], p * w, (1 - p) * w)
        if name == "leak":  # the age bands of a leak are one judgement
            bands, findings = np.nonzero(there)
            first = np.array([np.flatnonzero(findings == f)[0] for f in findings])
            inside = stack(samples, name)[:, there] > EDGE
            both = inside & inside[:, first]
            assert uniform[both] == pytest.approx(uniform[:, first][both], abs=1e-9)
            uniform = uniform[:, bands == 0]
        assert stats.kstest(uniform.ravel(), "uniform").pvalue > ALPHA
        low, high = (uniform < 0.05).mean(), (uniform > 0.95).mean()
        slack = 5 * math.sqrt(0.05 * 0.95 / uniform.size)
        assert low == pytest.approx(0.05, abs=slack)
        assert high == pytest.approx(0.05, abs=slack)

    def test_the_mean_of_a_link_is_its_word(self, samples, reasoner, sureness):
        """Means of draws differ from the elicited numbers by chance alone."""
        p, w = reasoner.parameters.link, sureness.link
        there = p > 0
        error = math.sqrt(1 / DRAWS) * np.sqrt(p[there] * (1 - p[there]) / (w[there] + 1))
        z = (stack(samples, "link")[:, there].mean(axis=0) - p[there]) / error
        assert abs(z.mean()) < 5 / math.sqrt(z.size)
        assert z.std() == pytest.approx(1.0, abs=5 / math.sqrt(2 * z.size))

    @pytest.mark.parametrize(("name", "worth"), [("written", "row"), ("leak_row", "leak_row")])
    def test_a_row_of_grades_is_drawn_from_its_dirichlet(
        self, samples, reasoner, sureness, name, worth
    ):
        """Each share, put on the scale of its own marginal Beta, is uniform; a row adds to 1."""
        mean, rows = getattr(reasoner.parameters, name), stack(samples, name)
        weight = np.broadcast_to(getattr(sureness, worth)[..., None], mean.shape)
        assert rows.sum(axis=-1) == pytest.approx(mean.sum(axis=-1)[None].repeat(DRAWS, axis=0))
        for grade in range(2):  # shares of one row are dependent: one grade at a time
            there = mean[..., grade] > 0
            a, whole = mean[there, grade] * weight[there, grade], weight[there, grade]
            uniform = stats.beta.cdf(rows[:, there, grade], a, whole - a)
            assert stats.kstest(uniform.ravel(), "uniform").pvalue > ALPHA

    def test_a_relative_rate_is_lognormal_around_its_word(self, samples, reasoner, sureness):
        """The logarithm is normal around the word's, cut at "no effect"."""
        there = reasoner.parameters.excess > 0
        rate, spread = 1 + reasoner.parameters.excess[there], sureness.rate[there]
        times = 1 + stack(samples, "excess")[:, there]
        assert (times >= 1).all()
        uniform = stats.norm.cdf(np.log(times / rate) / spread)
        floor = stats.norm.cdf(-np.log(rate) / spread)
        assert (uniform >= floor - 1e-9).all()
        # above what can be cut anywhere, the scale is uniform
        top = uniform[uniform > floor.max()]
        assert stats.kstest(top, "uniform", (floor.max(), 1 - floor.max())).pvalue > ALPHA
        assert np.median(times, axis=0) == pytest.approx(rate, rel=0.6)

    def test_a_pretest_row_is_lognormal_with_the_row_as_mean(self, samples, reasoner, knowledge):
        """All rows, the unnamed one too, have the spread of the scale and do not hang together."""
        spread = knowledge.scale.pretest.spread
        rows = np.log(stack(samples, "pretest") / reasoner.parameters.pretest)
        last = np.array([one.unnamed_pretest for one in samples])
        last = np.log(last / reasoner.parameters.unnamed_pretest)
        z = (np.column_stack([rows, last]) + spread**2 / 2) / spread
        assert stats.kstest(z.ravel(), "norm").pvalue > ALPHA
        assert abs(np.corrcoef(z.T) - np.eye(z.shape[1])).max() < 6 / math.sqrt(DRAWS)
        assert np.exp(rows).mean() == pytest.approx(1.0, abs=5 * spread / math.sqrt(rows.size))

    def test_what_is_not_there_stays_away(self, samples, reasoner):
        """Zeros stay zero and everything else stays inside (0, 1)."""
        for name in ("link", "context_finding", "leak", "cause", "row", "leak_row"):
            base, fresh = getattr(reasoner.parameters, name), stack(samples, name)
            assert (fresh[:, base == 0] == 0).all()
            assert ((fresh[:, base > 0] > 0) & (fresh[:, base > 0] < 1)).all()

    def test_prevalences_age_and_sex_stay(self, samples, reasoner):
        """What is not drawn is as it was."""
        for name in ("prevalence", "age", "sex", "multiplier"):
            assert (stack(samples, name) == getattr(reasoner.parameters, name)).all()

    def test_the_unnamed_cause_follows_the_draw(self, samples, reasoner):
        """Its root rows are the average of the drawn links, weighted by the drawn pretest."""
        roots = (reasoner.parameters.structure.parent < 0) & (
            reasoner.parameters.structure.graded < 0
        )
        for one in samples[:5]:
            average = one.pretest @ one.link / one.pretest.sum()
            assert one.unnamed[roots] == pytest.approx(average[roots])

    def test_a_row_that_is_not_stated_is_the_average_of_the_draw(self, knowledge):
        """Under documents alone, rows not stated are the average of all rows as drawn."""
        parameters = elicited(knowledge, setting="primary_care", basis="documents")
        fresh = drawn(parameters, sureness_of(knowledge, parameters), np.random.default_rng(5))
        average = np.average(fresh.written, axis=0, weights=fresh.pretest)
        for column in range(parameters.stated.shape[1]):
            silent = ~parameters.stated[:, column]
            assert silent.any()
            assert fresh.row[silent, column] == pytest.approx(
                np.tile(average[column], (silent.sum(), 1))
            )

    def test_without_doubt_nothing_moves(self, reasoner, sureness):
        """Infinitely sure words come out as they were elicited."""
        certain = {
            field.name: getattr(sureness, field.name) * 1e14
            for field in dataclasses.fields(sureness)
        }
        certain |= {"rate": sureness.rate * 0, "pretest": 0.0}
        base = reasoner.parameters
        fresh = drawn(base, Sureness(**certain), np.random.default_rng(1))
        for name in ("link", "row", "leak", "leak_row", "unnamed", "excess", "cause", "pretest"):
            assert getattr(fresh, name) == pytest.approx(getattr(base, name), abs=1e-5), name


class TestSolving:
    """Base rates are solved again with the constant Z held."""

    def test_the_elicited_table_gives_its_own_solution(self, reasoner):
        """With nothing drawn, the rates are those that were there."""
        base = reasoner.parameters
        again = solve_at(base, base)
        for name in SOLUTION:
            assert again[name] == pytest.approx(getattr(base, name), rel=1e-9), name

    def test_rows_come_out_as_drawn_up_to_one_factor(self, small):
        """Among people with the complaint each drawn row is multiplied by Z / P(complaint)."""
        base = small.reasoner.parameters
        sureness = sureness_of(small.reasoner.knowledge, base)
        fresh = drawn(base, sureness, np.random.default_rng(3))
        found = solve_at(fresh, base)
        factor = base.complaint / found["complaint"]
        assert factor != pytest.approx(1.0, abs=1e-3)
        assert found["pretest"] == pytest.approx(fresh.pretest * factor)
        assert found["unnamed_pretest"] == pytest.approx(fresh.unnamed_pretest * factor)

    def test_a_row_below_what_its_causes_bring_about_has_no_solution(self, small):
        """Such a set is drawn again, and after many attempts the row is named."""
        base = small.reasoner.parameters
        effect = small.reasoner.knowledge.condition_index["hypokalaemia"]
        pretest = base.pretest.copy()
        pretest[effect] = 1e-6
        blocked = dataclasses.replace(base, pretest=pretest)
        sureness = sureness_of(small.reasoner.knowledge, base)
        with pytest.raises(NoSolutionError) as caught:
            one_set(small.reasoner.knowledge, blocked, sureness, 0)
        assert caught.value.rows == (effect,)

    def test_a_row_beyond_the_population_has_no_solution(self, small):
        """A share above 1 is refused instead of sought for ever."""
        base = small.reasoner.parameters
        pretest = base.pretest.copy()
        pretest[0] = 1.1 / base.complaint
        with pytest.raises(NoSolutionError, match="exceeds the population"):
            solve_at(dataclasses.replace(base, pretest=pretest), base)
        with pytest.raises(NoSolutionError, match="unnamed row"):
            solve_at(dataclasses.replace(base, unnamed_pretest=2.0), base)


class TestSets:
    """Everybody gets the same sets, however and wherever they are made."""

    def test_a_set_is_the_same_whenever_it_is_drawn(self, small):
        """A set follows from knowledge, setting, basis and its number."""
        knowledge, base = small.reasoner.knowledge, small.reasoner.parameters
        sureness = sureness_of(knowledge, base)

        def digest(whole, parameters, number):
            one, _ = one_set(whole, parameters, sureness, number)
            return hashlib.sha256(one.link.tobytes() + one.rate.tobytes()).hexdigest()

        other = dataclasses.replace(knowledge, digest="other")
        documents = dataclasses.replace(base, basis="documents")
        even = dataclasses.replace(base, setting="even")
        found = [
            digest(knowledge, base, 7), digest(knowledge, base, 8), digest(other, base, 7),
            digest(knowledge, documents, 7), digest(knowledge, even, 7),
        ]  # fmt: skip
        assert found[0] == digest(knowledge, base, 7)
        assert len(set(found)) == len(found)

    def test_draws_without_a_solution_are_counted(self, small):
        """The count of draws made again is the sum over the sets."""
        knowledge, base = small.reasoner.knowledge, small.reasoner.parameters
        sureness = sureness_of(knowledge, base)
        again = [one_set(knowledge, base, sureness, number)[1] for number in range(3 * BLOCK)]
        assert sum(again) > 0
        assert sets_of(small, 3 * BLOCK).redrawn == sum(again)

    def test_the_sets_do_not_depend_on_workers_or_store(self, small, tmp_path, monkeypatch):
        """One thread, four threads and the store give the same bytes."""
        values = []
        for name, workers in (("one", 1), ("four", 4), ("four", 2)):
            monkeypatch.setenv("PARESIS_CACHE_DIR", str(tmp_path / name))
            values.append(sets_of(small, 2 * BLOCK, workers=workers).values)
        for other in values[1:]:
            assert all((values[0][name] == other[name]).all() for name in STORED)

    def test_a_broken_file_is_made_again(self, small, tmp_path, monkeypatch):
        """A stored block that is cut short or lacks an array is no use and does no harm."""
        monkeypatch.setenv("PARESIS_CACHE_DIR", str(tmp_path))
        whole = sets_of(small, BLOCK).values
        (path,) = tmp_path.rglob("*.npz")
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        again = sets_of(small, BLOCK).values
        assert all((whole[name] == again[name]).all() for name in STORED)
        assert path.read_bytes() == content
        np.savez(path, rate=whole["rate"])
        assert (sets_of(small, BLOCK).values["strength"] == whole["strength"]).all()

    def test_the_store_is_named_by_the_code_that_makes_it(self, small, monkeypatch):
        """Whatever draws, solves or lays out a set is hashed, so another layout is not read."""
        made = {Path(inspect.getfile(one)).name for one in (net_of, solve_at, elicited)}
        assert made == set(MADE_BY)
        where = {draws._folder(small.reasoner.knowledge, small.reasoner.parameters)}
        for name in MADE_BY:
            monkeypatch.setattr(draws, "MADE_BY", tuple(one for one in MADE_BY if one != name))
            where.add(draws._folder(small.reasoner.knowledge, small.reasoner.parameters))
        assert len(where) == len(MADE_BY) + 1

    def test_a_store_that_cannot_be_written_is_done_without(self, small, tmp_path, monkeypatch):
        """Sets are solved all the same when a file stands where the folder should be."""
        (tmp_path / "drawn").write_text("in the way")
        monkeypatch.setenv("PARESIS_CACHE_DIR", str(tmp_path))
        assert len(sets_of(small, BLOCK)) == BLOCK

    def test_processes_that_make_the_same_sets_do_not_disturb_each_other(self, small, tmp_path):
        """Three processes at once give the same sets, and leave whole files and nothing else."""
        code = (
            "import hashlib\n"
            "from model.reasons.draws import STORED, parameter_sets\n"
            "from tests.oracle.small_base import small_base\n"
            "one = small_base().reasoner\n"
            f"sets = parameter_sets(one.knowledge, one.parameters, {4 * BLOCK})\n"
            "digest = hashlib.sha256(b''.join(sets.values[n].tobytes() for n in STORED))\n"
            "print(digest.hexdigest())\n"
        )
        env = {**os.environ, "PARESIS_CACHE_DIR": str(tmp_path)}
        # what is compiled stays where it is: only the store is new
        env["NUMBA_CACHE_DIR"] = _compiled()
        running = [
            subprocess.Popen(
                [sys.executable, "-c", code], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
            )
            for _ in range(3)
        ]
        said = [one.communicate()[0] for one in running]
        assert [one.returncode for one in running] == [0, 0, 0]
        mine = sets_of(small, 4 * BLOCK).values
        digest = hashlib.sha256(b"".join(mine[name].tobytes() for name in STORED)).hexdigest()
        assert said == [f"{digest}\n"] * 3
        files = sorted(path.name for path in (tmp_path / "drawn").rglob("*") if path.is_file())
        assert files == [f"{start:06d}.npz" for start in range(0, 4 * BLOCK, BLOCK)]

    def test_making_can_be_stopped_and_gone_on_with(self, small, tmp_path, monkeypatch):
        """Blocks solved before a stop are there the next time; progress tells of each."""
        monkeypatch.setenv("PARESIS_CACHE_DIR", str(tmp_path))
        told: list[tuple[int, int]] = []
        count = 3 * BLOCK + 1

        def note(done, total):
            told.append((done, total))

        part = sets_of(small, count, progress=note, cancelled=lambda: len(told) == 2)
        assert len(part) == 2 * BLOCK
        assert told == [(BLOCK, count), (2 * BLOCK, count)]
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.npz")}
        assert len(before) == 2
        whole = sets_of(small, count, progress=note)
        assert len(whole) == count
        assert told[-1] == (count, count)
        assert {path: path.stat().st_mtime_ns for path in before} == before
        assert (whole.values["rate"][: 2 * BLOCK] == part.values["rate"]).all()


def _compiled() -> str:
    import numba

    return str(numba.config.CACHE_DIR)


class TestDoubt:
    """Doubt about one patient."""

    def test_the_middle_is_what_the_engine_says(self, small, result):
        """`probability` is the posterior under the elicited numbers themselves."""
        evidence = read_evidence(CELLS, small.reasoner.vocabulary)
        posterior = small.reasoner.posterior(small.case(evidence))
        assert [one.probability for one in result.conditions] == list(posterior.condition)
        assert [one.probability for one in result.categories] == list(posterior.group)
        assert result.unexplained.probability == posterior.unexplained
        for one in (*result.conditions, *result.categories, result.unexplained):
            assert 0 < one.low < one.median < one.high < 1

    def test_shares_add_up(self, result):
        """One condition is first in each draw, and three are among the first three."""
        assert sum(one.first for one in result.conditions) == pytest.approx(1.0)
        assert sum(one.first_three for one in result.conditions) == pytest.approx(3.0)
        assert all(one.first <= one.first_three for one in result.conditions)
        assert all(math.isnan(one.first) for one in (*result.categories, result.unexplained))

    def test_the_leader_is_the_likeliest(self, result, small):
        """The badge is the word for the leader's own share."""
        assert result.leader == result.ranking[0].id
        badges = small.reasoner.knowledge.scale.badge
        assert result.badge == badge_of(badges, result.ranking[0].first)
        assert result.said == getattr(badges, result.badge).said

    @pytest.mark.parametrize("draws", [1, 99])
    def test_a_few_draws_give_no_badge(self, small, draws):
        """Below the least number of draws it is said that there are too few."""
        assert small.reasoner.knowledge.scale.doubt.least == 100
        found = doubt(small.reasoner, read_evidence(CELLS, small.reasoner.vocabulary), draws=draws)
        assert (found.draws, found.badge) == (draws, "")
        assert found.leader
        assert "too few draws" in found.said
        text = " ".join(" ".join(doubt_lines(found)).split())
        assert f"Too few draws to say how steady the lead is: {draws} were answered" in text
        assert "STEADY" not in text

    def test_leader_and_ranking_follow_one_rule(self, small):
        """Conditions whose probability is 1 to the last digit are told apart by its complement."""
        entry = doubt(small.reasoner, read_evidence(CELLS, small.reasoner.vocabulary), draws=1)
        absent = {"stroke": 1e-30, "dehydration": 1e-20}
        close = dataclasses.replace(
            entry,
            conditions=tuple(
                dataclasses.replace(one, probability=1.0, absent=absent.get(one.id, 1e-10))
                for one in entry.conditions
            ),
        )
        assert [one.id for one in close.ranking][:2] == ["stroke", "dehydration"]
        absents = [one.absent for one in entry.ranking]
        assert absents == sorted(absents)
        assert entry.leader == entry.ranking[0].id

    def test_what_a_diagnosis_settles_is_as_entered(self, small):
        """A group with a member confirmed is certain under all numbers; so is one ruled out."""
        v = small.reasoner.vocabulary
        found = doubt(small.reasoner, read_evidence({**CELLS, "stroke": "present"}, v), draws=BLOCK)
        group = {row.id: row.category for row in small.reasoner.knowledge.condition}
        mine = next(one for one in found.categories if one.id == group["stroke"])
        for one, sure in ((mine, 1.0), (found.unexplained, 0.0)):
            assert (one.probability, one.low, one.median, one.high) == (sure,) * 4
            assert shown(one.probability, one.low, one.high) == "as entered"
        assert "ruled out by the diagnosis entered" in " ".join(doubt_lines(found))
        denied = doubt(
            small.reasoner, read_evidence(dict.fromkeys(group, "absent"), v), draws=BLOCK
        )
        for one in denied.categories:
            assert (one.probability, one.low, one.high) == (0.0, 0.0, 0.0)
        assert denied.unexplained.low == 1.0

    @pytest.mark.parametrize("workers", [1, 3])
    def test_it_does_not_depend_on_workers(self, small, result, workers):
        """One thread says what many say."""
        evidence = read_evidence(CELLS, small.reasoner.vocabulary)
        again = doubt(small.reasoner, evidence, draws=100, workers=workers)
        assert again.to_dict() == result.to_dict()

    def test_an_entered_condition_is_not_ranked(self, small):
        """What was entered is certain under all numbers and stands outside the ranking."""
        cells = {**CELLS, "stroke": "present", "dehydration": "absent"}
        found = doubt(small.reasoner, read_evidence(cells, small.reasoner.vocabulary), draws=BLOCK)
        by_id = {one.id: one for one in found.conditions}
        assert (by_id["stroke"].low, by_id["stroke"].high) == (1.0, 1.0)
        assert (by_id["dehydration"].low, by_id["dehydration"].high) == (0.0, 0.0)
        assert math.isnan(by_id["stroke"].first)
        assert found.leader == "lumbar_disc_radiculopathy"
        assert sum(one.first for one in found.conditions if one.first >= 0) == pytest.approx(1.0)

    def test_with_every_condition_entered_nobody_leads(self, small):
        """There is no badge without a leader."""
        names = [row.id for row in small.reasoner.knowledge.condition]
        cells = dict.fromkeys(names, "absent") | {names[0]: "present"}
        found = doubt(small.reasoner, read_evidence(cells, small.reasoner.vocabulary), draws=BLOCK)
        assert (found.leader, found.badge, found.said) == ("", "", "")
        assert doubt_lines(found)

    def test_soft_evidence_counts_in_every_draw(self, small, result):
        """A likelihood ratio moves the whole interval."""
        cells = {**CELLS, "soft": {"back_pain": 20.0}}
        found = doubt(small.reasoner, read_evidence(cells, small.reasoner.vocabulary), draws=100)
        disc = small.reasoner.knowledge.condition_index["lumbar_disc_radiculopathy"]
        assert found.conditions[disc].low > result.conditions[disc].low
        assert found.conditions[disc].high > result.conditions[disc].high

    def test_what_contradicts_itself_is_refused(self, small):
        """A contradiction is an input error, as elsewhere."""
        cells = {"foot_drop": "present", "distal_weakness": "absent"}
        with pytest.raises(InputError):
            doubt(small.reasoner, read_evidence(cells, small.reasoner.vocabulary), draws=BLOCK)

    def test_what_is_too_wide_is_refused(self, small):
        """Past the limit nothing is approximated."""
        narrow = dataclasses.replace(small.reasoner, max_steps=1.0)
        with pytest.raises(TooWideError):
            doubt(narrow, read_evidence(CELLS, narrow.vocabulary), draws=BLOCK)

    @pytest.mark.parametrize("draws", [0, 501])
    def test_only_as_many_draws_as_there_are(self, small, draws):
        """The number of draws asked for is checked, and the error says what is allowed."""
        evidence = read_evidence(CELLS, small.reasoner.vocabulary)
        with pytest.raises(InputError, match="1 to 500"):
            doubt(small.reasoner, evidence, draws=draws)

    def test_progress_counts_sets_and_answers(self, small):
        """Progress rises to twice the draws: ready, then answered."""
        told: list[tuple[int, int]] = []
        evidence = read_evidence(CELLS, small.reasoner.vocabulary)
        doubt(small.reasoner, evidence, draws=60, progress=lambda *pair: told.append(pair))
        assert [done for done, _ in told] == sorted({done for done, _ in told})
        assert told[-1] == (120, 120)
        assert {total for _, total in told} == {120}

    def test_a_stopped_run_says_how_far_it_came(self, small):
        """Draws not reached are counted as stopped; the others stand."""
        asked: list[None] = []

        def tired():
            asked.append(None)
            return len(asked) > 100 // BLOCK + 3  # the sets, and three blocks of answers

        evidence = read_evidence(CELLS, small.reasoner.vocabulary)
        found = doubt(small.reasoner, evidence, draws=100, workers=1, cancelled=tired)
        first = doubt(small.reasoner, evidence, draws=found.draws)
        assert found.draws == 3 * ANSWERED
        assert found.badge == ""
        assert dict(found.states) == {"stopped": 100 - found.draws}
        assert found.conditions == first.conditions
        assert any("not reached" in line for line in doubt_lines(found))

    def test_stopped_at_once_leaves_the_posterior_alone(self, small):
        """Without any draw there is the posterior, no interval and no badge."""
        evidence = read_evidence(CELLS, small.reasoner.vocabulary)
        found = doubt(small.reasoner, evidence, draws=100, cancelled=lambda: True)
        assert (found.draws, found.badge) == (0, "")
        assert all(math.isnan(one.low) for one in found.conditions)
        assert dict(found.states) == {"stopped": 100}
        json.dumps(found.to_dict(), allow_nan=False)
        assert doubt_lines(found)

    def test_it_can_be_written_as_json(self, result):
        """Keys stand in a fixed order, numbers have six digits, and conditions are ranked."""
        record = json.loads(json.dumps(result.to_dict(), allow_nan=False))
        assert list(record)[:3] == ["leader", "badge", "said"]
        first = record["conditions"][0]
        assert first["id"] == record["leader"]
        assert first["low"] == float(f"{result.ranking[0].low:.6g}")
        assert "first" in first
        assert "first" not in record["categories"][0]
        assert record["draws"] == 100

    def test_it_says_how_many_sets_were_drawn_again(self, small, result):
        """The count is that of the sets it rests on."""
        assert result.redrawn == sets_of(small, 100).redrawn > 0


@pytest.mark.parametrize(
    ("share", "word"),
    [
        (1.0, "steady"),
        (0.9, "steady"),
        (0.89, "leaning"),
        (0.6, "leaning"),
        (0.59, "open"),
        (0, "open"),
    ],
)
def test_a_badge_is_the_steadiest_word_reached(knowledge, share, word):
    """The thresholds are those of scale.toml."""
    assert badge_of(knowledge.scale.badge, share) == word


def test_badges_must_fall(knowledge):
    """A scale whose steadiest word asks for the least is refused, with place and remedy."""
    badge = knowledge.scale.badge
    swapped = badge.model_copy(update={"steady": badge.leaning, "leaning": badge.steady})
    scale = knowledge.scale.model_copy(update={"badge": swapped})
    problems = check_tables(dataclasses.replace(knowledge, scale=scale))
    assert [(one.code, one.where) for one in problems if one.level == "error"] == [
        ("bad_scale", "scale.toml [badge]")
    ]


def test_a_badge_cannot_need_more_draws_than_there_are(knowledge):
    """A scale whose badge could never be given is refused."""
    drawing = knowledge.scale.doubt.model_copy(update={"least": 501})
    scale = knowledge.scale.model_copy(update={"doubt": drawing})
    problems = check_tables(dataclasses.replace(knowledge, scale=scale))
    assert [one.where for one in problems if one.level == "error"] == ["scale.toml [doubt]"]


class TestText:
    """What people read."""

    @given(st.tuples(*[st.floats(1e-9, 1 - 1e-9)] * 3).map(sorted))
    def test_no_number_is_finer_than_its_interval(self, three):
        """No decimals, never 0 % or 100 %, and steps of five where the interval is wide."""
        low, p, high = three
        text = shown(p, low, high)
        assert "." not in text
        assert not re.search(r"\b(0|100)%", text)
        if high - low >= 0.2 and p >= 0.0095:
            assert int(re.search(r"(\d+)%", text).group(1)) % 5 == 0

    @given(st.tuples(*[st.floats(1e-9, 1 - 1e-9)] * 3).map(sorted))
    def test_the_interval_shown_holds_the_interval(self, three):
        """Ends are rounded outward."""
        low, p, high = (max(value, 0.0095) for value in three)
        inside = shown(p, low, high).partition("(")[2].rstrip(")")
        ends = inside.split(" to ") if " to " in inside else inside.split("-")
        least, most = ends[0], ends[-1]
        assert (0 if "under" in least else int(re.search(r"\d+", least).group())) <= 100 * low
        assert (100 if "over" in most else int(re.search(r"\d+", most).group())) >= 100 * high

    @given(st.tuples(*[st.floats(1e-9, 1 - 1e-9)] * 3).map(sorted))
    def test_a_small_probability_is_a_natural_frequency(self, three):
        """Below 1 % the number is told as so many in 1,000 or 10,000."""
        low, p, high = (value * 0.009 for value in three)
        assert re.search(r"in 10?,000", shown(p, low, high))

    def test_the_lines_say_what_they_mean(self, result):
        """Badge, ranges, how many draws, and what all this is not."""
        text = " ".join(" ".join(doubt_lines(result)).split())
        assert result.badge.upper() in text
        assert "drawn anew 100 times" in text
        assert f"{result.redrawn} more sets of numbers had no solution" in text
        assert "from 5% to 95%" in text
        assert "do not tell how certain anything is in this patient" in text
        assert all(len(line) <= 78 for line in doubt_lines(result))
