import math

import numpy as np
import polars as pl
import pytest

from lake.errors import InputError
from lake.schema import EFFECTS
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.effects import estimate
from tasks.discovery.eras import draw_eras
from tasks.outcomes.forward import measure
from tests.discovery import market

NAME = "BTCUSDT-15m"
CONFIG = DiscoveryConfig()
N = 96 * 30
DAY = 86_400_000


def _inputs(seed=0, n=N):
    frame = market.bars(n, seed, gaps=0.01)
    rng = np.random.default_rng(seed)
    rows = {"crash": rng.choice(n, 200, replace=False), "surge": rng.choice(n, 50, replace=False)}
    return frame, market.features(frame, seed), market.events(frame, rows, seed=seed)


def _outcomes(frame, horizons=("1h", "1d")):
    return {horizon: measure(frame, "15m", horizon) for horizon in horizons}


def _naive(frame, features, events, held, horizon_ms, split):
    """Cells by their definition, one bar at a time."""
    cells = {}
    opens, closes = frame["open"].to_list(), frame["close"].to_list()
    stamps = frame["time"].dt.epoch("ms").to_list()
    regimes = features.select("vol_regime", "trend_regime").to_dicts()
    marks = [("", row, 1) for row in range(frame.height)]
    columns = events.select("event", pl.col("time").dt.epoch("ms"), "side").rows()
    marks += [(name, stamps.index(time), -1 if side < 0 else 1) for name, time, side in columns]
    for name, t, side in marks:
        path = closes[t : t + held + 1]
        if t + held >= len(stamps) or stamps[t + held] >= split or any(map(math.isnan, path)):
            continue
        y = side * (closes[t + held] / opens[t + 1] - 1)
        conditions = ["all"]
        conditions += [f"{k}={v}" for k, v in regimes[t].items() if v is not None]
        for condition in conditions:
            key = (name, condition, stamps[t] // max(DAY, 5 * horizon_ms))
            n, sides, total, square = cells.get(key, (0, 0, 0.0, 0.0))
            cells[key] = (n + 1, sides + side, total + y, square + y * y)
    return cells


def test_effects_are_the_sums_of_the_definition():
    frame, features, events = _inputs()
    eras = draw_eras([frame], ["15m"], 0.3)
    split = eras["end"].dt.epoch("ms")[0]
    effects = estimate(NAME, events, features, _outcomes(frame), eras, CONFIG)
    assert EFFECTS.conform(effects).equals(effects)
    for horizon, held in (("1h", 4), ("1d", 96)):
        wanted = _naive(frame, features, events, held, held * 900_000, split)
        got = effects.filter(pl.col("horizon") == horizon)
        assert set(got["horizon_bars"]) == {held}
        found = {
            row[:3]: row[3:]
            for row in got.select(
                "event", "condition", "cluster", "n", "n_sides", "sum_return", "sum_square"
            ).rows()
        }
        assert found.keys() == wanted.keys()
        for key, sums in wanted.items():
            assert found[key] == pytest.approx(sums, rel=1e-9, abs=1e-15)


def test_effects_are_sorted_as_their_table_says():
    frame, features, events = _inputs()
    eras = draw_eras([frame], ["15m"], 0.3)
    effects = estimate(NAME, events, features, _outcomes(frame), eras, CONFIG)
    assert effects.equals(effects.sort(*EFFECTS.order))


@pytest.mark.parametrize("seed", range(3))
def test_nothing_of_the_holdout_reaches_an_effect(seed):
    frame, features, events = _inputs(seed)
    eras = draw_eras([frame], ["15m"], 0.3)
    split = eras["end"][0]
    before = estimate(NAME, events, features, _outcomes(frame), eras, CONFIG)

    other_frame, other_features, other_events = _inputs(seed + 100)
    late = pl.col("time") >= split
    frame = pl.concat([frame.filter(~late), other_frame.filter(late)])
    features = pl.concat([features.filter(~late), other_features.filter(late)])
    newcomer = other_events.filter(late).with_columns(event=pl.lit("newcomer"))
    events = pl.concat([events.filter(~late), other_events.filter(late), newcomer])
    after = estimate(NAME, events.sort("time", "event"), features, _outcomes(frame), eras, CONFIG)
    assert after.equals(before)


def test_a_bar_whose_exit_is_at_the_split_counts_in_no_era():
    frame = market.bars(96 * 10)
    eras = draw_eras([frame], ["15m"], 0.3)
    split_row = 96 * 7
    events = market.events(frame, {"late": [split_row - 5, split_row - 4]})
    features = market.features(frame)
    effects = estimate(NAME, events, features, _outcomes(frame, ("1h",)), eras, CONFIG)
    late = effects.filter(pl.col("event") == "late", pl.col("condition") == "all")
    assert late["n"].to_list() == [1]
    everything = effects.filter(pl.col("event") == "", pl.col("condition") == "all")
    assert everything["n"].sum() == split_row - 4


def test_a_family_without_events_still_has_its_baseline():
    frame, features, events = _inputs()
    eras = draw_eras([frame], ["15m"], 0.3)
    effects = estimate(NAME, events.clear(), features, _outcomes(frame), eras, CONFIG)
    assert set(effects["event"]) == {""}
    with_events = estimate(NAME, events, features, _outcomes(frame), eras, CONFIG)
    assert with_events.filter(pl.col("event") == "").equals(effects)


def test_events_and_outcomes_of_other_bars_are_refused():
    frame, features, events = _inputs()
    eras = draw_eras([frame], ["15m"], 0.3)
    shifted = events.with_columns(pl.col("time") + pl.duration(minutes=1))
    with pytest.raises(InputError, match="grid"):
        estimate(NAME, shifted, features, _outcomes(frame), eras, CONFIG)
    with pytest.raises(InputError, match="grid"):
        estimate(NAME, events, features[1:], _outcomes(frame), eras, CONFIG)
