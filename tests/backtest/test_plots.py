"""What the charts of the trades hold."""

import numpy as np
import polars as pl
import pytest

from tasks.backtest.plots import (
    choose_points,
    count_results,
    plot_distribution,
    plot_excursions,
    plot_waterfall,
)
from tests.backtest.sample import make_trades

TRADES = make_trades(900, n_bars=20_000)


def test_every_result_is_counted_and_those_inside_stand_in_their_bin():
    net = np.random.default_rng(1).standard_t(2, 5_000) * 40
    histogram = count_results(net)
    assert histogram.counts.sum() == 5_000
    inner = histogram.edges[1:-1]
    for k in range(1, len(histogram.counts) - 1):
        inside = (net >= inner[k - 1]) & (net < inner[k])
        assert histogram.counts[k] == inside.sum()
    assert histogram.counts[0] == (net < inner[0]).sum()
    assert len(histogram.counts) <= 60


@pytest.mark.parametrize("net", [[5.0, 5.0], [0.0, 1e-12], [1.0, 2.0], [-1e6, 0.0, 0.0, 0.0]])
def test_few_or_equal_results_are_counted_too(net):
    assert count_results(np.array(net)).counts.sum() == len(net)


def test_the_mean_and_its_interval_are_drawn_and_said():
    chart = plot_distribution(TRADES, -1.5, 8.25)
    mean = np.mean(TRADES["net_bps"].to_numpy())
    shapes = chart.layout["shapes"]
    assert any(s["type"] == "line" and s["x0"] == pytest.approx(mean) for s in shapes)
    assert [(s["x0"], s["x1"]) for s in shapes if s["type"] == "rect"] == [(-1.5, 8.25)]
    assert "\u22121.5 to +8.2" in chart.note
    assert sum(chart.data[0]["y"]) == 900


def test_an_interval_that_is_not_known_is_not_drawn():
    chart = plot_distribution(TRADES, float("nan"), 3.0)
    assert not [s for s in chart.layout["shapes"] if s["type"] == "rect"]
    assert "not known" in chart.note


def test_results_that_are_no_numbers_are_left_out():
    torn = TRADES.with_columns(
        net_bps=pl.when(pl.col("trade") < 5).then(float("nan")).otherwise("net_bps")
    )
    assert sum(plot_distribution(torn, 0.0, 1.0).data[0]["y"]) == 895
    assert sum(len(t["x"]) for t in plot_excursions(torn)[0].data) == 895


def test_the_waterfall_falls_from_the_gross_to_the_net_mean():
    (trace,) = plot_waterfall(TRADES).data
    gross, fees, slippage, funding, net = trace["y"]
    assert gross == pytest.approx(np.mean(TRADES["gross_bps"].to_numpy()), rel=1e-5)
    assert fees == pytest.approx(-10.0)
    assert gross + fees + slippage + funding == pytest.approx(net, abs=1e-4)
    low, high = plot_waterfall(TRADES).layout["yaxis"]["range"]
    assert low < 0 < gross < high


def test_excursions_show_each_trade_once_by_whether_it_won():
    for chart, field in zip(plot_excursions(TRADES), ("worst_bps", "best_bps"), strict=True):
        won, lost = chart.data
        assert all(y > 0 for y in won["y"])
        assert all(y <= 0 for y in lost["y"])
        drawn = sorted(won["x"] + lost["x"])
        assert drawn == pytest.approx(sorted(TRADES[field]), rel=1e-4)


def test_many_points_are_thinned_but_not_their_extremes():
    values = np.random.default_rng(2).normal(size=(10_000, 2))
    rows = choose_points(values, 300)
    assert len(rows) <= 304
    assert len(set(rows.tolist())) == len(rows)
    assert np.array_equal(values[rows].min(axis=0), values.min(axis=0))
    assert np.array_equal(values[rows].max(axis=0), values.max(axis=0))
    assert choose_points(values[:300], 300).tolist() == list(range(300))
