"""An account that is fed bar by bar is the account of all bars, to the last bit."""

import pickle

import numpy as np
import pytest

from tasks.kernels.account import ORDER, run_account
from tasks.kernels.fills import ENTRY, STOP
from tasks.kernels.guards import CLOSED, TAKEN
from tasks.trading.config import Costs, Exits, Limits, Sizing, Target
from tasks.trading.live import LiveAccount
from tasks.trading.orders import write_decided
from tasks.trading.rule import write_rule
from tests.trading.world import (
    lay,
    ms,
    random_decisions,
    settlements,
    terms_of,
    walk,
)

N_BARS = 900
COSTS = Costs(half_spread_bps=2.0)
HALVES = (Target(at=2.0, share=0.5), Target(at=4.0, share=0.5))
GUARDED = {"day_loss": 0.02, "week_loss": 0.06, "drawdown": 0.3, "loss_streak": 3}
TERMS = {
    "by time": terms_of(costs=COSTS),
    "every exit": terms_of(
        Exits(stop=2.0, trail=1.0, trail_from=2.0, targets=HALVES, stop_to_entry=True),
        Sizing(notional=3e5),
        Limits(per_market=3, cooldown="2h", lockout="5h", **GUARDED),
        COSTS,
    ),
    "by the equity": terms_of(
        Exits(time_at="next_open", stop=1.5, trail=1.5),
        Sizing(method="risk_share", share=0.002, max_leverage=0.3, max_notional=2.5e5),
        Limits(per_market=8, max_gross=1.5, **GUARDED),
        COSTS,
    ),
    "nearly ruined": terms_of(
        Exits(stop=9.0), Sizing(capital=1e4, notional=2e5), Limits(per_market=9), COSTS
    ),
    "coins": terms_of(
        Exits(trail=1.0),
        Sizing(capital=1e4, notional=2e3, contract="inverse"),
        Limits(per_market=64, **GUARDED),
        COSTS,
    ),
}
EVERY_TERMS = pytest.mark.parametrize("terms", TERMS.values(), ids=TERMS)


def world(seed, terms, horizon=20, share=0.2, first=31):
    """Tape, orders and rule of a market with gaps, still bars, costs and funding."""
    market = walk(seed, N_BARS, first=first, p_gap=0.03, p_still=0.03, jumps=0.003)
    laid = lay(settlements(seed, market), costs=terms.costs, sizing=terms.sizing)
    decisions = {"AAA-1h": random_decisions(seed, market, share)}
    orders = write_decided(laid, decisions, horizon, terms)
    return laid, orders, write_rule(terms, "1h")


def feed(account, laid, orders, start, end):
    return [
        account.step(laid.tape.bars[:, slot], orders[orders["row"] == slot - 1])
        for slot in range(start, end)
    ]


def assert_same(account, wanted, orders):
    positions, fills, fates, curve = wanted
    known = orders["row"] < len(curve) - 1
    assert account.curve.tobytes() == curve.tobytes()
    assert account.fills.tobytes() == fills.tobytes()
    assert account.fates.tolist() == fates[known].tolist()
    assert account.positions.tobytes() == positions.tobytes()
    assert account.orders.tobytes() == orders[known].tobytes()
    assert set(fates[~known].tolist()) <= {CLOSED}


@EVERY_TERMS
@pytest.mark.parametrize("seed", range(4))
def test_bar_by_bar_it_is_the_account_of_all_bars(seed, terms):
    laid, orders, rule = world(seed, terms)
    wanted = run_account(laid.tape, orders, rule, True)
    account = LiveAccount(rule, "1h", int(laid.times[0]))
    feed(account, laid, orders, 0, N_BARS)
    assert_same(account, wanted, orders)
    assert len(wanted[0]) > (1 if terms is TERMS["nearly ruined"] else 30)


@EVERY_TERMS
def test_at_any_bar_it_is_the_account_of_the_bars_so_far(terms):
    laid, orders, rule = world(7, terms)
    account = LiveAccount(rule, "1h", int(laid.times[0]))
    start = 0
    for end in (1, 2, 64, 65, 130, 400, 777):
        feed(account, laid, orders, start, end)
        known = laid.window(None, int(laid.times[end])).tape
        before = orders[orders["row"] < end]
        assert_same(account, run_account(known, before, rule, True), before)
        start = end


def test_what_the_terms_can_do_has_happened():
    fates, reasons = set(), set()
    for terms in TERMS.values():
        laid, orders, rule = world(0, terms)
        _, fills, became, _ = run_account(laid.tape, orders, rule, False)
        fates |= set(became.tolist())
        reasons |= set(fills["reason"].tolist())
    assert reasons == set(range(9)) - {6}  # the only market does not end before the others
    assert len(fates) >= 11


