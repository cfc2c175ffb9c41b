"""Hidden order blocks: levels at swings, with touches and a quality, as one fold.

Source: shared engines.md, Hidden order blocks. A level lies below the market at a swing low, side
+1, or above it at a swing high, side -1. Each distance is measured in the average range of the bar
at which it is looked at.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel, part
from tasks.kernels.chart import Reals, Record, average_range, push
from tasks.kernels.hob_levels import (
    EVENTS,
    RETURN,
    TOUCH,
    WEAK_RETURN,
    end_level,
    judge_level,
    offer_event,
    share_of,
)
from tasks.kernels.hob_swings import agree_levels, raise_level
from tasks.kernels.reading import AGED, BROKEN, clear, reading_of
from tasks.kernels.zigzag import step_swings

_NEAREST = "", "_quality", "_touches"  # of the strong levels on either side
FACTS = (
    "n_levels",
    "n_strong",
    *(f"{side}{what}" for side in ("support", "resistance") for what in _NEAREST),
)
N_LEVELS, N_STRONG, NEAREST = range(3)
READING = reading_of(len(EVENTS), len(FACTS))


@kernel
def run_hob(
    memory: NDArray[np.void],
    bars: Reals,
    rules: NDArray[np.void],
    readings: NDArray[np.void],
    notes: NDArray[np.void],
) -> int:
    """Fold `step_hob` over bars.

    Parameters
    ----------
    memory : (1,) MEMORY of `tasks.kernels.hob_levels`
        Zeros at the start; afterwards what the next call goes on from.
    bars : (5, n) float64
        Open, high, low, close and volume, oldest first; prices finite.
    rules : (1,) RULES of `tasks.kernels.hob_levels`
    readings : (n,) READING
        Written: what is known at each bar's close.
    notes : (k,) NOTE
        Written: births and deaths of levels; room for `MOST` and two for each bar.

    Returns
    -------
    int
        Notes written.
    """
    n_notes = 0
    for t in range(bars.shape[1]):
        n_notes = step_hob(
            memory[0],
            rules[0],
            bars[0, t],
            bars[1, t],
            bars[2, t],
            bars[3, t],
            bars[4, t],
            readings[t],
            notes,
            n_notes,
        )
    return n_notes


@part
def step_hob(
    m: Record,
    r: Record,
    open_: float,
    high: float,
    low: float,
    close: float,
    volume: float,
    reading: Record,
    notes: NDArray[np.void],
    n_notes: int,
) -> int:
    """Take one bar in and say what is known at its close; return the number of notes.

    Levels that broke or aged die first; those that are left may be returned to and touched; then
    comes what swings, known at this bar, make of the levels. Of several levels that would say the
    same event the best speaks, of equal ones the youngest; strength is its quality. The stance is
    the side of the last return, for `hold_bars` bars at most and until a close passes its level.
    Facts are NaN where there is no strong level on that side. Nothing is known before the windows
    are full: swings of before make no levels.
    """
    n = m.chart.n
    now = push(m.chart, open_, high, low, close, volume)
    clear(reading, n)
    atr = average_range(m.chart, now, r.atr_bars)
    swing = step_swings(m.swings, m.chart, now, r.span)
    higher = step_swings(m.higher, m.chart, now, r.span * r.higher_factor)
    warm_up = max(2 * r.span * r.higher_factor, r.span + max(r.volume_bars, r.base_bars))
    if n < max(warm_up, r.atr_bars):
        return n_notes
    reading.is_warm = 1
    n_notes = _bury(m, r, close, atr, notes, n_notes)
    for stack in range(2):
        _touch(m, r, stack, low if stack == 0 else high, close, atr, reading)
    if higher != 0:
        agree_levels(m, r, higher, atr, reading)
    if swing != 0:
        n_notes = raise_level(m, r, now, -swing, atr, reading, notes, n_notes)
    _stand(m, r, close, atr, reading)
    _survey(m, r, reading.facts)
    return n_notes


@part
def _bury(
    m: Record, r: Record, close: float, atr: float, notes: NDArray[np.void], n_notes: int
) -> int:
    """Let the levels die that the close has passed, or that are too old."""
    levels, n = m.levels, m.chart.n - 1
    for stack in range(2):
        side = 1 - 2 * stack
        while levels.n[stack] > 0:
            slot = levels.order[stack, levels.n[stack] - 1]
            if side * (levels.price[slot] - close) < r.broken_atr * atr:
                break
            n_notes = end_level(m, slot, n, BROKEN, notes, n_notes)
    if n - m.oldest < r.age_bars:
        return n_notes
    m.oldest = n
    for stack in range(2):
        for i in range(levels.n[stack] - 1, -1, -1):
            slot = levels.order[stack, i]
            if n - levels.born[slot] >= r.age_bars:
                n_notes = end_level(m, slot, n, AGED, notes, n_notes)
            else:
                m.oldest = min(m.oldest, levels.born[slot])
    return n_notes


@part
def _touch(
    m: Record, r: Record, stack: int, reached: float, close: float, atr: float, reading: Record
) -> None:
    """Follow the levels of one side that the bar reaches, and those with an open touch.

    A contact begins where a bar comes within `return_atr` of the level, or lies beyond it, and the
    bar before did not. The first one after birth is the return to the level. It is a touch once a
    close lies `reaction_atr` away from the level, not more than `reaction_bars` after the last bar
    in contact.
    """
    levels, n = m.levels, m.chart.n - 1
    side, floor = 1 - 2 * stack, np.inf
    for i in range(levels.n[stack] - 1, -1, -1):
        slot = levels.order[stack, i]
        price = levels.price[slot]
        in_contact = side * (reached - price) <= r.return_atr * atr
        if not in_contact and side * price < m.floor[stack]:
            break
        if in_contact and levels.in_contact[slot] == 0:
            levels.touched[slot], levels.due[slot] = n, n
            _return(m, r, slot, reading)
        if in_contact and levels.due[slot] >= 0:
            levels.due[slot] = n + r.reaction_bars
        levels.in_contact[slot] = in_contact
        if levels.due[slot] >= 0:
            _react(m, r, slot, side * (close - price), atr, reading)
        if in_contact or levels.due[slot] >= 0:
            floor = min(floor, side * price)
    m.floor[stack] = floor


@part
def _return(m: Record, r: Record, slot: int, reading: Record) -> None:
    """Say that price came back to a level for the first time."""
    levels = m.levels
    is_fresh, quality = levels.is_fresh[slot], levels.quality[slot]
    levels.is_fresh[slot] = 0
    if is_fresh == 0 or quality < r.weak_least:
        return
    if quality < r.strong_least:
        offer_event(m, WEAK_RETURN, slot, levels.anchor[slot], reading)
    elif offer_event(m, RETURN, slot, levels.anchor[slot], reading):
        m.held_side, m.held_bar = levels.side[slot], m.chart.n - 1
        m.held_price, m.held_quality = levels.price[slot], quality


@part
def _react(m: Record, r: Record, slot: int, distance: float, atr: float, reading: Record) -> None:
    """Confirm an open touch, or give it up when its last bar has come."""
    levels = m.levels
    if distance >= r.reaction_atr * atr:
        levels.due[slot] = -1
        levels.n_touches[slot] += 1
        reaction = share_of(distance, r.full_reaction_atr * atr)
        levels.reaction[slot] = max(levels.reaction[slot], reaction)
        judge_level(m, r, slot, reading)
        if levels.quality[slot] >= r.weak_least:
            offer_event(m, TOUCH, slot, levels.touched[slot], reading)
    elif m.chart.n - 1 >= levels.due[slot]:
        levels.due[slot] = -1


@part
def _stand(m: Record, r: Record, close: float, atr: float, reading: Record) -> None:
    """Stand by the last return until it is old or its level is passed."""
    side = m.held_side
    if side == 0:
        return
    is_old = m.chart.n - 1 - m.held_bar >= r.hold_bars
    if is_old or side * (m.held_price - close) >= r.broken_atr * atr:
        m.held_side = 0
        return
    reading.stance, reading.conviction = side, m.held_quality


@part
def _survey(m: Record, r: Record, facts: Reals) -> None:
    """Count the levels and find the nearest strong ones, anew where something has changed."""
    levels = m.levels
    if m.is_stale != 0:
        m.is_stale = m.n_strong = 0
        for stack in range(2):
            m.near[stack] = 0
            for i in range(levels.n[stack]):
                slot = levels.order[stack, i]
                if levels.quality[slot] >= r.strong_least:
                    m.n_strong += 1
                    m.near[stack] = slot + 1
    facts[N_LEVELS], facts[N_STRONG] = levels.n[0] + levels.n[1], m.n_strong
    for stack in range(2):
        at, slot = NEAREST + 3 * stack, m.near[stack] - 1
        facts[at] = levels.price[slot] if slot >= 0 else np.nan
        facts[at + 1] = levels.quality[slot] if slot >= 0 else np.nan
        facts[at + 2] = levels.n_touches[slot] if slot >= 0 else np.nan
