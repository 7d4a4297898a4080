"""Progress with a rate and an ETA, on standard error, and only for people."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def work_progress(name: str) -> Iterator[Callable[[int, int], None] | None]:
    """A function (done, total) that draws a bar; None when nobody is looking."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(name), BarColumn(), TextColumn("ETA"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(name, total=None)

        def show(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total or None)

        yield show


@contextlib.contextmanager
def file_progress(name: str) -> Iterator[Callable[[int, int, int], None] | None]:
    """A function (rows, done, total) that draws a bar; None when nobody is looking."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[rate]:,.0f} a second"),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(name, total=None, rows=0, rate=0.0)

        first: list[tuple[int, float]] = []  # since then: what a stopped run had done counts not

        def show(rows: int, done: int, total: int) -> None:
            elapsed = progress.tasks[0].elapsed or 0.0
            before, since = first[0] if first else (0, 0.0)
            first[:] = first or [(rows, elapsed)]
            progress.update(
                task,
                completed=done,
                total=total or None,
                rows=rows,
                rate=(rows - before) / (elapsed - since) if elapsed > since else 0.0,
            )

        yield show
