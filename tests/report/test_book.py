import re
import time
from datetime import timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest

from lake.schema import BARS, COVERAGE, EVENTS, REPORT
from tasks.events.config import EventsConfig
from tasks.events.registry import catalogue
from tasks.report.book import Material, draw_book
from tasks.report.config import ReportConfig
from tasks.report.scenes import choose, scenes_of
from tests.report.drawing import by_class, read_svg
from tests.report.occurrences import MARKET, START, occur, ran
from tests.report.page import Page
from tests.report.sample import fit

NAMES = ("vol_shock", "vol_spike", "vol_cluster_shift", "band_break")
CHOSEN = EventsConfig(names=NAMES)
OTHER = "XYZUSDT-15m"
DAY = 24 * 60
HOSTILE = "<img src=x onerror=alert(1)>\"&'"


@cache
def walk(n=3000, seed=1):
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.standard_t(4, n) * 0.002))
    open_ = np.concatenate([[100.0], close[:-1]])
    wick = np.exp(rng.random(n) * 0.002)
    prices = {"high": np.maximum(open_, close) * wick, "low": np.minimum(open_, close) / wick}
    columns = dict.fromkeys(BARS.columns, np.ones(n)) | prices | {"open": open_, "close": close}
    moments = [START + timedelta(minutes=15 * i) for i in range(n)]
    return fit(BARS, pl.DataFrame(columns | {"time": moments, "is_gap": np.zeros(n, bool)}))


def material(events, coverage, config=None, bars=None):
    config = config or ReportConfig()
    chosen, pictures = choose(events, config.n_scenes), []
    for market in events["market"].unique().sort():
        own = chosen.filter(pl.col("market") == market)
        around = (config.scene_bars_before, config.scene_bars_after)
        pictures += scenes_of(own, walk() if bars is None else bars, *around)
    return Material(events, coverage, pictures)


def some_events(markets=(MARKET, OTHER)):
    """Shocks and spikes together, band breaks elsewhere, cluster shifts never."""
    found = []
    for market in markets:
        for k in range(20):
            minute = DAY * k + 600
            found += [(market, "vol_shock", minute, 1, 45), (market, "vol_spike", minute + 15, -1)]
            found += [(market, "band_break", minute + 300)]
    return occur(*found)


def html_of(events=None, coverage=None, chosen=CHOSEN, config=None, bars=None):
    events = some_events() if events is None else events
    coverage = ran(events, NAMES, (MARKET, OTHER), 3000) if coverage is None else coverage
    config = config or ReportConfig()
    book = draw_book(material(events, coverage, config, bars), chosen, config)
    return REPORT.conform(book)["html"].item()


def section_of(html, name):
    """An event's page within the book."""
    after = html.split(f'<section class="event" id="event-{name}">')[1]
    return after.partition("</section>")[0]


def pictures_of(html, name):
    found = re.findall(r'<svg class="scene".*?</svg>', section_of(html, name), re.DOTALL)
    return [read_svg(each) for each in found]


@cache
def usual():
    return html_of()


def test_the_book_is_one_page_without_a_script_that_loads_nothing():
    page = Page(usual())
    assert not {"script", "img", "link", "iframe", "object", "embed", "base"} & set(page.tags)
    assert not re.search(r"https?:|url\(|@import|//[a-z]", usual())
    assert "default-src 'none'" in usual()
    assert "script-src" not in usual()
    assert not re.search(r"<[^>]* on\w+=", usual())


def test_ids_are_unique_and_every_link_leads_somewhere():
    page = Page(usual())
    assert len(page.ids) == len(set(page.ids))
    assert {f"event-{name}" for name in NAMES} <= set(page.ids)
    assert all(target.startswith("#") for target in page.loads)
    assert {target[1:] for target in page.loads} <= set(page.ids)


def test_the_same_arguments_give_the_same_bytes():
    events = some_events().sample(fraction=1.0, shuffle=True, seed=4)
    assert html_of(events) == html_of() == usual()


def test_the_index_counts_what_the_tables_hold():
    page = Page(usual())
    rows = dict(zip(page.column("index", "event"), page.tables["index"][1:], strict=True))
    assert list(rows) == ["band_break", "vol_cluster_shift", "vol_shock", "vol_spike"]
    share = f"{100 * 40 / 6000:.2f}"
    assert rows["vol_shock"][1:6] == ["volatility", "40", share, "vol_spike", "100"]
    assert rows["vol_cluster_shift"][2:6] == ["0", "0.00", "", ""]
    meaning = "Fast volatility over its own past median crosses up into its past tail."
    assert rows["vol_shock"][6] == meaning


def test_the_years_are_counted_per_market_with_sides_and_a_total():
    early = [(MARKET, "vol_shock", DAY * k, side) for k, side in enumerate((1, 1, 1, -1))]
    late = [(OTHER, "vol_shock", DAY * 800, -1)]
    page = Page(html_of(occur(*early, *late)))
    assert page.tables["years-vol_shock"] == [
        ["market", "events", "of bars %", "up %", "down %", "2024", "2025", "2026"],
        [MARKET, "4", "0.13", "75", "25", "4", "0", "0"],
        [OTHER, "1", "0.03", "0", "100", "0", "0", "1"],
        ["all", "5", "0.08", "60", "40", "4", "0", "1"],
    ]


