"""Fair value gaps: born, filled from their near edge on, dead.

A stack holds a side's gaps in the order of their birth. That is also the order of how far price has
come back into them: a bar's low (high, for gaps above) pushes `deepest` of all gaps that it reaches
to the same place, and a new gap begins at the low of its own bar, so no older one is left open
above that. The gaps that a bar reaches are the last ones of the stack.

What is done for either side is compiled into its caller, once with each side: it takes half the
time.
"""

from __future__ import annotations

from tasks.kernels._jit import inner, part
from tasks.kernels.chart import HIGH, LOW, VOLUME, Record, mean_before
from tasks.kernels.reading import AGED, BORN, CROWDED, DIED, FILLED, GAP
from tasks.kernels.smc_memory import (
    DOWN,
    GAP_BORN,
    GAP_FILLED,
    ROOM,
    UP,
    Records,
    drop_zone,
    note_zone,
    say_of_one_side,
)


@part
def step_gaps(m: Record, r: Record, now: int, reading: Record, notes: Records, n_notes: int) -> int:
    """Fill, age and bear gaps at the bar at `now`; say and note it; return the count of notes.

    Source: shared engines.md, Smart money concepts, Fair value gap.

    Parameters
    ----------
    m, r : records of MEMORY and RULES
        `m.is_inside` is raised where the bar trades into what is left of a gap that outlives it.
    now : int
        Where the bar stands in the chart.
    reading : record of READING
        `GAP_BORN` with the gap's width in average ranges, at most 1; `GAP_FILLED` with the strength
        of the newest gap that died by fill, and nothing where gaps of both sides did.
    notes : array of NOTE
        A death's value is the share that was filled.
    n_notes : int
    """
    n_notes, up = _fill_gaps(m, r, now, UP, notes, n_notes)
    n_notes, down = _fill_gaps(m, r, now, DOWN, notes, n_notes)
    say_of_one_side(reading, GAP_FILLED, up, down)
    n_notes, up = _bear_gap(m, r, now, UP, notes, n_notes)
    n_notes, down = _bear_gap(m, r, now, DOWN, notes, n_notes)
    say_of_one_side(reading, GAP_BORN, up, down)
    return n_notes


@inner
def _fill_gaps(
    m: Record, r: Record, now: int, at: int, notes: Records, n_notes: int
) -> tuple[int, tuple[float, int]]:
    """Age and fill one side's gaps; strength and anchor of the newest that the bar ends by fill."""
    stack, bar, side = m.gaps[at], m.chart.n - 1, 1 - 2 * at
    zones = stack.zones
    reached = m.chart.recent[HIGH if at == DOWN else LOW, now]
    while stack.n > 0 and bar - zones[0].born > r.gap_bars:
        n_notes = _end_oldest(m, at, AGED, notes, n_notes)
    strength, anchor = 0.0, 0
    for i in range(stack.n - 1, -1, -1):
        gap = zones[i]
        if side * (reached - gap.deepest) > 0.0:
            break
        share = (gap.near - reached) / (gap.near - gap.far)
        if share < r.fill_share:
            gap.deepest = reached
            m.is_inside[at] = 1
            continue
        if strength == 0.0:
            strength, anchor = gap.strength, gap.anchor
        why, value = FILLED, min(share, 1.0)
        n_notes = note_zone(notes, n_notes, bar, DIED, GAP, side, gap, why, value)
        drop_zone(stack, i)
    return n_notes, (strength, anchor)


@part
def _end_oldest(m: Record, at: int, why: int, notes: Records, n_notes: int) -> int:
    """Let a side's oldest gap go, with the share that was filled."""
    stack = m.gaps[at]
    gap = stack.zones[0]
    share = (gap.near - gap.deepest) / (gap.near - gap.far)
    bar, side = m.chart.n - 1, 1 - 2 * at
    n_notes = note_zone(notes, n_notes, bar, DIED, GAP, side, gap, why, share)
    drop_zone(stack, 0)
    return n_notes


@inner
def _bear_gap(
    m: Record, r: Record, now: int, at: int, notes: Records, n_notes: int
) -> tuple[int, tuple[float, int]]:
    """A gap between the bar and the one two before it, if there is one; its strength and anchor."""
    recent, atr, side = m.chart.recent, m.chart.atr, 1 - 2 * at
    near = recent[HIGH if at == DOWN else LOW, now]
    far = recent[LOW if at == DOWN else HIGH, now - 2]
    width = side * (near - far)
    if not (width > 0.0 and width >= r.gap_atr * atr):
        return n_notes, (0.0, 0)
    mean = mean_before(recent, VOLUME, now - 1, r.volume_bars)
    if recent[VOLUME, now - 1] < r.gap_volume * mean:
        return n_notes, (0.0, 0)
    stack, bar = m.gaps[at], m.chart.n - 1
    if stack.n == ROOM:
        n_notes = _end_oldest(m, at, CROWDED, notes, n_notes)
    gap = stack.zones[stack.n]
    stack.n += 1
    gap.near, gap.far, gap.deepest, gap.strength = near, far, near, min(1.0, width / atr)
    gap.born, gap.anchor, gap.zone, gap.touches = bar, bar - 2, m.n_zones, 0
    m.n_zones += 1
    n_notes = note_zone(notes, n_notes, bar, BORN, GAP, side, gap, 0, 0.0)
    return n_notes, (gap.strength, gap.anchor)
