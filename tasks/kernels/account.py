"""An account: orders in, positions and fills out, bar by bar over many markets with one cash.

In each slot of the common grid, in this order:

1. at the open, positions that are due, or whose stop or target the open lies beyond, are left;
2. orders decided at the close before are filled at the open, or refused;
3. inside the bar, stops and targets at their prices; where a bar touches both, the stop counts;
4. at the close, positions that are due leave, stops move.

A bar that is missing or did not trade fills nothing: what was due leaves at the next open that
trades, and what is left of a market that ends, at its last close, when the others go on. No fill
lies outside its bar. An account without equity takes no orders, and its positions leave at the next
open. Source: shared statistics.md section 6.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import inner, kernel
from tasks.kernels.fills import (
    AT_OPEN,
    CASH,
    END,
    ENTRY,
    EQUITY,
    FILL,
    FIRST,
    IDLE_UNTIL,
    LOCKED_UNTIL,
    N_FILLS,
    N_HERE,
    N_OPEN,
    N_POSITIONS,
    NEVER,
    OPEN,
    POSITION,
    RUINED,
    SLOT,
    TRADES,
    Book,
    Reals,
    Record,
    Rule,
    Tape,
    Whole,
    book_fill,
    round_money,
    worth,
)
from tasks.kernels.holding import (
    drift,
    is_calm,
    leave_market,
    trade_at_close,
    trade_at_open,
    trade_inside,
    value_of,
    watch,
)

TAKEN, BUSY, COOLING, LOCKED, FULL, EXPOSED, CLOSED, ILLIQUID, BROKE, UNKNOWN, LEFT = range(11)

ORDER = np.dtype(
    [
        *((n, "i8") for n in ("market", "row", "side", "due")),
        *((n, "f8") for n in ("size", "unit", "most")),
    ],
    align=True,
)


@kernel
def run_account(
    tape: Tape, orders: NDArray[np.void], rule: Rule, with_curve: bool
) -> tuple[NDArray[np.void], NDArray[np.void], Whole, Reals]:
    """Return what became of the orders.

    Parameters
    ----------
    tape : Tape
        Bars.
    orders : (k,) ORDER
        Sorted by slot, then by precedence. `row` is the bar at whose close the order is decided, of
        market `market`; `side` +1 or -1 opens, 0 leaves all positions of the market; `due` is the
        number of bars from `row` to the bar at which the position is left (0 for never); `size` a
        notional or a share of the equity; `unit` one unit of log distance (any where the rule has
        no distances); `most` the largest notional that the market bears, inf for any. NaN refuses
        the order, and so does a unit that is needed and not above 0.
    rule : Rule
        Terms.
    with_curve : bool
        Whether the curve is wanted.

    Returns
    -------
    positions : (p,) POSITION
        By entry; `left_at` is -1 where one is still open at the end, and `net` what it has
        booked so far.
    fills : (f,) FILL
        In the order in which they happened.
    fates : (k,) int64
        TAKEN, LEFT (an order to leave), or why the order was refused.
    curve : (n_slots, 4) float64
        Equity, cash, gross value and number of open positions at each close; where it is not
        wanted one row, of the end.
    """
    n_orders, n_slots = orders.shape[0], _last_slot(tape) + 1
    book = _open_book(tape, n_orders, rule)
    slots = _slots_of(tape, orders)
    fates = np.full(n_orders, CLOSED)
    curve = np.empty((n_slots if with_curve else 1, 4))
    counts, money = book.counts, book.money
    i, slot = 0, 0
    while slot < n_slots:
        if counts[N_OPEN] == 0 and not with_curve:
            if i == n_orders:
                break
            slot = max(slot, slots[i])
            if slot >= n_slots:
                break
        calm = is_calm(book, tape, slot)
        if not calm:
            trade_at_open(book, tape, rule, slot)
        while i < n_orders and slots[i] <= slot:
            fates[i] = _take(book, tape, rule, orders[i], i, slot)
            calm = calm and fates[i] != TAKEN
            i += 1
        if calm:
            drift(book, tape, slot)
        else:
            _live_through(book, tape, rule, slot)
        result, gross = value_of(book, rule.inverse)
        money[EQUITY] = money[CASH] + result
        if money[EQUITY] <= 0.0:
            _ruin(book)
        if with_curve:
            curve[slot, 0], curve[slot, 1] = money[EQUITY], money[CASH]
            curve[slot, 2], curve[slot, 3] = gross, counts[N_OPEN]
        slot += 1
    if not with_curve:
        curve[0, 0], curve[0, 1] = money[EQUITY], money[CASH]
        curve[0, 2], curve[0, 3] = value_of(book, rule.inverse)[1], counts[N_OPEN]
    positions, fills = book.positions[: counts[N_POSITIONS]], book.fills[: counts[N_FILLS]]
    return positions.copy(), fills.copy(), fates, curve


@inner
def _live_through(book: Book, tape: Tape, rule: Rule, slot: int) -> None:
    """Take the open positions from this slot's open to its close."""
    trade_inside(book, tape, rule, slot)
    trade_at_close(book, tape, rule, slot)
    watch(book, tape, rule)


