"""What trading costs in the last slot, by the code of the back-test on the last bars alone.

Features remember so many bars and no more, and of these alone they are the same to the last bit.
"""

from __future__ import annotations

import polars as pl

from tasks.events.bars import Bars
from tasks.features.config import FeaturesConfig
from tasks.features.table import features_of, warm_up
from tasks.live.tail import Tail
from tasks.trading.config import Terms
from tasks.trading.tape import LaidTape, MarketBars, lay_tape


def enough(config: FeaturesConfig, timeframe: str) -> int:
    """Slots on which the last one's costs depend: those of the features of the one before."""
    return warm_up(_that_cost(config), timeframe) + 2


def lay_tail(
    market: str,
    timeframe: str,
    tail: Tail,
    config: FeaturesConfig,
    funding: pl.DataFrame | None,
    terms: Terms,
) -> LaidTape:
    """Lay the tail as `lay_tape` lays all bars: its last column is the same.

    Parameters
    ----------
    market, timeframe : str
    tail : Tail
        At least `enough` slots, or all that there are.
    config : FeaturesConfig
    funding : pl.DataFrame or None
        FUNDING of the market.
    terms : Terms
    """
    bars = tail.bars()
    features = features_of(Bars.of(bars, timeframe), _that_cost(config))
    known = MarketBars(market, bars, features, funding)
    return lay_tape([known], terms.costs, terms.sizing)


def _that_cost(config: FeaturesConfig) -> FeaturesConfig:
    """Without the regime's long history: no cost depends on it."""
    return config.model_copy(update={"regime_history": config.slow})
