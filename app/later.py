"""Work that may take a while, done beside the page; asked for by a key, there when it is ready.

At most two pieces are worked on at once in the whole process, so that rankings stay quick. What is
no longer wanted is told to stop.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from typing import Generic, TypeVar

T = TypeVar("T")
Cancelled = Callable[[], bool]
Progress = Callable[[int, int], None]
Work = Callable[[Cancelled, Progress], T]

_WORKERS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="paresis-later")


@dataclass
class Task(Generic[T]):
    """One piece of work.

    Attributes:
        key: what it is about; another key is other work.
        stop: set when nobody wants it any longer.
        done, total: how far it is, as it says itself.
    """

    key: Hashable
    work: Work[T]
    stop: Event = field(default_factory=Event)
    done: int = 0
    total: int = 0
    future: Future[T] | None = None

    def begin(self) -> None:
        """Hand it to the workers."""
        self.future = _WORKERS.submit(self.work, self.stop.is_set, self._tell)

    def _tell(self, done: int, total: int) -> None:
        self.done, self.total = done, total

    @property
    def ready(self) -> bool:
        """Whether it ended, well or not."""
        return self.future is not None and self.future.done()

    @property
    def result(self) -> T | None:
        """What came out; None while it is worked on or when it failed."""
        if self.future is None or not self.future.done() or self.future.cancelled():
            return None
        return None if self.future.exception() else self.future.result()


@dataclass
class Slot(Generic[T]):
    """The work of one card in one session: the piece wanted now, and what was last there."""

    task: Task[T] | None = None
    last: T | None = None

    def ask(self, key: Hashable, work: Work[T]) -> Task[T]:
        """The task for a key; when the key is new the old one is stopped and another begun."""
        if self.task is None or self.task.key != key:
            if self.task is not None:
                self.last = self.task.result or self.last
                self.task.stop.set()
                if self.task.future is not None:
                    self.task.future.cancel()
            self.task = Task(key, work)
            self.task.begin()
        return self.task
