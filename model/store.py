"""Keep what is costly to solve: the base rates of a setting and basis, stored by digest.

A stored solution is only ever a shortcut: one that is missing, half-written or of another version
is solved again. Nothing about patients is stored.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from model.compiled import cache_folder
from model.knowledge import KnowledgeBase
from model.parameters import Parameters, elicited, solved

#: What solving adds to a parameter set.
SOLVED = (
    "rate",
    "context_prior",
    "age_prior",
    "sex_prior",
    "unnamed_prior",
    "complaint",
)

#: What reading a stored file raises when it is missing, half-written or of another version.
NOT_THERE = (OSError, KeyError, ValueError, zipfile.BadZipFile, EOFError)


def key_of(parameters: Parameters) -> str:
    """A digest of everything the solution depends on: the numbers, and the code that solves."""
    digest = hashlib.sha256()
    for name in ("pretest.py", "store.py"):
        digest.update(Path(__file__).with_name(name).read_bytes())
    for entry in fields(parameters):
        value = getattr(parameters, entry.name)
        if isinstance(value, np.ndarray):
            digest.update(entry.name.encode())
            digest.update(str(value.shape).encode())
            digest.update(np.ascontiguousarray(value).tobytes())
        elif isinstance(value, (str, float)):
            digest.update(f"{entry.name}={value!r}".encode())
    digest.update(parameters.structure.implied.tobytes())
    return digest.hexdigest()[:32]


def solved_parameters(knowledge: KnowledgeBase, *, setting: str, basis: str) -> Parameters:
    """The solved parameter set of a setting and basis, from the store when it is there.

    Raises:
        model.pretest.NoSolutionError: when no base rates give the pretest table.
    """
    bare = elicited(knowledge, setting=setting, basis=basis)
    path = cache_folder() / "solved" / f"{key_of(bare)}.npz"
    try:
        found: dict[str, Any] = kept(path, SOLVED)
        for name in ("unnamed_prior", "complaint"):
            found[name] = float(found[name])
        return replace(bare, **found)
    except NOT_THERE:
        pass
    answer = solved(bare)
    keep(path, {name: np.asarray(getattr(answer, name)) for name in SOLVED})
    return answer


def kept(path: Path, names: Iterable[str]) -> dict[str, np.ndarray]:
    """The arrays of these names in a stored file; raises one of `NOT_THERE` for want of any."""
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
        return {name: stored[name] for name in names}


def keep(path: Path, values: dict[str, np.ndarray]) -> None:
    """Write under a temporary name and rename; a store that cannot be written is done without."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as stream:
                np.savez(stream, allow_pickle=False, **values)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError:
        return
