import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels import doubling
from tests.kernels import naive_doubling
from tests.kernels.test_rolling import series

CASES = {
    "seed": st.integers(0, 2**32 - 1),
    "n": st.integers(1, 60),
    "window": st.integers(1, 70),
}


@settings(max_examples=40, deadline=None)
@given(decay=st.sampled_from([0.5, 0.9, 1.0]), **CASES)
def test_sums_are_those_of_the_definition(decay, seed, n, window):
    work = np.full((4, 64), np.nan)
    work[0, :n] = series(seed, n, 0.0)
    weights = doubling.doubling_weights(window, decay)
    wanted = naive_doubling.doubled(work.tolist(), n, window, weights.tolist())
    got = doubling.doubled(work, n, window, weights)
    np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(gap_share=st.sampled_from([0.0, 0.1, 0.9]), **CASES)
def test_moments_are_those_of_the_definition(gap_share, seed, n, window):
    x = series(seed, n, gap_share)
    work = np.full((4, 3, 64), np.nan)
    work[0, :, :n] = np.isfinite(x), np.nan_to_num(x), np.zeros(n)
    wanted = np.array(naive_doubling.pooled(work.tolist(), n, window, False))
    full_too = n >= window and gap_share == 0.0
    for full in (False, True)[: 1 + full_too]:
        got = doubling.pooled(work.copy(), n, window, full)
        known = slice(window - 1, n) if full else slice(n)
        np.testing.assert_allclose(got[1:, known], wanted[1:, known], rtol=1e-9, atol=1e-9)
        assert full or (got[0, :n] == wanted[0]).all()


def test_weights_are_powers_of_the_decay():
    double, add = doubling.doubling_weights(11, 0.5)
    np.testing.assert_array_equal(double, [0.5, 0.25, 2**-4, 2**-8])
    np.testing.assert_array_equal(add, [1.0, 0.5, 2**-3, 2**-3])
