import json
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.errors import AssayError, LakeError
from lake.files import LocalFiles, ObjectFiles
from lake.ledger import (
    Looks,
    MarketBars,
    Noted,
    count_looks,
    earlier,
    record_look,
    record_opening,
    record_tests,
    register,
)
from lake.ledger_table import read_ledger
from lake.schema import LEDGER
from lake.store import Lake, open_lake
from lake.sweep import carry_out, plan_sweep
from lake.verify import verify
from tests.lake.small import journey, record_run

ROOT = Path(__file__).resolve().parents[2]
BTC, ETH = "BTCUSDT-5m", "ETHUSDT-5m"
START, END = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 7, 1, tzinfo=UTC)
LATER = datetime(2024, 9, 1, tzinfo=UTC)


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


def bars(
    market: str = BTC,
    first: date = date(2024, 1, 1),
    last: date = date(2024, 8, 31),
    content: str = "c",
) -> MarketBars:
    return MarketBars(market, "binance", content, first, last)


def names(*many: str, market: str = BTC) -> list[str]:
    return [f"{market}|{event}|1h|all" for event in many]


def note(uri: str, grid: str, hypotheses: list[str], **given) -> Noted:
    parameters = given.pop("parameters", "0" * 12)
    defaults = {"run": "one", "bars": [bars()], "start": START, "end": END, "settings": "s"}
    rows = {"hypothesis": hypotheses, "parameters": [parameters] * len(hypotheses)}
    frame = pl.DataFrame(rows, schema={"hypothesis": pl.String, "parameters": pl.String})
    return register(uri, grid=grid, hypotheses=frame, **{**defaults, **given})


def judged(uri: str, noted: Noted, found: dict[str, float | None], run: str = "one") -> Noted:
    columns = {"hypothesis": pl.String, "p": pl.Float64}
    tests = pl.DataFrame({"hypothesis": [*found], "p": [*found.values()]}, schema=columns)
    return record_tests(uri, run=run, entry=noted.entry, tests=tests)


def look(uri: str, noted: Noted, hypotheses: list[str], **given) -> Noted | None:
    frame = pl.DataFrame({"hypothesis": hypotheses}, schema={"hypothesis": pl.String})
    era = {"start": END, "end": LATER}
    return record_look(uri, run="one", entry=noted.entry, hypotheses=frame, **{**era, **given})


def opening(uri: str, hypothesis: str = "all|crash|1h|all", **given) -> Noted:
    era = {"start": LATER, "end": LATER + timedelta(days=30)}
    fields = {"run": "one", "bars": [bars(last=date(2024, 9, 30))], "parameters": "0" * 12}
    return record_opening(uri, hypothesis=hypothesis, **{**fields, **era, **given})


def rows(frame: pl.DataFrame) -> dict[str, tuple[float, int]]:
    return {row["hypothesis"]: (row["p"], row["n_times"]) for row in frame.to_dicts()}


def wrong(uri: str) -> list[tuple[str, str]]:
    return [(f.place, f.what) for f in verify(open_lake(uri)).faults if not f.harmless]


def filled(uri: str) -> list[Noted]:
    """Five entries: a grid, its tests, a look, another grid, its tests."""
    one = note(uri, "g1", names("crash", "spike"))
    tested = judged(uri, one, {names("crash")[0]: 0.01, names("spike")[0]: 0.5})
    looked = look(uri, one, names("crash"))
    two = note(uri, "g2", names("crash", "turn"), run="two")
    return [one, tested, looked, two, judged(uri, two, {names("turn")[0]: 0.2}, run="two")]


# What is asked, and what of it counts.


def test_a_lake_without_a_ledger_has_asked_nothing(uri: str) -> None:
    assert earlier(uri, [bars()], "g").equals(LEDGER.empty())
    assert count_looks(uri, [bars()]) == Looks(0, 0)
    assert read_ledger(open_lake(uri)).rows == ()
    assert not Path(uri).exists()


