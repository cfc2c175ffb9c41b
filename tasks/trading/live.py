"""The same account bar by bar: what a back-test plays at once, as the bars come in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.kernels.account import ORDER, open_account, play_slots
from tasks.kernels.fills import END, EQUITY, N_FILLS, N_OPEN, N_POSITIONS, Rule, Tape
from tasks.trading.records import FATE_WORDS
from tasks.trading.tape import origin_of

LEAST_ROOM = 64
N_ROWS, N_COLUMNS = 9, 4
NO_ORDERS = np.zeros(0, ORDER)
Records = NDArray[np.void]
Reals = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Step:
    """What happened in a slot.

    Attributes
    ----------
    slot : int
        Its number, 0 is the account's first.
    fills : (f,) FILL
        In the order in which they happened.
    fates : (k,) int64
        Of the orders that were given with the bar, see `tasks.kernels.guards`.
    closed : (p,) POSITION
        Positions that were left in whole.
    equity : float
        At the close.
    n_open : int
        Positions open at the close.
    """

    slot: int
    fills: Records
    fates: Whole
    closed: Records
    equity: float
    n_open: int

    @property
    def fate_words(self) -> tuple[str, ...]:
        """The fates in words: taken, left (an order to leave), or why not."""
        return tuple(FATE_WORDS[fate] for fate in self.fates.tolist())


class LiveAccount:
    """An account of one market that is fed one slot at a time.

    After any slot it is to the last bit what `run_account` makes of all bars and orders so far.
    What has tripped stays so: an account that its drawdown has stopped is replaced by a new one.

    Parameters
    ----------
    rule : Rule
        What `write_rule` made.
    timeframe : str
    start : int
        Open of the first slot, ms since 1970.
    """

    def __init__(self, rule: Rule, timeframe: str, start: int) -> None:
        bars = np.empty((N_ROWS, LEAST_ROOM))
        self.rule, self.n_slots, self.n_orders = rule, 0, 0
        self._tape = Tape(np.zeros((1, 3), np.int64), bars, origin_of(start, timeframe))
        self._curve = np.empty((LEAST_ROOM, N_COLUMNS))
        self._orders = np.empty(LEAST_ROOM, ORDER)
        self._slots, self._fates = (np.empty(LEAST_ROOM, np.int64) for _ in range(2))
        self._book = open_account(self._tape, LEAST_ROOM, rule)

    def step(self, bar: Sequence[float] | Reals, orders: Records = NO_ORDERS) -> Step:
        """Play the next slot.

        Parameters
        ----------
        bar : (9,) float64
            A column of the `Tape`: open, high, low, close, whether it trades, spread, impact, paid
            and received funding. A missing bar is one too: without prices, and it does not trade.
        orders : (k,) ORDER
            Decided at the close of the slot before, those to leave first. Their `market` and `row`
            are not read; bars are numbered like slots, in `fresh` too.
        """
        slot, first = self.n_slots, self.n_orders
        self.n_slots, self.n_orders = slot + 1, first + len(orders)
        self._make_room()
        self._tape.bars[:, slot] = bar
        self._tape.rows[0, END] = self.n_slots
        new, n = slice(first, self.n_orders), self.n_orders
        self._orders[new] = orders
        self._orders["market"][new], self._orders["row"][new] = 0, slot - 1
        self._slots[new] = slot
        n_before = int(self._book.counts[N_FILLS])
        given = self._orders[:n], self._slots[:n], self._fates[:n]
        range_ = slot, self.n_slots
        play_slots(self._book, self._tape, *given, self.rule, self._curve, True, *range_)
        return self._told(slot, self.fills[n_before:], self._fates[new])

    def _told(self, slot: int, fills: Records, fates: Whole) -> Step:
        touched = self.positions[np.unique(fills["position"])]
        closed = touched[touched["left"] == 0.0]
        equity, n_open = self._book.money[EQUITY], self._book.counts[N_OPEN]
        return Step(slot, fills.copy(), fates.copy(), closed, float(equity), int(n_open))

    @property
    def positions(self) -> Records:
        """POSITION of all so far, by entry."""
        return self._book.positions[: self._book.counts[N_POSITIONS]]

    @property
    def fills(self) -> Records:
        """FILL of all so far, in the order in which they happened."""
        return self._book.fills[: self._book.counts[N_FILLS]]

    @property
    def orders(self) -> Records:
        """ORDER of all so far."""
        return self._orders[: self.n_orders]

    @property
    def fates(self) -> Whole:
        """What became of each of the orders."""
        return self._fates[: self.n_orders]

    @property
    def curve(self) -> Reals:
        """Equity, cash, gross value and number of open positions at each close, shape (n, 4)."""
        return self._curve[: self.n_slots]

    def _make_room(self) -> None:
        """Let there be room for the slots and orders that are counted, twice as much if it ends."""
        if self.n_slots > len(self._curve):
            n_slots = 2 * len(self._curve)
            self._curve = _grown(self._curve, n_slots)
            bars = np.ascontiguousarray(_grown(self._tape.bars.T, n_slots).T)
            self._tape = self._tape._replace(bars=bars)
        if self.n_orders > len(self._orders):
            n_orders = max(2 * len(self._orders), self.n_orders)
            self._orders, self._slots, self._fates = (
                _grown(part, n_orders) for part in (self._orders, self._slots, self._fates)
            )
            book = self._book
            self._book = book._replace(
                positions=_grown(book.positions, n_orders),
                fills=_grown(book.fills, len(book.fills) * n_orders // len(book.positions)),
                held=_grown(book.held, min(self.rule.max_open, n_orders)),
            )


def _grown(rows: NDArray, n: int) -> NDArray:
    """The rows with room for `n`."""
    larger = np.empty((n, *rows.shape[1:]), rows.dtype)
    larger[: len(rows)] = rows
    return larger
