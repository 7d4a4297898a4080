"""A JSON Schema of every file of a knowledge base, for editors that check while one types.

    python -m model.schemas

writes them to `priors/schema/`. They describe the records that reading gives: a CSV file is an
array of rows, in which a cell of several words or numbers has become an array; a TOML file is an
object.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

from model.knowledge import SHIPPED
from model.reading import SCALE_FILE, Scale
from model.tables import FILES, Row

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FOLDER = SHIPPED / "schema"


def schemas() -> dict[str, dict[str, Any]]:
    """File name -> the JSON Schema of its content."""
    found: dict[str, dict[str, Any]] = {
        SCALE_FILE: {"$schema": DIALECT, **Scale.model_json_schema()},
    }
    for name, kinds in FILES.items():
        found[name] = _table(kinds) if name.endswith(".toml") else _rows(kinds[0][1])
    return found


def _rows(record: type[Row]) -> dict[str, Any]:
    """The schema of a CSV file."""
    return {"$schema": DIALECT, **_definitions([record]), "type": "array", "items": _ref(record)}


def _table(kinds: tuple[tuple[str, type[Row]], ...]) -> dict[str, Any]:
    """The schema of a TOML file that holds arrays of tables."""
    return {
        "$schema": DIALECT,
        **_definitions([record for _, record in kinds]),
        "type": "object",
        "properties": {name: {"type": "array", "items": _ref(record)} for name, record in kinds},
        "additionalProperties": False,
    }


def _definitions(records: list[type[Row]]) -> dict[str, Any]:
    return models_json_schema([(record, "validation") for record in records])[1]


def _ref(record: type[Row]) -> dict[str, str]:
    return {"$ref": f"#/$defs/{record.__name__}"}


def texts() -> dict[str, str]:
    """Name of each schema file -> its text."""
    return {
        f"{Path(name).stem}.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for name, schema in schemas().items()
    }


def write(folder: Path = FOLDER) -> None:
    """Write the schema files, and remove those that no table has."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.json"):
        if old.name not in texts():
            old.unlink()
    for name, text in texts().items():
        (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    write()
    print(f"{len(texts())} schemas written to {FOLDER}")
