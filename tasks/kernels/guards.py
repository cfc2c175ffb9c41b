"""What stands between an order and its fill: limits, waiting times, circuit breakers, streaks.

Breakers act on orders alone: what is open goes its way. The day and the week (UTC, from Monday) of
an order are those of the bar at whose close it is decided. It is refused while the equity at that
close is at or below ``1 - day_loss`` of what it was when the day's first slot opened, and so for
the week. An account that starts within a day begins it with its capital; where a bar lasts a day,
the loss of a day is that of its bar, and longer bars there are none (`lake.time.TIMEFRAMES`). The
drawdown is that from the highest equity at a close, the capital at first; once it is reached no
order is taken any more: the account has to be opened anew.

A streak is of positions of one market that were left in whole, in the order in which they were
left, with a net result that is not above 0. After `loss_streak` of them the market's orders are
refused until one whose `fresh` lies after the row in which the last of them was left; when that is
filled the streak is over, and the next one begins with the next loss. Source: shared engines.md,
Fusion.
"""

from __future__ import annotations

import numpy as np

from tasks.kernels._jit import inner
from tasks.kernels.fills import (
    DAY_BEGAN,
    DAY_ENDS,
    EQUITY,
    HAS_TRIPPED,
    IDLE_UNTIL,
    LOCKED_UNTIL,
    LOST_AT,
    N_HERE,
    N_LOST,
    N_OPEN,
    PEAK,
    TRADES,
    WEEK_BEGAN,
    WEEK_ENDS,
    Book,
    Record,
    Rule,
    Tape,
)
from tasks.kernels.holding import value_of

TAKEN, BUSY, COOLING, LOCKED, FULL, EXPOSED, CLOSED, ILLIQUID, BROKE, UNKNOWN, LEFT = range(11)
DAY_LOST, WEEK_LOST, DRAWN_DOWN, LOSING = range(11, 15)
DAYS_A_WEEK = 7


@inner
def has_breakers(rule: Rule) -> bool:
    """Whether the equity has to be watched."""
    return min(rule.day_loss, rule.week_loss, rule.drawdown) < np.inf


@inner
def turn_clock(book: Book, tape: Tape, rule: Rule, slot: int) -> None:
    """Begin the slot's day and week, where they are new, with the equity at the last close."""
    counts, money = book.counts, book.money
    if slot >= counts[DAY_ENDS]:
        counts[DAY_ENDS] = _end_of(tape, slot, rule.per_day)
        money[DAY_BEGAN] = money[EQUITY]
    if slot >= counts[WEEK_ENDS]:
        counts[WEEK_ENDS] = _end_of(tape, slot, DAYS_A_WEEK * rule.per_day)
        money[WEEK_BEGAN] = money[EQUITY]


@inner
def _end_of(tape: Tape, slot: int, n_slots: int) -> int:
    """The slot with which the span of so many slots ends that the slot lies in."""
    return ((slot + tape.origin) // n_slots + 1) * n_slots - tape.origin


@inner
def note_equity(book: Book, rule: Rule) -> None:
    """Note the equity's peak, and whether it has fallen too far from it."""
    money = book.money
    money[PEAK] = max(money[PEAK], money[EQUITY])
    if money[EQUITY] <= (1.0 - rule.drawdown) * money[PEAK]:
        book.counts[HAS_TRIPPED] = 1


@inner
def refuse(book: Book, tape: Tape, rule: Rule, order: Record, notional: float, slot: int) -> int:
    """Why the order is not filled at this slot's open, or TAKEN."""
    here = book.markets[order.market]
    equity = book.money[EQUITY]
    has_distance = rule.stop < np.inf or rule.trail < np.inf or rule.targets.shape[1] > 0
    is_known = 0.0 < notional < np.inf and (not has_distance or 0.0 < order.unit < np.inf)
    reason = TAKEN
    if tape.bars[TRADES, order.row + 1] == 0.0:
        reason = CLOSED
    elif equity <= 0.0:
        reason = BROKE
    elif has_breakers(rule) and _broken(book, rule) != TAKEN:
        reason = _broken(book, rule)
    elif not is_known:
        reason = UNKNOWN
    elif here[N_HERE] >= rule.per_market:
        reason = BUSY
    elif rule.cooldown > 0 and slot - 1 < here[IDLE_UNTIL]:
        reason = COOLING
    elif rule.lockout > 0 and slot - 1 < here[LOCKED_UNTIL + (order.side > 0)]:
        reason = LOCKED
    elif is_losing(book, rule, order.market) and order.fresh <= here[LOST_AT]:
        reason = LOSING
    elif book.counts[N_OPEN] >= rule.max_open:
        reason = FULL
    elif not notional <= order.most:
        reason = ILLIQUID
    elif rule.max_gross < np.inf:
        gross = value_of(book, rule.inverse)[1]
        reason = EXPOSED if notional + gross > rule.max_gross * equity else TAKEN
    return reason


@inner
def is_losing(book: Book, rule: Rule, market: int) -> bool:
    """Whether so many positions of the market were lost in a row that a streak has to end."""
    return 0 < rule.loss_streak <= book.markets[market, N_LOST]


@inner
def _broken(book: Book, rule: Rule) -> int:
    """The breaker that keeps all orders out, or TAKEN."""
    equity, money = book.money[EQUITY], book.money
    if book.counts[HAS_TRIPPED] > 0:
        return DRAWN_DOWN
    if rule.week_loss < np.inf and equity <= (1.0 - rule.week_loss) * money[WEEK_BEGAN]:
        return WEEK_LOST
    if rule.day_loss < np.inf and equity <= (1.0 - rule.day_loss) * money[DAY_BEGAN]:
        return DAY_LOST
    return TAKEN
