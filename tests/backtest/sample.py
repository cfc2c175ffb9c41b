"""A made-up back-test whose frames fit lake/schema.py and add up."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
import polars as pl

from lake.schema import BARS, EQUITY, FILLS, METRICS, TIME, TRADES
from tasks.backtest.sheet import Shown

FIRST = datetime(2021, 3, 9, tzinfo=timezone.utc)  # noqa: UP017 - the project runs on 3.11 too
HOUR_MS = 3_600_000
CAPITAL = 1_000_000.0
NOTIONAL = 100_000.0
EXITS = ("time", "stop", "target", "trail")
MARKETS = ("BTCUSDT-1h", "ETHUSDT-1h", "SOLUSDT-1h")
CARD = """# Crash, followed for 12 h

When `crash` becomes known at the close of a bar, **buy** at the next bar's open.

## Evidence

| era | trades | net, bps |
| --- | --- | --- |
| confirmation | 412 | +9.3 [2.1, 16.0] |

- It is false if the next 80 trades lose more than 4 bps on average.
"""
FILLED = {
    "entry": ("open", 1),
    "time": ("close", -1),
    "stop": ("inside", -1),
    "target": ("inside", -1),
    "trail": ("inside", -1),
    "ruined": ("close", -1),
}


def make_trades(n: int, *, n_bars: int, seed: int = 1, n_markets: int = 3) -> pl.DataFrame:
    """Trades that are spread over `n_bars` hours; fat tails, a small gain, both sides."""
    rng = np.random.default_rng(seed)
    market = rng.integers(0, n_markets, n)
    side = rng.choice([1, -1], n, p=[0.6, 0.4])
    entry = np.sort(rng.integers(2, max(3, n_bars - 40), n))
    held = rng.integers(1, 30, n)
    gross = 16.0 + 60.0 * rng.standard_t(3, n)
    fee, slippage = np.full(n, 10.0), rng.uniform(1.0, 4.0, n)
    funding = rng.normal(0.4, 1.0, n)
    price = np.array([42_000.5, 2_900.25, 0.000_123_4])[market] * np.exp(rng.normal(0, 0.3, n))
    reason = np.where(gross < -80, 1, np.where(gross > 110, 2, rng.choice([0, 3], n, p=[0.8, 0.2])))
    net = gross - fee - slippage - funding
    start = int(FIRST.timestamp() * 1000)
    return TRADES.conform(
        pl.DataFrame(
            {
                "hypothesis": ["crash-12h"] * n,
                "fold": np.zeros(n, np.int64),
                "trade": np.arange(n),
                "market": [MARKETS[k] for k in market],
                "event_time": stamps(start + HOUR_MS * (entry - 1)),
                "entry_time": stamps(start + HOUR_MS * entry),
                "exit_time": stamps(start + HOUR_MS * (entry + held)),
                "side": pl.Series(side, dtype=pl.Int8),
                "quantity": NOTIONAL / price,
                "notional": np.full(n, NOTIONAL),
                "entry_price": price,
                "exit_price": price * (1 + side * gross * 1e-4),
                "exit": [EXITS[k] for k in reason],
                "n_fills": np.full(n, 2),
                "n_ambiguous": (rng.random(n) < 0.01).astype(np.int64),
                "best_bps": np.maximum(gross, 0) + rng.exponential(25, n),
                "worst_bps": np.minimum(gross, 0) - rng.exponential(25, n),
                "gross_bps": gross,
                "fee_bps": fee,
                "slippage_bps": slippage,
                "funding_bps": funding,
                "cost_bps": fee + slippage + funding,
                "net_bps": net,
                "net": net * NOTIONAL * 1e-4,
            },
            schema_overrides={"hypothesis": pl.String, "market": pl.String, "exit": pl.String},
        )
    )


def make_fills(trades: pl.DataFrame) -> pl.DataFrame:
    """One fill in and one out of each trade."""
    rows = []
    for row in trades.to_dicts():
        for number, reason in enumerate(("entry", row["exit"])):
            moment, sign = FILLED[reason]
            reference = row["entry_price"] if number == 0 else row["exit_price"]
            rows.append(
                {name: row[name] for name in ("hypothesis", "fold", "trade", "market")}
                | {
                    "number": number,
                    "time": row["entry_time"] if number == 0 else row["exit_time"],
                    "moment": moment,
                    "reason": reason,
                    "quantity": sign * row["side"] * row["quantity"],
                    "reference": reference,
                    "price": reference * (1 + 1e-4 * sign * row["side"]),
                    "fee": row["fee_bps"] * NOTIONAL * 5e-5,
                    "slippage": row["slippage_bps"] * NOTIONAL * 5e-5,
                }
            )
    return FILLS.conform(pl.DataFrame(rows, schema=FILLS.columns))


def make_equity(trades: pl.DataFrame, n_bars: int, capital: float = CAPITAL) -> pl.DataFrame:
    """The account by the hour: what was earned when a position is left, nothing before."""
    start = int(FIRST.timestamp() * 1000)
    closes = start + HOUR_MS * np.arange(1, n_bars + 1)
    left = (trades["exit_time"].to_physical().to_numpy() - start) // HOUR_MS
    entered = (trades["entry_time"].to_physical().to_numpy() - start) // HOUR_MS
    earned = np.bincount(left, weights=trades["net"].to_numpy(), minlength=n_bars)[:n_bars]
    delta = np.bincount(entered, minlength=n_bars + 1)[:n_bars].astype(np.int64)
    n_open = np.cumsum(delta) - np.cumsum(np.bincount(left, minlength=n_bars + 1)[:n_bars])
    equity = capital + np.cumsum(earned)
    gross = NOTIONAL * n_open
    return EQUITY.conform(
        pl.DataFrame(
            {
                "time": stamps(closes),
                "equity": equity,
                "cash": equity - gross,
                "gross": gross.astype(np.float64),
                "n_open": n_open.astype(np.int64),
            }
        )
    )


def make_metrics(trades: pl.DataFrame, equity: pl.DataFrame) -> pl.DataFrame:
    """Figures by arithmetic, intervals made up."""
    nan, n = float("nan"), trades.height
    profit = float(equity["equity"][-1]) - CAPITAL if equity.height else nan
    mean = float(trades["net_bps"].mean()) if n else nan
    hit = float((trades["net"] > 0).mean()) if n else nan
    idle = "" if n else "no trades"
    rows = [
        ("profit", profit, nan, nan, "currency", ""),
        ("total_return", profit / CAPITAL, nan, nan, "share", ""),
        ("cagr", profit / CAPITAL / 3, -0.01, 0.08, "share per year", ""),
        ("sharpe", 0.912, -0.21, 1.98, "per year", ""),
        ("sortino", 1.4, -0.3, 3.2, "per year", ""),
        ("calmar", 0.71, nan, 1.9, "per year", "no lower bound: too many draws lose"),
        ("deepest_drawdown", 0.0412, 0.021, 0.093, "share", ""),
        ("under_water", 0.871, nan, nan, "share of days", ""),
        ("exposure_time", 0.312, nan, nan, "share of bars", ""),
        ("skew", -0.42, nan, nan, "moment", ""),
        ("deflated_sharpe", nan, nan, nan, "probability", "the number of trials is not known"),
        ("trades", n, nan, nan, "trades", ""),
        ("hit_rate", hit, nan, nan, "share of trades", idle),
        ("profit_factor", 1.213 if n else nan, nan, nan, "ratio", idle),
        ("expectancy_bps", mean, mean - 4.1, mean + 4.3, "bps", idle),
    ]
    return METRICS.conform(pl.DataFrame(rows, schema=METRICS.columns, orient="row"))


def make_bars(n_bars: int, n_gaps: int = 0, seed: int = 5) -> pl.DataFrame:
    """A random walk with its first bars missing."""
    rng = np.random.default_rng(seed)
    close = 42_000.5 * np.exp(np.cumsum(rng.normal(0, 0.01, n_bars)))
    close[1 : n_gaps + 1] = np.nan
    start = int(FIRST.timestamp() * 1000)
    columns = {name: close for name in BARS.columns if name not in ("time", "is_gap")}
    times = stamps(start + HOUR_MS * np.arange(n_bars))
    return BARS.conform(pl.DataFrame({"time": times, **columns, "is_gap": np.isnan(close)}))


def make_eras(n_bars: int) -> list[tuple[str, datetime, datetime]]:
    """Discovery 60 %, confirmation 30 %, sealed 10 %."""
    ends = [FIRST + timedelta(hours=round(share * n_bars)) for share in (0, 0.6, 0.9, 1)]
    names = ("discovery", "confirmation", "sealed")
    return [(name, ends[k], ends[k + 1]) for k, name in enumerate(names)]


def make_shown(n_trades: int = 900, n_bars: int = 26_000, **changes) -> Shown:
    """A whole back-test."""
    trades = make_trades(n_trades, n_bars=n_bars)
    equity = make_equity(trades, n_bars)
    told = {
        "name": "crash-12h-all-0a1b2c3d",
        "title": "crash, in 3 markets, followed for 12 h",
        "card": CARD,
        "markets": MARKETS,
        "timeframe": "1h",
        "trades": trades,
        "fills": make_fills(trades),
        "equity": equity,
        "metrics": make_metrics(trades, equity),
        "eras": make_eras(n_bars),
        "notes": ("verified: 412 golden trades replayed bit for bit",),
        "n_refused": {"another position of the market is open": 212, "cooldown": 31},
        "bars": {MARKETS[0]: make_bars(n_bars, n_gaps=7)},
    }
    return Shown(**(told | changes))


def of_trades(trades: pl.DataFrame, n_bars: int = 2_000, **changes) -> Shown:
    """The back-test that consists of these trades."""
    equity = make_equity(trades, n_bars)
    own = {
        "trades": trades,
        "fills": make_fills(trades),
        "equity": equity,
        "metrics": make_metrics(trades, equity),
        "eras": (),
    }
    return make_shown(10, n_bars, **(own | changes))


def make_ruined() -> Shown:
    """An account that loses more than it has."""
    trades = make_trades(60, n_bars=2_000, seed=3)
    worst = {"net": -3e6, "net_bps": -3e5, "gross_bps": -3e5 + 13, "exit": "ruined"}
    last = trades["trade"] == 40
    hit = [pl.when(last).then(pl.lit(v)).otherwise(n).alias(n) for n, v in worst.items()]
    return of_trades(trades.with_columns(hit).head(41))


def stamps(ms: np.ndarray) -> pl.Series:
    return pl.Series(np.asarray(ms, np.int64)).cast(TIME)
