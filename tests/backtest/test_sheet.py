"""What the tear sheet says, read back from the page and compared with the frames themselves."""

import re
from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import cache

import numpy as np
import plotly.graph_objects as go
import polars as pl
import pytest
from plotly.offline import get_plotlyjs

from lake.schema import BARS, EQUITY, FILLS, TRADES
from tasks.backtest.sheet import CONTENTS, draw_sheet
from tests.backtest.sample import (
    CAPITAL,
    FIRST,
    HOUR_MS,
    make_eras,
    make_fills,
    make_metrics,
    make_ruined,
    make_shown,
    make_trades,
    of_trades,
    stamps,
)
from tests.report.page import Page

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{7*7}}$x_{$"
LATE = datetime(2030, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - the project runs on 3.11 too
SAMPLES = {
    "usual": make_shown,
    "no trades": lambda: of_trades(TRADES.empty(), n_refused={}),
    "one trade": lambda: of_trades(make_trades(1, n_bars=2_000)),
    "no bars": lambda: of_trades(TRADES.empty(), n_bars=0, bars={}, n_refused={}),
    "ruined": make_ruined,
}


@cache
def shown_of(name):
    return SAMPLES[name]()


@cache
def html_of(name):
    return draw_sheet(shown_of(name))


@cache
def page_of(name):
    return Page(html_of(name).replace(get_plotlyjs(), ""))


def number(text):
    return float(text.replace("\u2212", "-").replace(",", "").replace("\u2013", "nan"))


def rows_of(page, table):
    """The rows below the heading, by their first cell."""
    return {row[0]: row[1:] for row in page.tables[table][1:]}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_page_is_small_and_loads_nothing(name):
    html = html_of(name)
    assert len(html.encode()) < 6_000_000
    assert html.count(get_plotlyjs()) == 1
    page = page_of(name)
    assert all(target.startswith("#") for target in page.loads)
    assert not re.search(r"https?:|url\(|@import|//[a-z]", html.replace(get_plotlyjs(), ""))
    assert "default-src 'none'" in html


@pytest.mark.parametrize("name", SAMPLES)
def test_contents_lead_to_sections_and_ids_are_unique(name):
    page = page_of(name)
    assert len(page.ids) == len(set(page.ids))
    assert {target.removeprefix("#") for target in page.loads} <= set(page.ids)
    assert {section for section, _ in CONTENTS} <= set(page.ids)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_chart_has_its_place_and_is_a_figure_that_plotly_accepts(name):
    page = page_of(name)
    for place, figure in page.charts.items():
        assert place in page.ids
        go.Figure(black(figure))


def black(value):
    """A figure with roles of colours replaced, as the page's script does."""
    if isinstance(value, str) and re.fullmatch(r"@[a-z]+[0-9]?(/[0-9.]+)?", value):
        return "#000000"
    if isinstance(value, list):
        return [black(item) for item in value]
    if isinstance(value, dict):
        return {name: black(item) for name, item in value.items()}
    return value


@pytest.mark.parametrize("name", SAMPLES)
def test_every_table_of_data_has_a_caption(name):
    own = html_of(name).split('<article class="card">')[0]
    tables = re.findall(r"<table id=.*?</table>|<table class=\"months\".*?</table>", own, re.S)
    assert len(tables) == sum(not named.startswith("card-") for named in page_of(name).tables)
    assert all(re.search(r"<caption>[^<]+</caption>", table) for table in tables)


@pytest.mark.parametrize("name", ["usual", "no trades"])
def test_the_same_back_test_gives_the_same_bytes(name):
    assert draw_sheet(SAMPLES[name]()) == html_of(name)


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("by-year", lambda row: str(row["exit_time"].year)),
        ("by-market", lambda row: row["market"]),
        ("by-side", lambda row: "long" if row["side"] == 1 else "short"),
        ("by-exit", lambda row: row["exit"]),
    ],
)
def test_groups_are_what_a_count_by_hand_gives(table, key):
    groups = defaultdict(list)
    for row in shown_of("usual").trades.to_dicts():
        groups[key(row)].append(row)
    shown = rows_of(page_of("usual"), table)
    assert shown.keys() == groups.keys()
    for name, rows in groups.items():
        bps = [row["net_bps"] for row in rows]
        n, hit, mean, total, net = map(number, shown[name])
        assert n == len(rows)
        assert hit == pytest.approx(100 * sum(r["net"] > 0 for r in rows) / n, abs=0.051)
        assert mean == pytest.approx(sum(bps) / n, abs=0.0051)
        assert total == pytest.approx(sum(bps), abs=0.051)
        assert net == pytest.approx(sum(row["net"] for row in rows), abs=0.0051)


