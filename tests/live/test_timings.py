"""Timings are means and worsts, of the bars since the last flush and of all."""

from __future__ import annotations

import pytest

from tasks.live.timings import Timings


def test_a_flush_tells_mean_and_worst_of_the_bars_since_the_last() -> None:
    timings = Timings()
    for seconds in (1e-6, 5e-6, 3e-6):
        timings.add({"smc": seconds, "hob": 2e-6})
    first = timings.flush()
    assert first["smc"] == pytest.approx((3.0, 5.0))
    assert first["hob"] == pytest.approx((2.0, 2.0))
    timings.add({"smc": 1e-6})
    assert timings.n_bars == 1
    assert timings.flush() == {"smc": pytest.approx((1.0, 1.0))}


def test_the_whole_is_that_of_all_flushes() -> None:
    timings = Timings()
    for k, seconds in enumerate((1e-6, 5e-6, 3e-6, 7e-6)):
        timings.add({"smc": seconds})
        if k % 2:
            timings.flush()
    assert timings.whole() == {"smc": pytest.approx({"mean_us": 4.0, "worst_us": 7.0})}


def test_nothing_counted_is_nothing_told() -> None:
    assert Timings().flush() == {}
    assert Timings().whole() == {}
