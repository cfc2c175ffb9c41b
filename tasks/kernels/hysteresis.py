"""Passing from one state to its opposite, with a band between in which nothing changes."""

from __future__ import annotations

import numpy as np

from tasks.kernels.onset import Flags, last_true


def passes(here: Flags, there: Flags, memory: int) -> Flags:
    """Where `here` holds, and of both last held `there`, at most `memory` bars ago, shape (n,).

    Each bar may be neither (the band); it should not be both. Once the passage is made, none
    stands until `there` has held again. A finite past decides, that of `memory` bars.
    """
    last = last_true(there)
    recent = (last >= 0) & (np.arange(here.size) - last <= memory)
    return here & recent & (last > last_true(here))
