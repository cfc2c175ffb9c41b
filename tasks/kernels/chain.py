"""A chained hash of numbers: what says that two histories are the same."""

from __future__ import annotations

import numpy as np

from tasks.kernels._jit import inner

START = np.uint64(14695981039346656037)
PRIME = np.uint64(1099511628211)


@inner
def mix(state: np.uint64, x: float) -> np.uint64:
    """Add a number to the hash, FNV-1a by words of eight bytes.

    Source: Fowler, Noll and Vo, draft-eastlake-fnv. NaN has many bit patterns and zero two: each
    counts as one.
    """
    known = x + 0.0 if x == x else -1.0
    return (state ^ np.float64(known).view(np.uint64)) * PRIME
