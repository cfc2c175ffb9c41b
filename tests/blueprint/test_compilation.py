import dataclasses
import math

import polars as pl
import pytest

from lake.keys import NUMERIC_LIBRARIES, canonical_json, sha256
from lake.schema import BLUEPRINTS
from lake.store import open_lake
from tasks.blueprint.compilation import compile_documents, conditions_of, terms_of
from tasks.blueprint.config import BlueprintConfig
from tasks.blueprint.document import Condition
from tasks.events.config import EventsConfig
from tests.blueprint.world import (
    BRIDGED_ROW,
    MARKETS,
    SETTINGS,
    START,
    TERMS,
    BridgeTerms,
    case_of,
    compiled,
    finding,
    market_tables,
    tables,
    trade,
)


def test_a_blueprint_says_what_was_tested():
    b = compiled(case_of(found=finding("AAA-1h", "trend_regime=-1")))
    assert (b.event.family, b.event.name, b.rule) == ("volatility", "vol_spike", "follow")
    assert b.conditions == (Condition(label="trend_regime", value=-1),)
    assert (b.markets, b.timeframe, b.entry) == (("AAA-1h",), "1h", "next_open")
    assert (b.horizon, b.horizon_bars) == ("2h", 2)
    assert b.terms == TERMS
    assert b.settings == SETTINGS
    assert b.eras.discovery.end == START


def test_the_evidence_is_that_of_the_tables():
    evidence = compiled(case_of()).evidence
    found, held = evidence.discovery, evidence.confirmation
    assert (found.scaled_bps, found.scaled_se_bps, found.effect_bps) == (50.0, 1.0, 51.0)
    assert (found.shrunk_bps, found.lower_bps, found.upper_bps) == (49.0, 47.0, 51.0)
    assert (found.t, held.t, held.net_bps, held.se_bps) == (50.0, 6.0, 30.0, 5.0)
    assert (held.n_folds_selected, held.p_random, held.net_trimmed_bps) == (2, 0.002, 25.0)
    folds = [(f.fold, f.selected, f.n_trades, f.net_bps) for f in evidence.folds]
    assert folds == [(1, True, 10, 31.0), (2, False, 0, None), (3, True, 10, 29.0)]
    assert [s.level for s in evidence.stress] == ["1", "3", "1000000", "50000"]
    assert [(s.portfolio, s.n_trials, s.dsr) for s in evidence.search] == [
        ("candidates", 900, 0.96)
    ]
    assert evidence.verdict == "net 30.0 bps"


def test_what_is_no_number_is_null():
    evidence = compiled(case_of()).evidence
    assert math.isnan(BRIDGED_ROW["p_opposite"])
    assert evidence.confirmation.p_opposite is None
    assert evidence.confirmation.capacity is None
    assert evidence.search[0].n_effective is None
    assert evidence.stress[2].p is None


def test_a_negative_effect_is_faded():
    b = compiled(case_of(found=finding("AAA-1h", "all", scaled_bps=-9.0), bridged={"follow": -1}))
    assert (b.rule, b.conditions) == ("fade", ())


def test_a_pooled_finding_trades_every_market_of_the_run():
    b = compiled(case_of(found=finding("all", "all")))
    assert b.markets == MARKETS
    assert b.name.startswith("vol_spike-2h-all-")


def test_overridden_parameters_are_written_with_the_defaults():
    events = EventsConfig(parameters={"vol_spike": {"threshold": 5.5}}, cooldown="2h")
    b = compiled(case_of(), events)
    assert b.event.parameters["threshold"] == 5.5
    assert "history" in b.event.parameters
    assert b.event.cooldown == "2h"
    tuning = canonical_json(b.event.parameters | {"cooldown": "2h"})
    assert b.event.parameters_key == sha256(tuning.encode())[:12]


def test_a_sequence_is_compiled_and_read_without_its_flag():
    name = "vol_shock_then_vol_spike_within_8h"
    events = EventsConfig(sequences=("vol_shock then vol_spike within 8h",))
    b = compiled(case_of(found=finding("AAA-1h", "all", family="sequences", event=name)), events)
    assert (b.event.module, b.event.name) == ("tasks.events.sequences", name)
    assert b.event.parameters == {"within": "8h", "cooldown": "1h"}
    assert "tasks.events.volatility" in b.code


