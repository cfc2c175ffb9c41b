"""A replay that was stopped or killed goes on as if nothing had been."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from threading import Event

import pytest
from polars.testing import assert_frame_equal

from lake.errors import AssayError, ConfigError, InputError
from tasks.live.config import LiveConfig
from tasks.live.journal import to_line
from tasks.live.keeping import Keeper
from tasks.live.live import Live
from tasks.live.pace import Pace
from tasks.live.replay import Ended, replay
from tasks.live.screen import Row
from tasks.live.setting import Setting
from tests.live.market import (
    SETTING,
    START,
    Ear,
    account_of,
    dirty,
    other,
    raw_rows,
    replayed,
    source_of,
    table_of,
)

OFTEN = LiveConfig(save_bars=10, save_seconds=0.0)


@cache
def rows() -> list[Row]:
    return dirty(raw_rows())


@cache
def whole() -> tuple[Ear, Live, Ended]:
    return replayed(rows(), SETTING)


@cache
def delicate() -> list[int]:
    """Cuts after a few rows, with an order under way, before a spike and before a stop."""
    live, pending, wild, ending = Live(SETTING), [], [], []
    for k, row in enumerate(rows()):
        n_closed, is_pending = live.n_closed, bool(live.trader.pending())
        if live.hear(row).reason == "spike":
            wild.append(k)
        if live.n_closed > n_closed and not is_pending:
            ending.append(k)
        if live.trader.pending():
            pending.append(k + 1)
    return sorted({1, 3, *pending[3::9], *wild[::6], *ending[1::4]})


def keeper_of(place: Path, live: Live, kept: list[Row], setting: Setting = SETTING) -> Keeper:
    return Keeper(place, live, source_of(kept), setting.keyed(), OFTEN)


def started(place: Path, kept: list[Row]) -> tuple[Ear, Live, Ended]:
    """A replay that keeps its state, from the first row."""
    live, ear = Live(SETTING), Ear()
    keeper = keeper_of(place, live, kept)
    keeper.begin()
    return ear, live, replay(live, source_of(kept), OFTEN, Pace(0.0, Event()), ear, keeper)


def resumed(place: Path, kept: list[Row]) -> tuple[Ear, Live, Ended]:
    """A replay that goes on from the state."""
    live, ear = Live(SETTING), Ear()
    keeper = keeper_of(place, live, kept)
    keeper.resume()
    return ear, live, replay(live, source_of(kept), OFTEN, Pace(0.0, Event()), ear, keeper)


def journal_of(place: Path) -> list[str]:
    return Path(f"{place}.jsonl").read_text().splitlines()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "live.state"


def assert_is_the_whole(live: Live, ended: Ended, place: Path) -> None:
    ear, mine, its = whole()
    assert ended.state_hash == its.state_hash
    assert ended.equity == its.equity
    assert (ended.decided, ended.quarantined) == (its.decided, its.quarantined)
    assert (ended.n_slots, ended.n_closed, ended.n_open) == (
        *(its.n_slots, its.n_closed, its.n_open),
    )
    for name in ("trades", "fills", "equity"):
        assert_frame_equal(
            getattr(account_of(live), name), getattr(account_of(mine), name), check_exact=True
        )
    assert journal_of(place) == [to_line(decision) for decision in ear.decisions]


def test_a_replay_that_grows_by_parts_ends_as_the_whole(place: Path) -> None:
    first, *cuts = delicate()
    started(place, rows()[:first])
    for cut in (*cuts, len(rows())):
        _, live, ended = resumed(place, rows()[:cut])
    assert_is_the_whole(live, ended, place)


class Crash(Exception):
    pass


class Crashing(Ear):
    """Dies at the first row that is told after so many decisions, as a kill would let it."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.n = n

    def decided(self, decision: dict) -> None:
        super().decided(decision)
        if len(self.decisions) == self.n:
            raise Crash


