"""Rules of the catalogue as a user would write them with polars expressions and with pandas.

Ten rules that both can say: rolling means, deviations, extremes, quantiles, correlations. Medians
of absolute deviations, swings and episodes are left out: neither has them rolling. Each peer
returns the condition at every bar, by rule; `agreement` says how far it is ours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tasks.events.bars import Bars
from tasks.events.registry import catalogue

HOUR, EIGHT_HOURS, DAY, TWO_DAYS, TEN_DAYS, SIXTY_DAYS = 12, 96, 288, 576, 2_880, 17_280
BIPOWER = float(np.sqrt(np.pi / 2.0))
RULES = (
    "vol_spike",
    "vol_shock",
    "band_break",
    "range_breakout",
    "breakout_trigger",
    "climax_volume_bar",
    "spot_perp_basis_shock",
    "oi_flush",
    "correlation_breakdown",
    "deleveraging_wave",
)
Flags = NDArray[np.bool_]


def ours(bars: Bars) -> dict[str, Flags]:
    """The same conditions by Assay's analyzers, nothing kept from an earlier round."""
    fresh = bars.part(0, len(bars))
    known = {analyzer.name: analyzer for analyzer in catalogue()}
    return {name: known[name].function(fresh, **known[name].parameters).fired for name in RULES}


def frame_of(bars: Bars) -> pl.DataFrame:
    """The columns that the peers start from."""
    names = ("open", "high", "low", "close", "volume", "spot", "leader", "open_interest")
    return pl.DataFrame({name: getattr(bars, name) for name in names})


