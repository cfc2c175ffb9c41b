"""Bookings from their definitions: an object per position, money in whole quanta."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt

from tasks.kernels import fills as kernel


def worth(price, inverse):
    return -1.0 / price if inverse else price


def round_money(amount, quantum):
    return round(amount / quantum) * quantum


@dataclass
class Bar:
    row: int
    open: float
    high: float
    low: float
    close: float
    trades: float
    spread: float
    impact: float
    paid: float
    received: float


@dataclass
class Position:
    order: int
    market: int
    side: int
    decided: int
    entered: int
    due: float
    notional: float
    quantity: float
    entry: float
    unit: float
    mark: float
    left: float
    guard: float | None = None
    pending: int | None = None
    targets_left: list = field(default_factory=list)
    extremes: list = field(default_factory=list)  # of the bars whose closes it has seen
    touched: list = field(default_factory=list)  # prices that it surely or perhaps has seen
    fills: list = field(default_factory=list)
    n_ambiguous: int = 0
    funding: int = 0
    is_safe: bool = False

    @property
    def is_open(self):
        return self.left > 0.0

    @property
    def net(self):
        return sum(fill["flow"] for fill in self.fills) - self.funding

    def farther(self, prices):
        """The best of prices for this side."""
        return max(prices) if self.side > 0 else min(prices)

    def is_beyond(self, price, level):
        return price >= level if self.side > 0 else price <= level


class Account:
    def __init__(self, tape, rule):
        self.rule = rule
        self.cash = round(rule.capital / rule.quantum)
        self.equity = self.closes_before = self.cash * rule.quantum
        self.origin = int(tape.origin)
        self.closes = []  # equity at the close of each slot
        self.positions, self.fills = [], []
        self.stamps = []  # (slot, market, side, reason) of positions that were left
        self.ends = []  # (market, row, net) of the same; None for both where a streak was over
        self.bars = [
            {
                int(slot) + k: Bar(int(first) + k, *map(float, tape.bars[:, int(first) + k]))
                for k in range(int(end) - int(first))
            }
            for first, end, slot in tape.rows
        ]

    @property
    def held(self):
        return [position for position in self.positions if position.is_open]


def book_fill(account, position, bar, moment, reason, quantity, reference):
    rule = account.rule
    there = worth(reference, rule.inverse)
    worse, rate = 0.0, rule.multiple * rule.maker
    if reason != kernel.TARGET:
        worse = rule.multiple * (bar.spread + bar.impact * sqrt(quantity * abs(there)))
        rate = rule.multiple * rule.taker
    is_entry = reason == kernel.ENTRY
    buys = is_entry == (position.side > 0)
    price = reference * (1.0 + worse) if buys else reference / (1.0 + worse)
    here = worth(price, rule.inverse)
    gained = position.side * quantity * (there - worth(position.entry, rule.inverse))
    gross, fee, slippage = (
        round(amount / rule.quantum)
        for amount in (gained, rate * quantity * abs(here), quantity * abs(here - there))
    )
    fill = {
        "position": account.positions.index(position),
        "row": bar.row,
        "moment": moment,
        "reason": reason,
        "quantity": quantity if buys else -quantity,
        "reference": reference,
        "price": price,
        "fee": fee,
        "slippage": slippage,
        "gross": gross,
        "flow": gross - fee - slippage,
    }
    account.cash += fill["flow"]
    account.fills.append(fill)
    position.fills.append(fill)
    if not is_entry:
        position.left -= quantity


def pay_funding(account, position, slot, moment):
    """One settlement per bar: what is paid, of the value at the open; what is received, later."""
    bar = account.bars[position.market][slot]
    owed = bar.paid if position.side > 0 else -bar.received
    if (owed > 0 and moment == kernel.AT_OPEN) or (owed < 0 and moment == kernel.AT_CLOSE):
        at_open = bar.open if bar.trades else position.mark
        price = at_open if owed > 0 else position.mark
        value = position.left * abs(worth(price, account.rule.inverse))
        paid = round(owed * value / account.rule.quantum)
        position.funding += paid
        account.cash -= paid
