"""Simulated markets whose truth is known, cleaned and joined as the user's own are."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from lake.time import market_name
from tasks.calibrate.world import Procedure, World
from tasks.clean.config import CleanConfig
from tasks.clean.context import Companions, lay_beside
from tasks.clean.funding import settle_funding
from tasks.clean.grid import lay_on_grid
from tasks.clean.interest import gauge_interest
from tasks.clean.rejects import find_rejects
from tasks.ingest.config import DEMO_LEADER, LEADER, DemoConfig, IngestConfig
from tasks.ingest.demo import draw_bars, survey
from tasks.ingest.demo_beside import draw_beside, survey_beside
from tasks.ingest.demo_market import Market, simulate

Frames = dict[str, pl.DataFrame]


@dataclass(frozen=True, eq=False)
class Simulation:
    """The markets of a world.

    Attributes
    ----------
    bars, context, funding : dict of str to DataFrame
        BARS, CONTEXT and FUNDING, by market; the last of those that have any.
    drawn : dict of str to Market
        What was simulated, dirt aside, with the drift that was planted.
    """

    bars: Frames
    context: Frames
    funding: Frames
    drawn: dict[str, Market]


def plant(demo: DemoConfig, world: World) -> DemoConfig:
    """Return the market's description with the world's seed and its one effect, if any."""
    size = {"effect_bps": world.effect_bps, "horizon": world.horizon}
    return demo.model_copy(
        update={
            "seed": world.seed,
            "spike": demo.spike.model_copy(update=size),
            "thin_move": demo.thin_move.model_copy(update={"effect_bps": 0.0}),
        }
    )


def simulate_world(procedure: Procedure, world: World) -> Simulation:
    """Simulate, clean and join the markets of a world.

    Each market is drawn once; what lies beside its bars is drawn from it.

    Parameters
    ----------
    procedure : Procedure
        Which symbols, how many days, what lies beside them, and how they are cleaned.
    world : World
        Null or planted.

    Returns
    -------
    Simulation
    """
    ingest = procedure.ingest
    demo = plant(ingest.demo, world)
    return simulate_markets(ingest.model_copy(update={"demo": demo}), procedure)


def simulate_markets(ingest: IngestConfig, procedure: Procedure) -> Simulation:
    """Draw the markets of `ingest`, clean and join them as the flows do theirs."""
    snapshots = sorted(survey(ingest), key=lambda snapshot: snapshot.market)
    drawn = {s.symbol: simulate(ingest.demo, s.symbol, s.timeframe) for s in snapshots}
    bars = {
        s.market: _clean(draw_bars(ingest.demo, s, drawn[s.symbol]), s.market, procedure.clean)
        for s in snapshots
    }
    beside: dict[str, Frames] = {market: {} for market in bars}
    for s in survey_beside(ingest, snapshots):
        symbol = s.bars_of or s.symbol
        if symbol not in drawn:
            drawn[symbol] = simulate(ingest.demo, symbol, s.timeframe)
        beside[s.market][s.data] = draw_beside(ingest.demo, s, drawn[symbol])
    funding = {m: settle_funding(b["funding"]) for m, b in beside.items() if "funding" in b}
    context = {m: _join(m, bars, beside[m], ingest, procedure) for m in bars}
    return Simulation(bars, context, funding, {s.market: drawn[s.symbol] for s in snapshots})


def _clean(raw: pl.DataFrame, market: str, config: CleanConfig) -> pl.DataFrame:
    return lay_on_grid(raw, find_rejects(raw, market, config), market, config)


def _join(
    market: str, bars: Frames, beside: Frames, ingest: IngestConfig, procedure: Procedure
) -> pl.DataFrame:
    given: Frames = {
        name: _clean(beside[name], market, procedure.clean)
        for name in ("spot", "mark", "leader")
        if name in beside
    }
    lengths = dict.fromkeys(given, str(ingest.timeframe))
    leader = _leader(ingest)
    if "leader" in ingest.beside and leader in bars and leader != market:
        given["leader"] = bars[leader]
    if "funding" in beside:
        given["funding"] = settle_funding(beside["funding"])
    if "interest" in beside:
        given["interest"] = gauge_interest(beside["interest"])
    companions = Companions(
        **given, timeframes=lengths, fees=procedure.fees, releases=procedure.releases
    )
    return lay_beside(bars[market], market, companions, procedure.clean)


def _leader(ingest: IngestConfig) -> str:
    symbol = DEMO_LEADER if ingest.leader == LEADER else ingest.leader
    return market_name(symbol, ingest.timeframe)
