"""The trend of a timeframe is the close's distance from its mean in average ranges."""

import numpy as np
import pytest
import talib

from tasks.engines.trend import TREND, TrendConfig
from tasks.kernels.trend import ATR, DISTANCE
from tests.engines.charts import market, turned_over
from tests.kernels import naive_trend


def said(bars, config=None):
    return TREND.run(TREND.start(), bars, config or TrendConfig()).readings


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("windows", [(20, 14), (3, 30), (40, 2)])
def test_it_says_what_the_definition_says(seed, windows):
    config = TrendConfig(mean_bars=windows[0], atr_bars=windows[1])
    bars = market(150, seed)
    bars[:4, 100:] = bars[3, 100]
    found = said(bars, config)
    wanted = naive_trend.run_trend(bars.T.tolist(), config.model_dump())
    for field in ("stance", "is_warm"):
        assert found[field].tolist() == [row[field] for row in wanted]
    for name, field in ((DISTANCE, "distance"), (ATR, "atr")):
        np.testing.assert_array_equal(found["facts"][:, name], [row[field] for row in wanted])


def test_mean_and_range_are_those_of_talib():
    bars = market(300, 4)
    found = said(bars)
    atr = talib.ATR(bars[1], bars[2], bars[3], 14)
    np.testing.assert_allclose(found["facts"][:, ATR], atr, rtol=1e-12)
    distance = (bars[3] - talib.SMA(bars[3], 20)) / atr
    np.testing.assert_allclose(found["facts"][19:, DISTANCE], distance[19:], atol=1e-9)


def test_upside_down_it_turns_round():
    bars = market(300, 5)
    here, there = said(bars), said(turned_over(bars))
    assert np.array_equal(here["stance"], -there["stance"])
    np.testing.assert_array_equal(here["facts"][:, DISTANCE], -there["facts"][:, DISTANCE])
    assert set(here["stance"].tolist()) == {-1, 0, 1}
