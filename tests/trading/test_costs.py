import math

import numpy as np
import pytest

from tasks.trading.config import Costs
from tasks.trading.costs import fill_costs, settled_rates, usual_volume
from tests.trading.world import bars_of, features_on, funding_at, ms

NAN = math.nan
HALF, UNKNOWN = 0.5e-4, 0.5e-4


def market(opens=(100.0,) * 4, gaps=(), volume=1e4, sigma=0.01, rv_slow=0.01, **columns):
    bars = bars_of(list(opens), gaps=gaps, volume=volume, **flows_in(columns))
    return bars, features_on(bars, sigma=sigma, rv_slow=rv_slow, **columns)


def flows_in(columns):
    return {n: columns.pop(n) for n in ("quote_volume",) if n in columns}


def costs_of(bars, features, in_coins=False, **costs):
    return fill_costs(bars, features, Costs(**costs), in_coins)


def test_the_half_spread_grows_with_the_volatility_above_that_of_the_past_day():
    sigma = np.array([0.01, 0.03, 0.005, 0.01])
    paid = costs_of(*market(sigma=sigma, rv_slow=0.01), half_spread_bps=2.0)
    assert paid.spread[1:] == pytest.approx([2e-4, 6e-4, 2e-4])


@pytest.mark.parametrize(("sigma", "slow"), [(0.01, NAN), (NAN, 0.01), (0.01, 0.0), (NAN, NAN)])
def test_where_the_volatility_is_not_known_the_half_spread_is_the_usual_one(sigma, slow):
    paid = costs_of(*market(sigma=sigma, rv_slow=slow), unknown_impact_bps=0.0)
    assert paid.spread == pytest.approx([HALF] * 4)


def test_the_impact_is_the_square_root_law():
    # The reference of shared statistics.md section 6: BTC, 16 bps a bar and 24 million of volume;
    # 100k move it by 0.7 bps and one million by 2.3.
    paid = costs_of(*market(volume=NAN, quote_volume=24e6, sigma=16e-4))
    moved = paid.impact[1] * np.sqrt([1e5, 1e6]) * 1e4
    assert moved == pytest.approx([0.723, 2.286], abs=1e-3)


def test_the_volume_is_the_lesser_of_the_last_and_the_usual_one():
    bars, features = market(volume=[1e4, 1e4, 1e4, 1e4], volume_ratio=[4.0, 0.5, 1.0, NAN])
    # The usual volume is the last over the ratio: 2500; 20000, so the last; equal; unknown.
    assert usual_volume(bars, features, False) == pytest.approx([2.5e5, 1e6, 1e6, 1e6])
    assert usual_volume(bars, features, True) == pytest.approx([2.5e3, 1e4, 1e4, 1e4])
    paid = costs_of(bars, features, impact=0.5)
    assert paid.impact[1:] == pytest.approx([0.5 * 0.01 / v**0.5 for v in (2.5e5, 1e6, 1e6)])


def test_a_quote_volume_counts_before_the_volume_at_the_close():
    bars, features = market(volume=[10.0, 10.0, 10.0, 10.0], quote_volume=[900.0, NAN, 0.0, 950.0])
    assert usual_volume(bars, features, False) == pytest.approx([900.0, 1000.0, 0.0, 950.0])


def test_an_inverse_contract_counts_volume_in_base_units():
    paid = costs_of(*market(volume=2500.0, quote_volume=9e9), in_coins=True)
    assert paid.impact[1] == pytest.approx(0.7 * 0.01 / 50.0)


@pytest.mark.parametrize(
    "unknown", [{"volume": NAN}, {"volume": 0.0}, {"sigma": NAN}, {"volume": 0.0, "sigma": 0.0}]
)
def test_where_volume_or_volatility_is_not_known_the_impact_is_the_assumed_one(unknown):
    paid = costs_of(*market(**unknown), unknown_impact_bps=3.0)
    assert paid.spread[1] == pytest.approx(HALF + 3e-4)
    assert paid.impact[1] == 0.0


def test_where_all_is_known_nothing_is_assumed():
    paid = costs_of(*market(), unknown_impact_bps=3.0)
    assert paid.spread[1:] == pytest.approx([HALF] * 3)


def test_the_first_bar_and_the_one_after_a_gap_know_nothing():
    bars, features = market(gaps=[1], sigma=[0.01, NAN, 0.01, 0.01])
    paid = costs_of(bars, features)
    assert paid.spread == pytest.approx([HALF + UNKNOWN, HALF, HALF + UNKNOWN, HALF])
    assert paid.impact[[0, 2]].tolist() == [0.0, 0.0]
    assert np.all(paid.impact[[1, 3]] > 0)


def test_costs_are_numbers_in_every_bar():
    bars, features = market(gaps=[0, 3], sigma=[NAN, 0.0, np.inf, NAN], rv_slow=[NAN, 0, 0, NAN])
    paid = costs_of(bars, features)
    assert np.all(np.isfinite([paid.spread, paid.impact]))
    assert np.all(paid.spread >= HALF)


