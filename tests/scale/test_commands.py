"""`paresis score --dask`: what it says, and how it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.cli.conftest import HEARING, ROOT, SCRIPT


def session(leader):
    """Processes of a session that still run."""
    found = []
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            if os.getsid(one.pid) == leader and one.status() != psutil.STATUS_ZOMBIE:
                found.append(one)
    return found


@pytest.mark.parametrize("names", [["a.csv", "b.csv"], ["*.csv"], ["."]], ids=" ".join)
def test_several_files_need_a_cluster(names, paresis, tmp_path, monkeypatch):
    """Several files, a pattern or a folder without --dask exit 10 and point at --dask local."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("age\n70\n")
    done = paresis("score", *names, "-o", "out.csv")
    assert (done.code, done.out) == (10, "")
    assert done.err.startswith("error several_files: ")
    assert "--dask local" in done.err


def test_a_name_with_stars_may_be_a_file(paresis, tmp_path):
    """A file whose name looks like a pattern is scored like any other."""
    source = tmp_path / "a[1].csv"
    source.write_text("age\n70\n")
    assert paresis("score", source, "-o", tmp_path / "out.csv").code == 0


def test_a_cluster_needs_a_folder(paresis, tmp_path):
    """--dask without a folder exits 10 and says what to name."""
    (tmp_path / "a.csv").write_text("age\n70\n")
    done = paresis("score", tmp_path / "a.csv", "--dask", "local")
    assert (done.code, done.out) == (10, "")
    assert done.err.startswith("error no_folder: ")
    assert "-o" in done.err


def test_without_dask_its_installation_is_explained(tmp_path):
    """Where Dask is not installed, --dask exits 10 and says how to install it."""
    (tmp_path / "a.csv").write_text("age\n70\n")
    script = f"import sys; sys.modules['distributed'] = None; {SCRIPT}"
    words = ["score", str(tmp_path / "a.csv"), "--dask", "local", "-o", str(tmp_path / "out")]
    command = [sys.executable, "-c", script, *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (10, "")
    assert done.stderr.startswith("error no_dask: ")
    assert "--extra scale" in done.stderr
    assert not (tmp_path / "out").exists()


def test_ctrl_c_leaves_nobody_behind(inputs, tmp_path, cluster):
    """Ctrl-C ends the run, its workers too, with 130, and says how to go on."""
    folder = tmp_path / "out"
    words = ["score", str(inputs), "--dask", "local", "-o", str(folder), "--keep", "note"]
    run = subprocess.Popen(
        [sys.executable, "-c", HEARING, *words, "--block", "1"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with run:
        while not list(folder.glob("part-*")) and run.poll() is None:
            time.sleep(0.005)
        os.killpg(run.pid, signal.SIGINT)
        out, err = run.communicate(timeout=60)
    assert (run.returncode, out) == (130, "")
    assert f"{folder} keeps the parts that are done; the same run finishes it." in err
    assert "Traceback" not in err
    ended = time.monotonic()  # a worker that was told to go may need a moment to be gone
    while session(run.pid) and time.monotonic() < ended + 30:
        time.sleep(0.05)
    assert not session(run.pid)
