"""Bars that do not connect to the price before them."""

from __future__ import annotations

import math

import numpy as np

from tasks.kernels._jit import kernel


@kernel
def find_spikes(open_, high, low, close, max_log_jump, max_log_reach, patience):  # type: ignore[no-untyped-def]
    """Mark bars whose prices are out of all proportion to the last accepted close.

    A bar is suspicious when its open is more than `max_log_jump` from the level (markets trade
    on between bars, so a real open connects, however wild the bar), or its high or low more than
    `max_log_reach`. The level is the close of the last accepted bar, before there is one the
    bar's own open.
    Suspicious bars that connect to each other, `patience` of them in a row, make a new level: the
    next that connects is accepted. Bars already marked stay marked, so nothing looks ahead.

    Parameters
    ----------
    open_, high, low, close : float64[n]
        Prices, finite and positive, in order of time.
    max_log_jump, max_log_reach : float
        Greatest absolute log ratio to the level, of the open and of the extremes.
    patience : int
        Bars of a new level that are marked before it is believed.

    Returns
    -------
    bool[n]
        Whether the bar is a spike.
    """
    n = open_.shape[0]
    is_spike = np.zeros(n, dtype=np.bool_)
    level, rival = math.nan, math.nan
    n_rival = 0
    for i in range(n):
        first, top, bottom = math.log(open_[i]), math.log(high[i]), math.log(low[i])
        anchor = first if math.isnan(level) else level
        fits = abs(first - anchor) <= max_log_jump
        fits = fits and top - anchor <= max_log_reach and anchor - bottom <= max_log_reach
        joins = n_rival > 0 and abs(first - rival) <= max_log_jump
        joins = joins and top - rival <= max_log_reach and rival - bottom <= max_log_reach
        if fits or (joins and n_rival >= patience):
            level = math.log(close[i])
            n_rival = 0
        else:
            is_spike[i] = True
            rival = math.log(close[i])
            n_rival = n_rival + 1 if joins else 1
    return is_spike
