"""The documentation says what is so: links, lists, examples, commands, codes of messages."""

from __future__ import annotations

import ast
import doctest
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from app.cli import app

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(page for top in ("docs", "evaluation", "priors") for page in (ROOT / top).rglob("*.md")),
    ]
)

#: Modules whose codes are those of a knowledge base: docs/checks.md, with a test of its own.
OF_KNOWLEDGE = {"reading.py", "knowledge.py", "checking.py"}

#: What makes a problem, an error of a cell or a remark; the code is its first argument.
MAKERS = {"Problem", "problem", "CellError", "_problem", "Remark", "Note", "note"}

#: Text that a message begins with: a code and a colon.
BEGINS = re.compile(r"([a-z]+(?:_[a-z]+)+): ")


def named(page: Path) -> str:
    """A page by its path in the project."""
    return page.relative_to(ROOT).as_posix()


def anchors(text: str) -> set[str]:
    """What a link to a heading may be called."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    heads = [head.replace("`", "") for head in re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)]
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page):
    """A link to a file, or to a heading of one, finds it."""
    text = page.read_text("utf-8")
    for link in re.findall(r"!?\[[^\]]*\]\(([^)\s]+)\)", text):
        if link.startswith(("https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text("utf-8")), link


def test_the_list_of_pages_is_whole():
    """docs/README.md links every page and every decision, and the README links it."""
    listed = (DOCS / "README.md").read_text("utf-8")
    for page in DOCS.rglob("*.md"):
        if page != DOCS / "README.md":
            assert f"({page.relative_to(DOCS).as_posix()})" in listed, page
    assert "(docs/README.md)" in (ROOT / "README.md").read_text("utf-8")


def test_the_example_for_python_runs():
    """Every line of docs/library.md gives what stands beneath it."""
    failed, tried = doctest.testfile(str(DOCS / "library.md"), module_relative=False)
    assert (failed, tried > 10) == (0, True)


# Commands.


def commands(page: Path) -> Iterator[list[str]]:
    """The words of every command line of paresis that a page shows."""
    for line in re.findall(
        r"^ {4,}(?:\$ (?:time )?)?paresis (.+)$", page.read_text("utf-8"), re.MULTILINE
    ):
        yield shlex.split(line, comments=True)


@pytest.mark.parametrize("page", [page for page in PAGES if any(commands(page))], ids=named)
def test_every_command_shown_can_be_given(page):
    """Commands, options and choices exist; a file of vignettes that is named is there."""
    group = typer.main.get_command(app)
    for name, *words in commands(page):
        command = group.commands[name]
        command.make_context(name, list(words)).close()
        files = [word for word in words if word.startswith("evaluation/")]
        assert all((ROOT / file).exists() for file in files), files


@pytest.mark.parametrize(
    "page", [page for page in (DOCS / "reasons").glob("*.md") if any(commands(page))], ids=named
)
def test_the_example_of_a_reason_runs(page):
    """The command atop a page of reasons works, and prints the names that the page shows."""
    done = CliRunner().invoke(app, next(commands(page)))
    assert done.exit_code == 0
    shown = re.search(r"^    \$ paresis .+\n((?:    .+\n)+)", page.read_text("utf-8"), re.MULTILINE)
    assert shown
    said = set(re.findall(r"[a-z]{3,}", done.stdout.casefold()))
    assert set(re.findall(r"[a-z]{3,}", shown[1].casefold())) <= said


# Codes.


def codes() -> set[str]:
    """Every code that the sources give to what is wrong with input, files, runs and questions."""
    found = set()
    for path in [
        *(path for path in (ROOT / "model").glob("*.py") if path.name not in OF_KNOWLEDGE),
        *(ROOT / "model" / "reasons").glob("*.py"),
        *(path for path in (ROOT / "evaluation").glob("*.py")),
        *(ROOT / "app").rglob("*.py"),
    ]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                code = node.args[0]
                if name in MAKERS and isinstance(code, ast.Constant):
                    found.add(str(code.value))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                begins = BEGINS.match(node.value)
                if begins and "\n" not in node.value:
                    found.add(begins[1])
    return found


def documented(page: str) -> list[str]:
    """The codes in the first cells of the tables of codes of a page."""
    text = (DOCS / page).read_text("utf-8")
    tables = re.findall(r"^\| code \| what it means .*\n\|.*\n((?:\|.*\n)+)", text, re.MULTILINE)
    cells = [row.split("|")[1] for table in tables for row in table.splitlines()]
    return [code for cell in cells for code in re.findall(r"`(\w+)`", cell)]


def test_every_code_is_documented():
    """The codes in the sources and in docs/input_output.md (or docs/cluster.md) are the same."""
    here, cluster = documented("input_output.md"), documented("cluster.md")
    assert [code for code, count in Counter(here).items() if count > 1] == []
    assert codes() - {*here, *cluster} == set()
    assert {*here, *cluster} - codes() == set()
