"""Live: rows in, decisions out, the same steps for each row; all that is known can be saved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from numpy.typing import NDArray

from tasks.live.costs import enough
from tasks.live.screen import TAKEN, Row, Screen
from tasks.live.setting import Setting
from tasks.live.tail import Tail
from tasks.live.trader import Decision, Trader, named

TAIL = "tail."
Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Heard:
    """What came of one row.

    Attributes
    ----------
    reason : str
        Why it is no bar, TAKEN where it is one.
    decisions : list of dict
        Rows of DECISIONS whose fate became known.
    took : list of dict of str to float
        Seconds of each engine, of the account and of all, for each slot that it made known: those
        that are missing before it, and its own.
    """

    reason: str
    decisions: list[Decision]
    took: list[Mapping[str, float]]


class Live:
    """One market, live.

    Parameters
    ----------
    setting : Setting
    """

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._tail = Tail(enough(setting.features, setting.timeframe), setting.step_ms)
        self._screen = Screen(setting.clean, self._tail)
        self.trader = Trader(setting, self._tail)
        self.n_rows, self.n_slots, self.n_closed = 0, 0, 0
        self.quarantined: Counter[str] = Counter()
        self.decided: Counter[str] = Counter()

    def hear(self, row: Row) -> Heard:
        """Take in the next row, whatever it is."""
        self.n_rows += 1
        reason = self._screen.judge(row)
        if reason != TAKEN:
            self.quarantined[reason] += 1
            return Heard(reason, [], [])
        assert row.time_ms is not None
        decisions: list[Decision] = []
        took: list[Mapping[str, float]] = []
        step_ms = self._setting.step_ms
        first = self._tail.last_ms + step_ms if len(self._tail) else row.time_ms
        for time_ms in range(first, row.time_ms + 1, step_ms):
            numbers = row.numbers if time_ms == row.time_ms else None
            started = perf_counter()
            self._tail.push(time_ms, numbers)
            slot = self.trader.step(numbers)
            self.n_slots, self.n_closed = self.n_slots + 1, self.n_closed + slot.n_closed
            decisions += slot.decisions
            took.append({**slot.took, "all": perf_counter() - started})
        self.decided.update(decision["decision"] for decision in decisions)
        return Heard(TAKEN, decisions, took)

    def saved(self) -> tuple[dict[str, Any], Arrays]:
        """All that is known: words for JSON, and arrays."""
        words, arrays = self.trader.saved()
        tail = {f"{TAIL}{name}": part for name, part in self._tail.saved().items()}
        counts = {name: getattr(self, name) for name in ("n_rows", "n_slots", "n_closed")}
        told = {"quarantined": dict(self.quarantined), "decided": dict(self.decided)}
        own = {"screen": self._screen.saved(), "trader": words}
        return {**counts, **told, **own}, arrays | tail

    def restore(self, words: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Know what `saved` knew, and nothing else."""
        self._tail.restore(named(TAIL, arrays))
        self._screen.restore(words["screen"])
        self.trader.restore(words["trader"], arrays)
        self.n_rows, self.n_slots = words["n_rows"], words["n_slots"]
        self.n_closed = words["n_closed"]
        self.quarantined, self.decided = Counter(words["quarantined"]), Counter(words["decided"])
