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
from tasks.kernels import fills
from tasks.kernels.account import run_account
from tasks.kernels.fills import Rule
from tasks.trading.config import Terms
from tasks.trading.orders import fitting, write_decided, write_orders
from tasks.trading.records import FATE_WORDS, REFUSALS, curve_frame, fill_frame, trade_frame
from tasks.trading.rule import write_rule
from tasks.trading.tape import LaidTape

BPS = 1e4
Reals = NDArray[np.float64]
Whole = NDArray[np.int64]
Records = NDArray[np.void]
EXACT_BITS = 53


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
    def fate_words(self) -> tuple[str, ...]:
        """What became of each of the `orders`: taken, left (an order to leave), or why not."""
        return tuple(FATE_WORDS[fate] for fate in self.fates.tolist())

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


def simulate_decided(
    laid: LaidTape,
    decisions: Mapping[str, pl.DataFrame],
    horizon: int,
    terms: Terms,
    *,
    name: str,
    start: int | None = None,
    end: int | None = None,
    with_curve: bool = False,
) -> Simulated:
    """Trade decisions inside a span, each with a unit and a structure of its own.

    Parameters
    ----------
    laid : LaidTape
        The markets' bars, laid under the same costs and sizing but for the multiple.
    decisions : mapping of str to DataFrame
        By market, see `tasks.trading.orders.write_decided`.
    horizon : int
        Positions are left so many bars after the decision's, 0 for never.
    terms : Terms
    name : str
        How the trades are called.
    start, end : int, optional
        Span in ms since 1970; bars from `end` on do not exist.
    with_curve : bool
        Whether EQUITY is wanted.

    Raises
    ------
    SchemaError
        When a decision stands at no bar of its market, or rests on a later one.
    AccountError
        When the results do not sum to the change of the cash.
    """
    window = laid.window(start, end)
    orders = write_decided(window, decisions, horizon, terms)
    rule = write_rule(terms, laid.timeframe)
    return play(window, orders, rule, name=name, fold=0, with_curve=with_curve)


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
