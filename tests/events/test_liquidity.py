import numpy as np
import pytest

from tasks.events.liquidity import (
    absorption,
    depth_collapse,
    liquidity_gap_print,
    liquidity_shock,
    liquidity_vacuum,
    orderflow_imbalance_shock,
    spread_blowout,
    sweep_stoprun,
)
from tests.events.market import bars_of, fired, last_fired, walk
from tests.events.trades import bars_of_trades

RETURNS = [0.01, -0.01] * 15
VOLUMES = [100.0 + i % 7 for i in range(31)]


@pytest.mark.parametrize(
    ("last", "volume", "side"),
    [(0.01, 10.0, 1), (-0.01, 10.0, -1), (0.01, 60.0, None), (0.001, 10.0, None)],
    ids=["thin up", "thin down", "not thin", "small move"],
)
def test_a_shock_is_much_movement_on_little_volume(last, volume, side):
    bars = bars_of(walk([*RETURNS, last]), volume=[*VOLUMES, volume])
    assert last_fired(liquidity_shock, bars, history="5h") == side


def test_a_bar_without_turnover_is_no_shock():
    bars = bars_of(walk([*RETURNS, 0.01]), volume=[*VOLUMES, 0.0])
    assert last_fired(liquidity_shock, bars, history="5h") is None


def swept(high, low, close, volume):
    closes = np.array([100.0, 101.0] * 10 + [close])
    opens = np.append(closes[:1], closes[:-1])
    opens[-1] = 100.5
    highs, lows = np.maximum(opens, closes), np.minimum(opens, closes)
    highs[-1], lows[-1] = max(high, highs[-1]), min(low, lows[-1])
    return bars_of(closes, open=opens, high=highs, low=lows, volume=np.append(np.ones(20), volume))


@pytest.mark.parametrize(
    ("high", "low", "close", "volume", "side"),
    [
        (103.0, 100.4, 100.6, 2.0, -1),  # log(103/101) is 77 % of log(103/100.4)
        (100.6, 98.0, 100.4, 2.0, 1),
        (101.8, 100.4, 100.6, 2.0, None),  # 57 %
        (103.0, 100.4, 101.5, 2.0, None),  # closes outside
        (103.0, 100.4, 100.6, 0.5, None),  # on little volume
        (101.0, 100.4, 100.6, 2.0, None),  # touches only
    ],
)
def test_a_sweep_goes_beyond_and_comes_back(high, low, close, volume, side):
    bars = swept(high, low, close, volume)
    assert last_fired(sweep_stoprun, bars, window="1h", volume_history="5h") == side


UNEVEN = [sign * 0.01 * (1 + 0.01 * (i % 5)) for i, sign in enumerate([1, -1] * 15)]
ONE_VOLUME = [100.0 + i % 3 for i in range(31)]
VACUUM = {"history": "5h", "calm": "5h"}
SHOCK = 0.05, 1000.0
WIDE = -0.02, 150.0


def after_calm(*news, side=1):
    """Bars that range 1 % on a volume of 100, then those of (return, volume) in `news`."""
    returns = [*UNEVEN, *(side * r for r, _ in news)]
    return bars_of(walk(returns), volume=[*ONE_VOLUME, *(v for _, v in news)])


@pytest.mark.parametrize(
    ("news", "where"),
    [
        ([SHOCK, WIDE, WIDE, WIDE], 34),
        ([SHOCK, WIDE, WIDE, WIDE, WIDE], 34),
        ([SHOCK, WIDE, WIDE], None),
        ([SHOCK, WIDE, WIDE, (0.001, 100.0), WIDE], 35),
        ([WIDE, WIDE, WIDE], None),
        ([SHOCK, WIDE, WIDE, (-0.02, 600.0)], None),
        ([SHOCK, WIDE, WIDE, (-0.014, 120.0)], None),
        ([SHOCK, WIDE, WIDE, (-0.02, 210.0)], None),
        ([SHOCK, WIDE, WIDE, SHOCK, WIDE, WIDE], None),
        ([SHOCK, WIDE, WIDE, SHOCK, WIDE, WIDE, WIDE], 37),
        ([SHOCK, WIDE, WIDE, *[(0.001, 100.0)] * 5, WIDE], 39),
        ([SHOCK, WIDE, WIDE, *[(0.001, 100.0)] * 6, WIDE], None),
    ],
    ids=[
        "third wide bar on little volume",
        "once",
        "two only",
        "a calm bar between",
        "no shock",
        "volume above half the shock's",
        "range not wide",
        "no more range per volume than usual",
        "a later shock begins anew",
        "and has its own three",
        "eighth bar",
        "ninth bar",
    ],
)
@pytest.mark.parametrize("side", [1, -1])
def test_a_vacuum_is_wide_bars_on_little_volume_after_a_shock(news, where, side):
    found = fired(liquidity_vacuum, after_calm(*news, side=side), **VACUUM)
    assert [mark for mark in found if mark[0] > 31] == ([] if where is None else [(where, side)])


