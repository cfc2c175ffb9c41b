from __future__ import annotations

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.engines.momentum import MOMENTUM, MomentumConfig
from tasks.kernels import momentum as kernel
from tests.engines.charts import market
from tests.kernels import naive_momentum
from tests.kernels.test_chart import candles

MARKET = market(1500, seed=4)
CONFIG = MomentumConfig()
SMALL = MomentumConfig(rsi_bars=3, fast_bars=2, slow_bars=4, signal_bars=3, adx_bars=3)


def readings_of(bars, config=CONFIG):
    return MOMENTUM.run(MOMENTUM.start(), bars, config).readings


def assert_said(got, wanted, config):
    """Equal but for rounding; where rounding decides a stance either is right."""
    np.testing.assert_allclose(
        got["facts"], [w["facts"] for w in wanted], rtol=1e-11, atol=1e-11, equal_nan=True
    )
    histogram, adx = got["facts"][:, kernel.HISTOGRAM], got["facts"][:, kernel.ADX]
    clear = (np.abs(histogram) > 1e-11) & (np.abs(adx - config.adx_least) > 1e-11)
    clear |= (histogram == 0.0) | ~(got["is_warm"] == 1)
    both = clear & np.concatenate([[True], clear[:-1]])
    assert got["is_warm"].tolist() == [w["is_warm"] for w in wanted]
    assert got["stance"][clear].tolist() == np.array([w["stance"] for w in wanted])[clear].tolist()
    turns = np.array([w["turn"] for w in wanted])
    assert got["side"][both, kernel.TURN].tolist() == turns[both].tolist()
    sure = np.array([w["conviction"] for w in wanted])
    np.testing.assert_allclose(got["conviction"][clear], sure[clear], rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("config", [CONFIG, SMALL], ids=["default", "small"])
def test_readings_are_those_of_the_definition(config):
    assert_said(
        readings_of(MARKET, config),
        naive_momentum.run_momentum(MARKET, config.model_dump()),
        config,
    )


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(candles, min_size=1, max_size=40))
def test_readings_of_rough_charts_are_those_of_the_definition(rows):
    bars = np.array(rows).T.copy()
    wanted = naive_momentum.run_momentum(bars, SMALL.model_dump())
    assert_said(readings_of(bars, SMALL), wanted, SMALL)


@pytest.mark.parametrize("n", [1, 30, 60])
def test_a_step_says_what_the_definition_says_of_the_last_bar(n):
    memory, said = MOMENTUM.start(), np.zeros(1, kernel.READING)
    rules = MOMENTUM.rules_of(CONFIG)
    for bar in MARKET[:, :n].T:
        kernel.step_momentum(memory[0], rules[0], *bar, said[0])
    wanted = naive_momentum.step_momentum(MARKET[:, :n], CONFIG.model_dump())
    assert_said(said, [wanted], CONFIG)


def test_facts_are_talibs():
    _, high, low, close, _ = MARKET
    facts = readings_of(MARKET)["facts"]
    wanted = {
        "rsi": talib.RSI(close, 14),
        **dict(zip(("macd", "signal", "histogram"), talib.MACD(close, 12, 26, 9), strict=True)),
        "adx": talib.ADX(high, low, close, 14),
        "plus_di": talib.PLUS_DI(high, low, close, 14),
        "minus_di": talib.MINUS_DI(high, low, close, 14),
    }
    for number, name in enumerate(kernel.FACTS):
        known = np.isfinite(wanted[name]) & np.isfinite(facts[:, number])
        assert known[33:].all(), name
        # TA-Lib rounds off at the size of the prices, which lie far from the first close
        np.testing.assert_allclose(
            facts[known, number], wanted[name][known], rtol=1e-11, atol=1e-14 * close.max()
        )


def test_a_chart_that_never_moves_says_nothing():
    said = readings_of(np.full((5, 100), 7.3))
    assert said["is_warm"][-1]
    assert not said["stance"].any()
    assert not said["side"].any()
    assert np.isnan(said["facts"][:, [kernel.RSI, kernel.ADX]]).all()


def test_the_warm_up_ends_when_the_last_of_the_three_is_known():
    said = readings_of(MARKET)
    first = np.isfinite(said["facts"]).argmax(axis=0)
    means = {"macd": 25, "signal": 33, "histogram": 33}
    wanted = {"rsi": 14, **means, "adx": 27, "plus_di": 14, "minus_di": 14}
    assert dict(zip(kernel.FACTS, first.tolist(), strict=True)) == wanted
    assert said["is_warm"].argmax() == 33


def test_the_least_direction_is_enough():
    # An ever steeper rise: no bar goes down, so that the ADX is 100 exactly.
    close = np.arange(60.0) ** 2
    bars = np.array([close, close, close, close, close])
    config = MomentumConfig(rsi_bars=2, fast_bars=2, slow_bars=4, signal_bars=3, adx_bars=2)
    said = readings_of(bars, config.model_copy(update={"adx_least": 100.0}))
    assert (said["facts"][3:, kernel.ADX] == 100.0).all()
    assert (said["stance"][6:] == 1).all()
