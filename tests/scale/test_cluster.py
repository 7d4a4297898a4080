"""Scoring on a cluster: the rows of the single machine, whatever happens to its processes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from distributed import LocalCluster

from evaluation import cluster as module
from evaluation.cluster import MANIFEST, UNFINISHED, score_files
from model.errors import InputError
from model.knowledge import SHIPPED, load
from model.reasoner import open_reasoner
from model.version import ENGINE_VERSION
from tests.cli.conftest import ROOT, SCRIPT
from tests.scale.conftest import KEEP, workers

#: Something no message may repeat.
PRIVATE = "Zaphod77"


def parts_of(folder):
    """The parts of a folder by name."""
    return {path.name: path for path in folder.glob("part-*.parquet")}


def same(folder, single):
    """The parts of each input, put together, are its rows as one machine wrote them."""
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    parts = manifest["parts"]
    assert [one["name"] for one in parts] == sorted(parts_of(folder))
    assert [one["path"] for one in manifest["inputs"]] == list(single)
    for path, sink in single.items():
        here = [one for one in parts if one["path"] == path]
        found = pa.concat_tables([pq.read_table(folder / one["name"]) for one in here])
        expected = pq.read_table(sink)
        assert found.equals(expected)
        assert found.schema.equals(expected.schema, check_metadata=True)
        starts = [1 + sum(one["rows"] for one in here[:k]) for k in range(len(here))]
        assert [one["first_row"] for one in here] == starts
        if len(here) == 1:
            assert (folder / here[0]["name"]).read_bytes() == sink.read_bytes()
    assert {path.name for path in folder.iterdir()} == {MANIFEST, *parts_of(folder)}
    return manifest


def victim(folder, over):
    """A worker in the middle of a part, stopped there; it keeps the part's file open."""
    while not over.is_set():
        for one in workers():
            with contextlib.suppress(psutil.NoSuchProcess):
                if not any(str(folder) in file.path for file in one.open_files()):
                    continue
                one.suspend()
                if any(f"{folder}/.part-" in file.path for file in one.open_files()):
                    return one
                one.resume()
        time.sleep(0.002)
    return None


@pytest.fixture
def killer(tmp_path):
    """Kill a worker for good in the middle of a part of the run in tmp_path/out."""
    killed, over = [], threading.Event()

    def kill():
        if one := victim(tmp_path / "out", over):
            one.kill()
            killed.append(one)

    thread = threading.Thread(target=kill)
    thread.start()
    yield killed
    over.set()
    thread.join()


