"""The command line in a process of its own: exit codes, streams, pipes and terminals."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from model.version import ENGINE_VERSION
from tests.cli.conftest import ROOT, SCRIPT

#: What takes long to import (pydantic is not among them: typer itself imports it).
HEAVY = ("numpy", "pandas", "numba", "pgmpy", "streamlit", "scipy", "pyarrow", "distributed")

COMMANDS = (
    *("assess", "explain", "compare", "score", "evaluate"),
    *("vocabulary", "check", "export", "dashboard"),
)


def test_a_result_is_on_standard_output_alone(process):
    """A command that succeeds exits 0 and says nothing on standard error."""
    done = process("vocabulary", "--template")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("id,age,sex,")


@pytest.mark.parametrize(
    "arguments",
    [
        ("treat",),
        ("assess", "--colour"),
        ("assess", "--setting", "ward"),
        ("score",),
        ("export", "network.doc"),
        ("assess", "--json-text", "{}", "--file", "-"),
        ("score", "-", "--block", "10"),
        ("explain", "foot_drop", "--burden", "-1"),
        ("check", "priors", "--priors", "priors"),
    ],
    ids=" ".join,
)
def test_a_wrong_usage_exits_2(arguments, process):
    """A command line that cannot be understood exits 2 with a hint on standard error."""
    done = process(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "Usage: " in done.err


def test_a_word_that_is_no_choice_is_said_plainly(process):
    """The choices are listed, with no word of the library that looked."""
    done = process("assess", "--setting", "ward")
    assert "'--setting': 'ward' is not one of 'primary_care', " in done.err


def test_the_version_is_that_of_every_output(process, knowledge):
    """`--version` says what outputs are stamped with: the engine's version, knowledge digest."""
    done = process("--version")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"paresis {ENGINE_VERSION}, knowledge {knowledge.digest}\n"