def by_polars(frame: pl.DataFrame) -> dict[str, Flags]:
    """The rules as polars expressions, in one lazy query on all cores."""
    close, high, low = pl.col("close"), pl.col("high"), pl.col("low")
    volume, oi = pl.col("volume"), pl.col("open_interest")
    base = frame.lazy().with_columns(
        r=(close / close.shift(1)).log(),
        m=(pl.col("leader") / pl.col("leader").shift(1)).log(),
        log_close=close.log(),
        span=(high / low).log(),
        body=(close / pl.col("open")).log(),
        basis=(close / pl.col("spot")).log(),
        move=(close / close.shift(HOUR)).log(),
        flush=(oi / oi.shift(HOUR)).log(),
        wave=(oi / oi.shift(DAY)).log(),
        busy=volume >= _q(volume, 0.8, TWO_DAYS),
    )
    base = base.with_columns(size=pl.col("r").abs(), rv=_rv(HOUR), rv_day=_rv(DAY))
    base = base.with_columns(
        heat=pl.col("rv") / pl.col("rv").shift(1).rolling_median(DAY, min_samples=DAY // 3),
        jump=(pl.col("basis") - pl.col("basis").shift(1)).abs(),
        corr=pl.rolling_corr("m", "r", window_size=DAY, min_samples=DAY // 3),
    )
    found = base.select(**_polars_rules()).collect()
    return {name: found[name].fill_null(False).to_numpy() for name in RULES}


def _polars_rules() -> dict[str, pl.Expr]:
    flush, wave, corr, move = (pl.col(name) for name in ("flush", "wave", "corr", "move"))
    rv_day, jump = pl.col("rv_day"), pl.col("jump")
    is_flush = flush <= _q(flush, 0.005, TEN_DAYS)
    is_wave = wave <= _q(wave, 0.05, SIXTY_DAYS)
    return {
        **_polars_price_rules(),
        "spot_perp_basis_shock": jump >= _q(jump, 0.995, TEN_DAYS),
        "oi_flush": is_flush & (move.abs() >= _q(move.abs(), 0.9, TEN_DAYS)),
        "correlation_breakdown": corr < _q(corr, 0.5, TEN_DAYS) - 0.4,
        "deleveraging_wave": is_wave & (rv_day >= _q(rv_day, 0.7, SIXTY_DAYS)),
    }


def _polars_price_rules() -> dict[str, pl.Expr]:
    c, size, heat, span, volume = (
        pl.col(name) for name in ("log_close", "size", "heat", "span", "volume")
    )
    usual = BIPOWER * (size * size.shift(1)).shift(1).rolling_mean(DAY, min_samples=DAY // 3).sqrt()
    hot = _q(heat, 0.99, TEN_DAYS)
    mean = c.shift(1).rolling_mean(EIGHT_HOURS, min_samples=EIGHT_HOURS // 3)
    sd = c.shift(1).rolling_std(EIGHT_HOURS, min_samples=EIGHT_HOURS // 3)
    out_day, _ = _beyond(DAY)
    out_slot, width = _beyond(EIGHT_HOURS)
    rising = pl.when(pl.col("body") > 0).then(pl.col("high") / pl.col("close"))
    left = rising.otherwise(pl.col("close") / pl.col("low")).log()
    climax = (volume >= _q(volume, 0.995, TEN_DAYS)) & (span >= _q(span, 0.98, TEN_DAYS))
    return {
        "vol_spike": size >= 4.0 * usual,
        "vol_shock": heat >= hot,
        "band_break": ((c - mean) / sd).abs() > 2.5,
        "range_breakout": out_day & pl.col("busy"),
        "breakout_trigger": out_slot & (width <= _q(width, 0.2, TEN_DAYS)),
        "climax_volume_bar": climax & (left <= 0.25 * span),
    }


def _rv(window: int) -> pl.Expr:
    return (pl.col("r") ** 2).rolling_mean(window, min_samples=window // 3).sqrt()


def _q(x: pl.Expr, p: float, window: int) -> pl.Expr:
    return x.shift(1).rolling_quantile(p, "linear", window, min_samples=window // 3)


def _beyond(window: int) -> tuple[pl.Expr, pl.Expr]:
    """Closes beyond the prior range, and its width."""
    high = pl.col("high").shift(1).rolling_max(window, min_samples=window // 3)
    low = pl.col("low").shift(1).rolling_min(window, min_samples=window // 3)
    return (pl.col("close") > high) | (pl.col("close") < low), (high / low).log()


def by_pandas(frame: Any) -> dict[str, Flags]:
    """The rules with pandas' rolling windows; `frame` is a pandas DataFrame."""
    close = frame["close"]
    r, m = np.log(close / close.shift(1)), np.log(frame["leader"] / frame["leader"].shift(1))
    oi, basis = frame["open_interest"], np.log(close / frame["spot"])
    jump, flush = (basis - basis.shift(1)).abs(), np.log(oi / oi.shift(HOUR))
    wave, move = np.log(oi / oi.shift(DAY)), np.log(close / close.shift(HOUR)).abs()
    corr, rv_day = _roll(m, DAY).corr(r), _mean(r**2, DAY) ** 0.5
    is_flush = flush <= _past(flush, 0.005, TEN_DAYS)
    is_wave = wave <= _past(wave, 0.05, SIXTY_DAYS)
    found = {
        **_pandas_price_rules(frame, r),
        "spot_perp_basis_shock": jump >= _past(jump, 0.995, TEN_DAYS),
        "oi_flush": is_flush & (move >= _past(move, 0.9, TEN_DAYS)),
        "correlation_breakdown": corr < _past(corr, 0.5, TEN_DAYS) - 0.4,
        "deleveraging_wave": is_wave & (rv_day >= _past(rv_day, 0.7, SIXTY_DAYS)),
    }
    return {name: found[name].to_numpy() for name in RULES}


def _pandas_price_rules(frame: Any, r: Any) -> dict[str, Any]:
    close, high, low, volume = (frame[name] for name in ("close", "high", "low", "volume"))
    size, log_close, span = r.abs(), np.log(close), np.log(high / low)
    rv = _mean(r**2, HOUR) ** 0.5
    heat = rv / _roll(rv.shift(1), DAY).median()
    hot = _past(heat, 0.99, TEN_DAYS)
    past = _roll(log_close.shift(1), EIGHT_HOURS)
    out_day, _ = _pandas_beyond(frame, DAY)
    out_slot, width = _pandas_beyond(frame, EIGHT_HOURS)
    body = np.log(close / frame["open"])
    left = np.log(np.where(body > 0, high / close, close / low))
    climax = (volume >= _past(volume, 0.995, TEN_DAYS)) & (span >= _past(span, 0.98, TEN_DAYS))
    return {
        "vol_spike": size >= 4.0 * BIPOWER * _mean((size * size.shift(1)).shift(1), DAY) ** 0.5,
        "vol_shock": heat >= hot,
        "band_break": ((log_close - past.mean()) / past.std()).abs() > 2.5,
        "range_breakout": out_day & (volume >= _past(volume, 0.8, TWO_DAYS)),
        "breakout_trigger": out_slot & (width <= _past(width, 0.2, TEN_DAYS)),
        "climax_volume_bar": climax & (left <= 0.25 * span),
    }


SCORED = ("zscore_stretch", "liquidity_shock", "cross_venue_desync")


def scored_ours(bars: Bars) -> dict[str, Flags]:
    """Rules with a robust z-score by Assay's analyzers, nothing kept from an earlier round."""
    fresh = bars.part(0, len(bars))
    known = {analyzer.name: analyzer for analyzer in catalogue()}
    return {name: known[name].function(fresh, **known[name].parameters).fired for name in SCORED}


def scored_by_pandas(frame: Any) -> dict[str, Flags]:
    """The same with pandas: it has no rolling deviation from the median, so `apply` takes one."""
    close, volume = frame["close"], frame["volume"]
    r, log_close = np.log(close / close.shift(1)), np.log(close)
    thin = volume < 0.5 * _roll(volume.shift(1), DAY).median()
    basis = np.round(np.log(close / frame["spot"]), 12)
    far = (_robust_z(basis, DAY).abs() >= 4.0).astype(float)
    found = {
        "zscore_stretch": _robust_z(log_close - _mean(log_close.shift(1), DAY), TEN_DAYS).abs()
        >= 3,
        "liquidity_shock": (_robust_z(r.abs() / (volume * close), DAY) >= 4.0) & thin,
        "cross_venue_desync": far.rolling(3).sum() == 3,
    }
    return {name: found[name].to_numpy() for name in SCORED}


def _robust_z(x: Any, window: int) -> Any:
    past = _roll(x.shift(1), window)
    spread = 1.4826 * past.apply(_deviation, raw=True)
    return (x - past.median()) / spread


def _deviation(values: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(np.abs(known - np.median(known)))) if known.size else float("nan")


def _roll(x: Any, window: int) -> Any:
    return x.rolling(window, min_periods=window // 3)


def _mean(x: Any, window: int) -> Any:
    return _roll(x, window).mean()


def _past(x: Any, p: float, window: int) -> Any:
    return _roll(x.shift(1), window).quantile(p)


def _pandas_beyond(frame: Any, window: int) -> tuple[Any, Any]:
    high = _roll(frame["high"].shift(1), window).max()
    low = _roll(frame["low"].shift(1), window).min()
    return (frame["close"] > high) | (frame["close"] < low), np.log(high / low)


def agreement(one: dict[str, Flags], other: dict[str, Flags]) -> dict[str, float]:
    """Of the bars at which either fires the share at which both do, by rule; 1 where none fires."""
    shares = {}
    for name, fired in one.items():
        either = int(np.sum(fired | other[name]))
        shares[name] = float(np.sum(fired & other[name]) / either) if either else 1.0
    return shares
