import bidask
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels.spread import squared_edge
from tests.kernels import naive_spread


def market(seed, n, *, spread=0.0, n_trades=30, decimals=None, gap_share=0.0):
    """Open, high, low and close of trades at the bid or at the ask."""
    rng = np.random.default_rng(seed)
    middle = np.cumsum(rng.normal(0, 0.002, (n * n_trades)))
    sides = rng.choice([-0.5, 0.5], n * n_trades)
    trades = 100 * np.exp(middle + spread * sides).reshape(n, n_trades)
    trades = trades if decimals is None else trades.round(decimals)
    trades[rng.random(n) < gap_share] = np.nan
    return trades[:, 0], trades.max(axis=1), trades.min(axis=1), trades[:, -1]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 60),
    window=st.integers(1, 40),
    min_count=st.integers(4, 12),
    phase=st.integers(0, 100),
    n_trades=st.sampled_from([1, 2, 20]),
    decimals=st.sampled_from([1, 6]),
    gap_share=st.sampled_from([0.0, 0.1, 0.5]),
)
def test_it_is_that_of_the_definition(
    seed, n, window, min_count, phase, n_trades, decimals, gap_share
):
    prices = market(seed, n, n_trades=n_trades, decimals=decimals, gap_share=gap_share)
    got = squared_edge(*prices, window, min_count, phase)
    columns = [x.tolist() for x in prices]
    wanted = naive_spread.squared_edge(*columns, window, min_count, phase)
    np.testing.assert_allclose(got, np.array(wanted, float), rtol=1e-7, atol=1e-11)


@pytest.mark.parametrize(("spread", "decimals"), [(0.01, None), (0.0, None), (0.002, 1)])
def test_it_is_that_of_the_authors(spread, decimals):
    prices = market(1, 600, spread=spread, decimals=decimals)
    got = squared_edge(*prices, 48, 47, 5)
    frame = pd.DataFrame(dict(zip(("open", "high", "low", "close"), prices, strict=True)))
    wanted = bidask.edge_rolling(frame, 48, sign=True).to_numpy()
    np.testing.assert_allclose(np.sign(got) * np.sqrt(np.abs(got)), wanted, rtol=0, atol=1e-9)
    last = bidask.edge(*(x[-48:] for x in prices), sign=True)
    assert np.sign(got[-1]) * np.sqrt(abs(got[-1])) == pytest.approx(last, abs=1e-12)


def test_a_spread_of_one_percent_is_found():
    prices = market(2, 4000, spread=0.01)
    assert np.sqrt(squared_edge(*prices, 4000, 3999, 0)[-1]) == pytest.approx(0.01, rel=0.03)


@pytest.mark.parametrize("window", [2, 3, 48, 100])
def test_the_last_window_alone_gives_the_same_bits(window):
    prices = market(3, 400, spread=0.001, gap_share=0.02)
    whole = squared_edge(*prices, window, 2, 17)
    for end in (150, 151, 260, 400):
        start = end - window
        last = squared_edge(*(x[start:end].copy() for x in prices), window, 2, 17 + start)
        assert last[-1].tobytes() == whole[end - 1].tobytes()


def test_any_unit_has_the_same_bits():
    prices = market(4, 300, spread=0.001)
    usual = squared_edge(*prices, 48, 20, 0)
    for factor in (2.0**-41, 4.0, 2.0**13):
        other = squared_edge(*(factor * x for x in prices), 48, 20, 0)
        np.testing.assert_array_equal(other, usual)


def test_a_chart_upside_down_has_the_same_spread():
    o, h, low, c = market(5, 300, spread=0.001)
    usual = squared_edge(o, h, low, c, 48, 20, 0)
    np.testing.assert_allclose(
        squared_edge(1e4 / o, 1e4 / low, 1e4 / h, 1e4 / c, 48, 20, 0), usual, rtol=1e-9, atol=1e-14
    )


def test_prices_that_stand_still_show_nothing():
    still = np.full(100, 7.0)
    assert np.isnan(squared_edge(still, still, still, still, 10, 2, 0)).all()
