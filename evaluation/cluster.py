"""Score many files on a Dask cluster: one task and one Parquet file for every block of rows.

What travels is small: a task names a block, its answer is a few counts. Workers read and write
storage that all of them share. The folder of a run holds

    part-000000.parquet              the scored rows of a block, in the order of the input
    _paresis.json                    what was scored, how, by what, and what came out: the last
                                     file to be written, so without it a run is not finished
    _paresis.unfinished.json         until then: what must be the same for a run to go on
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from evaluation.blocks import ROWS, Source, find
from evaluation.files import Progress, Summary
from evaluation.parts import (
    Job,
    Part,
    engine_here,
    find_blocks,
    named_when_whole,
    open_engine,
    write_part,
)
from evaluation.reading import problem, unwritable
from evaluation.scoring import diagnoses
from model.errors import InputError, KnowledgeError, Problem
from model.reasoner import Reasoner

if TYPE_CHECKING:
    from distributed import Client

MANIFEST = "_paresis.json"
UNFINISHED = "_paresis.unfinished.json"

#: Tasks given to Dask ahead of time, for every thread it has.
AHEAD = 2

#: Seconds to wait for a scheduler, and for its first worker.
PATIENCE = 30

#: With so many problems found in files, no more files are looked at.
ENOUGH = 100

#: How Dask gets into the environment that `run.py` makes.
_INSTALL = (
    "Add it to the project's environment: "
    ".venv/bin/python -m uv sync --locked --inexact --no-default-groups --extra scale"
)

#: Opens a display of progress under a title.
Watch = Callable[[str], AbstractContextManager[Progress | None]]

Problems = tuple[Problem, ...]


def score_files(
    names: Sequence[str],
    folder: str,
    reasoner: Reasoner,
    *,
    scheduler: str = "local",
    priors: Path | None = None,
    keep: Sequence[str] = (),
    all_conditions: bool = False,
    surprise: int = 0,
    stop_on_error: bool = False,
    rows: int = ROWS,
    watch: Watch = lambda _: contextlib.nullcontext(),
) -> Summary:
    """Score files into a folder of Parquet files, one for every block, and a manifest.

    The rows are those of `evaluation.files.score_file`. A folder in which an equal run was stopped
    is finished; the parts that are whole stay.

    Args:
        names: files, folders and patterns, as for `evaluation.blocks.find`.
        folder: where the parts go; made when it is not there.
        reasoner: the knowledge base in one setting and basis.
        scheduler: the address of a Dask scheduler, or "local" for processes on this machine (which
            import the script that calls this: it needs `if __name__ == "__main__"`).
        priors: the folder of the knowledge base, which workers must see; the shipped one if None.
        keep: columns to pass through.
        all_conditions: also `p_<condition>` for every condition.
        surprise: simulated patients that each row is compared with; none by default.
        stop_on_error: stop at a row with an error instead of marking it.
        rows: of a block, about.
        watch: opens a display of progress, called with (rows so far, how far, how far in all).

    Raises:
        InputError: for files that cannot be read (all of them are named), a folder that holds
            something else, a cluster that is not there, whose workers differ, or that fails.
    """
    paths = find(names)
    _check_apart(paths, folder)
    job = Job(
        folder=str(Path(folder).absolute()),
        engine=engine_here(reasoner.knowledge.digest),
        priors=str(priors.absolute()) if priors else None,
        setting=reasoner.parameters.setting,
        basis=reasoner.parameters.basis,
        keep=tuple(keep),
        all_conditions=all_conditions,
        surprise=surprise,
        stop_on_error=stop_on_error,
        rows=rows,
    )
    with _folder(Path(job.folder)) as probe, _client(scheduler) as client:
        _check_workers(client, probe, job)
        sources = _look(client, paths, job, watch)
        about = _begin(job, sources)
        blocks = [(source.columns, block) for source in sources for block in source.blocks]
        parts = [Part(f"part-{n:06d}.parquet", *blocks[n]) for n in range(len(blocks))]
        try:
            summary = _score(client, parts, job, watch)
            columns = dict.fromkeys(name for source in sources for name in source.columns)
            summary = replace(summary, diagnoses=diagnoses(tuple(columns), reasoner))
            _finish(Path(job.folder), about, parts, summary)
        except BaseException as error:
            error.add_note(f"{job.folder} keeps the parts that are done; the same run finishes it.")
            raise
    return summary


def _check_apart(paths: Sequence[str], folder: str) -> None:
    """See that no input stands in the folder of the parts, or in its place."""
    target = Path(folder).resolve()
    if any(Path(path).resolve().is_relative_to(target) for path in paths):
        message = "is, or holds, the input."
        raise problem("same_file", folder, message, "Name another folder with -o.")


@contextlib.contextmanager
def _client(scheduler: str) -> Iterator[Client]:
    """A client of a scheduler, or of a cluster on this machine that nobody else can enter."""
    with contextlib.ExitStack() as stack:
        try:
            from distributed import Client, LocalCluster

            cluster: Any = scheduler
            if scheduler == "local":
                with _ctrl_c_for_us():
                    cluster = LocalCluster(
                        host="127.0.0.1",
                        threads_per_worker=1,
                        memory_limit=0,  # the engine has its own; a wide row is no leak
                        security=True,
                        dashboard_address=None,
                        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
                        silence_logs=logging.ERROR,
                    )
                stack.enter_context(cluster)
            else:
                with ThreadPoolExecutor(1) as apart:  # from whatever loop a notebook runs
                    apart.submit(asyncio.run, _reach(scheduler)).result()
            client = stack.enter_context(Client(cluster, timeout=PATIENCE, set_as_default=False))
        except ImportError:
            message = "needs Dask, which is not installed."
            raise problem("no_dask", "--dask", message, _INSTALL) from None
        except (OSError, TypeError, ValueError) as error:
            remedy = "Give an address like tcp://host:8786, or local; see docs/cluster.md."
            raise problem("no_cluster", scheduler, f"cannot be used: {error}.", remedy) from None
        yield client


@contextlib.contextmanager
def _ctrl_c_for_us() -> Iterator[None]:
    """Processes that are started meanwhile do not hear Ctrl-C; this one ends them in its time."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


