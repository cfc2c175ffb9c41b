"""One strategy through the engine: signals in, trades, fills and equity out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.errors import AccountError
from lake.schema import FILLS, TRADES
from lake.time import n_bars
from tasks.kernels import account, fills
from tasks.kernels.account import run_account
from tasks.kernels.fills import Rule
from tasks.trading.config import Terms
from tasks.trading.orders import fitting, write_orders
from tasks.trading.records import curve_frame, fill_frame, trade_frame
from tasks.trading.tape import LaidTape

BPS = 1e4
Reals = NDArray[np.float64]
Whole = NDArray[np.int64]
Records = NDArray[np.void]
FINENESS = 36
EXACT_BITS = 53
REFUSALS = {
    account.BUSY: "another position of the market is open",
    account.COOLING: "cooldown",
    account.LOCKED: "lockout after a stop",
    account.FULL: "too many positions",
    account.EXPOSED: "too much exposure",
    account.CLOSED: "no trade in the next bar",
    account.ILLIQUID: "too large for the market",
    account.BROKE: "no equity",
    account.UNKNOWN: "size or distance not known",
}


@dataclass(frozen=True)
class Results:
    """What the closed positions earned, by entry.

    Attributes
    ----------
    market : (n,) int64
        Number of the market on the tape.
    event_ms : (n,) int64
        Open of the signal's bar, ms since 1970.
    gross_bps, cost_bps, net_bps : (n,) float64
        Of the notional.
    """

    market: Whole
    event_ms: Whole
    gross_bps: Reals
    cost_bps: Reals
    net_bps: Reals


@dataclass(frozen=True)
class Simulated:
    """What became of the signals; the tables are drawn up when they are asked for.

    A position that is still open when the span ends is no trade: nobody could have left it at a
    price of his choice. It is in the equity.
    """

    window: LaidTape
    orders: Records
    positions: Records
    filled: Records
    fates: Whole
    curve: Reals
    name: str
    fold: int

    @cached_property
    def is_closed(self) -> NDArray[np.bool_]:
        """Which positions were left in whole, shape (p,)."""
        return np.asarray((self.positions["left_at"] >= 0) & (self.positions["left"] == 0.0))

    @property
    def n_filled(self) -> int:
        """Orders that opened a position."""
        return len(self.positions)

    @property
    def n_open(self) -> int:
        """Positions still open at the end."""
        return int(np.sum(~self.is_closed))

    @property
    def n_refused(self) -> dict[str, int]:
        """Orders that were not filled, by reason."""
        counts = {text: int(np.sum(self.fates == fate)) for fate, text in REFUSALS.items()}
        return {text: n for text, n in counts.items() if n}

    @cached_property
    def results(self) -> Results:
        """What each trade earned."""
        closed = self.positions[self.is_closed]
        notional = closed["notional"]
        cost = closed["fee"] + closed["slippage"] + closed["funding"]
        return Results(
            market=closed["market"],
            event_ms=self.window.times[closed["decided"]],
            gross_bps=closed["gross"] / notional * BPS,
            cost_bps=cost / notional * BPS,
            net_bps=closed["net"] / notional * BPS,
        )

    @cached_property
    def trades(self) -> pl.DataFrame:
        """TRADES."""
        closed = np.flatnonzero(self.is_closed)
        frame = trade_frame(self.window, self.positions[closed], closed, self.name, self.fold)
        return TRADES.conform(frame)

    @cached_property
    def fills(self) -> pl.DataFrame:
        """FILLS of the trades."""
        own = self.filled[self.is_closed[self.filled["position"]]]
        own = own[np.argsort(own["position"], kind="stable")]
        return FILLS.conform(fill_frame(self.window, own, self.positions, self.name, self.fold))

    @cached_property
    def equity(self) -> pl.DataFrame:
        """EQUITY, where it was wanted."""
        return curve_frame(self.window, self.curve)


def simulate(
    laid: LaidTape,
    signals: Mapping[str, pl.DataFrame],
    horizon: str,
    terms: Terms,
    *,
    name: str,
    fold: int = 0,
    start: int | None = None,
    end: int | None = None,
    delay: int = 0,
    whole: bool = False,
    with_curve: bool = False,
) -> Simulated:
    """Trade the signals inside a span; see `tasks.kernels.account` for the rules.

    Parameters
    ----------
    laid : LaidTape
        The markets' bars, laid under the same costs and sizing but for the multiple.
    signals : mapping of str to DataFrame
        By market, `time` and `side`, see `choose_signals`.
    horizon : str
        Positions are left so long after the signal's close.
    terms : Terms
    name, fold : str, int
        How the trades are called.
    start, end : int, optional
        Span in ms since 1970; bars from `end` on do not exist.
    delay : int
        Bars by which everything is done later.
    whole : bool
        Whether signals are left out whose positions would be due after the span, see `fitting`.
    with_curve : bool
        Whether EQUITY is wanted.

    Raises
    ------
    SchemaError
        When a signal stands at no bar of its market.
    AccountError
        When the results do not sum to the change of the cash.
    """
    window = laid.window(start, end)
    orders = write_orders(window, signals, horizon, terms, delay)
    orders = fitting(window, orders, terms) if whole else orders
    rule = write_rule(terms, laid.timeframe)
    return play(window, orders, rule, name=name, fold=fold, with_curve=with_curve)


def play(
    window: LaidTape, orders: Records, rule: Rule, *, name: str, fold: int, with_curve: bool = False
) -> Simulated:
    """Run the orders through the engine, and check the account.

    Parameters
    ----------
    window : LaidTape
    orders : (k,) ORDER
        By slot and then by market, see `write_orders`.
    rule : Rule
        What `write_rule` made.

    Raises
    ------
    AccountError
        When the results do not sum to the change of the cash.
    """
    positions, filled, fates, curve = run_account(window.tape, orders, rule, with_curve)
    _check_cash(positions, curve, rule)
    kept = curve if with_curve else curve[:0]
    return Simulated(window, orders, positions, filled, fates, kept, name, fold)


def write_rule(terms: Terms, timeframe: str) -> Rule:
    """The terms as the engine reads them."""
    exits, limits, costs, sizing = terms.exits, terms.limits, terms.costs, terms.sizing
    targets = [(target.at, target.share) for target in exits.targets]
    quantum = 2.0 ** (np.floor(np.log2(sizing.capital)) - FINENESS)
    return Rule(
        stop=np.inf if exits.stop is None else exits.stop,
        trail=np.inf if exits.trail is None else exits.trail,
        targets=np.array(targets, np.float64).reshape(-1, 2).T.copy(),
        stop_to_entry=exits.stop_to_entry,
        leaves_at_close=exits.time_at == "close",
        taker=costs.taker_fee_bps / BPS,
        maker=costs.maker_fee_bps / BPS,
        multiple=costs.multiple,
        per_market=limits.per_market,
        max_open=limits.max_open,
        max_gross=np.inf if limits.max_gross is None else limits.max_gross,
        cooldown=n_bars(limits.cooldown, timeframe) if limits.cooldown else 0,
        lockout=n_bars(limits.lockout, timeframe) if limits.lockout else 0,
        capital=sizing.capital,
        quantum=quantum,
        compounds=sizing.method != "fixed_notional",
        inverse=sizing.contract == "inverse",
    )


def _check_cash(positions: NDArray[np.void], curve: NDArray[np.float64], rule: Rule) -> None:
    """The results sum to the change of the cash, to the last bit."""
    gained = float(np.sum(positions["net"]))
    capital = float(fills.round_money(rule.capital, rule.quantum))
    cash = float(curve[-1, 1]) if len(curve) else capital
    largest = max(abs(cash), float(np.sum(np.abs(positions["net"]))))
    if gained != cash - capital or largest >= 2.0**EXACT_BITS * rule.quantum:
        raise AccountError(
            f"results that sum to {gained!r} where the cash changed by {cash - capital!r}",
            "the same to the last bit, and below what a float holds exactly",
            "trade with less leverage; if it comes again, report it with this blueprint",
        )
