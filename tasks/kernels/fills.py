"""Fills: their prices, what they cost, and how they are booked to the last bit.

Every amount of money is rounded to a multiple of a power of two (the quantum), so that sums are
exact in any order as long as they stay below 2^53 quanta: the identity of cash is one of bits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.kernels._jit import inner, kernel

Reals = NDArray[np.float64]
Whole = NDArray[np.int64]
Record = Any  # of a structured array; numba reads its fields as attributes

# As arrays' integers, which Numba does not take for types: else it compiles for each one anew.
ENTRY, TIME, STOP, TRAIL, TARGET, SIGNAL, ENDED, RUINED, STRUCTURE = np.arange(9)
AT_OPEN, INSIDE, AT_CLOSE = np.arange(3)
FIRST, END, SLOT = range(3)
OPEN, HIGH, LOW, CLOSE, TRADES, SPREAD, IMPACT, PAID, RECEIVED = range(9)
AT, SHARE = range(2)
CASH, EQUITY, PEAK, DAY_BEGAN, WEEK_BEGAN = range(5)
LOCKED_UNTIL, IDLE_UNTIL, N_HERE, N_LOST, LOST_AT = 0, 2, 3, 4, 5
N_OPEN, N_POSITIONS, N_FILLS, N_JUDGED, DAY_ENDS, WEEK_ENDS, HAS_TRIPPED = range(7)
NEVER = 1 << 62

_NUMBERS = "order market side decided entered left_at due reason pending"
_NUMBERS += " n_fills n_ambiguous n_targets is_trailed shift calm_until"
_REALS = "quantity left notional entry exit mark unit ratchet stop best worst calm_above calm_below"
_REALS += " guard wake"
_REALS += " gross fee slippage funding net"
POSITION = np.dtype(
    [*((n, "i8") for n in _NUMBERS.split()), *((n, "f8") for n in _REALS.split())], align=True
)
FILL = np.dtype(
    [
        *((n, "i8") for n in ("position", "row", "moment", "reason")),
        *((n, "f8") for n in ("quantity", "reference", "price", "fee", "slippage")),
    ],
    align=True,
)


class Tape(NamedTuple):
    """Bars of m markets, one market after the other along n rows.

    Attributes
    ----------
    rows : (m, 3) int64
        FIRST row of each market, its END, and the SLOT of the common grid in which its first row
        lies; consecutive rows lie in consecutive slots.
    bars : (9, n) float64
        OPEN, HIGH, LOW, CLOSE: NaN where there is no bar, else LOW the least and HIGH the greatest.
        TRADES: 1 where the bar is there and traded, else 0. SPREAD: share of the price between the
        market and a taken fill in this bar; IMPACT: the same per root of the fill's value. PAID:
        sum of the funding rates that longs pay after this bar's open and up to its close;
        RECEIVED: the same that shorts receive. The last five are never NaN.
    origin : int
        Slots from the last Monday's 00:00 UTC to slot 0.
    """

    rows: Whole
    bars: Reals
    origin: int = 0


class Rule(NamedTuple):
    """The terms of all positions.

    Attributes
    ----------
    stop, trail : float
        Log distances from the entry and from the best price so far, which is the entry at first,
        in the order's units; inf for none.
    targets : (2, k) float64
        AT: log distances from the entry in units, ascending; SHARE: of the original quantity.
    stop_to_entry : bool
        Whether the stop lies at the entry or better from the bar after the first target on.
    leaves_at_close : bool
        Whether a position that is due leaves at that bar's close, or at the next open.
    taker, maker, multiple : float
        Fees as shares of the value, and what all costs but funding are multiplied by.
    per_market, max_open : int
        Most positions open at once.
    max_gross : float
        Most value of all positions as a multiple of the equity, inf for no limit.
    cooldown, lockout : int
        Bars without an entry after a position was left, and on its side after a stop, trailed or
        not; 0 for none.
    capital, quantum : float
        At the start, a multiple of the quantum; the unit of money, a power of two.
    compounds : bool
        Whether an order's size is a share of the equity, or a notional.
    inverse : bool
        Whether the contract is inverse: a unit is worth -1 / price.
    trail_from : float
        Log distance of the best price from the entry, in units, at which the trail begins.
    max_notional : float
        Most that a share of the equity comes to, inf for no limit.
    day_loss, week_loss, drawdown : float
        Shares of the equity that trip the breakers, inf for none; see `tasks.kernels.guards`.
    per_day : int
        Slots of a day.
    loss_streak : int
        Losses in a row after which a market's orders need a fresh structure; 0 for none.
    """

    stop: float
    trail: float
    targets: Reals
    stop_to_entry: bool
    leaves_at_close: bool
    taker: float
    maker: float
    multiple: float
    per_market: int
    max_open: int
    max_gross: float
    cooldown: int
    lockout: int
    capital: float
    quantum: float
    compounds: bool
    inverse: bool
    trail_from: float = 0.0
    max_notional: float = np.inf
    day_loss: float = np.inf
    week_loss: float = np.inf
    drawdown: float = np.inf
    per_day: int = 1
    loss_streak: int = 0


class Book(NamedTuple):
    """What an account keeps while it runs; everything in it is written to.

    Attributes
    ----------
    positions, fills : structured arrays
        POSITION and FILL records; the first N_POSITIONS and N_FILLS of `counts` count.
    held : (max_open,) int64
        Numbers of the open positions in the order of their entries; the first N_OPEN count.
    counts : (7,) int64
        N_OPEN, N_POSITIONS, N_FILLS; the first N_JUDGED orders were filled or refused; the slots
        DAY_ENDS and WEEK_ENDS are the first of the next day and week; HAS_TRIPPED is 1 after the
        drawdown.
    money : (5,) float64
        CASH; EQUITY at the last close, its PEAK, and what it was as the day and the week began.
    markets : (m, 6) int64
        No order is taken that was decided before the slot LOCKED_UNTIL on the short side, the next
        on the long side, and IDLE_UNTIL on both; N_HERE positions are open; the last N_LOST in a
        row were lost, the last of them in the row LOST_AT.
    """

    positions: Record
    fills: Record
    held: Whole
    counts: Whole
    money: Reals
    markets: Whole


@kernel
def worth(price: float, inverse: bool) -> float:
    """What one unit of the contract gains as the price rises: the price, or -1 / price.

    Examples
    --------
    >>> worth(4.0, False), worth(4.0, True)
    (4.0, -0.25)
    """
    return -1.0 / price if inverse else price


@kernel
def round_money(amount: float, quantum: float) -> float:
    """The nearest multiple of `quantum`, a power of two; ties to even.

    Examples
    --------
    >>> round_money(0.8, 0.5), round_money(-1.25, 0.5)
    (1.0, -1.0)
    """
    return np.rint(amount / quantum) * quantum


@inner
def book_fill(
    book: Book,
    tape: Tape,
    rule: Rule,
    number: int,
    row: int,
    moment: int,
    reason: int,
    quantity: float,
    reference: float,
) -> None:
    """Book the fill of a part of position `number`: the entry, or a part that is left.

    A buyer pays ``reference (1 + c)`` and a seller gets ``reference / (1 + c)`` with c the spread
    and the impact of the value, so that a chart upside down costs the same; a target rests in the
    market: it pays the maker's fee and neither.

    Parameters
    ----------
    book, tape, rule : Book, Tape, Rule
    number : int
        Of the position.
    row : int
        Bar of the fill.
    moment : int
        AT_OPEN, INSIDE or AT_CLOSE.
    reason : int
        ENTRY, or why it is left.
    quantity : float
        Above 0.
    reference : float
        Price of the market, finite.
    """
    position = book.positions[number]
    is_entry, is_taken = reason == ENTRY, reason != TARGET
    bought = quantity * position.side * (2 * is_entry - 1)
    worth_here = worth(reference, rule.inverse)
    reach = np.sqrt(quantity * abs(worth_here))
    share = is_taken * rule.multiple * (tape.bars[SPREAD, row] + tape.bars[IMPACT, row] * reach)
    price = reference * (1.0 + share) if bought > 0 else reference / (1.0 + share)
    worth_paid = worth(price, rule.inverse)
    rate = rule.multiple * (rule.taker if is_taken else rule.maker)
    fee = round_money(rate * quantity * abs(worth_paid), rule.quantum)
    slippage = round_money(quantity * abs(worth_paid - worth_here), rule.quantum)
    moved = worth_here - worth(position.entry, rule.inverse)
    gross = round_money(position.side * quantity * moved, rule.quantum)
    flow = gross - fee - slippage
    _enter_fill(position, quantity * (not is_entry), reference, row, reason)
    position.gross += gross
    position.fee += fee
    position.slippage += slippage
    position.net += flow
    book.money[CASH] += flow
    fill = book.fills[book.counts[N_FILLS]]
    book.counts[N_FILLS] += 1
    fill.position, fill.row, fill.moment, fill.reason = number, row, moment, reason
    fill.quantity, fill.reference, fill.price = bought, reference, price
    fill.fee, fill.slippage = fee, slippage


@inner
def _enter_fill(position: Record, left: float, reference: float, row: int, reason: int) -> None:
    """Note in the position that a quantity was left at a price; 0 at its entry."""
    position.n_fills += 1
    position.left -= left
    position.exit += reference * (left / position.quantity)
    position.reason = reason
    position.left_at = row if position.left == 0.0 else -1


@inner
def pay_funding(book: Book, tape: Tape, rule: Rule, number: int, row: int, moment: int) -> None:
    """Settle the funding of the bar `row` with position `number`, if it falls due at `moment`.

    Who has to pay pays at the open for what is held there, and who receives, receives at the close
    for what is still held: a position left in between is never the better for it.
    """
    position = book.positions[number]
    rate = position.side * tape.bars[PAID if position.side > 0 else RECEIVED, row]
    if rate == 0.0 or (rate > 0.0) != (moment == AT_OPEN):
        return
    is_open = moment == AT_OPEN and tape.bars[TRADES, row] > 0.0
    price = tape.bars[OPEN, row] if is_open else position.mark
    value = position.left * abs(worth(price, rule.inverse))
    paid = round_money(rate * value, rule.quantum)
    position.funding += paid
    position.net -= paid
    book.money[CASH] -= paid
