"""What holds of every account: cash to the last bit, no foresight, no fill outside its bar."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from tasks.kernels.account import run_account
from tasks.kernels.fills import (
    CLOSE,
    ENDED,
    HIGH,
    LOW,
    NEVER,
    OPEN,
    PAID,
    RECEIVED,
    TRADES,
    Tape,
)
from tasks.kernels.guards import TAKEN
from tests.kernels.tape import bets, prefix, terms, walks, within, write

TARGETS = ((0.7, 0.3), (1.5, 0.4), (3.0, 0.2))
EVERYTHING = {
    "stop": 1.0,
    "trail": 1.5,
    "targets": TARGETS,
    "stop_to_entry": True,
    "taker": 5e-4,
    "maker": 2e-4,
    "per_market": 3,
    "max_open": 6,
    "max_gross": 2.0,
    "cooldown": 1,
    "lockout": 4,
    "capital": 1024.0,
}
GUARDED = {
    "trail": 0.5,
    "trail_from": 1.0,
    "day_loss": 0.003,
    "week_loss": 0.01,
    "drawdown": 0.2,
    "per_day": 12,
    "loss_streak": 4,
    "max_notional": 150.0,
}
RULES = {
    "time": {"taker": 5e-4, "per_market": 3},
    "stop": {"stop": 1.0, "taker": 5e-4, "leaves_at_close": False},
    "trail": {"trail": 1.0, "per_market": 2},
    "targets": {"targets": TARGETS, "maker": 2e-4, "per_market": 2},
    "everything": EVERYTHING,
    "everything, a coin": EVERYTHING | {"inverse": True},
    "guarded": EVERYTHING | GUARDED,
    "guarded, a coin, a share": EVERYTHING | GUARDED | {"inverse": True, "compounds": True},
    "everything, a share": EVERYTHING | {"compounds": True, "leaves_at_close": False},
}
EVERY_RULE = pytest.mark.parametrize("rule", [terms(**r) for r in RULES.values()], ids=RULES)
N_SLOTS = 1500


def world(seed, rule, n_orders=600):
    """Three markets that start and end at different slots, with holes, costs and funding."""
    rng = np.random.default_rng(seed)
    tape = walks(rng, [N_SLOTS, 1000, 1200], [0, 400, 100], sigma=0.01, holes=0.02)
    tape = tape._replace(origin=29)
    orders = bets(rng, tape, n_orders, guarded=0.5 if rule.loss_streak else 0.0)
    orders["size"] *= 1 / 1024.0 if rule.compounds else 1.0
    return tape, orders


@EVERY_RULE
@pytest.mark.parametrize("seed", range(5))
def test_results_sum_to_the_change_of_the_cash_to_the_last_bit(rule, seed):
    tape, orders = world(seed, rule)
    positions, _, _, curve = run_account(tape, orders, rule, True)
    assert len(positions) > 50
    for way in (1, -1):
        assert rule.capital + np.cumsum(positions["net"][::way])[-1] == curve[-1, 1]
    parts = positions["gross"] - positions["fee"] - positions["slippage"] - positions["funding"]
    assert np.array_equal(parts, positions["net"])
    exact = sum((Fraction(net) for net in positions["net"]), Fraction(rule.capital))
    assert exact == Fraction(curve[-1, 1])


@EVERY_RULE
def test_fills_sum_to_their_positions_to_the_last_bit(rule):
    tape, orders = world(11, rule)
    positions, fills, fates, _ = run_account(tape, orders, rule, True)
    assert np.array_equal(np.flatnonzero(fates == TAKEN), positions["order"])
    for number, position in enumerate(positions):
        own = fills[fills["position"] == number]
        assert len(own) == position["n_fills"]
        assert own["fee"].sum() == position["fee"]
        assert own["slippage"].sum() == position["slippage"]
        assert abs(np.cumsum(own["quantity"])[-1]) == position["left"]
        assert (position["left"] == 0.0) == (position["left_at"] == own["row"][-1])


@EVERY_RULE
def test_no_fill_lies_outside_its_bar(rule):
    tape, orders = world(12, rule)
    _, fills, _, _ = run_account(tape, orders, rule, False)
    assert len(fills) > 100
    assert within(tape, fills).all()


@EVERY_RULE
def test_equity_is_cash_and_what_the_open_positions_would_bring(rule):
    tape, orders = world(13, rule)
    positions, _, _, curve = run_account(tape, orders, rule, True)
    still = positions[positions["left_at"] < 0]
    gained = (1.0 - still["entry"] / still["mark"]) * still["left"] / still["entry"]
    gained = gained if rule.inverse else still["left"] * (still["mark"] - still["entry"])
    wanted = curve[-1, 1] + np.sum(still["side"] * gained)
    assert curve[-1, 0] == pytest.approx(wanted, rel=1e-12)
    assert curve[-1, 3] == len(still)


def known_in(tape, positions):
    """Slots in which positions were left; of a market that has ended, the slot after it."""
    first, end, slot = tape.rows[positions["market"]].T
    row = np.where(positions["reason"] == ENDED, end, positions["left_at"])
    return np.where(positions["left_at"] < 0, NEVER, row - first + slot)


@EVERY_RULE
def test_what_was_closed_before_a_cut_is_the_same_without_the_bars_after_it(rule):
    tape, orders = world(14, rule)
    positions, fills, _, curve = run_account(tape, orders, rule, True)
    for cut in np.random.default_rng(14).integers(0, N_SLOTS, 50):
        short, kept = prefix(tape, orders, cut)
        before, its_fills, _, its_curve = run_account(short, orders[kept], rule, True)
        closed = known_in(tape, positions) < cut
        before["order"] = np.flatnonzero(kept)[before["order"]]
        assert positions[closed].tobytes() == before[closed[: len(before)]].tobytes()
        own, its = (part[closed[part["position"]]] for part in (fills, its_fills))
        assert own.tobytes() == its.tobytes()
        assert curve[:cut].tobytes() == its_curve.tobytes()


def mirrored(tape, orders, rule):
    """Prices upside down: what was long is short, and a coin is what was a quote."""
    bars = tape.bars.copy()
    bars[[OPEN, HIGH, LOW, CLOSE]] = 1.0 / tape.bars[[OPEN, LOW, HIGH, CLOSE]]
    bars[[PAID, RECEIVED]] = -tape.bars[[RECEIVED, PAID]]
    flipped = orders.copy()
    flipped["side"] = -orders["side"]
    with np.errstate(divide="ignore"):
        flipped["guard"] = 1.0 / orders["guard"]
    return tape._replace(bars=bars), flipped, rule._replace(inverse=not rule.inverse)


@EVERY_RULE
@pytest.mark.parametrize("seed", range(3))
def test_upside_down_longs_and_shorts_swap_their_results_to_the_last_bit(rule, seed):
    tape, orders = world(seed + 20, rule)
    there = run_account(tape, orders, rule, True)
    back = run_account(*mirrored(tape, orders, rule), True)
    assert np.array_equal(there[2], back[2])
    for name in ("gross", "fee", "slippage", "funding", "net", "left_at", "reason", "n_ambiguous"):
        assert np.array_equal(there[0][name], back[0][name]), name
    assert np.array_equal(there[0]["side"], -back[0]["side"])
    assert np.array_equal(there[3][:, 1], back[3][:, 1])
    assert there[3] == pytest.approx(back[3], rel=1e-9)
    assert len(np.unique(there[0]["side"])) == 2


@EVERY_RULE
def test_the_curve_changes_nothing(rule):
    tape, orders = world(15, rule)
    few = orders[::10]
    for given in (orders, few):
        ways = [run_account(tape, given, rule, wanted) for wanted in (True, False)]
        for part, other in zip(*(way[:3] for way in ways), strict=True):
            assert part.tobytes() == other.tobytes()
        assert ways[0][3][-1].tobytes() == ways[1][3][-1].tobytes()


@EVERY_RULE
def test_the_short_way_through_calm_bars_changes_nothing(rule):
    tape, orders = world(30, rule)
    orders = orders[orders["row"] > 0]
    free = rule._replace(max_open=99, max_gross=np.inf, compounds=False, drawdown=np.inf)
    free = free._replace(day_loss=np.inf, week_loss=np.inf)
    alone, its_fills, _, _ = run_account(tape, orders, free, False)
    # a fourth market pays funding in every bar, far below a quantum: with it no bar is calm
    restless = np.zeros((9, N_SLOTS))
    restless[[OPEN, HIGH, LOW, CLOSE]], restless[TRADES] = 64.0, 1.0
    restless[[PAID, RECEIVED]] = 1e-20
    n = tape.bars.shape[1]
    both = Tape(
        np.vstack([tape.rows, [n, n + N_SLOTS, 0]]),
        np.ascontiguousarray(np.concatenate([tape.bars, restless], axis=1)),
    )
    first = write((n, 1, {"market": 3, "size": 2.0**-10, "unit": 1e6}))
    beside, fills, _, _ = run_account(both, np.concatenate([first, orders]), free, False)
    assert beside["left_at"][0] == -1
    for name in set(alone.dtype.names) - {"order"}:
        assert alone[name].tobytes() == beside[name][1:].tobytes(), name
    for name in set(fills.dtype.names) - {"position"}:
        assert its_fills[name].tobytes() == fills[name][1:].tobytes(), name
