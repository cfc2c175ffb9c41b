"""What keeps orders out: breakers by day, week and drawdown, and streaks of losses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.kernels import guards
from tasks.kernels.account import open_account, play_slots, run_account
from tasks.kernels.fills import (
    DAY_BEGAN,
    DAY_ENDS,
    EQUITY,
    HAS_TRIPPED,
    PEAK,
    WEEK_BEGAN,
    WEEK_ENDS,
)
from tasks.kernels.guards import (
    CLOSED,
    DAY_LOST,
    DRAWN_DOWN,
    LOSING,
    TAKEN,
    UNKNOWN,
    WEEK_LOST,
)
from tests.kernels import naive_fills, naive_guards
from tests.kernels.tape import lay, terms, write

FLAT = (100.0, 100.0, 100.0, 100.0)
GAP = (np.nan, np.nan, np.nan, np.nan, 0.0)
DOWN = (100.0, 100.0, 90.0, 90.0)  # a position of all the equity loses a tenth of it
BACK = (90.0, 100.0, 90.0, 100.0)
ALL = {"size": 1000.0, "due": 1}
shares = st.sampled_from([np.inf, 0.05, 0.1, 0.25])


def fates(bars, rule, *orders, origin=0):
    tape = lay(bars)._replace(origin=origin)
    rule = rule._replace(capital=1000.0, per_market=9)
    ways = [run_account(tape, write(*orders), rule, wanted)[2].tolist() for wanted in (True, False)]
    assert ways[0] == ways[1]
    return ways[0]


def test_the_equity_is_watched_where_a_breaker_is_set():
    assert not guards.has_breakers(terms())
    assert not naive_guards.has_breakers(terms())
    for name in ("day_loss", "week_loss", "drawdown"):
        assert guards.has_breakers(terms(**{name: 0.5}))
        assert naive_guards.has_breakers(terms(**{name: 0.5}))


@given(
    equities=st.lists(st.sampled_from([60.0, 80.0, 95.0, 100.0, 120.0]), min_size=1, max_size=60),
    per_day=st.integers(1, 6),
    origin=st.integers(0, 41),
    drawdown=shares,
)
def test_clock_and_peak_are_those_of_the_definition(equities, per_day, origin, drawdown):
    rule = terms(capital=100.0, per_day=per_day, drawdown=drawdown)
    tape = lay([FLAT])._replace(origin=origin)
    book, twin = open_account(tape, 0, rule), naive_fills.Account(tape, rule)
    for slot, equity in enumerate(equities):
        guards.turn_clock(book, tape, rule, slot)
        clock = (*book.counts[[DAY_ENDS, WEEK_ENDS]], *book.money[[DAY_BEGAN, WEEK_BEGAN]])
        assert clock == naive_guards.turn_clock(twin, slot)
        book.money[EQUITY] = equity
        twin.closes.append(equity)
        guards.note_equity(book, rule)
        assert (book.money[PEAK], book.counts[HAS_TRIPPED]) == naive_guards.note_equity(twin)


def test_a_day_that_lost_too_much_takes_no_orders_up_to_its_last_close():
    # days of 4 slots from slot 0; slot 1 loses a tenth; the orders of slots 1, 2, 3 are its own
    bars = [FLAT, DOWN, *[(90.0,) * 4] * 8]
    orders = [(0, 1, ALL), *((row, 1, {"size": 1.0}) for row in range(1, 6))]
    wanted = [TAKEN, DAY_LOST, DAY_LOST, DAY_LOST, TAKEN, TAKEN]
    assert fates(bars, terms(day_loss=0.1, per_day=4), *orders) == wanted
    assert fates(bars, terms(day_loss=0.11, per_day=4), *orders) == [TAKEN] * 6


def test_the_first_slot_of_a_day_is_where_midnight_is():
    bars = [FLAT, DOWN, *[(90.0,) * 4] * 8]
    orders = [(0, 1, ALL), *((row, 1, {"size": 1.0}) for row in range(1, 6))]
    rule = terms(day_loss=0.1, per_day=4)
    assert fates(bars, rule, *orders, origin=2) == [TAKEN, DAY_LOST, *[TAKEN] * 4]
    # slot 1 is the first of its day, which begins with the equity at the close of slot 0
    wanted = [TAKEN, *[DAY_LOST] * 4, TAKEN]
    assert fates(bars, rule, *orders, origin=3) == wanted


def test_a_day_that_recovers_takes_orders_again():
    bars = [FLAT, DOWN, BACK, FLAT, FLAT]
    orders = [(0, 1, {"size": 1000.0}), *((row, 1, {"size": 1.0}) for row in (1, 2, 3))]
    rule = terms(day_loss=0.1, per_day=8)
    assert fates(bars, rule, *orders) == [TAKEN, DAY_LOST, TAKEN, TAKEN]


def test_a_day_of_one_slot_is_judged_by_its_own_bar():
    bars = [FLAT, DOWN, BACK, FLAT]
    orders = [(0, 1, ALL), (1, 1, {"size": 1.0}), (2, 1, {"size": 1.0})]
    assert fates(bars, terms(day_loss=0.1), *orders) == [TAKEN, DAY_LOST, TAKEN]


def test_a_week_is_seven_days_from_monday_on():
    bars = [FLAT, DOWN, *[(90.0,) * 4] * 16]
    rows = range(1, 16)
    orders = [(0, 1, ALL), *((row, 1, {"size": 1.0, "due": 1}) for row in rows)]
    rule = terms(week_loss=0.1, per_day=2)
    for origin, n in ((0, 13), (3, 10)):
        got = fates(bars, rule, *orders, origin=origin)
        assert got == [TAKEN, *[WEEK_LOST] * n, *[TAKEN] * (15 - n)]


def test_a_day_whose_first_slots_are_missing_begins_with_the_last_known_equity():
    # days of 2 slots; the position of slot 0 is worth 900 from slot 1 on, 810 from slot 5 on
    fall = (90.0, 90.0, 81.0, 81.0)
    bars = [FLAT, DOWN, GAP, (90.0,) * 4, GAP, fall, (81.0,) * 4, (81.0,) * 4]
    orders = [(0, 1, {"size": 1000.0}), *((row, 1, {"size": 1.0}) for row in (1, 3, 5, 6))]
    rule = terms(day_loss=0.1, per_day=2)
    assert fates(bars, rule, *orders) == [TAKEN, CLOSED, CLOSED, DAY_LOST, TAKEN]
    still = [(90.0, 90.0, 90.0, 90.0, 0.0) if bar is GAP else bar for bar in bars]
    assert fates(still, rule, *orders) == fates(bars, rule, *orders)


def test_a_drawdown_from_the_peak_stops_the_account_for_good():
    # from 1000 to 1250 and back to 1000, a fifth less than the peak
    bars = [FLAT, (100.0, 125.0, 100.0, 125.0), (125.0, 125.0, 100.0, 100.0), BACK, FLAT, FLAT]
    orders = [(0, 1, {"size": 1000.0, "due": 2}), *((row, 1, {"size": 1.0}) for row in (1, 2, 4))]
    assert fates(bars, terms(drawdown=0.2), *orders) == [TAKEN, TAKEN, DRAWN_DOWN, DRAWN_DOWN]
    assert fates(bars, terms(drawdown=0.21), *orders) == [TAKEN] * 4


def test_a_drawdown_counts_from_the_capital_and_stays_when_the_equity_comes_back():
    bars = [FLAT, DOWN, BACK, FLAT, FLAT]
    orders = [(0, 1, {"size": 1000.0}), *((row, 1, {"size": 1.0}) for row in (1, 3))]
    assert fates(bars, terms(drawdown=0.1), *orders) == [TAKEN, DRAWN_DOWN, DRAWN_DOWN]


def test_of_the_breakers_the_longest_is_named_and_all_come_before_the_other_limits():
    bars = [FLAT, DOWN, *[(90.0,) * 4] * 3]
    orders = [(0, 1, {"size": 1000.0}), (1, 1, {"size": np.nan})]
    three = {"day_loss": 0.1, "week_loss": 0.1, "drawdown": 0.1}
    for names, wanted in ((3, DRAWN_DOWN), (2, WEEK_LOST), (1, DAY_LOST), (0, UNKNOWN)):
        rule = terms(**dict(list(three.items())[:names]), per_day=24)
        assert fates(bars, rule, *orders) == [TAKEN, wanted]


def test_what_is_open_when_a_breaker_trips_goes_its_way():
    bars = [FLAT, DOWN, *[(90.0,) * 4] * 3]
    orders = write((0, 1, {"size": 1000.0, "due": 3}), (1, 0), (2, 1))
    free, tripped = (
        run_account(lay(bars), orders[:1], terms(capital=1000.0, **change), True)
        for change in ({}, {"drawdown": 0.1})
    )
    for part, other in zip(free, tripped, strict=True):
        assert part.tobytes() == other.tobytes()
    left = run_account(lay(bars), orders, terms(capital=1000.0, drawdown=0.1), True)
    assert left[2].tolist() == [TAKEN, guards.LEFT, DRAWN_DOWN]
    assert left[0]["left_at"].tolist() == [2]


def lost(*rows, side=1):
    """Orders that are left a bar later."""
    return [(row, side, {"due": 1}) for row in rows]


LOSSES = [(100.0, 100.0, 99.0, 99.0)] * 20


def test_after_so_many_losses_in_a_row_a_market_takes_no_orders():
    orders = lost(0, 1, 2, 3, 4)
    assert fates(LOSSES, terms(loss_streak=3), *orders) == [TAKEN] * 3 + [LOSING] * 2
    assert fates(LOSSES, terms(loss_streak=0), *orders) == [TAKEN] * 5


def test_no_gain_is_a_loss_and_a_gain_ends_the_row():
    assert fates([FLAT] * 6, terms(loss_streak=2), *lost(0, 1, 2)) == [TAKEN, TAKEN, LOSING]
    mixed = [*lost(0), *lost(1, side=-1), *lost(2, 3, 4)]
    assert fates(LOSSES, terms(loss_streak=2), *mixed) == [TAKEN] * 4 + [LOSING]


def test_costs_can_make_a_loss():
    gain = [(100.0, 101.0, 100.0, 101.0)] * 6
    assert fates(gain, terms(loss_streak=1), *lost(0, 1)) == [TAKEN, TAKEN]
    assert fates(gain, terms(loss_streak=1, taker=0.01), *lost(0, 1)) == [TAKEN, LOSING]


@pytest.mark.parametrize(("fresh", "wanted"), [(-1, LOSING), (2, LOSING), (3, TAKEN)])
def test_a_structure_younger_than_the_last_loss_ends_the_streak(fresh, wanted):
    # left in bars 1 and 2; the order of bar 5 knows a structure
    orders = [*lost(0, 1), (5, 1, {"due": 1, "fresh": fresh})]
    assert fates(LOSSES, terms(loss_streak=2), *orders) == [TAKEN, TAKEN, wanted]


def test_then_the_streak_starts_anew():
    young = [(row, 1, {"due": 1, "fresh": row}) for row in (5, 6, 9)]
    orders = [*lost(0, 1), *young[:1], *lost(6, 7), *young[2:], *lost(10)]
    wanted = [TAKEN, TAKEN, TAKEN, TAKEN, LOSING, TAKEN, TAKEN]
    assert fates(LOSSES, terms(loss_streak=2), *orders) == wanted


def test_an_order_that_is_refused_otherwise_ends_no_streak():
    broken = (5, 1, {"due": 1, "fresh": 5, "most": 1.0})
    got = fates(LOSSES, terms(loss_streak=2), *lost(0, 1), broken, *lost(6))
    assert got == [TAKEN, TAKEN, guards.ILLIQUID, LOSING]


def test_a_streak_is_of_one_market():
    tape = lay(LOSSES, LOSSES)
    orders = write(*lost(0), (20, 1, {"market": 1}), *lost(1))
    got = run_account(tape, orders, terms(loss_streak=1), False)[2].tolist()
    assert got == [TAKEN, TAKEN, LOSING]


def test_a_position_of_which_a_part_is_left_is_no_loss_yet():
    # a target at a gain of 5 %, of a tenth; the rest is left later at a loss
    target = ((float(np.log(1.05)) / 0.1, 0.1),)
    bars = [FLAT, (100.0, 106.0, 100.0, 100.0), *[(99.0,) * 4] * 4]
    orders = [(0, 1, {"due": 3}), (1, 1), (3, 1)]
    got = fates(bars, terms(loss_streak=1, targets=target), *orders)
    assert got == [TAKEN, TAKEN, LOSING]


def test_streaks_come_after_the_waiting_times_and_before_the_limits_of_all():
    orders = [*lost(0, 1), (1, 1)]
    rule = terms(loss_streak=1, cooldown=3)
    assert fates(LOSSES, rule, *orders) == [TAKEN, guards.COOLING, guards.COOLING]
    rule = terms(loss_streak=1, max_open=1)
    tape = lay(LOSSES, LOSSES)
    orders = write(*lost(0), (21, 1, {"market": 1}), (2, 1))
    assert run_account(tape, orders, rule, False)[2].tolist() == [TAKEN, TAKEN, LOSING]


def test_a_refusal_is_told_of_the_book_as_it_stands():
    tape, rule = lay(LOSSES), terms(loss_streak=1)
    orders, n = write(*lost(0, 1)), 2
    book, out = open_account(tape, n, rule), np.full(n, CLOSED)
    curve = np.empty((20, 4))
    play_slots(book, tape, orders, np.array([1, 2]), out, rule, curve, True, 0, 2)
    assert out.tolist() == [TAKEN, CLOSED]
    assert guards.is_losing(book, rule, 0)
    assert guards.refuse(book, tape, rule, orders[1], 100.0, 2) == LOSING
    assert guards.refuse(book, tape, rule._replace(loss_streak=0), orders[1], 100.0, 2) == TAKEN
    assert not guards.is_losing(book, rule._replace(loss_streak=2), 0)
