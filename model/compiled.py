"""Compile with numba, once per version of the code, safely beside other processes.

Numba looks only at the file a function stands in when it decides whether a cached machine-code file
is current, so a change in a function that another file calls would go unnoticed. Here the cache
lives in a folder named by a digest of every compiled source: another version of the code never
finds it. Numba writes each file under a temporary name and renames it, so that processes which
compile at the same time do not disturb each other.
"""

from __future__ import annotations

import hashlib
import os
from functools import partial
from pathlib import Path
from typing import Any

import numba
from platformdirs import user_cache_path

_HERE = Path(__file__).resolve().parent


def _sources_digest() -> str:
    """A digest of every file that holds compiled functions, or constants that they use."""
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(_HERE.rglob("*.py")):
        text = path.read_bytes()
        if path.parent.name == "kernel" or b"@njit" in text or b"@entry" in text:
            digest.update(path.name.encode())
            digest.update(text)
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Where paresis keeps what it can make again: PARESIS_CACHE_DIR, or the user's cache."""
    chosen = os.environ.get("PARESIS_CACHE_DIR")
    return Path(chosen) if chosen else user_cache_path("paresis", appauthor=False)


_FOLDER = cache_folder() / "compiled" / _sources_digest()
if not os.environ.get("NUMBA_CACHE_DIR"):
    numba.config.CACHE_DIR = str(_FOLDER)  # type: ignore[attr-defined] # set as numba runs


def compiled_before() -> bool:
    """Whether this version was used on this machine before: nothing waits to be compiled."""
    return bool(os.environ.get("NUMBA_CACHE_DIR")) or any(_FOLDER.rglob("rows.answer-*.nbc"))


#: Sums may be reordered and products fused, the same way every time on one machine; NaN and
#: infinity keep their meaning.
_FAST = {"contract", "reassoc", "nsz"}

#: Compile a function that Python calls: kept on disk, run without the interpreter's lock. Any,
#: since numba's own annotations do not survive `partial`.
entry: Any = partial(numba.njit, cache=True, nogil=True, fastmath=_FAST)

#: Compile a function that only compiled ones call: no wrappers, nothing kept, so that a first use
#: waits as little as possible.
njit: Any = partial(
    numba.njit, no_cpython_wrapper=True, no_cfunc_wrapper=True, nogil=True, fastmath=_FAST
)
