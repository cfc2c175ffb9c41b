"""Random strategies without costs on a fair game: nothing in the engine pays or leaks.

Prices go up or down by one rung of a ladder, twenty times a bar, with the odds that make the
simple return zero on average. Stops and targets lie on rungs, so that a fill at their level is one
that the path really had; then any strategy without foresight gains nothing on average (optional
stopping; Doob 1953, Stochastic Processes, VII).
"""

from __future__ import annotations

import numpy as np
import pytest

from tasks.kernels.account import run_account
from tasks.kernels.fills import Tape
from tasks.kernels.guards import TAKEN
from tests.kernels.tape import terms, write

N_RUNS, N_BARS, N_STEPS = 5000, 60, 20
RUNG = 0.002
UNIT = 5 * RUNG * (1.0 - 1e-9)  # a hair nearer than the rung, whatever exp rounds to
NOTIONAL = 1.0
RULES = {
    "time": {},
    "at the next open": {"leaves_at_close": False},
    "stop": {"stop": 1.0},
    "far stop": {"stop": 3.0, "lockout": 3, "cooldown": 1},
    "target": {"targets": ((1.0, 1.0),)},
    "partial targets": {"targets": ((1.0, 0.5), (2.0, 0.25), (3.0, 0.2))},
    "trail": {"trail": 2.0},
    "stop and trail": {"stop": 1.0, "trail": 2.0},
    "target and stop to the entry": {"targets": ((1.0, 0.5),), "stop_to_entry": True},
}


def ladder(seed):
    """A tape of one market per run: bars of a walk on rungs, each open the close before."""
    rng = np.random.default_rng(seed)
    up, down = np.exp(RUNG), np.exp(-RUNG)
    odds = (1.0 - down) / (up - down)
    steps = np.where(rng.random((N_RUNS, N_BARS, N_STEPS)) < odds, 1, -1)
    walk = np.cumsum(steps.reshape(N_RUNS, -1), axis=1).reshape(steps.shape)
    close = walk[:, :, -1]
    start = np.concatenate([np.zeros((N_RUNS, 1), int), close[:, :-1]], axis=1)
    rungs = (start, np.maximum(start, walk.max(2)), np.minimum(start, walk.min(2)), close)
    bars = np.zeros((9, N_RUNS * N_BARS))
    bars[:4] = [np.exp(RUNG * part.ravel()) for part in rungs]
    bars[4] = 1.0
    first = np.arange(N_RUNS) * N_BARS
    return Tape(np.array([first, first + N_BARS, 0 * first]).T.copy(), bars)


def guesses(seed, tape):
    """Orders of every market at random bars, on random sides, for random times."""
    rng = np.random.default_rng(seed)
    row, market = np.nonzero(rng.random((N_BARS, N_RUNS)) < 0.3)
    orders = np.repeat(write((0, 1, {"unit": UNIT, "size": NOTIONAL})), len(row))
    orders["market"], orders["row"] = market, market * N_BARS + row
    orders["side"] = rng.choice([-1, 1], len(row))
    orders["due"] = rng.choice([0, 1, 3, 10], len(row))
    return orders


def results(tape, orders, rule):
    """What each run earned, with what is open at its end at the last close."""
    positions, _, fates, _ = run_account(tape, orders, rule, False)
    assert np.sum(fates == TAKEN) > 2 * N_RUNS
    unbooked = positions["side"] * positions["left"] * (positions["mark"] - positions["entry"])
    earned = positions["net"] + unbooked
    return np.bincount(positions["market"], earned, N_RUNS), positions


def free(**rule):
    return terms(max_open=N_RUNS, capital=2.0**20, quantum=2.0**-30, **rule)


@pytest.fixture(scope="module")
def game():
    tape = ladder(1)
    return tape, guesses(2, tape)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_fair_game_pays_nothing(rule, game):
    earned, positions = results(*game, free(**rule))
    error = earned.std() / np.sqrt(N_RUNS)
    assert abs(earned.mean()) < 4.0 * error
    # an error of a few hundredths of a typical bar would be seen
    assert error / len(positions) * N_RUNS < 0.05 * RUNG * np.sqrt(N_STEPS)
    assert positions["n_ambiguous"].sum() == 0


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_who_knows_the_close_of_the_next_bar_earns_what_it_cannot(rule, game):
    tape, orders = game
    inside = orders[(orders["row"] + 1) % N_BARS > 0].copy()
    inside["side"] = np.where(
        tape.bars[3, inside["row"] + 1] > tape.bars[0, inside["row"] + 1], 1, -1
    )
    earned, _ = results(tape, inside, free(**rule))
    assert earned.mean() > 20.0 * earned.std() / np.sqrt(N_RUNS)


def test_where_a_bar_touches_stop_and_target_the_engine_is_on_the_careful_side(game):
    earned, positions = results(*game, free(stop=0.4, targets=((0.4, 1.0),)))
    n_ambiguous = positions["n_ambiguous"].sum()
    assert n_ambiguous > 10_000
    # as many of these bars went to the target first: two rungs gained, booked as two rungs lost
    assert earned.sum() / n_ambiguous == pytest.approx(-2.0 * RUNG, rel=0.1)
