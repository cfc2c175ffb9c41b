"""Moves that go too far after a start, and turn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel
from tasks.kernels.onset import Flags, Indices
from tasks.kernels.rolling import Reals


@kernel
def turn_after_extension(
    starts: Flags,
    side: NDArray[np.int8],
    reach: Reals,
    close: Reals,
    high: Reals,
    low: Reals,
    within: int,
) -> tuple[Indices, Reals]:
    """First close against a start's side after the price has gone on for its reach.

    Parameters
    ----------
    starts : array of bool, shape (n,)
        Where to begin looking; the start's own bar does not count.
    side : array of int8, shape (n,)
        +1 or -1 at a start.
    reach : array of float64, shape (n,)
        Log distance beyond the start's close that a high (low) must attain.
    close, high, low : array of float64, shape (n,)
        NaN values are passed over.
    within : int
        Bars after the start in which both must come to pass, the close in a later bar.

    Returns
    -------
    start : array of int64, shape (n,)
        At a turn the start that it belongs to (the latest, if several), -1 elsewhere. A close is
        against the side where it is beyond the close of the bar before in the other direction.
    farthest : array of float64, shape (n,)
        At a turn the largest log distance beyond the start's close before the turn's bar.
    """
    n = starts.size
    out = np.full(n, -1, dtype=np.int64)
    farthest = np.full(n, np.nan)
    for start in range(n):
        if not starts[start]:
            continue
        up, attained = side[start] > 0, -np.inf
        for t in range(start + 1, min(n, start + within + 1)):
            back = close[t] < close[t - 1] if up else close[t] > close[t - 1]
            if attained >= reach[start] and back:
                out[t], farthest[t] = start, attained
                break
            beyond = high[t] / close[start] if up else close[start] / low[t]
            if beyond == beyond:
                attained = max(attained, np.log(beyond))
    return out, farthest
