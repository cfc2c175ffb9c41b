"""Bars of a longer timeframe, derived once from the base bars and visible when they have closed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel, part
from tasks.kernels.chart import CLOSE, HIGH, LOW, OPEN, VOLUME, Reals, Record

Whole = NDArray[np.int64]
COARSE = np.dtype(
    [("n_rows", "i8"), ("n_held", "i8"), ("started", "i8"), ("bar", "f8", (5,))], align=True
)


@kernel
def coarsen(
    memory: NDArray[np.void],
    times: Whole,
    bars: Reals,
    is_gap: NDArray[np.bool_],
    step: int,
    base_step: int,
) -> tuple[Reals, Whole]:
    """Fold `take` over base bars.

    Parameters
    ----------
    memory : (1,) COARSE
        Zeros at the start; afterwards what the next call goes on from.
    times : (n,) int64
        Opens of the base bars, ms since 1970, one per slot of the grid.
    bars : (5, n) float64
        Open, high, low, close, volume; not read in a gap.
    is_gap : (n,) bool
    step, base_step : int
        Milliseconds of a coarse and of a base bar; the one is a multiple of the other.

    Returns
    -------
    coarse : (5, k) float64
        The coarse bars that closed, oldest first.
    rows : (k,) int64
        At the close of which base bar each closed.
    """
    n = times.size
    most = n * base_step // step + 1
    out, rows = np.empty((5, most)), np.empty(most, np.int64)
    k = 0
    for t in range(n):
        if take(memory[0], times[t], bars[:, t], is_gap[t], step, base_step):
            out[:, k], rows[k] = memory[0].bar, t
            k += 1
    return out[:, :k].copy(), rows[:k].copy()


@part
def take(m: Record, time: int, bar: Reals, is_gap: bool, step: int, base_step: int) -> bool:
    """Take one base bar in; return whether a coarse bar closed with it, which is ``m.bar`` then.

    Coarse bars begin at multiples of their length since 1970, UTC. One is made of the base bars
    that came; there is none where none came, nor of a stretch that began before the first base bar.
    """
    if m.n_rows == 0:
        m.started = -(-time // step) * step
    m.n_rows += 1
    if time % step == 0:
        m.n_held = 0
    if not is_gap and time >= m.started:
        held = m.bar
        if m.n_held == 0:
            held[OPEN], held[HIGH], held[LOW], held[VOLUME] = bar[OPEN], bar[HIGH], bar[LOW], 0.0
        held[HIGH], held[LOW] = max(held[HIGH], bar[HIGH]), min(held[LOW], bar[LOW])
        held[CLOSE] = bar[CLOSE]
        held[VOLUME] += bar[VOLUME]
        m.n_held += 1
    return (time + base_step) % step == 0 and m.n_held > 0
