"""Hidden order blocks: what a new swing makes of the levels.

Source: shared engines.md, Hidden order blocks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import part
from tasks.kernels.chart import (
    CLOSE,
    HIGH,
    LOW,
    OPEN,
    VOLUME,
    Record,
    highest_before,
    lowest_before,
    score_before,
)
from tasks.kernels.hob_levels import (
    MOST,
    N_HIGHER,
    add_level,
    end_level,
    judge_level,
    note_level,
    share_of,
    weakest_level,
)
from tasks.kernels.reading import BORN, CROWDED, REPLACED
from tasks.kernels.zigzag import BOTTOM, TOP


@part
def agree_levels(m: Record, r: Record, swing: int, atr: float, reading: Record) -> None:
    """Keep a swing of the higher timeframe, and let the levels gain with which it agrees.

    Parameters
    ----------
    m : record of MEMORY
        `higher` holds the swing.
    r : record of RULES
    swing : int
        +1 for a swing high, -1 for a swing low.
    atr : float
        Average range with the last bar.
    reading : record
        Of that bar; written to where a level becomes strong.
    """
    levels, at = m.levels, TOP if swing > 0 else BOTTOM
    price, place = m.higher.price[at], m.n_higher % N_HIGHER
    m.higher_price[place], m.higher_bar[place] = price, m.higher.bar[at]
    m.n_higher += 1
    for stack in range(2):
        for i in range(levels.n[stack]):
            slot = levels.order[stack, i]
            if levels.higher[slot] == 0.0 and abs(levels.price[slot] - price) < r.merge_atr * atr:
                levels.higher[slot] = 1.0
                judge_level(m, r, slot, reading)


@part
def raise_level(
    m: Record,
    r: Record,
    now: int,
    side: int,
    atr: float,
    reading: Record,
    notes: NDArray[np.void],
    n_notes: int,
) -> int:
    """Set a level at the swing that became known, in place of all levels that lie close to it.

    It keeps the best of what they had, and is not fresh where one of them was not. Where there is
    no room the weakest level leaves, of equal ones the oldest.

    Parameters
    ----------
    m : record of MEMORY
        `swings` holds the swing.
    r : record of RULES
    now : int
        Where the last bar stands in the chart.
    side : int
        +1 at a swing low, -1 at a swing high.
    atr, reading
        Average range with the last bar, and what is said of it.
    notes, n_notes
        Notes so far.

    Returns
    -------
    int
        Notes with those of the births and deaths.
    """
    levels, n = m.levels, m.chart.n - 1
    at, half = BOTTOM if side > 0 else TOP, r.merge_atr * atr
    price, place = m.swings.price[at], now - r.span
    fixed, reaction = _fixed(m, r, place, side, price, atr), 0.0
    for i in range(place + 1, place + 1 + min(r.reaction_bars, r.span)):
        distance = side * (m.chart.recent[CLOSE, i] - price)
        reaction = max(reaction, share_of(distance, r.full_reaction_atr * atr))
    higher, n_touches, is_fresh = _agreement(m, r, price, half), 0, 1
    for stack in range(2):
        for i in range(levels.n[stack] - 1, -1, -1):
            slot = levels.order[stack, i]
            if abs(levels.price[slot] - price) < half:
                fixed, higher = max(fixed, levels.fixed[slot]), max(higher, levels.higher[slot])
                reaction = max(reaction, levels.reaction[slot])
                n_touches += levels.n_touches[slot]
                is_fresh = min(is_fresh, levels.is_fresh[slot])
                n_notes = end_level(m, slot, n, REPLACED, notes, n_notes)
    if levels.n[0] + levels.n[1] == MOST:
        n_notes = end_level(m, weakest_level(levels), n, CROWDED, notes, n_notes)
    slot = add_level(levels, side, price)
    levels.half[slot], levels.fixed[slot], levels.reaction[slot] = half, fixed, reaction
    levels.higher[slot], levels.born[slot], levels.anchor[slot] = higher, n, n - r.span
    levels.n_touches[slot], levels.is_fresh[slot], levels.due[slot] = n_touches, is_fresh, -1
    reached, stack = m.chart.recent[LOW if side > 0 else HIGH, now], 0 if side > 0 else 1
    if side * (reached - price) <= r.return_atr * atr:
        levels.in_contact[slot] = 1
        m.floor[stack] = min(m.floor[stack], side * price)
    judge_level(m, r, slot, reading)
    note_level(levels, slot, notes[n_notes], n, BORN, 0)
    return n_notes + 1


@part
def _agreement(m: Record, r: Record, price: float, half: float) -> float:
    """1.0 where a swing of the higher timeframe, not older than a level may be, lies close."""
    for i in range(min(m.n_higher, N_HIGHER)):
        is_young = m.chart.n - 1 - m.higher_bar[i] <= r.age_bars
        if is_young and abs(m.higher_price[i] - price) < half:
            return 1.0
    return 0.0


@part
def _fixed(m: Record, r: Record, place: int, side: int, price: float, atr: float) -> float:
    """What the swing's own bar and the bars before it give to the quality.

    The base is the range of the bars before, from 1 at `narrow_atr` down to 0 at `wide_atr`; the
    volume is its score over `full_volume_z`; the wick its share of the bar's range.
    """
    recent = m.chart.recent
    width = highest_before(recent, HIGH, place, r.base_bars)
    width -= lowest_before(recent, LOW, place, r.base_bars)
    base = share_of(r.wide_atr * atr - width, (r.wide_atr - r.narrow_atr) * atr)
    volume = share_of(score_before(recent, VOLUME, place, r.volume_bars), r.full_volume_z)
    first, last = recent[OPEN, place], recent[CLOSE, place]
    body = min(first, last) if side > 0 else max(first, last)
    wick = share_of(side * (body - price), recent[HIGH, place] - recent[LOW, place])
    return r.base_weight * base + r.volume_weight * volume + r.wick_weight * wick
