"""Ask something in a process of its own, with a limit on time and memory."""

from __future__ import annotations

import multiprocessing
import resource
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

#: Why there is no answer.
TIME, MEMORY, CRASH = "time", "memory", "crash"

#: Takes a question; what it raises is caught.
Ask = Callable[[Any], "Took"]

#: Calls of our engine are repeated until they took so long together (seconds), or so often.
LONG, OFTEN = 0.3, 200


@dataclass(frozen=True)
class Took:
    """What one case took.

    Attributes:
        setup: seconds to prepare (build a network, a junction tree), repeated for each patient.
        query: seconds for everything that is returned.
        memory: bytes by which the process grew meanwhile, at most.
        gap: largest absolute difference of a posterior from our engine's.
        log_gap: the same for ln P(evidence); NaN where a tool does not give it.
        why: why there is no answer; empty if there is one.
    """

    setup: float = np.nan
    query: float = np.nan
    memory: float = np.nan
    gap: float = np.nan
    log_gap: float = np.nan
    why: str = ""

    def plain(self) -> dict[str, Any]:
        """As a dictionary."""
        return asdict(self)


def _bytes(name: str) -> float:
    """Resident memory (VmRSS) or its peak (VmHWM); NaN where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    except OSError:
        return np.nan
    return next((1024.0 * int(line.split()[1]) for line in lines if line.startswith(name)), np.nan)


class Meter:
    """Peak growth of this process from here on."""

    def __init__(self) -> None:
        try:
            Path("/proc/self/clear_refs").write_text("5", "utf-8")  # forget the peak so far
        except OSError:
            self.start = np.nan
        else:
            self.start = _bytes("VmRSS")

    def grown(self) -> float:
        """Bytes."""
        return max(0.0, _bytes("VmHWM") - self.start)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """A result and the seconds it took."""
    start = time.perf_counter()
    return work(), time.perf_counter() - start


def repeated(work: Callable[[], Any]) -> float:
    """Median seconds of a call that was made before, so that nothing is compiled any more."""
    took: list[float] = []
    while sum(took) < LONG and len(took) < OFTEN:
        took.append(timed(work)[1])
    return median(took)


def _serve(channel: Connection, opener: Callable[[], Ask], gibibytes: float) -> None:
    """Answer questions until there are no more; runs in the child."""
    warnings.simplefilter("ignore")
    limit = int(gibibytes * 2**30)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    ask = opener()
    channel.send("ready")
    while True:
        asked = channel.recv()
        try:
            channel.send(ask(asked))
        except MemoryError:
            channel.send(Took(why=MEMORY))
        except ValueError as error:
            channel.send(Took(why=f"cannot: {error}"))
        except Exception as error:  # noqa: BLE001 - whatever a library raises is its answer
            short = "bad_alloc" in str(error) or "memory" in str(error).lower()
            channel.send(Took(why=MEMORY if short else f"{CRASH}: {type(error).__name__}"))


class Apart:
    """Something that answers in a child process, which is ended when it takes too long.

    Args:
        opener: makes what answers, in the child; a function that can be pickled.
        seconds: for one question, once the child is ready.
        gibibytes: of address space, for everything in the child.
    """

    def __init__(self, opener: Callable[[], Ask], *, seconds: float, gibibytes: float) -> None:
        self.opener, self.seconds, self.gibibytes = opener, seconds, gibibytes
        self.child: Any = None

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.channel, theirs = context.Pipe()
        self.child = context.Process(
            target=_serve, args=(theirs, self.opener, self.gibibytes), daemon=True
        )
        self.child.start()
        theirs.close()
        self.channel.recv()  # ready: what follows is not start-up

    def ask(self, asked: Any) -> Took:
        """What is answered, or why there is no answer."""
        try:
            if self.child is None:
                self._start()
            self.channel.send(asked)
            if self.channel.poll(self.seconds):
                answer: Took = self.channel.recv()
                return answer
            why = TIME
        except (EOFError, ConnectionResetError, BrokenPipeError):
            why = CRASH
        self.close()
        return Took(why=why)

    def close(self) -> None:
        """End the child."""
        if self.child is not None:
            self.child.kill()
            self.child.join()
            self.channel.close()
            self.child = None
