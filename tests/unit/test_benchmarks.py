"""The benchmarks: what the work is like, that every tool answers alike, and the page."""

from __future__ import annotations

import json
import math
import time
import warnings
from functools import partial
from xml.dom import minidom

import numpy as np
import pytest
from hypothesis import given

from evaluation.benchmarks import files, growth, page, peers, startup, tools, work
from evaluation.benchmarks.apart import MEMORY, TIME, Apart, Took
from evaluation.benchmarks.pruned import pruned, reduced
from evaluation.benchmarks.quickscore import Quickscore
from evaluation.benchmarks.results import FOLDER, Keeper, read, rounded
from evaluation.benchmarks.signed import signed
from evaluation.benchmarks.summary import Ratio, duration, number, ratio, size
from evaluation.benchmarks.work import SETS, Work
from evaluation.reading import read_table
from evaluation.scoring import read_codes, read_header
from model.engine import Engine
from model.kernel import complete
from model.reference import generic_names, names_of
from tests.oracle.test_small_networks import engine_of, problems

WORKS = [Work(kind, () if kind == work.PUBLISHED else (5,)) for kind in SETS]

#: What signs may lose on the few findings asked here.
TOLERANCE = 1e-9


def findings(reasoner, codes):
    """The columns of findings."""
    return codes[:, reasoner.vocabulary.columns("finding")]


@pytest.mark.parametrize("asked", WORKS, ids=lambda asked: asked.kind)
def test_work_has_what_was_asked_for(asked, reasoner):
    """Rows have as many positive and absent findings and known contexts as their set says."""
    rows = work.entered(reasoner, asked, 60)
    absent = ((findings(reasoner, rows) == 0) & (reasoner.engine.net.graded < 0)).sum(axis=1)
    contexts = rows[:, reasoner.vocabulary.columns("context")]
    known = (contexts >= 0).sum(axis=1)
    counted = work.positives(reasoner, rows)
    assert len(rows) == 60
    if asked.kind == work.PUBLISHED:
        pairs = set(zip(counted.tolist(), absent.tolist(), strict=True))
        assert pairs <= set(work.published_numbers(reasoner))
        assert set(known) <= {1, 2}
        assert ((contexts == 1).sum(axis=1) == known).all()
    else:
        assert set(counted) == {5}
        assert set(absent) == {work.NEGATIVES}
        assert set(known) == {round(work.SHARES[asked.kind] * contexts.shape[1])}
    assert (rows[:, [reasoner.vocabulary.index[name].column for name in ("age", "sex")]] >= 0).all()


@pytest.mark.parametrize("asked", WORKS, ids=lambda asked: asked.kind)
def test_work_is_free_of_contradictions(asked, reasoner):
    """Nothing in the work is read with a warning, and what is implied is filled in, not counted."""
    rows = work.entered(reasoner, asked, 60)
    settled = reasoner.closure.settle(rows)
    assert {note.level for note in settled.notes} <= {"note"}
    for child, above in reasoner.closure.implied:
        assert (rows[rows[:, child] == 1, above] == -1).all()
        assert (settled.engine[rows[:, child] == 1, above] == 1).all()
    assert (work.positives(reasoner, settled.engine) == work.positives(reasoner, rows)).all()


def test_work_depends_on_its_seed_alone(reasoner):
    """The same seed gives the same rows, the first of many being those of few."""
    asked = Work("half", (4, 7))
    few, many = (work.entered(reasoner, asked, count, seed=3) for count in (10, 2_500))
    assert (few == many[:10]).all()
    assert work.positives(reasoner, few).tolist() == [4, 7] * 5
    assert (few != work.entered(reasoner, asked, 10, seed=4)).any()


def test_work_as_a_file_is_the_same_work(reasoner, tmp_path):
    """A written table of vignettes is read back to the same codes."""
    path = tmp_path / "rows.csv"
    work.main(["--set", "published", "--rows", "40", "--seed", "9", "-o", str(path)])
    frame = read_table(str(path))
    codes, bad = read_codes(frame, read_header(list(frame.columns), reasoner), reasoner)
    assert not bad
    assert (codes == work.entered(reasoner, Work("published"), 40, seed=9)).all()


@pytest.mark.parametrize(
    ("kind", "positives"), [("other", (3,)), ("half", ()), ("published", (3,))]
)
def test_work_that_makes_no_sense_is_refused(kind, positives):
    """A set has a known name and says how many findings, unless it takes them from elsewhere."""
    with pytest.raises(ValueError, match=r"a set is|has a number"):
        Work(kind, positives)


@given(problems())
def test_a_pruned_network_says_what_the_engine_says(problem):
    """Folding, known values and merged links change neither a posterior nor P(evidence)."""
    net, case = problem
    names = generic_names(net)
    order = complete(net, np.arange(net.rate.size))
    answer = engine_of(net).posterior(case)
    asked = pruned(net, names, case, order)
    present, log_probability = tools.pyagrum_network(asked, engine="LazyPropagation")()
    places = [names.condition.index(name) for name in asked.conditions]
    unknown = case.condition[places] < 0
    assert present[unknown] == pytest.approx(answer.condition[places][unknown], abs=TOLERANCE)
    assert log_probability == pytest.approx(answer.log_probability, abs=TOLERANCE)


