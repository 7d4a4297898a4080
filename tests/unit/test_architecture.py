"""Arrows point one way: app -> evaluation -> model -> priors."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

#: Package -> what it must not import, however deep inside a function.
FORBIDDEN = {
    "priors": {"model", "evaluation", "app", "tests", "streamlit", "typer", "rich"},
    "model": {"evaluation", "app", "tests", "streamlit", "typer", "rich"},
    "evaluation": {"app", "tests", "streamlit", "typer"},
    "app": {"tests"},
}

#: Nothing in app/ may be called so: Streamlit puts app/ first on the import path.
TAKEN = {"model", "priors", "evaluation"}


def sources(package: str) -> list[Path]:
    """Every Python file of a package."""
    return sorted((ROOT / package).rglob("*.py"))


def tree(path: Path) -> ast.Module:
    """The syntax of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(path: Path) -> set[str]:
    """First parts of everything a file imports, at the top or inside a function."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name | ast.Attribute)
            and (node.func.id if isinstance(node.func, ast.Name) else node.func.attr)
            in {"import_module", "__import__"}
        ):
            found |= {
                argument.value.split(".")[0]
                for argument in node.args
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            }
    return found


def climbs(path: Path, package: str) -> bool:
    """Whether a relative import leaves the package."""
    depth = len(path.relative_to(ROOT / package).parts)
    return any(
        isinstance(node, ast.ImportFrom) and node.level > depth for node in ast.walk(tree(path))
    )


def prints(path: Path) -> list[int]:
    """Lines that print, outside what a file does when it is run as a script."""
    module = tree(path)
    scripts = {
        inside
        for node in module.body
        if (isinstance(node, ast.If) and "__main__" in ast.unparse(node.test))
        or (isinstance(node, ast.FunctionDef) and node.name == "main")
        for inside in ast.walk(node)
    }
    return [
        node.lineno
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
        and node not in scripts
    ]


@pytest.mark.parametrize("package", FORBIDDEN)
def test_a_package_imports_nothing_above_it(package):
    """No file of a package imports a package that stands above it, or a face's library."""
    wrong = {
        str(path.relative_to(ROOT)): sorted(imported(path) & FORBIDDEN[package])
        for path in sources(package)
        if imported(path) & FORBIDDEN[package] or climbs(path, package)
    }
    assert not wrong


def test_the_walk_sees_something():
    """The test reads real files: the reasoner imports the kernel and NumPy."""
    assert len(sources("model")) > 20
    assert {"model", "numpy"} <= imported(ROOT / "model" / "reasoner.py")


def test_the_walk_sees_imports_inside_functions(tmp_path):
    """An import hidden in a function or made by name counts."""
    path = tmp_path / "sly.py"
    path.write_text('def f():\n    import app.cli\n    importlib.import_module("rich.text")\n')
    assert imported(path) == {"app", "rich"}


def test_nothing_in_app_takes_the_name_of_a_package():
    """A file app/model.py would hide model/ from the dashboard."""
    names = {path.stem for path in (ROOT / "app").rglob("*")} - {"__pycache__"}
    assert not names & TAKEN


@pytest.mark.parametrize("package", FORBIDDEN)
def test_nothing_prints(package):
    """Results go through the faces, never through print."""
    wrong = {str(path.relative_to(ROOT)): prints(path) for path in sources(package) if prints(path)}
    assert not wrong
