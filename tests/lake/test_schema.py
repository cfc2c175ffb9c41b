import polars as pl
import pytest

from lake.errors import SchemaError
from lake.schema import BARS, TABLES, TIME
from tests.lake.small import frame_of

tables = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())


@tables
def test_a_table_speaks_only_of_its_own_columns(table) -> None:
    assert set(table.meaning) <= set(table.columns)
    assert set(table.order) <= set(table.columns)
    assert len(set(table.order)) == len(table.order)


@tables
def test_a_table_is_named_as_it_is_listed_and_safely(table) -> None:
    assert TABLES[table.name] is table
    assert table.name.isupper()
    assert all(name.isidentifier() and name.islower() for name in table.columns)


@tables
def test_every_time_is_utc_in_milliseconds(table) -> None:
    assert {d for d in table.columns.values() if isinstance(d, pl.Datetime)} <= {TIME}


@tables
def test_a_table_without_rows_fits(table) -> None:
    assert table.conform(table.empty()).columns == list(table.columns)


def test_columns_are_put_in_order() -> None:
    frame = frame_of(BARS)
    assert BARS.conform(frame[frame.columns[::-1]]).equals(frame)


def test_missing_and_extra_columns_are_named() -> None:
    frame = frame_of(BARS).drop("close").with_columns(closing=1.0)
    with pytest.raises(SchemaError, match=r"lacks \['close'\] and brings \['closing'\]"):
        BARS.conform(frame)


@pytest.mark.parametrize(
    "wrong",
    [
        {"close": pl.Float32},
        {"close": pl.Int64},
        {"time": pl.Datetime("us", "UTC")},
        {"time": pl.Datetime("ms")},
        {"is_gap": pl.Int8},
    ],
)
def test_a_wrong_dtype_is_named_with_the_right_one(wrong: dict) -> None:
    frame = frame_of(BARS).cast(wrong)
    with pytest.raises(SchemaError) as caught:
        BARS.conform(frame)
    name = next(iter(wrong))
    assert name in caught.value.came
    assert str(BARS.columns[name]) in caught.value.wanted or name in caught.value.wanted
