"""The account against its twin, bit by bit, on random markets, orders and terms."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels import account
from tasks.kernels.account import run_account
from tasks.kernels.fills import FIRST, N_FILLS, N_POSITIONS, SLOT
from tasks.kernels.guards import CLOSED
from tests.kernels import naive_account
from tests.kernels.tape import bets, prefix, terms, walks

some = st.sampled_from
distances = some([np.inf, 0.3, 0.5, 1.0, 2.0, 3.0])
targets = some([(), ((0.5, 1.0),), ((1.0, 0.5), (2.0, 0.5)), ((0.4, 0.3), (1.0, 0.3), (2.0, 0.2))])
rules = st.builds(
    terms,
    stop=distances,
    trail=distances,
    targets=targets,
    stop_to_entry=st.booleans(),
    leaves_at_close=st.booleans(),
    taker=some([0.0, 5e-4, 0.01]),
    maker=some([0.0, 2e-4]),
    multiple=some([0.0, 1.0, 2.0]),
    per_market=some([1, 2, 5]),
    max_open=some([1, 3, 64]),
    max_gross=some([np.inf, 0.05, 1.0]),
    cooldown=some([0, 1, 4]),
    lockout=some([0, 1, 6]),
    capital=some([4096.0, 16.0, 1.0]),
    compounds=st.booleans(),
    inverse=st.booleans(),
    trail_from=some([0.0, 0.2, 1.0]),
    max_notional=some([np.inf, 100.0]),
    day_loss=some([np.inf, 0.001, 0.02]),
    week_loss=some([np.inf, 0.01, 0.1]),
    drawdown=some([np.inf, 0.05, 0.3]),
    per_day=some([1, 2, 6]),
    loss_streak=some([0, 1, 3]),
)


def make(seed):
    rng = np.random.default_rng(seed)
    n_markets = rng.integers(1, 4)
    lengths, slots = rng.integers(1, 60, n_markets), rng.integers(0, 8, n_markets)
    tape = walks(rng, lengths, slots, sigma=rng.choice([0.003, 0.02, 0.1]), holes=0.1)
    tape = tape._replace(origin=int(rng.integers(0, 50)))
    orders = bets(rng, tape, rng.integers(0, 80), guarded=rng.choice([0.0, 0.5]))
    return tape, orders


@settings(max_examples=400)
@given(seed=st.integers(0, 2**32 - 1), rule=rules)
def test_positions_fills_fates_and_curve_are_those_of_the_definition(seed, rule):
    tape, orders = make(seed)
    if rule.compounds:
        orders["size"] /= 256.0
    if rule.inverse:
        orders["size"] /= 4096.0
    positions, fills, fates, curve = run_account(tape, orders, rule, True)
    wanted = naive_account.run_account(tape, orders, rule, True)
    assert fates.tolist() == wanted[2]
    assert len(fills) == len(wanted[1])
    for fill, record in zip(fills, wanted[1], strict=True):
        assert {name: fill[name] for name in record} == record
    for position, record in zip(positions, wanted[0], strict=True):
        assert {name: position[name] for name in record} == record
    np.testing.assert_array_equal(curve, np.reshape(wanted[3], (-1, 4)))
    unseen = run_account(tape, orders, rule, False)
    for part, other in zip((positions, fills, fates, curve[-1:]), unseen, strict=True):
        assert part.tobytes() == other.tobytes()


@settings(max_examples=100)
@given(seed=st.integers(0, 2**32 - 1), rule=rules, n_pieces=st.integers(1, 9))
def test_played_piece_by_piece_it_is_as_played_at_once(seed, rule, n_pieces):
    tape, orders = make(seed)
    tape.rows[1:] = tape.rows[0]  # one market: another one's end would have to be known
    orders = orders[orders["market"] == 0]
    wanted = run_account(tape, orders, rule, True)
    n_slots = len(wanted[3])
    cuts = np.sort(np.random.default_rng(seed).integers(0, n_slots + 1, n_pieces - 1)).tolist()
    book, curve = account.open_account(tape, len(orders), rule), np.empty((n_slots, 4))
    fates, first = np.full(len(orders), CLOSED), tape.rows[0, SLOT] - tape.rows[0, FIRST]
    slots = orders["row"] + first + 1
    for start, end in pairwise([0, *cuts, n_slots]):
        known, _ = prefix(tape, orders, end)
        given_up_to = int(np.searchsorted(slots, end))
        part = orders[:given_up_to], slots[:given_up_to], fates[:given_up_to]
        account.play_slots(book, known, *part, rule, curve, True, start, end)
    n_positions, n_fills = book.counts[[N_POSITIONS, N_FILLS]]
    got = book.positions[:n_positions], book.fills[:n_fills], fates, curve
    for part, other in zip(got, wanted, strict=True):
        assert part.tobytes() == other.tobytes()
