import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tasks.kernels.quotients import quotient
from tests.kernels import naive_quotients

NUMBER = st.one_of(st.floats(-1e6, 1e6), st.just(np.nan), st.just(np.inf))
ROWS = st.lists(st.tuples(NUMBER, NUMBER), max_size=30)


@given(rows=ROWS)
def test_quotients_are_those_of_the_definition(rows):
    x, y = (np.array(column) for column in zip(*rows, strict=True)) if rows else (np.zeros(0),) * 2
    wanted = np.array(naive_quotients.quotient(x.tolist(), y.tolist()))
    wanted[~np.isfinite(wanted)] = np.nan
    np.testing.assert_array_equal(quotient(x, y), wanted)