def test_other_grids_on_the_same_bars_are_told_with_the_least_p(uri: str) -> None:
    filled(uri)
    third = note(uri, "g3", names("crash"))
    assert rows(earlier(uri, [bars()], "g3")) == {
        names("crash")[0]: (0.01, 2),
        f"{names('spike')[0]}|{'0' * 12}": (0.5, 1),
        f"{names('turn')[0]}|{'0' * 12}": (0.2, 1),
    }
    assert third.number == 6
    assert earlier(uri, [bars()], "g3")["event"].to_list() == ["crash", "spike", "turn"]


def test_a_grid_that_was_never_tested_counts_with_p_of_one(uri: str) -> None:
    note(uri, "g1", names("crash"))
    assert earlier(uri, [bars()], "g2")["p"].to_list() == [1.0]


@pytest.mark.parametrize("none", [None, float("nan")])
def test_what_was_too_small_to_test_counts_with_p_of_one(uri: str, none: float | None) -> None:
    one = note(uri, "g1", names("crash", "spike", "turn"))
    judged(uri, one, {names("crash")[0]: none, names("spike")[0]: 0.3})
    assert sorted(earlier(uri, [bars()], "g2")["p"]) == [0.3, 1.0, 1.0]


def test_of_repeated_tests_the_least_p_counts(uri: str) -> None:
    one = note(uri, "g1", names("crash"))
    for p in (0.2, 0.1, 0.4):
        assert judged(uri, one, {names("crash")[0]: p}).is_new
    assert rows(earlier(uri, [bars()], "g2")).popitem()[1] == (0.1, 1)


def test_the_same_name_with_other_parameters_is_another_hypothesis(uri: str) -> None:
    note(uri, "g1", names("crash"), parameters="a" * 12)
    note(uri, "g2", names("crash"), parameters="b" * 12)
    note(uri, "g3", names("crash"), parameters="b" * 12)
    found = rows(earlier(uri, [bars()], "g3"))
    assert set(found) == {names("crash")[0], f"{names('crash')[0]}|{'a' * 12}"}
    assert read_ledger(open_lake(uri)).n_hypotheses == 2


@pytest.mark.parametrize(
    ("first", "last", "n_hypotheses"),
    [
        (date(2024, 1, 1), date(2024, 9, 30), 1),  # a month longer
        (date(2024, 8, 31), date(2025, 1, 1), 1),  # one day is shared
        (date(2023, 1, 1), date(2024, 1, 1), 1),
        (date(2024, 3, 1), date(2024, 3, 1), 1),
        (date(2024, 9, 1), date(2025, 1, 1), 0),  # begins the day after
        (date(2023, 1, 1), date(2023, 12, 31), 0),
    ],
)
def test_bars_of_one_market_are_the_same_where_their_days_meet(
    uri: str, first: date, last: date, n_hypotheses: int
) -> None:
    one = note(uri, "g1", names("crash"))
    look(uri, one, names("crash"), start=START, end=datetime(2024, 9, 1, tzinfo=UTC))
    asked = [bars(first=first, last=last, content="other")]
    assert earlier(uri, asked, "g2").height == n_hypotheses
    assert count_looks(uri, asked).n_looks == n_hypotheses
    note(uri, "g2", names("crash"), bars=asked)
    assert read_ledger(open_lake(uri)).n_hypotheses == 2 - n_hypotheses


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), min_size=1, max_size=6))
def test_stretches_are_counted_as_one_hypothesis_where_they_hang_together(
    tmp_path_factory: pytest.TempPathFactory, stretches: list[tuple[int, int]]
) -> None:
    uri = str(tmp_path_factory.mktemp("many"))
    covered: set[int] = set()
    for index, (first, n_days) in enumerate(stretches):
        days = [date(2024, 1, 1) + timedelta(days=d) for d in (first, first + n_days)]
        note(uri, f"g{index}", names("crash"), bars=[bars(first=days[0], last=days[1])])
        # In half days, so that stretches which merely touch have a hole between them.
        covered |= set(range(2 * first, 2 * (first + n_days) + 1))
    n_islands = sum(half - 1 not in covered for half in covered)
    assert read_ledger(open_lake(uri)).n_hypotheses == n_islands


