"""The back-test through the lake, as the flow calls it, without Prefect's engine."""

from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from lake.keys import make_key
from lake.ledger import MarketBars, count_looks
from lake.ledger_table import read_ledger
from lake.ref import Ref
from lake.schema import TABLES, TRADES
from lake.store import Lake, open_lake
from lake.verify import verify
from tasks.backtest.config import MetricsConfig
from tasks.backtest.strategy import prepare
from tasks.backtest.task import (
    compare_golden,
    count_fates,
    count_in_sample,
    draw,
    draw_curve,
    list_fills,
    list_obstacles,
    measure_run,
    note_opening,
    other_bars,
    read_document,
    read_sheet,
    replay,
    take_blueprint,
    trade,
)
from tasks.blueprint.document import Source
from tasks.blueprint.text import write_json
from tests.backtest.researched import Research, resealed, researched
from tests.bridge.market import at

TERMS = "with every exit"
ALL = (None, None)


def put(lake: Lake, kind: str, frame: pl.DataFrame, market: str, part: str = "-") -> Ref:
    key = make_key(kind, market, part, code=[], config={}, parents=[], libraries=[])
    return lake.write(key, TABLES[kind].conform(frame), [])


@dataclass(frozen=True)
class Stored:
    """A research in a lake, and the stages that are called on it."""

    uri: str
    research: Research
    tables: dict[str, list[Ref]]
    blueprint: Ref

    @property
    def lake(self) -> Lake:
        return open_lake(self.uri)

    @property
    def known(self) -> dict[str, Any]:
        return {"blueprint": self.blueprint, "modules": (), "tables": self.tables}

    def make(self, task, **more) -> Ref:
        return task.fn(lake=self.uri, **self.known, **more)

    def read(self, task, **more) -> pl.DataFrame:
        return self.lake.read(self.make(task, **more))


def taken(uri: str, blueprint) -> Ref:
    return take_blueprint.fn(lake=uri, document=write_json(blueprint), modules=())


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    """Nothing of it is changed by the tests; the ledger is asked for on lakes of their own."""
    uri = str(tmp_path_factory.mktemp("stored") / "lake")
    lake, research = open_lake(uri), researched(terms=TERMS)
    tables: dict[str, list[Ref]] = {"bars": [], "features": [], "events": [], "funding": []}
    for table in research.markets:
        for name in ("bars", "features"):
            ref = put(lake, name.upper(), getattr(table, name), table.market)
            tables[name].append(ref)
        half = pl.int_range(pl.len()) % 2 == 0
        for part, chosen in (("volatility", half), ("other", ~half)):
            own = table.events.filter(chosen)
            tables["events"].append(put(lake, "EVENTS", own, table.market, part))
    return Stored(uri, research, tables, taken(uri, research.blueprint))


# Trades and what belongs to them.


def test_the_replay_of_the_lake_s_tables_is_golden(stored: Stored) -> None:
    replayed = stored.make(replay)
    assert stored.lake.read(replayed).equals(stored.research.trades)
    assert compare_golden(stored.uri, stored.research.blueprint, replayed) is None


def test_a_replay_that_differs_is_named(stored: Stored) -> None:
    first = pl.int_range(pl.len()) == 0
    moved = stored.research.trades.with_columns(
        net_bps=pl.when(first).then(pl.col("net_bps") + 1e-9).otherwise("net_bps")
    )
    other = put(stored.lake, "TRADES", moved, "all", "moved")
    said = compare_golden(stored.uri, stored.research.blueprint, other)
    assert said is not None
    assert "net_bps" in said
    assert stored.research.trades["market"][0] in said


@pytest.mark.parametrize("hours", [ALL, (350, 800)])
def test_trades_fills_fates_and_equity_are_of_one_account(stored: Stored, hours) -> None:
    span = tuple(None if h is None else round(at(h).timestamp() * 1000) for h in hours)
    made = prepare(stored.research.blueprint, stored.research.traded).trade(*span, with_curve=True)
    trades = stored.read(trade, span=span)
    assert trades.equals(made.trades)
    assert stored.read(list_fills, span=span).equals(made.fills)
    assert stored.read(draw_curve, span=span).equals(made.equity)
    fates = dict(stored.read(count_fates, span=span).iter_rows())
    assert fates["filled"] - fates["open"] == trades.height > 50
    assert sum(n for fate, n in fates.items() if fate != "open") == len(made.orders)
    assert "too many positions" in fates