def test_trades_belong_to_the_era_of_their_entry_and_to_none_outside():
    eras = make_eras(26_000)
    _, start, end = eras[1]
    page = Page(draw_sheet(make_shown(eras=eras[:2])))
    shown = rows_of(page, "by-era")
    entries = shown_of("usual").trades["entry_time"].to_list()
    assert list(shown) == ["outside all of them", "discovery (in sample)", "confirmation"]
    assert number(shown["confirmation"][0]) == sum(start <= t < end for t in entries)
    assert number(shown["outside all of them"][0]) == sum(t >= end for t in entries)


def test_a_trade_over_the_turn_of_year_and_era_counts_where_it_was_left_and_where_it_was_entered():
    usual = shown_of("usual")
    trades = usual.trades.filter(pl.col("entry_time").dt.year() == 2022).head(1)
    across = trades.with_columns(exit_time=pl.col("entry_time").dt.offset_by("1y"))
    entered = across["entry_time"][0]
    eras = [
        ("early", entered, entered + timedelta(hours=1)),
        ("late", entered + timedelta(1), LATE),
    ]
    page = Page(draw_sheet(replace(usual, trades=across, eras=eras)))
    assert list(rows_of(page, "by-year")) == ["2023"]
    assert list(rows_of(page, "by-era")) == ["early"]


def test_trades_of_the_discovery_era_raise_an_alarm_and_others_do_not():
    eras = make_eras(26_000)
    n = sum(t < eras[0][2] for t in shown_of("usual").trades["entry_time"])
    assert f"{n} of 900 trades" in page_of("usual").text
    later = Page(draw_sheet(make_shown(eras=eras[1:])))
    assert "no evidence" not in later.text


def test_costs_lead_from_the_gross_to_the_net_result():
    trades = shown_of("usual").trades
    shown = rows_of(page_of("usual"), "costs")
    for name, field, sign in (
        ("gross", "gross_bps", 1),
        ("fees", "fee_bps", -1),
        ("slippage", "slippage_bps", -1),
        ("funding", "funding_bps", -1),
        ("net", "net_bps", 1),
    ):
        mean, total = map(number, shown[name])
        assert mean == pytest.approx(sign * np.mean(trades[field].to_numpy()), abs=0.0051)
        assert total == pytest.approx(sign * np.sum(trades[field].to_numpy()), abs=0.051)
    means = [number(row[0]) for row in shown.values()]
    assert sum(means[:4]) == pytest.approx(means[4], abs=0.025)


def test_the_ten_largest_winners_and_losers_are_listed_in_order():
    ordered = sorted(shown_of("usual").trades.to_dicts(), key=lambda row: row["net"])
    page = page_of("usual")
    for table, rows in (("winners", ordered[::-1][:10]), ("losers", ordered[:10])):
        assert page.column(table, "#") == [str(row["trade"]) for row in rows]
        assert page.column(table, "market") == [row["market"] for row in rows]
        assert page.column(table, "left") == [row["exit"] for row in rows]
        times = [f"{row['entry_time']:%Y-%m-%d %H:%M}" for row in rows]
        assert page.column(table, "entry") == times
        prices = [number(cell) for cell in page.column(table, "price", 1)]
        assert prices == pytest.approx([row["exit_price"] for row in rows], rel=1e-6)
        net = [number(cell) for cell in page.column(table, "net", 1)]
        assert net == pytest.approx([row["net"] for row in rows], abs=0.0051)


def test_the_first_and_the_last_trades_are_listed():
    trades = shown_of("usual").trades.sort("entry_time", "market", "trade")["trade"].to_list()
    page = page_of("usual")
    assert page.column("first", "#") == [str(k) for k in trades[:10]]
    assert page.column("last", "#") == [str(k) for k in trades[-10:]]


def test_few_trades_are_listed_once():
    page = Page(draw_sheet(of_trades(make_trades(12, n_bars=2_000))))
    assert len(page.column("trades", "#")) == 12
    assert not {"winners", "losers", "first", "last"} & page.tables.keys()


def test_refused_orders_are_counted_by_reason_the_most_frequent_first():
    page = page_of("usual")
    assert page.column("refused", "reason") == [
        "another position of the market is open",
        "cooldown",
    ]
    assert page.column("refused", "orders") == ["212", "31"]
    assert number(page.column("refused", "of")[0]) == pytest.approx(100 * 212 / 1143, abs=0.051)
    assert "1,143 orders: 900 filled, 243 refused" in page.text


