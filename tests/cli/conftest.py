"""The command line, run in this process as `paresis` would run it, or in one of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import main

ROOT = Path(__file__).resolve().parents[2]

#: What the `paresis` script does.
SCRIPT = "from app.cli import main; main()"

#: The same where Ctrl-C is heard, also when the tests run in the background, which ignores it.
HEARING = f"import signal as s; s.signal(s.SIGINT, s.default_int_handler); {SCRIPT}"


@dataclass(frozen=True)
class Run:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON, with NaN and Infinity refused."""

        def refuse(word: str) -> None:
            raise AssertionError(f"{word} is not JSON")

        return json.loads(self.out, parse_constant=refuse)


@pytest.fixture
def paresis(monkeypatch):
    """Run one command in this process; the knowledge is read anew, the network solved once."""

    def run(*arguments: str, stdin: str | bytes = "", charset: str = "utf-8") -> Run:
        monkeypatch.setattr(sys, "argv", ["paresis", *map(str, arguments)])
        with CliRunner(charset=charset).isolation(input=stdin) as streams:
            try:
                main()
                code = 0
            except SystemExit as end:
                code = end.code or 0
            sys.stdout.flush()
            sys.stderr.flush()
            out, err = (stream.getvalue().decode(charset) for stream in streams[:2])
        return Run(code, out, err)

    return run


@pytest.fixture(scope="session")
def process():
    """Run one command in a process of its own, as a shell would."""

    def run(*arguments: str, stdin: str = "") -> Run:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, *map(str, arguments)],
            cwd=ROOT,
            input=stdin.encode(),
            capture_output=True,
            check=False,
            timeout=120,
        )
        return Run(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run
