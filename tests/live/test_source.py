"""What a file says of itself, and what is refused before its first bar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lake.errors import InputError
from tasks.clean.config import CleanConfig
from tasks.ingest.config import IngestConfig
from tasks.live.source import Source, open_source
from tasks.live.tail import NUMBERS

START = datetime(2024, 1, 1, tzinfo=UTC)
ANY = IngestConfig()


def table(n: int = 50, minutes: int = 60) -> pl.DataFrame:
    k = np.arange(n)
    return pl.DataFrame(
        {
            "open_time": [START + timedelta(minutes=minutes) * int(i) for i in k],
            "open": 10.0 + k,
            "high": 11.0 + k,
            "low": 9.0 + k,
            "close": 10.5 + k,
            "volume": 5.0 + k,
            "count": k.astype(np.float64),
        }
    )


def opened(path: Path, asked: IngestConfig = ANY) -> Source:
    return open_source(str(path), asked, CleanConfig())


def test_a_file_says_whose_bars_it_holds_and_its_rows_come_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "ETHUSDT-1h.parquet"
    table().write_parquet(path)
    source = opened(path)
    rows = list(source.rows())
    assert (source.market, source.timeframe) == ("ETHUSDT-1h", "1h")
    assert len(rows) == len(source) == 49  # the last may not be final
    assert rows[3].time_ms == int((START + timedelta(hours=3)).timestamp() * 1000)
    assert rows[3].numbers[:5] == (13.0, 14.0, 12.0, 13.5, 8.0)
    assert rows[3].numbers[NUMBERS.index("trades")] == 3.0
    assert next(source.rows(3))[:1] == rows[3][:1]


def test_an_archive_s_last_bar_counts(tmp_path: Path) -> None:
    path = tmp_path / "ETHUSDT-1h-2024-01.csv"
    table().write_csv(path)
    assert len(opened(path)) == 50


def test_a_row_without_a_time_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "ETHUSDT-1h-2024-01.parquet"
    frame = table()
    times = frame["open_time"].to_list()
    times[7] = None
    frame.with_columns(open_time=pl.Series(times)).write_parquet(path)
    assert [k for k, row in enumerate(opened(path).rows()) if row.time_ms is None] == [7]


def test_a_name_that_says_nothing_is_helped_by_flag_and_spacing(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    table(minutes=15).write_csv(path)
    assert opened(path, IngestConfig(symbols=("ETHUSDT",))).market == "ETHUSDT-15m"
    with pytest.raises(InputError, match="does not say whose bars"):
        opened(path)


def test_only_the_days_that_are_asked_for_come(tmp_path: Path) -> None:
    path = tmp_path / "ETHUSDT-1h.csv"
    table(n=100).write_csv(path)
    days = IngestConfig(
        start=START.date() + timedelta(days=1), end=START.date() + timedelta(days=2)
    )
    assert len(opened(path, days)) == 48


def refused(path: Path, asked: IngestConfig = ANY) -> str:
    with pytest.raises(InputError) as error:
        opened(path, asked)
    assert error.value.wanted
    assert error.value.do
    return error.value.came


def test_a_name_its_bars_and_a_flag_must_agree(tmp_path: Path) -> None:
    path = tmp_path / "ETHUSDT-15m.csv"
    table().write_csv(path)
    assert "its bars are 1h, its name says 15m" in refused(path)
    path = path.rename(tmp_path / "ETHUSDT-1h.csv")
    assert "its name says 1h, --timeframe says 4h" in refused(path, IngestConfig(timeframe="4h"))
    assert "no file holds bars of BTCUSDT" in refused(path, IngestConfig(symbols=("BTCUSDT",)))


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    assert "is not there" in refused(tmp_path / "ETHUSDT-1h.csv")
    assert "is a folder" in refused(tmp_path)
    empty = tmp_path / "ETHUSDT-1h.parquet"
    empty.write_bytes(b"")
    assert "is empty" in refused(empty)
    table().write_parquet(empty)
    empty.write_bytes(empty.read_bytes()[:-100])
    assert "no whole Parquet file" in refused(empty)


def test_columns_that_lack_are_named(tmp_path: Path) -> None:
    path = tmp_path / "ETHUSDT-1h.csv"
    table().drop("close", "volume").write_csv(path)
    assert "lacks the columns close, volume" in refused(path)


def test_what_clean_would_refuse_as_a_whole_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ETHUSDT-1h.csv"
    far = table().with_columns(
        open_time=pl.when(pl.int_range(pl.len()) > 40)
        .then(pl.col("open_time") + timedelta(days=900))
        .otherwise("open_time")
    )
    far.write_csv(path)
    assert "gaps" in refused(path)
    table().with_columns(close=pl.lit(-1.0)).write_csv(path)
    assert "no row of ETHUSDT-1h is a bar" in refused(path)


def test_funding_comes_from_a_file_beside(tmp_path: Path) -> None:
    path = tmp_path / "ETHUSDT-1h.csv"
    table().write_csv(path)
    beside = tmp_path / "ETHUSDT-fundingRate.csv"
    stamp = int(START.timestamp() * 1000)
    beside.write_text(f"calc_time,funding_interval_hours,last_funding_rate\n{stamp},8,0.0003\n")
    source = opened(path, IngestConfig(funding=str(beside)))
    assert source.funding is not None
    assert source.funding["rate"].to_list() == [0.0003]
    assert opened(path).funding is None
