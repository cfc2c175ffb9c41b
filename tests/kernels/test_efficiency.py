import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels.efficiency import efficiency
from tests.kernels import naive_efficiency


@settings(deadline=None)  # the first call compiles
@given(
    seed=st.integers(0, 999),
    n=st.integers(0, 40),
    step=st.integers(1, 4),
    n_steps=st.integers(1, 8),
    least=st.integers(0, 5),
)
def test_it_is_that_of_the_definition(seed, n, step, n_steps, least):
    rng = np.random.default_rng(seed)
    moves = rng.integers(-3, 4, n) * 0.01
    moves[rng.random(n) < 0.2] = np.nan
    expected = naive_efficiency.efficiency(moves.tolist(), step, n_steps, least)
    np.testing.assert_allclose(efficiency(moves, step, n_steps, least), expected, atol=1e-14)


def test_a_straight_path_is_one_and_there_and_back_is_nothing():
    rising = np.full(6, 0.01)
    assert efficiency(rising, 1, 4, 4)[-1] == 1.0
    assert efficiency(-rising, 1, 4, 4)[-1] == -1.0
    assert efficiency(rising * [1, -1, 1, -1, 1, -1], 1, 4, 4)[-1] == 0.0


def test_three_up_and_one_down_of_equal_size_are_a_half():
    # Kaufman (1995): |net move| / sum of |moves| = |3 - 1| / 4
    assert efficiency(np.array([0.01, 0.01, -0.01, 0.01]), 1, 4, 4)[-1] == pytest.approx(0.5)


def test_moves_longer_than_a_bar_do_not_overlap():
    moves = np.array([9.0, 0.03, 9.0, -0.01, 9.0, 0.02])
    assert efficiency(moves, 2, 3, 3)[-1] == pytest.approx(0.04 / 0.06)


def test_it_depends_on_its_window_alone():
    moves = np.random.default_rng(1).normal(size=200)
    last = efficiency(moves[-21:], 5, 5, 5)[-1]
    assert last == efficiency(moves, 5, 5, 5)[-1]


def test_it_is_the_ratio_inside_talibs_adaptive_average():
    # TA-Lib's KAMA moves by (ratio * (2/3 - 2/31) + 2/31) ** 2 of the way to the price
    price = 10.0 + np.cumsum(np.random.default_rng(3).normal(0.0, 0.01, 400))
    average = talib.KAMA(price, timeperiod=10)
    way = price[1:] - average[:-1]
    share = np.diff(average)[np.abs(way) > 0.005] / way[np.abs(way) > 0.005]
    inside = (np.sqrt(share) - 2 / 31) / (2 / 3 - 2 / 31)
    ours = np.abs(efficiency(np.diff(price, prepend=np.nan), 1, 10, 10))[1:][np.abs(way) > 0.005]
    known = np.isfinite(inside)
    assert known.sum() > 100
    np.testing.assert_allclose(ours[known], inside[known], atol=1e-9)
