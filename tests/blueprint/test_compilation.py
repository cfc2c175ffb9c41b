import math

import polars as pl
import pytest

from lake.keys import canonical_json, sha256
from lake.schema import BLUEPRINTS
from lake.store import open_lake
from tasks.blueprint.compilation import compile_documents, conditions_of
from tasks.blueprint.config import BlueprintConfig
from tasks.blueprint.document import Condition
from tasks.blueprint.text import load_blueprint
from tasks.events.config import EventsConfig
from tests.blueprint.world import (
    BRIDGE,
    HOUR,
    MARKETS,
    START,
    WEIGHED,
    case_of,
    finding,
    market_tables,
    trade,
)

TRADES = [trade(h) for h in range(700, 1000, 10)]


@pytest.fixture
def lake(tmp_path):
    return open_lake(str(tmp_path))


def compiled(case, events=None, **config):
    frame = compile_documents(case, events or EventsConfig(), BlueprintConfig(**config))
    assert frame.schema == pl.Schema(BLUEPRINTS.columns)
    return [load_blueprint(text) for text in frame["document_json"]]


def test_a_blueprint_says_what_was_tested(lake):
    (b,) = compiled(case_of(lake, finding("AAA-1h", "trend_regime=-1"), WEIGHED, TRADES))
    assert (b.event.family, b.event.name, b.rule) == ("volatility", "vol_spike", "follow")
    assert b.conditions == (Condition(label="trend_regime", value=-1),)
    assert (b.markets, b.timeframe, b.entry) == (("AAA-1h",), "1h", "next_open")
    assert (b.exit.time_stop_bars, b.exit.horizon) == (2, "2h")
    assert b.costs.model_dump() == BRIDGE.model_dump(include=set(b.costs.model_dump()))
    found = b.evidence.discovery
    assert (found.scaled_bps, found.scaled_se_bps, found.effect_bps) == (50.0, 1.0, 51.0)
    assert (found.shrunk_bps, found.lower_bps, found.upper_bps) == (49.0, 47.0, 51.0)
    assert (b.evidence.confirmation.net_bps, b.evidence.confirmation.se_bps) == (30.0, 5.0)
    assert (b.evidence.confirmation.t, b.evidence.discovery.t) == (6.0, 50.0)


def test_a_negative_effect_is_faded(lake):
    case = case_of(
        lake, finding("AAA-1h", "all", scaled_bps=-9.0), WEIGHED | {"follow": -1}, TRADES
    )
    (b,) = compiled(case)
    assert (b.rule, b.conditions) == ("fade", ())


def test_a_pooled_finding_trades_every_market_of_the_run(lake):
    (b,) = compiled(case_of(lake, finding("all", "all"), WEIGHED, TRADES))
    assert b.markets == MARKETS
    assert b.name.startswith("vol_spike-2h-all-")


def test_overridden_parameters_are_written_with_the_defaults(lake):
    events = EventsConfig(parameters={"vol_spike": {"threshold": 5.5}}, cooldown="2h")
    (b,) = compiled(case_of(lake, finding("AAA-1h", "all"), WEIGHED, TRADES), events)
    assert b.event.parameters["threshold"] == 5.5
    assert "history" in b.event.parameters
    assert b.event.cooldown == "2h"
    tuning = canonical_json(b.event.parameters | {"cooldown": "2h"})
    assert b.event.parameters_key == sha256(tuning.encode())[:12]


def test_the_kill_rule_can_be_checked_by_hand(lake):
    case = case_of(lake, finding("AAA-1h", "all"), WEIGHED, TRADES)
    (b,) = compiled(case, kill_trades=25, kill_standard_errors=2.0)
    # 100 trades have a standard error of 5 bps, 25 trades one of 10: 30 - 2 * 10
    assert (b.kill.n_trades, b.kill.stop_below_bps) == (25, 10.0)
    (b,) = compiled(case, kill_trades=50, kill_standard_errors=3.0)
    assert b.kill.stop_below_bps == pytest.approx(30 - 15 * math.sqrt(2))


def test_the_golden_trades_are_the_first_and_the_last(lake):
    rows = [trade(h, entry_price=float(h)) for h in range(700, 800, 10)]
    (b,) = compiled(case_of(lake, finding("AAA-1h", "all"), WEIGHED, rows[::-1]), golden_trades=2)
    assert [g.entry_price for g in b.golden] == [700.0, 710.0, 780.0, 790.0]
    assert b.golden[0].entry_time == START + 701 * HOUR
    (b,) = compiled(case_of(lake, finding("AAA-1h", "all"), WEIGHED, rows[:3]), golden_trades=2)
    assert [g.entry_price for g in b.golden] == [700.0, 710.0, 720.0]


def test_the_provenance_reaches_the_raw_bytes_and_no_further(lake):
    bars, features, events = market_tables(lake, "AAA-1h", 1)
    case = case_of(lake, finding("AAA-1h", "all"), WEIGHED, TRADES, bars=[bars, features, events])
    (b,) = compiled(case)
    sources = {source.table: source for source in b.provenance}
    assert list(sources) == sorted(
        [
            "BARS/AAA-1h/-",
            "BRIDGED/all/-",
            "EVENTS/AAA-1h/volatility",
            "FEATURES/AAA-1h/-",
            "FINDINGS/all/-",
            "RAW_BARS/AAA-1h/-",
            "TRADES/all/-",
            "VERDICTS/all/-",
        ]
    )
    assert sources["BARS/AAA-1h/-"].key == bars.key
    assert sources["BARS/AAA-1h/-"].content == bars.content
    assert sources["RAW_BARS/AAA-1h/-"].key is None


def test_the_same_bytes_fetched_twice_are_the_same_source(tmp_path):
    texts = []
    for fetched in ("monday", "tuesday"):
        lake = open_lake(str(tmp_path / fetched))
        tables = market_tables(lake, "AAA-1h", 1, fetched)
        case = case_of(lake, finding("AAA-1h", "all"), WEIGHED, TRADES, bars=list(tables))
        texts.append(compile_documents(case, EventsConfig(), BlueprintConfig()))
    assert texts[0].equals(texts[1])


def test_nothing_promoted_makes_an_empty_table(lake):
    case = case_of(lake, finding("AAA-1h", "all"), WEIGHED, TRADES)
    rejected = case.verdicts.with_columns(verdict=pl.lit("rejected"))
    assert compiled(type(case)(**(vars(case) | {"verdicts": rejected}))) == []


def test_the_condition_all_asks_nothing():
    assert conditions_of("all") == ()
    assert conditions_of("vol_regime=0") == (Condition(label="vol_regime", value=0),)