@pytest.mark.parametrize("n", [1, 4, 19])
def test_a_replay_that_died_between_two_saves_ends_as_the_whole(place: Path, n: int) -> None:
    live, ear = Live(SETTING), Crashing(n)
    keeper = keeper_of(place, live, rows())
    keeper.begin()
    with pytest.raises(Crash):
        replay(live, source_of(rows()), OFTEN, Pace(0.0, Event()), ear, keeper)
    keeper.close()
    again, live, ended = resumed(place, rows())
    assert_is_the_whole(live, ended, place)
    assert len(again.decisions) + n >= len(whole()[0].decisions)


def test_a_replay_that_is_stopped_tells_no_fate_that_is_to_come(place: Path) -> None:
    live, ear = Live(SETTING), Ear()

    class Stopping(Pace):
        def goes_on(self) -> bool:
            return not live.trader.pending()

    keeper = keeper_of(place, live, rows())
    keeper.begin()
    pace = Stopping(0.0, Event())
    ended = replay(live, source_of(rows()), OFTEN, pace, ear, keeper)
    assert ended.stopped
    assert live.trader.pending()
    again, live, last = resumed(place, rows())
    assert_is_the_whole(live, last, place)
    both = [to_line(each) for each in (*ear.decisions, *again.decisions)]
    assert both == [to_line(each) for each in whole()[0].decisions]


def test_the_journal_is_the_table_of_decisions(place: Path) -> None:
    ear, _, _ = started(place, rows())
    assert_frame_equal(table_of(journal_of(place)), ear.table, check_exact=True)


def test_a_state_that_is_there_is_not_written_over(place: Path) -> None:
    place.write_text("dear")
    with pytest.raises(ConfigError, match="is there already"):
        keeper_of(place, Live(SETTING), rows()).begin()
    assert place.read_text() == "dear"


def test_a_state_of_other_rows_is_refused(place: Path) -> None:
    started(place, rows()[:100])
    number, moment = list(rows()), list(rows())
    number[40] = number[41]
    moment[40] = moment[40]._replace(time_ms=START)
    for kept in (number, moment, rows()[:99]):
        with pytest.raises(InputError, match="the first 100 rows"):
            keeper_of(place, Live(SETTING), kept).resume()


@pytest.mark.parametrize(
    ("changed", "said"), [({"engine": "smc"}, "engine was 'fusion'"), ({"start": 5}, "start was")]
)
def test_a_state_of_another_setting_is_refused(place: Path, changed: dict, said: str) -> None:
    started(place, rows()[:20])
    setting = other(**changed)
    with pytest.raises(ConfigError, match=said):
        keeper_of(place, Live(setting), rows(), setting).resume()


def test_a_state_of_another_version_is_refused(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started(place, rows()[:20])
    monkeypatch.setattr("tasks.live.setting.code_of", lambda *_: {"tasks.kernels.smc": "0" * 64})
    with pytest.raises(ConfigError, match="program was"):
        keeper_of(place, Live(SETTING), rows()).resume()


def test_decisions_that_were_taken_away_are_missed(place: Path) -> None:
    started(place, rows())
    Path(f"{place}.jsonl").write_text("")
    with pytest.raises(AssayError, match="holds 0 bytes"):
        keeper_of(place, Live(SETTING), rows()).resume()


def test_saving_takes_a_small_part_of_the_time(place: Path) -> None:
    """A state that takes a second to write is not written again before twenty have gone."""
    now, n_saves = [0.0], [0]
    live = Live(SETTING)

    class Slow(Keeper):
        def save(self) -> None:
            n_saves[0] += 1
            super().save()
            self._note_save(1.0)

    keeper = Slow(place, live, source_of(rows()), SETTING.keyed(), OFTEN, lambda: now[0])
    keeper.begin()
    for row in rows()[:100]:
        now[0] += 1.0
        live.hear(row)
        keeper.save_if_due()
    assert n_saves[0] == 1 + 100 // 20
