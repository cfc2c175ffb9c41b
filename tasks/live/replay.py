"""A file's rows through a live market, at a pace, with what happens told and kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Protocol

from tasks.live.config import LiveConfig
from tasks.live.keeping import Keeper
from tasks.live.live import Live
from tasks.live.pace import Pace
from tasks.live.screen import LATE, Row
from tasks.live.source import Source
from tasks.live.timings import Timings, Took
from tasks.live.trader import Decision

CONTRADICTED = (LATE, "conflict")
EQUITY, OPEN = 0, 3  # columns of an account's curve


class Listener(Protocol):
    """Who is told what happens."""

    def decided(self, decision: Decision) -> None:
        """A decision whose fate is known."""

    def quarantined(self, row: Row, reason: str) -> None:
        """A row that is no bar."""

    def timed(self, n_slots: int, took: dict[str, Took]) -> None:
        """What the last bars took, up to slot number `n_slots`."""


@dataclass(frozen=True)
class Ended:
    """The end of a replay.

    Attributes
    ----------
    n_rows, n_slots : int
        Rows of the file that were heard, and slots of the grid that they made, gaps included.
    quarantined : dict of str to int
        Rows that are no bars, by reason.
    decided : dict of str to int
        Decisions by kind.
    n_closed, n_open : int
        Trades, and positions that are still open.
    equity : float or None
        At the last close; None before the first that is traded.
    state_hash : str
        Of all slots and decisions.
    n_contradicted : int
        Rows that came late or contradict an earlier one: a back-test of the file counts them, live
        cannot.
    timings : dict
        Microseconds per slot, mean and worst, by engine.
    stopped : bool
        Whether it was stopped before the end of the file.
    """

    n_rows: int
    n_slots: int
    quarantined: dict[str, int]
    decided: dict[str, int]
    n_closed: int
    n_open: int
    equity: float | None
    state_hash: str
    n_contradicted: int
    timings: dict[str, Any]
    stopped: bool


def replay(
    live: Live,
    source: Source,
    config: LiveConfig,
    pace: Pace,
    listener: Listener,
    keeper: Keeper | None = None,
) -> Ended:
    """Hear the rows of the file that were not heard yet.

    When it is stopped, it ends between two rows, and what is known is kept.
    """
    timings, is_whole = Timings(), True
    for row in source.rows(live.n_rows):
        if not pace.goes_on():
            is_whole = False
            break
        heard = live.hear(row)
        if heard.reason:
            listener.quarantined(row, heard.reason)
        _tell(heard.decisions, listener, keeper)
        for took in heard.took:
            timings.add(took)
        if timings.n_bars >= config.flush_bars:
            listener.timed(live.n_slots, timings.flush())
        if keeper is not None:
            keeper.save_if_due()
    if timings.n_bars:
        listener.timed(live.n_slots, timings.flush())
    _settle(live.trader.pending() if is_whole else [], listener, keeper)
    return _ended(live, timings, stopped=not is_whole)


def _tell(decisions: list[Decision], listener: Listener, keeper: Keeper | None) -> None:
    for decision in decisions:
        listener.decided(decision)
    if keeper is not None:
        keeper.note(decisions)


def _settle(pending: list[Decision], listener: Listener, keeper: Keeper | None) -> None:
    """Tell the decision whose fate no bar has shown, and keep all."""
    for decision in pending:
        listener.decided(decision)
    if keeper is not None:
        keeper.settle(pending)


def _ended(live: Live, timings: Timings, *, stopped: bool) -> Ended:
    account, left = live.trader.account, live.trader.pending()
    last = None if account is None else account.curve[-1]
    return Ended(
        n_rows=live.n_rows,
        n_slots=live.n_slots,
        quarantined=dict(live.quarantined),
        decided=dict(live.decided + Counter(each["decision"] for each in left)),
        n_closed=live.n_closed,
        n_open=0 if last is None else int(last[OPEN]),
        equity=None if last is None else float(last[EQUITY]),
        state_hash=live.trader.state_hash,
        n_contradicted=sum(live.quarantined[reason] for reason in CONTRADICTED),
        timings=timings.whole(),
        stopped=stopped,
    )