def test_metrics_are_all_there_with_units_intervals_and_notes():
    page, metrics = page_of("usual"), shown_of("usual").metrics
    assert page.column("metrics", "metric") == metrics["metric"].to_list()
    assert page.column("metrics", "note") == metrics["note"].to_list()
    shown = rows_of(page, "metrics")
    assert shown["cagr"][1:3] == ["\u22121.00 to 8.00", "% per year"]
    assert shown["calmar"][1] == "\u2013 to 1.90"
    assert shown["hit_rate"][0] == f"{100 * metrics.row(12)[1]:.2f}"
    assert shown["deflated_sharpe"][0] == "\u2013"


def test_the_headline_has_the_interval_of_a_figure_and_says_why_another_is_missing():
    text = page_of("usual").text.partition("Keep in mind")[0]
    assert "Sharpe ratio 0.91 95 %: \u22120.21 to 1.98" in text
    assert "deflated Sharpe \u2013 the number of trials is not known" in text


def test_fills_are_counted_with_what_they_cost():
    fills = shown_of("usual").fills
    page = page_of("usual")
    counts = zip(
        page.column("fills", "fill"), map(number, page.column("fills", "fills")), strict=True
    )
    for reason, n in counts:
        assert n == sum(r == reason for r in fills["reason"])
    assert sum(map(number, page.column("fills", "fees"))) == pytest.approx(
        sum(fills["fee"]), abs=0.03
    )


def test_bars_and_gaps_are_counted():
    page = page_of("usual")
    assert rows_of(page, "bars")["BTCUSDT-1h"][:2] == ["26,000", "7"]
    assert "7 bars of 26,000 never came" in page.text


def test_exposure_is_what_the_equity_says():
    equity = shown_of("usual").equity
    shown = rows_of(page_of("usual"), "exposure")
    level, gross = equity["equity"].to_numpy(), equity["gross"].to_numpy()
    assert number(shown["largest exposure"][0]) == pytest.approx(
        100 * np.max(gross / level), abs=0.0051
    )
    assert number(shown["bars with a position"][0]) == pytest.approx(
        100 * np.mean(equity["n_open"].to_numpy() > 0), abs=0.0051
    )


def test_no_trades_are_said_and_not_drawn():
    page = page_of("no trades")
    assert "No trades: nothing to show." in page.text
    assert "No order was given." in page.text
    assert page.charts.keys() == {"chart-equity"}
    assert not {"costs", "by-market", "trades", "fills"} & page.tables.keys()


def test_one_trade_is_listed_and_has_no_distribution():
    page = page_of("one trade")
    assert "One trade" in page.text
    assert "a distribution needs more" in page.text
    assert len(page.column("trades", "#")) == 1
    assert "chart-distribution" not in page.charts


def test_without_bars_nothing_is_drawn():
    page = page_of("no bars")
    assert "No bars: there is no curve to draw." in page.text
    assert not page.charts


def test_nothing_at_all_still_makes_a_page():
    nothing = replace(
        shown_of("no bars"),
        metrics=shown_of("no bars").metrics.clear(),
        card="",
        markets=(),
        bars={"BTCUSDT-1h": BARS.empty()},
    )
    assert "Nothing was measured." in Page(draw_sheet(nothing)).text


def test_ruin_is_said_with_its_time():
    equity = shown_of("ruined").equity
    when = next(row["time"] for row in equity.to_dicts() if row["equity"] <= 0)
    assert (
        f"Ruined: nothing was left of the account at {when:%Y-%m-%d %H:%M}"
        in page_of("ruined").text
    )
    assert "Ruined" not in page_of("usual").text


def test_a_sum_of_trades_that_is_not_the_profit_raises_an_alarm():
    whole = shown_of("usual")
    assert "not of one run" not in page_of("usual").text
    torn = replace(whole, trades=whole.trades.head(899))
    assert "not of one run" in Page(draw_sheet(torn)).text
    still_open = Page(draw_sheet(replace(torn, n_open=1)))
    assert "not of one run" not in still_open.text
    assert "1 position was still open at the end" in still_open.text


