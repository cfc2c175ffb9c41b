"""Keeping what a replay knows on the disk, so that a replay that was killed goes on."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from lake.errors import ConfigError, InputError
from tasks.live.config import LiveConfig
from tasks.live.journal import Journal
from tasks.live.live import Live
from tasks.live.source import Source
from tasks.live.state import State, read_state, write_state
from tasks.live.trader import Decision

SHARE_OF_TIME = 20.0  # saving may take one part in so many


class Keeper:
    """The state of a replay in a file, and its decisions in another beside it.

    The state says how long the decisions were: those that it does not know are forgotten when it is
    gone on from, and made again.

    Parameters
    ----------
    place : Path
    live : Live
    source : Source
        The file that it hears.
    setting : dict
        What it depends on, see `Setting.keyed`.
    config : LiveConfig
    clock : callable
        Seconds.
    """

    def __init__(
        self,
        place: Path,
        live: Live,
        source: Source,
        setting: dict[str, Any],
        config: LiveConfig,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._place, self._live, self._source = place, live, source
        self._setting, self._config, self._clock = setting, config, clock
        self._seen, self._n_seen = hashlib.sha256(), 0
        self._n_saved, self._not_before = 0, -float("inf")
        self._journal: Journal | None = None

    def begin(self) -> None:
        """Write the state of the beginning: a place that cannot be written is told before a bar.

        Raises
        ------
        ConfigError
            When there is a state already, or none can be written.
        """
        if self._place.exists():
            raise ConfigError(
                f"{self._place} is there already",
                "a state to go on from, or a place for a new one",
                "go on from it with --resume, name another with --state, or remove it",
            )
        self._journal = Journal(self._journal_place)
        self.save()

    def resume(self) -> None:
        """Let the replay know what the state knows.

        Raises
        ------
        InputError, ConfigError
            When there is no whole state, it is of another replay or of other rows.
        """
        state = read_state(self._place, self._setting)
        n_rows = state.words["n_rows"]
        self._see(n_rows)
        if n_rows > len(self._source) or self._seen.hexdigest() != state.words["seen"]:
            raise InputError(
                f"the first {n_rows} rows of {self._source.place} are not those that the state "
                f"{self._place} has seen",
                "the same file, which may have got longer at its end",
                "name that file with --replay, or begin anew with another --state",
            )
        self._live.restore(state.words, state.arrays)
        self._journal = Journal(self._journal_place, state.words["n_bytes"])
        self._note_save()

    def note(self, decisions: Iterable[Decision]) -> None:
        """Add decisions to those that are kept."""
        assert self._journal is not None
        for decision in decisions:
            self._journal.add(decision)

    def save_if_due(self) -> None:
        """Save where so many bars have come, and the last save is long enough ago."""
        is_long = self._live.n_slots - self._n_saved >= self._config.save_bars
        if is_long and self._clock() >= self._not_before:
            self.save()

    def save(self) -> None:
        """Save all that is known.

        Raises
        ------
        ConfigError
            When it cannot be written.
        """
        assert self._journal is not None
        started = self._clock()
        words, arrays = self._live.saved()
        self._see(self._live.n_rows)
        own = {"seen": self._seen.hexdigest(), "n_bytes": self._journal.settle()}
        write_state(self._place, State(self._setting, words | own, arrays))
        self._note_save(self._clock() - started)

    def settle(self, pending: Iterable[Decision]) -> None:
        """Save for the last time; decisions whose fate is open are added, but no state knows them.

        A replay that goes on writes them again, with the fate that came.
        """
        self.save()
        self.note(pending)
        assert self._journal is not None
        self._journal.settle()
        self.close()

    def close(self) -> None:
        """Let another replay go on from the state."""
        if self._journal is not None:
            self._journal.close()

    @property
    def _journal_place(self) -> Path:
        return self._place.with_name(f"{self._place.name}.jsonl")

    def _see(self, n_rows: int) -> None:
        self._seen.update(self._source.bits[self._n_seen : n_rows].data)
        self._n_seen = n_rows

    def _note_save(self, took: float = 0.0) -> None:
        self._n_saved = self._live.n_slots
        wait = max(self._config.save_seconds, took * SHARE_OF_TIME)
        self._not_before = self._clock() + wait
