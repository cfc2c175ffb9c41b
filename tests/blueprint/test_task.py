"""From findings to blueprints through the lake, as the flow calls it, without Prefect's engine."""

import pytest

from lake.store import open_lake
from tasks.blueprint.config import BlueprintConfig
from tasks.blueprint.task import compile_blueprints
from tasks.blueprint.text import load_blueprint
from tasks.events.config import EventsConfig
from tests.blueprint.world import (
    HYPOTHESIS,
    MARKETS,
    SETTINGS,
    BridgeTerms,
    filled_lake,
    none_found,
    put,
)


def compile_from(uri, refs):
    return compile_blueprints.fn(
        lake=uri,
        **refs,
        settings=SETTINGS.model_dump(mode="json"),
        events_config=EventsConfig(),
        bridge_config=BridgeTerms(),
        config=BlueprintConfig(),
    )


@pytest.fixture
def uri(tmp_path):
    return str(tmp_path / "lake")


def test_a_promoted_finding_becomes_a_blueprint_that_knows_where_it_comes_from(uri):
    lake = open_lake(uri)
    refs = filled_lake(lake)
    (row,) = lake.read(compile_from(uri, refs)).iter_rows(named=True)
    blueprint = load_blueprint(row["document_json"])
    assert blueprint == load_blueprint(row["document_yaml"])
    assert (row["blueprint"], row["hypothesis"]) == (blueprint.name, HYPOTHESIS)
    assert row["card"].startswith(f"# {blueprint.name}\n")
    contents = {source.content for source in blueprint.provenance}
    tables = [ref for name, ref in refs.items() if name != "bars"]
    assert {ref.content for ref in [*tables, *refs["bars"]]} <= contents
    raw = [s.table for s in blueprint.provenance if s.key is None]
    assert raw == [f"RAW_BARS/{market}/-" for market in MARKETS]


def test_a_cold_lake_gives_the_same_bytes_elsewhere(tmp_path):
    made = []
    for place in ("here", "there"):
        uri = str(tmp_path / place)
        made.append(compile_from(uri, filled_lake(open_lake(uri), fetched=place)))
    assert made[0].content == made[1].content
    assert made[0].key == made[1].key


def test_no_findings_run_through_to_an_empty_table(uri):
    lake = open_lake(uri)
    refs = {kind: put(lake, kind.upper(), frame) for kind, frame in none_found().items()}
    assert compile_from(uri, refs | {"bars": []}).n_rows == 0