@inner
def _ruin(book: Book) -> None:
    """Let every position be left at its next open: nothing is left to hold it with."""
    for place in range(book.counts[N_OPEN]):
        position = book.positions[book.held[place]]
        position.pending, position.calm_until = RUINED, -1


@kernel
def _open_book(tape: Tape, n_orders: int, rule: Rule) -> Book:
    """A book with room for all orders; memory that no position needs is never touched."""
    markets = np.full((tape.rows.shape[0], 4), -NEVER)
    markets[:, N_HERE] = 0
    money = np.full(2, round_money(rule.capital, rule.quantum))
    return Book(
        np.empty(n_orders, POSITION),
        np.empty(n_orders * (rule.targets.shape[1] + 2), FILL),
        np.zeros(min(rule.max_open, n_orders), np.int64),
        np.zeros(3, np.int64),
        money,
        markets,
    )


@kernel
def _last_slot(tape: Tape) -> int:
    """Slot of the last row of all markets, -1 without any."""
    last = -1
    for market in range(tape.rows.shape[0]):
        n_rows = tape.rows[market, END] - tape.rows[market, FIRST]
        if n_rows > 0:
            last = max(last, tape.rows[market, SLOT] + n_rows - 1)
    return last


@kernel
def _slots_of(tape: Tape, orders: NDArray[np.void]) -> Whole:
    """The slots at whose open the orders are to be filled."""
    slots = np.empty(orders.shape[0], np.int64)
    for i in range(orders.shape[0]):
        market = orders[i].market
        slots[i] = tape.rows[market, SLOT] + orders[i].row - tape.rows[market, FIRST] + 1
    return slots


@inner
def _take(book: Book, tape: Tape, rule: Rule, order: Record, i: int, slot: int) -> int:
    """Fill an order at this slot's open, or say why not."""
    market, row = order.market, order.row + 1
    if row >= tape.rows[market, END]:
        return CLOSED
    if order.side == 0:
        leave_market(book, tape, rule, market, row)
        return LEFT
    notional = order.size * book.money[EQUITY] if rule.compounds else order.size
    refused = _refuse(book, tape, rule, order, notional, slot)
    if refused != TAKEN:
        return refused
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
    position.stop = -order.side * np.inf
    nearest = min(rule.stop, rule.trail)
    if nearest < np.inf:
        position.stop = price * np.exp(-order.side * nearest * order.unit)
    if rule.trail < np.inf:
        position.ratchet = np.exp(-order.side * rule.trail * order.unit)
        position.is_trailed = rule.trail < rule.stop
    book.held[book.counts[N_OPEN]] = number
    book.counts[N_OPEN] += 1
    book.counts[N_POSITIONS] += 1
    book.markets[market, N_HERE] += 1
    book_fill(book, tape, rule, number, row, AT_OPEN, ENTRY, position.quantity, price)
    return TAKEN


@inner
def _clear(position: Record) -> None:
    """Set to 0 what is counted or summed, and what only some positions get."""
    position.pending = position.n_fills = position.n_ambiguous = position.n_targets = 0
    position.is_trailed = position.calm_until = 0
    position.exit = position.ratchet = position.calm_above = position.calm_below = 0.0
    position.gross = position.fee = position.slippage = position.funding = position.net = 0.0


@inner
def _refuse(book: Book, tape: Tape, rule: Rule, order: Record, notional: float, slot: int) -> int:
    """Why the order is not filled, or TAKEN."""
    here = book.markets[order.market]
    equity = book.money[EQUITY]
    has_distance = rule.stop < np.inf or rule.trail < np.inf or rule.targets.shape[1] > 0
    is_known = 0.0 < notional < np.inf and (not has_distance or 0.0 < order.unit < np.inf)
    reason = TAKEN
    if tape.bars[TRADES, order.row + 1] == 0.0:
        reason = CLOSED
    elif equity <= 0.0:
        reason = BROKE
    elif not is_known:
        reason = UNKNOWN
    elif here[N_HERE] >= rule.per_market:
        reason = BUSY
    elif rule.cooldown > 0 and slot - 1 < here[IDLE_UNTIL]:
        reason = COOLING
    elif rule.lockout > 0 and slot - 1 < here[LOCKED_UNTIL + (order.side > 0)]:
        reason = LOCKED
    elif book.counts[N_OPEN] >= rule.max_open:
        reason = FULL
    elif not notional <= order.most:
        reason = ILLIQUID
    elif rule.max_gross < np.inf:
        gross = value_of(book, rule.inverse)[1]
        reason = EXPOSED if notional + gross > rule.max_gross * equity else TAKEN
    return reason
