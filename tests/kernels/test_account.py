"""The account against its twin, bit by bit, on random markets, orders and terms."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels.account import run_account
from tests.kernels import naive_account
from tests.kernels.tape import bets, terms, walks

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
)


def make(seed):
    rng = np.random.default_rng(seed)
    n_markets = rng.integers(1, 4)
    lengths, slots = rng.integers(1, 60, n_markets), rng.integers(0, 8, n_markets)
    tape = walks(rng, lengths, slots, sigma=rng.choice([0.003, 0.02, 0.1]), holes=0.1)
    orders = bets(rng, tape, rng.integers(0, 40))
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
