"""What a replay tells its user: each decision as it is known, and at the end what came of all."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Event
from typing import Any, TextIO

from pydantic import BaseModel

from tasks.kernels.fusion_memory import MEMBERS
from tasks.live.journal import to_line
from tasks.live.screen import Row
from tasks.live.timings import Took
from tasks.live.trader import Decision

MS_PER_S = 1000
SIDES = {1: "long", -1: "short", 0: ""}


class Teller:
    """Tells decisions on stdout, and what is beside them on stderr.

    Parameters
    ----------
    as_json : bool
        A line of JSON per decision, else a line for people.
    stop : Event
        Set when nobody listens any more.
    """

    def __init__(self, as_json: bool, stop: Event) -> None:
        self._as_json, self._stop = as_json, stop

    def decided(self, decision: Decision) -> None:
        self._say(sys.stdout, to_line(decision) if self._as_json else in_words(decision))

    def quarantined(self, row: Row, reason: str) -> None:
        self._say(sys.stderr, f"quarantined  {_moment(row.time_ms)}  {reason}")

    def timed(self, n_slots: int, took: dict[str, Took]) -> None:
        told = (f"{name} {each.mean_us:,.0f} ({each.worst_us:,.0f})" for name, each in took.items())
        line = f"bar {n_slots:,}: mean (worst) microseconds per bar: {', '.join(told)}"
        self._say(sys.stderr, line)

    def _say(self, stream: TextIO, line: str) -> None:
        try:
            stream.write(f"{line}\n")
            stream.flush()
        except BrokenPipeError:
            # What is still buffered must not be flushed into the pipe.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            self._stop.set()


def in_words(decision: Decision) -> str:
    """A decision as a line for people."""
    parts = ", ".join(f"{name} {decision[name]:+.3f}" for name in MEMBERS if decision[name])
    said = (
        f"{decision['known_at']:%Y-%m-%d %H:%M}",
        f"{decision['decision']:<6} {SIDES[decision['side']]:<5}",
        f"score {decision['score']:+.3f} ({parts or 'nobody'})",
        decision["reasons"],
        f"[{decision['fate']}]" if decision["fate"] else "",
        decision["state_hash"],
    )
    return "  ".join(text for text in said if text)


class Replayed(BaseModel):
    """The end of a replay: what ``--json`` prints last."""

    what: str = "end"
    replay: str
    market: str
    engine: str
    n_rows: int
    n_slots: int
    quarantined: dict[str, int]
    decided: dict[str, int]
    n_trades: int
    n_open: int
    equity: float | None
    state_hash: str
    timings: dict[str, Any]
    notes: list[str]
    state: str | None
    decisions: str | None
    stopped: bool

    @property
    def wrong(self) -> bool:
        """A replay that has ended is never wrong."""
        return False

    def for_machines(self) -> dict[str, Any]:
        """What ``--json`` prints."""
        return self.model_dump(mode="json")

    def show(self) -> None:
        """Print what came of all, for people."""
        sys.stdout.write("".join(f"{line}\n" for line in self._closing()))

    def _closing(self) -> Iterator[str]:
        counts = ", ".join(f"{n:,} {word}" for word, n in sorted(self.decided.items()))
        yield f"{'stopped' if self.stopped else 'replayed'}    {self.replay}"
        yield f"market      {self.market}: {self.n_rows:,} rows, {self.n_slots:,} slots"
        yield f"decisions   of {self.engine}: {counts or 'none'}"
        equity = "no bar was traded" if self.equity is None else f"equity {self.equity:,.2f}"
        yield f"account     {self.n_trades:,} trades, {self.n_open} open, {equity}"
        yield f"state hash  {self.state_hash}"
        yield from (f"note        {note}" for note in self.notes)
        if self.state:
            yield f"state       {self.state}"
            yield f"decisions   {self.decisions}"


def tell_rows(quarantined: dict[str, int], n_contradicted: int) -> list[str]:
    """Say which rows were no bars, and where a back-test of the file reads others."""
    notes = []
    if quarantined:
        counts = ", ".join(f"{n:,} {reason}" for reason, n in sorted(quarantined.items()))
        notes.append(f"quarantined: {counts}")
    if n_contradicted:
        notes.append(
            f"{n_contradicted:,} rows came late or contradict an earlier one: a back-test of the "
            "finished file counts them, live had acted by then"
        )
    return notes


def _moment(time_ms: int | None) -> str:
    if time_ms is None:
        return "no time"
    return datetime.fromtimestamp(time_ms / MS_PER_S, UTC).isoformat().replace("+00:00", "Z")