def test_other_markets_and_timeframes_are_other_bars(uri: str) -> None:
    note(uri, "g1", names("crash"))
    for market in (ETH, "BTCUSDT-1h"):
        assert earlier(uri, [bars(market)], "g2").height == 0


def test_of_many_markets_only_those_that_are_asked_for_count_and_the_pooled(uri: str) -> None:
    both = [*names("crash"), *names("crash", market=ETH), *names("crash", market="all")]
    one = note(uri, "g1", both, bars=[bars(BTC), bars(ETH)])
    look(uri, one, names("crash", market=ETH))
    found = list(rows(earlier(uri, [bars(ETH)], "g2")))
    assert [name.split("|")[0] for name in found] == [ETH, "all"]
    assert count_looks(uri, [bars(BTC)]) == Looks(0, 0)
    assert count_looks(uri, [bars(ETH)]) == Looks(1, 1)


def test_pooled_over_other_markets_is_another_hypothesis(uri: str) -> None:
    pooled = names("crash", market="all")
    note(uri, "g1", pooled, bars=[bars(BTC), bars(ETH)])
    note(uri, "g2", pooled, bars=[bars(BTC), bars(ETH, last=date(2024, 9, 9))])
    note(uri, "g3", pooled, bars=[bars(BTC)])
    found = rows(earlier(uri, [bars(BTC)], "g3"))
    assert list(found.values()) == [(1.0, 2)]
    assert next(iter(found)).startswith(f"{pooled[0]}|{'0' * 12}|")
    assert rows(earlier(uri, [bars(BTC), bars(ETH)], "g2")).keys() > set(pooled)


# Once is enough.


def test_a_repeated_run_adds_nothing(uri: str) -> None:
    first = filled(uri)
    again = filled(uri)
    assert [n.entry for n in first] == [n.entry for n in again]
    assert [n.is_new for n in first + again] == [True] * 5 + [False] * 5
    assert len(read_ledger(open_lake(uri)).rows) == 5


def test_the_order_of_rows_and_markets_does_not_matter(uri: str) -> None:
    pair = [bars(BTC), bars(ETH)]
    one = note(uri, "g1", names("a", "b"), bars=pair)
    assert note(uri, "g1", names("b", "a"), bars=pair[::-1]) == Noted(1, one.entry, False)


@pytest.mark.parametrize(
    "other",
    [
        {"bars": [bars(content="d")]},
        {"bars": [bars(), bars(ETH)]},
        {"grid": "g2"},
        {"end": LATER},
        {"settings": "t"},
        {"parameters": "1" * 12},
    ],
)
def test_what_differs_in_substance_is_another_entry(uri: str, other: dict) -> None:
    note(uri, "g1", names("crash"))
    noted = note(uri, other.pop("grid", "g1"), names("crash"), **other)
    assert (noted.number, noted.is_new) == (2, True)


def test_a_look_is_new_where_hypotheses_bars_or_era_are(uri: str) -> None:
    one = note(uri, "g1", names("crash", "spike"))
    longer = note(uri, "g1", names("crash", "spike"), bars=[bars(content="longer")])
    other = note(uri, "g2", names("crash"))
    assert look(uri, one, names("crash")).is_new
    assert not look(uri, one, names("crash")).is_new
    assert not look(uri, other, names("crash")).is_new
    assert look(uri, one, names("spike")).is_new
    assert look(uri, one, names("crash"), end=LATER - timedelta(days=1)).is_new
    assert look(uri, longer, names("crash")).is_new
    assert count_looks(uri, [bars()]) == Looks(4, 2)


def test_an_opening_is_a_look_that_needs_no_grid_and_is_noted_once(uri: str) -> None:
    assert [opening(uri, run=run).is_new for run in ("one", "two")] == [True, False]
    table = read_ledger(open_lake(uri))
    assert [(row.kind, row.of, row.least_p) for row in table.rows] == [("looked", None, None)]
    assert (table.n_hypotheses, table.n_looks, table.n_looked) == (0, 1, 1)
    assert wrong(uri) == []


