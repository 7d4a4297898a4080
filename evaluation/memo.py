"""Posteriors already computed, so that rows which repeat the same evidence are computed once."""

from __future__ import annotations

from dataclasses import fields
from itertools import islice
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from model.batch import DONE, FAILED, Rows, assess_rows
from model.reasoner import Reasoner

#: Different rows of evidence that are remembered: about 30 MB with the shipped knowledge.
CAPACITY = 20_000


class Memo:
    """Posteriors of one reasoner by settled evidence; threads may share it.

    One thread computes at a time, on as many cores as it may use, while others read, check and
    write. So what two of them bring is computed once, and no more memory is needed than for one.
    """

    def __init__(self, reasoner: Reasoner, *, capacity: int = CAPACITY) -> None:
        self._reasoner = reasoner
        self._capacity = capacity
        self._known: dict[bytes, NDArray[np.float64]] = {}
        self._lock = Lock()

    def rows(
        self, codes: NDArray[np.int8], *, workers: int | None = None
    ) -> tuple[Rows, NDArray[np.int64]]:
        """Posteriors of settled rows (R, I), each different row computed once.

        Returns:
            the posteriors of the different rows, and one more without an answer (NaN); and which
            of them each row has (R,).
        """
        width = codes.shape[1]
        keys: list[bytes] = np.ascontiguousarray(codes).view(f"V{width}").ravel().tolist()
        place: dict[bytes, int] = {}
        back = np.array([place.setdefault(key, len(place)) for key in keys], np.int64)
        with self._lock:
            found = {key: self._known[key] for key in place if key in self._known}
            fresh = [key for key in place if key not in found]
            new = np.frombuffer(b"".join(fresh), np.int8).reshape(-1, width)
            answer = assess_rows(self._reasoner, new, workers=workers)
            for key, row in zip(fresh, _packed(answer), strict=True):
                found[key] = row.copy()
                if row[0] != FAILED:  # a failure may have had a passing cause
                    self._known[key] = found[key]
            for key in list(islice(self._known, max(0, len(self._known) - self._capacity))):
                del self._known[key]  # the oldest makes room
        nothing = np.full(_packed(answer).shape[1], np.nan)
        nothing[0] = DONE
        return _unpacked(np.array([*map(found.__getitem__, place), nothing]), answer), back


def _packed(rows: Rows) -> NDArray[np.float64]:
    """Every field side by side, `state` first."""
    return np.column_stack([getattr(rows, field.name) for field in fields(Rows)]).astype(float)


def _unpacked(table: NDArray[np.float64], like: Rows) -> Rows:
    """The fields again, with the shapes and types of another answer."""
    models = [getattr(like, field.name) for field in fields(Rows)]
    widths = [int(np.prod(model.shape[1:])) for model in models]
    parts = np.split(table, np.cumsum(widths)[:-1], axis=1)
    return Rows(
        *(
            part.reshape(len(table), *model.shape[1:]).astype(model.dtype)
            for part, model in zip(parts, models, strict=True)
        )
    )
