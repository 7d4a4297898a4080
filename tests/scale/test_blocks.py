"""Files cut into blocks: together the blocks hold what the whole file holds, and nothing twice."""

from __future__ import annotations

import csv
import gzip
import io
import os

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.blocks import chunks, find, look
from evaluation.reading import open_table
from model.errors import InputError

CELLS = st.text(st.sampled_from('ab\n\r",é '), max_size=4)
ROWS = st.lists(st.lists(CELLS, max_size=4), max_size=12)


def rows_of(parts, first=1):
    """Rows as (number, cells, what is wrong with them)."""
    found = []
    for part in parts:
        wrong = {place: said for places, said in part.bad for place in places.tolist()}
        frame = part.cells()
        assert len(frame) == part.rows
        for place, cells in enumerate(frame.astype(object).itertuples(index=False)):
            found.append((first + place, tuple(map(str, cells)), wrong.get(place)))
        first += part.rows
    return found


def whole(path):
    """Every row of a file, read at once."""
    with open_table(str(path)) as table:
        return table.columns, rows_of(table.chunks)


def in_blocks(path, most):
    """Every row of a file, block by block in reverse, put in order again."""
    source = look(str(path), rows=most)
    found = [
        row for block in source.blocks[::-1] for row in rows_of(chunks(block), block.first_row)
    ]
    return source, sorted(found)


@given(
    rows=ROWS,
    header=st.sampled_from([["id", "age"], ["id", 'a"\nge', "c"], ["age"]]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    cut=st.booleans(),
    most=st.integers(1, 5),
)
def test_blocks_of_csv_are_the_file(rows, header, end, mark, cut, most, tmp_path_factory):
    """Wherever quotes, line ends, empty lines and marks stand, blocks are the rows of the file."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end).writerows([header, *rows])
    content = mark + text.getvalue().encode()
    path = tmp_path_factory.mktemp("csv") / "in.csv"
    path.write_bytes(content[: -len(end)] if cut else content)
    columns, expected = whole(path)
    source, found = in_blocks(path, most)
    assert (source.columns, found) == (columns, expected)
    assert source.size == path.stat().st_size
    assert source.rows == len(expected)
    assert all(block.rows == most for block in source.blocks[:-1])


@pytest.mark.parametrize("most", [1, 10, 25, 1000])
def test_blocks_of_parquet_are_whole_row_groups(most, tmp_path):
    """Row groups are joined up to the size of a block and never divided."""
    path = tmp_path / "in.parquet"
    pd.DataFrame({"age": range(47), "note": "x"}).to_parquet(path, row_group_size=10)
    columns, expected = whole(path)
    source, found = in_blocks(path, most)
    assert (source.columns, found) == (columns, expected)
    sizes = {1: [10] * 4 + [7], 10: [10] * 4 + [7], 25: [20, 20, 7], 1000: [47]}
    assert [block.rows for block in source.blocks] == sizes[most]


def test_a_compressed_file_is_one_block(tmp_path):
    """A gzip file cannot be entered half way; it is one block of as many rows as it has."""
    path = tmp_path / "in.csv.gz"
    path.write_bytes(gzip.compress(b"id,age\n" + b"a,70\n" * 30))
    source, found = in_blocks(path, 10)
    assert found == whole(path)[1]
    assert [block.rows for block in source.blocks] == [30]


@pytest.mark.parametrize("name", ["in.csv", "in.csv.gz", "in.parquet"])
def test_a_file_without_rows_is_one_block(name, tmp_path):
    """A header alone is a block without rows, so that it has an output too."""
    path = tmp_path / name
    frame = pd.DataFrame({"age": pd.Series([], dtype=str)})
    frame.to_parquet(path) if name.endswith("t") else frame.to_csv(path, index=False)
    source, found = in_blocks(path, 10)
    assert (source.columns, source.rows, len(source.blocks), found) == (("age",), 0, 1, [])


def test_a_file_that_changes_is_found_out(tmp_path):
    """A block of a file that was written again since it was cut is an error."""
    path = tmp_path / "in.csv"
    path.write_text("age\n70\n71\n")
    block = look(str(path)).blocks[0]
    path.write_text("age\n71\n70\n")
    os.utime(path, ns=(0, block.changed + 1))
    with pytest.raises(InputError) as caught:
        list(chunks(block))
    assert caught.value.problems[0].code == "changed"


@pytest.fixture
def cases(tmp_path, monkeypatch):
    """A folder with some files and some that are not meant."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "b.csv",
        "a.csv",
        "c.csv.gz",
        "d.parquet",
        "_x.csv",
        ".y.csv",
        "z.txt",
        "in/e.csv",
    ):
        path = tmp_path / "cases" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "cases"


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["cases"], "a.csv b.csv c.csv.gz d.parquet"),
        (["cases/*.csv"], "_x.csv a.csv b.csv"),
        (["cases/**/e.csv", "cases/b.csv"], "in/e.csv b.csv"),
        (["cases/z.txt", "cases/a.csv"], "z.txt a.csv"),
    ],
)
def test_names_stand_for_files(names, found, cases):
    """Folders and patterns stand for files sorted by name; what is named comes as it is named."""
    assert find(names) == [str(cases / name) for name in found.split()]


def test_every_wrong_name_is_said(cases):
    """Names that stand for nothing and files that are named twice are all said."""
    with pytest.raises(InputError) as caught:
        find(["cases", "cases/a.csv", "nothing/*.csv", "no.csv", "cases/in/e.csv", "-"])
    assert [(one.code, one.where) for one in caught.value.problems] == [
        ("no_file", "nothing/*.csv"),
        ("no_file", "no.csv"),
        ("no_file", "-"),
        ("given_twice", str(cases / "a.csv")),
    ]
