import bidask
import numpy as np
import pytest
from scipy.stats import linregress

from tasks.events.bars import PRICES
from tasks.events.spreads import (
    edge_spread,
    gap,
    gap_prints,
    illiquidity,
    known_spread,
    kyle_lambda,
)
from tests.events.market import bars_of, simulated, walk
from tests.events.trades import bars_of_trades

WINDOW = 96


def test_the_spread_is_that_of_the_authors():
    bars = simulated(600)
    spread = edge_spread(bars, WINDOW)
    for end in (WINDOW, 250, 600):
        prices = (getattr(bars, name)[end - WINDOW : end] for name in ("open", "high", "low"))
        wanted = bidask.edge(*prices, bars.close[end - WINDOW : end], sign=True)
        assert spread[end - 1] == pytest.approx(wanted, abs=1e-12)


def test_a_spread_that_was_put_in_is_found():
    spread = edge_spread(bars_of_trades(np.full(2000, 0.004)), 2000)
    assert spread[-1] == pytest.approx(0.004, rel=0.05)


def test_the_last_window_alone_has_the_same_bits():
    bars = simulated(1000)
    whole = edge_spread(bars, WINDOW)
    for end in (500, 501, 577, 1000):
        assert edge_spread(bars.part(end - WINDOW, end), WINDOW)[-1] == whole[end - 1]


def test_moves_that_continue_have_a_spread_below_zero():
    bars = bars_of_trades(np.zeros(2000), momentum=0.9)
    assert edge_spread(bars, 2000)[-1] < -0.001


def test_a_gap_has_no_spread_and_is_bridged():
    closes = np.array(bars_of_trades(np.full(200, 0.004)).close)
    closes[150] = np.nan
    spread = edge_spread(bars_of(closes), WINDOW)
    assert np.isnan(spread[150])
    assert np.isfinite(spread[151])


def test_lambda_is_the_slope_on_signed_quote_volume():
    bars = simulated(300)
    got = kyle_lambda(bars, 32)
    for end in (100, 300):
        last = slice(end - 32, end)
        signed = bars.flow[last] * bars.quote_volume[last]
        assert got[end - 1] == pytest.approx(linregress(signed, bars.log_return[last]).slope)


def test_without_flow_the_return_signs_the_volume():
    returns = np.array([0.01, -0.02, 0.015, -0.01, 0.02])
    bars = bars_of(walk(returns), volume=[1.0, 2.0, 3.0, 1.0, 2.0, 4.0])
    signed = np.sign(returns) * bars.quote_volume[1:]
    assert kyle_lambda(bars, 5)[-1] == pytest.approx(linregress(signed, returns).slope)


def test_illiquidity_is_return_per_turnover():
    bars = bars_of(walk([0.01, -0.02, 0.01]), volume=[1.0, 10.0, 10.0, 0.0])
    wanted = [np.nan, 0.01 / bars.quote_volume[1], 0.02 / bars.quote_volume[2], np.nan]
    np.testing.assert_allclose(illiquidity(bars), wanted)


def test_a_gap_is_from_the_close_before():
    bars = bars_of([100.0, 101.0, 102.0], open=[100.0, 102.0, 101.0])
    np.testing.assert_allclose(gap(bars), [np.nan, np.log(1.02), 0.0])


def test_a_gap_print_is_as_strong_as_it_passes_the_higher_threshold():
    bars = bars_of_trades(np.append(np.full(60, 0.01), 0.0), jumps={60: 0.06})
    by = {"probability": 0.5, "spread_window": 32, "history": 40}
    size, spread = np.abs(gap(bars)), edge_spread(bars, 32)[-2]  # before the gap
    wide = gap_prints(bars, multiple=3.0, **by)
    assert wide.strength[-1] == pytest.approx(0.06 / (3 * spread), rel=1e-6)
    usual = gap_prints(bars, multiple=0.0, **by)
    assert usual.strength[-1] == pytest.approx(0.06 / np.median(size[20:60]), rel=1e-6)


def test_where_bars_show_no_spread_the_usual_one_counts():
    bars = simulated(3000)
    spread, known = edge_spread(bars, 96), known_spread(bars, 96, 960)
    assert (spread[1000:] <= 0.0).mean() > 0.1
    for t in np.flatnonzero(spread[1500:-1] <= 0.0)[::50] + 1501:
        before = spread[t - 961 : t - 1]
        assert known[t] == pytest.approx(np.median(before[before > 0.0]))
    shown = np.flatnonzero(spread[:-1] > 0.0)
    np.testing.assert_array_equal(known[shown + 1], spread[shown])


def test_prices_of_any_unit_give_the_same_bits():
    bars = bars_of_trades(np.full(200, 0.004))
    assert set(PRICES) <= set(vars(bars))
    for measure in (lambda b: edge_spread(b, WINDOW), gap):
        np.testing.assert_array_equal(measure(bars), measure(bars.rescaled(4.0)))
    np.testing.assert_array_equal(kyle_lambda(bars, 32), 4 * kyle_lambda(bars.rescaled(4.0), 32))