@given(problems())
def test_signs_say_what_the_engine_says(problem):
    """Inclusion and exclusion, by Quickscore or by a tool, agree on all that they can be asked."""
    net, case = problem
    case = case._replace(
        is_soft=np.zeros_like(case.is_soft),
        soft_context=np.ones_like(case.soft_context),
        condition=np.full_like(case.condition, -1),
        soft_condition=np.ones_like(case.soft_condition),
        band=max(case.band, 0),
        sex=max(case.sex, 0),
    )
    answer = engine_of(net).posterior(case)
    present, log_probability = Quickscore(net, case).answer()
    assert present == pytest.approx(answer.condition, abs=TOLERANCE)
    assert log_probability == pytest.approx(answer.log_probability, abs=TOLERANCE)
    asked = signed(net, generic_names(net), case, complete(net, np.arange(net.rate.size)))
    assert tools.pyagrum_markov(asked)()[0] == pytest.approx(answer.condition, abs=TOLERANCE)


@pytest.mark.parametrize("name", peers.PEERS)
def test_every_tool_answers_as_the_engine_does(name, reasoner):
    """Each tool in its set-up agrees on a real patient, P(evidence) included if it gives it."""
    case = work.cases(reasoner, Work("half", (3,)), 1)[0]
    asked, took = peers.ours(reasoner, case)
    peer = peers.PEERS[name]
    form = peer.translate(reasoner.engine.net, names_of(reasoner.knowledge), asked)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pgmpy divides nought by nought, and means nought
        present, log_probability = peer.prepare(form)()
    ids = [row.id for row in reasoner.knowledge.condition]
    places = [ids.index(condition) for condition in form.conditions]
    assert present == pytest.approx(asked.condition[places], abs=TOLERANCE)
    if peer.evidence:
        assert log_probability == pytest.approx(asked.log_probability, abs=TOLERANCE)
    else:
        assert math.isnan(log_probability)
    assert took["steps"] > 0


def test_tables_stand_for_the_same_case(reasoner):
    """Reducing a case to tables leaves every posterior; the order names every node once."""
    case = work.cases(reasoner, Work("all", (2,)), 1)[0]
    asked, _ = peers.ours(reasoner, case)
    form = pruned(reasoner.engine.net, names_of(reasoner.knowledge), case, asked.order)
    tables = reduced(form)
    assert {name for axes, _ in tables.tables for name in axes} == set(tables.elimination)
    assert len(set(tables.elimination)) == len(tables.elimination)
    assert not set(tables.elimination) & set(form.hard)


def test_quickscore_says_what_it_cannot_do(reasoner):
    """Unknown age, known conditions and too many unknown contexts are refused by name."""
    net = reasoner.engine.net
    case = work.cases(reasoner, Work("none", (3,)), 1)[0]
    with pytest.raises(ValueError, match=r"2\^3 subsets and 2\^\d+ settings"):
        Quickscore(net, case)
    with pytest.raises(ValueError, match="age and sex"):
        Quickscore(net, case._replace(band=-1))


def test_a_smaller_network_is_the_network_of_some_conditions(reasoner):
    """With all conditions nothing changes; with few the engine still agrees with Quickscore."""
    engine = reasoner.engine
    rows = work.settled(reasoner, Work("all", (3,)), 2)
    whole = growth.smaller_engine(engine, np.arange(engine.net.rate.size))
    part = growth.smaller_engine(engine, np.arange(0, engine.net.rate.size, 5))
    for row in rows:
        case = growth.case_of(reasoner, whole.net, row)
        expected = engine.posterior(reasoner.case(row)).condition
        assert whole.posterior(case).condition == pytest.approx(expected, abs=1e-12)
        case = growth.case_of(reasoner, part.net, row)
        present, _ = Quickscore(part.net, case).answer()
        assert part.posterior(case).condition == pytest.approx(present, abs=TOLERANCE)


def test_a_case_that_is_too_wide_has_steps_only(reasoner):
    """A refused case stays in its series with its steps, and without a time."""

    class Narrow(Engine):
        """The same engine with a limit that nothing meets."""

        def posterior(self, case, **options):
            return super().posterior(case, max_steps=1.0, **options)

    engine = Narrow(reasoner.engine.net, reasoner.engine.orders, reasoner.engine.groups)
    found = growth.runs(engine, work.cases(reasoner, Work("all", (2,)), 1), {0: 1.0})
    assert found["steps"][0] > 1
    assert math.isnan(found["seconds"][0])


def answering():
    """What a child does in the tests below."""

    def ask(word):
        if word == "sleep":
            time.sleep(600)
        if word == "eat":
            return Took(query=float(np.ones(10**10).sum()))
        if word == "refuse":
            raise ValueError("not this")
        return Took(query=1.0)

    return ask


