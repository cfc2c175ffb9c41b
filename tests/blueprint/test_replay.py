"""Golden trades against replays: equal, or the first difference by name."""

import random
from datetime import timedelta

import numpy as np
import pytest

from lake.schema import TRADES
from tasks.blueprint.replay import first_difference, golden_of
from tests.blueprint.world import START, filled, trade

ROWS = [trade(n, fold) for fold in (1, 2) for n in range(10)]
ENTERED = "2024-01-{day}T01:00:00Z"


def table(rows):
    return filled(TRADES, rows)


def with_change(number, **fields):
    return table([row | fields if i == number else row for i, row in enumerate(ROWS)])


@pytest.fixture(scope="module")
def golden():
    return golden_of(table(ROWS), 3)


def test_a_replay_of_the_same_trades_differs_nowhere(golden):
    renamed = [row | {"hypothesis": "the blueprint's name"} for row in ROWS]
    random.Random(1).shuffle(renamed)
    assert first_difference(golden, table(renamed)) is None


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("side", -1, "side: golden 1, replayed -1"),
        ("exit", "stop", 'exit: golden "time", replayed "stop"'),
        ("exit_price", 99.0, "exit_price: golden 102.5, replayed 99.0"),
        ("net_bps", float("nan"), "replayed null"),
        ("event_time", START, 'event_time: golden "2024-01-13T00:00:00Z", replayed "2024-01-01'),
        ("entry_time", START, 'entry_time: golden "2024-01-13T01:00:00Z", replayed "2024-01-01'),
    ],
)
def test_the_first_field_that_differs_is_named_with_both_values(golden, field, value, told):
    said = first_difference(golden, with_change(2, **{field: value}))
    assert said.startswith("trade of fold 1 in AAA-1h entered 2024-01-13T01:00:00Z: ")
    assert told in said


def test_numbers_are_compared_to_the_last_bit(golden):
    net = ROWS[1]["net_bps"]
    other = float(np.nextafter(net, np.inf))
    said = first_difference(golden, with_change(1, net_bps=other))
    assert said.endswith(f"net_bps: golden {net!r}, replayed {other!r}")


def test_the_first_of_several_differences_is_named(golden):
    rows = [row | {"exit_price": 1.0} for row in ROWS]
    assert "entered 2024-01-11T01:00:00Z: exit_price" in first_difference(golden, table(rows))


@pytest.mark.parametrize(("number", "day"), [(0, 11), (2, 13), (17, 28), (19, 30)])
def test_a_missing_trade_is_named(golden, number, day):
    said = first_difference(golden, table(ROWS[:number] + ROWS[number + 1 :]))
    assert said.endswith(f"entered {ENTERED.format(day=day)}: missing, the replay does not have it")


@pytest.mark.parametrize(("at", "hours"), [(0, -5), (2, -5), (18, -5), (20, 19)])
def test_an_extra_trade_is_named(golden, at, hours):
    near, shift = ROWS[min(at, 19)], timedelta(hours=hours)
    times = ("event_time", "entry_time", "exit_time")
    other = near | {name: near[name] + shift for name in times}
    rows = [*ROWS[:at], other, *ROWS[at:]]
    said = first_difference(golden, table([r | {"trade": i} for i, r in enumerate(rows)]))
    entered = f"{other['entry_time']:%Y-%m-%dT%H:%M:%SZ}"
    assert said == (
        f"trade of fold {near['fold']} in AAA-1h entered {entered}: extra, the golden trades do "
        "not have it"
    )


def test_a_difference_among_trades_that_are_not_listed_is_told_by_the_digest(golden):
    for replayed, n in ((with_change(9, exit_price=1.0), 20), (table(ROWS[:9] + ROWS[10:]), 19)):
        said = first_difference(golden, replayed)
        assert "the 6 golden trades that are listed are equal" in said
        assert f"all 20 is not: of the {n} replayed" in said
        assert said.endswith("in AAA-1h entered 2024-01-13T01:00:00Z")


def test_the_same_trade_of_another_fold_or_market_is_another(golden):
    for other in ({"fold": 0}, {"market": "BBB-1h"}):
        assert first_difference(golden, with_change(0, **other)) is not None


def test_nothing_replayed_misses_the_first_trade(golden):
    said = first_difference(golden, TRADES.empty())
    assert said.endswith("entered 2024-01-11T01:00:00Z: missing, the replay does not have it")


@pytest.mark.parametrize("count", [1, 3, 10, 19, 20, 25])
def test_each_trade_is_listed_once_from_both_ends(count):
    golden = golden_of(table(ROWS[::-1]), count)
    listed = [t.entry_time for _, t in golden.listed()]
    wanted = [row["entry_time"] for row in ROWS]
    assert listed == (wanted if count >= 10 else wanted[:count] + wanted[-count:])
    assert golden.n_trades == 20


def test_any_single_change_of_any_trade_is_noticed(golden):
    rng = random.Random(2)
    for number in range(len(ROWS)):
        field = rng.choice(["entry_price", "exit_price", "net_bps"])
        other = float(np.nextafter(ROWS[number][field], 0.0))
        assert first_difference(golden, with_change(number, **{field: other})) is not None