def test_a_vacuum_counts_from_its_shock_and_in_usual_ranges_per_volume():
    marks = liquidity_vacuum.marks(after_calm(SHOCK, WIDE, WIDE, WIDE), "15m", VACUUM)
    assert marks.anchor[34] == 31
    assert marks.strength[34] == pytest.approx((0.02 / 150) / (0.01 / 100), rel=0.03)


def pushed(sizes, flows, volumes):
    """Bars whose takers push by `flows` and whose returns are `sizes` in the same direction."""
    flows, volumes = np.append(0.0, flows), np.append(100.0, volumes)
    taker = volumes * (1 + flows) / 2
    returns = np.asarray(sizes) * np.sign(flows[1:])
    return bars_of(walk(returns), volume=volumes, taker_buy_volume=taker)


LEAN = [sign * (0.5 + 0.01 * (i % 4)) for i, sign in enumerate([1, -1] * 15)]
DEPTH = {"window": "2h", "fast": "15m", "history": "5h"}


@pytest.mark.parametrize(
    ("size", "volume", "last", "holds"),
    [(0.03, 100.0, 0.03, True), (0.03, 400.0, 0.03, False), (0.03, 100.0, 0.001, False)],
    ids=["thrice the impact", "on four times the volume", "a still bar"],
)
@pytest.mark.parametrize("side", [1, -1])
def test_depth_collapses_when_volume_moves_price_further(size, volume, last, holds, side):
    sizes = [*np.abs(UNEVEN), size, size, size, last]
    flows = side * np.array([*LEAN, 0.5, -0.5, 0.5, -0.5])
    bars = pushed(sizes, flows, [*ONE_VOLUME[1:], *[volume] * 4])
    marks = depth_collapse.function(bars, **{**depth_collapse.parameters, **DEPTH})
    assert marks.fired[-1] == holds
    assert marks.side[-1] == 0


BLOWOUT = {"window": "3h", "calm": "5h", "history": "1d", "threshold": 4.0}


@pytest.mark.parametrize(("factor", "blown"), [(1.0, False), (0.1, False), (10.0, True)])
def test_a_spread_blows_out_when_it_leaves_its_past(factor, blown):
    spreads = np.repeat([0.002, 0.002 * factor], [150, 6])
    found = fired(spread_blowout, bars_of_trades(spreads), **BLOWOUT)
    assert any(t >= 150 for t, _ in found) == blown
    assert {side for _, side in found} <= {0}


SPAN = {"history": "5h", "volume_history": "5h"}


@pytest.mark.parametrize(
    ("flow", "volume", "found"),
    [(0.9, 200.0, True), (0.9, 90.0, False), (0.05, 200.0, False), (np.nan, 200.0, False)],
    ids=["one-sided", "on little volume", "two-sided", "unknown"],
)
@pytest.mark.parametrize("side", [1, -1])
def test_an_imbalance_is_takers_on_one_side_on_volume(flow, volume, found, side):
    flows = side * np.array([*LEAN, flow, flow, flow])
    bars = pushed([0.01] * 33, flows, [*ONE_VOLUME[1:], 100.0, 100.0, volume])
    marks = orderflow_imbalance_shock.function(
        bars, **{**orderflow_imbalance_shock.parameters, **SPAN}
    )
    assert (marks.fired[-1], marks.side[-1]) == (found, side if found else 0)


@pytest.mark.parametrize(
    ("returns", "flow", "volume", "found"),
    [
        ([0.01, -0.01, 0.0005], 0.9, 300.0, True),
        ([0.01, 0.01, 0.01], 0.9, 300.0, False),
        ([0.01, -0.01, 0.0005], 0.1, 300.0, False),
        ([0.01, -0.01, 0.0005], 0.9, 90.0, False),
    ],
    ids=["held", "price gave way", "no push", "on little volume"],
)
@pytest.mark.parametrize("side", [1, -1])
def test_absorption_is_a_push_that_price_does_not_follow(returns, flow, volume, found, side):
    flows = side * np.array([0.0, *LEAN, flow, flow, flow])
    volumes = np.array([*ONE_VOLUME, *[volume] * 3])
    closes = walk(side * np.array([*UNEVEN, *returns]))
    bars = bars_of(closes, volume=volumes, taker_buy_volume=volumes * (1 + flows) / 2)
    shorter = {**absorption.parameters, "history": "5h", "calm": "5h"}
    marks = absorption.function(bars, **shorter)
    assert (marks.fired[-1], marks.side[-1]) == (found, -side if found else 0)


@pytest.mark.parametrize(
    ("spread", "jump", "found"),
    [(0.0005, 0.02, True), (0.01, 0.02, False), (0.01, 0.06, True), (0.0005, 0.0001, False)],
    ids=["far", "within three spreads", "beyond three spreads", "usual"],
)
@pytest.mark.parametrize("side", [1, -1])
def test_a_gap_print_is_beyond_usual_gaps_and_three_spreads(spread, jump, found, side):
    spreads = np.append(np.full(60, spread), 0.0)
    bars = bars_of_trades(spreads, jumps={60: side * jump})
    marks = last_fired(liquidity_gap_print, bars, spread_window="8h", history="10h")
    assert marks == (side if found else None)
