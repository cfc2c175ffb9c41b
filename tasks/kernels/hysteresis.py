"""Passing from one state to its opposite, with a band between in which nothing changes."""

from __future__ import annotations

import numpy as np

from tasks.kernels._jit import kernel
from tasks.kernels.onset import Flags


@kernel
def passes(here: Flags, there: Flags, memory: int) -> Flags:
    """Where `here` holds, and of both last held `there`, at most `memory` bars ago, shape (n,).

    Each bar may be neither (the band); it should not be both. Once the passage is made, none
    stands until `there` has held again. A finite past decides, that of `memory` bars.
    """
    out = np.zeros(here.size, dtype=np.bool_)
    last_here = last_there = -1
    for t in range(here.size):
        if here[t]:
            out[t] = last_there > last_here and t - last_there <= memory
            last_here = t
        if there[t]:
            last_there = t
    return out
