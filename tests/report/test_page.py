import re
import time
from dataclasses import replace
from functools import cache
from pathlib import Path

import plotly.graph_objects as go
import polars as pl
import pytest
from plotly.offline import get_plotlyjs

from lake.schema import REPORT
from tasks.report.config import ReportConfig
from tasks.report.page import CONTENTS, draw_report
from tests.report.contest import make_engines
from tests.report.page import Page
from tests.report.sample import make_barren, make_eventless, make_evidence, make_facts

SAMPLES = {
    "two markets": lambda: make_evidence(2),
    "one market": lambda: make_evidence(1),
    "twelve markets": lambda: make_evidence(12, n_days=400),
    "all events": make_engines,
    "no finding": make_barren,
    "no event": make_eventless,
}
HOSTILE = "</script><img src=x onerror=alert(1)>\"'&"


@cache
def evidence_of(name):
    return SAMPLES[name]()


@cache
def html_of(name):
    evidence = evidence_of(name)
    return draw_report(evidence, make_facts(evidence))["html"][0]


def own_part(html):
    """The page without plotly's own file."""
    return html.replace(get_plotlyjs(), "")


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_makes_one_small_page(name):
    evidence = evidence_of(name)
    report = draw_report(evidence, make_facts(evidence))
    assert REPORT.conform(report).height == 1
    assert len(report["html"][0].encode()) < 7_000_000


@pytest.mark.parametrize("name", SAMPLES)
def test_the_page_loads_nothing(name):
    html = own_part(html_of(name))
    page = Page(html)
    assert all(target.startswith("#") for target in page.loads)
    assert not re.search(r"https?:|url\(|@import|//[a-z]", html)
    assert not {"link", "iframe", "object", "embed", "base", "img"} & set(page.tags)


def test_the_book_of_events_is_the_only_file_that_the_page_leads_to():
    evidence = evidence_of("two markets")
    page = Page(draw_report(evidence, make_facts(evidence), book="events-ab.html")["html"][0])
    assert [name for name in page.loads if not name.startswith("#")] == ["events-ab.html"]
    assert "book of events" not in Page(html_of("two markets")).text


def test_a_browser_is_told_to_load_nothing():
    assert "default-src 'none'" in html_of("two markets")


def test_plotly_stands_in_the_page_once():
    assert html_of("two markets").count(get_plotlyjs()) == 1


@pytest.mark.parametrize("name", ["two markets", "no event"])
def test_the_same_arguments_give_the_same_bytes(name):
    again = SAMPLES[name]()
    assert draw_report(again, make_facts(again))["html"][0] == html_of(name)


def test_no_time_of_the_run_and_no_place_of_the_machine_is_shown():
    html = own_part(html_of("two markets"))
    assert time.strftime("%Y-%m-%d", time.gmtime()) not in html
    assert str(Path(__file__).resolve().parents[2]) not in html
    assert "/tmp/" not in html


@pytest.mark.parametrize("name", SAMPLES)
def test_contents_lead_to_sections_and_ids_are_unique(name):
    page = Page(html_of(name))
    assert len(page.ids) == len(set(page.ids))
    links = {target.removeprefix("#") for target in page.loads}
    assert links <= set(page.ids)
    expected = {section for section, _ in CONTENTS}
    if name.startswith("no "):
        expected -= {"planted"}
    assert expected <= links


@pytest.mark.parametrize("name", SAMPLES)
def test_every_chart_has_its_place_and_is_a_figure_that_plotly_accepts(name):
    page = Page(html_of(name))
    for place, figure in page.charts.items():
        assert place in page.ids
        go.Figure(_black(figure))


def _black(value):
    """A figure with roles of colours replaced, as the page's script does."""
    if isinstance(value, str) and re.fullmatch(r"@[a-z]+[0-9]?(/[0-9.]+)?", value):
        return "#000000"
    if isinstance(value, list):
        return [_black(item) for item in value]
    if isinstance(value, dict):
        return {name: _black(item) for name, item in value.items()}
    return value


