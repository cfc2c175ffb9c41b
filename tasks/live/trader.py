"""One market's desk and account, a slot at a time."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.schema import DECISIONS
from tasks.backtest.decided import Told, decision_frame
from tasks.backtest.engine_account import orders_of
from tasks.engines.desk import MEMORY, Decided, Desk, Slots
from tasks.engines.engine import load_memory, save_memory
from tasks.engines.macro import score_at
from tasks.kernels.fusion import NOTHING
from tasks.kernels.guards import CLOSED
from tasks.live.account import KeptAccount
from tasks.live.costs import lay_tail
from tasks.live.setting import Setting
from tasks.live.tail import Tail
from tasks.trading.live import NO_ORDERS
from tasks.trading.orders import NO_STRUCTURE, write_decided
from tasks.trading.records import FATE_WORDS
from tasks.trading.rule import write_rule

DESK, ORDERS, PENDING, ACCOUNT = "desk", "orders", "pending", "account."
N_CHART, N_PRICES, VOLUME = 5, 4, 4
NO_COSTS = (0.0, 0.0, 0.0, 0.0)
Numbers = tuple[float, ...]
Decision = dict[str, Any]


@dataclass(frozen=True)
class Slot:
    """What came of one slot.

    Attributes
    ----------
    decisions : list of dict
        Rows of DECISIONS whose fate became known, or that have none.
    took : dict of str to float
        Seconds that each engine, the fusion and the account took.
    n_closed : int
        Positions that were left in whole.
    """

    decisions: list[Decision] = field(default_factory=list)
    took: dict[str, float] = field(default_factory=dict)
    n_closed: int = 0


class Trader:
    """Feeds a desk, and an account with what the desk decides.

    Parameters
    ----------
    setting : Setting
    tail : Tail
        The slots so far, those that were taken included.
    """

    def __init__(self, setting: Setting, tail: Tail) -> None:
        self._setting, self._tail = setting, tail
        self._desk = Desk(setting.timeframe, setting.engines.alone(setting.engine))
        _ = self._desk.lengths  # timeframes that do not fit are refused before the first bar
        self._rule = write_rule(setting.trading.terms, setting.timeframe)
        self._memory = self._desk.start()
        self._account: KeptAccount | None = None
        self._first_ms, self._n_open = 0, 0
        self._pending: list[Decision] = []
        self._orders = NO_ORDERS

    @property
    def account(self) -> KeptAccount | None:
        """The account, once its first slot has come."""
        return self._account

    @property
    def first_ms(self) -> int:
        """Open of the account's first slot, ms since 1970."""
        return self._first_ms

    @property
    def state_hash(self) -> str:
        """Of all slots and decisions so far, 16 hex digits."""
        return f"{int(self._memory['fusion']['chain'][0]):016x}"

    def pending(self) -> list[Decision]:
        """Decisions whose fate is open, with the fate that they have if no bar follows."""
        return _with_fate(self._pending, (FATE_WORDS[CLOSED],) * len(self._orders))

    def step(self, numbers: Numbers | None) -> Slot:
        """Take in the slot that the tail ends with; None for a gap."""
        time_ms = self._tail.last_ms
        if self._setting.start is not None and time_ms < self._setting.start:
            return Slot(took=dict(self._hear(numbers)[1].took))
        started = perf_counter()
        known, n_closed = self._play(time_ms, numbers)
        played = perf_counter() - started
        slots, decided = self._hear(numbers)
        if decided.fused["decision"][0] != NOTHING:
            known += self._decide(slots, decided)
        return Slot(known, {**decided.took, "account": played}, n_closed)

    def saved(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """All that is known: words for JSON, and arrays."""
        desk = np.frombuffer(save_memory(DESK, self._memory), np.uint8)
        arrays = {DESK: desk, ORDERS: self._orders, PENDING: _packed(self._pending)}
        words: dict[str, Any] = {}
        if self._account is not None:
            own = self._account.saved()
            arrays |= {f"{ACCOUNT}{name}": part for name, part in own.items()}
            words |= {"first_ms": self._first_ms, "n_open": self._n_open}
        return words, arrays

    def restore(self, words: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        """Know what `saved` knew, and nothing else."""
        self._memory = load_memory(DESK, MEMORY, arrays[DESK].tobytes())
        self._orders = arrays[ORDERS]
        self._pending = pl.read_ipc(io.BytesIO(arrays[PENDING].tobytes())).to_dicts()
        if "first_ms" in words:
            own = named(ACCOUNT, arrays)
            self._first_ms, self._n_open = words["first_ms"], words["n_open"]
            about = self._rule, self._setting.timeframe, self._first_ms
            self._account = KeptAccount.restored(*about, own)

    def _play(self, time_ms: int, numbers: Numbers | None) -> tuple[list[Decision], int]:
        """Let the account live through the slot; what became of the decision before it."""
        if self._account is None:
            self._first_ms = time_ms
            self._account = KeptAccount(self._rule, self._setting.timeframe, time_ms)
        step = self._account.step(self._bar(numbers), self._orders)
        known = _with_fate(self._pending, step.fate_words)
        self._pending, self._orders, self._n_open = [], NO_ORDERS, step.n_open
        return known, len(step.closed)

    def _bar(self, numbers: Numbers | None) -> Numbers | NDArray[np.float64]:
        """The slot's column of the tape; what it costs is asked only where something may trade."""
        if self._n_open or len(self._orders):
            return self._lay().tape.bars[:, -1]
        if numbers is None:
            return (*(np.nan,) * N_PRICES, 0.0, *NO_COSTS)
        return (*numbers[:N_PRICES], float(numbers[VOLUME] != 0), *NO_COSTS)

    def _lay(self) -> Any:
        s = self._setting
        return lay_tail(s.market, s.timeframe, self._tail, s.features, s.funding, s.trading.terms)

    def _hear(self, numbers: Numbers | None) -> tuple[Slots, Decided]:
        chart = (np.nan,) * N_CHART if numbers is None else numbers[:N_CHART]
        times = np.array([self._tail.last_ms])
        slots = Slots(
            times,
            np.array(chart).reshape(N_CHART, 1),
            np.array([numbers is None]),
            score_at(times + self._setting.step_ms, self._setting.macro),
        )
        return slots, self._desk.run(self._memory, slots)

    def _decide(self, slots: Slots, decided: Decided) -> list[Decision]:
        """Write the orders of a decision; it is told at once where it orders nothing."""
        s, fused = self._setting, decided.fused.copy()
        age = int(fused["fresh"][0])
        fused["fresh"] = 0  # the slot of the fresh structure is not among these: named below
        said = replace(decided, fused=fused)
        frame = decision_frame(Told(s.market, s.engine, self._desk, slots, said))
        frame = frame.with_columns(fresh_time=self._fresh(age))
        orders = orders_of(frame, s.trading.structure_stop)
        told = frame.to_dicts()
        if orders.is_empty():
            return told
        made = write_decided(
            self._lay(), {s.market: orders}, s.trading.horizon_bars, s.trading.terms
        )
        assert self._account is not None
        slot = self._account.n_slots - 1
        made["fresh"] = max(slot - age, NO_STRUCTURE) if age >= 0 else NO_STRUCTURE
        self._pending, self._orders = told, made
        return []

    def _fresh(self, age: int) -> pl.Series:
        """When the last fresh structure became known, null where there was none."""
        time_ms = self._tail.last_ms - age * self._setting.step_ms
        known = None if age < 0 else time_ms
        return pl.Series([known], dtype=pl.Int64).cast(DECISIONS.columns["fresh_time"])


def named(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The arrays whose names begin with a prefix, without it."""
    return {n.removeprefix(prefix): part for n, part in arrays.items() if n.startswith(prefix)}


def _packed(decisions: list[Decision]) -> NDArray[np.uint8]:
    body = io.BytesIO()
    pl.DataFrame(decisions, schema=DECISIONS.columns).write_ipc(body)
    return np.frombuffer(body.getvalue(), np.uint8)


def _with_fate(decisions: list[Decision], fates: tuple[str, ...]) -> list[Decision]:
    """The decision with what became of its last order; of a turn, of its entry."""
    return [decision | {"fate": fates[-1]} for decision in decisions]
