import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.bridge.breaking import MOST, break_even, capacity_of

LEVELS = np.array([1e4, 1e5, 1e6])


@given(st.floats(0.1, 500), st.floats(0.5, 20))
def test_a_straight_line_breaks_even_where_it_crosses_zero(gross, cost):
    assert break_even(lambda m: gross - m * cost) == pytest.approx(
        gross / cost if gross / cost <= MOST else math.inf, rel=1e-6
    )


def test_a_curve_breaks_even_at_its_root():
    # 8 - m - m^2 = 0
    assert break_even(lambda m: 8 - m - m * m) == pytest.approx((-1 + math.sqrt(33)) / 2)


@pytest.mark.parametrize("at_no_costs", [0.0, -3.0, math.nan])
def test_what_earns_nothing_for_free_breaks_even_at_no_costs_at_all(at_no_costs):
    assert break_even(lambda m: at_no_costs - m) == 0.0


def test_what_pays_nothing_never_breaks_even():
    assert break_even(lambda m: 5.0) == math.inf


@pytest.mark.parametrize(
    ("net", "capacity"),
    [
        # half of a decade above 1e5; a third of one above 1e4
        ([9.0, 3.0, -3.0], 10**5.5),
        ([1.0, -2.0, -5.0], 10 ** (4 + 1 / 3)),
        ([9.0, 3.0, 1.0], math.inf),
        ([-1.0, 3.0, 1.0], 0.0),
        ([0.0, -1.0, -2.0], 0.0),
        ([4.0, 0.0, -2.0], 1e5),
        # the first that loses, whatever comes after
        ([4.0, -4.0, 2.0], 10**4.5),
    ],
)
def test_capacity_is_where_the_net_mean_falls_to_zero(net, capacity):
    assert capacity_of(LEVELS, np.array(net)) == pytest.approx(capacity)


def test_capacity_is_not_known_without_trades():
    assert math.isnan(capacity_of(LEVELS, np.full(3, math.nan)))
