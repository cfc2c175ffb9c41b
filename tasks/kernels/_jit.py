"""How kernels compile, and why.

``cache`` keeps the machine code between processes; ``nogil`` lets threads use every core;
``error_model="numpy"`` gives inf and NaN for divisions by zero as arrays do; no ``fastmath``,
which would drop NaN, our sign for a missing bar.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def kernel(function: Callable[..., Any]) -> Any:
    """Compile `function` as the house compiles kernels."""
    return numba.njit(cache=True, nogil=True, error_model="numpy")(function)