def test_each_event_has_its_definition_needs_parameters_and_pictures():
    chosen = CHOSEN.model_copy(update={"parameters": {"vol_spike": {"threshold": 6.0}}})
    told = section_of(html_of(chosen=chosen), "vol_spike")
    assert "A return that jump-robust volatility does not explain (Lee and Mykland 2008)." in told
    assert "Needs prices." in told
    assert "threshold = 6.0 (default 4.0)</code>" in told
    assert "history = 1d</code>" in told
    assert len(pictures_of(usual(), "vol_spike")) == 3
    assert f"{MARKET}, 2024-01-" in told


def test_a_picture_shows_the_bars_around_the_event_and_veils_what_came_after():
    for picture in pictures_of(usual(), "vol_shock"):
        (veil,) = by_class(picture, "veil")
        n_shown = 48 + 1 + 16
        left = 4 + 352 * 49 / n_shown
        assert float(veil.get("x")) == pytest.approx(left, abs=0.1)
        assert by_class(picture, "mark")
        assert by_class(picture, "anchor")
    assert "48 bars before and 16 after" in section_of(usual(), "vol_shock")


def test_the_config_says_how_much_is_pictured_and_named():
    config = ReportConfig(n_scenes=1, n_beside=0, scene_bars_before=5, scene_bars_after=0)
    html = html_of(config=config)
    assert len(pictures_of(html, "vol_spike")) == 1
    assert "5 bars before and 0 after" in html
    assert "beside-vol_spike" not in Page(html).tables
    assert not pictures_of(html_of(config=ReportConfig(n_scenes=0)), "vol_spike")


def test_near_duplicates_are_named_with_what_chance_gives():
    page = Page(usual())
    by_chance = f"{100 * 20 * 9 / 3000:.0f}"
    row = ["vol_shock", "vol_spike", "100", by_chance, "100", by_chance]
    assert page.tables["duplicates"][1:] == [row]
    assert page.tables["beside-vol_spike"][1:] == [["vol_shock", *row[2:]]]
    assert "within 1h on either side" in page.text
    assert "<dt>near-duplicate pair</dt><dd>1</dd>" in usual()


def test_the_heat_map_stands_in_the_page_with_its_key():
    (heat,) = re.findall(r'<svg class="heat".*?</svg>', usual(), re.DOTALL)
    assert len([each for each in read_svg(heat) if each.tag == "rect"]) == 3 + 2
    assert re.findall(r'opacity:([\d.]+)"></i>(\d+) %', usual()) == [
        (str(step), f"{100 * step:.0f}") for step in (0.1, 0.25, 0.5, 0.75, 1.0)
    ]


def test_an_event_that_ran_and_never_stood_says_so():
    told = section_of(usual(), "vol_cluster_shift")
    assert "It ran on 2 markets and never stood." in told
    assert not pictures_of(usual(), "vol_cluster_shift")
    assert "Every one ran; never standing: vol_cluster_shift." in usual()


def test_an_event_that_could_not_run_says_why_and_not_that_it_never_stood():
    events = some_events().filter(pl.col("event") != "vol_spike")
    both = {(MARKET, "vol_spike"), (OTHER, "vol_spike"), (OTHER, "band_break")}
    events = events.filter((pl.col("market") == MARKET) | (pl.col("event") != "band_break"))
    html = html_of(events, ran(events, NAMES, (MARKET, OTHER), 3000, absent=both))
    told, page = section_of(html, "vol_spike"), Page(html)
    assert f"not runnable: needs spot bars ({MARKET}, {OTHER})" in told
    assert "never stood" not in told
    assert page.tables["absent"][1:] == [
        ["band_break", "volatility", "not runnable: needs spot bars", OTHER],
        ["vol_spike", "volatility", "not runnable: needs spot bars", "all 2"],
    ]
    assert page.tables["years-band_break"][1:] == [[MARKET, "20", "0.67", "0", "0", "20"]]
    row = page.tables["index"][1 + page.column("index", "event").index("vol_spike")]
    assert row[2:6] == ["not run", "\u2013", "", ""]
    assert "3 of them ran" in page.text


@pytest.mark.parametrize(
    "coverage",
    [
        pytest.param(ran(EVENTS.empty(), NAMES), id="ran and found nothing"),
        pytest.param(
            ran(EVENTS.empty(), NAMES, absent={(MARKET, n) for n in NAMES}), id="could not run"
        ),
        pytest.param(COVERAGE.empty(), id="no market"),
    ],
)
def test_a_book_without_an_occurrence_is_a_page_still(coverage):
    page = Page(html_of(EVENTS.empty(), coverage))
    assert page.column("index", "event") == sorted(NAMES)
    assert "so none stands beside another" in page.text
    assert {target[1:] for target in page.loads} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_one_market_has_no_total():
    events = some_events((MARKET,))
    page = Page(html_of(events, ran(events, NAMES, n_bars=3000)))
    assert [row[0] for row in page.tables["years-vol_shock"]] == ["market", MARKET]
    assert f"{MARKET} \u00b7 occurrences from 2024-01-01 to 2024-01-20" in page.text


