"""Set the project up and run it, with nothing but CPython 3.11+ and pip: `python3 run.py demo`.

demo    score the published cases and print a summary
test    run every test (what CI runs)
check   look: format, lint, types, the knowledge base
fix     repair what can be repaired: format, lint, generated files
paresis pass the rest of the line to the command line, e.g. `python3 run.py paresis assess age=71`
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
PUBLISHED = "evaluation/vignettes/published.csv"


def call(*command: str, folder: Path | None = ROOT) -> None:
    """Run a command in a folder (None: where we are); stop with its exit code when it fails."""
    with subprocess.Popen(command, cwd=folder) as running:
        while running.returncode is None:
            with contextlib.suppress(KeyboardInterrupt):  # the command got it too, and has its time
                running.wait()
    if running.returncode:
        sys.exit(running.returncode)


def prepare(*groups: str) -> None:
    """Make the virtual environment exactly as the lock file says."""
    if not PYTHON.exists():
        print("making .venv", file=sys.stderr)
        venv.create(VENV, with_pip=True)
    # uv stands in the environment it fills, so nothing outside the project is touched
    if not (BIN / ("uv.exe" if os.name == "nt" else "uv")).exists():
        call(str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv")
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "VIRTUAL_ENV": str(VENV)}
    extra = [word for group in groups for word in ("--group", group)] or ["--no-default-groups"]
    command = [str(PYTHON), "-m", "uv", "sync", "--locked", "--inexact", "--quiet"]
    command += ["--compile-bytecode", *extra]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def demo() -> None:
    """Score the published cases in primary care and the neurology clinic."""
    prepare()
    print(
        "First use compiles the engine (under a minute); after that it is quick.", file=sys.stderr
    )
    paresis = str(BIN / "paresis")
    call(
        paresis,
        "evaluate",
        PUBLISHED,
        "--keep",
        "diagnosis,benign,source",
        "--setting",
        "primary_care",
        "--setting",
        "neurology_clinic",
    )


def test(arguments: list[str]) -> None:
    """Run the tests."""
    prepare("test")
    call(str(PYTHON), "-m", "pytest", *arguments)


def check() -> None:
    """Look at everything a reviewer would have a machine look at."""
    prepare("dev")
    call(str(PYTHON), "-m", "uv", "lock", "--check", "--quiet")
    call(str(PYTHON), "-m", "ruff", "format", "--check", ".")
    call(str(PYTHON), "-m", "ruff", "check", ".")
    call(str(PYTHON), "-m", "mypy")
    call(str(BIN / "paresis"), "check")


def fix() -> None:
    """Repair what a machine can repair."""
    prepare("dev")
    call(str(PYTHON), "-m", "ruff", "check", "--fix", ".")
    call(str(PYTHON), "-m", "ruff", "format", ".")
    call(str(PYTHON), "-m", "model.schemas")


def main() -> None:
    """Do what the first word says."""
    words = sys.argv[1:]
    if sys.version_info < (3, 11):  # noqa: UP036 - run by whatever python3 is there
        sys.exit("paresis needs CPython 3.11 or newer")
    match words[:1]:
        case ["demo"]:
            demo()
        case ["test"]:
            test(words[1:])
        case ["check"]:
            check()
        case ["fix"]:
            fix()
        case ["paresis"]:
            prepare()
            call(str(BIN / "paresis"), *words[1:], folder=None)  # names of files are the user's
        case _:
            print(__doc__)
            sys.exit(2 if words else 0)


if __name__ == "__main__":
    main()
