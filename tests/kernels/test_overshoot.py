import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels.overshoot import turn_after_extension
from tests.kernels import naive_overshoot


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 80),
    within=st.integers(1, 12),
    gap_share=st.sampled_from([0.0, 0.1, 0.5]),
)
def test_turns_are_those_of_the_definition(seed, n, within, gap_share):
    rng = np.random.default_rng(seed)
    close = 100.0 + rng.integers(-3, 4, n)
    high, low = close + rng.integers(0, 3, n), close - rng.integers(0, 3, n)
    gap = rng.random(n) < gap_share
    close[gap] = high[gap] = low[gap] = np.nan
    starts = (rng.random(n) < 0.3) & ~gap
    side = rng.choice([-1, 1], n).astype(np.int8)
    reach = 0.01 * rng.integers(0, 5, n)
    columns = (starts, side, reach, close, high, low)
    wanted = naive_overshoot.turn_after_extension(*(c.tolist() for c in columns), within)
    got = turn_after_extension(*columns, within)
    np.testing.assert_array_equal(got[0], np.array(wanted[0], int))
    np.testing.assert_allclose(got[1], np.array(wanted[1], float), rtol=1e-14)
