"""Fusion: what the engines say, weighed, checked against the context, and decided upon.

Source: shared engines.md, Fusion.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import inner, kernel, part
from tasks.kernels.chain import START, mix
from tasks.kernels.chart import CAPACITY, CLOSE, Reals, Record, percentile_before
from tasks.kernels.fusion_memory import (
    BELOW,
    BEYOND,
    DAY,
    ENTER,
    HOUR,
    LEAVE,
    MACRO,
    MISALIGNED,
    N_MEMBERS,
    NOTHING,
    SESSION,
    TURN,
    TURNED,
    VETOED,
    VOLATILITY_HIGH,
    VOLATILITY_LOW,
    WYCKOFF,
    WYCKOFF_DAILY,
)


@kernel
def run_fusion(
    memory: NDArray[np.void],
    bars: Reals,
    is_gap: NDArray[np.bool_],
    ranges: Reals,
    macro: Reals,
    said: NDArray[np.void],
    said_ends: NDArray[np.int64],
    seen: NDArray[np.void],
    seen_ends: NDArray[np.int64],
    rules: NDArray[np.void],
    out: NDArray[np.void],
) -> None:
    """Decide at every base bar on what the engines have said by its close.

    Parameters
    ----------
    memory : (1,) MEMORY
        Zeros at the start; afterwards what the next call goes on from.
    bars : (5, n) float64
        The base bars.
    is_gap : (n,) bool
        At a gap nothing is decided.
    ranges : (n,) float64
        Average true range of the base bars; not read in a gap, NaN before it is warm.
    macro : (n,) float64
        Macro score known at each close, NaN for none.
    said : (k,) SAID
        What the engines said, one after the other; `row` is the base bar at whose close it became
        known, ascending in each.
    said_ends : (N_MEMBERS,) int64
        Where each engine's part of `said` ends.
    seen, seen_ends : (j,) SEEN, (3,) int64
        The same of the trends of the context's timeframes.
    rules : (1,) RULES
    out : (n,) FUSED
        Written.
    """
    m, r = memory[0], rules[0]
    at_said, at_seen = np.zeros(N_MEMBERS, np.int64), np.zeros(seen_ends.size, np.int64)
    at_said[1:], at_seen[1:] = said_ends[:-1], seen_ends[:-1]
    for t in range(bars.shape[1]):
        _hear(m, t, said, at_said, said_ends)
        _look(m, t, seen, at_seen, seen_ends)
        step_fusion(m, r, bars[:, t], is_gap[t], ranges[t], macro[t], out[t])


@part
def _hear(
    m: Record,
    t: int,
    said: NDArray[np.void],
    at: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> None:
    """Take in what the engines said at the close of row `t`."""
    held = m.said
    for k in range(N_MEMBERS):
        while at[k] < ends[k] and said[at[k]].row <= t:
            last, new = held[k], said[at[k]]
            was, says = last.stance * last.conviction, new.stance * new.conviction
            if was != says or last.is_warm != new.is_warm:
                m.is_stale = 1
            if new.is_fresh:
                m.fresh_at = m.n + 1
            last.stance, last.is_warm, last.conviction = new.stance, new.is_warm, new.conviction
            last.guard[0], last.guard[1] = new.guard[0], new.guard[1]
            at[k] += 1


@part
def _look(
    m: Record,
    t: int,
    seen: NDArray[np.void],
    at: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> None:
    """Take in the trends known at the close of row `t`."""
    held = m.seen
    for k in range(ends.size):
        while at[k] < ends[k] and seen[at[k]].row <= t:
            last, new = held[k], seen[at[k]]
            if last.trend != new.trend:
                m.is_stale = 1
            last.trend, last.close = new.trend, new.close
            last.above, last.atr = new.above, new.atr
            at[k] += 1


@part
def step_fusion(
    m: Record,
    r: Record,
    bar: Reals,
    is_gap: bool,
    atr: float,
    macro: float,
    out: Record,
) -> None:
    """Weigh, check and decide at one bar.

    The score is the sum of weight x stance x conviction over the engines that are warm, over the
    sum of their weights; Wyckoff's weight is shared by its two timeframes. A position is entered
    where its size exceeds `enter` and nothing vetoes it, and left where the score in its direction
    is below `leave`. A bar that vetoes what it or the bar before wanted is a decision too. With
    `is_gated` the score is made anew only when something that it is made of has changed.
    """
    if not is_gap:
        _come_near(m, r, bar[CLOSE])
    is_skipped = r.is_gated > 0 and m.n > 0 and m.is_stale == 0
    m.n += 1
    if not is_skipped:
        _score(m, r)
        m.is_stale = 0
    out.is_skipped = is_skipped
    out.score, out.alignment = m.score, m.alignment
    told, contributions = out.contributions, m.contributions
    for k in range(N_MEMBERS):
        told[k] = contributions[k]
    out.percentile = np.nan if is_gap else _percentile(m, atr, r.volatility_bars)
    out.decision, out.side, out.reasons = NOTHING, 0, 0
    out.fresh = m.n - m.fresh_at if m.fresh_at > 0 else -1
    out.unit = out.guard = np.nan
    if not is_gap:
        _decide(m, r, macro, out)
        out.unit = atr / bar[CLOSE]
        if out.side != 0 and out.decision != LEAVE:
            out.guard = _guard(m, out.side, bar[CLOSE])
    out.stance = m.stance
    _chain(m, bar, is_gap, out)


@part
def _come_near(m: Record, r: Record, close: float) -> None:
    """Note whether the price is back at the mean of the session's last bars."""
    session = m.seen[SESSION]
    distance = close - session.close + session.above
    is_near = int(abs(distance) <= r.pullback_atr * session.atr)
    if is_near != m.is_near:
        m.is_near, m.is_stale = is_near, 1


