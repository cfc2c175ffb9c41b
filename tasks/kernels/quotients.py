"""Values over others."""

from __future__ import annotations

import numpy as np

from tasks.kernels._jit import kernel
from tasks.kernels.rolling import Reals


@kernel
def quotient(x: Reals, y: Reals) -> Reals:
    """Each of `x` over that of `y`, shape (n,); NaN where that is no finite number."""
    out = np.empty(x.size)
    for i in range(x.size):
        v = x[i] / y[i]
        out[i] = v if np.isfinite(v) else np.nan
    return out
