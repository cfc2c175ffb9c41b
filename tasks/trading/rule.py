"""The terms as the engine reads them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lake.time import n_bars
from tasks.kernels.fills import Rule
from tasks.trading.config import Exits, Terms

BPS = 1e4
FINENESS = 36
BREAKERS = ("day_loss", "week_loss", "drawdown")


def write_rule(terms: Terms, timeframe: str) -> Rule:
    """The terms as the engine reads them."""
    exits, limits, costs, sizing = terms.exits, terms.limits, terms.costs, terms.sizing
    return Rule(
        stop=_limit(exits.stop),
        trail=_limit(exits.trail),
        targets=_targets(exits),
        stop_to_entry=exits.stop_to_entry,
        leaves_at_close=exits.time_at == "close",
        taker=costs.taker_fee_bps / BPS,
        maker=costs.maker_fee_bps / BPS,
        multiple=costs.multiple,
        per_market=limits.per_market,
        max_open=limits.max_open,
        max_gross=_limit(limits.max_gross),
        cooldown=_n_bars(limits.cooldown, timeframe),
        lockout=_n_bars(limits.lockout, timeframe),
        capital=sizing.capital,
        quantum=2.0 ** (np.floor(np.log2(sizing.capital)) - FINENESS),
        compounds=sizing.method != "fixed_notional",
        inverse=sizing.contract == "inverse",
        trail_from=exits.trail_from or 0.0,
        max_notional=_limit(sizing.max_notional),
        per_day=n_bars("1d", timeframe),
        loss_streak=limits.loss_streak or 0,
        **{name: _limit(getattr(limits, name)) for name in BREAKERS},
    )


def _targets(exits: Exits) -> NDArray[np.float64]:
    pairs = [(target.at, target.share) for target in exits.targets]
    return np.array(pairs, np.float64).reshape(-1, 2).T.copy()


def _n_bars(duration: str | None, timeframe: str) -> int:
    return n_bars(duration, timeframe) if duration else 0


def _limit(value: float | None) -> float:
    return np.inf if value is None else value
