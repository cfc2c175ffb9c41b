"""Order blocks: born when price has left them by force, touched, broken by a close.

A stack holds a side's blocks by their near edge, the one that price meets first last. So the blocks
that a bar reaches are the last ones of the stack, and those that its close passes through are among
them. As for gaps, what is done for either side is compiled into its caller.
"""

from __future__ import annotations

from tasks.kernels._jit import inner, part
from tasks.kernels.chart import CLOSE, HIGH, LOW, OPEN, VOLUME, Record, mean_before
from tasks.kernels.reading import BLOCK, BORN, BROKEN, CROWDED, DIED
from tasks.kernels.smc_memory import (
    BLOCK_BORN,
    BLOCK_TOUCHED,
    DOWN,
    ROOM,
    UP,
    Records,
    drop_zone,
    note_zone,
    say_of_one_side,
)


@part
def step_blocks(
    m: Record, r: Record, now: int, reading: Record, notes: Records, n_notes: int
) -> int:
    """Touch, break and bear blocks at the bar at `now`; say and note it; return the count of notes.

    A touch is a bar that trades into the block after one that did not; a block is broken by a close
    beyond its far edge, by however little. A block's displacement runs from its close to that of
    the bar, over bars of which none is of the block's colour, and its volume is their mean.
    Source: shared engines.md, Smart money concepts, Order block.

    Parameters
    ----------
    m, r : records of MEMORY and RULES
        `m.is_inside` is raised where the bar trades inside a block that outlives it, and
        `m.coloured` is read.
    now : int
        Where the bar stands in the chart.
    reading : record of READING
        `BLOCK_BORN` with the displacement over twice the least one, at most 1; `BLOCK_TOUCHED` with
        the strength of the nearest block that is touched for the first time. Where both sides have
        one nothing is said.
    notes : array of NOTE
        A death's value is the number of touches.
    n_notes : int
    """
    n_notes, up = _touch_blocks(m, now, UP, notes, n_notes)
    n_notes, down = _touch_blocks(m, now, DOWN, notes, n_notes)
    say_of_one_side(reading, BLOCK_TOUCHED, up, down)
    n_notes, up = _bear_block(m, r, now, UP, notes, n_notes)
    n_notes, down = _bear_block(m, r, now, DOWN, notes, n_notes)
    say_of_one_side(reading, BLOCK_BORN, up, down)
    return n_notes


@inner
def _touch_blocks(
    m: Record, now: int, at: int, notes: Records, n_notes: int
) -> tuple[int, tuple[float, int]]:
    """What the bar does to one side's blocks; strength and anchor of the nearest first touch."""
    stack, recent, bar, side = m.blocks[at], m.chart.recent, m.chart.n - 1, 1 - 2 * at
    zones = stack.zones
    channel = HIGH if at == DOWN else LOW
    reached, before, close = recent[channel, now], recent[channel, now - 1], recent[CLOSE, now]
    strength, anchor = 0.0, 0
    for i in range(stack.n - 1, -1, -1):
        block = zones[i]
        if side * (reached - block.near) > 0.0:
            break
        if side * (before - block.near) > 0.0:
            block.touches += 1
        if side * (close - block.far) < 0.0:
            value = float(block.touches)
            n_notes = note_zone(notes, n_notes, bar, DIED, BLOCK, side, block, BROKEN, value)
            drop_zone(stack, i)
            continue
        m.is_inside[at] = 1
        if strength == 0.0 and block.touches == 1 and side * (before - block.near) > 0.0:
            strength, anchor = block.strength, block.anchor
    return n_notes, (strength, anchor)


@inner
def _bear_block(
    m: Record, r: Record, now: int, at: int, notes: Records, n_notes: int
) -> tuple[int, tuple[float, int]]:
    """The block that price has now left by force, if it is a new one; its strength and anchor."""
    recent, side, bar = m.chart.recent, 1 - 2 * at, m.chart.n - 1
    age = bar + 1 - m.coloured[1 - at]
    if not 0 < age <= r.displacement_bars or m.block[at] == m.coloured[1 - at]:
        return n_notes, (0.0, 0)
    least, moved = r.displacement_atr * m.chart.atr, recent[CLOSE, now] - recent[CLOSE, now - age]
    if side * moved < least:
        return n_notes, (0.0, 0)
    volume = mean_before(recent, VOLUME, now + 1, age)
    if volume < r.displacement_volume * mean_before(recent, VOLUME, now - age + 1, r.volume_bars):
        return n_notes, (0.0, 0)
    m.block[at] = m.coloured[1 - at]
    if m.blocks[at].n == ROOM:
        n_notes = _end_oldest(m, at, notes, n_notes)
    near, far = recent[OPEN, now - age], recent[HIGH if at == DOWN else LOW, now - age]
    block = _make_room(m.blocks[at], near, side)
    block.near, block.far, block.deepest = near, far, near
    block.strength = min(1.0, side * moved / (2.0 * least))
    block.born, block.anchor, block.zone, block.touches = bar, bar - age, m.n_zones, 0
    m.n_zones += 1
    n_notes = note_zone(notes, n_notes, bar, BORN, BLOCK, side, block, 0, 0.0)
    return n_notes, (block.strength, block.anchor)


@part
def _end_oldest(m: Record, at: int, notes: Records, n_notes: int) -> int:
    """Let a side's oldest block go."""
    stack = m.blocks[at]
    zones = stack.zones
    oldest = 0
    for i in range(1, stack.n):
        if zones[i].born < zones[oldest].born:
            oldest = i
    block, bar, side = zones[oldest], m.chart.n - 1, 1 - 2 * at
    value = float(block.touches)
    n_notes = note_zone(notes, n_notes, bar, DIED, BLOCK, side, block, CROWDED, value)
    drop_zone(stack, oldest)
    return n_notes


@part
def _make_room(stack: Record, near: float, side: int) -> Record:
    """The place of a new block with this near edge, after those with the same one."""
    zones = stack.zones
    i = stack.n
    while i > 0 and side * (zones[i - 1].near - near) > 0.0:
        zones[i] = zones[i - 1]
        i -= 1
    stack.n += 1
    return zones[i]
