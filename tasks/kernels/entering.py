"""Orders become positions."""

from __future__ import annotations

import numpy as np

from tasks.kernels._jit import inner
from tasks.kernels.fills import (
    AT_OPEN,
    END,
    ENTRY,
    EQUITY,
    FIRST,
    N_HERE,
    N_LOST,
    N_OPEN,
    N_POSITIONS,
    NEVER,
    OPEN,
    SLOT,
    Book,
    Record,
    Rule,
    Tape,
    book_fill,
    worth,
)
from tasks.kernels.guards import CLOSED, LEFT, TAKEN, is_losing, refuse
from tasks.kernels.holding import leave_market


@inner
def take(book: Book, tape: Tape, rule: Rule, order: Record, i: int, slot: int) -> int:
    """Fill an order at this slot's open, or say why not."""
    market, row = order.market, order.row + 1
    if row >= tape.rows[market, END]:
        return CLOSED
    if order.side == 0:
        leave_market(book, tape, rule, market, row)
        return LEFT
    notional = order.size
    if rule.compounds:
        notional = order.size * book.money[EQUITY]
        notional = rule.max_notional if notional > rule.max_notional else notional
    refused = refuse(book, tape, rule, order, notional, slot)
    if refused != TAKEN:
        return refused
    if is_losing(book, rule, market):
        book.markets[market, N_LOST] = 0
    number = book.counts[N_POSITIONS]
    price = tape.bars[OPEN, row]
    position = book.positions[number]
    _clear(position)
    position.order, position.market, position.side = i, market, order.side
    position.shift = tape.rows[market, FIRST] - tape.rows[market, SLOT]
    position.decided, position.entered = order.row, row
    position.due = order.row + order.due if order.due > 0 else NEVER
    position.quantity = notional / abs(worth(price, rule.inverse))
    position.left, position.notional = position.quantity, notional
    position.entry = position.mark = position.best = position.worst = price
    position.unit = order.unit
    _set_stop(rule, position)
    has_guard = 0.0 < order.guard < np.inf
    position.guard = order.guard if has_guard else -order.side * np.inf
    book.held[book.counts[N_OPEN]] = number
    book.counts[N_OPEN] += 1
    book.counts[N_POSITIONS] += 1
    book.markets[market, N_HERE] += 1
    book_fill(book, tape, rule, number, row, AT_OPEN, ENTRY, position.quantity, price)
    return TAKEN


@inner
def _set_stop(rule: Rule, position: Record) -> None:
    """Set the stop at the entry, and from which best price on it trails."""
    price, side, unit = position.entry, position.side, position.unit
    trails = rule.trail < np.inf and rule.trail_from == 0.0
    nearest = min(rule.stop, rule.trail) if trails else rule.stop
    position.stop, position.wake = -side * np.inf, side * np.inf
    if nearest < np.inf:
        position.stop = price * np.exp(-side * nearest * unit)
    if trails:
        position.ratchet = np.exp(-side * rule.trail * unit)
        position.is_trailed = rule.trail < rule.stop
    elif rule.trail < np.inf:
        position.wake = price * np.exp(side * rule.trail_from * unit)


@inner
def _clear(position: Record) -> None:
    """Set to 0 what is counted or summed, and what only some positions get."""
    position.pending = position.n_fills = position.n_ambiguous = position.n_targets = 0
    position.is_trailed = position.calm_until = 0
    position.exit = position.ratchet = position.calm_above = position.calm_below = 0.0
    position.gross = position.fee = position.slippage = position.funding = position.net = 0.0
