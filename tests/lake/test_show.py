import json
from pathlib import Path

import polars as pl
import pytest

from lake.files import LocalFiles
from lake.schema import TABLES
from lake.show import (
    aligned,
    listing,
    listing_lines,
    size_text,
    table_csv,
    table_json,
    table_lines,
)
from lake.store import Lake
from tests.lake.small import frame_of, journey, put, record_run


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(LocalFiles(tmp_path / "lake"))


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 kB"), (5 * 2**20, "5.0 MB"), (2**40, "1.0 TB")],
)
def test_sizes_are_said_in_powers_of_1024(n_bytes: int, text: str) -> None:
    assert size_text(n_bytes) == text


def test_columns_line_up() -> None:
    assert list(aligned([("a", "1"), ("bbb", "22")], right=(1,))) == ["a     1", "bbb  22"]


def test_a_listing_says_which_runs_used_a_table(lake: Lake) -> None:
    made = journey(lake)
    record_run(lake, "one", made)
    record_run(lake, "two", {"clean": made["clean"]}, state="cached")
    put(lake, "BARS", "ETHUSDT-5m")
    tables = {(t["kind"], t["market"]): t for t in listing(lake, None, None)}
    assert tables["BARS", "BTCUSDT-5m"]["runs"] == ["one", "two"]
    assert tables["BARS", "ETHUSDT-5m"]["runs"] == []
    assert len(listing(lake, "BARS", None)) == 2
    assert len(listing(lake, "BARS", "ETHUSDT-5m")) == 1
    lines = list(listing_lines(listing(lake, "BARS", None)))
    assert lines[0].split() == ["KIND", "MARKET", "PART", "KEY", "ROWS", "SIZE", "RUNS"]
    assert lines[1].endswith("two and 1 before")
    assert lines[2].endswith("none")
    assert lines[3].startswith("2 tables, ")


def test_an_empty_listing_is_a_total(lake: Lake) -> None:
    assert list(listing_lines([])) == ["0 tables, 0 B"]


@pytest.mark.parametrize("kind", sorted(TABLES))
@pytest.mark.parametrize("n_rows", [0, 3])
def test_every_kind_can_be_shown(lake: Lake, kind: str, n_rows: int) -> None:
    frame = frame_of(TABLES[kind], n_rows)
    entry = lake.entry(put(lake, kind, frame=frame).address)
    text = "\n".join(table_lines(lake, entry, 2, 100))
    for column, meaning in TABLES[kind].meaning.items():
        assert column in text
        assert meaning in text
    assert f"first {min(2, n_rows)} of {n_rows} rows" in text
    value = json.loads(table_json(lake, entry, 2))
    assert [c["name"] for c in value["columns"]] == list(TABLES[kind].columns)
    assert len(value["rows"]) == min(2, n_rows)


def test_missing_numbers_are_counted_and_left_out_of_the_range(lake: Lake) -> None:
    frame = frame_of(TABLES["FEATURES"], 4).with_columns(
        atr=pl.Series([float("nan"), 2.0, 5.0, 3.0]),
        session=pl.Series([None, None, 1, 2], dtype=pl.Int8),
    )
    entry = lake.entry(put(lake, "FEATURES", frame=frame).address)
    rows = {
        line.split()[0]: line.split() for line in table_lines(lake, entry, 1, 1000) if line.strip()
    }
    assert rows["atr"][1:5] == ["Float64", "1", "2", "5"]
    assert rows["session"][1:5] == ["Int8", "2", "1", "2"]


def test_a_list_is_shown_by_its_length_and_first_members(lake: Lake) -> None:
    frame = frame_of(TABLES["EFFECTS"], 2).with_columns(
        cluster=pl.Series([[7, 9], [8]], dtype=pl.List(pl.Int64)),
        n=pl.Series([[1.0, float("nan")], [250.5]]),
    )
    entry = lake.entry(put(lake, "EFFECTS", frame=frame).address)
    lines = list(table_lines(lake, entry, 2, 1000))
    about = {line.split()[0]: line.split() for line in lines if line.strip()}
    assert about["cluster"][1:7] == ["lists", "of", "Int64", "0", "7", "9"]
    assert about["n"][1:7] == ["lists", "of", "Float64", "0", "1", "250.5"]
    assert "2: 7 9" in lines[-2]
    assert "1: 8" in lines[-1]
    assert "1: 250.5" in lines[-1]


@pytest.mark.parametrize("kind", ["EFFECTS", "SEARCH", "BARS"])
def test_a_table_with_lists_can_be_had_as_csv(kind: str) -> None:
    frame = frame_of(TABLES[kind])
    read = pl.read_csv(table_csv(frame).encode())
    assert (read.columns, read.height) == (frame.columns, frame.height)
    lists = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
    for name in lists:
        assert read[name][1].split(" ") == [str(member) for member in frame[name][1]]


def test_long_texts_are_cut(lake: Lake) -> None:
    frame = pl.DataFrame({"name": ["page"], "html": ["<p>" * 1000]})
    entry = lake.entry(put(lake, "REPORT", frame=frame).address)
    assert max(map(len, table_lines(lake, entry, 5, 100))) <= 200


def test_columns_that_do_not_fit_follow_below(lake: Lake) -> None:
    entry = lake.entry(put(lake, "BARS").address)
    lines = list(table_lines(lake, entry, 2, 80))
    rows = lines[lines.index("first 2 of 3 rows") + 1 :]
    heads = [line.split() for index, line in enumerate(rows) if index % 4 == 0]
    assert [name for head in heads for name in head] == list(TABLES["BARS"].columns)
    assert all(len(line) <= 80 for line in rows)
    assert rows[1].startswith("2024-01-01 12:00:00Z  0")