def test_the_account_in_coins_shows_more_digits():
    trades = shown_of("usual").trades.with_columns(pl.col("net") * 1e-6)
    page = Page(draw_sheet(replace(shown_of("usual"), trades=trades, n_open=1)))
    largest = max(trades["net"])
    assert number(page.column("winners", "net", 1)[0]) == pytest.approx(largest, rel=1e-4)


def test_text_from_outside_stays_text():
    usual = shown_of("usual")

    def renamed(frame):
        return frame.with_columns(pl.lit(HOSTILE).alias("market"))

    page_html = draw_sheet(
        replace(
            usual,
            name=HOSTILE,
            title=HOSTILE,
            card=f"# {HOSTILE}\n\n[a](javascript:alert(1)) ![b](http://x/y.png)\n\n{HOSTILE}",
            markets=(HOSTILE,),
            trades=renamed(usual.trades).with_columns(exit=pl.lit(HOSTILE)),
            fills=renamed(usual.fills).with_columns(reason=pl.lit(HOSTILE)),
            metrics=usual.metrics.with_columns(note=pl.lit(HOSTILE), unit=pl.lit(HOSTILE)),
            eras=[("<b>x", *usual.eras[0][1:])],
            notes=(HOSTILE,),
            n_refused={HOSTILE: 3},
            bars={HOSTILE: usual.bars["BTCUSDT-1h"]},
        )
    )
    own = page_html.replace(get_plotlyjs(), "")
    page, plain = Page(own), page_of("usual")
    assert page.tags.count("script") == plain.tags.count("script")
    assert "img" not in page.tags
    assert all(target.startswith("#") for target in page.loads)
    assert rows_of(page, "by-market").keys() == {HOSTILE}
    (label,) = page.charts["chart-equity"]["layout"]["annotations"]
    assert label["text"] == "&lt;b&gt;x"
    assert "{{7*7}}" in page.text


def test_the_card_is_set_as_markdown_below_the_headings_of_the_page():
    card = html_of("usual").partition('<article class="card">')[2].partition("</article>")[0]
    assert "<h3>Crash, followed for 12 h</h3>" in card
    assert "<strong>buy</strong>" in card
    assert "<td>412</td>" in card


def test_notes_of_the_run_stand_on_the_first_screen():
    assert "verified: 412 golden trades" in page_of("usual").text.partition("Keep in mind")[0]


def test_600_000_bars_make_a_page_below_6_megabytes_that_shows_the_extremes():
    n = 600_000
    rng = np.random.default_rng(4)
    level = CAPITAL * np.exp(np.cumsum(rng.normal(0, 3e-4, n)))
    level[431_017] *= 1.7
    times = stamps(int(FIRST.timestamp() * 1000) + HOUR_MS // 12 * np.arange(1, n + 1))
    gross = np.abs(rng.normal(0, 1e5, n))
    columns = {"equity": level, "cash": level - gross, "gross": gross}
    flat = pl.Series(np.ones(n, np.int64))
    equity = EQUITY.conform(pl.DataFrame({"time": times, **columns, "n_open": flat}))
    trades = make_trades(20_000, n_bars=50_000)
    shown = make_shown(
        trades=trades,
        fills=make_fills(trades.head(10)),
        equity=equity,
        metrics=make_metrics(trades, equity),
        timeframe="5m",
    )
    html = draw_sheet(shown)
    assert len(html.encode()) < 6_000_000
    upper, lower = Page(html.replace(get_plotlyjs(), "")).charts["chart-equity"]["data"]
    peaks = np.maximum.accumulate(level)
    assert max(upper["y"]) == pytest.approx(level.max(), rel=1e-7)
    assert min(upper["y"]) == pytest.approx(level.min(), rel=1e-7)
    assert min(lower["y"]) == pytest.approx(-100 * np.max(1 - level / peaks), abs=1e-4)
    assert None not in upper["y"]


def test_a_year_without_bars_breaks_the_line():
    usual = shown_of("usual")
    first, last = (datetime(2021 + k, 9, 1, tzinfo=timezone.utc) for k in (0, 1))  # noqa: UP017
    torn = usual.equity.filter(~pl.col("time").is_between(first, last))
    page = Page(draw_sheet(replace(usual, equity=torn)))
    assert page.charts["chart-equity"]["data"][0]["y"].count(None) == 1
    assert "Where the line is broken there are no bars." in page.text
    assert page_of("usual").charts["chart-equity"]["data"][0]["y"].count(None) == 0


def test_no_fill_is_no_table():
    assert "fills" not in Page(draw_sheet(replace(shown_of("usual"), fills=FILLS.empty()))).tables