def test_every_role_of_a_colour_has_a_value_in_both_schemes():
    html = own_part(html_of("twelve markets"))
    used = set(re.findall(r'"@([a-z]+[0-9]?)(?:/[0-9.]+)?"', html))
    light, _, dark = html.partition("prefers-color-scheme:dark")
    for role in used:
        assert f"--{role}:#" in light
        assert f"--{role}:#" in dark


def test_a_hostile_symbol_stays_text():
    evidence = evidence_of("two markets")
    market = f"{HOSTILE}-1h"

    def renamed(frame, *columns):
        swap = pl.col(*columns).str.replace_all("BTCUSDT-1h", market, literal=True)
        return frame.with_columns(swap)

    hostile = replace(
        evidence,
        months=renamed(evidence.months, "market"),
        quality=renamed(evidence.quality, "market").with_columns(note=pl.lit(HOSTILE)),
        events=renamed(evidence.events, "market").with_columns(event=pl.lit(HOSTILE)),
        paths=renamed(evidence.paths, "market"),
        findings=renamed(evidence.findings, "market", "hypothesis").with_columns(
            reason=pl.lit(HOSTILE)
        ),
        confirmed=renamed(evidence.confirmed, "hypothesis"),
        stability=renamed(evidence.stability, "hypothesis", "slice"),
        search=evidence.search.with_columns(portfolio=pl.lit(HOSTILE), reason=pl.lit(HOSTILE)),
        bridged=renamed(evidence.bridged, "hypothesis"),
        refits=renamed(evidence.refits, "hypothesis"),
        trades=renamed(evidence.trades, "hypothesis", "market").with_columns(exit=pl.lit(HOSTILE)),
        stressed=renamed(evidence.stressed, "hypothesis", "level"),
        gated=renamed(evidence.gated, "hypothesis").with_columns(
            *(pl.lit(HOSTILE).alias(name) for name in ("gate", "wanted", "reason")),
            passed=pl.lit(value=False),
        ),
        verdicts=renamed(evidence.verdicts, "hypothesis"),
        blueprints=renamed(evidence.blueprints, "hypothesis").with_columns(
            blueprint=HOSTILE + pl.col("blueprint"),
            card=pl.lit(f"# {HOSTILE}\n\n## {HOSTILE}\n\n{HOSTILE}\n\n| a |\n|---|\n| {HOSTILE} |"),
        ),
        funnel=evidence.funnel.with_columns(gate=pl.lit(HOSTILE)),
    )
    html = draw_report(hostile, make_facts(evidence_of("one market")))["html"][0]
    page = Page(html)
    assert "img" not in page.tags
    assert page.tags.count("script") == html_of("two markets").count("<script")
    assert market in page.column("findings", "market")
    assert "onerror" not in "".join(str(attribute) for attribute in page.loads)
    for figure in page.charts.values():
        assert "<img" not in str(figure)


def test_a_warm_page_takes_at_most_a_second_and_a_half_of_computing():
    evidence = evidence_of("twelve markets")
    facts = make_facts(evidence)
    draw_report(evidence, facts)
    start = time.process_time()
    draw_report(evidence, facts)
    assert time.process_time() - start < 1.5


def test_the_config_says_how_much_is_shown():
    evidence = evidence_of("two markets")
    config = ReportConfig(n_best=3, n_further=0, n_forest=2, n_curves=1, n_lines=1)
    page = Page(draw_report(evidence, make_facts(evidence), config)["html"][0])
    assert len(page.column("findings", "event")) == 3
    assert "findings-further" not in page.tables
    assert len(page.charts["chart-forest"]["data"][0]["x"]) == 2
    assert [name for name in page.charts if "curve" in name] == ["chart-curve-0"]
    assert len(page.charts["chart-net"]["data"]) == 1