def test_a_child_is_held_to_its_limits():
    """Too long, too large and unable are told apart, and the next question is answered again."""
    child = Apart(answering, seconds=1.0, gibibytes=4.0)
    try:
        whys = [child.ask(word).why for word in ("do", "eat", "refuse", "sleep", "do")]
    finally:
        child.close()
    assert whys == ["", MEMORY, "cannot: not this", TIME, ""]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (number(0.0), "0"),
        (number(1234.5), "1,230"),
        (number(0.01234), "0.0123"),
        (number(1.5e-7), "1.5e-7"),
        (number(math.nan), "-"),
        (duration(0.0005), "500 µs"),
        (duration(0.25), "250 ms"),
        (duration(61.0), "61 s"),
        (size(2**21), "2 MiB"),
        (size(None), "-"),
        (str(Ratio((2.0, 4.0, 9.0))), "4 (2 to 9)"),
        (str(Ratio((2.0,))), "2"),
        (str(Ratio((2.0, 3.0), (5.0, 7.0))), "2 to 3; 2 of 4 finished"),
        (str(Ratio((), (5.0, 7.0))), "none of 2 finished (over 5)"),
        (str(Ratio((), (math.inf,))), "none of 1 finished"),
        (str(Ratio(())), "not asked"),
    ],
)
def test_numbers_are_written_short(shown, expected):
    """Three digits at most, a unit, and what was not finished is said."""
    assert shown == expected


def test_the_best_tool_is_chosen_case_by_case():
    """A ratio takes the fastest finished tool of each case, and a limit where none finished."""

    def took(setup, query, why=""):
        return {"setup": setup, "query": query, "why": why}

    group = {
        "cases": [
            {"ours": {"seconds": 0.5}, "peers": {"a": took(1.0, 2.0), "b": took(0.5, 0.5)}},
            {"ours": {"seconds": 1.0}, "peers": {"a": took(1.0, 3.0), "b": took(0, 0, TIME)}},
            {"ours": {"seconds": 2.0}, "peers": {"a": took(0, 0, TIME)}},
            {"refused": True, "steps": 1e12},
        ]
    }
    both = ratio(group, ["a", "b"], 60.0)
    assert (both.values, both.more) == ((2.0, 4.0), (30.0,))
    assert ratio(group, ["a"], 60.0, query_only=True).values == (4.0, 3.0)


def test_what_is_kept_is_small_and_readable(tmp_path):
    """Numbers keep four digits, what is none becomes null; machine and command stand beside."""
    assert rounded({"a": [1 / 3, math.nan, np.int64(3), "x"]}) == {"a": [0.3333, None, 3, "x"]}
    Keeper("growth", tmp_path).keep({"core": []})
    found = read("growth", tmp_path)
    assert found["core"] == []
    assert {"command", "date", "cores", "versions", "knowledge"} <= set(found["circumstances"])
    assert read("peers", tmp_path) is None


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Every measurement, tiny."""
    folder = tmp_path_factory.mktemp("results")
    few = partial(peers.measure, cases=1, seconds=60.0, gibibytes=16.0, defaults=False)
    found = {
        "peers": few(
            [Work("half", (8,)), Work("published")], peers=["pyagrum_signs", "quickscore"]
        ),
        "growth": growth.measure(cases=1, positives=(2, 8, 16), length=1e5),
        "files": files.measure(rows=(20,), pgmpy=0),
        "startup": startup.measure(times=1, empty=0),
    }
    for name, value in found.items():
        Keeper(name, folder).keep(value)
    return folder


def test_the_page_is_made_of_what_was_measured(measured, tmp_path):
    """Every part, target and picture is there; a picture has a title and a description."""
    path = page.render(results=measured, docs=tmp_path)
    text = path.read_text("utf-8")
    for heading in ("## What was asked for", *(f"## {name}" for name in page.PARTS.values())):
        assert f"\n{heading}\n" in text
    assert "not decided" in text  # the first use, which nobody waited for
    assert "steps = " in text
    assert "nan" not in text.split()
    for name in ("peers", "accuracy", "growth", "bound"):
        assert f"(pictures/benchmark_{name}.svg)" in text
        path = tmp_path / "pictures" / f"benchmark_{name}.svg"
        root = minidom.parse(str(path)).documentElement  # noqa: S318 - we have just written it
        assert root.getAttribute("role") == "img"
        assert {"title", "desc"} <= {child.nodeName for child in root.childNodes}
    width = [line.count("|") for line in text.splitlines() if line.startswith("|")]
    assert min(width) >= 4


def test_the_page_says_what_was_not_measured(tmp_path):
    """Without results the page names the command of every part."""
    text = page.render(results=tmp_path, docs=tmp_path / "docs").read_text("utf-8")
    for name in page.PARTS:
        assert f"Not measured yet: `python -m evaluation.benchmarks.{name}`" in text


def test_the_page_is_that_of_its_results(tmp_path):
    """`docs/benchmarks.md` is what the stored results give."""
    made = page.render(docs=tmp_path).read_text("utf-8")
    assert made == (page.DOCS / "benchmarks.md").read_text("utf-8")
    for name in page.PARTS:
        stored = FOLDER / f"{name}.json"
        assert stored.exists() == f"evaluation.benchmarks.{name}\n" in made or stored.exists()
        assert not stored.exists() or json.loads(stored.read_text("utf-8"))["circumstances"]
