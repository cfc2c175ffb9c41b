from pathlib import Path

import pytest

from lake.errors import LakeError
from lake.explain import explain
from lake.files import LocalFiles
from lake.schema import RAW_BARS
from lake.store import Lake
from tests.lake.small import frame_of, journey, put, record_run


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(LocalFiles(tmp_path / "lake"))


def _why(lake: Lake, *words: str, run: str | None = None) -> list[str]:
    return [line.strip() for line in explain(lake, words, run) if line][1:]


def test_what_was_never_made_before_was_made_for_the_first_time(lake: Lake) -> None:
    record_run(lake, "one", journey(lake))
    assert _why(lake, "features") == [
        "features BTCUSDT-5m  computed",
        "no earlier table to compare with: first time",
    ]


def test_what_was_reused_names_the_run_that_made_it(lake: Lake) -> None:
    made = journey(lake)
    record_run(lake, "one", made)
    record_run(lake, "two", made, state="cached")
    record_run(lake, "three", made, state="cached")
    assert _why(lake, "clean")[1] == (
        "same code (1 modules), config, parents and libraries as the table made in run one"
    )
    assert len(_why(lake)) == 6


def test_each_differing_field_of_the_key_is_named(lake: Lake) -> None:
    bars = put(lake, "BARS")
    old = put(
        lake,
        "FEATURES",
        parents=[bars],
        code={"tasks.a": "a" * 64, "tasks.b": "b" * 64, "tasks.c:f": "e" * 64, "tasks.same": "s"},
        config={"features": {"fast": "8h", "same": 1, "gone": True}, "windows": [1, 2]},
        libraries={"polars": "2.1.0", "numpy": "2.4"},
    )
    new_bars = put(lake, "BARS", config={"max_jump": 2})
    new = put(
        lake,
        "FEATURES",
        parents=[new_bars],
        code={"tasks.a": "c" * 64, "tasks.new": "d" * 64, "tasks.c:f": "f" * 64, "tasks.same": "s"},
        config={"features": {"fast": "4h", "same": 1}, "windows": [1, 3, 4]},
        libraries={"polars": "2.2.0", "numpy": "2.4"},
    )
    record_run(lake, "one", {"clean": bars, "features": old})
    record_run(lake, "two", {"clean": new_bars, "features": new})
    assert _why(lake, "features") == [
        f"features BTCUSDT-5m  computed, unlike {old.key[:12]} of run one",
        "code: module tasks.a changed: aaaaaaaaaaaa -> cccccccccccc",
        "code: module tasks.b removed: was bbbbbbbbbbbb",
        "code: function tasks.c:f changed: eeeeeeeeeeee -> ffffffffffff",
        "code: module tasks.new added: dddddddddddd",
        'config: features.fast changed: "8h" -> "4h"',
        "config: features.gone removed: was true",
        "config: windows.1 changed: 2 -> 3",
        "config: windows.2 added: 4",
        f"parents: BARS/BTCUSDT-5m/- changed: {bars.key[:12]} -> {new_bars.key[:12]}, "
        "follows from clean BTCUSDT-5m (computed)",
        "libraries: polars changed: 2.1.0 -> 2.2.0",
    ]


def test_changed_raw_data_show_as_their_content(lake: Lake) -> None:
    raw = put(lake, "RAW_BARS", config={"part": "old"})
    bars = put(lake, "BARS", parents=[raw])
    record_run(lake, "one", {"ingest": raw, "clean": bars})
    new = put(lake, "RAW_BARS", config={"part": "new"}, frame=frame_of(RAW_BARS, shift=1.0))
    record_run(lake, "two", {"ingest": new, "clean": put(lake, "BARS", parents=[new])})
    assert _why(lake, "clean")[-1].startswith(
        f"parents: RAW_BARS/BTCUSDT-5m/- changed: {raw.content[:12]} -> {new.content[:12]}"
    )


def test_the_latest_earlier_table_of_the_same_market_and_part_is_the_measure(lake: Lake) -> None:
    refs = [put(lake, "OUTCOMES", part="1h", config={"n": n}) for n in range(3)]
    other = put(lake, "OUTCOMES", part="8h", config={"n": 9})
    record_run(lake, "one", {"outcomes": refs[0]})
    record_run(lake, "two", {"outcomes": refs[1], "others": other})
    record_run(lake, "three", {"outcomes": refs[2]})
    assert _why(lake, "outcomes") == [
        f"outcomes BTCUSDT-5m 1h  computed, unlike {refs[1].key[:12]} of run two",
        "config: n changed: 1 -> 2",
    ]
    assert _why(lake, "outcomes", run="tw")[1] == "config: n changed: 0 -> 1"