@pytest.mark.parametrize(("value", "shown"), [("", False), ("1", True)])
def test_an_internal_error_says_how_to_report_it(value, shown):
    """A failure of ours exits 1 in one line; where it was is shown only when that is asked for."""
    script = f"""
import app.cli
def fail(folder):
    raise TypeError("Zaphod77")
app.cli._knowledge = fail
{SCRIPT}
"""
    done = subprocess.run(
        [sys.executable, "-c", script, "vocabulary"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PARESIS_TRACEBACK": value},
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("internal error: TypeError. Please report it, with ")
    assert "PARESIS_TRACEBACK=1" in done.stderr.splitlines()[0]
    assert ("Traceback" in done.stderr, "Zaphod77" in done.stderr) == (shown, shown)
    assert (done.stderr.count("\n") == 1) is not shown


def test_run_py_leaves_names_of_files_to_the_user(tmp_path):
    """`python3 run.py paresis ...` reads files where the user stands, and ends as paresis does."""
    (tmp_path / "mine.json").write_text('{"age": 71}')
    # set-up is left out, and paresis is that of this environment
    script = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
import run
run.prepare = lambda *groups: None
run.BIN = Path({str(Path(sys.executable).parent)!r})
sys.argv = ["run.py", "paresis", *sys.argv[1:]]
run.main()
"""

    def paresis(*words):
        command = [sys.executable, "-c", script, *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    done = paresis("assess", "--json", "--file", "mine.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert '"65_and_over"' in done.stdout or '"71"' in done.stdout
    assert paresis("assess", "--file", "none.json").returncode == 10


def test_help_on_the_measurements_measures_nothing():
    """`python -m evaluation.measured --help` says what it would do, and leaves the page alone."""
    page = ROOT / "docs" / "measured.md"
    before = (page.stat().st_mtime_ns, page.read_bytes())
    command = [sys.executable, "-m", "evaluation.measured", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--output" in done.stdout
    assert (page.stat().st_mtime_ns, page.read_bytes()) == before


def test_bad_input_exits_10(process):
    """Bad input exits 10, with one line for each problem on standard error and no traceback."""
    done = process("assess", "age=Zaphod77", "foot_dorp=present")
    assert (done.code, done.out) == (10, "")
    assert [line.split(":")[0] for line in done.err.splitlines()] == [
        "error bad_age",
        "error unknown_item",
    ]
    assert "Zaphod77" not in done.err


def test_a_missing_knowledge_base_exits_11(process, tmp_path):
    """A knowledge base that is not there exits 11."""
    done = process("vocabulary", "--priors", tmp_path / "none")
    assert (done.code, done.out) == (11, "")
    assert done.err.startswith("error missing_folder: ")


def test_help_imports_nothing_heavy():
    """No `--help` imports numbers, tables, networks or the dashboard: it answers at once."""
    script = f"""
import sys
from app.cli import main
for words in ([], {", ".join(repr([name]) for name in COMMANDS)}):
    sys.argv = ["paresis", *words, "--help"]
    try:
        main()
    except SystemExit as end:
        assert not end.code, (words, end.code)
print(sorted(set(sys.modules) & set({HEAVY!r})), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "[]\n")
    assert done.stdout.count("Usage: paresis") == 1 + len(COMMANDS)


@pytest.mark.parametrize("arguments", [("vocabulary",), ("vocabulary", "--json")], ids=" ".join)
def test_a_closed_pipe_is_quiet(arguments):
    """A reader that has seen enough is no error: nothing is said."""
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        running.stdout.close()
        assert running.stderr.read() == b""
        running.wait(timeout=60)


@pytest.mark.skipif(os.name == "nt", reason="a shell's head is needed")
def test_the_first_line_may_be_all_that_is_read():
    """`paresis vocabulary | head -1` prints one line and nothing else."""
    command = f'"{sys.executable}" -c "{SCRIPT}" vocabulary | head -1'
    done = subprocess.run(  # noqa: S602 - the pipe is what is tested
        command, shell=True, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no /dev/full here")
def test_a_full_disk_behind_standard_output_is_said():
    """When standard output cannot be written that is said in one line, and the exit is not 0."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, "vocabulary"],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == b"error: No space left on device\n"


@pytest.fixture
def vignettes(tmp_path):
    """A few vignettes in a file."""
    path = tmp_path / "few.csv"
    path.write_text("id,age\n" + "".join(f"{n},{n}\n" for n in range(20, 80)))
    return path


def test_without_a_terminal_there_is_no_progress(process, vignettes, tmp_path):
    """In a log or a pipe, scoring says one line on standard error and writes nothing else."""
    done = process("score", vignettes, "-o", tmp_path / "out.csv")
    assert (done.code, done.out) == (0, "")
    assert done.err == "60 rows scored: ok 60\n"


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")
def test_on_a_terminal_there_is_progress(vignettes, tmp_path):
    """On a terminal, scoring shows the file, rows, a rate and an ETA, on standard error only."""
    import pty

    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, "score", str(vignettes), "-o", str(tmp_path / "out.csv")],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"},
    ) as running:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 4096):
                shown += part
        except OSError:  # Linux says so when the other end is closed
            pass
        out = running.stdout.read()
    os.close(ours)
    words = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert running.returncode == 0
    assert out == b""
    assert "few.csv" in words
    assert "ETA" in words
    assert re.search(r"\d+ rows, [\d,]+ a second", words)
    assert words.rstrip().endswith("60 rows scored: ok 60")
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 61


def test_any_id_can_be_written_whatever_the_locale():
    """An id in any script comes out as it went in, through standard input and output."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, "score", "-"],
        cwd=ROOT,
        input="\ufeffid,age\nŽofie 張,70\n".encode(),
        capture_output=True,
        check=False,
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    )
    assert done.returncode == 0
    assert done.stdout.decode("utf-8").splitlines()[1].startswith("Žofie 張,ok,")