def test_an_opening_is_new_where_rule_parameters_bars_or_era_are(uri: str) -> None:
    others: list[dict] = [
        *({}, {"hypothesis": "all|spike|1h|all"}, {"parameters": "1" * 12}),
        *({"bars": [bars(content="other", last=LATER.date())]}, {"end": LATER + timedelta(days=9)}),
    ]
    assert [opening(uri, **other).is_new for other in others * 2] == [True] * 5 + [False] * 5


def test_an_opening_counts_in_its_era_and_for_its_bars(uri: str) -> None:
    opening(uri)
    asked = [bars(last=date(2024, 9, 30))]
    assert count_looks(uri, asked, LATER, LATER + timedelta(days=1)) == Looks(1, 1)
    assert count_looks(uri, asked, START, LATER) == Looks(0, 0)
    assert count_looks(uri, [bars(ETH, last=date(2024, 9, 30))]) == Looks(0, 0)
    assert earlier(uri, asked, "g").height == 0  # nothing was searched there


@pytest.mark.parametrize("market", [BTC, ETH])
def test_a_rule_of_one_market_counts_for_each_market_that_it_is_traded_on(
    uri: str, market: str
) -> None:
    other = "SOLUSDT-5m"
    held = [bars(name, last=date(2024, 9, 30)) for name in (market, other)]
    opening(uri, f"{BTC}|crash|1h|all", bars=held)
    for one in held:
        assert count_looks(uri, [one], LATER) == Looks(1, 1)
    assert read_ledger(open_lake(uri)).n_looked == 2


@pytest.mark.parametrize(
    ("says", "given"),
    [
        ("no market", {"bars": []}),
        ("without a name", {"hypothesis": "all"}),
        ("in order", {"end": LATER}),
        ("with a zone", {"start": datetime(2024, 1, 1)}),
    ],
)
def test_an_opening_of_nothing_is_refused(uri: str, says: str, given: dict) -> None:
    with pytest.raises(AssayError, match=says):
        opening(uri, **given)
    assert read_ledger(open_lake(uri)).rows == ()


def test_who_looks_at_nothing_has_not_looked(uri: str) -> None:
    one = note(uri, "g1", names("crash"))
    assert look(uri, one, []) is None
    assert count_looks(uri, [bars()]) == Looks(0, 0)


def test_looks_are_counted_in_the_era_that_is_asked_for(uri: str) -> None:
    one = note(uri, "g1", names("crash"))
    look(uri, one, names("crash"))
    assert count_looks(uri, [bars()], END, LATER).n_looks == 1
    assert count_looks(uri, [bars()], LATER, LATER + timedelta(days=9)).n_looks == 0
    # Nobody looked there for a proof, but the search itself has seen it.
    assert count_looks(uri, [bars()], START, END).n_looks == 1
    assert count_looks(uri, [bars(last=date(2024, 6, 30))]).n_looks == 0


def test_a_grid_may_be_empty(uri: str) -> None:
    judged(uri, note(uri, "g1", []), {})
    assert earlier(uri, [bars()], "g2").height == 0


# What is refused.


@pytest.mark.parametrize(
    ("says", "act"),
    [
        ("no grid", lambda u, n: judged(u, Noted(1, "f" * 64, False), {names("crash")[0]: 0.1})),
        ("no grid", lambda u, n: look(u, Noted(1, "f" * 64, False), names("crash"))),
        ("lacks", lambda u, n: judged(u, n, {names("turn")[0]: 0.1})),
        ("lacks", lambda u, n: look(u, n, names("turn"))),
        ("outside", lambda u, n: judged(u, n, {names("crash")[0]: 1.1})),
        ("more than once", lambda u, n: note(u, "g", names("a", "a"))),
        ("without a name", lambda u, n: note(u, "g", ["crash"])),
        ("the hypothesis", lambda u, n: note(u, "g", names("a", market=ETH))),
        ("no market", lambda u, n: note(u, "g", [], bars=[])),
        ("each once", lambda u, n: note(u, "g", [], bars=[bars(), bars()])),
        ("in order", lambda u, n: note(u, "g", names("a"), end=START)),
        ("with a zone", lambda u, n: look(u, n, names("crash"), start=datetime(2024, 1, 1))),
        (
            "add or cast",
            lambda u, n: record_tests(u, run="r", entry=n.entry, tests=pl.DataFrame({"p": [1]})),
        ),
    ],
)
def test_what_makes_no_entry_is_refused(uri: str, says: str, act) -> None:
    one = note(uri, "g1", names("crash"))
    with pytest.raises(AssayError, match=says):
        act(uri, one)
    assert len(read_ledger(open_lake(uri)).rows) == 1
    assert wrong(uri) == []


