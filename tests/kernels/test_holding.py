"""Bars of open positions, step by step beside the twin; and the short way through calm ones."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.kernels import account, entering, holding
from tasks.kernels.fills import CASH, N_FILLS, N_OPEN, PAID, Book
from tests.kernels import naive_account, naive_entering, naive_fills, naive_holding
from tests.kernels.tape import lay, terms, walks, write

some = st.sampled_from
distances = some([np.inf, 0.5, 1.0, 2.0, 4.0])
targets = some([(), ((2.0, 1.0),), ((0.5, 0.5), (1.0, 0.3)), ((3.0, 0.5), (4.0, 0.5))])
rules = st.builds(
    terms,
    stop=distances,
    trail=distances,
    targets=targets,
    stop_to_entry=st.booleans(),
    leaves_at_close=st.booleans(),
    per_market=some([4]),
    trail_from=some([0.0, 0.5, 1.5]),
    inverse=st.booleans(),
)
seeds = st.integers(0, 2**32 - 1)


def enter(rng, rule):
    """Up to four positions of two markets in the slot 3, on random bars, and their twin."""
    tape = walks(rng, [30, 12], [0, 2], sigma=0.01, holes=0.05)
    tape.bars[PAID:, rng.random(42) < 0.5] = 0.0
    orders = write(
        *((row, rng.choice([-1, 1]), {"market": market, "due": due, "unit": unit, "guard": guard})
          for row, market in ((2, 0), (2, 0), (30, 1), (30, 1))
          for due, unit in [(rng.choice([0, 5, 9]), rng.choice([0.01, 0.03]))]
          for guard in [rng.choice([np.nan, 62.0, 63.5, 64.5, 66.0])])
    )  # fmt: skip
    book, twin = account.open_account(tape, 4, rule), naive_fills.Account(tape, rule)
    for i, order in enumerate(orders):
        entering.take(book, tape, rule, order, i, 3)
        bar = twin.bars[order["market"]][3]
        naive_entering.take(twin, order, i, 3, bar)
    return tape, book, twin


def live_through(book, tape, rule, slot):
    """The long way from the open of a slot to its close."""
    holding.trade_at_open(book, tape, rule, slot)
    holding.trade_inside(book, tape, rule, slot)
    holding.trade_at_close(book, tape, rule, slot)
    holding.watch(book, tape, rule)


def assert_same(book, twin):
    quantum = twin.rule.quantum
    assert book.money[CASH] == twin.cash * quantum
    assert book.counts[N_FILLS] == len(twin.fills)
    assert book.held[: book.counts[N_OPEN]].tolist() == [
        twin.positions.index(position) for position in twin.held
    ]
    for number, position in enumerate(twin.positions):
        record = naive_account.record(twin, position)
        assert {name: book.positions[number][name] for name in record} == record
        assert book.positions[number]["pending"] == (position.pending or 0)


@settings(max_examples=100)
@given(seed=seeds, rule=rules)
def test_each_step_of_a_bar_is_that_of_the_definition(seed, rule):
    tape, book, twin = enter(np.random.default_rng(seed), rule)
    for slot in range(3, 30):
        if slot > 3:
            holding.trade_at_open(book, tape, rule, slot)
            naive_holding.trade_at_open(twin, slot)
            assert_same(book, twin)
        if slot == 9:
            holding.leave_market(book, tape, rule, 0, 9)
            naive_holding.leave_market(twin, 0, 9)
            assert_same(book, twin)
        holding.trade_inside(book, tape, rule, slot)
        naive_holding.trade_inside(twin, slot)
        assert_same(book, twin)
        holding.trade_at_close(book, tape, rule, slot)
        naive_holding.trade_at_close(twin, slot)
        assert_same(book, twin)


@settings(max_examples=80)
@given(seed=seeds, rule=rules)
def test_a_calm_bar_taken_the_short_way_ends_as_on_the_long_way(seed, rule):
    rng = np.random.default_rng(seed)
    tape, book, twin = enter(rng, rule)
    holding.trade_inside(book, tape, rule, 3)
    holding.trade_at_close(book, tape, rule, 3)
    holding.watch(book, tape, rule)
    naive_holding.trade_inside(twin, 3)
    naive_holding.trade_at_close(twin, 3)
    for slot in range(4, 30):
        calm = holding.is_calm(book, tape, slot)
        assert calm == naive_holding.is_calm(twin, slot)
        if calm:
            short = Book(*(deepcopy(part) for part in book))
            holding.drift(short, tape, slot)
        naive_holding.drift(twin, slot)
        live_through(book, tape, rule, slot)
        if calm:
            for got, wanted in zip(short, book, strict=True):
                assert got.tobytes() == wanted.tobytes()


@given(seed=seeds, rule=rules)
def test_positions_are_watched_between_stop_and_target_until_they_are_due(seed, rule):
    tape, book, twin = enter(np.random.default_rng(seed), rule)
    holding.watch(book, tape, rule)
    watched = book.positions[book.held[: book.counts[N_OPEN]]]
    got = watched[["calm_above", "calm_below", "calm_until"]].tolist()
    assert got == naive_holding.watch(twin)


def test_a_bar_is_calm_when_it_touches_neither_stop_nor_target():
    # entry 100, unit 10 %: stop at 90.48, target at 110.52
    rule = terms(stop=1.0, targets=((1.0, 1.0),))
    low, high = 100 * np.exp(-0.1), 100 * np.exp(0.1)
    bars = [(100, 100, 100, 100)] * 2 + [(100, high - 1e-9, low + 1e-9, 100)]
    bars += [(100, high, 100, 100), (100, 100, low, 100), (100, 100, 100, 100, 0.0)]
    bars += [(100, 100, 100, 100, 1.0, 0.0, 0.0, 1e-9, 0.0)]
    tape, orders = lay(bars), write((0, 1))
    book = account.open_account(tape, 1, rule)
    entering.take(book, tape, rule, orders[0], 0, 1)
    holding.watch(book, tape, rule)
    calm = [bool(holding.is_calm(book, tape, slot)) for slot in range(2, 8)]
    assert calm == [True, False, False, False, False, False]