@EVERY_TERMS
def test_its_steps_tell_what_happened_in_them(terms):
    laid, orders, rule = world(3, terms)
    positions, fills, _, curve = run_account(laid.tape, orders, rule, True)
    account = LiveAccount(rule, "1h", int(laid.times[0]))
    steps = feed(account, laid, orders, 0, N_BARS)
    assert [step.slot for step in steps] == list(range(N_BARS))
    assert [step.equity for step in steps] == curve[:, 0].tolist()
    assert [step.n_open for step in steps] == curve[:, 3].tolist()
    assert np.concatenate([step.fills for step in steps]).tobytes() == fills.tobytes()
    assert all((step.fills["row"] == step.slot).all() for step in steps)
    assert np.concatenate([step.fates for step in steps]).tolist() == account.fates.tolist()
    closed = np.concatenate([step.closed for step in steps])
    assert sorted(closed["order"]) == sorted(positions["order"][positions["left"] == 0.0])
    assert all((step.closed["left_at"] == step.slot).all() for step in steps)


@EVERY_TERMS
def test_saved_and_loaded_it_goes_on(terms):
    laid, orders, rule = world(5, terms)
    account = LiveAccount(rule, "1h", int(laid.times[0]))
    for start, end in ((0, 200), (200, 201), (201, 500), (500, N_BARS)):
        feed(account, laid, orders, start, end)
        account = pickle.loads(pickle.dumps(account))
    assert_same(account, run_account(laid.tape, orders, rule, True), orders)


def bar(open_, high, low, close):
    return open_, high, low, close, 1.0, 0.0, 0.0, 0.0, 0.0


def order(**fields):
    given = np.zeros(1, ORDER)
    usual = {"side": 1, "size": 100.0, "unit": 0.1, "most": np.inf, "fresh": -1, "guard": np.nan}
    for name, value in (usual | fields).items():
        given[name] = value
    return given


def test_an_order_is_filled_at_the_open_of_the_bar_that_comes_with_it():
    rule = write_rule(terms_of(Exits(stop=1.0), Sizing(capital=1000.0)), "1h")
    account = LiveAccount(rule, "1h", ms(0))
    given = order(market=7, row=99)
    before = given.copy()
    step = account.step(bar(100.0, 101.0, 99.0, 101.0), given)
    assert given.tobytes() == before.tobytes()
    assert (step.slot, step.fate_words, step.n_open) == (0, ("taken",), 1)
    assert step.fills["reason"].tolist() == [ENTRY]
    assert (step.equity, len(step.closed)) == (1001.0, 0)
    step = account.step(bar(101.0, 101.0, 90.0, 95.0), order())
    assert step.fate_words == ("another position of the market is open",)
    assert step.fills["reason"].tolist() == [STOP]
    assert step.closed["left_at"].tolist() == [1]
    assert step.equity == pytest.approx(1000 * (1 - 0.1) + 1000 * 0.1 - 100 * (1 - np.exp(-0.1)))
    assert account.step(bar(95.0, 95.0, 95.0, 95.0)).fate_words == ()


def test_many_orders_in_one_slot_find_room():
    rule = write_rule(terms_of(limits=Limits(per_market=64)), "1h")
    account = LiveAccount(rule, "1h", ms(0))
    many = np.concatenate([order() for _ in range(500)])
    step = account.step(bar(100.0, 100.0, 100.0, 100.0), many)
    assert step.fates.tolist() == [TAKEN] * 64 + [1] * 436
    assert len(account.step(bar(100.0, 100.0, 100.0, 100.0), order(side=0)).closed) == 64


def test_many_positions_at_once_find_room():
    rule = write_rule(terms_of(limits=Limits(max_open=400)), "1h")._replace(per_market=400)
    account = LiveAccount(rule, "1h", ms(0))
    for n in (50, 250):
        account.step(bar(100.0, 100.0, 100.0, 100.0), np.concatenate([order()] * n))
    assert account._book.held.tolist()[:300] == list(range(300))
    assert len(account._book.held) <= 400
    closed = account.step(bar(100.0, 100.0, 100.0, 100.0), order(side=0)).closed
    assert sorted(closed["order"].tolist()) == list(range(300))


def test_a_day_begins_at_midnight_wherever_the_account_does():
    terms = terms_of(sizing=Sizing(capital=100.0), limits=Limits(day_loss=0.05))
    words = {}
    for hour in (22, 23, 24):
        account = LiveAccount(write_rule(terms, "1h"), "1h", ms(hour))
        account.step(bar(100.0, 100.0, 90.0, 90.0), order(due=1))
        words[hour] = [
            account.step(bar(90.0, 90.0, 90.0, 90.0), order(due=1)).fate_words[0][:7]
            for _ in range(3)
        ]
    assert words[22] == ["circuit", "circuit", "taken"]
    assert words[23] == ["circuit", "taken", "taken"]
    assert words[24] == ["circuit"] * 3
