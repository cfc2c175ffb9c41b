"""The stage's function against a lake on disk, without Prefect."""

import pytest

from lake.files import open_files
from lake.keys import Key, sha256
from lake.schema import (
    BARS,
    BLUEPRINTS,
    BRIDGED,
    COVERAGE,
    EVENT_PATHS,
    EVENTS,
    FINDINGS,
    FUNNEL,
    QUALITY,
    TABLES,
    TRADES,
    TRUTH,
    VERDICTS,
)
from lake.store import Lake
from tasks.report.page import draw_report
from tasks.report.task import gather
from tests.report.page import Page
from tests.report.sample import (
    make_bars,
    make_coverage,
    make_events,
    make_evidence,
    make_paths,
    make_quality,
)

MARKET = "BTCUSDT-1h"
SINGLE = {
    "findings": FINDINGS,
    "bridged": BRIDGED,
    "trades": TRADES,
    "verdicts": VERDICTS,
    "funnel": FUNNEL,
    "blueprints": BLUEPRINTS,
}


@pytest.fixture
def lake(tmp_path):
    return Lake(open_files(str(tmp_path)))


def put(lake, table, frame, market="all"):
    key = Key(
        kind=table.name,
        market=market,
        part="-",
        code={f"tasks.{table.name.lower()}": sha256(table.name.encode())},
        config={},
        parents=[],
        libraries={"polars": "2.1.0"},
    )
    return lake.write(key, frame, [])


def tables_of(lake):
    evidence = make_evidence(1, n_days=60)
    bars = make_bars(7, 60, 3)
    events = make_events(MARKET, 7, bars)
    refs = {name: put(lake, table, getattr(evidence, name)) for name, table in SINGLE.items()}
    return refs | {
        "quality": [put(lake, QUALITY, make_quality(MARKET, bars), MARKET)],
        "bars": [put(lake, BARS, bars, MARKET)],
        "events": [put(lake, EVENTS, events, MARKET)],
        "coverage": [put(lake, COVERAGE, make_coverage(MARKET, bars, events), MARKET)],
        "paths": [put(lake, EVENT_PATHS, make_paths([MARKET], 7), MARKET)],
        "truth": [put(lake, TRUTH, evidence.truth.drop("market"), MARKET)],
    }


def test_the_stage_reads_every_table_and_draws_the_page(lake):
    refs = tables_of(lake)
    page = Page(draw_report(*gather(lake, settings={"seed": 7}, **refs))["html"][0])
    assert page.column("tables", "table").count("BARS") == 1
    assert set(page.column("tables", "table")) < set(TABLES)
    assert page.column("markets", "market") == [MARKET]
    assert "seed: 7" in page.text


def test_the_page_knows_the_code_and_the_libraries_of_every_table(lake):
    _, facts = gather(lake, settings={}, **tables_of(lake))
    assert set(facts.code) == {f"tasks.{ref.kind.lower()}" for ref in facts.refs}
    assert facts.libraries == {"polars": "2.1.0"}


def test_tables_that_a_run_lacks_are_empty(lake):
    refs = tables_of(lake) | {"truth": [], "paths": [], "events": [], "coverage": []}
    evidence, _ = gather(lake, settings={}, **refs)
    assert evidence.truth.is_empty()
    assert evidence.paths.is_empty()
    assert evidence.events.is_empty()
    assert evidence.coverage.is_empty()
