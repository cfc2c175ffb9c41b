import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import norm

from tasks.kernels.weights import fit_weights
from tests.kernels import naive_mixture

quick = settings(max_examples=20, deadline=None)


@quick
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 30))
def test_weights_are_those_of_plain_expectation_and_maximisation(seed, n):
    rng = np.random.default_rng(seed)
    sd = np.array([1.0, 1.5, 3.0, 6.0])
    seen = rng.normal(0, sd[rng.integers(0, 4, n)])
    densities = norm.logpdf(seen[:, None], 0, sd)
    counts = np.array([9.0, 0, 0, 0])
    got = fit_weights(densities, counts, 1e-4, 20_000)
    wanted = naive_mixture.fit_weights(densities, counts, 1e-4, 5_000)
    assert got.sum() == pytest.approx(1)
    np.testing.assert_allclose(got, wanted, atol=0.02)


@pytest.mark.parametrize("seed", range(3))
def test_no_other_weights_are_likelier(seed):
    rng = np.random.default_rng(seed)
    densities = norm.logpdf(rng.normal(0, 2, 60)[:, None], 0, [1.0, 2.0, 4.0])
    counts = np.array([9.0, 0, 0])

    def loss(logits):
        weights = np.exp(logits - np.logaddexp.reduce(logits))
        return -np.sum(np.log(np.exp(densities) @ weights)) - counts @ np.log(weights)

    got = fit_weights(densities, counts, 1e-3, 5000)
    best = minimize(loss, np.zeros(3), method="Nelder-Mead", options={"maxiter": 4000})
    assert loss(np.log(np.maximum(got, 1e-300))) <= best.fun + 1e-3


def test_nothing_seen_leaves_the_null():
    weights = fit_weights(np.zeros((0, 3)), np.array([9.0, 0, 0]), 1e-3, 100)
    np.testing.assert_array_equal(weights, [1, 0, 0])
