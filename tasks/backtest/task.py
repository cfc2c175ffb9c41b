"""Prefect's view of the back-test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from lake.ledger import MarketBars as HeldBars
from lake.ledger import record_opening
from lake.ref import Ref
from lake.schema import (
    BLUEPRINTS,
    COVERAGE,
    EQUITY,
    EVENTS,
    FATES,
    FILLS,
    METRICS,
    SHEET,
    TRADES,
)
from lake.store import Lake, open_lake
from tasks.backtest.config import MetricsConfig
from tasks.backtest.metrics import measure
from tasks.backtest.picture import draw_picture
from tasks.backtest.sheet import Shown, draw_sheet
from tasks.backtest.strategy import Prepared, Traded, prepare
from tasks.backtest.trials import trials_of
from tasks.blueprint.card import write_card
from tasks.blueprint.document import Blueprint
from tasks.blueprint.replay import first_difference
from tasks.blueprint.text import load_blueprint, write_json, write_yaml
from tasks.stage.task import stage
from tasks.trading.tape import MarketBars

FILLED, OPEN = "filled", "open"
# Of each market that is traded: its bars, features, events and funding.
Tables = dict[str, list[Ref]]
TRADING = ("tasks.backtest.strategy", "tasks.blueprint.text")


@stage(makes=BLUEPRINTS, code=["tasks.blueprint.text", "tasks.blueprint.card"])
def take_blueprint(lake: Lake, *, document: str, modules: Sequence[str]) -> pl.DataFrame:
    """Keep the blueprint that is traded beside what came of it."""
    b = load_blueprint(document, modules)
    texts = (write_json(b), write_yaml(b), write_card(b))
    return pl.DataFrame([(b.name, b.hypothesis, *texts)], schema=BLUEPRINTS.columns, orient="row")


@stage(makes=TRADES, code=TRADING)
def trade(
    lake: Lake,
    *,
    blueprint: Ref,
    tables: Tables,
    modules: Sequence[str],
    span: tuple[int | None, int | None],
) -> pl.DataFrame:
    """Trade the blueprint over the span: one row per position."""
    return _open(lake, blueprint, modules, tables).trade(*span).trades


@stage(makes=FILLS, code=TRADING)
def list_fills(
    lake: Lake,
    *,
    blueprint: Ref,
    tables: Tables,
    modules: Sequence[str],
    span: tuple[int | None, int | None],
) -> pl.DataFrame:
    """List the fills of the same positions."""
    return _open(lake, blueprint, modules, tables).trade(*span).fills


@stage(makes=EQUITY, code=TRADING)
def draw_curve(
    lake: Lake,
    *,
    blueprint: Ref,
    tables: Tables,
    modules: Sequence[str],
    span: tuple[int | None, int | None],
) -> pl.DataFrame:
    """Value the same account at every close."""
    prepared = _open(lake, blueprint, modules, tables)
    return prepared.trade(*span, with_curve=True).equity


@stage(makes=FATES, code=TRADING)
def count_fates(
    lake: Lake,
    *,
    blueprint: Ref,
    tables: Tables,
    modules: Sequence[str],
    span: tuple[int | None, int | None],
) -> pl.DataFrame:
    """Count what became of the orders of the same account."""
    prepared = _open(lake, blueprint, modules, tables)
    done = prepared.trade(*span)
    counts = done.n_refused | {FILLED: done.n_filled, OPEN: done.n_open}
    return pl.DataFrame(list(counts.items()), schema=FATES.columns, orient="row").sort(FATES.order)


@stage(makes=TRADES, code=TRADING)
def replay(
    lake: Lake,
    *,
    blueprint: Ref,
    tables: Tables,
    modules: Sequence[str],
) -> pl.DataFrame:
    """Trade the folds of the evidence again."""
    return _open(lake, blueprint, modules, tables).replay()


@stage(makes=METRICS, code=["tasks.backtest.metrics", "tasks.backtest.trials"], libraries=["arch"])
def measure_run(
    lake: Lake,
    *,
    blueprint: Ref,
    trades: Ref,
    equity: Ref,
    modules: Sequence[str],
    config: MetricsConfig,
) -> pl.DataFrame:
    """Measure the account and its positions."""
    document = read_document(lake, blueprint, modules)
    return measure(
        lake.read(equity),
        lake.read(trades),
        capital=document.terms.sizing.capital,
        timeframe=document.timeframe,
        config=config,
        trials=trials_of(document),
    )


@stage(
    makes=SHEET,
    code=["tasks.backtest.sheet", "tasks.backtest.picture"],
    libraries=["jinja2", "markupsafe", "plotly", "matplotlib", "markdown-it-py"],
)
def draw(
    lake: Lake,
    *,
    blueprint: Ref,
    trades: Ref,
    fills: Ref,
    fates: Ref,
    equity: Ref,
    metrics: Ref,
    bars: list[Ref],
    modules: Sequence[str],
    notes: Sequence[str],
) -> pl.DataFrame:
    """Draw the tear sheet, as a page and as a picture."""
    document = read_document(lake, blueprint, modules)
    counts = dict(lake.read(fates).iter_rows())
    eras = [(name, era.start, era.end) for name, era in dict(document.eras).items()]
    shown = Shown(
        name=document.name,
        title=document.hypothesis,
        card=lake.read(blueprint)["card"].item(),
        markets=tuple(ref.market for ref in bars),
        timeframe=document.timeframe,
        trades=lake.read(trades),
        fills=lake.read(fills),
        equity=lake.read(equity),
        metrics=lake.read(metrics),
        eras=eras,
        notes=tuple(notes),
        n_open=counts.pop(OPEN),
        n_refused={fate: n for fate, n in counts.items() if fate != FILLED},
        bars={ref.market: lake.read(ref) for ref in bars},
    )
    drawn = (document.name, draw_sheet(shown), draw_picture(shown))
    return SHEET.conform(pl.DataFrame([drawn], schema=SHEET.columns, orient="row"))


@dataclass(frozen=True)
class Sheet:
    """What a back-test hands to its user.

    Attributes
    ----------
    html, trades_csv : str
    png : bytes
    metrics : list of dict
        Rows of METRICS.
    n_trades, n_bars : int
    """

    html: str
    png: bytes
    trades_csv: str
    metrics: list[dict[str, Any]]
    n_trades: int
    n_bars: int


def read_sheet(uri: str, *, sheet: Ref, metrics: Ref, trades: Ref, bars: Sequence[Ref]) -> Sheet:
    """Read from the lake at `uri` what a back-test made."""
    lake = open_lake(uri)
    drawn, traded = lake.read(sheet).row(0, named=True), lake.read(trades)
    return Sheet(
        html=drawn["html"],
        png=drawn["png"],
        trades_csv=traded.write_csv(),
        metrics=lake.read(metrics).to_dicts(),
        n_trades=traded.height,
        n_bars=sum(ref.n_rows for ref in bars),
    )


def compare_golden(uri: str, blueprint: Blueprint, replayed: Ref) -> str | None:
    """Name the first golden trade that the replay does not reproduce, None where all are."""
    return first_difference(blueprint.golden, open_lake(uri).read(replayed))


def count_in_sample(uri: str, blueprint: Blueprint, trades: Ref) -> int:
    """Trades that were entered in the era in which the rule was found."""
    searched = blueprint.eras.discovery
    inside = pl.col("entry_time").is_between(searched.start, searched.end, closed="left")
    return open_lake(uri).read(trades).filter(inside).height


def other_bars(blueprint: Blueprint, bars: Sequence[Ref]) -> list[str]:
    """Markets whose bars are not those of the blueprint's research."""
    known = {source.table: source.content for source in blueprint.provenance}
    held = {f"{ref.kind}/{ref.market}/{ref.part}": ref for ref in bars}
    return [ref.market for name, ref in held.items() if known.get(name) != ref.content]


