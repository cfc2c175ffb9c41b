"""A blueprint on bars: its signals through the engine, over a span or over its golden folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from lake.errors import ConfigError
from lake.schema import TRADES
from lake.time import timeframe_of
from tasks.blueprint.document import Blueprint
from tasks.trading.signals import choose_signals, meet_condition
from tasks.trading.simulation import Simulated, simulate
from tasks.trading.tape import LaidTape, MarketBars, lay_tape


@dataclass(frozen=True)
class Traded:
    """What a back-test reads of one market.

    Attributes
    ----------
    bars : MarketBars
        Bars, features and funding.
    events : pl.DataFrame
        EVENTS of the blueprint's family.
    """

    bars: MarketBars
    events: pl.DataFrame


@dataclass(frozen=True)
class Prepared:
    """A blueprint's bars and signals: what every simulation of it starts from."""

    blueprint: Blueprint
    laid: LaidTape
    signals: dict[str, pl.DataFrame]

    def trade(self, start: int | None, end: int | None, *, with_curve: bool = False) -> Simulated:
        """Trade a span (ms since 1970; None: all bars), as one account."""
        b = self.blueprint
        return simulate(
            self.laid,
            self.signals,
            b.horizon,
            b.terms,
            name=b.name,
            start=start,
            end=end,
            with_curve=with_curve,
        )

    def replay(self) -> pl.DataFrame:
        """TRADES of the folds that the evidence counts, each an account of its own."""
        b = self.blueprint
        folds = [
            simulate(
                self.laid,
                self.signals,
                b.horizon,
                b.terms,
                name=b.hypothesis,
                fold=fold.fold,
                start=round(fold.start.timestamp() * 1000),
                end=round(fold.end.timestamp() * 1000),
                whole=True,
            ).trades
            for fold in b.evidence.folds
            if fold.selected
        ]
        return pl.concat([TRADES.empty(), *folds]).sort(TRADES.order)


def prepare(blueprint: Blueprint, markets: Sequence[Traded]) -> Prepared:
    """Lay the markets' bars and choose the signals.

    Parameters
    ----------
    blueprint : Blueprint
    markets : sequence of Traded
        At least one, of the blueprint's timeframe.

    Raises
    ------
    ConfigError
        When there is no market, or one of another timeframe.
    """
    ordered = sorted(markets, key=lambda market: market.bars.market)
    names = [market.bars.market for market in ordered]
    if not names or {timeframe_of(name) for name in names} != {blueprint.timeframe}:
        raise ConfigError(
            f"bars of {', '.join(names) or 'no market'}",
            f"markets of the blueprint's timeframe, {blueprint.timeframe}",
            f"give bars of that timeframe, with --timeframe {blueprint.timeframe}",
        )
    costs, sizing = blueprint.terms.costs, blueprint.terms.sizing
    laid = lay_tape([market.bars for market in ordered], costs, sizing)
    return Prepared(blueprint, laid, {m.bars.market: _signals(blueprint, m) for m in ordered})


def _signals(blueprint: Blueprint, market: Traded) -> pl.DataFrame:
    features = market.bars.features
    follow = 1 if blueprint.rule == "follow" else -1
    signals = choose_signals(market.events, features, blueprint.event.name, "all", follow)
    for condition in blueprint.conditions:
        signals = meet_condition(signals, features, f"{condition.label}={condition.value}")
    return signals
