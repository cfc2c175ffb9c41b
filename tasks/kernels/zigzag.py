"""Confirmed swings that alternate, as one bounded fold.

Source: shared engines.md, Shared: confirmed swings.
"""

from __future__ import annotations

import numpy as np

from tasks.kernels._jit import inner, part
from tasks.kernels.chart import HIGH, LOW, Reals, Record

TOP, BOTTOM = range(2)
_LATEST = ("price", "f8"), ("bar", "i8"), ("known", "i8"), ("is_replacement", "i8")
_EARLIER = ("price_before", "f8"), ("bar_before", "i8"), ("n", "i8")
# Of tops and of bottoms, by `TOP` and `BOTTOM`; `last` is the side of the latest of all, 0 at the
# start; `n` counts what alternated: a replacement takes its predecessor's place and number.
SWINGS = np.dtype(
    [*((name, kind, (2,)) for name, kind in (*_LATEST, *_EARLIER)), ("last", "i8")], align=True
)


@part
def step_swings(swings: Record, chart: Record, now: int, span: int) -> int:
    """Say whether a swing became known at the bar at `now`, and keep it.

    A bar that is a swing high and a swing low at once is neither: within a bar nobody knows which
    came first. A second high in a row that is not higher than the first is dropped, one that is
    higher replaces it; lows likewise.

    Parameters
    ----------
    swings : record of SWINGS
        Zeros at the start. `bar` is the number of the swing's own bar and `known` that of the bar
        at whose close it was known, `span` later; `price_before` and `bar_before` are of the swing
        on the same side before it, with one of the other side between. `n` is 0 where there is
        none yet.
    chart : record of CHART
        With the bar taken in last.
    now : int
        Where that bar stands, of `push`.
    span : int
        Bars on either side that must be strictly lower (higher), from 1 to 127.

    Returns
    -------
    int
        +1 for a swing high, -1 for a swing low, 0 for none.
    """
    if chart.n <= 2 * span:
        return 0
    recent = chart.recent
    side = _stands_out(recent, HIGH, now - span, span, 1.0)
    side -= _stands_out(recent, LOW, now - span, span, -1.0)
    if side == 0:
        return 0
    at, price = (TOP, recent[HIGH, now - span]) if side > 0 else (BOTTOM, recent[LOW, now - span])
    is_replacement = swings.last == side
    if is_replacement and side * (price - swings.price[at]) <= 0.0:
        return 0
    if not is_replacement:
        swings.price_before[at], swings.bar_before[at] = swings.price[at], swings.bar[at]
        swings.n[at] += 1
    swings.price[at], swings.is_replacement[at] = price, is_replacement
    swings.known[at], swings.bar[at] = chart.n - 1, chart.n - 1 - span
    swings.last = side
    return side


@inner
def _stands_out(recent: Reals, channel: int, at: int, span: int, side: float) -> int:
    """1 where a value lies strictly beyond the `span` values on either side of it, else 0."""
    x = recent[channel, at]
    # Nearest first: most bars are no swing and are left at the first neighbour.
    for k in range(1, span + 1):
        if side * (x - recent[channel, at - k]) <= 0.0 or side * (x - recent[channel, at + k]) <= 0:
            return 0
    return 1
