import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.schema import ENTRIES, GRID
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.grid import asked, draw_grid
from tests.discovery import market

ALONE = DiscoveryConfig(conditions=("all",))
REGIMES = DiscoveryConfig(conditions=("all", "vol_regime"))
BTC, ETH = "BTCUSDT-15m", "ETHUSDT-15m"
FRAMES = {"5m": market.bars(288 * 6, timeframe="5m"), "15m": market.bars(96 * 30)}
FRAMES |= {timeframe: market.bars(60, timeframe=timeframe) for timeframe in ("4h", "6h")}


def entries(rows_of, sides_of=None, name=BTC, config=ALONE):
    frame = FRAMES[name.partition("-")[2]]
    events = market.events(frame, rows_of, name, sides_of=sides_of)
    return market.entries_of(events, frame, config)


def same(grid):
    return dict(grid.filter(pl.col("same_as") != "").select("hypothesis", "same_as").rows())


def test_every_event_horizon_and_condition_is_asked_in_each_market_and_pooled():
    rows_of = {"crash": range(0, 2880, 7), "surge": range(3, 2880, 11)}
    parts = [entries(rows_of, name=name, config=REGIMES) for name in (BTC, ETH)]
    grid = draw_grid(parts, ["1h", "1d"])
    assert GRID.conform(grid).equals(grid)
    assert grid["hypothesis"].to_list() == sorted(
        f"{market_}|{event}|{horizon}|{condition}"
        for market_ in (BTC, ETH, "all")
        for event in rows_of
        for horizon in ("1h", "1d")
        for condition in ("all", "vol_regime=0", "vol_regime=1", "vol_regime=2")
    )
    assert asked(grid).equals(grid)
    assert dict(grid.select("horizon", "horizon_bars").unique().rows()) == {"1h": 4, "1d": 96}
    n = dict(grid.filter(horizon="1d", event="crash").select("hypothesis", "n_entries").rows())
    for condition in ("all", "vol_regime=0"):
        alone = [n[f"{name}|crash|1d|{condition}"] for name in (BTC, ETH)]
        assert n[f"all|crash|1d|{condition}"] == sum(alone)


def test_the_order_of_the_markets_and_horizons_does_not_matter():
    parts = [entries({"crash": range(0, 99, k)}, name=n) for k, n in ((2, BTC), (3, ETH))]
    wanted = draw_grid(parts, ["1h", "1d"])
    assert draw_grid(parts[::-1], ["1d", "1h"]).equals(wanted)


def test_a_condition_that_never_excluded_an_event_is_asked_once():
    config = DiscoveryConfig(conditions=("all", "session", "vol_regime"))
    grid = draw_grid([entries({"crash": [400, 401]}, config=config)], ["1h"])
    first = f"{BTC}|crash|1h|all"
    twins = same(grid)
    assert len(twins) == grid.height - 1
    assert set(twins.values()) == {first}
    assert asked(grid)["hypothesis"].to_list() == [first]


def test_an_event_of_one_market_alone_is_not_pooled():
    parts = [entries({"crash": [5], "surge": [7]}), entries({"crash": [5]}, name=ETH)]
    assert same(draw_grid(parts, ["1h"])) == {"all|surge|1h|all": f"{BTC}|surge|1h|all"}


def test_one_market_is_not_pooled_with_itself():
    grid = draw_grid([entries({"crash": [5, 9]}, config=REGIMES)], ["1h", "1d"])
    assert set(asked(grid)["market"]) == {BTC}


@pytest.mark.parametrize("alone", ["BTCUSDT-5m", "ETHUSDT-4h"])
def test_an_event_of_one_market_alone_is_not_pooled_where_timeframes_differ(alone):
    other = {"BTCUSDT-5m": "ETHUSDT-4h", "ETHUSDT-4h": "BTCUSDT-5m"}[alone]
    parts = [entries({"crash": [5], "surge": [7]}, name=alone), entries({"crash": [5]}, name=other)]
    grid = draw_grid(parts, ["1d"])
    assert same(grid) == {"all|surge|1d|all": f"{alone}|surge|1d|all"}
    held = dict(grid.select("hypothesis", "horizon_bars").rows())
    assert held["all|crash|1d|all"] == 288


