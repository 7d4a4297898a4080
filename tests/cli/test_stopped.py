"""`paresis score` in a process of its own that is killed, interrupted, or has no room left."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.cli.conftest import HEARING, ROOT, SCRIPT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and limits of files are needed")

#: Rows of the source: seven chunks, of little evidence that repeats.
ROWS = 13_000


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Many vignettes, few of them different."""
    path = tmp_path_factory.mktemp("stopped") / "many.csv"
    kinds = [f"{age},{word}" for age in range(20, 80, 20) for word in ("present", "absent", "")]
    rows = (f"p{n},{kind}" for n, kind in zip(range(ROWS), itertools.cycle(kinds), strict=False))
    path.write_text("\n".join(["id,age,foot_drop", *rows, ""]))
    return path


@pytest.fixture(scope="module")
def whole(source, process):
    """What an undisturbed run writes."""
    sink = source.with_name("whole.csv")
    assert process("score", source, "-o", sink).code == 0
    return sink.read_bytes()


def begin(source, sink, *options, script=HEARING):
    """Start a run."""
    command = [sys.executable, "-c", script, "score", str(source), "-o", str(sink), *options]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def parts(folder):
    """How many parts are done."""
    return len(list(folder.glob("*.json"))) - 1


def test_a_killed_run_leaves_no_output_and_is_resumed(source, whole, tmp_path):
    """Killed as it begins, after some parts or while it joins them, a run can be gone on with.

    Each time there is no output but a folder that says so, with the first rows and no row in part.
    """
    sink = tmp_path / "out.csv"
    folder = tmp_path / "out.csv.incomplete"
    moments = [
        folder.exists,
        lambda: parts(folder) >= 1,
        lambda: parts(folder) >= 3,
        lambda: any((folder / name).exists() for name in ("joined", "joined.part")),
    ]
    for moment in moments:
        with begin(source, sink, "--resume") as running:
            while not moment() and running.poll() is None:
                time.sleep(0.0005)
            running.send_signal(signal.SIGKILL)
        if sink.exists():
            break  # it was quicker than we, at the last moment
        assert list(tmp_path.iterdir()) == [folder]
        kept = b"".join(part.read_bytes() for part in sorted(folder.glob("*.csv")))
        assert whole.startswith(kept)
        assert kept == b"" or kept.endswith(b"\n")
    with begin(source, sink, "--resume") as running:
        said = running.stderr.read()
    assert running.returncode == 0
    assert said.splitlines()[-1] == f"{ROWS:,} rows scored: ok {ROWS:,}"
    assert list(tmp_path.iterdir()) == [sink]
    assert sink.read_bytes() == whole


def test_an_interrupted_run_says_how_to_go_on(source, whole, tmp_path, process):
    """Ctrl-C ends a run with exit code 130, the rows it keeps, and what to do; a new run asks."""
    sink = tmp_path / "out.csv"
    folder = tmp_path / "out.csv.incomplete"
    with begin(source, sink) as running:
        while parts(folder) < 1 and running.poll() is None:
            time.sleep(0.0005)
        running.send_signal(signal.SIGINT)
        said = running.stderr.read()
    assert running.returncode == 130
    assert said.endswith("finished rows; --resume goes on from there.\n")
    again = process("score", source, "-o", sink)
    assert again.code == 10
    assert again.err.startswith("error unfinished_run: ")
    assert process("score", source, "-o", sink, "--resume").code == 0
    assert sink.read_bytes() == whole


@pytest.mark.parametrize(("limit", "kept"), [(100_000, 0), (5_000_000, ROWS)])
def test_a_full_disk_is_said(limit, kept, source, whole, tmp_path, process):
    """Without room for a part nothing is left; without room to join them, parts are kept."""
    sink = tmp_path / "out.csv"
    limited = f"import resource as r; r.setrlimit(r.RLIMIT_FSIZE, ({limit}, {limit})); {SCRIPT}"
    with begin(source, sink, script=limited) as running:
        said = running.stderr.read().splitlines()
    assert running.returncode == 10
    assert said[0] == f"error unwritable: {sink}: cannot be written (File too large)."
    assert not sink.exists()
    if not kept:
        assert len(said) == 1
        assert list(tmp_path.iterdir()) == []
        return
    assert f"keeps {kept:,} finished rows" in said[1]
    done = process("score", source, "-o", sink, "--resume")
    assert (done.code, done.err) == (0, f"{ROWS:,} rows scored: ok {ROWS:,}\n")
    assert sink.read_bytes() == whole


def test_a_line_without_end_is_refused_at_once(process):
    """A gigabyte in one line is refused when four megabytes are read, however it comes."""
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, "score", "-"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        sent = 0
        try:
            running.stdin.write(b"id,age\n")
            for _ in range(1000):
                sent += running.stdin.write(b"x" * 1_000_000)
        except BrokenPipeError:
            pass
        said = running.stderr.read()
        with_rows = running.stdout.read()
    assert running.returncode == 10
    assert said.startswith(b"error line_too_long: - line 2: ")
    assert with_rows == b""
    assert sent < 10_000_000
