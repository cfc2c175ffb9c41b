"""Small markets made by hand, of which costs and trades can be worked out, and simulated ones."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from lake.schema import BARS, EVENTS, FEATURES, FUNDING, SIGN, TIME
from lake.time import duration_ms, timeframe_of
from tasks.trading.config import Costs, Exits, Limits, Sizing, Terms
from tasks.trading.simulation import simulate, simulate_decided
from tasks.trading.tape import MarketBars, lay_tape

START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
FREE = Costs(
    taker_fee_bps=0,
    maker_fee_bps=0,
    half_spread_bps=0,
    impact=0,
    unknown_impact_bps=0,
    assumed_funding_bps=0,
)
UNLIMITED = Limits(per_market=64, max_open=4096)


def at(hour):
    return START + hour * HOUR


def ms(hour):
    return round(at(hour).timestamp() * 1000)


def filled(table, rows):
    """A frame of `table` with `rows`; what they do not say is missing."""
    defaults = {n: (float("nan") if d.is_float() else None) for n, d in table.columns.items()}
    return pl.DataFrame([defaults | row for row in rows], schema=table.columns)


def stamps(first, n, timeframe="1h"):
    times = ms(first) + np.arange(n) * duration_ms(timeframe)
    return pl.Series(times, dtype=pl.Int64).cast(TIME)


def table_of(table, n, columns):
    """A frame of `table` with n rows; columns that are not given are missing."""
    missing = {
        name: pl.Series([float("nan") if dtype.is_float() else None] * n, dtype=dtype)
        for name, dtype in table.columns.items()
    }
    given = {
        k: v if isinstance(v, pl.Series) else np.broadcast_to(v, n) for k, v in columns.items()
    }
    frame = pl.DataFrame(missing | given)
    return table.conform(frame.cast(table.columns))


def bars_of(opens, closes=None, highs=None, lows=None, gaps=(), first=0, timeframe="1h", **flows):
    """BARS; a bar closes where the next one opens, and reaches no further, unless it is said."""
    opens = np.asarray(opens, float)
    closes = np.append(opens[1:], opens[-1:]) if closes is None else np.asarray(closes, float)
    highs = np.maximum(opens, closes) if highs is None else np.asarray(highs, float)
    lows = np.minimum(opens, closes) if lows is None else np.asarray(lows, float)
    columns = {"open": opens, "high": highs, "low": lows, "close": closes}
    columns |= {n: np.array(np.broadcast_to(f, len(opens)), float) for n, f in flows.items()}
    is_gap = np.isin(np.arange(len(opens)), gaps)
    columns = {n: np.where(is_gap, np.nan, values) for n, values in columns.items()}
    columns |= {"time": stamps(first, len(opens), timeframe), "is_gap": is_gap}
    return table_of(BARS, len(opens), columns)


def features_on(bars, **columns):
    return table_of(FEATURES, bars.height, {"time": bars["time"]} | columns)


def funding_at(hours, rates):
    rows = [
        {"time": at(h), "known_at": at(h), "rate": r} for h, r in zip(hours, rates, strict=True)
    ]
    return filled(FUNDING, rows)


def signals_at(hours, sides):
    return pl.DataFrame({"time": [at(h) for h in hours], "side": sides}).cast(
        {"time": TIME, "side": SIGN}
    )


def decisions_at(*rows):
    """Decisions of (hour, side) and, if wanted, unit, guard and the hour of a fresh structure."""
    whole = [(*row, *(0.02, None, None)[len(row) - 2 :]) for row in rows]
    hours, sides, units, guards, fresh = zip(*whole, strict=True) if whole else [()] * 5
    columns = {
        "time": pl.Series([at(h) for h in hours], dtype=TIME),
        "side": pl.Series(sides, dtype=SIGN),
        "unit": pl.Series(units, dtype=pl.Float64),
        "guard": pl.Series(guards, dtype=pl.Float64),
        "fresh_time": pl.Series([None if h is None else at(h) for h in fresh], dtype=TIME),
    }
    return pl.DataFrame(columns)


def events_at(hours, sides, event="jump", market="AAA-1h"):
    rows = [
        {"market": market, "event": event, "family": "volatility", "time": at(h), "side": side}
        for h, side in zip(hours, sides, strict=True)
    ]
    return filled(EVENTS, rows)


def market_of(bars, name="AAA-1h", funding=None, **columns):
    return MarketBars(name, bars, features_on(bars, **columns), funding)


def lay(*markets, costs=FREE, sizing=None):
    return lay_tape(markets, costs, sizing or Sizing())


def terms_of(exits=None, sizing=None, limits=None, costs=FREE):
    return Terms(
        exits=exits or Exits(),
        sizing=sizing or Sizing(),
        limits=limits or Limits(),
        costs=costs,
    )


def trade(markets, signals, horizon="3h", terms=None, name="rule", **options):
    """Simulate; `signals` of the only market, or by market."""
    markets = [markets] if isinstance(markets, MarketBars) else markets
    signals = signals if isinstance(signals, dict) else {markets[0].market: signals}
    terms = terms or terms_of()
    laid = lay_tape(markets, terms.costs, terms.sizing)
    return simulate(laid, signals, horizon, terms, name=name, **options)


def trade_decided(markets, decisions, horizon=3, terms=None, name="rule", **options):
    """Simulate decisions of the only market, or by market."""
    markets = [markets] if isinstance(markets, MarketBars) else markets
    decisions = decisions if isinstance(decisions, dict) else {markets[0].market: decisions}
    terms = terms or terms_of()
    laid = lay_tape(markets, terms.costs, terms.sizing)
    return simulate_decided(laid, decisions, horizon, terms, name=name, **options)


def bytes_of(*frames):
    """What the frames are to the last bit."""
    out = io.BytesIO()
    for frame in frames:
        frame.rechunk().write_ipc(out)
    return out.getvalue()


def ewm_volatility(returns, half_life=24):
    """Root of the mean of squared returns up to each, weights halved every so many bars."""
    decay = 0.5 ** (1.0 / half_life)
    total, weight, levels = 0.0, 0.0, []
    for r in np.nan_to_num(returns):
        total, weight = total * decay + r * r, weight * decay + 1.0
        levels.append(np.sqrt(total / weight))
    return np.array(levels)


def walk(seed, n, name="AAA-1h", *, volatility=0.01, first=0, p_gap=0.0, p_still=0.0, jumps=0.0):
    """A market whose price is a martingale in simple returns, with features known at each close.

    Inside a bar the price is a geometric Brownian motion: high and low are drawn from its exact law
    between open and close, so that a barrier inside a bar is a fair bet. `jumps` is the volatility
    of opens around the close before; `p_gap` of the bars are missing and `p_still` have no volume.
    """
    rng = np.random.default_rng(seed)
    body = rng.normal(-(volatility**2) / 2, volatility, n)
    leap = rng.normal(-(jumps**2) / 2, jumps, n) if jumps else np.zeros(n)
    closes = np.log(100.0) + np.cumsum(leap + body)
    opens = closes - body
    reach = -2.0 * volatility**2 * np.log1p(-rng.random((2, n)))
    high = opens + (body + np.sqrt(body**2 + reach[0])) / 2.0
    low = opens + (body - np.sqrt(body**2 + reach[1])) / 2.0
    volume = np.exp(rng.normal(8.0, 0.5, n)) * (rng.random(n) >= p_still)
    gaps = np.flatnonzero(rng.random(n) < p_gap)
    prices = (np.exp(p) for p in (opens, closes, high, low))
    timeframe = timeframe_of(name)
    bars = bars_of(*prices, gaps, first, timeframe, volume=volume)
    return MarketBars(name, bars, features_from(bars))


def features_from(bars):
    """Features of the bars' past alone."""
    close, volume = bars["close"].to_numpy(), bars["volume"].to_numpy()
    returns = np.diff(np.log(close), prepend=np.nan)
    sigma, slow = ewm_volatility(returns, 12), ewm_volatility(returns, 96)
    ratio = volume / np.maximum(ewm_volatility(volume, 24), 1.0)
    known = ~bars["is_gap"].to_numpy() & (np.arange(bars.height) > 5)
    columns = {"sigma": sigma, "rv_slow": slow, "atr": 1.5 * sigma * close, "volume_ratio": ratio}
    shown = {name: np.where(known, values, np.nan) for name, values in columns.items()}
    label = np.where(sigma > slow, 1, 0).astype(np.int8)
    return features_on(bars, **shown, vol_regime=pl.Series(label).cast(SIGN))


