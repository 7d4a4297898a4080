"""A copy of the shipped knowledge base that a test may spoil."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from model.checking import check_tables
from model.errors import Problem
from model.knowledge import SHIPPED, KnowledgeBase, read


class Copy:
    """The files of the shipped knowledge base in a folder of their own.

    A row of a CSV file is named by its first cells: ("stroke", "foot_drop") is a link. Edits return
    the line they touched, so that a test can ask for it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        for file in SHIPPED.iterdir():
            if file.suffix in {".csv", ".toml"}:
                shutil.copyfile(file, path / file.name)

    def rows(self, file: str) -> list[list[str]]:
        """All lines of a CSV file, header first."""
        with (self.path / file).open(encoding="utf-8", newline="") as stream:
            return list(csv.reader(stream))

    def put(self, file: str, rows: list[list[str]]) -> None:
        """Write a CSV file anew."""
        with (self.path / file).open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows(rows)

    def find(self, file: str, *key: str) -> int:
        """The line number of the first row that begins with these cells."""
        for number, row in enumerate(self.rows(file), start=1):
            if tuple(row[: len(key)]) == key:
                return number
        raise KeyError(file, key)

    def edit(self, file: str, *key: str, **cells: str) -> int:
        """Change cells of a row; a column whose name is no Python name gets a leading c."""
        rows, line = self.rows(file), self.find(file, *key)
        self._fill(rows[0], rows[line - 1], cells)
        self.put(file, rows)
        return line

    def append(self, file: str, *like: str, **cells: str) -> int:
        """Copy the row that begins with `like` to the end of its file, with some cells changed."""
        rows = self.rows(file)
        rows.append(list(rows[self.find(file, *like) - 1]))
        self._fill(rows[0], rows[-1], cells)
        self.put(file, rows)
        return len(rows)

    def delete(self, file: str, *key: str) -> None:
        """Delete the first row that begins with these cells."""
        rows = self.rows(file)
        del rows[self.find(file, *key) - 1]
        self.put(file, rows)

    def keep(self, file: str, wanted: Callable[[dict[str, str]], bool]) -> None:
        """Keep the rows for which `wanted` is true."""
        header, *rows = self.rows(file)
        self.put(file, [header, *(r for r in rows if wanted(dict(zip(header, r, strict=True))))])

    def replace(self, file: str, old: str, new: str) -> int:
        """Replace the first place where a text stands; returns its line."""
        text = (self.path / file).read_text("utf-8")
        assert old in text, f"{file} has no {old!r}"
        self.write(file, text.replace(old, new, 1))
        return text[: text.index(old)].count("\n") + 1

    def write(self, file: str, content: str | bytes) -> None:
        """Overwrite a file."""
        raw = content.encode() if isinstance(content, str) else content
        (self.path / file).write_bytes(raw)

    def read(self) -> KnowledgeBase | None:
        """The knowledge base as read, unchecked."""
        return read(self.path)[0]

    def problems(self) -> list[Problem]:
        """What reading and the fast checks say."""
        knowledge, problems = read(self.path)
        return problems + (check_tables(knowledge) if knowledge is not None else [])

    @staticmethod
    def _fill(header: list[str], row: list[str], cells: dict[str, str]) -> None:
        for name, cell in cells.items():
            column = name if name in header else name.removeprefix("c")
            row[header.index(column)] = cell


@pytest.fixture
def base(tmp_path: Path) -> Copy:
    """A fresh copy of the shipped knowledge base."""
    return Copy(tmp_path / "priors")
