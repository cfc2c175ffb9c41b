from pathlib import Path

import polars as pl
import pytest

from lake.errors import MissingTable
from lake.files import LocalFiles
from lake.lineage import ancestors, ancestry, blobs_of, reach
from lake.schema import FETCHED, RAW_BARS
from lake.store import Lake
from tests.lake.small import frame_of, journey, put


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(LocalFiles(tmp_path / "lake"))


def test_ancestors_are_all_that_went_in_sorted_each_once(lake: Lake) -> None:
    made = journey(lake)
    both = put(lake, "QUALITY", parents=[made["features"], made["ingest"]])
    put(lake, "BARS", "ETHUSDT-5m")
    addresses = [entry.ref.address for entry in ancestors(lake, [both, made["clean"]])]
    assert addresses == sorted(ref.address for ref in (both, *made.values()))


def test_nothing_comes_from_nothing(lake: Lake) -> None:
    assert ancestors(lake, []) == []


def test_what_is_missing_is_named(lake: Lake) -> None:
    made = journey(lake)
    lake.delete(made["clean"])
    with pytest.raises(MissingTable, match=f"lacks {made['clean']}"):
        ancestors(lake, [made["features"]])
    entries, missing = reach(lake, [made["features"]])
    assert ([e.ref for e in entries], missing) == ([made["features"]], [made["clean"]])


def test_a_tree_goes_down_to_the_raw_bytes(lake: Lake) -> None:
    blob = lake.put_blob(b"zip")
    rows = frame_of(FETCHED, 1).with_columns(
        content=pl.lit(blob), name=pl.lit("BTC.zip"), origin=pl.lit("daily")
    )
    fetched = put(lake, "FETCHED", frame=rows)
    raw = put(lake, "RAW_BARS", parents=[fetched])
    bars = put(lake, "BARS", parents=[raw])
    quality = put(lake, "QUALITY", parents=[raw, bars])
    assert list(ancestry(lake, quality)) == [
        f"{quality}  3 rows",
        f"├─ {raw}  3 rows, content {raw.content}",
        f"│  └─ {fetched}  1 rows, content {fetched.content}",
        f"│     └─ daily BTC.zip  0 bytes, blob {blob}",
        f"└─ {bars}  3 rows",
        f"   └─ {raw} (see above)",
    ]
    assert blobs_of(lake, fetched) == [blob]
    assert blobs_of(lake, bars) == []


def test_a_deleted_ancestor_ends_its_branch(lake: Lake) -> None:
    made = journey(lake)
    lake.delete(made["clean"])
    assert list(ancestry(lake, made["features"]))[1:] == [f"└─ {made['clean']} (deleted)"]


def test_a_raw_table_fetched_anew_is_said_to_be(lake: Lake) -> None:
    made = journey(lake)
    again = put(lake, "RAW_BARS", frame=frame_of(RAW_BARS, 4))
    assert again.address == made["ingest"].address
    assert f"made anew: {again.content[:12]}" in list(ancestry(lake, made["clean"]))[1]


def test_unreadable_fetched_bytes_do_not_hide_the_tree(lake: Lake) -> None:
    fetched = put(lake, "FETCHED")
    raw = put(lake, "RAW_BARS", parents=[fetched])
    (lake.files.root / "tables" / f"{fetched.address}.parquet").unlink()
    assert "its blobs are not known" in list(ancestry(lake, raw))[2]
