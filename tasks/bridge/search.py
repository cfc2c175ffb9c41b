"""What a search over many strategies leaves of their profits: all of them, day by day, at once.

Source: shared statistics.md section 3.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.schema import SEARCH
from tasks.bridge.config import BridgeConfig
from tasks.bridge.daily import Daily, daily_net
from tasks.bridge.sharpe import (
    best_of_chance,
    least_track,
    probability_above,
    sharpe_ratios,
    track_of,
    varies,
)
from tasks.bridge.snooping import overfit_probability, superior_to_nothing

CANDIDATES, PROMOTED = "candidates", "promoted"


@dataclass(frozen=True)
class Trials:
    """What was tried before these strategies were chosen.

    Attributes
    ----------
    n : int
        Hypotheses that were asked.
    n_effective : float
        Independent trials that these amount to, NaN where it is not known.
    variance : float
        Of the daily Sharpe ratios of trials.
    """

    n: int
    n_effective: float
    variance: float


def search_statistics(
    trades: pl.DataFrame,
    eras: pl.DataFrame,
    n_trials: int,
    n_effective: float | None,
    config: BridgeConfig,
    promoted: Collection[str] | None = None,
) -> pl.DataFrame:
    """Return SEARCH: a row for all candidates, and one for the promoted where they are known.

    What cannot be computed is missing, and the row says why.

    Parameters
    ----------
    trades : pl.DataFrame
        TRADES of all candidates in the folds that they were selected for.
    eras : pl.DataFrame
        ERAS.
    n_trials : int
        Hypotheses that were ever asked of these bars.
    n_effective : float or None
        Independent trials that these amount to, where that is known.
    config : BridgeConfig
        How the bootstrap is drawn and how the days are split.
    promoted : collection of str, optional
        Hypotheses that passed every gate.

    Raises
    ------
    SchemaError
        When ERAS has no confirmation era, or a trade ends outside it.
    """
    daily = daily_net(trades, eras)
    effective = np.nan if n_effective is None else n_effective
    tried = Trials(n_trials, effective, variance_of_trials(daily.net))
    rows = [_describe(CANDIDATES, daily, tried, config)]
    if not rows[0]["reason"]:
        rows[0] |= compare(daily, config)
    if promoted is not None:
        chosen = daily.only(np.array([name in promoted for name in daily.names], dtype=np.bool_))
        rows.append(_describe(PROMOTED, chosen, tried, config))
    return pl.DataFrame(rows, schema=SEARCH.columns)


def variance_of_trials(net: NDArray[np.float64]) -> float:
    """Variance of the daily Sharpe ratios over the strategies, not below that of pure chance.

    A few strategies that resemble each other say little of how far apart trials lie; the ratios
    of n days without any skill have a variance of 1 / (n - 1).
    """
    n_days = len(net)
    if n_days < 2:
        return np.nan
    moving = net[:, varies(net)]
    spread = float(np.var(sharpe_ratios(moving), ddof=1)) if moving.shape[1] > 1 else 0.0
    return max(spread, 1 / (n_days - 1))


def compare(daily: Daily, config: BridgeConfig) -> dict[str, Any]:
    """Ask of all at once: is the best better than nothing, which are, was the choice luck."""
    moving = daily.only(varies(daily.net))
    p, superior = superior_to_nothing(moving.net, config)
    several = len(moving.names) > 1
    return {
        "p_spa": p,
        "n_superior": len(superior),
        "superior": [moving.names[k] for k in superior],
        "pbo": overfit_probability(moving.net, config.overfit_blocks) if several else np.nan,
        "reason": "" if several else "pbo: one candidate leaves no choice",
    }


def _describe(name: str, daily: Daily, tried: Trials, config: BridgeConfig) -> dict[str, Any]:
    """The portfolio's own numbers; everything else is missing."""
    row: dict[str, Any] = {
        n: np.nan if d == pl.Float64 else None for n, d in SEARCH.columns.items()
    }
    row |= {
        "portfolio": name,
        "n_days": len(daily.net),
        "n_strategies": len(daily.names),
        "n_trades": int(daily.n_trades.sum()),
        "n_trials": tried.n,
        "n_effective": tried.n_effective,
        "reason": _why_not(daily, config),
    }
    return row if row["reason"] else row | _deflate(daily.portfolio, tried, config)


def _why_not(daily: Daily, config: BridgeConfig) -> str:
    """What stands against any statistics, or nothing."""
    wanted = 2 * config.overfit_blocks
    if not daily.names:
        return "nothing traded"
    if not np.all(np.isfinite(daily.net)):
        return "net results that are not finite"
    if len(daily.net) < wanted:
        return f"{len(daily.net)} days: at least {wanted} wanted"
    return "" if varies(daily.portfolio) else "net results that do not vary"


def _deflate(net: NDArray[np.float64], tried: Trials, config: BridgeConfig) -> dict[str, float]:
    track = track_of(net)
    hurdle = best_of_chance(tried.variance, tried.n)
    lower = best_of_chance(tried.variance, tried.n_effective)
    least = least_track(track, hurdle, 1 - config.search_level)
    return {
        "mean_bps": float(np.mean(net)),
        "sd_bps": float(np.std(net, ddof=1)),
        "sharpe": track.sharpe,
        "skew": track.skew,
        "kurtosis": track.kurtosis,
        "hurdle": hurdle,
        "psr": probability_above(track, 0.0),
        "dsr": probability_above(track, hurdle),
        "dsr_effective": probability_above(track, lower),
        "least_days": least if np.isfinite(least) else np.nan,
    }