async def _reach(scheduler: str) -> None:
    """Connect to a scheduler and leave: a client that cannot connect is hard to get rid of."""
    from distributed.comm.core import connect
    from distributed.security import Security

    options = Security().get_connection_args("client")
    comm = await connect(scheduler, timeout=PATIENCE, **options)
    await comm.close()


def _check_workers(client: Client, probe: str, job: Job) -> None:
    """See that there are workers, and that every one can take part."""
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        message = f"has had no worker for {PATIENCE} seconds."
        raise problem("no_workers", "the cluster", message, "Start some.") from None
    problems: list[Problem] = []
    answers = client.run(_work, _greet, probe, job, on_error="return")
    for worker, answer in sorted(answers.items()):
        if isinstance(answer, Exception):
            message = f"cannot run paresis ({type(answer).__name__})."
            remedy = "Start it in an environment made from the same commit and lock file."
            problems.append(Problem("other_engine", f"worker {worker}", message, remedy))
        else:
            problems += [
                replace(one, where=f"worker {worker} {one.where}".strip()) for one in answer
            ]
    if problems:
        raise InputError(problems)


def _greet(probe: str, job: Job) -> Problems:
    """Whether this worker can take part in a run."""
    if not Path(probe).exists():
        message = f"does not see {job.folder}, as it is here."
        remedy = "Put input and output on storage that every machine mounts in the same place."
        return (Problem("not_shared", "", message, remedy),)
    open_engine(job)
    return ()


def _work(work: Callable[[Any, Job], Any], what: Any, job: Job) -> Any:
    """Do something on a worker: what it returns, or the problems that it met.

    An exception could hold a patient's values, and Dask would log it: none leaves this function.
    """
    try:
        return work(what, job)
    except (InputError, KnowledgeError) as error:
        return error.problems
    except Exception as error:  # noqa: BLE001 - see above
        message = f"an internal {type(error).__name__}: please report it."
        remedy = "Scored without --dask and with PARESIS_TRACEBACK=1, the file says where."
        return (Problem("internal_error", str(what), message, remedy),)


def _each(
    client: Client, work: Callable[[Any, Job], Any], whats: Iterable[Any], job: Job
) -> Generator[tuple[Any, Any]]:
    """Each thing with what comes of it, in any order; only a few are with Dask at a time.

    Whatever a lost worker had, Dask has done by another.
    """
    from distributed import KilledWorker, as_completed

    waiting = iter(whats)
    done = as_completed(loop=client.loop)
    asked: dict[Any, Any] = {}
    try:
        while True:
            room = AHEAD * max(1, sum(client.nthreads().values())) - len(asked)
            for what in islice(waiting, max(0, room)):
                future = client.submit(_work, work, what, job, pure=False)
                asked[future] = what
                done.add(future)
            if not asked:
                return
            future = next(done)
            what = asked.pop(future)
            try:
                answer = future.result()
            except KilledWorker:
                message = "was given up: every worker that took it ended, perhaps out of memory."
                raise problem(
                    "worker_lost", str(what), message, "Give workers more memory."
                ) from None
            yield what, answer
    except (CancelledError, OSError) as error:
        message = f"was lost ({type(error).__name__})."
        raise problem("cluster_lost", "the scheduler", message, "Start it again.") from None


