"""How kernels compile, and why.

``cache`` keeps the machine code between processes; ``nogil`` lets threads use every core;
``error_model="numpy"`` gives inf and NaN for divisions by zero as arrays do; no ``fastmath``,
which would drop NaN, our sign for a missing bar.

Numba decides by the source of a kernel's own file whether the code that it keeps is still good,
and cannot see that a kernel of another file, which is compiled into it, has changed. So the code is
kept in a folder whose name holds a digest of all kernels: one change, and all of them are new.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numba
from numba.misc.appdirs import AppDirs

KERNELS = Path(__file__).resolve().parent


def cache_folder(kernels: Path, wanted: str | None = None) -> Path:
    """Where the machine code of the kernels in a folder is kept, old ones in other places.

    Parameters
    ----------
    kernels : Path
        Folder of their sources.
    wanted : str, optional
        Folder that the user wants it in (``NUMBA_CACHE_DIR``); without one it is beside the
        sources, or where Numba keeps its caches if nobody may write there.
    """
    digest = blake2b(digest_size=8)
    for path in sorted(kernels.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    beside = kernels / "__pycache__"
    is_writable = os.access(beside if beside.is_dir() else kernels, os.W_OK)
    usual = (
        beside if is_writable else Path(AppDirs(appname="numba", appauthor=False).user_cache_dir)
    )
    return (Path(wanted) if wanted else usual) / f"kernels-{digest.hexdigest()}"


numba.config.CACHE_DIR = str(  # type: ignore[attr-defined]
    cache_folder(KERNELS, numba.config.CACHE_DIR)  # type: ignore[attr-defined]
)
OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
PART: dict[str, Any] = {"_nrt": False}
INNER: dict[str, Any] = {**PART, "forceinline": True}


def kernel(function: Callable[..., Any]) -> Any:
    """Compile `function` as the house compiles kernels."""
    return numba.njit(**OPTIONS)(function)


def part(function: Callable[..., Any]) -> Any:
    """Compile what a kernel calls at every bar and what is too large to be put into its caller.

    It makes no arrays, and its callers keep those that it reads alive: nothing is counted.
    """
    return numba.njit(**OPTIONS, **PART)(function)


def inner(function: Callable[..., Any]) -> Any:
    """Compile what a kernel calls at every bar, and what makes no arrays, into its callers.

    They keep the arrays alive, so it need not count references to them. Both that and the call
    would cost more than all else in a small function with many arrays.
    """
    return numba.njit(**OPTIONS, **INNER)(function)