def test_the_kill_rule_can_be_checked_by_hand():
    case = case_of()
    # 20 trades have a standard error of 5 bps, 5 trades one of 10: 30 - 2 * 10
    b = compiled(case, kill_trades=5, kill_standard_errors=2.0)
    assert (b.kill.n_trades, b.kill.stop_below_bps) == (5, 10.0)
    b = compiled(case, kill_trades=10, kill_standard_errors=3.0)
    assert b.kill.stop_below_bps == pytest.approx(30 - 15 * math.sqrt(2))


def test_what_would_falsify_it_is_said_with_its_numbers():
    b = compiled(case_of(), kill_trades=5)
    mean, costs, size = b.falsified_by
    assert "5 live trades one after another is below +10.0 bps" in mean
    assert "2 standard errors of such a mean below the +30.0 bps" in mean
    assert "more than 21.0 bps" in costs
    assert "larger than 1,000,000 quote units: nothing is known" in size
    (*_, size) = compiled(case_of(bridged={"capacity": 2.5e6})).falsified_by
    assert "larger than 2,500,000 quote units: at that its own impact takes all" in size


def test_the_golden_trades_are_those_of_the_folds_that_were_traded():
    b = compiled(case_of(), golden_trades=3)
    assert (b.golden.n_trades, len(b.golden.first), len(b.golden.last)) == (20, 3, 3)
    assert [t.fold for t in (*b.golden.first, *b.golden.last)] == [1, 1, 1, 3, 3, 3]
    assert [t.entry_price for t in b.golden.first] == [100.0, 101.0, 102.0]
    assert [t.entry_price for t in b.golden.last] == [107.0, 108.0, 109.0]
    assert b.golden.first[0].event_time == trade(0, 1)["event_time"]


def test_the_golden_digest_can_be_made_from_the_document_when_all_are_listed():
    golden = compiled(case_of(), golden_trades=20).golden
    assert (len(golden.first), len(golden.last)) == (20, 0)
    listed = golden.model_dump(mode="json")["first"]
    assert golden.sha256 == sha256(canonical_json(listed).encode())
    assert golden.sha256 == compiled(case_of(), golden_trades=2).golden.sha256


def test_the_code_and_the_libraries_are_those_that_made_the_trades():
    b = compiled(case_of())
    wanted = {"tasks.events.volatility", "tasks.features.table", "tasks.clean.grid"}
    wanted |= {"tasks.trading.config", "tasks.events.detect", "tasks.kernels.onset"}
    assert wanted <= set(b.code)
    assert not {"tasks.events.liquidity", "tasks.discovery.eras", "tasks.clean.task"} & set(b.code)
    assert tuple(b.libraries) == NUMERIC_LIBRARIES


def test_the_provenance_reaches_the_raw_bytes_and_no_further(tmp_path):
    lake = open_lake(str(tmp_path))
    bars, features, events = market_tables(lake, "AAA-1h")
    b = compiled(case_of(lake, bars=[bars, features, events]))
    sources = {source.table: source for source in b.provenance}
    whole = [kind.upper() for kind in tables()]
    own = ["BARS/AAA-1h/-", "EVENTS/AAA-1h/volatility", "FEATURES/AAA-1h/-", "RAW_BARS/AAA-1h/-"]
    assert list(sources) == sorted([f"{name}/all/-" for name in whole] + own)
    assert sources["BARS/AAA-1h/-"].key == bars.key
    assert sources["BARS/AAA-1h/-"].content == bars.content
    assert sources["RAW_BARS/AAA-1h/-"].key is None


def test_the_same_bytes_fetched_twice_are_the_same_source(tmp_path):
    texts = []
    for fetched in ("monday", "tuesday"):
        lake = open_lake(str(tmp_path / fetched))
        case = case_of(lake, bars=list(market_tables(lake, "AAA-1h", fetched)))
        texts.append(compile_documents(case, EventsConfig(), BlueprintConfig()))
    assert texts[0].equals(texts[1])


def test_nothing_promoted_makes_an_empty_table():
    case = case_of()
    rejected = case.verdicts.with_columns(verdict=pl.lit("rejected"))
    none = dataclasses.replace(case, verdicts=rejected)
    frame = compile_documents(none, EventsConfig(), BlueprintConfig())
    assert frame.schema == pl.Schema(BLUEPRINTS.columns)
    assert frame.is_empty()


def test_the_condition_all_asks_nothing():
    assert conditions_of("all") == ()
    assert conditions_of("vol_regime=0") == (Condition(label="vol_regime", value=0),)


def test_the_terms_are_the_very_ones_of_the_bridge():
    assert terms_of(BridgeTerms()) is TERMS
    with pytest.raises(TypeError, match="BlueprintConfig has no terms of trading"):
        terms_of(BlueprintConfig())