def test_a_span_is_another_table_and_the_same_span_the_same(stored: Stored) -> None:
    later = round(at(400).timestamp() * 1000)
    whole, part = (stored.make(trade, span=span) for span in (ALL, (later, None)))
    assert whole.key != part.key
    assert stored.make(trade, span=(later, None)) == part


def test_the_name_that_a_blueprint_goes_by_stands_in_its_trades(stored: Stored) -> None:
    name = stored.research.blueprint.name
    assert stored.read(trade, span=ALL)["hypothesis"].unique().to_list() == [name]


@pytest.mark.parametrize("listed", ["first", "last"])
def test_a_listed_trade_that_was_altered_is_named_though_the_digest_fits(
    stored: Stored, listed: str
) -> None:
    golden = stored.research.blueprint.golden
    *others, trade_of = getattr(golden, listed)
    altered = trade_of.model_copy(update={"net_bps": trade_of.net_bps + 1e-9})
    changed = golden.model_copy(update={listed: (*others, altered)})
    assert len(golden.first) + len(golden.last) < golden.n_trades
    document = resealed(stored.research.blueprint, golden=changed)
    said = compare_golden(stored.uri, document, stored.make(replay))
    assert said is not None
    assert f"net_bps: golden {altered.net_bps!r}, replayed {trade_of.net_bps!r}" in said


# The document.


def test_the_blueprint_is_kept_as_it_came_with_its_card(stored: Stored) -> None:
    row = stored.lake.read(stored.blueprint).row(0, named=True)
    blueprint = stored.research.blueprint
    assert read_document(stored.lake, stored.blueprint, ()) == blueprint
    assert row["blueprint"] == blueprint.name
    assert row["card"].startswith(f"# {blueprint.name}\n")


# How much of it proves nothing, and on which bars.


def test_trades_in_the_era_of_discovery_are_counted(stored: Stored) -> None:
    trades = stored.make(trade, span=ALL)
    blueprint = stored.research.blueprint
    assert count_in_sample(stored.uri, blueprint, trades) == 0  # the world's era ends before
    middle = at(500)
    searched = blueprint.eras.discovery.model_copy(update={"end": middle})
    eras = blueprint.eras.model_copy(update={"discovery": searched})
    known = blueprint.model_copy(update={"eras": eras})
    entered = stored.lake.read(trades)["entry_time"]
    assert 0 < count_in_sample(stored.uri, known, trades) == (entered < middle).sum()


def test_bars_are_those_of_the_research_where_their_content_is(stored: Stored) -> None:
    first, second = stored.tables["bars"]
    lines = [
        Source(table=f"BARS/{ref.market}/-", key="0" * 64, content=ref.content)
        for ref in (first, second)
    ]
    known = resealed(stored.research.blueprint, provenance=tuple(lines))
    assert other_bars(known, [first, second]) == []
    changed = [lines[0], lines[1].model_copy(update={"content": "0" * 64})]
    other = resealed(stored.research.blueprint, provenance=tuple(changed))
    assert other_bars(other, [first, second]) == [second.market]
    assert other_bars(resealed(known, provenance=()), [first]) == [first.market]


def test_where_the_event_cannot_be_looked_for_is_told(stored: Stored) -> None:
    lake, needs = stored.lake, "not runnable: needs open interest"
    rows = [("AAA-1h", "vol_spike", needs), ("AAA-1h", "vol_shock", needs)]
    rows += [("BBB-1h", "vol_spike", "")]
    refs = []
    for market in ("AAA-1h", "BBB-1h"):
        own = [
            {"market": m, "family": "volatility", "event": event, "reason": why, "n_bars": 9}
            | {"n_events": 0, "share": 0.0}
            for m, event, why in rows
            if m == market
        ]
        frame = pl.DataFrame(own, schema=TABLES["COVERAGE"].columns)
        refs.append(put(lake, "COVERAGE", frame, market))
    told = list_obstacles(stored.uri, stored.research.blueprint, refs)
    assert told == [f"AAA-1h: vol_spike {needs}"]
    assert list_obstacles(stored.uri, stored.research.blueprint, []) == []