def random_signals(seed, market, share=0.05):
    """Both sides at random bars, gaps included: an engine has to know what to do with those."""
    rng = np.random.default_rng(seed)
    times = market.bars["time"].filter(pl.Series(rng.random(market.bars.height) < share))
    sides = rng.choice(np.array([-1, 1], np.int8), len(times))
    return pl.DataFrame({"time": times, "side": sides}).cast({"side": SIGN})


def random_decisions(seed, market, share=0.1):
    """Leaves and entries on both sides at random bars, some with guards or fresh structures."""
    rng = np.random.default_rng(seed)
    chosen = np.flatnonzero(rng.random(market.bars.height) < share)
    chosen = np.sort(np.concatenate([chosen, rng.choice(chosen, len(chosen) // 3)]))
    close = market.bars["close"].to_numpy()[chosen]
    sides = rng.choice(np.array([-1, -1, 0, 1, 1], np.int8), len(chosen))
    guards = close * np.exp(-sides * np.abs(rng.normal(0.02, 0.02, len(chosen))))
    times = market.bars["time"].to_numpy()
    fresh = pl.Series(times[np.maximum(chosen - rng.integers(0, 9, len(chosen)), 0)])
    told = pl.Series(rng.random(len(chosen)) < 0.7)
    return pl.DataFrame(
        {
            "time": times[chosen],
            "side": sides,
            "unit": np.exp(rng.normal(np.log(0.01), 0.3, len(chosen))),
            "guard": np.where(rng.random(len(chosen)) < 0.5, guards, np.nan),
            "fresh_time": fresh.zip_with(told, pl.Series([None] * len(chosen), dtype=fresh.dtype)),
        }
    )


def settlements(seed, market, every="8h"):
    """FUNDING of the market: a rate of about a basis point either way at each settlement."""
    rng = np.random.default_rng(seed)
    times = market.bars["time"].dt.epoch("ms").to_numpy()
    due = times[times % duration_ms(every) == 0]
    when = pl.Series(due, dtype=pl.Int64).cast(TIME)
    rates = rng.normal(0.0, 2e-4, len(due))
    funding = table_of(FUNDING, len(due), {"time": when, "known_at": when, "rate": rates})
    return MarketBars(market.market, market.bars, market.features, funding)


def mirror(market):
    """The market upside down: log prices reflected, longs paid where they paid."""
    k = 1e4
    bars = market.bars
    turned = bars.with_columns(
        open=k / bars["open"], high=k / bars["low"], low=k / bars["high"], close=k / bars["close"]
    )
    atr = market.features["atr"] / bars["close"] * turned["close"]
    funding = market.funding
    if funding is not None:
        funding = funding.with_columns(rate=-pl.col("rate"))
    return MarketBars(market.market, turned, market.features.with_columns(atr=atr), funding)