def test_a_market_without_bars_costs_nothing():
    bars, features = (frame.clear() for frame in market())
    paid = costs_of(bars, features)
    assert len(paid.spread) == len(paid.impact) == 0


@pytest.mark.parametrize("t", [0, 1, 2])
def test_what_a_bar_shows_itself_moves_the_costs_of_later_fills_alone(t):
    plain = costs_of(*market())
    wild = {"volume": np.full(4, 1e4), "sigma": np.full(4, 0.01), "volume_ratio": np.full(4, 1.0)}
    for values, shown in zip(wild.values(), (10.0, 0.09, 8.0), strict=True):
        values[t] = shown
    moved = costs_of(*market(**wild))
    for before, after in ((plain.spread, moved.spread), (plain.impact, moved.impact)):
        assert after[: t + 1].tolist() == before[: t + 1].tolist()
        assert after[t + 1] > before[t + 1]
        assert after[t + 2 :].tolist() == before[t + 2 :].tolist()


def rates_of(first, n, settled=None, timeframe="1h", step=1, **costs):
    times = np.array([ms(first + step * i) for i in range(n)])
    paid, received = settled_rates(times, timeframe, settled, Costs(**costs))
    return (paid * 1e4).round(9).tolist(), (received * 1e4).round(9).tolist()


def test_a_settlement_at_a_bar_s_open_belongs_to_the_bar_before():
    funding = funding_at([0, 8, 16], [7e-4, 3e-4, -2e-4])
    paid, received = rates_of(0, 17, funding, assumed_funding_bps=0.0)
    assert paid == received
    assert paid == [3.0 if i == 7 else -2.0 if i == 15 else 0.0 for i in range(17)]


def test_a_settlement_inside_a_bar_belongs_to_it():
    funding = funding_at([8, 16], [3e-4, -2e-4])
    paid, _ = rates_of(5, 4, funding, "4h", 4, assumed_funding_bps=0.0)
    # Bars 05-09, 09-13, 13-17, 17-21.
    assert paid == [3.0, 0.0, -2.0, 0.0]


def test_a_day_sums_its_settlements():
    funding = funding_at([0, 8, 16, 24, 32], [9e-4, 1e-4, 2e-4, 4e-4, 1e-4])
    paid, received = rates_of(0, 2, funding, "1d", 24, assumed_funding_bps=0.5)
    # The first stamp lies before the first bar; two stamps after the last known are assumed.
    assert paid == [7.0, 2.0]
    assert received == [7.0, 1.0]


def test_without_settlements_longs_pay_the_assumed_rate_three_times_a_day():
    for funding in (None, funding_at([], [])):
        paid, received = rates_of(0, 25, funding, assumed_funding_bps=1.5)
        assert [i for i, rate in enumerate(paid) if rate == 1.5] == [7, 15, 23]
        assert sum(paid) == 4.5
        assert received == [0.0] * 25


def test_the_assumed_rate_is_paid_from_any_hour_on():
    paid, _ = rates_of(15, 2, assumed_funding_bps=1.0)
    assert paid == [1.0, 0.0]
    paid, _ = rates_of(16, 7, assumed_funding_bps=1.0)
    assert paid == [0.0] * 7
    paid, _ = rates_of(0, 2, None, "1d", 24, assumed_funding_bps=1.0)
    assert paid == [3.0, 3.0]


def test_the_market_s_own_settlements_can_be_left_out():
    settled = funding_at([8], [3e-4])
    paid, received = rates_of(0, 9, settled, funding="assumed", assumed_funding_bps=1.0)
    assert paid[7] == 1.0
    assert received[7] == 0.0


def test_before_its_first_and_after_its_last_settlement_the_rate_is_assumed():
    funding = funding_at([16, 24], [3e-4, -2e-4])
    paid, received = rates_of(0, 40, funding, assumed_funding_bps=1.0)
    assert {i: rate for i, rate in enumerate(paid) if rate} == {7: 1, 15: 3, 23: -2, 31: 1, 39: 1}
    assert {i: rate for i, rate in enumerate(received) if rate} == {15: 3, 23: -2}


def test_a_settlement_that_is_missing_between_others_is_not_assumed():
    paid, _ = rates_of(0, 24, funding_at([8, 24], [3e-4, 3e-4]))
    assert {i: rate for i, rate in enumerate(paid) if rate} == {7: 3.0, 23: 3.0}


def test_a_rate_that_is_no_number_settles_nothing():
    paid, received = rates_of(0, 17, funding_at([8, 16], [NAN, 3e-4]))
    assert {i: rate for i, rate in enumerate(paid) if rate} == {15: 3.0}
    assert paid == received


def test_settlements_outside_of_the_bars_are_none_of_theirs():
    paid, _ = rates_of(9, 7, funding_at([-16, 0, 8, 16, 24], [5e-4] * 5))
    assert {i: rate for i, rate in enumerate(paid) if rate} == {6: 5.0}


def test_no_bars_settle_nothing():
    assert rates_of(0, 0, funding_at([8], [3e-4])) == ([], [])
