"""From findings to blueprints through the lake, as the flow calls it, without Prefect's engine."""

import json

import pytest

from lake.config import Config
from lake.store import open_lake
from tasks.blueprint.config import BlueprintConfig
from tasks.blueprint.task import compile_blueprints
from tasks.blueprint.text import load_blueprint
from tasks.bridge.task import bridge, simulate
from tasks.events.config import EventsConfig
from tasks.promotion.config import PromotionConfig
from tasks.promotion.task import decide, tally
from tests.blueprint.world import BRIDGE, observe


class DiscoveryCounts(Config):
    """Of discovery's config only what promotion reads."""

    min_events: int = 30
    min_clusters: int = 20
    min_effective_clusters: float = 15.0


DISCOVERY = DiscoveryCounts()


def judged(uri, seen):
    trades = simulate.fn(
        lake=uri,
        findings=seen.findings,
        events=seen.events,
        features=seen.features,
        bars=seen.bars,
        eras=seen.eras,
        config=BRIDGE,
    )
    bridged = bridge.fn(lake=uri, findings=seen.findings, trades=trades, config=BRIDGE)
    tables = {"findings": seen.findings, "bridged": bridged, "trades": trades}
    verdicts = decide.fn(lake=uri, **tables, discovery_config=DISCOVERY, config=PromotionConfig())
    return tables | {"verdicts": verdicts}


def compile_from(uri, seen, tables):
    return compile_blueprints.fn(
        lake=uri,
        **tables,
        bars=seen.bars,
        events_config=EventsConfig(),
        bridge_config=BRIDGE,
        config=BlueprintConfig(),
    )


@pytest.fixture
def uri(tmp_path):
    return str(tmp_path / "lake")


def test_a_planted_effect_becomes_a_blueprint_that_knows_where_it_comes_from(uri):
    lake = open_lake(uri)
    seen = observe(lake)
    tables = judged(uri, seen)
    verdicts = lake.read(tables["verdicts"]).select("hypothesis", "verdict", "gate").rows()
    assert verdicts == [
        ("AAA-1h|vol_spike|2h|vol_regime=1", "insufficient evidence", "confirmation_trades"),
        ("AAA-1h|vol_spike|2h|vol_regime=2", "rejected", "different"),
        ("BBB-1h|vol_spike|2h|all", "rejected", "finding"),
        ("all|vol_spike|2h|all", "promoted", "none"),
    ]
    funnel = lake.read(tally.fn(lake=uri, verdicts=tables["verdicts"]))
    assert funnel["n_in"][0] == 4
    assert funnel["n_out"][-1] == 1

    blueprints = lake.read(compile_from(uri, seen, tables))
    documents = {b.hypothesis: b for b in map(load_blueprint, blueprints["document_json"])}
    pooled = documents["all|vol_spike|2h|all"]
    assert 28 < pooled.evidence.confirmation.net_bps < 48
    assert {g.market for g in pooled.golden} == {"AAA-1h", "BBB-1h"}
    contents = {source.content for source in pooled.provenance}
    assert {ref.content for ref in [*seen.bars, *seen.features, *seen.events]} <= contents
    raw = [s for s in pooled.provenance if s.table.startswith("RAW_BARS/")]
    assert [s.table for s in raw] == ["RAW_BARS/AAA-1h/-", "RAW_BARS/BBB-1h/-"]


def test_a_cold_lake_gives_the_same_bytes_elsewhere(tmp_path):
    contents = []
    for place in ("here", "there"):
        uri = str(tmp_path / place)
        seen = observe(open_lake(uri), fetched=place)
        tables = judged(uri, seen)
        contents.append([*(r.content for r in tables.values()), compile_from(uri, seen, tables)])
    assert contents[0][:-1] == contents[1][:-1]
    assert contents[0][-1].content == contents[1][-1].content
    assert contents[0][-1].key == contents[1][-1].key


def test_no_findings_run_through_to_empty_tables(uri):
    lake = open_lake(uri)
    seen = observe(lake)
    none = lake.read(seen.findings).clear()
    entry = lake.entry(seen.findings.address)
    key = entry.key.model_copy(update={"config": json.loads('{"none": true}')})
    seen.findings = lake.write(key, none, entry.parents)
    tables = judged(uri, seen)
    assert [ref.n_rows for ref in tables.values()] == [0, 0, 0, 0]
    assert compile_from(uri, seen, tables).n_rows == 0
    assert lake.read(tally.fn(lake=uri, verdicts=tables["verdicts"]))["n_in"].sum() == 0
