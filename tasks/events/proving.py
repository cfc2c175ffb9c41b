"""A small seeded market on which analyzers are put to the test when they are registered.

It is no model of a market, it only has everything that an analyzer can ask for: clustered
volatility and fat tails, volume and takers' flow that follow the moves, a leader whose grip
loosens and tightens, a spot market that strays, open interest that builds and flushes, funding
that persists, turns and overshoots.
"""

from __future__ import annotations

import math

import numpy as np

from lake.time import UNITS_MS, duration_ms
from tasks.events.bars import Bars
from tasks.kernels.rolling import Reals, before

START_MS = 1_600_000_000_000 // UNITS_MS["d"] * UNITS_MS["d"]
FIRST_PRICE = 20_000.0
N_STEPS = 12
FUNDING_HOURS = 8
FEE_STEPS = 9
NEWS_SHARE = 0.002


def proving_ground(n_bars: int = 10_000, timeframe: str = "15m", seed: int = 7) -> Bars:
    """Return bars of the market with all that is known beside them, the same for a seed."""
    rng = np.random.default_rng(seed)
    slow = _autoregression(rng, n_bars, 0.995, 0.05)
    sigma = 0.002 * np.exp(slow + _autoregression(rng, n_bars, 0.9, 0.25))
    prices = _prices(rng, sigma)
    volume = 1e5 * sigma * np.exp(rng.normal(0.0, 0.6, n_bars))
    close = prices[:, -1]
    r = np.diff(np.log(close), prepend=math.log(FIRST_PRICE))
    time = START_MS + np.arange(n_bars) * duration_ms(timeframe)
    return Bars(
        time=time,
        open=prices[:, 0],
        high=prices.max(axis=1),
        low=prices.min(axis=1),
        close=close,
        volume=volume,
        quote_volume=volume * close,
        taker_buy_volume=volume * _taker_share(rng, r / sigma),
        is_gap=np.zeros(n_bars, dtype=np.bool_),
        timeframe=timeframe,
        **_beside(rng, time, timeframe, close, sigma),
    )


def _prices(rng: np.random.Generator, sigma: Reals) -> Reals:
    """The path within each bar, its open first, shape (n, 1 + N_STEPS)."""
    n = sigma.size
    steps = rng.standard_t(4, (n, N_STEPS)) * (sigma / np.sqrt(2 * N_STEPS))[:, None]
    path = math.log(FIRST_PRICE) + np.cumsum(steps).reshape(n, N_STEPS)
    start = np.concatenate([[math.log(FIRST_PRICE)], path[:-1, -1]])
    return np.exp(np.column_stack([start + _gaps(rng, n, sigma), path]))


def _beside(
    rng: np.random.Generator, time: np.ndarray, timeframe: str, close: Reals, sigma: Reals
) -> dict[str, Reals]:
    n = close.size
    r = np.diff(np.log(close), prepend=math.log(FIRST_PRICE))
    return {
        "open_interest": _open_interest(rng, r, sigma),
        "spot": close * np.exp(-_basis(rng, n)),
        "leader": _leader(rng, r, sigma),
        "mark": close * np.exp(rng.normal(0.0, 1e-4, n)),
        "fee": np.resize(np.repeat([4.0, 5.0], -(-n // FEE_STEPS)), n),
        "news": (rng.random(n) < NEWS_SHARE).astype(np.float64),
        **_funding(rng, time, duration_ms(timeframe)),
    }


def _gaps(rng: np.random.Generator, n: int, sigma: Reals) -> Reals:
    """Log distance of each open from the close before: mostly none, now and then a jump."""
    jumps = (rng.random(n) < 0.01) * rng.standard_t(4, n) * sigma
    return 0.02 * sigma * rng.normal(size=n) + jumps


def _taker_share(rng: np.random.Generator, sizes: Reals) -> Reals:
    lean = _autoregression(rng, sizes.size, 0.6, 0.06)
    return 0.5 + 0.45 * np.tanh(0.2 * sizes + lean + 0.1 * rng.standard_t(3, sizes.size))


def _open_interest(rng: np.random.Generator, r: Reals, sigma: Reals) -> Reals:
    """It drifts and jumps; large moves close positions."""
    large = np.maximum(0.0, np.abs(r) / sigma - 2.0)
    change = 0.001 * rng.standard_t(3, r.size) - 0.004 * large * rng.random(r.size)
    return 1e9 * np.exp(_autoregression(rng, r.size, 0.999, 0.002) + _fading(change, 0.998))


def _basis(rng: np.random.Generator, n: int) -> Reals:
    return _autoregression(rng, n, 0.98, 1e-4) + 1e-4 * rng.standard_t(3, n)


def _leader(rng: np.random.Generator, r: Reals, sigma: Reals) -> Reals:
    """It moves with the market and a little before it; at times on its own."""
    tied = (_autoregression(rng, r.size, 0.998, 0.05) > -0.8).astype(np.float64)
    strength = np.exp(_autoregression(rng, r.size, 0.997, 0.05))
    own = 0.5 * sigma * rng.standard_t(4, r.size)
    soon = np.append(r[1:], 0.0)
    return 300.0 * np.exp(np.cumsum(tied * (0.7 * r / strength + 0.25 * soon) + own))


def _funding(rng: np.random.Generator, time: np.ndarray, step_ms: int) -> dict[str, Reals]:
    """Settlements every eight hours, each known at the first close at or after it."""
    every = FUNDING_HOURS * UNITS_MS["h"]
    due = (time + step_ms) // every
    n = int(due[-1] - due[0]) + 1
    rates = 1e-4 * (_autoregression(rng, n, 0.93, 0.6) + 0.5 * rng.standard_t(3, n))
    return {
        "funding": rates[due - due[0]],
        "funding_time": (due * every).astype(np.float64),
        "funding_hours": np.full(time.size, float(FUNDING_HOURS)),
    }


def _autoregression(rng: np.random.Generator, n: int, keep: float, noise: float) -> Reals:
    return _fading(rng.normal(0.0, noise, n), keep)


def _fading(shocks: Reals, keep: float) -> Reals:
    """``y[t] = keep * y[t-1] + shocks[t]``, by doubling: shocks fade to nothing in the end."""
    out, n = shocks.copy(), 1
    while n < shocks.size:
        out += keep**n * np.nan_to_num(before(out, n))
        n *= 2
    return out
