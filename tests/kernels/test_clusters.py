import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels.clusters import sum_by_cell, sum_paths
from tests.kernels import naive_clusters


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(0, 40))
def test_sums_by_cell_are_those_of_the_definition(seed, n):
    rng = np.random.default_rng(seed)
    returns = np.where(rng.random(9) < 0.1, np.nan, rng.normal(0, 0.01, 9))
    # Groups of conditions own disjoint conditions: 0 to 2 and 3 to 4.
    conditions = np.column_stack([rng.integers(-1, 3, 9), rng.integers(3, 5, 9)])
    marks = (rng.integers(0, 9, n), rng.integers(0, 2, n), rng.choice([-1, 1], n))
    given_ = (*marks, returns, conditions, rng.integers(0, 4, 9), (2, 5, 4))
    np.testing.assert_allclose(
        sum_by_cell(*given_), naive_clusters.sum_by_cell(*given_), rtol=1e-12, atol=1e-15
    )


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(12, 40),
    before=st.integers(0, 5),
    after=st.integers(1, 5),
    n_rows=st.integers(0, 20),
)
def test_sums_of_paths_are_those_of_the_definition(seed, n, before, after, n_rows):
    rng = np.random.default_rng(seed)
    close = np.exp(rng.normal(0, 0.01, n).cumsum())
    rows = rng.integers(before, n - after, n_rows)
    sides, clusters = rng.choice([-1, 1], n_rows), rng.integers(0, 3, n_rows)
    given_ = (close * 1.001, close, rows, sides, clusters, 3, before, after)
    np.testing.assert_allclose(
        sum_paths(*given_), naive_clusters.sum_paths(*given_), rtol=1e-12, atol=1e-15
    )