def test_a_deleted_measure_is_passed_over_and_said_when_it_was_the_only_one(lake: Lake) -> None:
    refs = [put(lake, "BARS", config={"n": n}) for n in range(3)]
    for number, ref in enumerate(refs):
        record_run(lake, f"run{number}", {"clean": ref})
    lake.delete(refs[1])
    assert "of run run0" in _why(lake, "clean")[0]
    lake.delete(refs[0])
    assert _why(lake, "clean")[1] == (
        "no earlier table to compare with: 2 earlier ones have been deleted"
    )


def test_an_unrecorded_table_serves_where_no_run_has_one(lake: Lake) -> None:
    old = put(lake, "BARS", config={"n": 1})
    record_run(lake, "one", {"clean": put(lake, "BARS", config={"n": 2})})
    assert _why(lake, "clean") == [
        f"clean BTCUSDT-5m  computed, unlike {old.key[:12]} of no recorded run",
        "config: n changed: 1 -> 2",
    ]


def test_the_same_key_made_twice_was_refreshed_or_lost(lake: Lake) -> None:
    made = journey(lake)
    record_run(lake, "one", made)
    record_run(lake, "two", made, refresh=["clean"])
    assert _why(lake, "clean")[1] == "same key as before, but asked for by --refresh"
    assert _why(lake, "features")[1] == "same key as before, but the table was missing or broken"


def test_a_failed_stage_says_its_error(lake: Lake) -> None:
    stage = {
        "stage": "clean",
        "market": "X-5m",
        "part": "-",
        "state": "failed",
        "error": "bad\nbars",
    }
    record = {"run": "one", "started": "2024", "finished": None, "stages": [stage]}
    lake.put_run("one", record)
    assert _why(lake) == ["clean X-5m  failed", "bad", "bars"]
    assert next(explain(lake, [], None)).endswith("did not finish")


def test_a_table_may_be_named_instead_of_a_stage(lake: Lake) -> None:
    made = journey(lake)
    record_run(lake, "one", made)
    for words in (["FEATURES"], [made["features"].key[:8]], [made["features"].address]):
        assert _why(lake, *words)[0] == "features BTCUSDT-5m  computed"


def test_a_task_is_named_where_it_is_not_its_stage(lake: Lake) -> None:
    record_run(lake, "one", {"clean": put(lake, "BARS")})
    run = lake.runs()[0]
    run["stages"][0]["task"] = "lay"
    run["stages"][0]["seconds"] = 1.234
    lake.put_run("one", run)
    for word in ("clean", "lay"):
        assert _why(lake, word)[0] == "clean / lay BTCUSDT-5m  computed in 1.23 s"


@pytest.mark.parametrize(
    ("words", "run", "says"),
    [
        (["cleaning"], None, "has no stage 'cleaning'"),
        (["QUALITY"], None, "neither made nor found"),
        ([], "x", "0 runs are named 'x'"),
        ([], "t", "2 runs are named 't'"),
    ],
)
def test_what_no_run_knows_is_explained(lake: Lake, words: list, run: str, says: str) -> None:
    put(lake, "QUALITY")
    record_run(lake, "two", journey(lake))
    record_run(lake, "three", journey(lake))
    with pytest.raises(LakeError, match=says):
        _why(lake, *words, run=run)


def test_a_run_killed_at_its_start_has_nothing_to_explain(lake: Lake) -> None:
    record_run(lake, "killed", {}, finished=False)
    assert _why(lake) == ["it recorded no stage"]


def test_without_a_run_nothing_can_be_explained(lake: Lake) -> None:
    with pytest.raises(LakeError, match="no run is recorded"):
        _why(lake)


def test_tasks_of_a_stage_with_the_same_reason_stand_together(lake: Lake) -> None:
    for n in (1, 2):
        parts = {p: put(lake, "OUTCOMES", part=p, config={"n": n}) for p in ("1h", "8h")}
        record_run(lake, f"run{n}", parts)
        run = lake.runs()[-1]
        run["stages"] = [stage | {"stage": "outcomes"} for stage in run["stages"]]
        lake.put_run(f"run{n}", run)
    first, second, reason = _why(lake, "outcomes")
    assert reason == "config: n changed: 1 -> 2"
    assert (first[:30], second[:30]) == (
        "outcomes / 1h BTCUSDT-5m 1h  c",
        "outcomes / 8h BTCUSDT-5m 8h  c",
    )
