from __future__ import annotations

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels import chart as kernel
from tasks.kernels import reading
from tests.engines.charts import market, turned_over
from tests.kernels import naive_chart, naive_reading

MARKET = market(700, seed=2)
CHANNELS = range(6)
prices = st.integers(0, 5).map(float)
candles = st.builds(
    lambda a, b, up, down, volume: (a, max(a, b) + up, min(a, b) - down, b, volume),
    prices, prices, prices, prices, st.sampled_from([0.0, 1.0, 7.0]),
)  # fmt: skip


def walk(bars):
    """The kernel's chart beside its twin, bar by bar."""
    record, twin = np.zeros(1, kernel.CHART)[0], []
    for bar in bars:
        now = kernel.push(record, *bar)
        assert naive_chart.push(twin, *bar) == record["n"] - 1
        yield record, now, twin


def test_each_bar_stands_as_many_places_before_as_it_is_old():
    for record, now, twin in walk(MARKET.T):
        kept = record["recent"][:, now - min(record["n"], kernel.CAPACITY) + 1 : now + 1]
        assert kept.T.tolist() == [list(bar) for bar in twin[-kernel.CAPACITY :]]


@pytest.mark.parametrize("window", [1, 20, 200])
def test_windows_are_those_of_the_definition(window):
    for record, now, twin in walk(MARKET.T):
        t, recent = len(twin) - 1, record["recent"]
        if t < window or t % 3:
            continue
        for channel in CHANNELS:
            for name in ("mean_before", "score_before", "highest_before", "lowest_before"):
                got = getattr(kernel, name)(recent, channel, now, window)
                wanted = getattr(naive_chart, name)(twin, channel, t, window)
                assert np.array_equal(got, wanted, equal_nan=True), (name, t)


@settings(max_examples=60, deadline=None)
@given(bars=st.lists(candles, max_size=30), window=st.integers(1, 6))
def test_average_range_is_that_of_the_definition(bars, window):
    for record, now, twin in walk(bars):
        t = len(twin) - 1
        if t:
            assert kernel.true_range(record["recent"], now) == naive_chart.true_range(twin, t)
        got, wanted = (
            kernel.average_range(record, now, window),
            naive_chart.average_range(twin, t, window),
        )
        assert np.array_equal(got, wanted, equal_nan=True)
        assert np.array_equal(record["atr"], got, equal_nan=True)


def test_average_range_is_talibs():
    got = [kernel.average_range(record, now, 14) for record, now, _ in walk(MARKET.T)]
    np.testing.assert_allclose(got, talib.ATR(*MARKET[1:4], timeperiod=14), rtol=1e-11)


def test_average_range_knows_no_up():
    here, there = (
        [kernel.average_range(record, now, 14) for record, now, _ in walk(bars.T)]
        for bars in (MARKET, turned_over(MARKET))
    )
    assert np.array_equal(here, there, equal_nan=True)


@pytest.mark.parametrize("volume", [9.0, 0.1, 1e-300])
def test_bars_that_are_all_the_same_have_no_score(volume):
    *_, (record, now, _) = walk([(5.0, 6.0, 4.0, 5.0, volume)] * 21)
    assert np.isnan(kernel.score_before(record["recent"], kernel.VOLUME, now, 20))


def test_a_score_by_hand():
    # four volumes 2, 4, 4, 6: mean 4, deviation sqrt(2); 4 + 3 sqrt(2) lies three of them above
    volumes = [2.0, 4.0, 4.0, 6.0, 4.0 + 3.0 * np.sqrt(2.0)]
    *_, (record, now, _) = walk([(5.0, 6.0, 4.0, 5.0, volume) for volume in volumes])
    assert kernel.score_before(record["recent"], kernel.VOLUME, now, 4) == pytest.approx(3.0)


said = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([-1, 1]), st.floats(0.1, 1.0), st.integers(0, 99)),
    max_size=5,
)


@given(first=said, second=said, bar=st.integers(0, 10**9))
def test_a_reading_holds_what_was_said_since_it_was_cleared(first, second, bar):
    record, twin = np.ones(1, reading.reading_of(3, 2))[0], {}
    for events in (first, second):
        reading.clear(record, bar)
        naive_reading.clear(twin, bar)
        for event in events:
            reading.say(record, *event)
            naive_reading.say(twin, *event)
    got = zip(record["side"], record["strength"], record["anchor"], strict=True)
    assert [tuple(row) for row in got] == naive_reading.rows(twin, 3)
    nothing = ("stance", "conviction", "is_warm")
    assert [record[name] for name in nothing] == [0, 0.0, 0]
    assert record["facts"].tolist() == [0.0, 0.0]
