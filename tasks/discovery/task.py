"""Discovery as Prefect sees it.

All but `confirm` and `refit` open the discovery era and no other; `refit` opens for each fold what
lies before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from lake import ledger
from lake.chain import read_chain
from lake.keys import sha256
from lake.ref import Ref
from lake.schema import (
    CONFIRMED,
    EFFECTS,
    ENTRIES,
    ERAS,
    EVENT_PATHS,
    FINDINGS,
    FOLDS,
    GRID,
    JUDGEMENT,
    LEDGER,
    REFITS,
    SCRUTINY,
    STABILITY,
)
from lake.store import Lake, open_lake
from lake.time import timeframe_of
from tasks.discovery import conclusion, confirmation, findings, judgement, paths, refits
from tasks.discovery import entries as entry_lists
from tasks.discovery import eras as spans
from tasks.discovery import folds as walk
from tasks.discovery import grid as grids
from tasks.discovery import scrutiny as looks
from tasks.discovery import stability as slices
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.eras import CONFIRMATION, DISCOVERY, Training, Window
from tasks.discovery.windows import estimate_found, estimate_market, every_event, of_market
from tasks.stage.task import stage


@stage(makes=ERAS, code=["tasks.discovery.eras"])
def draw_eras(
    lake: Lake, *, bars: list[Ref], horizons: Sequence[str], config: DiscoveryConfig
) -> pl.DataFrame:
    """Split the span of all markets into discovery, confirmation and a sealed end."""
    timeframes = [timeframe_of(ref.market) for ref in bars]
    return spans.draw_eras([lake.read(ref) for ref in bars], timeframes, horizons, config)


@stage(makes=ENTRIES, code=[__name__])
def list_entries(
    lake: Lake, *, market: str, events: list[Ref], features: Ref, eras: Ref, config: DiscoveryConfig
) -> pl.DataFrame:
    """List where each event of a market would be entered, without what followed."""
    window = Window(lake, eras, DISCOVERY)
    return entry_lists.list_entries(
        market, every_event(window, events), window.read(features), config
    )


@stage(makes=GRID, code=["tasks.discovery.grid"])
def draw_grid(lake: Lake, *, entries: list[Ref], horizons: Sequence[str]) -> pl.DataFrame:
    """Write down every hypothesis, before any outcome is read."""
    return grids.draw_grid([lake.read(ref) for ref in entries], horizons)


@stage(makes=LEDGER, code=[__name__])
def list_earlier(
    lake: Lake, *, bars: list[Ref], grid: Ref, source: str, settings: str, state: str
) -> pl.DataFrame:
    """List what earlier runs asked of these bars; `state` is the ledger's, so that it is keyed."""
    return ledger.earlier(lake.uri, _bars_of(lake, bars, source), _asked_as(grid, settings))


@stage(makes=EFFECTS, code=[__name__])
def estimate(
    lake: Lake,
    *,
    market: str,
    events: list[Ref],
    features: Ref,
    outcomes: list[Ref],
    eras: Ref,
    config: DiscoveryConfig,
) -> pl.DataFrame:
    """Sum what followed the events of a market, block by block."""
    window = Window(lake, eras, DISCOVERY)
    return estimate_market(window, market, events, features, outcomes, config)


@stage(makes=EVENT_PATHS, code=[__name__])
def trace(
    lake: Lake, *, market: str, bars: Ref, events: list[Ref], eras: Ref, config: DiscoveryConfig
) -> pl.DataFrame:
    """Trace the mean path of price around every event of the market."""
    window = Window(lake, eras, DISCOVERY)
    return paths.trace(market, window.read(bars), every_event(window, events), config)


@stage(makes=FINDINGS, code=["tasks.discovery.findings"])
def judge(
    lake: Lake,
    *,
    part: str,
    effects: list[Ref],
    grid: Ref,
    earlier: list[Ref],
    config: DiscoveryConfig,
) -> pl.DataFrame:
    """Shrink and test every hypothesis of the run at once."""
    ledger = lake.read(earlier[0]) if earlier else None
    return findings.judge([lake.read(ref) for ref in effects], lake.read(grid), config, ledger)


@stage(makes=SCRUTINY, code=[__name__])
def scrutinise(
    lake: Lake,
    *,
    judged: Ref,
    events: list[Ref],
    features: list[Ref],
    outcomes: list[Ref],
    eras: Ref,
    config: DiscoveryConfig,
) -> pl.DataFrame:
    """Shift the events of those at the top in time, many times."""
    top = looks.choose_top(lake.read(judged), config)
    window = Window(lake, eras, DISCOVERY)
    markets = {
        ref.market: looks.MarketOutcomes(
            events=every_event(window, of_market(events, ref.market), set(top["event"])),
            features=window.read(ref),
            outcomes={o.part: window.read(o) for o in of_market(outcomes, ref.market)},
        )
        for ref in features
    }
    return looks.scrutinise(top, markets, lake.read(eras), config)


@stage(makes=STABILITY, code=["tasks.discovery.stability", "tasks.discovery.scrutiny"])
def slice_effects(
    lake: Lake, *, judged: Ref, effects: list[Ref], config: DiscoveryConfig
) -> pl.DataFrame:
    """Estimate those at the top by half, year, market and regime."""
    top = looks.choose_top(lake.read(judged), config)
    return slices.slice_effects(top, [lake.read(ref) for ref in effects], config)


