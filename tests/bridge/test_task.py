"""The bridge through the lake, as the flow calls it, without Prefect's engine."""

import numpy as np
import pytest

from lake.keys import make_key
from lake.schema import ERAS, JUDGEMENT, REFITS, TABLES, TRADES, VERDICTS
from lake.store import open_lake
from tasks.bridge.config import BridgeConfig
from tasks.bridge.task import bridge, simulate, stress, weigh_search
from tests.bridge.market import (
    at,
    filled,
    finding,
    findings_of,
    folds_at,
    funding_at,
    random_market,
    refits_of,
    two_eras,
)

CONFIG = BridgeConfig(bootstrap_reps=199)


def put(lake, kind, frame, market="all", part="-"):
    key = make_key(kind, market, part, code=[], config={}, parents=[], libraries=[])
    return lake.write(key, TABLES[kind].conform(frame), [])


@pytest.fixture
def uri(tmp_path):
    return str(tmp_path / "lake")


@pytest.fixture
def tables(uri):
    lake = open_lake(uri)
    rng = np.random.default_rng(5)
    trades = [
        {
            "hypothesis": name,
            "fold": 1 if day < 80 else 2,
            "market": "AAA-1h",
            "exit_time": at(24 * day + 3),
            "net_bps": rng.normal(drift, 20),
        }
        for name, drift in (("a", 12), ("b", 0))
        for day in range(2, 82)
    ]
    refits = [
        {"hypothesis": name, "fold": fold, "selected": (name, fold) != ("b", 2)}
        for name in "ab"
        for fold in (1, 2)
    ]
    verdicts = [("a", "promoted"), ("b", "rejected")]
    frames = {
        "trades": filled(TRADES, trades),
        "refits": filled(REFITS, refits),
        "verdicts": filled(VERDICTS, [{"hypothesis": n, "verdict": v} for n, v in verdicts]),
        "eras": two_eras(48, 48 + 24 * 80),
        "judgement": filled(JUDGEMENT, [{"n_ever_asked": 4, "n_effective": 2.5}]),
    }
    kinds = {
        "trades": TRADES,
        "refits": REFITS,
        "verdicts": VERDICTS,
        "eras": ERAS,
        "judgement": JUDGEMENT,
    }
    return {name: put(lake, kinds[name].name, frame) for name, frame in frames.items()}


def test_all_and_the_promoted_are_weighed_by_everything_that_was_asked(uri, tables):
    search = open_lake(uri).read(weigh_search.fn(lake=uri, **tables, config=CONFIG))
    assert search["portfolio"].to_list() == ["candidates", "promoted"]
    assert search["n_trades"].to_list() == [158, 80]
    assert search["n_strategies"].to_list() == [2, 1]
    assert search["n_trials"].to_list() == [4, 4]
    assert search["superior"].to_list() == [["a"], None]


def test_weighed_twice_it_is_the_same_table(uri, tables):
    first, again = (weigh_search.fn(lake=uri, **tables, config=CONFIG) for _ in range(2))
    assert first == again


@pytest.fixture
def market_tables(uri):
    """Two markets in the lake, the second without funding."""
    lake, kinds = open_lake(uri), ("EVENTS", "FEATURES", "BARS")
    refs = {"events": [], "features": [], "bars": []}
    for name, seed in (("AAA-1h", 1), ("BBB-1h", 2)):
        table = random_market(name, seed)
        frames = (table.events, table.features, table.bars)
        for (wanted, own), kind, frame in zip(refs.items(), kinds, frames, strict=True):
            part = "volatility" if wanted == "events" else "-"
            own.append(put(lake, kind, frame, name, part))
    findings = findings_of(finding(market="all"), finding(market="BBB-1h", event="never"))
    return refs | {
        "findings": put(lake, "FINDINGS", findings),
        "folds": put(lake, "FOLDS", folds_at(200, 500, 960)),
        "funding": [put(lake, "FUNDING", funding_at(h8=1e-4, h900=1e-4), "AAA-1h")],
        "refits": put(lake, "REFITS", refits_of(findings, [True, False])),
    }


def test_from_findings_to_evidence(uri, market_tables):
    lake = open_lake(uri)
    refits = market_tables.pop("refits")
    trades = simulate.fn(lake=uri, **market_tables, config=CONFIG)
    stressed = stress.fn(lake=uri, **market_tables, refits=refits, config=CONFIG)
    named = {"findings": market_tables["findings"], "refits": refits}
    ref = bridge.fn(lake=uri, **named, trades=trades, stressed=stressed, config=CONFIG)
    traded, idle = lake.read(ref).sort("n_trades", descending=True).iter_rows(named=True)
    assert traded["hypothesis"] == "all|jump|2h|all"
    assert (traded["n_folds"], traded["n_folds_selected"]) == (2, 1)
    first = lake.read(trades).filter(fold=1)
    assert set(first["market"]) == {"AAA-1h", "BBB-1h"}
    assert traded["n_trades"] == first.height
    assert (idle["hypothesis"], idle["n_trades"], idle["q"]) == ("BBB-1h|never|2h|all", 0, 1.0)


def test_without_findings_there_are_tables_all_the_same(uri, market_tables):
    lake = open_lake(uri)
    nothing = put(lake, "FINDINGS", findings_of(finding(verdict="no finding")))
    told = market_tables | {"findings": nothing, "events": [], "features": [], "bars": []}
    refits = told.pop("refits")
    trades = simulate.fn(lake=uri, **told, config=CONFIG)
    stressed = stress.fn(lake=uri, **told, refits=refits, config=CONFIG)
    named = {"findings": nothing, "refits": refits, "trades": trades, "stressed": stressed}
    assert lake.read(bridge.fn(lake=uri, **named, config=CONFIG)).is_empty()
