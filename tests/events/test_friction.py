import numpy as np
import pytest

from tasks.events.friction import fee_regime_change, slippage_spike, spread_regime_widening
from tasks.events.spreads import edge_spread, kyle_lambda
from tests.events.market import bars_of, fired
from tests.events.trades import bars_of_trades

REGIME = {"window": "4h", "mean": "2h", "history": "1d"}


@pytest.mark.parametrize(("last", "widens"), [(0.01, True), (0.001, False), (0.0002, False)])
def test_a_spread_regime_widens_once_when_spreads_grow(last, widens):
    bars = bars_of_trades(np.repeat([0.002, 0.001, last], [90, 30, 30]))
    found = [(t, s) for t, s in fired(spread_regime_widening, bars, **REGIME) if t >= 120]
    assert [side for _, side in found] == ([0] if widens else [])
    assert all(t <= 135 for t, _ in found)


SLIPPAGE = {"window": "4h", "impact_window": "2h", "history": "1d"}


def thinner(last_volume):
    """Bars of a steady spread whose volume is another at the last eight."""
    volume = np.repeat([1000.0, last_volume], [150, 8]) * (1 + 0.1 * (np.arange(158) % 5))
    return bars_of_trades(np.full(158, 0.002), volume=volume)


def spikes(bars, notional):
    return slippage_spike.function(
        bars, **{**slippage_spike.parameters, **SLIPPAGE, "notional_quote": notional}
    )


@pytest.mark.parametrize(
    ("last_volume", "notional", "found"),
    [(50.0, 1e5, True), (1000.0, 1e5, False), (50.0, 0.0, False)],
    ids=["thin", "as thick as before", "nothing to trade"],
)
def test_slippage_spikes_when_a_fixed_amount_moves_price_further(last_volume, notional, found):
    marks = spikes(thinner(last_volume), notional)
    assert (marks.strength[150:] > 2.0).any() == found
    assert not marks.side.any()


def test_slippage_is_half_the_spread_and_lambda_times_the_amount():
    bars = thinner(50.0)
    spread, impact = edge_spread(bars, 16), kyle_lambda(bars, 8)
    cost = np.maximum(spread, 0.0) / 2 + np.maximum(impact, 0.0) * 1e5
    marks = spikes(bars, 1e5)
    for t in np.flatnonzero(marks.fired):
        usual = np.nanquantile(cost[max(0, t - 96) : t], 0.99)
        assert marks.strength[t] == pytest.approx(cost[t] / usual, rel=1e-6)
    assert marks.fired[150:].any()


def of_fees(fees, missing=()):
    closes = np.full(len(fees), 100.0)
    closes[list(missing)] = np.nan
    return bars_of(closes, fee=fees)


@pytest.mark.parametrize(
    ("fees", "missing", "found"),
    [
        ([4.0, 4.0, 5.0, 5.0], [], [(2, 0)]),
        ([5.0, 5.0, 4.0, 4.0], [], [(2, 0)]),
        ([4.0, 4.0, 4.0, 4.0], [], []),
        ([np.nan, np.nan, 4.0, 4.0], [], []),
        ([4.0, np.nan, 5.0, 5.0], [], []),
        ([4.0, 4.0, 5.0, 5.0], [2], [(3, 0)]),
        ([4.0, 4.0, 5.0, 4.0], [2], []),
        ([4.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0], [1, 2, 3, 4, 5], []),
    ],
    ids=["up", "down", "same", "unknown", "forgotten", "in a gap", "and back", "in a long gap"],
)
def test_a_fee_regime_changes_at_the_first_bar_with_another_fee(fees, missing, found):
    assert fired(fee_regime_change, of_fees(fees, missing), longest_gap="1h") == found


@pytest.mark.parametrize(
    ("former", "fee", "strength"),
    [(4.0, 5.0, 0.25), (5.0, 4.0, 0.2), (0.0, 2.0, 1.0), (-0.5, 0.5, 2.0)],
)
def test_a_change_of_fee_is_as_strong_as_its_share_of_the_former(former, fee, strength):
    marks = fee_regime_change.marks(of_fees([former, former, fee]), "15m")
    assert marks.strength[2] == pytest.approx(strength)
