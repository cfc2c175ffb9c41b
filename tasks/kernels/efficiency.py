"""How straight a path went."""

from __future__ import annotations

import numpy as np

from tasks.kernels._jit import kernel
from tasks.kernels.rolling import Reals

PIECE = 2_048  # bars worked on at once, so that they stay in the cache


@kernel
def efficiency(moves: Reals, step: int, n_steps: int, min_count: int) -> Reals:
    """Kaufman's efficiency ratio with the sign of the net move.

    The net move over a stretch of `n_steps` moves over the sum of their sizes: 1 for a straight
    rise, -1 for a straight fall, near 0 for going back and forth.

    Parameters
    ----------
    moves : array of float64, shape (n,)
        Log return over the last `step` bars. Those that end at t, ``t - step``, ``t - 2 step``
        and so on make up the path to t; NaN ones are left out of both sums.
    step, n_steps : int
        Bars of a move, moves of a path.
    min_count : int
        Moves that a path must hold, else NaN.

    Returns
    -------
    array of float64, shape (n,)
        NaN too where nothing moved.

    Notes
    -----
    Source: Kaufman (1995), Smarter Trading; here in logs. Of independent moves the ratio is about
    ``n_steps ** -0.5``, so ratios compare for one number of steps only. Cost: n times `n_steps`.
    """
    n = moves.size
    out = np.full(n, np.nan)
    net, path, count = np.empty(PIECE), np.empty(PIECE), np.empty(PIECE)
    for start in range(0, n, PIECE):
        end = min(start + PIECE, n)
        for i in range(PIECE):
            net[i] = path[i] = count[i] = 0.0
        for k in range(n_steps):
            first = max(start, k * step)
            _add_moves(moves[first - k * step : end - k * step], first - start, net, path, count)
        for t in range(start, end):
            i = t - start
            if count[i] >= max(1, min_count) and path[i] > 0.0:
                out[t] = net[i] / path[i]
    return out


@kernel
def _add_moves(moves: Reals, first: int, net: Reals, path: Reals, count: Reals) -> None:
    """Add moves to those of the bars from `first` on."""
    net, path, count = net[first:], path[first:], count[first:]
    for i in range(moves.size):
        there = moves[i] == moves[i]
        move = moves[i] if there else 0.0
        net[i] += move
        path[i] += abs(move)
        count[i] += there
