import math

import numpy as np
import pytest

from lake.errors import SchemaError
from tasks.kernels.fills import CLOSE, HIGH, IMPACT, LOW, OPEN, SPREAD, TRADES
from tasks.trading.config import Costs, Sizing
from tasks.trading.tape import MarketBars, lay_tape, origin_of
from tests.trading.world import bars_of, funding_at, lay, market_of, ms

PAID, RECEIVED = 7, 8


def spanning(first, n, name="AAA-1h", **columns):
    return market_of(bars_of([100.0] * n, first=first), name, **columns)


def rows_of(laid):
    return laid.tape.rows.tolist()


def test_the_bars_lie_one_market_after_the_other():
    one = market_of(bars_of([1.0, 2.0], [1.5, 2.5], [1.7, 2.7], [0.9, 1.9]), "AAA-1h")
    two = market_of(bars_of([7.0], [8.0]), "BBB-1h")
    laid = lay(one, two)
    assert laid.markets == ("AAA-1h", "BBB-1h")
    assert laid.timeframe == "1h"
    assert laid.times.tolist() == [ms(0), ms(1), ms(0)]
    assert laid.tape.bars[[OPEN, HIGH, LOW, CLOSE]].T.tolist() == [
        [1.0, 1.7, 0.9, 1.5],
        [2.0, 2.7, 1.9, 2.5],
        [7.0, 8.0, 7.0, 8.0],
    ]
    assert laid.tape.bars.flags.c_contiguous


def test_markets_that_start_and_end_at_other_times_share_a_grid():
    laid = lay(spanning(5, 4, "AAA-1h"), spanning(2, 10, "BBB-1h"), spanning(9, 1, "CCC-1h"))
    assert rows_of(laid) == [[0, 4, 3], [4, 14, 0], [14, 15, 7]]
    for market in range(3):
        here = laid.span(market)
        slots = np.arange(here.stop - here.start) + laid.tape.rows[market, 2]
        assert np.array_equal(laid.times[here], ms(2) + slots * 3_600_000)


def test_the_volatility_range_and_volume_are_those_of_the_signal_s_bar():
    bars = bars_of([100.0, 200.0], [200.0, 50.0], volume=3.0)
    laid = lay(market_of(bars, sigma=[0.01, 0.02], atr=[4.0, 4.0], volume_ratio=[2.0, 1.0]))
    assert laid.sigma.tolist() == [0.01, 0.02]
    assert laid.atr == pytest.approx([0.02, 0.08])
    assert laid.volume == pytest.approx([300.0, 150.0])
    in_coins = lay(
        market_of(bars, volume_ratio=[2.0, 1.0]), sizing=Sizing(contract="inverse", capital=10.0)
    )
    assert in_coins.volume == pytest.approx([1.5, 3.0])


def test_a_window_holds_the_bars_from_its_start_to_before_its_end():
    laid = lay(spanning(0, 6, "AAA-1h"), spanning(3, 6, "BBB-1h"))
    assert rows_of(laid.window(ms(2), ms(5))) == [[2, 5, 0], [6, 8, 1]]
    assert rows_of(laid.window(ms(4), None)) == [[4, 6, 0], [7, 12, 0]]
    assert rows_of(laid.window(None, ms(4))) == [[0, 4, 0], [6, 7, 3]]
    assert rows_of(laid.window(None, None)) == rows_of(laid)


def test_a_window_between_two_bars_begins_with_the_later_one():
    laid = lay(spanning(0, 6))
    assert rows_of(laid.window(ms(2) - 1, ms(4) + 1)) == [[2, 5, 0]]
    assert rows_of(laid.window(ms(2) + 1, ms(4) - 1)) == [[3, 4, 0]]


def test_a_market_outside_of_the_window_has_no_rows_in_it():
    laid = lay(spanning(0, 3, "AAA-1h"), spanning(8, 3, "BBB-1h"))
    early, late = laid.window(ms(0), ms(2)), laid.window(ms(9), None)
    assert rows_of(early)[0] == [0, 2, 0]
    assert early.span(1).start == early.span(1).stop
    assert late.span(0).start == late.span(0).stop
    assert rows_of(late)[1] == [4, 6, 0]
    nothing = laid.window(ms(5), ms(2))
    assert all(nothing.span(market).start == nothing.span(market).stop for market in range(2))


def test_a_window_of_a_window_is_the_lesser():
    laid = lay(spanning(0, 10)).window(ms(2), ms(8))
    assert rows_of(laid.window(ms(0), ms(5))) == [[2, 5, 0]]
    assert rows_of(laid.window(ms(4), ms(20))) == [[4, 8, 0]]


