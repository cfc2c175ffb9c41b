"""A state is whole or not there, and of one setting."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from lake.errors import AssayError, ConfigError, InputError
from tasks.live.journal import Journal, to_line
from tasks.live.state import State, read_state, write_state

SETTING = {"market": "AAA-1h", "engines": {"fusion": {"enter": 0.35, "leave": 0.1}}}
STATE = State(
    SETTING,
    {"level": float("nan"), "n": 7},
    {"tail": np.array([1.5, np.nan, -0.0]), "memory": np.frombuffer(b"abc", np.uint8)},
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "live.state"


def test_what_is_written_is_read_to_the_last_bit(place: Path) -> None:
    write_state(place, STATE)
    back = read_state(place, SETTING)
    assert back.words["n"] == 7
    assert np.isnan(back.words["level"])
    assert {n: a.tobytes() for n, a in back.arrays.items()} == {
        n: a.tobytes() for n, a in STATE.arrays.items()
    }
    assert list(place.parent.iterdir()) == [place]


def test_a_state_of_another_setting_names_what_differs(place: Path) -> None:
    write_state(place, STATE)
    other = {"market": "AAA-1h", "engines": {"fusion": {"enter": 0.4, "leave": 0.1}}}
    with pytest.raises(ConfigError, match=r"engines\.fusion\.enter was 0\.35 and is 0\.4"):
        read_state(place, other)


@pytest.mark.parametrize("damage", ["cut", "flipped", "other", "empty"])
def test_a_damaged_state_is_refused(place: Path, damage: str) -> None:
    write_state(place, STATE)
    data = bytearray(place.read_bytes())
    data[-20] ^= damage == "flipped"
    kept = {"cut": data[:-1], "flipped": data, "other": b"PK\x03\x04", "empty": b""}
    place.write_bytes(kept[damage])
    with pytest.raises(InputError, match="no whole state"):
        read_state(place, SETTING)


def test_a_state_that_is_not_there_is_refused(place: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_state(place, SETTING)


@pytest.mark.parametrize("under", ["nowhere/live.state", "file/live.state", "folder"])
def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, under: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        write_state(tmp_path / under, STATE)
    assert not list(tmp_path.rglob("*.draft"))


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.live.test_state import STATE
from tasks.live import state

def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)

setattr(os, "fsync", killed) if sys.argv[2] == "fsync" else setattr(Path, "replace", killed)
state.write_state(Path(sys.argv[1]), STATE)
"""


@pytest.mark.parametrize("at", ["fsync", "replace"])
def test_a_kill_while_it_is_written_leaves_the_one_before(place: Path, at: str) -> None:
    write_state(place, STATE)
    before = place.read_bytes()
    done = subprocess.run([sys.executable, "-c", KILLED, str(place), at], check=False)
    assert done.returncode == -9
    assert place.read_bytes() == before


def test_a_journal_that_goes_on_forgets_what_its_state_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "live.state.jsonl"
    journal = Journal(path)
    journal.add({"n": 1})
    size = journal.settle()
    journal.add({"n": 2})
    journal.close()
    journal = Journal(path, size)
    journal.add({"n": 3})
    journal.close()
    assert [json.loads(line)["n"] for line in path.read_text().splitlines()] == [1, 3]


def test_two_replays_do_not_write_to_one_journal(tmp_path: Path) -> None:
    path = tmp_path / "live.state.jsonl"
    first = Journal(path)
    with pytest.raises(ConfigError, match="another replay writes"):
        Journal(path)
    first.close()
    Journal(path).close()


def test_a_journal_shorter_than_its_state_says_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "live.state.jsonl"
    path.write_text("{}\n")
    with pytest.raises(AssayError, match="holds 3 bytes"):
        Journal(path, 4)


def test_a_decision_is_a_line_that_any_reader_of_json_understands() -> None:
    moment = datetime(2024, 1, 2, 3, tzinfo=UTC)
    line = to_line({"time": moment, "score": 0.1 + 0.2, "macro": float("nan"), "fresh": None})
    assert json.loads(line, parse_constant=pytest.fail) == {
        "time": "2024-01-02T03:00:00+00:00",
        "score": 0.1 + 0.2,
        "macro": None,
        "fresh": None,
    }
    assert os.linesep not in line
