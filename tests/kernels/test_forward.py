import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels.forward import forward_outcomes
from tests.kernels import naive_forward


def _bars(seed, n, gap_share):
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, n)).round(3))
    open_ = np.roll(close, 1) * (1 + rng.normal(0, 0.001, n))
    high = np.maximum(open_, close) * (1 + rng.integers(0, 3, n) / 1000)
    low = np.minimum(open_, close) * (1 - rng.integers(0, 3, n) / 1000)
    gap = rng.random(n) < gap_share
    for prices in (open_, high, low, close):
        prices[gap] = np.nan
    return open_, high, low, close


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 60),
    n_bars=st.integers(1, 20),
    gap_share=st.sampled_from([0.0, 0.05, 0.3]),
)
def test_outcomes_are_those_of_the_definition(seed, n, n_bars, gap_share):
    bars = _bars(seed, n, gap_share)
    for got, wanted in zip(
        forward_outcomes(*bars, n_bars), naive_forward.forward_outcomes(*bars, n_bars), strict=True
    ):
        np.testing.assert_array_equal(got, np.array(wanted, float))


def test_three_bars_by_hand():
    open_ = np.array([10.0, 10.0, 11.0])
    high = np.array([10.0, 12.0, 11.5])
    low = np.array([10.0, 9.0, 8.0])
    close = np.array([10.0, 11.0, 10.5])
    forward_return, highest, lowest = forward_outcomes(open_, high, low, close, 2)
    np.testing.assert_allclose(forward_return, [0.05, np.nan, np.nan])
    np.testing.assert_allclose(highest, [0.2, np.nan, np.nan])
    np.testing.assert_allclose(lowest, [-0.2, np.nan, np.nan])


def test_a_horizon_longer_than_the_data_leaves_nothing():
    for outcome in forward_outcomes(*_bars(1, 5, 0.0), 5):
        assert np.isnan(outcome).all()
