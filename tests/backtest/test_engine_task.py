"""The stages of an engine's back-test through the lake, without Prefect's engine."""

from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from lake.keys import make_key
from lake.ref import Ref
from lake.schema import DECISIONS, TABLES
from lake.store import Lake, open_lake
from tasks.backtest.config import MetricsConfig
from tasks.backtest.decided import decision_frame, stance_frame
from tasks.backtest.engine_config import EngineTrading
from tasks.backtest.engine_page import draw_engine, draw_structure, hear_again, read_page
from tasks.backtest.engine_task import (
    count_engine_fates,
    decide,
    draw_engine_curve,
    list_engine_fills,
    list_stances,
    list_zones,
    log_decisions,
    measure_engine,
    trade_engine,
)
from tasks.backtest.zones import zone_frame
from tasks.engines.macro import MacroSeries, keyed_series
from tests.backtest.heard import EAGER, market_at, told_of
from tests.trading.world import ms

MARKETS = {"AAA-1h": 0, "BBB-1h": 1}
QUICK = MetricsConfig(bootstrap_reps=100)
ENGINES = ("hob", "fusion")


def put(lake: Lake, kind: str, frame: pl.DataFrame, market: str) -> Ref:
    key = make_key(kind, market, "-", code=[], config={}, parents=[], libraries=[])
    return lake.write(key, TABLES[kind].conform(frame), [])


@dataclass(frozen=True)
class Stored:
    """Markets in a lake, and all that came of them."""

    uri: str
    bars: list[Ref]
    tables: dict[str, dict[str, list[Ref]]]
    made: dict[str, dict[str, Ref]]
    pictures: list[Ref]

    @property
    def lake(self) -> Lake:
        return open_lake(self.uri)

    def read(self, engine: str, name: str) -> pl.DataFrame:
        return self.lake.read(self.made[engine][name])


def account_of(uri: str, engine: str, tables: dict[str, list[Ref]]) -> dict[str, Ref]:
    call: dict[str, Any] = {"lake": uri, "part": engine, "tables": tables, "start": None}
    call["config"] = EngineTrading()
    made = {
        "trades": trade_engine.fn(**call),
        "fills": list_engine_fills.fn(**call),
        "fates": count_engine_fates.fn(**call),
        "equity": draw_engine_curve.fn(**call),
        "log": log_decisions.fn(**call),
    }
    about: dict[str, Any] = {"timeframe": "1h", "capital": 1e6, "config": QUICK}
    pair = {name: made[name] for name in ("trades", "equity")}
    return made | {"metrics": measure_engine.fn(lake=uri, part=engine, **pair, **about)}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    uri = str(tmp_path_factory.mktemp("engines") / "lake")
    lake = open_lake(uri)
    markets = [market_at(seed, name) for name, seed in MARKETS.items()]
    bars = [put(lake, "BARS", one.bars, one.market) for one in markets]
    features = [put(lake, "FEATURES", one.features, one.market) for one in markets]
    tables: dict[str, dict[str, list[Ref]]] = {}
    for engine in ENGINES:
        decided = [
            decide.fn(lake=uri, market=ref.market, part=engine, bars=ref, config=EAGER, start=None)
            for ref in bars
        ]
        shared = {"bars": bars, "features": features, "funding": []}
        tables[engine] = shared | {"decisions": decided}
    made = {engine: account_of(uri, engine, own) for engine, own in tables.items()}
    pictures = [drawn(uri, ref, made["fusion"]) for ref in bars]
    return Stored(uri, bars, tables, made, pictures)


def drawn(uri: str, bars: Ref, made: dict[str, Ref], **more) -> Ref:
    own: dict[str, Any] = {"lake": uri, "market": bars.market, "part": "fusion", "bars": bars}
    zones = list_zones.fn(**own, config=EAGER)
    told = {name: made[name] for name in ("log", "trades")}
    span: dict[str, Any] = {"n_bars": 100, "end": None} | more
    return draw_structure.fn(**own, config=EAGER, zones=zones, **told, **span)


# What was decided and seen.


def test_decisions_stances_and_zones_are_those_of_the_desk(stored: Stored) -> None:
    told, (ref, _) = told_of(), stored.bars
    own: dict[str, Any] = {"lake": stored.uri, "market": ref.market, "part": "fusion", "bars": ref}
    for task, expected in (
        (decide, decision_frame(told)),
        (list_stances, stance_frame(told)),
        (list_zones, zone_frame(told)),
    ):
        more = {"start": None} if task is decide else {}
        assert_frame_equal(stored.lake.read(task.fn(**own, config=EAGER, **more)), expected)


def test_days_that_are_heard_and_not_traded_leave_no_decision(stored: Stored) -> None:
    ref = stored.bars[0]
    own: dict[str, Any] = {"lake": stored.uri, "market": ref.market, "part": "fusion", "bars": ref}
    late = stored.lake.read(decide.fn(**own, config=EAGER, start=ms(1500)))
    assert_frame_equal(late, decision_frame(told_of(), ms(1500)))


# What came of it.


def test_fates_trades_equity_and_log_are_of_one_account(stored: Stored) -> None:
    for engine in ENGINES:
        fates = dict(stored.read(engine, "fates").iter_rows())
        trades, log = stored.read(engine, "trades"), stored.read(engine, "log")
        assert fates["filled"] - fates["open"] == trades.height > 0
        assert log.filter(pl.col("fate") == "taken").height == fates["filled"]
        assert set(log["market"]) == set(MARKETS)
        assert log["engine"].unique().to_list() == [engine]
        assert trades["hypothesis"].unique().to_list() == [f"{engine}-1h"]
        metrics = dict(stored.read(engine, "metrics").select("metric", "value").iter_rows())
        assert metrics["profit"] == stored.read(engine, "equity")["equity"][-1] - 1e6
        assert metrics["trades"] == trades.height