@part
def _score(m: Record, r: Record) -> None:
    """The engines' weighted stances, and how far the timeframes agree."""
    said, contributions = m.said, m.contributions
    n_wyckoff = max(1, said[WYCKOFF].is_warm + said[WYCKOFF_DAILY].is_warm)
    weights = (r.wyckoff / n_wyckoff, r.wyckoff / n_wyckoff, r.smc, r.hob, r.momentum)
    total = 0.0
    for k in range(N_MEMBERS):
        weight = weights[k] * said[k].is_warm
        contributions[k] = weight * said[k].stance * said[k].conviction
        total += weight
    score = 0.0
    for k in range(N_MEMBERS):
        contributions[k] = contributions[k] / total if total > 0.0 else 0.0
        score += contributions[k]
    m.alignment = _alignment(m)
    m.score = score * r.misaligned_factor if m.alignment < r.aligned_least else score


@part
def _alignment(m: Record) -> float:
    """Full credit where session and day have the same trend and the hour has it too.

    Half of it where the hour has not, but the price has come back to the session's mean.
    """
    hour, session, day = m.seen[HOUR], m.seen[SESSION], m.seen[DAY]
    if session.trend == 0 or session.trend != day.trend:
        return 0.0
    if hour.trend == session.trend:
        return 1.0
    return 0.5 * m.is_near


@part
def _percentile(m: Record, atr: float, window: int) -> float:
    """Of the average true range among those of the `window` bars before; NaN before these."""
    if not atr > 0.0:
        return np.nan
    ranges, place = m.ranges, m.n_ranges % CAPACITY
    ranges[place] = ranges[place + CAPACITY] = atr
    m.n_ranges += 1
    if m.n_ranges <= window:
        return np.nan
    return percentile_before(ranges, place + CAPACITY, window)


@part
def _decide(m: Record, r: Record, macro: float, out: Record) -> None:
    """Enter, leave, turn, or say what speaks against it."""
    side = int(np.sign(m.score))
    wanted = side if abs(m.score) > r.enter else 0
    is_left = m.stance != 0 and m.stance * m.score < r.leave
    vetoes = _vetoes(r, out.percentile, macro)
    may_enter = wanted != 0 and (m.stance == 0 or is_left)
    is_new = may_enter and (wanted != m.wanted or vetoes != m.vetoes)
    reasons = 0
    if is_left:
        reasons |= TURNED if wanted == -m.stance else BELOW
        out.decision, out.side = LEAVE, m.stance
        m.stance = 0
    if may_enter and vetoes == 0:
        reasons |= BEYOND
        out.decision, out.side = TURN if is_left else ENTER, wanted
        m.stance = wanted
    elif may_enter and (is_new or is_left):
        reasons |= vetoes
        if not is_left:
            out.decision, out.side = VETOED, wanted
    if out.decision != NOTHING and m.alignment < r.aligned_least:
        reasons |= MISALIGNED
    m.wanted, m.vetoes = wanted, vetoes
    out.reasons = reasons


@inner
def _vetoes(r: Record, percentile: float, macro: float) -> int:
    """Why no position may be opened now; what is not known vetoes nothing."""
    vetoes = 0
    if percentile < r.volatility_low:
        vetoes |= VOLATILITY_LOW
    if percentile > r.volatility_high:
        vetoes |= VOLATILITY_HIGH
    if macro >= r.macro_most:
        vetoes |= MACRO
    return vetoes


@part
def _guard(m: Record, side: int, close: float) -> float:
    """Far edge of the zone of the engine that weighs most in the decision; NaN for none."""
    best, guard = 0.0, np.nan
    said, contributions = m.said, m.contributions
    for k in range(N_MEMBERS):
        weight = side * contributions[k]
        edge = said[k].guard[int(side > 0)]
        if weight > best:
            best = weight
            guard = edge if side * (close - edge) > 0 else np.nan
    return guard


@part
def _chain(m: Record, bar: Reals, is_gap: bool, out: Record) -> None:
    """Add the bar and what was decided at it to the chained hash (FNV-1a by words)."""
    state = m.chain if m.n > 1 else START
    for i in range(bar.size):
        state = mix(state, bar[i] if not is_gap else -1.0)
    state = mix(state, out.score)
    state = mix(state, out.alignment)
    contributions = out.contributions
    for k in range(N_MEMBERS):
        state = mix(state, contributions[k])
    state = mix(state, out.percentile)
    state = mix(state, float(out.decision + 8 * out.reasons))
    m.chain = out.chain = mix(state, float(out.stance))