def test_a_killed_worker_changes_nothing(cluster, inputs, single, reasoner, killer, tmp_path):
    """A worker is killed at work; the rows are those of one machine, and the manifest says all."""
    told = []
    summary = score_files(
        [str(inputs)],
        str(tmp_path / "out"),
        reasoner,
        scheduler=cluster.scheduler_address,
        keep=KEEP,
        rows=10,
        watch=lambda title: contextlib.nullcontext(lambda *numbers: told.append((title, *numbers))),
    )
    assert len(killer) == 1
    assert not killer[0].is_running()
    manifest = same(tmp_path / "out", single)
    assert [one["rows"] for one in manifest["inputs"]] == [71, 30, 50]
    assert [one["rows"] for one in manifest["parts"]] == [*[10] * 7, 1, 30, *[10] * 5]
    for one in manifest["inputs"]:
        content = (inputs / one["path"]).read_bytes()
        assert (one["bytes"], one["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert manifest["engine_version"] == ENGINE_VERSION
    assert manifest["knowledge_digest"] == reasoner.knowledge.digest
    assert (manifest["setting"], manifest["basis"]) == ("primary_care", "all")
    assert manifest["rows"] == summary.rows == 151
    assert manifest["status"] == summary.status
    assert summary.status["error"] == 1
    assert sum(summary.status.values()) == sum(summary.disposition.values()) == 151
    assert [one for one in told if one[1] == 151] == [
        ("looking", 151, manifest_bytes(manifest), manifest_bytes(manifest)),
        ("scoring", 151, 151, 151),
    ]


def manifest_bytes(manifest):
    """The size of all inputs."""
    return sum(one["bytes"] for one in manifest["inputs"])


def test_a_worker_that_always_ends_is_named(
    cluster, inputs, reasoner, killer, tmp_path, monkeypatch
):
    """When Dask gives a block up, because whoever took it ended, the rows are named."""
    monkeypatch.setattr(cluster.scheduler, "allowed_failures", 0)
    with pytest.raises(InputError) as caught:
        score_files(
            [str(inputs)],
            str(tmp_path / "out"),
            reasoner,
            scheduler=cluster.scheduler_address,
            keep=KEEP,
            rows=10,
        )
    assert caught.value.problems[0].code == "worker_lost"
    assert f"{inputs}/" in caught.value.problems[0].where
    assert not (tmp_path / "out" / MANIFEST).exists()
    assert len(killer) == 1


def test_a_stopped_run_is_finished(cluster, inputs, single, reasoner, tmp_path):
    """The client is killed; the same run again keeps whole parts, mends others, and ends equal."""
    folder = tmp_path / "out"
    address = cluster.scheduler_address
    words = ["score", str(inputs), "--dask", address, "-o", str(folder), "--keep", "note"]
    command = [sys.executable, "-c", SCRIPT, *words, "--block", "5"]
    client = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    with client:
        while len(parts_of(folder)) < 3 and client.poll() is None:
            time.sleep(0.002)
        client.kill()
    assert client.returncode == -signal.SIGKILL
    while list(folder.glob(".part-*")):  # what was under way is finished
        time.sleep(0.01)
    assert not (folder / MANIFEST).exists()
    kept = parts_of(folder)
    broken = kept.pop("part-000000.parquet", None) or kept.popitem()[1]
    os.truncate(broken, 1000)
    (folder / ".part-000009.parquet.left").touch()  # by a worker that was killed
    before = {name: (path.stat().st_ino, path.stat().st_mtime_ns) for name, path in kept.items()}

    def again(**options):
        given = {"scheduler": address, "keep": KEEP, "rows": 5, **options}
        return score_files([str(inputs)], str(folder), reasoner, **given)

    with pytest.raises(InputError, match="with another all_conditions, block") as caught:
        again(all_conditions=True, rows=10)
    assert caught.value.problems[0].code == "other_run"
    assert again().rows == 151
    same(folder, single)
    after = {name: (path.stat().st_ino, path.stat().st_mtime_ns) for name, path in kept.items()}
    assert after == before
    with pytest.raises(InputError) as caught:
        again()
    assert caught.value.problems[0].code == "finished_run"


def test_a_folder_of_something_else_is_left_alone(inputs, reasoner, tmp_path):
    """Neither a folder with other files nor one without its parent is written to."""
    (tmp_path / "mine.txt").touch()
    for folder, code in ((tmp_path, "not_empty"), (tmp_path / "no" / "out", "unwritable")):
        with pytest.raises(InputError) as caught:
            score_files([str(inputs)], str(folder), reasoner)
        assert caught.value.problems[0].code == code
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_every_bad_file_is_named_before_any_is_scored(cluster, inputs, reasoner, tmp_path):
    """All files that cannot be scored are said at once, in order, and no folder is left."""
    bad = tmp_path / "bad"
    bad.mkdir()
    shutil.copy(inputs / "a.csv", bad / "good.csv")
    (bad / "column.csv").write_text("note,foot_dorp\nx,present\n")
    (bad / "empty.csv").touch()
    (bad / "gzip.csv.gz").write_bytes((inputs / "b.csv.gz").read_bytes()[:-9])
    (bad / "parquet.parquet").write_bytes((inputs / "c.parquet").read_bytes()[:-9])
    (bad / "quote.csv").write_text(f'note,age\n"x"{PRIVATE},70\n')
    with pytest.raises(InputError) as caught:
        score_files(
            [str(bad)],
            str(tmp_path / "out"),
            reasoner,
            scheduler=cluster.scheduler_address,
            keep=KEEP,
        )
    assert [one.code for one in caught.value.problems] == [
        "unknown_column",
        "empty_file",
        "bad_gzip",
        "unreadable",
        "broken_csv",
    ]
    assert all(str(bad) in one.where for one in caught.value.problems)
    assert PRIVATE not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_bad_row_stops_a_run_that_is_to_stop(cluster, inputs, reasoner, tmp_path):
    """Asked to stop at a bad row, the run names its file and number; it can be finished without."""

    def run(*, stop):
        return score_files(
            [str(inputs / "a.csv")],
            str(tmp_path / "out"),
            reasoner,
            scheduler=cluster.scheduler_address,
            keep=KEEP,
            rows=10,
            stop_on_error=stop,
        )

    with pytest.raises(InputError) as caught:
        run(stop=True)
    (problem,) = caught.value.problems
    assert problem.code == "bad_row"
    assert problem.where == f"{inputs / 'a.csv'} row 11"
    assert problem.message.startswith("short_row: ")
    assert "the same run finishes it" in caught.value.__notes__[0]
    assert (tmp_path / "out" / UNFINISHED).exists()
    assert run(stop=False).status["error"] == 1
    (tmp_path / "out" / MANIFEST).rename(tmp_path / "out" / UNFINISHED)
    with pytest.raises(InputError, match="row 11 to 20: has a row with an error"):
        run(stop=True)


def test_another_knowledge_base_reaches_the_workers(cluster, inputs, tmp_path):
    """Workers open the knowledge base that is named; if it changes under the run, they refuse."""
    priors = tmp_path / "priors"
    shutil.copytree(SHIPPED, priors)
    table = priors / "conditions.csv"
    table.write_text(table.read_text("utf-8").replace(",Stroke", ",A stroke", 1), "utf-8")
    reasoner = open_reasoner(load(priors))
    assert reasoner.knowledge.digest != load().digest

    def run(name):
        return score_files(
            [str(inputs / "b.csv.gz")],
            str(tmp_path / name),
            reasoner,
            scheduler=cluster.scheduler_address,
            priors=priors,
            keep=KEEP,
        )

    assert run("out").rows == 30
    digests = pq.read_table(tmp_path / "out" / "part-000000.parquet")["knowledge_digest"]
    assert set(digests.to_pylist()) == {reasoner.knowledge.digest}
    shutil.copy(SHIPPED / "conditions.csv", table)
    with pytest.raises(InputError) as caught:
        run("other")
    assert {one.code for one in caught.value.problems} == {"other_engine"}
    assert "knowledge_digest" in str(caught.value)


def test_a_worker_of_another_version_is_refused(inputs, reasoner, tmp_path, monkeypatch):
    """A cluster without workers, or with one of another version, is refused; so is no cluster."""
    monkeypatch.setattr(module, "PATIENCE", 1)
    other = tmp_path / "paresis-9.9.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: paresis\nVersion: 9.9\n")

    def refused(address):
        with pytest.raises(InputError) as caught:
            score_files([str(inputs)], str(tmp_path / "out"), reasoner, scheduler=address)
        assert not (tmp_path / "out").exists()
        return [(one.code, one.where.split()[-1]) for one in caught.value.problems]

    with LocalCluster(
        n_workers=0,
        host="127.0.0.1",
        dashboard_address=None,
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
    ) as empty:
        address = empty.scheduler_address
        assert refused(address) == [("no_workers", "cluster")]
        command = [sys.executable, "-m", "distributed.cli.dask_worker", address]
        command += ["--host", "127.0.0.1", "--no-dashboard", "--no-nanny", "--nthreads", "1"]
        path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
        worker = subprocess.Popen(
            command, env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.DEVNULL
        )
        try:
            while not empty.scheduler.workers:
                time.sleep(0.05)
            assert refused(address) == [("other_engine", "engine_version")]
        finally:
            worker.kill()
            worker.wait()
    assert refused(address) == [("no_cluster", address)]
    assert refused("http://127.0.0.1") == [("no_cluster", "http://127.0.0.1")]


def test_a_folder_that_workers_do_not_see_is_refused(cluster, inputs, reasoner, tmp_path):
    """A worker that sees no output folder, or another of that name, says so."""
    job = module.Job(
        str(tmp_path), module.engine_here("x"), None, "primary_care", "all", (), False, 0, False, 5
    )
    (problem,) = module._greet(str(tmp_path / "not there"), job)
    assert problem.code == "not_shared"


def test_no_exception_leaves_a_worker():
    """What goes wrong inside is named by its kind; its text, which Dask would log, stays inside."""

    def fail(what, job):
        raise ValueError(PRIVATE)

    (problem,) = module._work(fail, "a.csv", None)
    assert (problem.code, problem.where) == ("internal_error", "a.csv")
    assert "ValueError" in problem.message
    assert PRIVATE not in str(problem)


def test_the_local_cluster_is_closed_to_others():
    """A cluster on this machine listens to this machine only, and lets in who has its key."""
    with module._client("local") as client:
        assert client.scheduler.address.startswith("tls://127.0.0.1:")
        processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
        listening = [
            connection.laddr.ip
            for one in processes
            for connection in one.net_connections(kind="inet")
            if connection.status == psutil.CONN_LISTEN
        ]
        assert len(listening) > 2
        assert set(listening) == {"127.0.0.1"}
