import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tasks.kernels.products import cross_products
from tests.kernels import naive_products


@given(seed=st.integers(0, 2**32 - 1), k=st.integers(0, 6), n=st.integers(0, 40))
def test_products_of_rows_are_those_of_the_definition(seed, k, n) -> None:
    rows = np.random.default_rng(seed).normal(0, 10, (k, n))
    wanted = np.reshape(naive_products.cross_products(rows.tolist()), (k, k))
    np.testing.assert_allclose(cross_products(rows), wanted, rtol=1e-12, atol=1e-10)


def test_products_are_symmetric_to_the_last_bit() -> None:
    products = cross_products(np.random.default_rng(1).normal(0, 1, (9, 101)))
    assert np.array_equal(products, products.T)
