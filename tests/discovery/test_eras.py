import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.errors import InputError
from lake.schema import ERAS
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.eras import (
    CONFIRMATION,
    DISCOVERY,
    SEALED,
    Training,
    Window,
    cut,
    draw_eras,
    span_of,
)
from tasks.discovery.folds import draw_folds
from tasks.outcomes.forward import measure
from tests.discovery import market

CONFIG = DiscoveryConfig()
DAY = 86_400_000
NAMES = [DISCOVERY, CONFIRMATION, SEALED]


def january(day):
    return datetime(2023, 1, 1, tzinfo=UTC) + timedelta(days=day)


def bars_of(n_days, timeframe="15m", first_day=0):
    per_day = {"15m": 96, "1h": 24, "1d": 1}[timeframe]
    start = market.START + first_day * DAY
    return market.times(per_day * n_days, timeframe, start).to_frame()


def test_the_span_of_all_markets_is_split_at_midnights_with_the_longest_horizon_between():
    early, late = bars_of(60), bars_of(60, "1h", first_day=40)
    eras = draw_eras([early, late], ["15m", "1h"], ["1h", "2d"], CONFIG)
    assert ERAS.conform(eras).equals(eras)
    # 100 days: 60 are searched, 30 confirm and 10 stay sealed; two days are lost at each border.
    wanted = [(0, 60), (62, 90), (92, 100)]
    assert eras.rows() == [
        (name, january(a), january(b)) for name, (a, b) in zip(NAMES, wanted, strict=True)
    ]
    assert span_of(eras, CONFIRMATION)[0] == int(january(62).timestamp() * 1000)


def test_the_order_and_the_number_of_markets_do_not_matter():
    frames = [bars_of(60), bars_of(100), bars_of(60, first_day=40), bars_of(100).clear()]
    whole = draw_eras([frames[1]], ["15m"], ["1d"], CONFIG)
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2]):
        given_ = [frames[i] for i in order]
        assert draw_eras(given_, ["15m"] * 4, ["1d"], CONFIG).equals(whole)


def test_a_horizon_that_does_not_fit_into_the_discovery_era_makes_no_gap():
    eras = draw_eras([bars_of(100)], ["15m"], ["1d", "60d", "52w"], CONFIG)
    assert (eras["start"] - eras["end"].shift(1)).to_list()[1:] == [timedelta(days=1)] * 2


@settings(max_examples=60)
@given(
    n_bars=st.integers(1, 3000),
    horizons=st.lists(st.sampled_from(["1h", "8h", "1d", "3d", "2w"]), min_size=1),
    confirmation=st.floats(0.05, 0.5),
    sealed=st.floats(0.05, 0.45),
)
def test_eras_are_disjoint_and_apart_or_refused(n_bars, horizons, confirmation, sealed):
    config = DiscoveryConfig(confirmation_share=confirmation, sealed_share=sealed)
    frame = market.times(n_bars, "1h").to_frame()
    try:
        eras = draw_eras([frame], ["1h"], horizons, config)
    except InputError:
        return
    assert eras["era"].to_list() == NAMES
    assert (eras["start"] < eras["end"]).all()
    assert eras["start"][0] == frame["time"][0]
    assert eras["end"][2] == frame["time"][-1] + timedelta(hours=1)
    hours = {"1h": 1, "8h": 8, "1d": 24, "3d": 72, "2w": 336}
    borders = [eras["start"][0], *eras["end"]]
    shortest = min(b - a for a, b in pairwise(borders)) / timedelta(hours=1)
    longest = max((hours[h] for h in horizons if hours[h] < shortest), default=0)
    for gap in (eras["start"] - eras["end"].shift(1)).to_list()[1:]:
        assert gap == timedelta(hours=longest)
    assert all(end.hour == end.minute == 0 for end in eras["end"][:2])


def test_each_bar_is_in_at_most_one_era_with_its_exit():
    frame = market.bars(96 * 40)
    eras = draw_eras([frame], ["15m"], ["1d"], CONFIG)
    outcomes = measure(frame, "15m", "1d")
    parts = {name: cut(outcomes, eras, name) for name in NAMES}
    assert sum(part.height for part in parts.values()) == pl.concat(parts.values()).n_unique("time")
    for name, part in parts.items():
        start, end = eras.filter(era=name).select("start", "end").row(0)
        assert part["time"].min() == start
        # The exit is at the close of the last bar that opens in the era.
        assert part["exit_time"].max() == end - timedelta(minutes=15)
        assert part.height == math.floor((end - start) / timedelta(minutes=15)) - 96


