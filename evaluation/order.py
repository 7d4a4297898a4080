"""Work on a stream in threads: answers come in order, and only a few are on the way at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")


def in_order(work: Callable[[S], T], stream: Iterable[S], *, threads: int = 2) -> Iterator[T]:
    """The answers to a stream, in its order, worked out by threads while the next are read.

    What was read before the stream failed is still answered before its error is raised. The first
    error of `work` ends it.
    """
    failure: Exception | None = None
    waiting: deque[Future[T]] = deque()
    ones = iter(stream)
    with ThreadPoolExecutor(threads) as pool:
        try:
            while True:
                try:
                    waiting.append(pool.submit(work, next(ones)))
                except StopIteration:
                    break
                except Exception as error:  # noqa: BLE001 - raised below, after what came before it
                    failure = error
                    break
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for one in waiting:
                one.cancel()
    if failure is not None:
        raise failure
