"""What a fill costs in each bar, from what was known at the close before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.time import duration_ms
from tasks.trading.config import Costs

BPS = 1e4
SETTLED_EVERY = "8h"
Reals = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class FillCosts:
    """Shares of the price by which taken fills are worse than the market, per bar.

    Attributes
    ----------
    spread : (n,) float64
        Half the spread, and the impact where it does not depend on what is known of the market.
    impact : (n,) float64
        Impact per root of the value of the fill, in the account's currency.
    """

    spread: Reals
    impact: Reals


def fill_costs(
    bars: pl.DataFrame, features: pl.DataFrame, costs: Costs, in_coins: bool
) -> FillCosts:
    """Costs of the fills in each bar, from volatility and volume at the close of the bar before.

    The square-root law (Almgren 2005; Toth 2011) with the lesser of the last and the usual volume;
    shared statistics.md section 6. Where these are not known, as in the first bars, after a gap or
    in a market without volumes, the impact is `costs.unknown_impact_bps`.

    Parameters
    ----------
    bars, features : pl.DataFrame
        BARS and FEATURES of one market, on the same n rows.
    costs : Costs
    in_coins : bool
        Whether volumes count in base units, as values do in an inverse contract.
    """
    sigma, slow = (features[name].to_numpy() for name in ("sigma", "rv_slow"))
    volume = usual_volume(bars, features, in_coins)
    with np.errstate(divide="ignore", invalid="ignore"):
        agitation = np.fmax(sigma / slow, 1.0)
        impact = costs.impact * sigma / np.sqrt(volume)
    agitation = np.where(np.isfinite(agitation), agitation, 1.0)
    is_known = np.isfinite(impact)
    unknown = np.where(is_known, 0.0, costs.unknown_impact_bps / BPS)
    spread = costs.half_spread_bps / BPS * agitation + unknown
    first = (costs.half_spread_bps + costs.unknown_impact_bps) / BPS
    return FillCosts(_before(spread, first), _before(np.where(is_known, impact, 0.0), 0.0))


def usual_volume(bars: pl.DataFrame, features: pl.DataFrame, in_coins: bool) -> Reals:
    """The lesser of a bar's own volume and the usual one known at its close, NaN where unknown.

    In quote units, or in base units `in_coins`.
    """
    base = bars["volume"].to_numpy()
    quote = bars["quote_volume"].to_numpy()
    own = base if in_coins else np.where(np.isnan(quote), base * bars["close"].to_numpy(), quote)
    ratio = features["volume_ratio"].to_numpy()
    return own / np.fmax(ratio, 1.0)


def settled_rates(
    times: Whole, timeframe: str, funding: pl.DataFrame | None, costs: Costs
) -> tuple[Reals, Reals]:
    """What longs pay for each bar that they hold, and what shorts receive, as shares of the value.

    Settlements after a bar's open and up to its close. Those that the market does not tell, before
    its first and after its last or where there are none, are assumed every eight hours: longs pay,
    and shorts receive nothing.

    Parameters
    ----------
    times : (n,) int64
        Opens of consecutive bars, ms since 1970.
    timeframe : str
    funding : pl.DataFrame or None
        FUNDING of the market.
    costs : Costs

    Returns
    -------
    paid, received : (n,) float64
        Where rates are negative, shorts pay and longs receive them.
    """
    paid, received = np.zeros(len(times)), np.zeros(len(times))
    step = duration_ms(timeframe)
    own = np.empty(0, np.int64)
    if costs.funding == "own" and funding is not None:
        own = funding["time"].dt.epoch("ms").to_numpy()
        for target in (paid, received):
            _settle(target, times, step, own, funding["rate"].to_numpy())
    every = duration_ms(SETTLED_EVERY)
    if len(times):
        stamps = np.arange(-(-times[0] // every), (times[-1] + step) // every + 1) * every
        outside = (stamps < own[0]) | (stamps > own[-1]) if len(own) else np.full(len(stamps), True)
        rate = np.full(int(outside.sum()), costs.assumed_funding_bps / BPS)
        _settle(paid, times, step, stamps[outside], rate)
    return paid, received


def _settle(target: Reals, times: Whole, step: int, stamps: Whole, rates: Reals) -> None:
    """Add each rate to the bar that its stamp lies in, opens excluded and closes included."""
    if not len(times):
        return
    rows = (stamps - times[0] - 1) // step
    inside = (rows >= 0) & (rows < len(times)) & np.isfinite(rates)
    np.add.at(target, rows[inside], rates[inside])


def _before(values: Reals, first: float) -> Reals:
    """Each value at the bar after its own."""
    return np.concatenate([[first], values])[: len(values)]
