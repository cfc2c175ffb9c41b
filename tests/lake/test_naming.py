from pathlib import Path

import pytest

from lake.errors import LakeError, MissingTable
from lake.files import LocalFiles
from lake.naming import find_table, used_addresses
from lake.store import Lake
from tests.lake.small import journey, put, record_run


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(LocalFiles(tmp_path / "lake"))


def test_an_address_names_its_table_and_so_does_the_beginning_of_its_key(lake: Lake) -> None:
    ref = journey(lake)["clean"]
    place = f"{ref.kind}/{ref.market}/{ref.part}"
    for word in (ref.address, f"{place}/{ref.key[:6]}", ref.key[:6], ref.key):
        assert find_table(lake, [word]).ref == ref


def test_a_kind_names_the_table_of_the_last_run_that_used_one(lake: Lake) -> None:
    old, new = journey(lake, n=1), journey(lake, n=2)
    record_run(lake, "first", new)
    record_run(lake, "second", old, state="cached")
    record_run(lake, "third", {"ingest": old["ingest"]})
    for words in (["FEATURES"], ["features", "BTCUSDT-5m"], ["FEATURES", "BTCUSDT-5m", "-"]):
        assert find_table(lake, words).ref == old["features"]


def test_a_kind_without_a_run_names_the_only_one(lake: Lake) -> None:
    bars = journey(lake)["clean"]
    assert find_table(lake, ["BARS"]).ref == bars


def test_several_are_all_listed(lake: Lake) -> None:
    one, other = (put(lake, "OUTCOMES", part=part) for part in ("1h", "8h"))
    record_run(lake, "run", {"1": one, "8": other})
    with pytest.raises(LakeError) as caught:
        find_table(lake, ["OUTCOMES"])
    assert one.address in str(caught.value)
    assert other.address in str(caught.value)
    assert find_table(lake, ["OUTCOMES", "BTCUSDT-5m", "8h"]).ref == other


@pytest.mark.parametrize(
    "words",
    [
        ["FINDINGS"],
        ["BARS", "ETHUSDT-5m"],
        ["abcdef123456"],
        ["BARS/BTCUSDT-5m/-/" + "0" * 64],
        ["BARS/BTCUSDT-5m/-/abcdef"],
    ],
)
def test_what_is_not_there_is_said_so(lake: Lake, words: list[str]) -> None:
    journey(lake)
    with pytest.raises(MissingTable, match="python -m lake ls"):
        find_table(lake, words)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["abcde"], "at least 6"),
        (["nonsense"], "KIND is one of"),
        (["a/z"], "KIND/market/part/KEY"),
        (["a/../b/z"], "KIND/market/part/KEY"),
        (["../../x"], "KIND/market/part/KEY"),
        (["BARS", "x", "-", "y"], "KIND is one of"),
    ],
)
def test_what_names_nothing_is_explained(lake: Lake, words: list[str], says: str) -> None:
    journey(lake)
    with pytest.raises(LakeError, match=says):
        find_table(lake, words)


def test_a_run_uses_each_address_once_and_failed_stages_none() -> None:
    stages = [{"address": "b"}, {"address": "a"}, {"address": None}, {"address": "b"}]
    assert used_addresses({"stages": stages}) == ["a", "b"]
