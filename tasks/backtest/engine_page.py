"""The tear sheet of an engine as a stage, and what its user reads of the lake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from lake.ref import Ref
from lake.schema import SHEET
from lake.store import Lake, open_lake
from lake.time import timeframe_of
from tasks.backtest.decided import listen
from tasks.backtest.engine_card import title_of, write_engine_card
from tasks.backtest.engine_config import EngineTrading
from tasks.backtest.engine_figures import (
    Gist,
    Timing,
    gist_of,
    list_members,
    list_timings,
    quickest,
)
from tasks.backtest.engine_member import Member, compare_best
from tasks.backtest.engine_notes import list_notes, tell_refused
from tasks.backtest.engine_sheet import ShownEngine
from tasks.backtest.engine_task import FILLED, OPEN
from tasks.backtest.picture import draw_picture
from tasks.backtest.sheet import Shown, draw_sheet
from tasks.backtest.structure_picture import draw_scene
from tasks.backtest.structure_seen import choose_rows, set_scene
from tasks.engines.config import EnginesConfig
from tasks.engines.macro import Published, read_series
from tasks.stage.task import stage

N_TIMES = 3


@stage(
    makes=SHEET,
    code=["tasks.backtest.sheet", "tasks.backtest.picture", "tasks.backtest.engine_card"],
    libraries=["jinja2", "markupsafe", "plotly", "matplotlib", "markdown-it-py"],
    name="draw",
)
def draw_engine(
    lake: Lake,
    *,
    part: str,
    trades: Ref,
    fills: Ref,
    fates: Ref,
    equity: Ref,
    metrics: Ref,
    log: Ref,
    pictures: list[Ref],
    bars: list[Ref],
    config: EnginesConfig,
    trading: EngineTrading,
    members: Sequence[Member],
    notes: Sequence[str],
) -> pl.DataFrame:
    """Draw the tear sheet of the engine `part`, as a page and as a picture."""
    counts = dict(lake.read(fates).iter_rows())
    drawn = {ref.market: lake.read(ref)["png"].item() for ref in pictures}
    shown = Shown(
        name=f"{part}-{timeframe_of(bars[0].market)}",
        title=title_of(part),
        card=write_engine_card(part, config, trading),
        markets=tuple(ref.market for ref in bars),
        timeframe=timeframe_of(bars[0].market),
        trades=lake.read(trades),
        fills=lake.read(fills),
        equity=lake.read(equity),
        metrics=lake.read(metrics),
        notes=tuple(notes),
        n_open=counts.pop(OPEN),
        n_refused={fate: n for fate, n in counts.items() if fate != FILLED},
        bars={ref.market: lake.read(ref) for ref in bars},
        engine=ShownEngine(members, compare_best(members), lake.read(log), drawn),
    )
    sheet = (shown.name, draw_sheet(shown), draw_picture(shown))
    return SHEET.conform(pl.DataFrame([sheet], schema=SHEET.columns, orient="row"))


@stage(
    makes=SHEET,
    code=["tasks.backtest.structure_picture", "tasks.backtest.structure_seen"],
    libraries=["matplotlib"],
)
def draw_structure(
    lake: Lake,
    *,
    market: str,
    part: str,
    bars: Ref,
    zones: Ref,
    log: Ref,
    trades: Ref,
    config: EnginesConfig,
    n_bars: int,
    end: int | None,
    where: Sequence[str] = (),
) -> pl.DataFrame:
    """Draw the last bars of a market with what the engine `part` saw and did."""
    macro = read_series(config.macro, where)
    told = listen(market, part, lake.read(bars), config, macro)
    done = lake.read(log)
    decided = done.filter(pl.col("market") == market)["time"].dt.epoch("ms").to_numpy()
    times = told.slots.times
    rows = choose_rows(times, n_bars, end, np.searchsorted(times, decided))
    scene = set_scene(told, lake.read(zones), done, lake.read(trades), rows)
    drawn = (market, "", draw_scene(scene))
    return SHEET.conform(pl.DataFrame([drawn], schema=SHEET.columns, orient="row"))


@dataclass(frozen=True)
class Heard:
    """What the desks of all markets said, heard once more and measured meanwhile.

    Attributes
    ----------
    members : list of Member
    notes : list of str
        Where an engine could not be heard; the same each time.
    timings : list of Timing
        Of this time, which no other will repeat.
    """

    members: list[Member]
    notes: list[str]
    timings: list[Timing]


def hear_again(
    uri: str,
    *,
    engine: str,
    bars: Sequence[Ref],
    metrics: Mapping[str, Ref],
    fates: Mapping[str, Ref],
    config: EnginesConfig,
    where: Sequence[str],
) -> Heard:
    """Run every market's desk again in this process: once to be warm, then by the clock.

    Of three times the least counts: what else a machine does only adds.

    Parameters
    ----------
    uri : str
        Of the lake.
    engine : str
    bars : sequence of Ref
        BARS of each market.
    metrics : mapping of str to Ref
        METRICS of the accounts, by engine.
    fates : mapping of str to Ref
        FATES of the accounts, by engine.
    config, where
        As the stages were given them.
    """
    lake, macro = open_lake(uri), read_series(config.macro, where)
    gists: list[Gist] = []
    notes: list[str] = []
    for ref in bars:
        gist, said = _time(ref.market, engine, lake.read(ref), config, macro)
        gists.append(gist)
        notes += said
    known = {name: lake.read(ref) for name, ref in metrics.items()}
    counts = {name: dict(lake.read(ref).iter_rows()) for name, ref in fates.items()}
    notes += [note for name, own in counts.items() for note in tell_refused(name, own)]
    return Heard(list_members(gists, known), notes, list_timings(gists))


def _time(
    market: str, engine: str, bars: pl.DataFrame, config: EnginesConfig, macro: list[Published]
) -> tuple[Gist, list[str]]:
    listen(market, engine, bars.head(1), config, macro)
    told = listen(market, engine, bars, config, macro)
    gist, notes = gist_of(told), list_notes(told)
    del told  # years of short bars are large, and another desk's come next
    again = [gist_of(listen(market, engine, bars, config, macro)) for _ in range(N_TIMES - 1)]
    return quickest([gist, *again]), notes


@dataclass(frozen=True)
class Page:
    """What an engine's back-test hands to its user.

    Attributes
    ----------
    html, trades_csv, decisions_csv : str
    png : bytes
    charts : dict of str to bytes
        By market, PNG.
    metrics : list of dict
        Rows of METRICS.
    n_trades, n_decisions, n_bars : int
    """

    html: str
    png: bytes
    charts: dict[str, bytes]
    trades_csv: str
    decisions_csv: str
    metrics: list[dict[str, Any]]
    n_trades: int
    n_decisions: int
    n_bars: int


def read_page(
    uri: str,
    *,
    sheet: Ref,
    metrics: Ref,
    trades: Ref,
    log: Ref,
    pictures: Sequence[Ref],
    bars: Sequence[Ref],
) -> Page:
    """Read from the lake at `uri` what the back-test of an engine made."""
    lake = open_lake(uri)
    drawn, traded, decided = lake.read(sheet).row(0, named=True), lake.read(trades), lake.read(log)
    return Page(
        html=drawn["html"],
        png=drawn["png"],
        charts={ref.market: lake.read(ref)["png"].item() for ref in pictures},
        trades_csv=traded.write_csv(),
        decisions_csv=decided.write_csv(),
        metrics=lake.read(metrics).to_dicts(),
        n_trades=traded.height,
        n_decisions=decided.height,
        n_bars=sum(ref.n_rows for ref in bars),
    )
