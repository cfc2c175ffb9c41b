from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from lake.schema import BARS, EVENTS
from tasks.report.scenes import choose, scenes_of
from tests.report.occurrences import MARKET, START, occur
from tests.report.sample import fit


def bars_of(n, gap=()):
    """`n` bars of 15m that open at 100, 101, ... and are missing in `gap`."""
    price = np.where(np.isin(np.arange(n), gap), np.nan, 100.0 + np.arange(n))
    columns = {name: price for name in BARS.columns if name not in ("time", "is_gap")}
    time = [START + timedelta(minutes=15 * i) for i in range(n)]
    return fit(BARS, pl.DataFrame({"time": time, **columns, "is_gap": np.isnan(price)}))


def pictures_of(minute, since=0, n=200, gap=(), side=1, before=48, after=16):
    events = occur((MARKET, "gap", minute, side, since))
    return scenes_of(events, bars_of(n, gap), before, after)


def minutes(frame, name):
    own = frame.filter(pl.col("event") == name)["time"]
    return [int((time - START).total_seconds() / 60) for time in own]


def test_occurrences_are_chosen_evenly_and_from_the_middle_of_each_third():
    events = occur(*((MARKET, "gap", 15 * k) for k in range(30)))
    assert minutes(choose(events, 3), "gap") == [15 * 5, 15 * 15, 15 * 25]


@pytest.mark.parametrize(("n", "shown"), [(1, 1), (2, 2), (3, 3), (4, 3)])
def test_an_event_that_stood_seldom_is_shown_as_often_as_it_stood(n, shown):
    events = occur(*((MARKET, "gap", 15 * k) for k in range(n)))
    chosen = minutes(choose(events, 3), "gap")
    assert len(chosen) == len(set(chosen)) == shown


def test_each_event_is_chosen_for_itself_over_all_markets():
    events = occur(
        *(("A-15m", "gap", 15 * k) for k in range(6)),
        *(("B-15m", "gap", 1500 + 15 * k) for k in range(6)),
        ("B-15m", "spike", 0),
    )
    chosen = choose(events, 3)
    assert chosen.filter(pl.col("event") == "gap")["market"].to_list() == ["A-15m"] + ["B-15m"] * 2
    assert minutes(chosen, "spike") == [0]
    assert choose(events.sample(fraction=1.0, shuffle=True, seed=1), 3).equals(chosen)


def test_none_are_chosen_of_none_or_where_none_are_wanted():
    assert choose(EVENTS.empty(), 3).is_empty()
    none = choose(occur((MARKET, "gap", 0)), 0)
    assert none.is_empty()
    assert none.schema == EVENTS.columns


def test_a_scene_shows_the_bars_before_the_event_and_those_after():
    (picture,) = pictures_of(15 * 100, before=4, after=2)
    assert picture.scene.prices[3].tolist() == [196, 197, 198, 199, 200, 201, 202]
    assert picture.scene.at == picture.scene.anchor == 4
    assert picture.scene.side == 1
    assert picture.event == "gap"


def test_the_picture_ends_where_the_market_does():
    (early,), (late,) = pictures_of(0), pictures_of(15 * 199)
    assert (early.scene.at, early.scene.prices.shape[1]) == (0, 17)
    assert (late.scene.at, late.scene.prices.shape[1]) == (48, 49)
    (alone,) = pictures_of(0, n=1)
    assert alone.scene.prices.shape == (4, 1)


def test_a_gap_stays_one():
    (picture,) = pictures_of(15 * 100, gap=(99,), before=2, after=1)
    assert np.isnan(picture.scene.prices[:, 1]).all()
    assert np.isfinite(picture.scene.prices[:, [0, 2, 3]]).all()


def test_the_anchor_is_counted_from_the_first_bar_shown_and_may_lie_before_it():
    assert pictures_of(15 * 100, since=45)[0].scene.anchor == 45
    assert pictures_of(15 * 100, since=15 * 60)[0].scene.anchor == -12


@pytest.mark.parametrize(("side", "said"), [(1, "up"), (-1, "down"), (0, "no side")])
def test_the_caption_says_market_the_moment_it_became_known_and_side(side, said):
    (picture,) = pictures_of(15 * 100, side=side)
    assert picture.caption == f"{MARKET}, 2024-01-02 01:15, {said}"
    assert picture.scene.label == f"gap on {MARKET}, known 2024-01-02 01:15 UTC"


def test_the_detail_says_strength_beginning_and_scale():
    (picture,) = pictures_of(15 * 100, since=30, before=0, after=0)
    assert picture.detail == "strength 1.50, began 2 bars before, picture spans 0.0 %"
    (wide,) = pictures_of(0, before=1, after=1)
    assert wide.detail == "strength 1.50, picture spans 1.0 %"


def test_a_window_without_a_price_has_no_scale():
    (picture,) = pictures_of(0, n=3, gap=(0, 1, 2))
    assert picture.detail == "strength 1.50"
