"""Macro scores: known from their publication on, for as long as they are fresh."""

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lake.errors import InputError
from tasks.engines.macro import MacroSeries, Published, keyed_series, read_series, score_at

DAY = 86_400_000


def written(folder: Path, text: str, name: str = "macro.csv") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def read(path: str, every: str = "1d", stale_after: float = 2.0) -> Published:
    (series,) = read_series([MacroSeries(path=path, every=every, stale_after=stale_after)], [path])
    return series


def series_of(pairs, lasts: int) -> Published:
    times, values = zip(*pairs, strict=True)
    return Published(np.array(times, np.int64), np.array(values, float), lasts)


# What counts when.


def test_a_value_counts_from_its_publication_until_it_is_stale() -> None:
    one = series_of([(100, 0.5)], lasts=20)
    scores = score_at(np.array([99, 100, 120, 121]), [one])
    np.testing.assert_array_equal(scores, [np.nan, 0.5, 0.5, np.nan])


def test_the_next_publication_takes_the_place_of_the_last_however_large() -> None:
    one = series_of([(100, 0.9), (110, 0.1)], lasts=50)
    assert score_at(np.array([109, 110]), [one]).tolist() == [0.9, 0.1]


def test_of_several_series_the_largest_that_is_not_stale_counts() -> None:
    fast, slow = series_of([(100, 0.9)], lasts=5), series_of([(90, 0.3)], lasts=100)
    scores = score_at(np.array([95, 102, 110]), [fast, slow])
    assert scores.tolist() == [0.3, 0.9, 0.3]


def test_without_a_series_nothing_is_known() -> None:
    assert np.isnan(score_at(np.arange(4), [])).all()


def test_each_series_is_stale_by_its_own_frequency(tmp_path: Path) -> None:
    path = written(tmp_path, "published,value\n2024-01-01,0.5\n")
    assert read(path, "1d").lasts_ms == 2 * DAY
    assert read(path, "4w", 1.5).lasts_ms == 42 * DAY


@given(
    st.lists(st.tuples(st.integers(0, 60), st.floats(0, 1)), min_size=1, unique_by=lambda p: p[0]),
    st.integers(0, 30),
)
def test_the_score_is_that_of_a_search_through_all_values(pairs, lasts) -> None:
    pairs = sorted(pairs)
    known_at = np.arange(80)
    expected = []
    for moment in known_at:
        before = [(time, value) for time, value in pairs if time <= moment]
        is_fresh = bool(before) and moment - before[-1][0] <= lasts
        expected.append(before[-1][1] if is_fresh else np.nan)
    np.testing.assert_array_equal(score_at(known_at, [series_of(pairs, lasts)]), expected)


# Files.


@pytest.mark.parametrize(
    "text",
    [
        "published,value\n2024-03-20T18:00:00Z,0.25\n2024-03-21T18:00:00Z,1\n",
        "published,value\n2024-03-20 18:00,0.25\n2024-03-21 18:00,1.0\n",
        "value,published,source\n1,2024-03-21T20:00:00+02:00,b\n0.25,2024-03-20T18:00:00+00:00,a\n",
    ],
    ids=["Z", "no zone", "another zone, another order"],
)
def test_a_csv_gives_times_of_publication_in_utc(tmp_path: Path, text: str) -> None:
    found = read(written(tmp_path, text))
    first = datetime(2024, 3, 20, 18, tzinfo=UTC).timestamp() * 1000
    assert found.times.tolist() == [first, first + DAY]
    assert found.values.tolist() == [0.25, 1.0]


@pytest.mark.parametrize(
    "published",
    [
        [date(2024, 3, 20), date(2024, 3, 21)],
        [datetime(2024, 3, 20), datetime(2024, 3, 21)],
        [datetime(2024, 3, 20, tzinfo=UTC), datetime(2024, 3, 21, tzinfo=UTC)],
    ],
    ids=["dates", "no zone", "zone"],
)
def test_parquet_is_read_too(tmp_path: Path, published: list) -> None:
    path = str(tmp_path / "macro.parquet")
    pl.DataFrame({"published": published, "value": [0.5, 0.75]}).write_parquet(path)
    found = read(path)
    midnight = datetime(2024, 3, 20, tzinfo=UTC).timestamp() * 1000
    assert found.times.tolist() == [midnight, midnight + DAY]


WRONG = {
    "no file": (None, "cannot be read"),
    "nothing": ("", "cannot be read"),
    "no row": ("published,value\n", "has no row"),
    "no value": ("published,score\n2024-01-01,0.5\n", "lacks value"),
    "no time": ("published,value\n2024-01-01,0.5\nsoon,0.5\n", "row 2: soon, 0.5"),
    "too large": ("published,value\n2024-01-01,1.5\n", "row 1: 2024-01-01, 1.5"),
    "below zero": ("published,value\n2024-01-01,-0.1\n", "row 1: 2024-01-01, -0.1"),
    "no number": ("published,value\n2024-01-01,high\n", "row 1: 2024-01-01, high"),
    "empty cell": ("published,value\n2024-01-01,\n2024-01-02,0.5\n", "row 1: 2024-01-01, None"),
    "NaN": ("published,value\n2024-01-01,NaN\n", "row 1: 2024-01-01, nan"),
    "twice": (
        "published,value\n2024-01-02T00:00Z,0.1\n2024-01-01,0.2\n2024-01-02,0.3\n",
        "says 2024-01-02T00:00:00Z twice",
    ),
}


@pytest.mark.parametrize(("text", "said"), WRONG.values(), ids=WRONG)
def test_what_is_no_series_is_refused_with_what_to_do(
    tmp_path: Path, text: str | None, said: str
) -> None:
    path = str(tmp_path / "none.csv") if text is None else written(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read(path)
    assert path in caught.value.came
    assert said.lower() in caught.value.came.lower()
    assert caught.value.do


@pytest.mark.parametrize(
    "fields",
    [
        {"path": "", "every": "1d"},
        {"path": "x.csv", "every": "daily"},
        {"path": "x.csv", "every": "1d", "stale_after": 0.5},
        {"path": "x.csv"},
    ],
)
def test_a_series_needs_a_file_and_a_frequency(fields: dict) -> None:
    with pytest.raises(ValidationError):
        MacroSeries(**fields)


# Keys.


def test_what_is_in_a_file_counts_and_not_where_it_lies(tmp_path: Path) -> None:
    text = "published,value\n2024-01-01,0.5\n"
    here, there = written(tmp_path, text, "a.csv"), written(tmp_path, text, "b.csv")
    other = written(tmp_path, text + "2024-01-02,0.5\n", "c.csv")
    keys = [keyed_series([MacroSeries(path=p, every="1d")]) for p in (here, there, other)]
    assert keys[0] == keys[1] != keys[2]
    assert str(tmp_path) not in keys[0][0].path


def test_a_file_that_changed_since_it_was_keyed_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "published,value\n2024-01-01,0.5\n")
    keyed = keyed_series([MacroSeries(path=path, every="1d")])
    assert read_series(keyed, [path])[0].values.tolist() == [0.5]
    written(tmp_path, "published,value\n2024-01-01,0.6\n")
    with pytest.raises(InputError, match="not what it was"):
        read_series(keyed, [path])
