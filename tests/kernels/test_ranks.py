import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import percentileofscore

from tasks.kernels.ranks import past_share
from tests.kernels import naive_ranks
from tests.kernels.test_rolling import series


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 300),
    window=st.integers(1, 120),
    min_count=st.integers(0, 6),
    gap_share=st.sampled_from([0.0, 0.1, 0.7]),
    n_digits=st.sampled_from([0, 2]),
)
def test_shares_are_those_of_the_definition(seed, n, window, min_count, gap_share, n_digits):
    x = series(seed, n, gap_share).round(n_digits)
    got = past_share(x, window, min_count)
    wanted = naive_ranks.past_share(x.tolist(), window, min_count)
    np.testing.assert_array_equal(got, np.array(wanted, float))


def test_shares_are_the_mean_percentiles_of_scipy():
    x = series(4, 700, 0.0)
    got = past_share(x, 250, 1)
    for t in (1, 17, 250, 251, 699):
        wanted = percentileofscore(x[max(0, t - 250) : t], x[t], kind="mean")
        assert got[t] == pytest.approx(wanted / 100)


@pytest.mark.parametrize(
    ("x", "last"), [(np.arange(200.0), 1.0), (-np.arange(200.0), 0.0), (np.zeros(200), 0.5)]
)
def test_orderly_series_are_no_exception(x, last):
    got = past_share(x, 70, 1)
    assert np.isnan(got[0])
    assert (got[1:] == last).all()


def test_a_series_of_nothing_has_no_shares():
    assert np.isnan(past_share(np.full(9, np.nan), 3, 1)).all()
