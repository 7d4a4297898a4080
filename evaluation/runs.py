"""A run that may be stopped at any moment: whole parts in a folder, joined to a file at the end.

While `out.csv` is being made, a folder `out.csv.incomplete` stands beside it:

    about.json     how it is scored and by which version, and the parts that are joined already
    000000.csv     rows that are done (.arrow for Parquet); the first part begins with the header
    000000.json    how many they are, and a digest of the source up to their end
    ...
    joined         all of it as one file, just before that becomes `out.csv`

A file takes its name only when it is whole, and a part counts only once its .json is there. So what
a killed run leaves is never mistaken for an output, and can be gone on with.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from evaluation.reading import problem

if sys.platform != "win32":
    import fcntl

_ABOUT, _JOINED, _PART = "about.json", "joined", ".part"


@dataclass(frozen=True)
class Done:
    """A finished part.

    Attributes:
        rows: how many rows it holds.
        size: how many bytes.
        digest: SHA-256 of the source up to its end.
        counts: column -> value -> rows, for the summary.
    """

    rows: int
    size: int
    digest: str
    counts: dict[str, dict[str, int]]


def folder_of(sink: str) -> Path:
    """Where the parts of an output stand until it is whole."""
    target = Path(sink).resolve()
    return target.with_name(f"{target.name}.incomplete")


@dataclass(frozen=True)
class Run:
    """The folder of a run.

    Attributes:
        folder: where the parts stand.
        suffix: what their names end in.
        joined: whether an earlier run got as far as joining them.
        done: the finished parts, to which `add` adds.
    """

    folder: Path
    suffix: str
    joined: bool
    done: list[Done] = field(default_factory=list)

    def part(self, number: int) -> Path:
        """Where a part stands."""
        return self.folder / f"{number:06d}{self.suffix}"

    def add(self, content: bytes, done: Done) -> None:
        """Keep one more part."""
        part = self.part(len(self.done))
        _write(part, lambda raw: raw.write(content))
        _write_json(part.with_suffix(".json"), asdict(done))
        self.done.append(done)

    def parts(self) -> Iterator[bytes]:
        """What the parts hold."""
        for number in range(len(self.done)):
            yield self.part(number).read_bytes()

    def join(self, write: Callable[[Iterable[bytes], IO[bytes]], None]) -> None:
        """Write the parts as one file, which is all that `finish` needs."""
        _write(self.folder / _JOINED, lambda raw: write(self.parts(), raw), lasting=True)
        about = _read_json(self.folder / _ABOUT) or {}
        _write_json(self.folder / _ABOUT, {**about, "joined": [asdict(done) for done in self.done]})

    def finish(self, sink: str) -> None:
        """Give what was joined its name, and clear up."""
        if (self.folder / _JOINED).exists():
            (self.folder / _JOINED).replace(Path(sink).resolve())
        for path in self.folder.iterdir():
            if path.name != _ABOUT:  # it goes last, and until then says that all is done
                path.unlink()
        shutil.rmtree(self.folder)


@contextlib.contextmanager
def open_run(
    sink: str, about: Mapping[str, Any], *, suffix: str, resume: bool, again: bool
) -> Iterator[Run]:
    """Begin a run, or go on with one.

    Args:
        sink: the output.
        about: what must be equal for a run to be gone on with.
        suffix: what the names of parts end in.
        resume: go on with what is there; without it, something there is an error.
        again: whether the source can be read again; if not, a run that stops leaves nothing.

    Raises:
        InputError: for a run that is there and not to be resumed, is another one, or still goes on.
    """
    folder = folder_of(sink)
    try:
        folder.mkdir()
    except FileExistsError:
        if not resume:
            message = "is there from a run that has not finished."
            remedy = "Finish that with --resume, or delete it to begin anew."
            raise problem("unfinished_run", str(folder), message, remedy) from None
    with _locked(folder):
        found = _read_json(folder / _ABOUT)
        if found is not None:
            other = [name for name, value in about.items() if found.get(name) != value]
            if other:
                message = f"is of a run with another {', '.join(other)}."
                remedy = "Resume it as it was begun, or delete it to begin anew."
                raise problem("other_run", str(folder), message, remedy)
        joined = [Done(**entry) for entry in (found or {}).get("joined", ())]
        run = Run(folder, suffix, bool(joined), joined)
        if found is not None and not joined:
            run.done.extend(_found(run))
        try:
            if found is None:
                _write_json(folder / _ABOUT, {**about, "joined": []})
            yield run
        except BaseException as error:
            if run.done and again:
                rows = sum(done.rows for done in run.done)
                error.add_note(
                    f"{folder} keeps {rows:,} finished rows; --resume goes on from there."
                )
            else:
                shutil.rmtree(folder, ignore_errors=True)
            raise


def _found(run: Run) -> Iterator[Done]:
    """The finished parts of an earlier run, up to the first that is missing or not whole."""
    for number in range(len(list(run.folder.iterdir()))):
        part = run.part(number)
        entry = _read_json(part.with_suffix(".json"))
        if entry is None or not part.exists() or part.stat().st_size != entry["size"]:
            return
        yield Done(**entry)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes from going on with the same run (where the system has such locks)."""
    if sys.platform == "win32":
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = "belongs to a run that still goes on."
            raise problem("unfinished_run", str(folder), message, "Wait for it.") from None
        yield
    finally:
        os.close(handle)


def _write(path: Path, write: Callable[[IO[bytes]], object], *, lasting: bool = False) -> None:
    """Write a file that takes its name when it is whole (and, if lasting, is on the disk)."""
    part = path.with_name(path.name + _PART)
    try:
        with part.open("wb") as raw:
            write(raw)
            if lasting:
                raw.flush()
                os.fsync(raw.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    _write(path, lambda raw: raw.write(json.dumps(value, indent=1).encode()))


def _read_json(path: Path) -> dict[str, Any] | None:
    """What a file says; None where it is missing, or not whole after a power cut."""
    try:
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return found if isinstance(found, dict) else None
