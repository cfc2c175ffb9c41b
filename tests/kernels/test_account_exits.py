"""How positions are left: small examples by hand, prices in whole numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.kernels.account import run_account
from tasks.kernels.fills import (
    AT_CLOSE,
    AT_OPEN,
    ENDED,
    INSIDE,
    RUINED,
    SIGNAL,
    STOP,
    STRUCTURE,
    TARGET,
    TIME,
    TRAIL,
)
from tasks.kernels.guards import BROKE, TAKEN
from tests.kernels.tape import lay, terms, write

FLAT = (100.0, 100.0, 100.0, 100.0)
GAP = (np.nan, np.nan, np.nan, np.nan, 0.0)
STILL = (100.0, 100.0, 100.0, 100.0, 0.0)


def units(*prices):
    """Distances of prices from 100 in units of 0.1, above or below."""
    return [abs(float(np.log(price / 100.0))) / 0.1 for price in prices]


def targets_at(*pairs):
    return [(units(price)[0], share) for price, share in pairs]


def trade(bars, rule, side=1, due=0, extra=(), **order):
    """One position, decided in the first of the bars, and its fills."""
    orders = write((0, side, {"due": due, **order}), *extra)
    positions, fills, _, _ = run_account(lay(bars), orders, rule, False)
    return positions[0], fills[fills["position"] == 0]


def exits(fills):
    """Bar, moment, reason and price of each exit."""
    return [
        (int(f["row"]), int(f["moment"]), int(f["reason"]), round(f["reference"], 9))
        for f in fills[1:]
    ]


STOP_90 = {"stop": units(90)[0]}


def test_an_order_is_filled_at_the_open_after_the_close_at_which_it_was_decided():
    bars = [FLAT, (103.0, 105.0, 99.0, 101.0), FLAT]
    position, fills = trade(bars, terms())
    assert (fills[0]["row"], fills[0]["moment"], fills[0]["reference"]) == (1, AT_OPEN, 103.0)
    assert (position["decided"], position["entered"], position["left_at"]) == (0, 1, -1)


@pytest.mark.parametrize("due", [1, 2, 3])
def test_time_is_up_at_the_close_of_the_bar_that_is_due(due):
    bars = [FLAT, (100, 104, 96, 101), (100, 104, 96, 102), (100, 104, 96, 103), FLAT]
    _, fills = trade(bars, terms(), due=due)
    assert exits(fills) == [(due, AT_CLOSE, TIME, 100.0 + due)]


def test_or_at_the_next_open():
    bars = [FLAT, FLAT, (100, 104, 96, 102), (103, 104, 96, 99)]
    _, fills = trade(bars, terms(leaves_at_close=False), due=2)
    assert exits(fills) == [(3, AT_OPEN, TIME, 103.0)]


def test_a_stop_inside_a_bar_is_filled_at_its_price():
    _, fills = trade([FLAT, FLAT, (95, 99, 89, 98)], terms(**STOP_90))
    assert exits(fills) == [(2, INSIDE, STOP, 90.0)]


def test_a_stop_counts_from_the_bar_of_the_entry_on():
    _, fills = trade([FLAT, (100, 101, 85, 98)], terms(**STOP_90))
    assert exits(fills) == [(1, INSIDE, STOP, 90.0)]


def test_a_stop_that_the_price_just_touches_is_filled():
    level = 100.0 * np.exp(-0.1 * 1.0)
    _, fills = trade([FLAT, FLAT, (95, 99, level, 98)], terms(stop=1.0))
    assert len(exits(fills)) == 1
    _, fills = trade([FLAT, FLAT, (95, 99, np.nextafter(level, 99), 98)], terms(stop=1.0))
    assert exits(fills) == []


def test_an_open_just_at_a_level_is_left_at_the_open():
    level = 100.0 * np.exp(-0.1 * 1.0)
    _, fills = trade([FLAT, FLAT, (level, 99, level, 98)], terms(stop=1.0))
    assert exits(fills) == [(2, AT_OPEN, STOP, round(level, 9))]
    _, fills = trade([FLAT, FLAT, (level, 99, 85, 98)], terms(targets=((1.0, 1.0),)), side=-1)
    assert exits(fills) == [(2, AT_OPEN, TARGET, round(level, 9))]


def test_a_gap_beyond_the_stop_is_filled_at_the_open():
    _, fills = trade([FLAT, FLAT, (80, 99, 79, 98)], terms(**STOP_90))
    assert exits(fills) == [(2, AT_OPEN, STOP, 80.0)]


def test_a_gap_beyond_the_target_is_filled_at_the_open_too():
    rule = terms(targets=targets_at((110, 1.0)))
    _, fills = trade([FLAT, FLAT, (120, 125, 90, 98)], rule)
    assert exits(fills) == [(2, AT_OPEN, TARGET, 120.0)]


def test_of_stop_and_target_in_one_bar_the_stop_counts_and_the_bar_is_counted():
    rule = terms(**STOP_90, targets=targets_at((110, 1.0)))
    position, fills = trade([FLAT, FLAT, (100, 111, 89, 105)], rule)
    assert exits(fills) == [(2, INSIDE, STOP, 90.0)]
    assert position["n_ambiguous"] == 1
    position, _ = trade([FLAT, FLAT, (100, 109, 89, 105)], rule)
    assert position["n_ambiguous"] == 0


def test_an_open_beyond_the_stop_is_not_ambiguous():
    rule = terms(**STOP_90, targets=targets_at((110, 1.0)))
    position, fills = trade([FLAT, FLAT, (80, 111, 79, 105)], rule)
    assert exits(fills) == [(2, AT_OPEN, STOP, 80.0)]
    assert position["n_ambiguous"] == 0


def test_targets_leave_shares_of_the_original_quantity():
    rule = terms(targets=targets_at((110, 0.5), (120, 0.25)))
    bars = [FLAT, FLAT, (100, 111, 99, 108), (108, 121, 99, 108), FLAT]
    position, fills = trade(bars, rule, due=4)
    assert exits(fills) == [
        (2, INSIDE, TARGET, 110.0),
        (3, INSIDE, TARGET, 120.0),
        (4, AT_CLOSE, TIME, 100.0),
    ]
    assert fills["quantity"].tolist() == [1.0, -0.5, -0.25, -0.25]
    assert position["exit"] == pytest.approx(0.5 * 110 + 0.25 * 120 + 0.25 * 100)
    assert position["gross"] == pytest.approx(10.0, abs=1e-5)


def test_two_targets_in_one_bar_are_both_filled_each_at_its_price():
    rule = terms(targets=targets_at((110, 0.5), (120, 0.5)))
    position, fills = trade([FLAT, FLAT, (100, 125, 99, 108)], rule)
    assert exits(fills) == [(2, INSIDE, TARGET, 110.0), (2, INSIDE, TARGET, 120.0)]
    assert position["left_at"] == 2


def test_a_position_that_is_left_in_part_is_still_open():
    rule = terms(targets=targets_at((110, 0.5)))
    position, _ = trade([FLAT, FLAT, (100, 125, 99, 108), FLAT], rule)
    assert (position["left_at"], position["left"]) == (-1, 0.5)


def test_a_short_is_left_the_other_way_round():
    rule = terms(stop=units(110)[0], targets=[(units(90)[0], 1.0)])
    _, fills = trade([FLAT, FLAT, (100, 111, 95, 98)], rule, side=-1)
    assert exits(fills) == [(2, INSIDE, STOP, 110.0)]
    position, fills = trade([FLAT, FLAT, (100, 105, 89, 98)], rule, side=-1)
    assert exits(fills) == [(2, INSIDE, TARGET, 90.0)]
    assert position["gross"] == pytest.approx(10.0, abs=1e-5)


def test_a_trail_starts_at_its_distance_from_the_entry():
    _, fills = trade([FLAT, (100, 101, 89, 95)], terms(trail=units(90)[0]))
    assert exits(fills) == [(1, INSIDE, TRAIL, 90.0)]


def test_a_trail_moves_at_the_close_and_counts_from_the_next_bar_on():
    rule = terms(trail=units(90)[0])
    bars = [FLAT, FLAT, (100, 150, 95, 140), (140, 141, 134, 138)]
    _, fills = trade(bars, rule)
    assert exits(fills) == [(3, INSIDE, TRAIL, 135.0)]


def test_a_trail_beyond_the_close_that_set_it_is_filled_at_the_next_open():
    rule = terms(trail=units(90)[0])
    _, fills = trade([FLAT, FLAT, (100, 150, 95, 110), (112, 113, 111, 112)], rule)
    assert exits(fills) == [(3, AT_OPEN, TRAIL, 112.0)]


def test_a_trail_never_loosens():
    rule = terms(trail=units(90)[0])
    bars = [FLAT, FLAT, (100, 150, 100, 149), *[(149, 149, 136, 140)] * 3, (140, 145, 130, 140)]
    position, fills = trade(bars, rule)
    assert exits(fills) == [(6, INSIDE, TRAIL, 135.0)]
    assert position["best"] == 150.0


def test_of_stop_and_trail_the_tighter_one_counts():
    bars = [FLAT, (100, 101, 96, 97), (97, 101, 70, 95)]
    _, fills = trade(bars, terms(stop=units(80)[0], trail=units(90)[0]))
    assert exits(fills) == [(2, INSIDE, TRAIL, 90.9)]
    _, fills = trade(bars, terms(stop=units(95)[0], trail=units(90)[0]))
    assert exits(fills) == [(2, INSIDE, STOP, 95.0)]


def test_the_stop_lies_at_the_entry_from_the_bar_after_the_first_target_on():
    rule = terms(**STOP_90, targets=targets_at((110, 0.5)), stop_to_entry=True)
    bars = [FLAT, FLAT, (105, 111, 95, 108), (108, 109, 99, 105)]
    _, fills = trade(bars, rule)
    assert exits(fills) == [(2, INSIDE, TARGET, 110.0), (3, INSIDE, TRAIL, 100.0)]


def test_a_trail_above_the_entry_is_not_loosened_to_the_entry():
    rule = terms(trail=units(90)[0], targets=targets_at((110, 0.5)), stop_to_entry=True)
    bars = [FLAT, FLAT, (105, 150, 104, 148), (148, 149, 130, 131)]
    _, fills = trade(bars, rule)
    assert exits(fills) == [(2, INSIDE, TARGET, 110.0), (3, INSIDE, TRAIL, 135.0)]


def test_a_signal_to_leave_is_obeyed_at_the_next_open():
    bars = [FLAT, FLAT, FLAT, (107, 108, 106, 107)]
    _, fills = trade(bars, terms(), extra=[(2, 0)])
    assert exits(fills) == [(3, AT_OPEN, SIGNAL, 107.0)]


@pytest.mark.parametrize("bar", [GAP, STILL], ids=["missing", "without trades"])
def test_what_is_due_in_a_bar_that_does_not_trade_leaves_at_the_next_open_that_does(bar):
    later = (107, 108, 106, 107)
    _, fills = trade([FLAT, FLAT, bar, bar, later], terms(), due=2)
    assert exits(fills) == [(4, AT_OPEN, TIME, 107.0)]
    _, fills = trade([FLAT, FLAT, bar, later], terms(), extra=[(1, 0)])
    assert exits(fills) == [(3, AT_OPEN, SIGNAL, 107.0)]
    _, fills = trade([FLAT, FLAT, bar, later], terms(leaves_at_close=False), due=1)
    assert exits(fills) == [(3, AT_OPEN, TIME, 107.0)]


def test_a_limit_move_without_trades_is_left_where_trading_begins_again():
    locked = (70.0, 70.0, 70.0, 70.0, 0.0)
    rule = terms(**STOP_90)
    position, fills = trade([FLAT, FLAT, locked, locked, (60, 61, 50, 55)], rule)
    assert exits(fills) == [(4, AT_OPEN, STOP, 60.0)]
    assert position["net"] == pytest.approx(-40.0, abs=1e-5)


def test_prices_of_a_bar_without_trades_move_nothing():
    high = (100.0, 200.0, 100.0, 200.0, 0.0)
    rule = terms(trail=units(90)[0], targets=targets_at((110, 1.0)))
    orders = write((0, 1))
    positions, fills, _, curve = run_account(lay([FLAT, FLAT, high, FLAT]), orders, rule, True)
    assert len(fills) == 1
    assert positions[0]["best"] == 100.0
    assert curve[:, 0].tolist() == [4096.0] * 4


def test_a_market_that_ends_is_left_at_its_last_close_when_the_others_go_on():
    ends = [FLAT, FLAT, (100, 108, 99, 107), STILL, GAP]
    tape = lay(ends, [FLAT] * 8)
    positions, fills, _, curve = run_account(tape, write((0, 1)), terms(), True)
    assert exits(fills) == [(2, AT_CLOSE, ENDED, 107.0)]
    assert positions[0]["left_at"] == 2
    assert curve[4:, 3].tolist() == [1.0, 0.0, 0.0, 0.0]
    assert curve[:, 0] == pytest.approx([4096.0] * 2 + [4103.0] * 6)


def test_what_is_open_when_all_bars_end_stays_open():
    position, fills = trade([FLAT, FLAT, (100, 108, 99, 107)], terms())
    assert (position["left_at"], len(fills), position["net"]) == (-1, 1, 0.0)


def test_an_account_without_equity_leaves_everything_at_the_next_open():
    bars = [FLAT, FLAT, (100, 100, 40, 50), GAP, (45, 60, 45, 55), FLAT]
    rule = terms(capital=40.0)
    orders = write((0, 1), (3, 1), (4, 1))
    positions, fills, fates, curve = run_account(lay(bars), orders, rule, True)
    assert exits(fills) == [(4, AT_OPEN, RUINED, 45.0)]
    assert positions[0]["net"] == pytest.approx(-55.0, abs=1e-5)
    assert fates.tolist() == [TAKEN, BROKE, BROKE]
    assert curve[-1, 0] == pytest.approx(-15.0, abs=1e-5)


def test_best_and_worst_are_what_was_seen_before_the_exit():
    # the low of the last bar may have come first, the high beyond the target cannot have
    rule = terms(targets=targets_at((110, 1.0)))
    position, _ = trade([FLAT, FLAT, (100, 130, 95, 120)], rule)
    assert (position["best"], position["worst"]) == (pytest.approx(110.0), 95.0)
    position, _ = trade([FLAT, FLAT, (100, 109, 80, 85)], terms(**STOP_90))
    assert (position["best"], position["worst"]) == (100.0, pytest.approx(90.0))
    position, _ = trade([FLAT, FLAT, (70, 109, 60, 85)], terms(**STOP_90))
    assert position["worst"] == 70.0


def test_the_payer_of_funding_pays_for_what_was_held_at_the_open():
    paid = (100, 111, 99, 108, 1.0, 0.0, 0.0, 0.01, 0.01)
    rule = terms(targets=targets_at((110, 1.0)))
    position, _ = trade([FLAT, FLAT, paid], rule)
    assert position["funding"] == pytest.approx(1.0, abs=1e-5)


def test_who_receives_funding_receives_for_what_is_held_at_the_close():
    received = (100, 111, 99, 108, 1.0, 0.0, 0.0, -0.01, -0.01)
    rule = terms(targets=targets_at((110, 0.75)))
    position, _ = trade([FLAT, FLAT, received], rule)
    assert position["funding"] == pytest.approx(-0.25 * 1.08, abs=1e-5)


def test_what_is_left_at_the_open_has_nothing_to_do_with_the_funding_of_its_bar():
    paid = (100, 100, 100, 100, 1.0, 0.0, 0.0, 0.01, 0.01)
    position, _ = trade([FLAT, FLAT, paid], terms(leaves_at_close=False), due=1)
    assert position["funding"] == 0.0


def test_funding_flows_at_the_last_known_price_in_a_bar_without_trades():
    gap = (*GAP, 0.0, 0.0, 0.01, 0.01)
    position, _ = trade([FLAT, (100, 108, 99, 104), gap], terms())
    assert position["funding"] == pytest.approx(1.04, abs=1e-5)


BELOW = (100.0, 101.0, 94.0, 95.0)


def test_a_close_beyond_the_guard_is_left_at_the_next_open():
    bars = [FLAT, FLAT, (100, 101, 90, 96), BELOW, (93, 99, 92, 98), FLAT]
    _, fills = trade(bars, terms(), guard=96.0)
    assert exits(fills) == [(4, AT_OPEN, STRUCTURE, 93.0)]
    _, fills = trade(bars, terms(), guard=95.0)
    assert exits(fills) == []


def test_a_guard_counts_from_the_close_of_the_entry_s_bar_on():
    _, fills = trade([BELOW, BELOW, FLAT], terms(), guard=96.0)
    assert exits(fills) == [(2, AT_OPEN, STRUCTURE, 100.0)]


def test_a_short_is_left_when_a_close_lies_above_its_guard():
    bars = [FLAT, FLAT, (100, 110, 100, 104), (104, 106, 103, 105), FLAT]
    _, fills = trade(bars, terms(), side=-1, guard=104.0)
    assert exits(fills) == [(4, AT_OPEN, STRUCTURE, 100.0)]
    _, fills = trade(bars, terms(), side=-1, guard=105.0)
    assert exits(fills) == []


@pytest.mark.parametrize("guard", [0.0, -1.0, np.nan, np.inf])
@pytest.mark.parametrize("side", [1, -1])
def test_a_guard_that_is_no_price_guards_nothing(guard, side):
    _, fills = trade([FLAT, BELOW, (105, 120, 80, 110), FLAT], terms(), side=side, guard=guard)
    assert exits(fills) == []


def test_a_guard_waits_for_a_bar_that_trades():
    below = (95.0, 95.0, 95.0, 95.0, 0.0)
    _, fills = trade([FLAT, FLAT, below, FLAT, FLAT], terms(), guard=96.0)
    assert exits(fills) == []
    _, fills = trade([FLAT, BELOW, GAP, (97, 99, 96, 98)], terms(), guard=96.0)
    assert exits(fills) == [(3, AT_OPEN, STRUCTURE, 97.0)]


def test_time_comes_before_the_guard_and_the_guard_before_an_open_beyond_the_stop():
    bars = [FLAT, FLAT, BELOW, (80, 99, 79, 98)]
    _, fills = trade(bars, terms(), due=2, guard=96.0)
    assert exits(fills) == [(2, AT_CLOSE, TIME, 95.0)]
    _, fills = trade(bars, terms(leaves_at_close=False), due=2, guard=96.0)
    assert exits(fills) == [(3, AT_OPEN, TIME, 80.0)]
    _, fills = trade(bars, terms(**STOP_90), guard=96.0)
    assert exits(fills) == [(3, AT_OPEN, STRUCTURE, 80.0)]


def test_a_stop_inside_the_bar_comes_before_its_close():
    _, fills = trade([FLAT, FLAT, (100, 101, 89, 95), FLAT], terms(**STOP_90), guard=96.0)
    assert exits(fills) == [(2, INSIDE, STOP, 90.0)]


def test_a_trail_can_wait_until_the_best_price_has_gone_so_far():
    rule = terms(stop=units(80)[0], trail=units(95)[0], trail_from=units(110)[0])
    # 109.9 is not far enough: the stop stays at 80; 110 is, and from the next bar on 104.5 holds
    short = [FLAT, FLAT, (100, 109.9, 99, 109), (109, 109.5, 90, 95), FLAT]
    assert exits(trade(short, rule)[1]) == []
    far = 100.0 * np.exp(0.1 * rule.trail_from)
    bars = [FLAT, FLAT, (100, far, 85, 109), (109, 109.5, 104.6, 106), (106, 107, 90, 95)]
    assert exits(trade(bars, rule)[1]) == [(4, INSIDE, TRAIL, 104.5)]


def test_a_trail_that_has_begun_goes_on_from_the_best_price_however_far_it_falls_back():
    rule = terms(trail=units(80)[0], trail_from=units(110)[0])
    bars = [FLAT, (100, 112, 100, 111), (111, 111, 95, 96), (96, 97, 89, 90)]
    assert exits(trade(bars, rule)[1]) == [(3, INSIDE, TRAIL, 89.6)]


def test_without_a_stop_a_trail_that_has_not_begun_stops_nothing():
    rule = terms(trail=units(99)[0], trail_from=units(110)[0])
    assert exits(trade([FLAT, (100, 105, 10, 20), FLAT], rule)[1]) == []


def test_half_off_at_the_risk_the_rest_trails_from_the_entry_up_or_runs_to_twice_the_risk():
    # hard stop 2 units, half off at 1R = 2 units with the stop to the entry, then a trail of 1 unit
    unit = 0.05
    risk = [float(100.0 * np.exp(k * unit)) for k in (-2, 2, 3, 4)]
    rule = terms(
        stop=2.0, trail=1.0, trail_from=2.0, targets=((2.0, 0.5), (4.0, 0.5)), stop_to_entry=True
    )
    stopped = [FLAT, FLAT, (100, 101, 89, 95)]
    got = exits(trade(stopped, rule, unit=unit)[1])
    assert got == [(2, INSIDE, STOP, round(risk[0], 9))]
    half = [FLAT, (100, risk[1], 99, 110), (110, 111, 104, 105), FLAT]
    got = exits(trade(half, rule, unit=unit)[1])
    back = round(risk[1] * float(np.exp(-unit)), 9)
    assert got == [(1, INSIDE, TARGET, round(risk[1], 9)), (2, INSIDE, TRAIL, back)]
    run = [FLAT, (100, risk[1], 99, 110), (110, risk[3] + 1, 109, 120), FLAT]
    got = exits(trade(run, rule, unit=unit)[1])
    assert [reason for *_, reason, _ in got] == [TARGET, TARGET]
    assert [price for *_, price in got] == [round(risk[1], 9), round(risk[3], 9)]
