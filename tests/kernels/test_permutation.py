import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels.permutation import shift_entries
from tests.kernels import naive_permutation


def _case(seed, n_places=60, n_entries=12, unknown=0.1):
    rng = np.random.default_rng(seed)
    entries = np.sort(rng.choice(n_places, n_entries, replace=False))
    sides = rng.choice([-1.0, 1.0], n_entries)
    outcomes = np.where(rng.random(n_places) < unknown, np.nan, rng.normal(0.1, 1, n_places))
    inner = np.sort(rng.choice(np.arange(1, n_places), min(5, n_places - 1), replace=False))
    ends = np.append(inner, n_places)
    drift = rng.normal(0, 0.02, ends.size)
    return entries, sides, outcomes, ends, drift - drift.mean()


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_places=st.integers(2, 40),
    unknown=st.sampled_from([0.0, 0.1, 0.9]),
    most=st.integers(0, 12),
    data=st.data(),
)
def test_shifted_entries_are_those_of_the_definition(seed, n_places, unknown, most, data):
    n_entries = data.draw(st.integers(0, n_places))
    case = _case(seed, n_places, n_entries, unknown)
    shifts = np.random.default_rng(seed).integers(0, n_places, 10)
    t, n_exceeding = shift_entries(*case, shifts, most)
    wanted, n_wanted = naive_permutation.shift_entries(*case, shifts, most)
    assert n_exceeding == n_wanted
    np.testing.assert_allclose(t, wanted, rtol=1e-9)


def test_t_is_that_of_a_regression_on_a_constant_with_clusters():
    from statsmodels.api import OLS

    entries, sides, outcomes, ends, drift = _case(3, n_places=400, n_entries=150, unknown=0)
    signed = sides * outcomes[entries]
    groups = np.searchsorted(ends, entries, side="right")
    fit = OLS(signed, np.ones(150)).fit(cov_type="cluster", cov_kwds={"groups": groups})
    t, _ = shift_entries(entries, sides, outcomes, ends, drift * 0, np.zeros(0, np.int64), 1)
    assert t.tolist() == pytest.approx([fit.tvalues[0]], rel=1e-9)


def test_a_shift_of_nothing_is_as_large():
    case = _case(1)
    t, n_exceeding = shift_entries(*case, np.zeros(4, np.int64), 10)
    assert np.unique(t).size == 1
    assert n_exceeding == 4


def test_it_stops_at_the_exceedance_that_settles_it():
    entries, sides, outcomes, ends, drift = _case(6, 400, 40, 0.0)
    shifts = np.random.default_rng(0).integers(1, 400, 500)
    every, n_every = shift_entries(entries, sides, outcomes, ends, drift, shifts, 500)
    some, n_some = shift_entries(entries, sides, outcomes, ends, drift, shifts, 9)
    assert every.size == 501
    assert n_every > 10
    assert n_some == 10
    assert abs(some[-1]) >= abs(some[0])
    assert np.array_equal(some, every[: some.size])
    # The stopped p is at least what was needed to stop: the full one cannot be below it.
    assert (1 + n_every) / 501 > 10 / 501


def test_what_has_no_t_exceeds_nothing_and_is_exceeded_by_everything():
    entries, sides, outcomes, ends, drift = _case(2, unknown=0.0)
    shifts = np.arange(1, 11)
    constant = np.ones_like(outcomes)
    for known, longs in ((outcomes * np.nan, sides), (constant, np.ones_like(sides))):
        t, n_exceeding = shift_entries(entries, longs, known, ends, drift * 0, shifts, 100)
        assert all(map(math.isnan, t))
        assert n_exceeding == 10