@pytest.mark.parametrize(
    ("frames", "horizons", "message"),
    [
        ([], ["1h"], "no bars"),
        ([bars_of(0), bars_of(0)], ["1h"], "no bars"),
        ([bars_of(1)], ["1h"], "enough days"),
        ([bars_of(2)], ["1h"], "enough days"),
    ],
)
def test_bars_that_cannot_be_split_are_refused_with_what_to_do(frames, horizons, message):
    with pytest.raises(InputError, match=message) as refused:
        draw_eras(frames, ["15m"] * len(frames), horizons, CONFIG)
    assert refused.value.do


def test_a_horizon_that_fits_into_no_later_era_leaves_the_split_to_the_others():
    eras = draw_eras([bars_of(100)], ["15m"], ["1h", "5w"], CONFIG)
    assert eras.equals(draw_eras([bars_of(100)], ["15m"], ["1h"], CONFIG))


class Lake:
    """Tables by name."""

    def __init__(self, **tables):
        self.tables, self.opened = tables, []

    def read(self, name):
        self.opened.append(name)
        return self.tables[name]


@pytest.mark.parametrize("era", NAMES)
def test_a_window_shows_no_bar_entry_or_exit_outside_its_era(era):
    frame = market.bars(96 * 40)
    events = market.events(frame, {"each": range(frame.height)})
    eras = draw_eras([frame], ["15m"], ["1d"], CONFIG)
    tables = {"bars": frame, "features": market.features(frame), "events": events}
    lake = Lake(**tables, outcomes=measure(frame, "15m", "1d"), eras=eras)
    window = Window(lake, "eras", era)
    start, end = eras.filter(era=era).select("start", "end").row(0)
    inside = frame.filter(pl.col("time") >= start, pl.col("time") < end)["time"]
    for name in tables:
        assert window.read(name)["time"].equals(inside)
        assert window.read(name).columns == tables[name].columns
    outcomes = window.read("outcomes")
    assert set(outcomes["time"]) | set(outcomes["exit_time"]) == set(inside)


def test_the_eras_are_read_once_so_that_nobody_can_move_them():
    frame = market.bars(96 * 40)
    eras = draw_eras([frame], ["15m"], ["1d"], CONFIG)
    lake = Lake(bars=frame, eras=eras)
    window = Window(lake, "eras", DISCOVERY)
    lake.tables["eras"] = eras.with_columns(end=pl.col("end").max())
    assert window.read("bars").height < 96 * 25


@pytest.mark.parametrize("fold", [1, 2, 3, 4])
def test_a_training_window_shows_no_bar_entry_or_exit_at_or_after_its_end(fold):
    frame = market.bars(96 * 40)
    events = market.events(frame, {"each": range(frame.height)})
    folds = draw_folds(draw_eras([frame], ["15m"], ["1d"], CONFIG), CONFIG)
    tables = {"bars": frame, "features": market.features(frame), "events": events}
    lake = Lake(**tables, outcomes=measure(frame, "15m", "1d"), folds=folds)
    window = Training(lake, "folds", fold)
    lake.tables["folds"] = folds.with_columns(train_end=pl.col("end").max())
    start, end = folds.filter(fold=fold).select("train_start", "train_end").row(0)
    assert start == frame["time"][0]
    inside = frame.filter(pl.col("time") < end)["time"]
    for name in tables:
        assert window.read(name)["time"].equals(inside)
    outcomes = window.read("outcomes")
    assert outcomes["time"].equals(inside[:-96])
    assert outcomes["exit_time"].equals(inside[96:].rename("exit_time"))


def test_an_era_that_is_not_there_is_named():
    eras = draw_eras([bars_of(100)], ["15m"], ["1d"], CONFIG)
    with pytest.raises(InputError, match="discovery, sealed") as refused:
        span_of(eras.filter(pl.col("era") != CONFIRMATION), CONFIRMATION)
    assert "confirmation" in refused.value.wanted
