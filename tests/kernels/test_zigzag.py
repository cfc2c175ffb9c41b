import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels.chart import CHART, push
from tasks.kernels.zigzag import BOTTOM, SWINGS, TOP, step_swings
from tests.engines.charts import market, turned_over
from tests.kernels import naive_zigzag


def fold(highs, lows, span):
    """The dated facts of the fold, and its last record."""
    chart, swings = np.zeros(1, CHART), np.zeros(1, SWINGS)
    facts = []
    for t, (high, low) in enumerate(zip(highs, lows, strict=True)):
        now = push(chart[0], low, high, low, high, 0.0)
        side = step_swings(swings[0], chart[0], now, span)
        if side != 0:
            at = TOP if side > 0 else BOTTOM
            s = swings[0]
            assert (s["known"][at], s["last"]) == (t, side)
            replaces = bool(s["is_replacement"][at])
            facts.append((t, int(s["bar"][at]), side, float(s["price"][at]), replaces))
    return facts, swings[0]


def check(highs, lows, span):
    facts, record = fold(highs, lows, span)
    wanted, standing = naive_zigzag.step_swings(highs, lows, span)
    assert facts == wanted
    for at, side in ((TOP, 1), (BOTTOM, -1)):
        own = [(bar, price) for bar, its_side, price in standing if its_side == side]
        assert record["n"][at] == len(own)
        pairs = [*[(0, 0.0)] * 2, *own][-2:]
        assert (record["bar_before"][at], record["price_before"][at]) == pairs[0]
        assert (record["bar"][at], record["price"][at]) == pairs[1]


@settings(max_examples=150, deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(-2, 2), st.integers(0, 3)), min_size=1, max_size=150),
    span=st.integers(1, 6),
)
def test_swings_are_those_of_the_definition_on_charts_full_of_ties(steps, span):
    lows = np.cumsum([step for step, _ in steps]).astype(float) + 50.0
    check((lows + [size for _, size in steps]).tolist(), lows.tolist(), span)


@pytest.mark.parametrize("span", [1, 5, 10, 100])
def test_swings_are_those_of_the_definition_on_a_market(span):
    _, high, low, _, _ = market(1500, seed=span)
    check(high.tolist(), low.tolist(), span)


def test_upside_down_highs_are_lows():
    bars = market(800, seed=4)
    here, there = (fold(x[1], x[2], 5)[0] for x in (bars, turned_over(bars)))
    assert [(t, bar, -side, r) for t, bar, side, _, r in here] == [
        (t, bar, side, r) for t, bar, side, _, r in there
    ]


def turns(*highs):
    """A fold of bars one wide with these highs, by a span of two."""
    return fold([float(x) for x in highs], [x - 1.0 for x in highs], 2)


@pytest.mark.parametrize(
    ("highs", "wanted"),
    [
        ((1, 2, 5, 3, 2), [(4, 2, 1, 5.0, False)]),
        ((1, 2, 5, 3), []),
        ((1, 2, 5, 3, 5), []),
        ((1, 2, 5, 5, 2, 1), []),
        ((1, 2, 3, 5, 4, 4, 4, 6, 5, 4), [(5, 3, 1, 5.0, False), (9, 7, 1, 6.0, True)]),
        ((1, 2, 3, 6, 4, 4, 4, 5, 3, 2), [(5, 3, 1, 6.0, False)]),
        ((1, 2, 5, 3, 1, 4, 6), [(4, 2, 1, 5.0, False), (6, 4, -1, 0.0, False)]),
    ],
    ids=[
        "a high is known two bars later",
        "not before",
        "an equal high beside it, no swing",
        "two equal highs, none",
        "a second high that is higher replaces the first",
        "a second high that is lower is dropped",
        "high and low in turn",
    ],
)
def test_a_drawn_chart_has_its_swings(highs, wanted):
    assert turns(*highs)[0] == wanted


def test_a_bar_that_stands_out_on_both_sides_is_no_swing():
    assert fold([3.0, 3.0, 9.0, 3.0, 3.0], [2.0, 2.0, 0.0, 2.0, 2.0], 2)[0] == []
