from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.errors import InputError
from lake.schema import ERAS, FOLDS
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.eras import CONFIRMATION, DISCOVERY, SEALED, draw_eras
from tasks.discovery.folds import draw_folds
from tests.discovery import market

CONFIG = DiscoveryConfig()
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def january(day, hour=0):
    return datetime(2023, 1, 1, tzinfo=UTC) + timedelta(days=day, hours=hour)


def eras_of(*spans):
    """ERAS of (era, start, end)."""
    return pl.DataFrame(list(spans), schema=ERAS.columns, orient="row")


def split(start, end):
    """A confirmation era after a discovery era of sixty days."""
    return eras_of(
        (DISCOVERY, january(0), january(60)),
        (CONFIRMATION, start, end),
        (SEALED, end + 2 * DAY, end + 9 * DAY),
    )


def test_equal_folds_are_trained_on_all_that_lies_the_embargo_before_them():
    # 28 days of confirmation, two days after the discovery era: four weeks.
    folds = draw_folds(split(january(62), january(90)), CONFIG)
    assert FOLDS.conform(folds).equals(folds)
    wanted = [(1, 60, 62, 69), (2, 67, 69, 76), (3, 74, 76, 83), (4, 81, 83, 90)]
    assert folds.rows() == [
        (k, january(0), january(known), january(start), january(end))
        for k, known, start, end in wanted
    ]


def test_folds_meet_at_midnights_also_where_the_era_begins_at_another_hour():
    # 29 days and 23 hours by quarters: after 67.53, 75.02 and 82.51 days.
    folds = draw_folds(split(january(60, 1), january(90)), CONFIG)
    assert folds["start"].to_list() == [january(60, 1), january(67), january(75), january(82)]
    assert folds["end"].to_list() == [january(67), january(75), january(82), january(90)]
    ends = [january(60), january(66, 23), january(74, 23), january(81, 23)]
    assert folds["train_end"].to_list() == ends


@pytest.mark.parametrize(
    ("start", "end", "n_wanted", "n"),
    [
        (january(62), january(65), 4, 3),
        (january(62, 1), january(65), 4, 2),
        (january(62), january(62, 5), 4, 1),
        (january(62), january(90), 1, 1),
        (january(62), january(90), 100, 28),
    ],
)
def test_an_era_of_few_days_has_fewer_folds_but_at_least_one(start, end, n_wanted, n):
    folds = draw_folds(split(start, end), DiscoveryConfig(n_folds=n_wanted))
    assert folds["fold"].to_list() == list(range(1, n + 1))
    assert (folds["start"][0], folds["end"][-1]) == (start, end)


@given(
    n_hours=st.integers(24, 4000),
    horizon=st.sampled_from(["1h", "8h", "1d", "3d"]),
    n_folds=st.integers(1, 12),
    confirmation=st.floats(0.05, 0.6),
)
def test_folds_tile_the_confirmation_era_and_none_is_trained_on_what_it_tests(
    n_hours, horizon, n_folds, confirmation
):
    config = DiscoveryConfig(confirmation_share=confirmation, n_folds=n_folds)
    frame = market.times(n_hours, "1h").to_frame()
    try:
        eras = draw_eras([frame], ["1h"], [horizon], config)
    except InputError:
        return
    spans = {era: (start, end) for era, start, end in eras.rows()}
    folds = draw_folds(eras, config)
    starts, ends = folds["start"].to_list(), folds["end"].to_list()
    assert starts == [spans[CONFIRMATION][0], *ends[:-1]]
    assert ends[-1] == spans[CONFIRMATION][1] <= spans[SEALED][0]
    assert all(moment.hour == moment.minute == 0 for moment in ends)
    assert all(start < end for start, end in zip(starts, ends, strict=True))
    assert set(folds["train_start"]) == {spans[DISCOVERY][0]}
    embargo = spans[CONFIRMATION][0] - spans[DISCOVERY][1]
    assert folds["train_end"].to_list() == [start - embargo for start in starts]
    assert folds["train_end"][0] == spans[DISCOVERY][1]
    # As many as are wanted and have a day, and alike to the days that midnights cost.
    assert folds.height == max(1, min(n_folds, (ends[-1] - starts[0]) // DAY))
    lengths = [end - start for start, end in zip(starts, ends, strict=True)]
    assert max(lengths) - min(lengths) < 2 * DAY


@pytest.mark.parametrize("gone", [CONFIRMATION, DISCOVERY])
def test_without_an_era_to_test_or_to_train_on_it_says_which(gone):
    eras = split(january(62), january(90)).filter(pl.col("era") != gone)
    with pytest.raises(InputError, match=f"era {gone}") as refused:
        draw_folds(eras, CONFIG)
    assert refused.value.do
