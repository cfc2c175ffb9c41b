"""The stage's function against a lake on disk, without Prefect."""

import numpy as np
import pytest

from lake.files import open_files
from lake.keys import Key, sha256
from lake.schema import (
    BARS,
    BLUEPRINTS,
    BRIDGED,
    CONFIRMED,
    COVERAGE,
    EFFECTS,
    EVENT_PATHS,
    EVENTS,
    FINDINGS,
    FOLDS,
    FUNNEL,
    GATED,
    JUDGEMENT,
    QUALITY,
    REFITS,
    SEARCH,
    STABILITY,
    STRESSED,
    TABLES,
    TRADES,
    TRUTH,
    VERDICTS,
)
from lake.store import Lake
from tasks.events.config import EventsConfig
from tasks.report.config import ReportConfig
from tasks.report.page import draw_report
from tasks.report.task import draw_events, gather, page_name, read_digest, render
from tests.report.contest import summed
from tests.report.frames import fit
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
    "stability": STABILITY,
    "confirmed": CONFIRMED,
    "judgement": JUDGEMENT,
    "folds": FOLDS,
    "refits": REFITS,
    "trades": TRADES,
    "stressed": STRESSED,
    "bridged": BRIDGED,
    "gated": GATED,
    "verdicts": VERDICTS,
    "search": SEARCH,
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


def test_of_the_sums_by_block_those_of_the_fusion_family_and_the_baseline_are_kept(lake):
    blocks = np.arange(40)
    told = (blocks, np.ones(40), np.ones(40))
    rows = [summed(event, *told) for event in ("", "fusion_entry", "crash")]
    rows[2] |= {"family": "volatility"}
    rows += [row | {"condition": "session=0"} for row in rows]
    ref = put(lake, EFFECTS, fit(EFFECTS, rows), MARKET)
    evidence, facts = gather(lake, settings={}, effects=[ref], **tables_of(lake))
    assert evidence.effects.select("event", "condition").rows() == [
        ("", "all"),
        ("fusion_entry", "all"),
    ]
    assert ref in facts.refs


def draw_both(lake, refs):
    """The report and the book of events, as the flow draws them."""
    shown = {name: refs[name] for name in ("bars", "events", "coverage")}
    common = {"config": ReportConfig(), "lake": str(lake.files.root)}
    book = draw_events.fn(part="events", chosen=EventsConfig(), **shown, **common)
    return render.fn(book=book, settings={}, **refs, **common), book


def test_the_book_is_drawn_from_the_lake_and_the_report_leads_to_it(lake):
    report, book = draw_both(lake, tables_of(lake))
    assert page_name(book) == f"events-{book.key[:12]}.html"
    assert page_name(report) == f"report-{report.key[:12]}.html"
    assert page_name(book) in Page(lake.read(report).item(0, "html")).loads
    assert "book of events" in lake.read(book).item(0, "html")


def test_the_digest_holds_both_pages_and_what_could_not_run(lake):
    refs = tables_of(lake)
    both = draw_both(lake, refs)
    names = ("findings", "confirmed", "judgement", "verdicts", "funnel", "blueprints")
    given = {name: refs[name] for name in (*names, "coverage")}
    told = read_digest(str(lake.files.root), refs["quality"], **given, pages=both, n_best=3)
    assert list(told.pages) == [page_name(ref) for ref in both]
    assert told.not_runnable == {f"{MARKET} not runnable: needs open interest": ["oi_flush"]}
