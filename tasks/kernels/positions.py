"""Which events become positions: the trade rule that research, back-test and live share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel


@kernel
def take_positions(
    event_bars: NDArray[np.int64],
    is_gap: NDArray[np.bool_],
    horizon_bars: int,
    first_bar: int,
    end_bar: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the positions of one hypothesis in one market, one at a time.

    An event at bar t is entered at the open of bar t + 1 and left at the close of bar
    t + horizon_bars. It is ignored when one of these bars, or its own, is a gap or outside
    ``first_bar <= bar < end_bar``, and while an earlier position is open. A position that is
    left at the close of bar t does not stand in the way of an event at bar t. Source: shared
    statistics.md section 6, rows "positions", "latency" and "exits".

    Parameters
    ----------
    event_bars : (n,) int64
        Rows of the grid at whose close the events are known, ascending, each inside the grid.
    is_gap : (n_bars,) bool
        Slots of the grid without a bar.
    horizon_bars : int
        Bars that a position lasts, at least 1.
    first_bar, end_bar : int
        First row that may be used, and the row after the last, ``end_bar <= n_bars``.

    Returns
    -------
    taken, entry_bars, exit_bars : (m,) int64 each
        Positions in `event_bars` of the events taken, rows of entry (at the open) and of exit
        (at the close), ascending. NaN cannot occur.
    """
    n_bars = is_gap.shape[0]
    next_gap = np.empty(n_bars + 1, np.int64)
    next_gap[n_bars] = n_bars
    for bar in range(n_bars - 1, -1, -1):
        next_gap[bar] = bar if is_gap[bar] else next_gap[bar + 1]
    taken = np.empty(event_bars.shape[0], np.int64)
    n_taken = 0
    free_bar = first_bar
    for i in range(event_bars.shape[0]):
        exit_bar = event_bars[i] + horizon_bars
        if event_bars[i] >= free_bar and exit_bar < end_bar and next_gap[event_bars[i]] > exit_bar:
            taken[n_taken] = i
            n_taken += 1
            free_bar = exit_bar
    taken = taken[:n_taken].copy()
    return taken, event_bars[taken] + 1, event_bars[taken] + horizon_bars