# What was written stays written.


def entry(uri: str, number: int) -> Path:
    return Path(uri, "ledger", f"{number:06d}.json")


def list_of(uri: str, number: int) -> Path:
    file = json.loads(entry(uri, number).read_text())["list"]["file"]
    return Path(uri, "ledger", "lists", f"{file}.parquet")


def swap(uri: str) -> None:
    two, three = entry(uri, 2).read_bytes(), entry(uri, 3).read_bytes()
    entry(uri, 2).write_bytes(three)
    entry(uri, 3).write_bytes(two)


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


TAMPERING = {
    "a changed entry": (lambda u: change(entry(u, 2), "0.01", "0.91"), ["entry 2 is not the one"]),
    "a changed first": (lambda u: change(entry(u, 1), '"g1"', '"g9"'), ["entry 1 is not the one"]),
    "a changed last": (lambda u: change(entry(u, 5), "0.2", "0.9"), ["entry 5 is not the one"]),
    "a missing entry": (lambda u: entry(u, 3).unlink(), ["entry 3 is gone"]),
    "a missing first": (lambda u: entry(u, 1).unlink(), ["entry 1 is gone"]),
    "a missing last": (lambda u: entry(u, 5).unlink(), ["entry 5 is gone"]),
    "a missing end": (
        lambda u: [entry(u, n).unlink() for n in (3, 4, 5)],
        ["entries 3 to 5 are gone"],
    ),
    "all are missing": (
        lambda u: [entry(u, n).unlink() for n in range(1, 6)],
        ["entries 1 to 5 are gone"],
    ),
    "swapped entries": (swap, ["entry 2 says that it is number 3", "entry 3 says that it is"]),
    "a renamed last": (
        lambda u: entry(u, 5).rename(entry(u, 6)),
        ["entry 5 is gone", "entry 6 says that it is number 5"],
    ),
    "an entry cut short": (
        lambda u: entry(u, 5).write_bytes(entry(u, 5).read_bytes()[:-9]),
        ["entry 5 cannot be read"],
    ),
    "an empty entry": (lambda u: entry(u, 5).write_bytes(b""), ["entry 5 cannot be read"]),
    "an entry in the middle cut short": (
        lambda u: entry(u, 2).write_bytes(entry(u, 2).read_bytes()[:40]),
        ["entry 2 cannot be read"],
    ),
    "another spelling": (lambda u: change(entry(u, 5), ",", ", "), ["entry 5 cannot be read"]),
    "a foreign entry": (lambda u: entry(u, 6).write_text("{}"), ["entry 6 cannot be read"]),
    "no entry": (lambda u: entry(u, 2).write_text("[]"), ["entry 2 cannot be read"]),
    "a changed list": (
        lambda u: list_of(u, 2).write_bytes(list_of(u, 4).read_bytes()),
        ["the list of entry 2 was changed"],
    ),
    "a list cut short": (
        lambda u: list_of(u, 1).write_bytes(list_of(u, 1).read_bytes()[:-1]),
        ["the list of entry 1 was changed or cut short"],
    ),
    "a missing list": (lambda u: list_of(u, 4).unlink(), ["the list of entry 4 is gone"]),
    "a changed head": (
        lambda u: change(Path(u, "ledger", "head.json"), '"number":5', '"number":4'),
        ["entry 4 is not the one"],
    ),
    "a head cut short": (
        lambda u: Path(u, "ledger", "head.json").write_bytes(b'{"num'),
        ["it cannot be read"],
    ),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_tampering_is_reported_by_number_and_nothing_goes_on(uri: str, how: str) -> None:
    one = filled(uri)[0]
    tamper, says = TAMPERING[how]
    tamper(uri)
    before = {path: path.read_bytes() for path in Path(uri).rglob("*") if path.is_file()}
    found = [what for _, what in wrong(uri)]
    assert len(found) == len(says)
    assert all(what.startswith(said) for what, said in zip(found, says, strict=True))
    for act in (
        lambda: earlier(uri, [bars()], "g"),
        lambda: count_looks(uri, [bars()]),
        lambda: note(uri, "g3", names("crash")),
        lambda: note(uri, "g1", names("crash", "spike")),
        lambda: judged(uri, one, {names("crash")[0]: 0.5}),
        lambda: look(uri, one, names("spike")),
        lambda: read_ledger(open_lake(uri)),
    ):
        with pytest.raises(LakeError, match="backup"):
            act()
    assert before == {path: path.read_bytes() for path in Path(uri).rglob("*") if path.is_file()}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_flipped_bit_is_found(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    uri = str(tmp_path_factory.getbasetemp() / "flipped")
    filled(uri)
    path = data.draw(st.sampled_from(sorted(Path(uri, "ledger").rglob("*.*"))))
    whole = path.read_bytes()
    place, bit = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 7))
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
    try:
        assert wrong(uri)
        with pytest.raises(LakeError):
            earlier(uri, [bars()], "g")
    finally:
        path.write_bytes(whole)
    assert wrong(uri) == []


