"""An account: orders in, positions and fills out, bar by bar over many markets with one cash.

In each slot of the common grid, in this order:

1. at the open, positions that are due, or whose stop or target the open lies beyond, are left;
2. orders decided at the close before are filled at the open, or refused;
3. inside the bar, stops and targets at their prices; where a bar touches both, the stop counts;
4. at the close, positions that are due leave, stops move; what closes beyond its guard is left at
   the next open.

A bar that is missing or did not trade fills nothing: what was due leaves at the next open that
trades, and what is left of a market that ends, at its last close, when the others go on. No fill
lies outside its bar. An account without equity takes no orders, and its positions leave at the next
open. Circuit breakers and streaks: `tasks.kernels.guards`. Source: shared statistics.md section 6.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import inner, kernel, part
from tasks.kernels.entering import take
from tasks.kernels.fills import (
    CASH,
    DAY_ENDS,
    END,
    EQUITY,
    FILL,
    FIRST,
    N_FILLS,
    N_HERE,
    N_JUDGED,
    N_LOST,
    N_OPEN,
    N_POSITIONS,
    NEVER,
    POSITION,
    RUINED,
    SLOT,
    WEEK_ENDS,
    Book,
    Reals,
    Rule,
    Tape,
    Whole,
    round_money,
)
from tasks.kernels.guards import (
    CLOSED,
    TAKEN,
    has_breakers,
    note_equity,
    turn_clock,
)
from tasks.kernels.holding import (
    drift,
    is_calm,
    trade_at_close,
    trade_at_open,
    trade_inside,
    value_of,
    watch,
)

ORDER = np.dtype(
    [
        *((n, "i8") for n in ("market", "row", "side", "due")),
        *((n, "f8") for n in ("size", "unit", "most")),
        ("fresh", "i8"),
        ("guard", "f8"),
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
        the order, and so does a unit that is needed and not above 0. `fresh` is the bar at whose
        close the latest fresh structure was known, -1 for none; `guard` the price beyond which a
        close leaves the position (below it a long, above it a short), NaN or 0 for none.
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
    n_slots = _last_slot(tape) + 1
    book = open_account(tape, orders.shape[0], rule)
    fates = np.full(orders.shape[0], CLOSED)
    curve = np.empty((n_slots if with_curve else 1, 4))
    slots = _slots_of(tape, orders)
    play_slots(book, tape, orders, slots, fates, rule, curve, with_curve, 0, n_slots)
    counts, money = book.counts, book.money
    if not with_curve:
        curve[0, 0], curve[0, 1] = money[EQUITY], money[CASH]
        curve[0, 2], curve[0, 3] = value_of(book, rule.inverse)[1], counts[N_OPEN]
    positions, fills = book.positions[: counts[N_POSITIONS]], book.fills[: counts[N_FILLS]]
    return positions.copy(), fills.copy(), fates, curve


@part
def play_slots(
    book: Book,
    tape: Tape,
    orders: NDArray[np.void],
    slots: Whole,
    fates: Whole,
    rule: Rule,
    curve: Reals,
    with_curve: bool,
    start: int,
    end: int,
) -> None:
    """Take an account from the open of slot `start` to the close of the slot before `end`.

    Played piece by piece it ends as if it was played at once, on a tape that need not reach further
    than to `end`; but the book says of open positions until which bar of its tape they are calm.

    Parameters
    ----------
    book : Book
        As `open_account` or the slots before have left it, with room for all orders.
    tape, orders, rule : Tape, (k,) ORDER, Rule
        See `run_account`; of the orders, those up to N_JUDGED are not looked at again.
    slots : (k,) int64
        At whose open each order is to be filled, in ascending order.
    fates : (k,) int64
        Written to for the orders of these slots.
    curve : (n, 4) float64
        Its rows `start` to `end` are written `with_curve`. Without, slots in which there is
        nothing to do are skipped.
    with_curve : bool
    start, end : int
    """
    counts, money = book.counts, book.money
    guarded = has_breakers(rule)
    i, slot, n_orders = counts[N_JUDGED], start, orders.shape[0]
    while slot < end:
        if counts[N_OPEN] == 0 and not with_curve:
            if i == n_orders:
                break
            slot = max(slot, slots[i])
            if slot >= end:
                break
        if guarded:
            turn_clock(book, tape, rule, slot - 1)
        calm = is_calm(book, tape, slot)
        if not calm:
            trade_at_open(book, tape, rule, slot)
        while i < n_orders and slots[i] <= slot:
            fates[i] = take(book, tape, rule, orders[i], i, slot)
            calm = calm and fates[i] != TAKEN
            i += 1
        if calm:
            drift(book, tape, slot)
        else:
            _live_through(book, tape, rule, slot)
        if guarded:
            turn_clock(book, tape, rule, slot)
        result, gross = value_of(book, rule.inverse)
        money[EQUITY] = money[CASH] + result
        if money[EQUITY] <= 0.0:
            _ruin(book)
        if guarded:
            note_equity(book, rule)
        if with_curve:
            curve[slot, 0], curve[slot, 1] = money[EQUITY], money[CASH]
            curve[slot, 2], curve[slot, 3] = gross, counts[N_OPEN]
        slot += 1
    counts[N_JUDGED] = i


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
def open_account(tape: Tape, n_orders: int, rule: Rule) -> Book:
    """A book with room for so many orders; memory that no position needs is never touched."""
    markets = np.full((tape.rows.shape[0], 6), -NEVER)
    markets[:, N_HERE] = markets[:, N_LOST] = 0
    counts = np.zeros(7, np.int64)
    counts[DAY_ENDS] = counts[WEEK_ENDS] = -NEVER
    return Book(
        np.empty(n_orders, POSITION),
        np.empty(n_orders * (rule.targets.shape[1] + 2), FILL),
        np.zeros(min(rule.max_open, n_orders), np.int64),
        counts,
        np.full(5, round_money(rule.capital, rule.quantum)),
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