def test_the_origin_says_where_monday_was():
    # 1 January 2024 was a Monday
    laid = lay(spanning(5, 200, "AAA-1h"), spanning(2, 10, "BBB-1h"))
    assert laid.tape.origin == 2
    assert laid.window(ms(30), None).tape.origin == 30
    assert laid.window(ms(7 * 24 + 3), None).tape.origin == 3
    assert laid.window(ms(5), ms(2)).tape.origin == 0


@pytest.mark.parametrize(
    ("timeframe", "slots"), [("1m", 1530), ("15m", 102), ("4h", 6), ("12h", 2), ("1d", 1)]
)
def test_the_origin_counts_whole_slots(timeframe, slots):
    assert origin_of(ms(25.5), timeframe) == slots
    assert origin_of(ms(25.5 - 7 * 24), timeframe) == slots


def test_a_window_leaves_the_whole_tape_as_it_was():
    laid = lay(spanning(0, 6))
    laid.window(ms(2), ms(4))
    assert rows_of(laid) == [[0, 6, 0]]


def test_bars_trade_but_for_gaps_and_those_without_volume():
    volume = [5.0, 5.0, 0.0, math.nan, 1e-9]
    laid = lay(market_of(bars_of([100.0] * 5, gaps=[1], volume=volume)))
    assert laid.tape.bars[TRADES].tolist() == [1.0, 0.0, 0.0, 1.0, 1.0]


def test_a_gap_does_not_trade_whatever_stands_in_it():
    bars = bars_of([100.0] * 3, volume=5.0)
    gap = bars.with_columns(is_gap=bars["is_gap"].scatter(1, True))
    assert lay(market_of(gap)).tape.bars[TRADES].tolist() == [1.0, 0.0, 1.0]


@pytest.mark.parametrize("name", ["open", "high", "low", "close"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_bar_with_a_price_that_is_no_number_does_not_trade(name, value):
    bars = bars_of([100.0] * 3)
    broken = bars.with_columns(**{name: bars[name].scatter(1, value)})
    assert lay(market_of(broken)).tape.bars[TRADES].tolist() == [1.0, 0.0, 1.0]


def test_costs_and_funding_lie_beside_the_bars():
    costs = Costs(half_spread_bps=2.0, impact=0.5, unknown_impact_bps=1.0)
    bars = bars_of([100.0] * 9, volume=1e4)
    funding = funding_at([8], [3e-4])
    laid = lay(market_of(bars, funding=funding, sigma=0.01, rv_slow=0.01), costs=costs)
    assert laid.tape.bars.shape == (9, 9)
    assert laid.tape.bars[SPREAD, :2] == pytest.approx([3e-4, 2e-4])
    assert laid.tape.bars[IMPACT, :2] == pytest.approx([0.0, 0.5 * 0.01 / 1e3])
    assert np.flatnonzero(laid.tape.bars[PAID]).tolist() == [7]
    assert laid.tape.bars[PAID, 7] == laid.tape.bars[RECEIVED, 7] == pytest.approx(3e-4)


def test_assumed_funding_is_paid_and_not_received():
    laid = lay(spanning(0, 9), costs=Costs(assumed_funding_bps=2.0))
    assert laid.tape.bars[PAID, 7] == pytest.approx(2e-4)
    assert not laid.tape.bars[RECEIVED].any()


def test_costs_are_laid_before_they_are_multiplied():
    one, three = (lay(spanning(0, 9), costs=Costs(multiple=m)) for m in (1.0, 3.0))
    assert np.array_equal(one.tape.bars, three.tape.bars)


def test_markets_of_other_timeframes_are_refused():
    with pytest.raises(SchemaError, match="1h, 5m"):
        lay(spanning(0, 3, "AAA-1h"), spanning(0, 3, "BBB-5m"))


def test_features_on_other_rows_are_refused():
    market = spanning(0, 3)
    for features in (market.features.head(2), market_of(bars_of([1.0] * 3, first=1)).features):
        with pytest.raises(SchemaError, match="AAA-1h on other rows"):
            lay(MarketBars("AAA-1h", market.bars, features))


def test_markets_without_bars_and_no_markets_at_all_are_laid():
    empty = spanning(0, 0)
    assert rows_of(lay(empty)) == [[0, 0, 0]]
    assert rows_of(lay(empty, spanning(4, 2, "BBB-1h"))) == [[0, 0, 0], [0, 2, 0]]
    nothing = lay_tape([], Costs(), Sizing())
    assert nothing.markets == ()
    assert nothing.tape.bars.shape == (9, 0)
    assert nothing.tape.rows.shape == (0, 3)
