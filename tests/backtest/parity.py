"""One strategy by our engine and by backtesting.py 0.6, as lists of exits to compare.

Every signal leaves what is held and enters anew at the next open, or is passed over while something
is held. What backtesting.py decides alike: a bracket counts from the bar of the entry on; a stop
that the open lies beyond fills at the open, and so does a target; of a bar that touches both, the
stop counts. What it decides otherwise is told by `opens_beyond_target`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy

from tasks.kernels.account import ORDER, run_account
from tasks.kernels.fills import ENTRY, Rule, Tape

PRICES = ("open", "high", "low", "close")
UNITS, CASH, NOTIONAL = 1000, 1e13, 2.0**20


@dataclass(frozen=True)
class Plan:
    """What to trade: distances in logs from the entry (the trail's from the best price).

    Targets are pairs of a distance and the share that leaves there. `horizon` counts bars from the
    decision to the bar after which the position leaves at the open. Where `is_patient`, signals are
    passed over while something is held.
    """

    sides: np.ndarray
    stop: float = np.inf
    trail: float = np.inf
    targets: tuple[tuple[float, float], ...] = ()
    horizon: int = 0
    fee: float = 0.0
    is_patient: bool = False


class Exit(NamedTuple):
    entered: int
    left_at: int
    side: int
    entry: float
    exit: float


class Result(NamedTuple):
    """Exits in order, one of each kind: parts that leave together count once.

    Returns of the closed positions by their bars of entry, after fees; numbers of positions that
    stay open and of those that the engine calls ambiguous.
    """

    exits: list[Exit]
    returns: dict[int, float]
    n_open: int
    n_ambiguous: int = 0


Bars = Mapping[str, np.ndarray]


def run_ours(bars: Bars, plan: Plan) -> Result:
    n_bars = len(bars["close"])
    nothing = np.zeros((4, n_bars))
    tape = Tape(
        np.array([[0, n_bars, 0]]),
        np.vstack([*(bars[name] for name in PRICES), np.ones(n_bars), nothing]),
    )
    positions, fills, _, _ = run_account(tape, _orders(plan), _rule(plan), False)
    exits = [
        Exit(int(p["entered"]), int(fill["row"]), int(p["side"]), p["entry"], fill["reference"])
        for fill in fills[fills["reason"] != ENTRY]
        for p in [positions[fill["position"]]]
    ]
    closed = positions[positions["left_at"] >= 0]
    returns = dict(zip(closed["entered"], closed["net"] / closed["notional"], strict=True))
    n_open = len(positions) - len(closed)
    return Result(sorted(set(exits)), returns, n_open, int((positions["n_ambiguous"] > 0).sum()))


def _orders(plan: Plan) -> np.ndarray:
    rows = np.flatnonzero(plan.sides)
    orders = np.zeros(2 * len(rows), ORDER)
    orders["row"] = np.repeat(rows, 2)
    orders["side"][1::2] = plan.sides[rows]
    orders["due"], orders["size"], orders["unit"], orders["most"] = (
        plan.horizon,
        NOTIONAL,
        1,
        np.inf,
    )
    return orders[1::2].copy() if plan.is_patient else orders


def _rule(plan: Plan) -> Rule:
    return Rule(
        stop=plan.stop,
        trail=plan.trail,
        targets=np.array(plan.targets, float).reshape(-1, 2).T.copy(),
        stop_to_entry=False,
        leaves_at_close=False,
        taker=plan.fee,
        maker=plan.fee,
        multiple=1.0,
        per_market=1,
        max_open=1,
        max_gross=np.inf,
        cooldown=0,
        lockout=0,
        capital=2.0**32,
        quantum=2.0**-20,
        compounds=False,
        inverse=False,
    )


def run_theirs(bars: Bars, plan: Plan) -> Result:
    index = pd.date_range("2000-01-01", periods=len(bars["close"]), freq="h")
    frame = pd.DataFrame({name.title(): bars[name] for name in PRICES}, index=index)
    test = Backtest(frame, Planned, cash=CASH, commission=plan.fee)
    stats = test.run(plan=plan, bars=bars)
    table = stats["_trades"]
    names = ("EntryBar", "ExitBar", "Size", "EntryPrice", "ExitPrice")
    rows = zip(*(table[name].tolist() for name in names), strict=True)
    exits = sorted({Exit(i, j, int(np.sign(size)), p, q) for i, j, size, p, q in rows})
    still = {trade.entry_bar for trade in stats["_strategy"].trades}
    weighted = (table["ReturnPct"] * table["Size"]).groupby(table["EntryBar"]).sum()
    returns = (weighted / table["Size"].groupby(table["EntryBar"]).sum()).to_dict()
    returns = {entered: value for entered, value in returns.items() if entered not in still}
    return Result(exits, returns, len(still))


class Planned(Strategy):
    """The plan as a user of backtesting.py would write it, one trade for each target."""

    plan: Plan | None = None
    bars: Bars | None = None

    def init(self) -> None:
        pass

    def next(self) -> None:
        row, plan = len(self.data) - 1, self.plan
        for trade in self.trades:
            self.follow(trade, row)
        is_due = plan.horizon and any(
            row == trade.entry_bar - 1 + plan.horizon for trade in self.trades
        )
        if is_due:
            self.position.close()
        is_held = bool(self.position) and not is_due
        if plan.sides[row] != 0 and not (plan.is_patient and is_held):
            self.position.close()
            for distance, share in plan.targets or ((np.inf, 1.0),):
                self.enter(row, plan.sides[row], distance, share)

    def enter(self, row: int, side: int, distance: float, share: float) -> None:
        order = (self.buy if side > 0 else self.sell)(size=round(UNITS * share))
        entry = self.bars["open"][min(row + 1, len(self.bars["open"]) - 1)]
        away = min(self.plan.stop, self.plan.trail)
        # Past the check of the distances against the last close: ours start at the fill.
        order._replace(
            sl_price=entry * np.exp(-side * away) if away < np.inf else None,
            tp_price=entry * np.exp(side * distance) if distance < np.inf else None,
        )

    def follow(self, trade, row: int) -> None:
        """Let the stop trail the best price, at the close; it never loosens."""
        side = 1 if trade.is_long else -1
        best = (side * self.bars["high" if side > 0 else "low"][trade.entry_bar : row + 1]).max()
        level = side * best * np.exp(-side * self.plan.trail)
        if self.plan.trail < np.inf and side * (level - trade.sl) > 0:
            trade.sl = level


def opens_beyond_target(bars: Bars, plan: Plan, exit_: Exit) -> bool:
    """Whether the bar opens beyond the target and comes back to the stop.

    We leave at the open, which comes first; backtesting.py looks at the stop first and leaves
    there, unless a signal lets it leave at the open. That is the one case in which they differ.
    """
    row, side = exit_.left_at, exit_.side
    target = exit_.entry * np.exp(side * plan.targets[0][0])
    stop = exit_.entry * np.exp(-side * plan.stop)
    against = bars["low" if side > 0 else "high"][row]
    is_open_beyond = row > exit_.entered and side * (bars["open"][row] - target) >= 0
    is_left_anyway = plan.sides[row - 1] != 0
    return bool(is_open_beyond and side * (against - stop) <= 0 and not is_left_anyway)