def list_obstacles(uri: str, blueprint: Blueprint, coverage: Sequence[Ref]) -> list[str]:
    """Where and why the blueprint's event could not be looked for."""
    lake = open_lake(uri)
    rows = pl.concat([COVERAGE.empty(), *(lake.read(ref) for ref in coverage)])
    stopped = (pl.col("event") == blueprint.event.name) & (pl.col("reason") != "")
    told = rows.filter(stopped).select("market", "event", "reason")
    return [f"{market}: {event} {reason}" for market, event, reason in told.iter_rows()]


def note_opening(
    uri: str, run: str, blueprint: Blueprint, *, bars: Sequence[Ref], source: str
) -> None:
    """Note in the ledger that the sealed era is about to be opened for the blueprint."""
    lake = open_lake(uri)
    spans = {ref.market: lake.read(ref)["time"] for ref in bars}
    held = [
        HeldBars(ref.market, source, ref.content, times[0].date(), times[-1].date())
        for ref in bars
        if len(times := spans[ref.market])
    ]
    record_opening(
        uri,
        run=run,
        bars=held,
        hypothesis=blueprint.hypothesis,
        parameters=blueprint.event.parameters_key,
        start=blueprint.eras.sealed.start,
        end=blueprint.eras.sealed.end,
    )


def read_document(lake: Lake, blueprint: Ref, modules: Sequence[str]) -> Blueprint:
    """The blueprint in a table of BLUEPRINTS with one row; see `take_blueprint`."""
    return load_blueprint(lake.read(blueprint)["document_json"].item(), modules)


def _open(lake: Lake, blueprint: Ref, modules: Sequence[str], tables: Tables) -> Prepared:
    document = read_document(lake, blueprint, modules)
    known = {ref.market: lake.read(ref) for ref in tables["features"]}
    paid = {ref.market: lake.read(ref) for ref in tables["funding"]}
    markets = []
    for ref in tables["bars"]:
        own = [lake.read(e) for e in tables["events"] if e.market == ref.market]
        bars = MarketBars(ref.market, lake.read(ref), known[ref.market], paid.get(ref.market))
        markets.append(Traded(bars, pl.concat([EVENTS.empty(), *own])))
    return prepare(document, markets)
