"""Which orders are filled: limits, waiting times, sizes, and tapes that have nothing to offer."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.kernels.account import run_account
from tasks.kernels.guards import (
    BUSY,
    CLOSED,
    COOLING,
    EXPOSED,
    FULL,
    ILLIQUID,
    LEFT,
    LOCKED,
    TAKEN,
    UNKNOWN,
)
from tests.kernels.tape import lay, terms, write

FLAT = (100.0, 100.0, 100.0, 100.0)
STILL = (100.0, 100.0, 100.0, 100.0, 0.0)
GAP = (np.nan, np.nan, np.nan, np.nan, 0.0)
DIP = (100.0, 100.0, 80.0, 100.0)
STOP = {"stop": 1.0}


def fates(bars, rule, *orders):
    tape = bars if isinstance(bars, tuple) else lay(bars)
    return run_account(tape, write(*orders), rule, False)[2].tolist()


def test_a_market_holds_so_many_positions_at_once():
    orders = [(0, 1), (1, -1), (2, 1)]
    assert fates([FLAT] * 5, terms(), *orders) == [TAKEN, BUSY, BUSY]
    assert fates([FLAT] * 5, terms(per_market=2), *orders) == [TAKEN, TAKEN, BUSY]


def test_a_place_is_free_in_the_slot_at_whose_open_it_was_left():
    orders = [(0, 1, {"due": 1}), (1, 1)]
    assert fates([FLAT] * 4, terms(), *orders) == [TAKEN, TAKEN]
    assert fates([FLAT] * 4, terms(leaves_at_close=False), *orders) == [TAKEN, TAKEN]
    assert fates([FLAT] * 4, terms(), (0, 1), (1, 0), (1, -1)) == [TAKEN, LEFT, TAKEN]


def test_a_place_left_inside_a_bar_was_not_free_at_its_open():
    orders = [(0, 1), (1, 1), (2, 1)]
    assert fates([FLAT, FLAT, DIP, FLAT], terms(**STOP), *orders) == [TAKEN, BUSY, TAKEN]


@pytest.mark.parametrize("cooldown", [0, 1, 2, 5])
def test_after_an_exit_so_many_bars_have_no_entry(cooldown):
    # left in bar 1: entries in bars 2, 3, .. are decided one bar before
    orders = [(0, 1, {"due": 1}), *((row, 1) for row in range(1, 9))]
    got = fates([FLAT] * 10, terms(cooldown=cooldown), *orders)
    assert got == [TAKEN, *[COOLING] * cooldown, TAKEN, *[BUSY] * (7 - cooldown)]


def test_an_exit_at_the_open_bans_the_entries_of_its_own_bar_too():
    rule = terms(cooldown=1, leaves_at_close=False)
    orders = [(0, 1, {"due": 1}), (1, 1), (2, 1), (3, 1)]
    assert fates([FLAT] * 6, rule, *orders) == [TAKEN, COOLING, COOLING, TAKEN]


@pytest.mark.parametrize("lockout", [0, 1, 3])
def test_after_a_stop_its_side_is_locked_and_the_other_is_not(lockout):
    bars = [FLAT, DIP, *[FLAT] * 8]
    rule = terms(**STOP, lockout=lockout)
    again = [(row, 1) for row in range(1, 6)]
    wanted = [TAKEN, *[LOCKED] * lockout, TAKEN, *[BUSY] * (4 - lockout)]
    assert fates(bars, rule, (0, 1), *again) == wanted
    assert fates(bars, rule, (0, 1), (1, -1)) == [TAKEN, TAKEN]


def test_an_exit_that_is_no_stop_locks_nothing():
    assert fates([FLAT] * 4, terms(lockout=3), (0, 1, {"due": 1}), (1, 1)) == [TAKEN, TAKEN]


def test_a_ban_holds_for_its_market_alone():
    tape = lay([FLAT, DIP, FLAT, FLAT], [FLAT] * 4)
    rule = terms(**STOP, lockout=3, cooldown=3)
    got = fates(tape, rule, (0, 1), (1, 1), (5, 1, {"market": 1}))
    assert got == [TAKEN, COOLING, TAKEN]


def test_all_markets_together_hold_so_many_positions_in_the_order_of_the_orders():
    tape = lay([FLAT] * 3, [FLAT] * 3, [FLAT] * 3)
    orders = [(3 * market, 1, {"market": market}) for market in (1, 2, 0)]
    assert fates(tape, terms(max_open=2), *orders) == [TAKEN, TAKEN, FULL]


def test_the_value_of_all_positions_stays_below_a_multiple_of_the_equity():
    tape = lay([FLAT] * 3, [FLAT] * 3)
    orders = [(0, 1, {"size": 60.0}), (3, -1, {"size": 60.0, "market": 1})]
    assert fates(tape, terms(capital=100.0, max_gross=1.19), *orders) == [TAKEN, EXPOSED]
    assert fates(tape, terms(capital=100.0, max_gross=1.2), *orders) == [TAKEN, TAKEN]


def test_exposure_counts_at_the_last_close():
    bars = [FLAT, (100, 200, 100, 200), FLAT]
    orders = [(0, 1, {"size": 100.0}), (1, 1, {"size": 100.0})]
    # worth 200 and 300 in equity: 300 in all, and 400 would be too much for 1.0
    rule = terms(capital=200.0, max_gross=1.0, per_market=2)
    assert fates(bars, rule, *orders) == [TAKEN, TAKEN]
    assert fates(bars, rule._replace(max_gross=0.99), *orders) == [TAKEN, EXPOSED]


def test_an_order_larger_than_the_market_bears_is_refused():
    assert fates([FLAT] * 3, terms(), (0, 1, {"most": 99.0})) == [ILLIQUID]
    assert fates([FLAT] * 3, terms(), (0, 1, {"most": 100.0})) == [TAKEN]
    assert fates([FLAT] * 3, terms(), (0, 1, {"most": np.nan})) == [ILLIQUID]


@pytest.mark.parametrize("size", [np.nan, 0.0, -1.0, np.inf])
def test_an_order_without_a_size_is_refused(size):
    assert fates([FLAT] * 3, terms(), (0, 1, {"size": size})) == [UNKNOWN]


@pytest.mark.parametrize("unit", [np.nan, 0.0, -1.0, np.inf])
def test_an_order_without_a_distance_is_refused_where_one_is_needed(unit):
    order = (0, 1, {"unit": unit})
    for change in ({"stop": 1.0}, {"trail": 1.0}, {"targets": ((1.0, 1.0),)}):
        assert fates([FLAT] * 3, terms(**change), order) == [UNKNOWN]
    assert fates([FLAT] * 3, terms(), order) == [TAKEN]


@pytest.mark.parametrize("bar", [GAP, STILL], ids=["missing", "without trades"])
def test_an_order_whose_bar_does_not_trade_is_refused(bar):
    assert fates([FLAT, bar, FLAT], terms(), (0, 1)) == [CLOSED]


@pytest.mark.parametrize("with_curve", [False, True])
def test_an_order_in_the_last_bar_is_refused(with_curve):
    last = write((1, 1), (1, 0))
    assert run_account(lay([FLAT] * 2), last, terms(), with_curve)[2].tolist() == [CLOSED] * 2
    longer = lay([FLAT] * 2, [FLAT] * 4)
    assert run_account(longer, last, terms(), with_curve)[2].tolist() == [CLOSED] * 2


def test_a_share_of_the_equity_compounds():
    rise = (100.0, 200.0, 100.0, 200.0)
    bars = [FLAT, rise, rise]
    orders = write((0, 1, {"due": 1, "size": 0.5}), (1, 1, {"due": 1, "size": 0.5}))
    rule = terms(capital=100.0, compounds=True)
    positions, _, _, curve = run_account(lay(bars), orders, rule, True)
    assert positions["notional"].tolist() == [50.0, 75.0]
    assert curve[-1, 0] == 100.0 + 50.0 + 75.0


@pytest.mark.parametrize(("most", "notional"), [(30.0, 30.0), (50.0, 50.0), (np.inf, 50.0)])
def test_a_share_of_the_equity_is_capped_by_a_notional(most, notional):
    rule = terms(capital=100.0, compounds=True, max_notional=most)
    got = run_account(lay([FLAT] * 3), write((0, 1, {"size": 0.5})), rule, False)[0]
    assert got["notional"].tolist() == [notional]
    assert fates([FLAT] * 3, rule, (0, 1, {"size": np.nan})) == [UNKNOWN]
    fixed = rule._replace(compounds=False)
    got = run_account(lay([FLAT] * 3), write((0, 1, {"size": 50.0})), fixed, False)[0]
    assert got["notional"].tolist() == [50.0]


def test_after_a_structure_stop_its_side_is_locked_too():
    below = (100.0, 100.0, 95.0, 95.0)
    orders = [(0, 1, {"guard": 96.0}), (2, 1), (2, -1)]
    got = fates([FLAT, below, FLAT, FLAT], terms(lockout=3), *orders)
    assert got == [TAKEN, LOCKED, TAKEN]


def test_markets_share_one_cash_and_one_clock():
    rise = (100.0, 110.0, 100.0, 110.0)
    tape = lay([FLAT, rise, FLAT], [rise, FLAT], slots=[2, 3])
    orders = write((0, 1), (3, -1, {"market": 1}))
    positions, _, fates, curve = run_account(tape, orders, terms(), True)
    assert fates.tolist() == [TAKEN, TAKEN]
    assert positions["entered"].tolist() == [1, 4]
    assert curve[:, 0].tolist() == [4096.0, 4096.0, 4096.0, 4106.0, 4096.0]
    assert curve[:, 3].tolist() == [0.0, 0.0, 0.0, 1.0, 2.0]


@pytest.mark.parametrize("with_curve", [False, True])
def test_nothing_comes_of_nothing(with_curve):
    tapes = {
        "no markets": lay(),
        "no rows": lay([], [], slots=[5, 0]),
        "no orders": lay([FLAT] * 3),
    }
    for name, tape in tapes.items():
        positions, fills, fates, curve = run_account(tape, write(), terms(), with_curve)
        assert len(positions) == len(fills) == len(fates) == 0
        n_slots = (3 if name == "no orders" else 0) if with_curve else 1
        assert curve.shape == (n_slots, 4)
        assert np.all(curve[:, :2] == 4096.0)


def test_without_a_curve_its_last_row_is_told():
    bars = [FLAT, DIP, FLAT, FLAT, FLAT, DIP, FLAT]
    orders = write((0, 1), (2, 1, {"due": 2}), (4, -1))
    ways = [run_account(lay(bars), orders, terms(**STOP), wanted)[3] for wanted in (False, True)]
    assert ways[0].shape == (1, 4)
    assert ways[0].tobytes() == ways[1][-1:].tobytes()


def test_the_curve_changes_nothing():
    bars = [FLAT, DIP, FLAT, FLAT, FLAT, DIP, FLAT]
    orders = write((0, 1), (2, 1, {"due": 2}), (4, -1))
    ways = [
        run_account(lay(bars), orders, terms(**STOP), with_curve) for with_curve in (False, True)
    ]
    for with_curve, without in zip(*(way[:3] for way in ways), strict=True):
        assert with_curve.tobytes() == without.tobytes()