def _look(client: Client, paths: Sequence[str], job: Job, watch: Watch) -> list[Source]:
    """Every file as it was found, in order; the problems of all of them at once."""
    size = sum(Path(path).stat().st_size for path in paths)
    found: dict[str, Source] = {}
    problems: dict[str, Problems] = {}
    rows = done = 0
    with (
        watch("looking") as show,
        contextlib.closing(_each(client, find_blocks, paths, job)) as each,
    ):
        if show:
            show(0, 0, size)
        for path, answer in each:
            if isinstance(answer, Source):
                found[path] = answer
                rows, done = rows + answer.rows, done + answer.size
                if show:
                    show(rows, done, size)
            else:
                problems[path] = answer
                if sum(map(len, problems.values())) >= ENOUGH:
                    break
    if problems:
        raise InputError([one for path in paths for one in problems.get(path, ())])
    return [found[path] for path in paths]


def _score(client: Client, parts: Sequence[Part], job: Job, watch: Watch) -> Summary:
    """Write every part; what comes back is counted and no more."""
    size = sum(part.block.rows for part in parts)
    rows = 0
    totals: tuple[Counter[str], ...] = (Counter(), Counter(), Counter())
    with (
        watch("scoring") as show,
        contextlib.closing(_each(client, write_part, parts, job)) as each,
    ):
        if show:
            show(0, 0, size)
        for _, answer in each:
            if not isinstance(answer, Summary):
                raise InputError(answer)
            rows += answer.rows
            counts = (answer.status, answer.disposition, answer.leading)
            for total, count in zip(totals, counts, strict=True):
                total.update(count)
            if show:
                show(rows, rows, size)
    return Summary(rows, *(dict(sorted(total.items())) for total in totals))


@contextlib.contextmanager
def _folder(folder: Path) -> Iterator[str]:
    """Make the folder if need be, see that it may be used, and put a file there to be seen."""
    with contextlib.ExitStack() as stack:
        try:
            if not folder.exists():
                folder.mkdir()
                stack.callback(_remove_if_empty, folder)
            there = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
            for leftover in folder.glob(".probe.*"):  # of clients that were killed
                leftover.unlink()
            probe = folder / f".probe.{uuid4().hex}"  # a name that no file system remembers
            probe.touch()
            stack.callback(probe.unlink, missing_ok=True)
        except OSError as error:
            raise unwritable(str(folder), error) from None
        if MANIFEST in there:
            message = "holds a run that is finished."
            raise problem("finished_run", str(folder), message, "Name another folder.")
        if there and UNFINISHED not in there:
            message = "holds something that is no run."
            raise problem("not_empty", str(folder), message, "Name another folder.")
        yield str(probe)


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


def _begin(job: Job, sources: Sequence[Source]) -> dict[str, Any]:
    """Say what the folder is for; if it says so already, it must be the same."""
    about = {
        **asdict(job.engine),
        "setting": job.setting,
        "basis": job.basis,
        "keep": list(job.keep),
        "all_conditions": job.all_conditions,
        "surprise": job.surprise,
        "block": job.rows,
        "inputs": [
            {"path": one.path, "bytes": one.size, "sha256": one.sha256, "rows": one.rows}
            for one in sources
        ],
    }
    path = Path(job.folder) / UNFINISHED
    found = json.loads(path.read_bytes()) if path.exists() else about
    other = [name for name in about if found.get(name) != about[name]]
    if other:
        message = f"holds an unfinished run with another {', '.join(other)}."
        remedy = "Repeat that run as it was begun to finish it, or name another folder."
        raise problem("other_run", job.folder, message, remedy)
    _write_json(path, about)
    return about


def _finish(folder: Path, about: dict[str, Any], parts: Sequence[Part], summary: Summary) -> None:
    """Write the manifest, which says that everything is there."""
    # asked for one by one, since a shared file system may list a folder as it was a while ago
    missing = sum(not (folder / part.name).exists() for part in parts)
    if missing:
        message = f"lacks {missing} parts, which workers wrote to another folder of that name."
        raise problem("not_shared", str(folder), message, "Put it on storage that all share.")
    for leftover in folder.glob(".part-*"):  # of workers that were killed
        leftover.unlink(missing_ok=True)
    entries = [
        {
            "name": part.name,
            "path": part.block.path,
            "first_row": part.block.first_row,
            "rows": part.block.rows,
        }
        for part in parts
    ]
    _write_json(folder / MANIFEST, {**about, **asdict(summary), "parts": entries})
    (folder / UNFINISHED).unlink()


def _write_json(path: Path, value: dict[str, Any]) -> None:
    with named_when_whole(path) as raw:
        raw.write(json.dumps(value, indent=1).encode())