@stage(makes=FINDINGS, code=["tasks.discovery.conclusion"])
def conclude(
    lake: Lake, *, judged: Ref, scrutiny: Ref, stability: Ref, config: DiscoveryConfig
) -> pl.DataFrame:
    """Pass the last word on each hypothesis."""
    seen = (lake.read(judged), lake.read(scrutiny), lake.read(stability))
    return conclusion.conclude(*seen, config)


@stage(makes=JUDGEMENT, code=["tasks.discovery.judgement"], libraries=["statsmodels"])
def sum_up(
    lake: Lake,
    *,
    findings: Ref,
    grid: Ref,
    effects: list[Ref],
    history: dict[str, int],
    config: DiscoveryConfig,
) -> pl.DataFrame:
    """Count what was asked, and check the p-values as a whole."""
    known = (lake.read(findings), lake.read(grid), [lake.read(ref) for ref in effects])
    return judgement.sum_up(*known, history, config)


@stage(makes=CONFIRMED, code=[__name__])
def confirm(
    lake: Lake,
    *,
    findings: Ref,
    events: list[Ref],
    features: list[Ref],
    outcomes: list[Ref],
    eras: Ref,
    config: DiscoveryConfig,
) -> pl.DataFrame:
    """Estimate the findings anew in the confirmation era; nothing is opened where there is none."""
    found = confirmation.choose_findings(lake.read(findings))
    window = Window(lake, eras, CONFIRMATION)
    effects = estimate_found(window, found, events, features, outcomes, config)
    return confirmation.confirm(found, effects, config)


@stage(makes=FOLDS, code=["tasks.discovery.folds"])
def draw_folds(lake: Lake, *, eras: Ref, config: DiscoveryConfig) -> pl.DataFrame:
    """Cut the confirmation era into test folds."""
    return walk.draw_folds(lake.read(eras), config)


@stage(makes=REFITS, code=[__name__])
def refit(
    lake: Lake,
    *,
    findings: Ref,
    folds: Ref,
    events: list[Ref],
    features: list[Ref],
    outcomes: list[Ref],
    config: DiscoveryConfig,
) -> pl.DataFrame:
    """Estimate the findings anew before each fold; nothing is opened where there is none."""
    found = confirmation.choose_findings(lake.read(findings))
    if found.is_empty():
        return REFITS.empty()
    known = (events, features, outcomes, config)
    rows = [
        refits.refit(found, k, estimate_found(Training(lake, folds, k), found, *known), config)
        for k in lake.read(folds)["fold"]
    ]
    return pl.concat(rows).sort(REFITS.order)


def note_grid(
    uri: str, run: str, *, grid: Ref, bars: Sequence[Ref], eras: Ref, source: str, settings: str
) -> ledger.Noted:
    """Note the hypotheses that are asked in the ledger of the lake at `uri`."""
    lake = open_lake(uri)
    start, end = _span(lake, eras, DISCOVERY)
    return ledger.register(
        uri,
        run=run,
        grid=_asked_as(grid, settings),
        hypotheses=grids.asked(lake.read(grid)).with_columns(
            parameters=pl.col("parameters") + f"-{settings}"
        ),
        bars=_bars_of(lake, bars, source),
        start=start,
        end=end,
        settings=settings,
    )


def ledger_state(uri: str) -> str:
    """What the ledger of the lake at `uri` holds, as one hash."""
    return sha256("".join(link.digest for link in read_chain(open_lake(uri))).encode())


def note_tests(uri: str, run: str, *, entry: str, findings: Ref) -> None:
    """Note what came of them."""
    ledger.record_tests(uri, run=run, entry=entry, tests=open_lake(uri).read(findings))


def note_look(uri: str, run: str, *, entry: str, findings: Ref, eras: Ref) -> None:
    """Note that the confirmation era is about to be opened for the findings."""
    lake = open_lake(uri)
    found = confirmation.choose_findings(lake.read(findings))
    start, end = _span(lake, eras, CONFIRMATION)
    ledger.record_look(uri, run=run, entry=entry, hypotheses=found, start=start, end=end)


def count_history(
    uri: str, *, grid: Ref, bars: Sequence[Ref], eras: Ref, source: str, settings: str
) -> dict[str, int]:
    """How much was ever asked of these bars, and how often their proof was opened."""
    lake = open_lake(uri)
    held = _bars_of(lake, bars, source)
    asked = grids.asked(lake.read(grid))
    before = ledger.earlier(uri, held, _asked_as(grid, settings))
    others = before.join(asked, on="hypothesis", how="anti")
    looks = ledger.count_looks(uri, held, *_span(lake, eras, CONFIRMATION))
    told = {"n_looks": looks.n_looks, "n_looked_at": looks.n_hypotheses}
    return told | {"n_ever_asked": asked.height + others.height}


def _asked_as(grid: Ref, settings: str) -> str:
    """The grid's name in the ledger: asked under other settings it is another."""
    return sha256(f"{grid.content} {settings}".encode())


def _span(lake: Lake, eras: Ref, era: str) -> tuple[datetime, datetime]:
    row = lake.read(eras).filter(pl.col("era") == era)
    return row["start"].item(), row["end"].item()


def _bars_of(lake: Lake, bars: Sequence[Ref], source: str) -> list[ledger.MarketBars]:
    spans = [lake.read(ref)["time"] for ref in bars]
    return [
        ledger.MarketBars(ref.market, source, ref.content, times[0].date(), times[-1].date())
        for ref, times in zip(bars, spans, strict=True)
        if len(times)
    ]
