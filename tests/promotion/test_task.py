"""From bars and events to gates, through the engine and the lake."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from lake.config import Config
from lake.keys import make_key
from lake.store import open_lake
from tasks.bridge.evidence import weigh_candidates
from tasks.bridge.ground import lay_ground
from tasks.bridge.stress import stress_candidates
from tasks.bridge.trades import select_candidates, simulate_trades
from tasks.promotion.config import PromotionConfig
from tasks.promotion.gates import GATES
from tasks.promotion.task import decide, list_gates, tally
from tests.bridge.market import CONFIG, finding, findings_of, folds_at, random_market, refits_of

FOLDS = folds_at(200, 450, 700, 960)
STRONG = {"n": 100, "n_clusters": 60, "effective_clusters": 50.0, "shrunk_bps": 60.0}
LENIENT = PromotionConfig(min_trade_clusters=10)


class Wanted(Config):
    min_events: int = 30
    min_clusters: int = 20
    min_effective_clusters: float = 15.0


def bridged(findings, *markets, selected=(True, True, True)):
    """FINDINGS, BRIDGED, STRESSED and TRADES."""
    ground = lay_ground(markets, FOLDS, CONFIG.terms)
    candidates, refits = select_candidates(findings), refits_of(findings, selected)
    trades = simulate_trades(candidates, ground, CONFIG.terms)
    stressed = stress_candidates(candidates, refits, ground, CONFIG)
    evidence = weigh_candidates(candidates, refits, trades, stressed, CONFIG)
    return {"findings": findings, "bridged": evidence, "stressed": stressed, "trades": trades}


@pytest.fixture
def uri(tmp_path):
    return str(tmp_path / "lake")


def judged(uri, tables):
    """VERDICTS, GATED and FUNNEL of these tables."""
    lake = open_lake(uri)
    refs = {}
    for name, frame in tables.items():
        kind = name.upper()
        key = make_key(kind, "all", "all", code=[], config={}, parents=[], libraries=[])
        refs[name] = lake.write(key, frame, [])
    told = {"lake": uri, **refs, "discovery_config": Wanted(), "config": LENIENT}
    verdicts = decide.fn(**told)
    made = verdicts, list_gates.fn(**told), tally.fn(lake=uri, verdicts=verdicts)
    return [lake.read(ref) for ref in made]


def long_only(market, trend=0.0):
    """The market with a price that rises all the time, and events that are all long."""
    growth = pl.Series(np.exp(trend * np.arange(market.bars.height)))
    prices = {n: pl.col(n) * growth for n in ("open", "high", "low", "close")}
    events = market.events.with_columns(side=pl.lit(1, pl.Int8))
    return replace(market, bars=market.bars.with_columns(**prices), events=events)


def test_an_effect_is_promoted(uri):
    market = random_market("AAA-1h", 5, drift=0.012, n_events=200)
    tables = bridged(findings_of(finding(**STRONG)), market)
    verdicts, gated, funnel = judged(uri, tables)
    assert verdicts["verdict"].to_list() == ["promoted"]
    assert gated["passed"].all()
    assert funnel["n_out"].to_list() == [1] * len(GATES)


def test_a_candidate_whose_placebo_also_passes_is_rejected(uri):
    # It earns far beyond its costs, because everything does.
    market = long_only(random_market("AAA-1h", 5, n_events=200), trend=0.005)
    tables = bridged(findings_of(finding(**STRONG)), market)
    verdicts, gated, _ = judged(uri, tables)
    assert verdicts["verdict"].to_list() == ["rejected"]
    assert verdicts["gate"].to_list() == ["placebo_shifted"]
    failed = gated.filter(~pl.col("passed"))["gate"].to_list()
    assert failed == ["placebo_shifted", "placebo_random"]


@pytest.mark.parametrize("n_events", [1, 2, 12, 60])
def test_no_gate_is_left_uncomputed_for_a_finding_that_traded(uri, n_events):
    markets = [random_market(m, k, n_events=n_events + 3) for k, m in enumerate(("A-1h", "B-1h"))]
    # Event hours may lie before the first fold: these are inside it.
    markets = [
        replace(m, events=m.events.with_columns(pl.col("time") + pl.duration(hours=215)))
        for m in markets
    ]
    markets = [replace(m, events=m.events.head(n_events)) for m in markets]
    rows = [
        finding(market=market, condition=condition, horizon=horizon, **STRONG)
        for market in ("all", "A-1h")
        for condition in ("all", "vol_regime=1", "session=2")
        for horizon in ("1h", "12h")
    ]
    tables = bridged(findings_of(*rows), *markets)
    _, gated, _ = judged(uri, tables)
    traded = tables["bridged"].filter(pl.col("n_trades") > 0)["hypothesis"]
    assert len(traded) > 0
    assert gated.height == len(rows) * len(GATES)
    own = gated.filter(pl.col("hypothesis").is_in(traded.implode()))
    assert own["figure"].is_finite().all()
    numbers = tables["bridged"].filter(pl.col("n_trades") > 0)
    assert not numbers["capacity"].is_nan().any()
    assert not numbers["break_even_cost_bps"].is_nan().any()


def test_what_was_never_selected_is_rejected_and_its_gates_say_so(uri):
    market = random_market("AAA-1h", 5, drift=0.012, n_events=200)
    tables = bridged(findings_of(finding(**STRONG)), market, selected=(False, True, False))
    verdicts, gated, _ = judged(uri, tables)
    assert verdicts.row(0, named=True)["gate"] == "walk_forward"
    assert "1 of 3 folds" in verdicts["reason"][0]
    assert gated.height == len(GATES)
