"""The JSON Schemas in `priors/schema/` are those of the code; the shipped files keep to them."""

from __future__ import annotations

import json
import tomllib

import pytest

from model.knowledge import SHIPPED, KnowledgeBase, load
from model.schemas import FOLDER, schemas, texts, write
from model.tables import FILES, Row

RECORDS = {name: record for kinds in FILES.values() for name, record in kinds}


@pytest.fixture(scope="module")
def knowledge() -> KnowledgeBase:
    """The shipped knowledge base."""
    return load()


def plain(rows: tuple[Row, ...]) -> list[object]:
    """Rows as JSON has them, columns named as in the files."""
    return [row.model_dump(mode="json", by_alias=True) for row in rows]


def test_every_file_of_a_knowledge_base_has_a_schema():
    """Each table and the scale is described, and nothing else."""
    assert set(schemas()) == {*FILES, "scale.toml"}


def test_the_schema_files_are_current():
    """`priors/schema/` holds what the code gives now; else run `python -m model.schemas`."""
    stored = {path.name: path.read_text("utf-8") for path in FOLDER.iterdir()}
    assert stored == texts()


def test_writing_removes_the_schema_of_a_table_that_is_gone(tmp_path):
    """A folder that is written again holds the schemas of today and no others."""
    (tmp_path / "gone.json").write_text("{}")
    write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(texts())


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".csv")])
def test_the_schema_of_a_csv_file_names_its_columns(name):
    """Every column of the shipped file is described and required, in the order of the file."""
    schema = schemas()[name]
    row = schema["$defs"][schema["items"]["$ref"].rpartition("/")[2]]
    header = (SHIPPED / name).read_text("utf-8").partition("\n")[0].split(",")
    assert schema["type"] == "array"
    assert list(row["properties"]) == header
    assert row["required"] == header
    assert row["additionalProperties"] is False


@pytest.mark.parametrize("table", RECORDS)
def test_every_shipped_row_can_be_written_as_json_and_read_back(knowledge, table):
    """A row survives the way to JSON and back, value for value, under the same strict model."""
    rows = getattr(knowledge, table)
    assert rows
    for row, content in zip(rows, plain(rows), strict=True):
        assert RECORDS[table].model_validate_json(json.dumps(content)) == row


@pytest.mark.parametrize("name", [*FILES, "scale.toml"])
def test_every_shipped_file_keeps_to_its_schema(knowledge, name):
    """An independent validator accepts every shipped file (only where jsonschema is installed)."""
    jsonschema = pytest.importorskip("jsonschema")
    if name == "scale.toml":
        content: object = tomllib.loads((SHIPPED / name).read_text("utf-8"))
    elif name.endswith(".toml"):
        content = {table: plain(getattr(knowledge, table)) for table, _ in FILES[name]}
    else:
        content = plain(getattr(knowledge, FILES[name][0][0]))
    validator = jsonschema.Draft202012Validator(schemas()[name])
    validator.check_schema(schemas()[name])
    assert [error.message for error in validator.iter_errors(content)] == []