# Measures and the sheet.


def test_the_measures_are_of_the_account_and_its_positions(stored: Stored) -> None:
    trades, equity = stored.make(trade, span=ALL), stored.make(draw_curve, span=ALL)
    config = MetricsConfig(bootstrap_reps=100)
    own = {"blueprint": stored.blueprint, "modules": (), "trades": trades, "equity": equity}
    metrics = stored.lake.read(measure_run.fn(lake=stored.uri, **own, config=config))
    value = dict(metrics.select("metric", "value").iter_rows())
    capital = stored.research.blueprint.terms.sizing.capital
    assert value["trades"] == stored.lake.read(trades).height
    assert value["profit"] == stored.lake.read(equity)["equity"][-1] - capital
    assert value["trials"] == 900  # of the world's search


def test_the_sheet_has_the_card_the_notes_and_the_trades(stored: Stored) -> None:
    names = {"trades": trade, "fills": list_fills, "fates": count_fates, "equity": draw_curve}
    made = {name: stored.make(task, span=ALL) for name, task in names.items()}
    own = {"blueprint": stored.blueprint, "modules": ()}
    account = {name: made[name] for name in ("trades", "equity")}
    config = MetricsConfig(bootstrap_reps=100)
    made["metrics"] = measure_run.fn(lake=stored.uri, **own, **account, config=config)
    bars = stored.tables["bars"]
    notes = ["a note <of> the run"]
    sheet = draw.fn(lake=stored.uri, **own, **made, bars=bars, notes=notes)
    about = {"metrics": made["metrics"], "trades": made["trades"], "bars": bars}
    found = read_sheet(stored.uri, sheet=sheet, **about)
    assert stored.research.blueprint.name in found.html
    assert "a note &lt;of&gt; the run" in found.html
    assert "What would falsify it" in found.html
    assert found.png.startswith(b"\x89PNG\r\n")
    assert found.n_bars == sum(ref.n_rows for ref in bars)
    listed = pl.read_csv(StringIO(found.trades_csv))
    trades = stored.lake.read(made["trades"])
    assert listed.height == found.n_trades == trades.height
    assert listed.columns == list(TRADES.columns)
    assert listed["net_bps"].equals(trades["net_bps"])


# The ledger.


def test_an_opening_is_noted_once_for_the_blueprint_s_hypothesis(
    stored: Stored, tmp_path: Path
) -> None:
    uri, blueprint = str(tmp_path / "lake"), stored.research.blueprint
    lake = open_lake(uri)
    bars = [put(lake, "BARS", table.bars, table.market) for table in stored.research.markets]
    for run in ("one", "two"):
        note_opening(uri, run, blueprint, bars=bars, source="demo")
    (row,) = read_ledger(lake).rows
    assert (row.kind, row.run, row.of, row.n_hypotheses) == ("looked", "one", None, 1)
    assert row.markets == ("AAA-1h", "BBB-1h")
    sealed = blueprint.eras.sealed
    assert (row.start, row.end) == (sealed.start.isoformat(), sealed.end.isoformat())
    assert verify(lake).faults == []
    first, last = (at(h).date() for h in (0, 959))
    held = [MarketBars("AAA-1h", "demo", bars[0].content, first, last + timedelta(days=90))]
    assert count_looks(uri, held, sealed.start, sealed.end).n_hypotheses == 1


def test_markets_without_a_bar_are_not_noted(stored: Stored, tmp_path: Path) -> None:
    uri = str(tmp_path / "lake")
    lake = open_lake(uri)
    first, second = stored.research.markets
    bars = [
        put(lake, "BARS", first.bars, first.market),
        put(lake, "BARS", second.bars.clear(), second.market),
    ]
    note_opening(uri, "one", stored.research.blueprint, bars=bars, source="demo")
    assert read_ledger(lake).rows[0].markets == (first.market,)
