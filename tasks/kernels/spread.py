"""The bid-ask spread that open, high, low and close betray."""

from __future__ import annotations

import numpy as np

from tasks.kernels._jit import kernel
from tasks.kernels.rolling import Reals

N_CHANNELS = 35
ROUNDING = 1e-12


@kernel
def squared_edge(
    open_: Reals,
    high: Reals,
    low: Reals,
    close: Reals,
    window: int,
    min_count: int,
    phase: int,
) -> Reals:
    """Squared relative spread from the bars of each window, this bar included.

    Source: Ardia, Guidotti and Kroencke (2024), Efficient estimation of bid-ask spreads from
    open, high, low, and close prices, J. Financial Economics 161. It is that of the authors'
    package ``bidask`` where no bar is missing; a bar counts only where it and the bar before
    are whole.

    Parameters
    ----------
    open_, high, low, close : array of float64, shape (n,)
        Above zero; NaN where a bar is missing.
    window : int
        Bars; they make ``window - 1`` pairs of neighbours.
    min_count : int
        Pairs that the window must hold, else NaN; two at least.
    phase : int
        Number of the first bar, counted from any fixed moment.

    Returns
    -------
    array of float64, shape (n,)
        Below zero now and then, by chance or in a trend; NaN too where all opens, or all closes,
        are at the extremes' one price.

    Notes
    -----
    A window reaches over two blocks of ``window - 1`` bars: its sums are those of the end of one
    block and of the start of the next. Blocks lie at fixed places in time (`phase`), so a value
    depends on the window's content and time alone, bit for bit, and costs the same for any
    window.
    """
    n, size = close.size, max(1, window - 1)
    out = np.full(n, np.nan)
    rows = np.zeros((size, N_CHANNELS))
    rest = np.zeros((size + 1, N_CHANNELS))
    begun, total = np.zeros(N_CHANNELS), np.zeros(N_CHANNELS)
    for t in range(n):
        place = (t + phase) % size
        if place == 0:
            for k in range(size - 1, -1, -1):
                for i in range(N_CHANNELS):
                    rest[k, i] = rest[k + 1, i] + rows[k, i]
            begun[:] = 0.0
        row = rows[place]
        row[:] = 0.0
        if t > 0:
            _measure(open_[t], high[t], low[t], high[t - 1], low[t - 1], close[t - 1], row)
        for i in range(N_CHANNELS):
            begun[i] += row[i]
            total[i] = begun[i] + rest[place + 1, i]
        out[t] = _estimate(total, max(2, min_count))
    return out


@kernel
def _measure(
    o: float, h: float, low: float, last_h: float, last_low: float, last_c: float, row: Reals
) -> None:
    """What a pair of bars adds to the sums, written to `row`; nothing if one is missing.

    One; whether the price moved; how often the open, and the close before, was no extreme; the
    three returns that are centred; and for each of the two estimators its four terms and their
    products. `r1` to `r5` are the paper's returns, logs of ratios that hold in any unit.
    """
    r1 = 0.5 * np.log((h / o) * (low / o))
    r4 = -0.5 * np.log((last_h / last_c) * (last_low / last_c))
    r5 = np.log(o / last_c)
    r2, r3 = r5 + r4, r1 + r5
    if not np.isfinite(r1 + r4 + r5):
        return
    moved = 1.0 if h != low or low != last_c else 0.0
    row[0], row[1] = 1.0, moved
    row[2] = moved * ((o != h) + (o != low))
    row[3] = moved * ((last_c != last_h) + (last_c != last_low))
    row[4], row[5], row[6] = r1, r3, r5
    _products(r1 * r2, moved * r2, r3 * r4, moved * r4, row[7:21])
    _products(r1 * r5, r5, r5 * r4, moved * r4, row[21:35])


@kernel
def _products(a: float, b: float, c: float, d: float, row: Reals) -> None:
    row[0], row[1], row[2], row[3] = a, b, c, d
    row[4], row[5], row[6], row[7] = a * a, b * b, c * c, d * d
    row[8], row[9], row[10] = a * b, a * c, a * d
    row[11], row[12], row[13] = b * c, b * d, c * d


@kernel
def _estimate(total: Reals, min_count: int) -> float:
    """Squared spread from the window's sums: both estimators, each weighted by precision.

    Equally, where neither varies but for rounding (a few bars of coarse prices).
    """
    n, moved, opens, closes = total[0], total[1], total[2], total[3]
    if n < min_count or moved < 2.0 or opens == 0.0 or closes == 0.0:
        return np.nan
    a, b = -4.0 * n / opens, -4.0 * n / closes
    centre = a * total[4] / moved
    mean_1, square_1 = _mean_square(total[7:21], n, a, -centre, b, -b * total[5] / moved)
    mean_2, square_2 = _mean_square(total[21:35], n, a, -centre, b, -b * total[6] / moved)
    var_1, var_2 = square_1 - mean_1 * mean_1, square_2 - mean_2 * mean_2
    both = var_1 + var_2
    if both > ROUNDING * (square_1 + square_2):
        return (var_2 * mean_1 + var_1 * mean_2) / both
    return 0.5 * (mean_1 + mean_2)


@kernel
def _mean_square(m: Reals, n: float, a: float, b: float, c: float, d: float) -> tuple[float, float]:
    """Mean and mean square of a weighted sum of four terms, from the sums of their products."""
    mean = (a * m[0] + b * m[1] + c * m[2] + d * m[3]) / n
    squares = a * a * m[4] + b * b * m[5] + c * c * m[6] + d * d * m[7]
    crossed = a * (b * m[8] + c * m[9] + d * m[10]) + b * (c * m[11] + d * m[12]) + c * d * m[13]
    return mean, (squares + 2.0 * crossed) / n
