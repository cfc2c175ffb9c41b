import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels.since import quantile_since
from tests.kernels import naive_since


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    m=st.integers(0, 50),
    p=st.sampled_from([0.0, 0.025, 0.25, 0.5, 0.8, 0.975, 1.0]),
    longest=st.integers(1, 30),
    least=st.integers(0, 5),
)
def test_quantiles_since_a_start_are_those_of_the_definition(seed, m, p, longest, least):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=m).round(1)
    start = np.maximum.accumulate(np.arange(m) - rng.integers(-1, longest, m)).clip(0)
    min_count = np.full(m, float(least))
    got = quantile_since(x, start, p, min_count)
    wanted = naive_since.quantile_since(x.tolist(), start.tolist(), p, min_count.tolist())
    np.testing.assert_allclose(got, np.array(wanted, float), rtol=1e-12, atol=1e-15)


def test_it_is_the_quantile_of_numpy():
    x = np.random.default_rng(3).normal(size=200)
    got = quantile_since(x, np.maximum(np.arange(200) - 90, 0), 0.975, np.ones(200))
    wanted = [np.quantile(x[max(0, i - 90) : i], 0.975) for i in range(1, 200)]
    assert got[1:].tobytes() == np.array(wanted).tobytes()


def test_only_the_window_counts_bit_for_bit():
    x = np.random.default_rng(4).normal(size=400)
    start = np.maximum(np.arange(400) - 100, 0)
    whole = quantile_since(x, start, 0.8, np.ones(400))
    last = quantile_since(x[-101:].copy(), np.zeros(101, dtype=np.int64), 0.8, np.ones(101))
    assert whole[-1].tobytes() == last[-1].tobytes()


def test_a_window_with_too_little_in_it_says_nothing():
    got = quantile_since(np.arange(6.0), np.zeros(6, dtype=np.int64), 0.5, np.full(6, 4.0))
    assert np.isnan(got[:4]).all()
    assert got[4:].tolist() == [1.5, 2.0]
