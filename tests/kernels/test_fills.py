"""Bookings: prices, fees, funding, and money that adds up to the last bit."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.kernels import account, entering, fills, holding, leaving
from tasks.kernels.fills import AT_CLOSE, AT_OPEN, INSIDE, STOP, TARGET, TIME
from tasks.kernels.guards import TAKEN
from tests.kernels import naive_account, naive_entering, naive_fills, naive_holding, naive_leaving
from tests.kernels.tape import lay, terms, write

BAR = (100.0, 110.0, 90.0, 105.0)
amounts = st.floats(-1e9, 1e9)
some = st.sampled_from


def opened(rule, side=1, rest=(1.0, 0.0, 0.0, 0.0, 0.0), size=1000.0):
    """A book with one position, entered at 100 in the second of three bars, and its twin."""
    tape = lay([(*BAR, *rest)] * 3)
    orders = write((0, side, {"size": size}))
    book = account.open_account(tape, 1, rule)
    twin = naive_fills.Account(tape, rule)
    assert entering.take(book, tape, rule, orders[0], 0, 1) == TAKEN
    assert naive_entering.take(twin, orders[0], 0, 1, twin.bars[0][1]) == TAKEN
    return book, tape, twin


def test_a_linear_unit_is_worth_its_price_and_an_inverse_one_less_the_less_it_buys():
    assert fills.worth(4.0, False) == naive_fills.worth(4.0, False) == 4.0
    assert fills.worth(4.0, True) == naive_fills.worth(4.0, True) == -0.25


@given(amount=amounts, exponent=st.integers(-30, 0))
def test_money_is_the_nearest_multiple_of_the_quantum(amount, exponent):
    quantum = 2.0**exponent
    rounded = fills.round_money(amount, quantum)
    assert rounded == naive_fills.round_money(amount, quantum)
    assert Fraction(rounded) % Fraction(quantum) == 0
    assert abs(Fraction(rounded) - Fraction(amount)) <= Fraction(quantum) / 2


@given(
    side=some([-1, 1]),
    inverse=st.booleans(),
    multiple=some([0.0, 1.0, 3.0]),
    spread=st.floats(0, 0.01),
    impact=st.floats(0, 1e-4),
    price=st.floats(50, 200),
    share=st.floats(0.01, 0.99),
    reason=some([STOP, TARGET, TIME]),
)
def test_a_fill_is_booked_as_defined(side, inverse, multiple, spread, impact, price, share, reason):
    rule = terms(taker=5e-4, maker=2e-4, multiple=multiple, inverse=inverse)
    book, tape, twin = opened(rule, side, (1.0, spread, impact, 0.0, 0.0))
    part = share * book.positions[0]["quantity"]
    fills.book_fill(book, tape, rule, 0, 2, INSIDE, reason, part, price)
    position = twin.positions[0]
    naive_fills.book_fill(twin, position, twin.bars[0][2], INSIDE, reason, part, price)
    for got, wanted in zip(book.fills[:2], twin.fills, strict=True):
        assert {name: got[name] for name in got.dtype.names} == naive_account.booked(twin, wanted)
    assert book.money[fills.CASH] == twin.cash * rule.quantum
    wanted = naive_account.record(twin, position)
    checked = ("gross", "fee", "slippage", "net", "left", "exit", "n_fills", "left_at")
    assert {n: book.positions[0][n] for n in checked} == {n: wanted[n] for n in checked}
    assert holding.value_of(book, inverse) == naive_holding.value_of(twin)


@given(
    side=some([-1, 1]),
    inverse=st.booleans(),
    moment=some([AT_OPEN, AT_CLOSE]),
    paid=st.floats(-0.01, 0.01),
    received=st.floats(-0.01, 0.01),
    trades=some([0.0, 1.0]),
)
def test_funding_is_settled_as_defined(side, inverse, moment, paid, received, trades):
    rule = terms(inverse=inverse)
    book, tape, twin = opened(rule, side)
    tape.bars[[fills.TRADES, fills.PAID, fills.RECEIVED], 2] = trades, paid, received
    twin = naive_fills.Account(tape, rule)
    naive_entering.take(twin, write((0, side, {"size": 1000.0}))[0], 0, 1, twin.bars[0][1])
    book.positions[0]["mark"] = twin.positions[0].mark = 95.0
    fills.pay_funding(book, tape, rule, 0, 2, moment)
    naive_fills.pay_funding(twin, twin.positions[0], 2, moment)
    assert book.positions[0]["funding"] == twin.positions[0].funding * rule.quantum
    assert book.money[fills.CASH] == twin.cash * rule.quantum


@pytest.mark.parametrize("reason", [STOP, TIME])
def test_a_position_that_is_left_makes_room_and_is_noted_in_its_market(reason):
    rule = terms(cooldown=3, lockout=5)
    book, tape, twin = opened(rule)
    leaving.leave_position(book, tape, rule, 0, 2, INSIDE, reason, 95.0)
    naive_leaving.leave_position(twin, twin.positions[0], 2, INSIDE, reason, 95.0)
    assert book.positions[0]["left"] == twin.positions[0].left == 0.0
    leaving.drop_left(book)
    assert book.counts[fills.N_OPEN] == len(naive_leaving.drop_left(twin)) == 0
    assert book.markets[0, fills.N_HERE] == 0
    assert book.markets[0, fills.IDLE_UNTIL] == 2 + 3
    assert (book.markets[0, fills.LOCKED_UNTIL + 1] == 2 + 5) == (reason == STOP)
    assert book.markets[0, fills.LOCKED_UNTIL] < 0


def test_a_buyer_pays_and_a_seller_gets_the_spread_and_the_impact_of_the_value():
    # half a spread of 10 bps; 1e-5 per root of 1,000,000 are 100 bps
    rule = terms(capital=2.0**30)
    book, _, _ = opened(rule, 1, (1.0, 0.001, 1e-5, 0.0, 0.0), size=1e6)
    assert book.fills[0]["price"] == pytest.approx(100 * 1.011, rel=1e-15)
    assert book.positions[0]["slippage"] == pytest.approx(11_000)
    book, _, _ = opened(rule, -1, (1.0, 0.001, 1e-5, 0.0, 0.0), size=1e6)
    assert book.fills[0]["price"] == pytest.approx(100 / 1.011, rel=1e-15)
    assert book.positions[0]["slippage"] == pytest.approx(1e6 * (1 - 1 / 1.011))


def test_a_target_pays_the_makers_fee_alone_and_the_rest_the_takers_on_the_price_paid():
    rule = terms(taker=0.001, maker=0.0004)
    book, tape, _ = opened(rule, 1, (1.0, 0.01, 0.0, 0.0, 0.0))
    assert book.fills[0]["fee"] == pytest.approx(10 * 101 * 0.001, abs=1e-6)
    fills.book_fill(book, tape, rule, 0, 2, INSIDE, TARGET, 5.0, 110.0)
    assert book.fills[1]["fee"] == pytest.approx(5 * 110 * 0.0004, abs=1e-6)
    assert book.fills[1]["slippage"] == 0.0
    assert book.fills[1]["price"] == 110.0


def test_costs_but_not_funding_are_multiplied():
    for multiple in (0.0, 1.0, 2.0):
        rule = terms(taker=0.001, multiple=multiple)
        book, tape, _ = opened(rule, 1, (1.0, 0.01, 0.0, 0.02, 0.02))
        fills.pay_funding(book, tape, rule, 0, 2, AT_OPEN)
        assert book.positions[0]["slippage"] == pytest.approx(multiple * 10, abs=1e-5)
        assert book.positions[0]["funding"] == pytest.approx(20)


def test_an_inverse_contract_gains_in_coins_what_its_units_buy_less():
    # 1,000 units of 1 quote: at 100 they are worth 10 coins, at 125 they are worth 8
    book, tape, _ = opened(terms(inverse=True), size=10.0)
    assert book.positions[0]["quantity"] == 1000.0
    leaving.leave_position(book, tape, terms(inverse=True), 0, 2, AT_CLOSE, TIME, 125.0)
    assert book.positions[0]["net"] == pytest.approx(2.0, abs=1e-6)


def test_longs_pay_one_rate_and_shorts_receive_another():
    bar = (1.0, 0.0, 0.0, 0.01, 0.004)
    for side, moment, wanted in ((1, AT_OPEN, 10.0), (-1, AT_CLOSE, -4.0)):
        book, tape, _ = opened(terms(), side, bar)
        for other in (AT_OPEN, AT_CLOSE):
            fills.pay_funding(book, tape, terms(), 0, 2, other)
            paid = book.positions[0]["funding"]
            assert paid == pytest.approx(wanted if other >= moment else 0.0, abs=1e-6)
