"""Smart money concepts: swings, structure, gaps, blocks and sweeps as one fold.

Source: shared engines.md, Smart money concepts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import kernel, part
from tasks.kernels.chart import CLOSE, Reals, Record, average_range, push
from tasks.kernels.reading import BORN, SWING, clear, say
from tasks.kernels.smc_blocks import step_blocks
from tasks.kernels.smc_gaps import step_gaps
from tasks.kernels.smc_memory import (
    BLOCK_EDGE,
    CONFLUENCES,
    DOWN,
    GAP_EDGE,
    GAP_SHARE,
    N_BLOCKS,
    N_GAPS,
    SWING_HIGH,
    SWING_LOW,
    SWUNG,
    TREND,
    UP,
    Records,
)
from tasks.kernels.smc_structure import step_breaks, step_sweep
from tasks.kernels.zigzag import BOTTOM, TOP, step_swings

N_CONFLUENCES = 4


@kernel
def run_smc(
    memory: NDArray[np.void],
    bars: Reals,
    rules: NDArray[np.void],
    readings: NDArray[np.void],
    notes: NDArray[np.void],
) -> int:
    """Fold `step_smc` over bars.

    Parameters
    ----------
    memory : (1,) MEMORY
        Zeros at the start; afterwards what the next call goes on from.
    bars : (5, n) float64
        Open, high, low, close and volume, oldest first; prices finite.
    rules : (1,) RULES
    readings : (n,) READING
        Written: what is known at each bar's close.
    notes : (k,) NOTE
        Written: births and deaths of gaps and blocks, and swings.

    Returns
    -------
    int
        Notes written.
    """
    n_notes = 0
    for t in range(bars.shape[1]):
        n_notes = step_smc(
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
def step_smc(
    m: Record,
    r: Record,
    open_: float,
    high: float,
    low: float,
    close: float,
    volume: float,
    reading: Record,
    notes: Records,
    n_notes: int,
) -> int:
    """Take one bar in and say what is known at its close; return the count of notes.

    Confluences of a side: the trend; the bar trades inside an active gap or block of that side that
    outlives it; a fresh sweep; a fresh break. A gap is active in what is not filled yet. The stance
    is the side that has more of them, if at least `confluences_least`, and the conviction their
    share of four. Before the warm-up nothing is said but the facts, which are NaN where there is
    nothing to tell.
    """
    n = m.chart.n
    now = push(m.chart, open_, high, low, close, volume)
    clear(reading, n)
    average_range(m.chart, now, r.atr_bars)
    swung = step_swings(m.swings, m.chart, now, r.swing_span)
    reading.is_warm = n >= max(
        r.atr_bars, r.volume_bars + r.displacement_bars, r.sweep_bars, 2 * r.swing_span
    )
    m.is_inside[UP] = m.is_inside[DOWN] = 0
    if close != open_:
        m.coloured[UP if close > open_ else DOWN] = n + 1
    if reading.is_warm:
        n_notes = _say_swing(m, swung, now, reading, notes, n_notes)
        step_breaks(m, r, now, reading)
        n_notes = step_gaps(m, r, now, reading, notes, n_notes)
        n_notes = step_blocks(m, r, now, reading, notes, n_notes)
        step_sweep(m, r, now, reading)
        _take_stance(m, r, reading)
    _tell_facts(m, reading.facts)
    return n_notes


@part
def _say_swing(
    m: Record, swung: int, now: int, reading: Record, notes: Records, n_notes: int
) -> int:
    """Say a swing that became known: its side is away from it, its strength grows with the way."""
    if swung == 0:
        return n_notes
    at, s = TOP if swung > 0 else BOTTOM, m.swings
    away = swung * (s.price[at] - m.chart.recent[CLOSE, now])
    say(reading, SWUNG, -swung, away / (away + m.chart.atr), s.bar[at])
    note = notes[n_notes]
    note.bar, note.what, note.kind, note.side, note.why = m.chart.n - 1, BORN, SWING, -swung, 0
    note.zone, note.anchor, note.value = m.n_zones, s.bar[at], float(s.is_replacement[at])
    note.top = note.bottom = s.price[at]
    m.n_zones += 1
    return n_notes + 1


@part
def _take_stance(m: Record, r: Record, reading: Record) -> None:
    """Count each side's confluences, as facts, and side with more of them."""
    facts = reading.facts
    for at in (UP, DOWN):
        count = int(m.trend == 1 - 2 * at) + int(m.is_inside[at] != 0)
        count += _is_fresh(m.swept[at], m.chart.n, r.fresh_bars)
        count += _is_fresh(m.broke[at], m.chart.n, r.fresh_bars)
        facts[CONFLUENCES + at] = count
    long, short = facts[CONFLUENCES + UP], facts[CONFLUENCES + DOWN]
    if long != short and max(long, short) >= r.confluences_least:
        reading.stance = 1 if long > short else -1
        reading.conviction = max(long, short) / N_CONFLUENCES


@part
def _is_fresh(since: int, n: int, within: int) -> int:
    """1 where what happened at bar number `since` - 1 is at most `within` bars old, else 0."""
    return int(since > 0 and n - since <= within)


@part
def _tell_facts(m: Record, facts: Reals) -> None:
    """Trend, last swings, zones that live, and those next to price."""
    facts[TREND] = m.trend
    facts[SWING_HIGH] = m.swings.price[TOP] if m.swings.n[TOP] > 0 else np.nan
    facts[SWING_LOW] = m.swings.price[BOTTOM] if m.swings.n[BOTTOM] > 0 else np.nan
    facts[GAP_SHARE] = np.nan
    newest = -1
    for at in (UP, DOWN):
        gaps, blocks = m.gaps[at], m.blocks[at]
        facts[N_GAPS + at], facts[N_BLOCKS + at] = gaps.n, blocks.n
        facts[GAP_EDGE + at] = facts[BLOCK_EDGE + at] = np.nan
        if gaps.n > 0:
            gap = gaps.zones[gaps.n - 1]
            facts[GAP_EDGE + at] = gap.deepest
            if gap.born > newest:
                newest = gap.born
                facts[GAP_SHARE] = (gap.near - gap.deepest) / (gap.near - gap.far)
        if blocks.n > 0:
            facts[BLOCK_EDGE + at] = blocks.zones[blocks.n - 1].near
