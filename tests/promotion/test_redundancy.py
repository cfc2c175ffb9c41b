"""Which candidates are one: by where they enter, and by the time that they hold."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.schema import TRADES
from tasks.promotion.redundancy import compare_positions
from tests.promotion.naive_redundancy import share, twins
from tests.promotion.rows import START, filled

HOUR = timedelta(hours=1)


def table_of(candidates):
    rows = [
        {
            "hypothesis": name,
            "market": market,
            "side": side,
            "entry_time": START + first * HOUR,
            "exit_time": START + last * HOUR,
        }
        for name, (_, trades) in candidates.items()
        for market, side, first, last in trades
    ]
    return filled(TRADES, rows)


def found(candidates, limit=0.8):
    own = {"market": "AAA-1h", "horizon": "2h", "condition": "all"}
    rows = [
        {"hypothesis": name, "event": name, **own, "n_trades": len(trades), "t_confirmed": t}
        for name, (t, trades) in candidates.items()
    ]
    return twins_of(rows, table_of(candidates), limit)


def twins_of(rows, trades, limit, stand=None):
    """Those that repeat another one, when all of them stand."""
    names = {row["hypothesis"] for row in rows} if stand is None else stand
    told = compare_positions(rows, names, trades, limit)
    assert set(told) == {row["hypothesis"] for row in rows}
    return {n: like for n, like in told.items() if like.is_part or like.share > limit}


def every(step, length, n=20, start=0, market="AAA-1h", side=1):
    """`n` trades, one each `step` hours, each over `length` bars."""
    return [(market, side, start + i * step, start + i * step + length - 1) for i in range(n)]


def test_another_horizon_of_the_same_event_is_one_with_it():
    told = found({"short": (3.0, every(10, 1)), "long": (2.0, every(10, 6))})
    assert (told["long"].hypothesis, told["long"].share) == ("short", 1.0)


def test_a_position_entered_while_the_other_is_open_is_one_with_it():
    # Every hour of the later one is held by the earlier one, and no entry is the same.
    told = found({"early": (2.0, every(10, 8)), "late": (2.0, every(10, 4, n=19, start=2))})
    assert (told["late"].hypothesis, told["late"].share) == ("early", 1.0)


def test_the_share_is_of_the_one_that_holds_less():
    # One more bar each: 4 of 5 hours are shared, and no entry.
    two = {"a": (2.0, every(10, 5)), "b": (1.0, every(10, 5, start=1))}
    assert found(two, 0.79)["b"].share == pytest.approx(0.8)
    assert found(two, 0.8) == {}


def test_a_market_of_a_pooled_candidate_is_one_with_it():
    pooled = every(10, 3) + every(10, 3, market="BBB-1h")
    told = found({"pooled": (1.0, pooled), "own": (9.0, every(10, 3, market="BBB-1h"))})
    assert {name: twin.hypothesis for name, twin in told.items()} == {"own": "pooled"}


@pytest.mark.parametrize("change", [{"market": "BBB-1h"}, {"side": -1}, {"start": 5}])
def test_another_market_direction_or_time_is_another_candidate(change):
    assert found({"a": (2.0, every(10, 3)), "b": (1.0, every(10, 3, **change))}) == {}


@pytest.mark.parametrize(
    ("change", "is_one"),
    [
        ({"condition": "session=1"}, True),
        ({"market": "AAA-1h"}, True),
        ({"event": "other"}, False),
        ({"horizon": "4h"}, False),
    ],
)
def test_a_regime_or_market_of_a_candidate_is_one_with_it_whatever_it_holds(change, is_one):
    # The broader one was in another position whenever the narrower entered: they share no hour.
    whole = {"event": "e", "market": "all", "horizon": "2h", "condition": "all"}
    rows = [
        {"hypothesis": "whole", **whole, "n_trades": 20, "t_confirmed": 2.0},
        {"hypothesis": "part", **whole, **change, "n_trades": 10, "t_confirmed": 9.0},
    ]
    trades = {"whole": (2.0, every(10, 3)), "part": (9.0, every(10, 3, n=10, side=-1))}
    told = twins_of(rows, table_of(trades), 0.8)
    assert list(told) == (["part"] if is_one else [])
    assert all(twin.is_part for twin in told.values())


def test_what_trades_more_stays_whatever_it_returned():
    # Chosen by t, a regime that was lucky would remain and the whole that holds it would go.
    told = found({"whole": (1.0, every(10, 3)), "regime": (9.0, every(20, 3, n=10))})
    assert list(told) == ["regime"]


def test_who_does_not_trade_repeats_nobody():
    assert found({"a": (2.0, every(10, 3)), "idle": (0.0, [])}) == {}


@st.composite
def candidate_sets(draw):
    """Up to five candidates; the trades of each in a market do not overlap."""
    candidates = {}
    for name in "abcde"[: draw(st.integers(0, 5))]:
        trades = []
        for market in ("AAA-1h", "BBB-1h"):
            hour = draw(st.integers(0, 6))
            for wait, length in draw(
                st.lists(st.tuples(st.integers(0, 4), st.integers(1, 5)), max_size=6)
            ):
                side = draw(st.sampled_from([-1, 1]))
                trades.append((market, side, hour + wait, hour + wait + length - 1))
                hour += wait + length
        candidates[name] = (draw(st.integers(-2, 2)), trades)
    return candidates


@given(candidate_sets(), st.sampled_from([0.0, 0.3, 0.5, 0.8, 1.0]))
@settings(max_examples=150, deadline=None)
def test_the_twins_are_those_that_counting_hours_finds(candidates, limit):
    told = found(candidates, limit)
    assert {name: twin.hypothesis for name, twin in told.items()} == twins(candidates, limit)
    for name, twin in told.items():
        expected = share(candidates[name][1], candidates[twin.hypothesis][1])
        assert twin.share == pytest.approx(expected, rel=1e-12)


def test_what_does_not_stand_makes_nobody_redundant():
    trades = {"a": (2.0, every(10, 3)), "b": (1.0, every(10, 3)), "c": (0.5, every(10, 3))}
    own = {"market": "AAA-1h", "horizon": "2h", "condition": "all"}
    rows = [
        {"hypothesis": n, "event": n, **own, "n_trades": 20, "t_confirmed": t}
        for n, (t, _) in trades.items()
    ]
    told = twins_of(rows, table_of(trades), 0.8, stand={"b", "c"})
    assert {name: twin.hypothesis for name, twin in told.items()} == {"c": "b"}


def test_the_share_with_the_nearest_is_told_where_none_is_repeated():
    # Half of its entries are the other's; two of three hours of that half are the first one's.
    trades = {
        "far": (2.0, every(10, 3, n=22)),
        "near": (1.0, every(10, 3, n=21, start=1)),
        "own": (0.5, every(10, 3, n=5, start=1) + every(10, 3, n=5, start=1000)),
    }
    own = {"market": "AAA-1h", "horizon": "2h", "condition": "all"}
    rows = [
        {"hypothesis": n, "event": n, **own, "n_trades": len(held), "t_confirmed": t}
        for n, (t, held) in trades.items()
    ]
    told = compare_positions(rows, {"far", "near"}, table_of(trades), 0.8)
    assert (told["far"].hypothesis, told["far"].share) == ("", 0.0)
    assert (told["own"].hypothesis, told["own"].share) == ("near", 0.5)
