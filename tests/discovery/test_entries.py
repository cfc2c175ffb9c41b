import inspect

import numpy as np
import polars as pl
import pytest

from lake.schema import ENTRIES, OUTCOMES
from tasks.discovery import entries as module
from tasks.discovery import grid
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.entries import list_entries
from tests.discovery import market

CONFIG = DiscoveryConfig()
N = 96 * 30
FRAME = market.bars(N)
FEATURES = market.features(FRAME)


def listed(rows_of, sides_of=None, name="BTCUSDT-15m", config=CONFIG):
    events = market.events(FRAME, rows_of, name, sides_of=sides_of)
    return list_entries(name, events, FEATURES, config)


def digests(rows, sides, **options):
    found = listed({"e": rows}, {"e": sides}, **options).filter(condition="all")
    return found["digest"].item(), found["opposite"].item()


def test_entries_fit_their_table_and_are_sorted():
    found = listed({"surge": range(0, N, 7), "crash": range(0, N, 50)})
    assert ENTRIES.conform(found).equals(found)
    assert found.equals(found.sort(ENTRIES.order))


def test_each_event_is_listed_under_each_condition_that_held_at_some_of_its_bars():
    rows = np.random.default_rng(1).choice(N, 300, replace=False)
    found = listed({"crash": rows})
    regimes = FEATURES[np.sort(rows)]
    for condition, n in found.select("condition", "n").rows():
        name, _, value = condition.partition("=")
        assert n == (300 if name == "all" else (regimes[name] == int(value)).sum())
    held = {
        f"{name}={value}"
        for name in ("vol_regime", "trend_regime", "session", "funding_regime")
        for value in regimes[name].drop_nulls().unique()
    }
    assert set(found["condition"]) == held | {"all"}
    assert found["n"].min() > 0


def test_only_the_conditions_that_are_asked_are_listed():
    config = DiscoveryConfig(conditions=("session",))
    assert listed({"crash": [1, 2]}, config=config)["condition"].to_list() == ["session=0"]


def test_the_digest_is_of_market_bars_and_sides():
    one = digests([5, 9], [1, -1])
    others = [
        digests([5, 9], [1, 1]),
        digests([5, 10], [1, -1]),
        digests([5, 9, 10], [1, -1, 1]),
        digests([5, 9], [1, -1], name="ETHUSDT-15m"),
    ]
    assert len({digest for pair in (one, *others) for digest in pair}) == 10


def test_turned_round_digest_and_opposite_change_places_and_no_side_is_long():
    assert digests([5, 9], [1, -1]) == digests([5, 9], [-1, 1])[::-1]
    assert digests([5, 9], [0, -1]) == digests([5, 9], [1, -1])


def test_the_order_of_the_events_does_not_matter():
    events = market.events(FRAME, {"b": range(0, N, 9), "a": range(0, N, 31)})
    shuffled = events.sample(fraction=1, shuffle=True, seed=1)
    one, two = (list_entries("BTCUSDT-15m", e, FEATURES, CONFIG) for e in (events, shuffled))
    assert one.equals(two)


@pytest.mark.parametrize("n_bars", [0, 100])
def test_without_events_or_bars_there_is_nothing_to_enter(n_bars):
    found = list_entries("BTCUSDT-15m", market.events(FRAME, {}), FEATURES[:n_bars], CONFIG)
    assert found.equals(ENTRIES.empty())


def test_entries_and_grid_take_nothing_that_followed():
    took = set(inspect.signature(list_entries).parameters)
    assert took == {"market", "events", "features", "config"}
    assert set(inspect.signature(grid.draw_grid).parameters) == {"entries", "horizons"}
    followed = set(OUTCOMES.columns) - {"time"}
    for looked in (module, grid):
        source = inspect.getsource(looked)
        assert not any(column in source for column in followed)
        assert "effects" not in source


def test_what_a_later_price_was_changes_no_entry():
    events = market.events(FRAME, {"crash": range(0, N, 9)})
    before = list_entries("BTCUSDT-15m", events, FEATURES, CONFIG)
    blind = FEATURES.with_columns(
        pl.lit(np.nan).alias(name) for name, dtype in FEATURES.schema.items() if dtype == pl.Float64
    )
    assert list_entries("BTCUSDT-15m", events, blind, CONFIG).equals(before)
