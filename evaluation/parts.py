"""One part of a long run: the scored rows of one block in a Parquet file of its own.

Nothing here knows who calls it or where; `evaluation.cluster` has it done on many machines. A part
takes its name when it is whole. So what is done again, because a worker was lost or a run was
stopped, finds what is there and leaves it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import IO
from uuid import uuid4

import pandas as pd

from evaluation.blocks import Block, Source, chunks, look
from evaluation.files import Summary
from evaluation.memo import Memo
from evaluation.reading import problem, unwritable
from evaluation.scoring import Layout, read_header, score_frame
from evaluation.writing import form_of
from model.errors import InputError, Problem
from model.knowledge import load
from model.reasoner import Reasoner, open_reasoner
from model.version import ENGINE_VERSION

#: What an engine's code is: these sources, with these libraries.
_ROOT = Path(__file__).resolve().parent.parent
_SOURCES = ("evaluation/*.py", "model/**/*.py", "model/*.json")
_LIBRARIES = ("llvmlite", "numba", "numpy", "pandas", "pyarrow")

#: Columns a summary counts: status, disposition, leading condition.
_COUNTED = ("status", "disposition", "condition_1")


@dataclass(frozen=True)
class Engine:
    """What must be one and the same wherever rows of a run are scored.

    Attributes:
        engine_version: of the project.
        knowledge_digest: of the knowledge base.
        code_digest: of the sources that score, the versions of libraries and the kind of machine.
    """

    engine_version: str
    knowledge_digest: str
    code_digest: str


@dataclass(frozen=True)
class Job:
    """What must be known to do any part of a run.

    Attributes:
        folder: where parts go.
        engine: the one that is wanted.
        priors: folder of the knowledge base; None for the shipped one.
        setting, basis: what is asked of it.
        keep, all_conditions, surprise, stop_on_error: as for `evaluation.files.score_file`.
        rows: of a block, about.
    """

    folder: str
    engine: Engine
    priors: str | None
    setting: str
    basis: str
    keep: tuple[str, ...]
    all_conditions: bool
    surprise: int
    stop_on_error: bool
    rows: int


@dataclass(frozen=True)
class Part:
    """The scored rows of a block of a file with these columns, under a name in the folder."""

    name: str
    columns: tuple[str, ...]
    block: Block

    def __str__(self) -> str:
        last = self.block.first_row + self.block.rows - 1
        return f"{self.block.path} row {self.block.first_row} to {last}"


def engine_here(knowledge_digest: str) -> Engine:
    """The engine of this process with a knowledge base of this digest."""
    return Engine(ENGINE_VERSION, knowledge_digest, _code_digest())


@cache
def _code_digest() -> str:
    """Taken once, so that it stays that of the code in memory."""
    words = [platform.system(), platform.machine()]
    words += [f"{name} {version(name)}" for name in _LIBRARIES]
    digest = hashlib.sha256("\n".join(words).encode())
    for path in sorted(path for pattern in _SOURCES for path in _ROOT.glob(pattern)):
        digest.update(path.relative_to(_ROOT).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


@lru_cache(maxsize=2)
def open_engine(job: Job) -> Reasoner:
    """The reasoner of a job, opened once per process.

    Raises:
        InputError: if this process has another engine than the job wants.
        KnowledgeError: if the knowledge base is not there, or has mistakes.
    """
    knowledge = load(Path(job.priors) if job.priors else None)
    here = engine_here(knowledge.digest)
    problems = [
        Problem(
            "other_engine",
            field.name,
            f"is {getattr(here, field.name)[:12]}, not {getattr(job.engine, field.name)[:12]}.",
            "Set workers up from the same commit, lock file and knowledge base; start them again.",
        )
        for field in fields(Engine)
        if getattr(here, field.name) != getattr(job.engine, field.name)
    ]
    if problems:
        raise InputError(problems)
    return open_reasoner(knowledge, setting=job.setting, basis=job.basis)


def find_blocks(path: str, job: Job) -> Source:
    """Read a file through, and see whether its columns can be placed.

    Raises:
        InputError: as `evaluation.blocks.look` and `evaluation.scoring.read_header` do.
    """
    source = look(path, rows=job.rows)
    try:
        _layout(source.columns, job)
    except InputError as error:
        places = [replace(one, where=f"{path} {one.where}") for one in error.problems]
        raise InputError(places) from None
    return source


def _layout(columns: Sequence[str], job: Job) -> Layout:
    return read_header(columns, open_engine(job), keep=job.keep)


def write_part(part: Part, job: Job) -> Summary:
    """Write a part, unless it is there; what it holds.

    Raises:
        InputError: for what cannot be read or written, or a bad row (with stop_on_error).
    """
    target = Path(job.folder) / part.name
    found = _counts(target, part)
    if found is None:
        form = form_of(part.name, open_engine(job))
        with contextlib.closing(_scored(part, job)) as scored, named_when_whole(target) as raw:
            form.join((form.part(rows, False) for rows in scored), raw)
        found = _counts(target, part)
    if found is None:
        raise problem("unwritable", str(target), "was written, but cannot be read.")
    if job.stop_on_error and "error" in found.status:
        raise problem("bad_row", str(part), "has a row with an error.")
    return found


def _scored(part: Part, job: Job) -> Generator[pd.DataFrame]:
    """The scored rows of a block, in one thread."""
    reasoner, layout = open_engine(job), _layout(part.columns, job)
    memo = Memo(reasoner)
    row = part.block.first_row
    for chunk in chunks(part.block):
        scored = score_frame(
            chunk.cells(),
            reasoner,
            layout=layout,
            all_conditions=job.all_conditions,
            surprise=job.surprise,
            first_row=row,
            workers=1,
            bad=chunk.bad,
            memo=memo,
        )
        bad = (scored["status"] == "error").to_numpy()
        if job.stop_on_error and bad.any():
            first = int(bad.argmax())
            message = str(scored["message"].iloc[first])
            raise problem("bad_row", f"{part.block.path} row {row + first}", message)
        yield scored
        row += chunk.rows


def _counts(target: Path, part: Part) -> Summary | None:
    """What a part holds; None when it is not there, or not whole."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    counts: list[Counter[str]] = [Counter() for _ in _COUNTED]
    try:
        with pq.ParquetFile(target) as file:
            for batch in file.iter_batches(columns=list(_COUNTED)):
                for name, count in zip(_COUNTED, counts, strict=True):
                    count.update(filter(None, batch[name].to_pylist()))
            rows = file.metadata.num_rows
    except (OSError, pa.ArrowException):
        return None
    return Summary(rows, *map(dict, counts)) if rows == part.block.rows else None


@contextlib.contextmanager
def named_when_whole(target: Path) -> Iterator[IO[bytes]]:
    """A file that takes its name once it is written; others may write the same meanwhile.

    Raises:
        InputError: if it cannot be written.
    """
    unnamed = target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        with unnamed.open("xb") as raw:
            yield raw
            raw.flush()
            os.fsync(raw.fileno())
        unnamed.replace(target)
    except OSError as error:
        raise unwritable(str(target), error) from None
    finally:
        unnamed.unlink(missing_ok=True)