def test_a_history_that_is_written_anew_shows_by_the_head(uri: str, tmp_path: Path) -> None:
    filled(uri)
    forged = str(tmp_path / "forged")
    one = note(forged, "g1", names("crash", "spike"))
    for _ in range(4):
        one = note(forged, f"g{one.number}", names("spike"))
    for number in range(1, 6):
        entry(uri, number).write_bytes(entry(forged, number).read_bytes())
        list_of(uri, number).write_bytes(list_of(forged, number).read_bytes())
    assert wrong(uri) == [("ledger/000005.json", "entry 5 is not the one that was written")]


def test_a_run_that_was_killed_before_it_moved_the_head_harms_nothing(uri: str) -> None:
    filled(uri)
    head = Path(uri, "ledger", "head.json")
    old = head.read_bytes()
    note(uri, "g3", names("crash"))
    head.write_bytes(old)
    assert verify(open_lake(uri)).faults == []
    assert note(uri, "g4", names("crash")).number == 7
    assert json.loads(head.read_text())["number"] == 7


def test_a_lost_head_is_told_and_mended(uri: str) -> None:
    filled(uri)
    head = Path(uri, "ledger", "head.json")
    head.unlink()
    assert [(f.place, f.harmless) for f in verify(open_lake(uri)).faults] == [
        ("ledger/head.json", True)
    ]
    note(uri, "g3", names("crash"))
    assert verify(open_lake(uri)).faults == []


def test_lists_without_an_entry_and_strangers_are_harmless(uri: str) -> None:
    filled(uri)
    Path(uri, "ledger", "lists", f"{'0' * 64}.parquet").write_bytes(b"x")
    Path(uri, "ledger", ".DS_Store").write_bytes(b"x")
    assert wrong(uri) == []
    assert len(verify(open_lake(uri)).faults) == 2
    assert note(uri, "g3", names("crash")).number == 6


def test_a_whole_ledger_is_verified(uri: str) -> None:
    filled(uri)
    checked = verify(open_lake(uri))
    assert (checked.faults, checked.n_entries) == ([], 5)


def test_a_sweep_leaves_the_ledger_alone(uri: str) -> None:
    lake = open_lake(uri)
    record_run(lake, "one", journey(lake))
    filled(uri)
    before = earlier(uri, [bars()], "g9")
    carry_out(lake, plan_sweep(lake, 0, 0.0))
    assert list(lake.entries()) == []
    assert wrong(uri) == []
    assert earlier(uri, [bars()], "g9").equals(before)