def test_two_events_that_are_the_same_are_asked_once_in_each_market_and_pooled():
    rows_of = {"plunge": [5, 9], "crash": [5, 9], "surge": [5, 10]}
    sides_of = {name: [1, -1] for name in rows_of}
    grid = draw_grid([entries(rows_of, sides_of, name) for name in (BTC, ETH)], ["1h"])
    assert same(grid) == {
        f"{name}|plunge|1h|all": f"{name}|crash|1h|all" for name in (BTC, ETH, "all")
    }


def test_an_event_that_is_another_with_every_side_turned_round_is_asked_once():
    rows_of = {"crash": [5, 9], "rise": [5, 9], "half": [5, 9]}
    sides_of = {"crash": [1, -1], "rise": [-1, 1], "half": [1, 1]}
    grid = draw_grid([entries(rows_of, sides_of, name) for name in (BTC, ETH)], ["1h"])
    assert same(grid) == {
        f"{name}|rise|1h|all": f"{name}|crash|1h|all" for name in (BTC, ETH, "all")
    }


def test_pooled_over_markets_of_which_one_alone_is_turned_round_is_another_question():
    one = entries({"crash": [5, 9], "rise": [5, 9]}, {"crash": [1, -1], "rise": [-1, 1]})
    two = entries({"crash": [5, 9], "rise": [5, 9]}, {"crash": [1, -1], "rise": [1, -1]}, ETH)
    grid = draw_grid([one, two], ["1h"])
    assert "all|rise|1h|all" not in same(grid)
    assert set(same(grid)) == {f"{BTC}|rise|1h|all", f"{ETH}|rise|1h|all"}


def test_two_horizons_of_equally_many_bars_are_asked_once():
    parts = [entries({"crash": [5, 9]}, name="BTCUSDT-4h")]
    assert same(draw_grid(parts, ["5h", "8h", "9h"])) == {
        "BTCUSDT-4h|crash|8h|all": "BTCUSDT-4h|crash|5h|all",
        "all|crash|5h|all": "BTCUSDT-4h|crash|5h|all",
        "all|crash|8h|all": "BTCUSDT-4h|crash|5h|all",
        "all|crash|9h|all": "BTCUSDT-4h|crash|9h|all",
    }


def test_horizons_that_differ_in_one_market_alone_are_two_questions_pooled():
    # 17 and 20 hours are both five bars of 4h, but three and four bars of 6h.
    parts = [entries({"crash": [5, 9]}, name=n) for n in ("BTCUSDT-4h", "ETHUSDT-6h")]
    twins = same(draw_grid(parts, ["17h", "20h"]))
    assert twins == {"BTCUSDT-4h|crash|20h|all": "BTCUSDT-4h|crash|17h|all"}


def test_the_same_bars_of_two_markets_are_two_questions():
    grid = draw_grid([entries({"crash": [5]}, name=name) for name in (BTC, ETH)], ["1h"])
    assert not same(grid)


@pytest.mark.parametrize("parts", [[], [ENTRIES.empty()]])
def test_without_entries_nothing_is_asked(parts):
    assert draw_grid(parts, ["1h"]).equals(GRID.empty())


signed = st.dictionaries(st.integers(0, 6), st.sampled_from([-1, 1]), min_size=1, max_size=3)


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from("abcd"), signed, min_size=1))
def test_what_is_asked_is_every_set_of_entries_once(events):
    rows_of = {name: sorted(sides) for name, sides in events.items()}
    sides_of = {name: [events[name][row] for row in rows] for name, rows in rows_of.items()}
    grid = draw_grid([entries(rows_of, sides_of)], ["1h", "1d"])

    def two_sided(sides):
        rows = sorted(sides.items())
        return min((tuple(rows), tuple((row, -side) for row, side in rows)))

    assert asked(grid).height == 2 * len({two_sided(sides) for sides in events.values()})
    known = set(asked(grid)["hypothesis"])
    assert set(grid["same_as"]) - {""} <= known
    about = dict(grid.select("hypothesis", "event").rows())
    for twin, first in same(grid).items():
        assert two_sided(events[about[twin]]) == two_sided(events[about[first]])
