"""The whole of discovery in memory: the pure functions of the rooms, in the order of the flow."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import polars as pl

from lake.schema import BRIDGED, CONFIRMED, EVENTS, REFITS, STRESSED, TRADES
from lake.time import timeframe_of
from tasks.bridge.evidence import weigh_candidates
from tasks.bridge.ground import MarketTables, lay_ground
from tasks.bridge.stress import stress_candidates
from tasks.bridge.trades import select_candidates, simulate_trades
from tasks.calibrate.world import Procedure
from tasks.discovery.conclusion import conclude
from tasks.discovery.confirmation import choose_findings, confirm
from tasks.discovery.effects import estimate
from tasks.discovery.entries import list_entries
from tasks.discovery.eras import (
    CONFIRMATION,
    DISCOVERY,
    cut_span,
    draw_eras,
    span_of,
    training_of,
)
from tasks.discovery.findings import judge
from tasks.discovery.folds import draw_folds
from tasks.discovery.grid import draw_grid
from tasks.discovery.refits import refit
from tasks.discovery.scrutiny import MarketOutcomes, choose_top, scrutinise
from tasks.discovery.stability import slice_effects
from tasks.events.bars import Bars
from tasks.events.detect import find_events
from tasks.features.table import features_of
from tasks.outcomes.forward import measure
from tasks.promotion.verdicts import Evidence, judge_hypotheses, sufficient_counts

Frames = dict[str, pl.DataFrame]
Outcomes = dict[str, Frames]


@dataclass(frozen=True, eq=False)
class Known:
    """Several markets as discovery meets them.

    Attributes
    ----------
    features, events : dict of str to DataFrame
        FEATURES, and EVENTS of all families, by market.
    outcomes : dict of str to dict of str to DataFrame
        OUTCOMES by market and horizon.
    eras : DataFrame of ERAS
    """

    features: Frames
    events: Frames
    outcomes: Outcomes
    eras: pl.DataFrame

    @cached_property
    def searched(self) -> dict[str, MarketOutcomes]:
        """The discovery era of each market."""
        return self.era(DISCOVERY)

    def era(self, era: str) -> dict[str, MarketOutcomes]:
        """One era of each market, and nothing beyond it."""
        return self.between(*span_of(self.eras, era))

    def between(self, start: int, end: int) -> dict[str, MarketOutcomes]:
        """What lies wholly in a span, ms since 1970, of each market."""
        return {
            market: MarketOutcomes(
                events=cut_span(self.events[market], start, end),
                features=cut_span(self.features[market], start, end),
                outcomes={h: cut_span(o, start, end) for h, o in self.outcomes[market].items()},
            )
            for market in sorted(self.features)
        }


@dataclass(frozen=True, eq=False)
class Discovered:
    """What discovery says of the markets: tables of these kinds."""

    findings: pl.DataFrame
    confirmed: pl.DataFrame
    trades: pl.DataFrame
    bridged: pl.DataFrame
    verdicts: pl.DataFrame


@dataclass(frozen=True, eq=False)
class Traded:
    """What trading the findings brought: tables of these kinds."""

    trades: pl.DataFrame
    stressed: pl.DataFrame
    bridged: pl.DataFrame


def discover_market(
    bars: Frames, context: Frames, funding: Frames, procedure: Procedure
) -> Discovered:
    """Run discovery on clean bars, from features to verdicts.

    Parameters
    ----------
    bars, context, funding : dict of str to DataFrame
        BARS, CONTEXT and FUNDING by market: what the flow has after cleaning.
    procedure : Procedure

    Returns
    -------
    Discovered
        The same as the flow's tables.
    """
    known = observe(bars, context, procedure)
    findings = search(known.searched, known.eras, procedure)
    return follow(bars, funding, known, findings, procedure)


def observe(bars: Frames, context: Frames, procedure: Procedure) -> Known:
    """Find events, features and outcomes, each blind to the others, and draw the eras."""
    markets, horizons = sorted(bars), procedure.outcomes.horizons
    arrays = {m: Bars.of(bars[m], timeframe_of(m), context[m]) for m in markets}
    events = {m: _every_family(arrays[m], m, procedure) for m in markets}
    features = {m: features_of(arrays[m], procedure.features) for m in markets}
    outcomes = {m: {h: measure(bars[m], timeframe_of(m), h) for h in horizons} for m in markets}
    lengths = [timeframe_of(m) for m in markets]
    eras = draw_eras([bars[m] for m in markets], lengths, horizons, procedure.discovery)
    return Known(features, events, outcomes, eras)


def search(
    markets: Mapping[str, MarketOutcomes], eras: pl.DataFrame, procedure: Procedure
) -> pl.DataFrame:
    """Search one era: from entries to the last word; return FINDINGS."""
    config = procedure.discovery
    entries = [list_entries(m, era.events, era.features, config) for m, era in markets.items()]
    grid = draw_grid(entries, procedure.outcomes.horizons)
    effects = estimate_all(markets, procedure)
    judged = judge(effects, grid, config)
    top = choose_top(judged, config)
    scrutiny = scrutinise(top, markets, eras, config)
    return conclude(judged, scrutiny, slice_effects(top, effects, config), config)


def estimate_all(markets: Mapping[str, MarketOutcomes], procedure: Procedure) -> list[pl.DataFrame]:
    """EFFECTS of each market."""
    return [
        estimate(m, era.events, era.features, era.outcomes, procedure.discovery)
        for m, era in markets.items()
    ]


def follow(
    bars: Frames, funding: Frames, known: Known, findings: pl.DataFrame, procedure: Procedure
) -> Discovered:
    """Confirm, trade and promote what was found."""
    confirmed = confirm_all(known, findings, procedure)
    candidates = select_candidates(findings)
    traded = Traded(TRADES.empty(), STRESSED.empty(), BRIDGED.empty())
    if candidates.height:
        markets = [_tables(m, bars, funding, known, candidates) for m in sorted(bars)]
        traded = trade_all(markets, known, candidates, procedure)
    wanted = sufficient_counts(procedure.discovery)
    evidence = Evidence(findings, traded.bridged, traded.stressed, traded.trades)
    verdicts = judge_hypotheses(evidence, wanted, procedure.promotion)
    return Discovered(findings, confirmed, traded.trades, traded.bridged, verdicts)


def trade_all(
    markets: list[MarketTables], known: Known, candidates: pl.DataFrame, procedure: Procedure
) -> Traded:
    """Walk forward, trade each fold, stress and weigh."""
    config = procedure.bridge
    folds = draw_folds(known.eras, procedure.discovery)
    refits = refit_all(known, candidates, folds, procedure)
    ground = lay_ground(markets, folds, config.terms)
    trades = simulate_trades(candidates, ground, config.terms)
    stressed = stress_candidates(candidates, refits, ground, config)
    return Traded(trades, stressed, weigh_candidates(candidates, refits, trades, stressed, config))


def refit_all(
    known: Known, candidates: pl.DataFrame, folds: pl.DataFrame, procedure: Procedure
) -> pl.DataFrame:
    """Estimate the findings anew before each fold; return REFITS."""
    found = choose_findings(candidates)
    names, parts = set(found["event"]), [REFITS.empty()]
    for fold in folds["fold"]:
        start, end = training_of(folds, fold)
        trained = {m: _only(era, names) for m, era in known.between(start, end).items()}
        effects = estimate_all(trained, procedure)
        parts.append(refit(found, fold, effects, procedure.discovery))
    return pl.concat(parts).sort(REFITS.order)


def confirm_all(known: Known, findings: pl.DataFrame, procedure: Procedure) -> pl.DataFrame:
    """Estimate the findings in the confirmation era; return CONFIRMED."""
    found = choose_findings(findings)
    if found.is_empty():
        return CONFIRMED.empty()
    later = {m: _only(era, set(found["event"])) for m, era in known.era(CONFIRMATION).items()}
    return confirm(found, estimate_all(later, procedure), procedure.discovery)


def _every_family(arrays: Bars, market: str, procedure: Procedure) -> pl.DataFrame:
    config = procedure.events
    found = [find_events(arrays, market, family, config.only(family)) for family in config.chosen()]
    return pl.concat([EVENTS.empty(), *found])


def _only(era: MarketOutcomes, names: Collection[str]) -> MarketOutcomes:
    return replace(era, events=era.events.filter(pl.col("event").is_in(sorted(names))))


def _tables(
    market: str, bars: Frames, funding: Frames, known: Known, candidates: pl.DataFrame
) -> MarketTables:
    families = candidates["family"].unique().sort().to_list()
    events = known.events[market].filter(pl.col("family").is_in(families))
    features, paid = known.features[market], funding.get(market)
    return MarketTables(market, events, features, bars[market], paid)