# Many at once.

_WRITER = """
import sys
from tests.lake.test_ledger import judged, names, note
uri, run, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
for index in range(n):
    judged(uri, note(uri, f"{run}{index}", names("crash", f"{run}{index}"), run=run), {})
    note(uri, f"both{index}", names("both"), run=run)
"""


def writer(uri: str, run: str, n: int) -> subprocess.Popen:
    command = [sys.executable, "-c", _WRITER, uri, run, str(n)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_processes_that_append_at_once_lose_nothing(uri: str) -> None:
    writers = [writer(uri, run, 8) for run in "ab"]
    assert [(w.communicate()[0], w.returncode) for w in writers] == [("ready\n", 0)] * 2
    table = read_ledger(open_lake(uri))
    assert verify(open_lake(uri)).faults == []
    assert [row.number for row in table.rows] == list(range(1, 41))
    assert table.n_hypotheses == 1 + 16 + 1
    assert rows(earlier(uri, [bars()], "none"))[f"{names('crash')[0]}|{'0' * 12}"] == (1.0, 16)


def test_threads_that_note_the_same_make_one_entry(uri: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        noted = list(pool.map(lambda n: note(uri, f"g{n % 3}", names("crash")), range(24)))
    assert len({n.entry for n in noted}) == 3
    assert sum(n.is_new for n in noted) == 3
    assert verify(open_lake(uri)).faults == []


def test_a_killed_process_leaves_a_whole_ledger(uri: str) -> None:
    for delay_seconds in (0.0, 0.013, 0.05):
        process = writer(uri, f"k{delay_seconds}", 100_000)
        process.stdout.readline()
        time.sleep(delay_seconds)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert wrong(uri) == []
        assert note(uri, f"after{delay_seconds}", names("crash")).is_new


@pytest.fixture
def object_lake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Lake:
    fs = pytest.importorskip("pyarrow.fs", reason="object stores go through pyarrow")
    (tmp_path / "bucket").mkdir()
    system = fs.SubTreeFileSystem(str(tmp_path / "bucket"), fs.LocalFileSystem())
    lake = Lake(ObjectFiles("fake://bucket", system, "lake"))
    monkeypatch.setattr("lake.ledger.open_lake", lambda uri: lake)
    return lake


def test_a_ledger_on_an_object_store_is_a_ledger(object_lake: Lake) -> None:
    filled("fake://bucket")
    assert [n.is_new for n in filled("fake://bucket")] == [False] * 5
    assert earlier("fake://bucket", [bars()], "none").height == 3
    assert verify(object_lake).faults == []


def test_who_is_overwritten_on_an_object_store_takes_the_next_number(
    object_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = ObjectFiles.write

    def put_and_be_overwritten(self: ObjectFiles, path: str, data: bytes) -> None:
        put(self, path, data)
        if path == "ledger/000001.json":
            monkeypatch.setattr(ObjectFiles, "write", put)
            put(self, path, data.replace(b'"g1"', b'"g0"'))

    monkeypatch.setattr(ObjectFiles, "write", put_and_be_overwritten)
    assert note("fake://bucket", "g1", names("crash")).number == 2
    assert verify(object_lake).faults == []


def test_a_chain_read_while_another_appends_is_whole(uri: str) -> None:
    process = writer(uri, "w", 15)
    process.stdout.readline()
    while process.poll() is None:
        read_ledger(open_lake(uri))
    process.communicate()
    assert len(read_ledger(open_lake(uri)).rows) == 45


def test_a_ledger_is_read_by_number_though_the_listing_lags(uri: str) -> None:
    filled(uri)

    class Lagging(LocalFiles):
        def walk(self, folder: str):
            return (path for path in super().walk(folder) if not path.endswith("03.json"))

    assert len(read_ledger(Lake(Lagging(Path(uri)))).rows) == 5