def test_one_event_alone_has_no_heat_map():
    events = some_events().filter(pl.col("event") == "vol_shock")
    coverage = ran(events, ("vol_shock",), (MARKET, OTHER))
    html = html_of(events, coverage, EventsConfig(names=("vol_shock",)))
    assert 'class="heat"' not in html
    assert "so none stands beside another" in html


def test_a_users_family_has_its_pages_and_its_text_is_escaped():
    chosen = EventsConfig(modules=("tests.report.house_events",), families=("house_events",))
    events = occur(*((MARKET, "odd_bar", DAY * k) for k in range(5)))
    html = html_of(events, ran(events, ("odd_bar",)), chosen)
    told = section_of(html, "odd_bar")
    assert (
        "<p>Every <code>n</code>-th bar is &lt;b&gt;odd&lt;/b&gt; &amp; &#34;new&#34; "
        "(see <code>x &lt; y</code>).</p>" in told
    )
    assert "says &lt;script&gt;alert(1)&lt;/script&gt;, and goes on." in told
    assert "Nobody reads this" not in told
    page = Page(html)
    assert "script" not in page.tags
    assert page.column("index", "event") == ["odd_bar"]
    assert "house events" in page.text


def test_a_sequence_has_its_page():
    chosen = EventsConfig(names=("vol_shock",), sequences=("vol_shock then vol_spike within 8h",))
    name = "vol_shock_then_vol_spike_within_8h"
    events = occur((MARKET, name, DAY, 1, 60), (MARKET, "vol_shock", DAY - 60))
    html = html_of(events, ran(events, (name, "vol_shock")), chosen)
    assert "began 4 bars before" in section_of(html, name)
    assert f"#event-{name}" in Page(html).loads


def test_a_hostile_market_and_a_hostile_reason_stay_text():
    def renamed(frame):
        return frame.with_columns(pl.col("market").replace(OTHER, HOSTILE))

    events = some_events()
    covered = ran(events, NAMES, (MARKET, OTHER), 3000, absent={(OTHER, "vol_cluster_shift")})
    reasons = pl.col("reason").str.replace("spot bars", HOSTILE, literal=True)
    html = html_of(renamed(events), renamed(covered.with_columns(reasons)))
    page = Page(html)
    assert "img" not in page.tags
    assert [row[0] for row in page.tables["years-vol_shock"]][1] == HOSTILE
    assert page.column("absent", "why") == [f"not runnable: needs {HOSTILE}"]
    labels = [picture.get("aria-label") for picture in pictures_of(html, "vol_shock")]
    assert any(HOSTILE in label for label in labels)


def test_every_colour_has_a_value_in_both_schemes():
    style = re.search(r"<style>(.*?)</style>", usual(), re.DOTALL)[1]
    light, _, dark = style.partition("prefers-color-scheme:dark")
    for role in ("good", "bad", "accent", "axis", "soft", "card", "ink"):
        assert f"--{role}:#" in light
        assert f"--{role}:#" in dark


@cache
def six_years():
    """Every event of the catalogue on two markets of six years: 60,000 occurrences."""
    rng, n = np.random.default_rng(11), 210_000
    names = [analyzer.name for analyzer in catalogue()]
    stamp = int(START.timestamp() * 1000)
    bars = (
        walk()
        .sample(n, with_replacement=True, seed=1)
        .with_columns(time=(pl.int_range(n) * 900_000 + stamp).cast(pl.Datetime("ms", "UTC")))
    )
    parts = [
        pl.DataFrame({"at": np.sort(rng.choice(n, 526, replace=False))}).with_columns(
            market=pl.lit(market), event=pl.lit(name), family=pl.lit("any")
        )
        for market in (MARKET, OTHER)
        for name in names
    ]
    moment = (pl.col("at") * 900_000 + stamp).cast(pl.Datetime("ms", "UTC"))
    found = pl.concat(parts).with_columns(
        time=moment,
        known_at=moment + timedelta(minutes=15),
        anchor_time=moment,
        side=pl.col("at") % 3 - 1,
        strength=pl.lit(2.0),
        parameters_key=pl.lit("0" * 12),
    )
    events = fit(EVENTS, found.drop("at").select(list(EVENTS.columns)))
    return events, ran(events, names, (MARKET, OTHER), n), fit(BARS, bars)


def test_every_event_on_two_markets_of_six_years_is_a_small_page_within_two_seconds():
    events, coverage, bars = six_years()
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        html = html_of(events, coverage, EventsConfig(), bars=bars)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 2.0
    assert len(html.encode()) < 3_000_000
    page = Page(html)
    assert len(page.column("index", "event")) == len(catalogue())
    assert len(page.ids) == len(set(page.ids))
    assert {target[1:] for target in page.loads} <= set(page.ids)