def test_the_same_call_is_the_same_table_and_other_settings_are_another(stored: Stored) -> None:
    call: dict[str, Any] = {"lake": stored.uri, "part": "hob", "tables": stored.tables["hob"]}
    first = stored.made["hob"]["trades"]
    assert trade_engine.fn(**call, config=EngineTrading(), start=None) == first
    other = EngineTrading(horizon_bars=7)
    assert trade_engine.fn(**call, config=other, start=None).key != first.key
    assert trade_engine.fn(**call, config=EngineTrading(), start=5).key != first.key


def test_the_content_of_a_macro_series_is_in_the_key_and_its_veto_in_the_decisions(
    stored: Stored, tmp_path: Path
) -> None:
    def decisions(value: float, name: str) -> Ref:
        path = tmp_path / name
        path.write_text(f"published,value\n2024-01-01,{value}\n")
        series = (MacroSeries(path=str(path), every="4w", stale_after=9),)
        config = EAGER.model_copy(update={"macro": keyed_series(series)})
        own = {"lake": stored.uri, "market": ref.market, "part": "fusion", "bars": ref}
        return decide.fn(**own, config=config, start=None, where=(str(path),))

    ref = stored.bars[0]
    high, same, low = decisions(0.9, "a.csv"), decisions(0.9, "b.csv"), decisions(0.1, "a.csv")
    assert high == same
    assert high.key != low.key
    vetoed, usual = stored.lake.read(high), stored.lake.read(low)
    assert vetoed["decision"].unique().to_list() == ["vetoed"]
    assert vetoed["reasons"].str.contains("macro").all()
    assert vetoed["macro"].unique().to_list() == [0.9]
    plain = stored.lake.read(stored.tables["fusion"]["decisions"][0])
    assert_frame_equal(usual.drop("macro", "state_hash"), plain.drop("macro", "state_hash"))


# What is told.


@pytest.fixture(scope="module")
def page(stored: Stored):
    metrics = {engine: made["metrics"] for engine, made in stored.made.items()}
    fates = {engine: made["fates"] for engine, made in stored.made.items()}
    desk: dict[str, Any] = {"config": EAGER, "where": ()}
    known: dict[str, Any] = {"bars": stored.bars, "metrics": metrics, "fates": fates}
    heard = hear_again(stored.uri, engine="fusion", **known, **desk)
    account = stored.made["fusion"]
    sheet = draw_engine.fn(
        lake=stored.uri,
        part="fusion",
        **account,
        pictures=stored.pictures,
        bars=stored.bars,
        config=EAGER,
        trading=EngineTrading(),
        members=heard.members,
        notes=["a note <of> the run", *heard.notes],
    )
    named = {name: account[name] for name in ("metrics", "trades", "log")}
    shown: dict[str, Any] = {"pictures": stored.pictures, "bars": stored.bars}
    return heard, read_page(stored.uri, sheet=sheet, **named, **shown)


def test_members_stand_beside_the_fusion_with_their_own_accounts(stored: Stored, page) -> None:
    rows = {row.engine: row for row in page[0].members}
    for engine in ENGINES:
        trades = stored.read(engine, "trades")
        assert rows[engine].n_trades == trades.height
        own = stored.read(engine, "metrics")
        assert rows[engine].net == own.filter(pl.col("metric") == "profit")["value"].item()
    assert rows["smc"].n_trades is None
    assert {timing.what for timing in page[0].timings} >= {*rows, "context", "all"}
    assert all(timing.seconds > 0 for timing in page[0].timings)


def test_the_sheet_has_the_engines_the_charts_the_decisions_and_the_settings(page) -> None:
    html = page[1].html
    assert "The fusion of all engines" in html
    assert "a note &lt;of&gt; the run" in html
    assert html.count('<img src="data:image/png;base64,') == len(MARKETS)
    assert "its best member, hob" in html
    assert "each taken at the close of its bar" in html
    assert "score_beyond_enter" in html
    for section in ("engines", "structure", "decisions"):
        assert f'<section id="{section}">' in html
        assert f'href="#{section}"' in html
    card = html.partition('<article class="card">')[2]
    assert "misaligned_factor" in card
    assert "<h2>The engine</h2>" in html
    assert "<h2>The blueprint</h2>" not in html


def test_trades_and_decisions_are_handed_over_as_csv(stored: Stored, page) -> None:
    decisions = pl.read_csv(StringIO(page[1].decisions_csv))
    assert decisions.columns == list(DECISIONS.columns)
    assert decisions.height == page[1].n_decisions == stored.read("fusion", "log").height
    assert pl.read_csv(StringIO(page[1].trades_csv)).height == page[1].n_trades
    assert page[1].n_bars == sum(ref.n_rows for ref in stored.bars)


def test_a_chart_is_one_per_market_and_of_the_span_that_is_asked_for(stored: Stored, page) -> None:
    assert list(page[1].charts) == list(MARKETS)
    assert all(png.startswith(b"\x89PNG\r\n") for png in page[1].charts.values())
    bars, made = stored.bars[0], stored.made["fusion"]
    earlier = stored.lake.read(drawn(stored.uri, bars, made, end=ms(1500)))["png"].item()
    assert earlier != page[1].charts["AAA-1h"]
    assert (
        stored.lake.read(drawn(stored.uri, bars, made))["png"].item() == (page[1].charts["AAA-1h"])
    )
