from __future__ import annotations

from pathlib import PurePath

import pytest

from tasks.ingest.names import Named, read_name


@pytest.mark.parametrize(
    ("path", "market", "is_archive"),
    [
        ("BTCUSDT/15m.parquet", "BTCUSDT 15m", False),
        ("ETHUSDT/5m_2023_2024.parquet", "ETHUSDT 5m", False),
        ("x/BTCUSDT-5m-2023-01.zip", "BTCUSDT 5m", True),
        ("x/BTCUSDT-1h-2024-01-03.zip", "BTCUSDT 1h", True),
        ("ETHUSDT/BTCUSDT-1h.csv", "BTCUSDT 1h", False),
        ("x/BTCUSDT-5m-2023-01 (1).zip", "BTCUSDT 5m", False),
        ("x/BTCUSDT_240628-1d-2024-05.zip", "BTCUSDT_240628 1d", True),
        ("x/1000SHIBUSDT-4h.CSV", "1000SHIBUSDT 4h", False),
        ("BTCUSDT/1h_2017_2020.parquet", "BTCUSDT 1h", False),
    ],
)
def test_a_name_says_symbol_timeframe_and_whether_it_is_an_archive(path, market, is_archive):
    symbol, timeframe = market.split()
    assert read_name(PurePath(path)) == Named(symbol, timeframe, is_archive)


@pytest.mark.parametrize(
    "path",
    [
        "BTCUSDT/115m.parquet",
        "BTCUSDT/15min.parquet",
        "BTCUSDT/1M.parquet",
        "BTCUSDT/1hour.csv",
        "btcusdt/15m.parquet",
        "../15m.parquet",
        "x/A..B-5m.csv",
        "x/BTCUSDT-5m-2023-01.zip.CHECKSUM",
        "x/BTCUSDT-5m.txt",
        "x/.BTCUSDT-5m.csv",
        "x/MANIFEST.csv",
        "x/BTCUSDT.parquet",
    ],
)
def test_other_names_say_nothing(path):
    assert read_name(PurePath(path)) is None
