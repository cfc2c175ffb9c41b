"""An account that can be saved and gone on with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.kernels.account import open_account
from tasks.kernels.fills import END, N_OPEN, Rule
from tasks.trading.live import LEAST_ROOM, LiveAccount

Arrays = Mapping[str, NDArray[Any]]
OF_ORDERS = ("orders", "slots", "fates")


class KeptAccount(LiveAccount):
    """The same account, whose books can be closed and opened again."""

    def saved(self) -> dict[str, NDArray[Any]]:
        """All that is known, as arrays."""
        book, n_orders = self._book, self.n_orders
        return {
            "bars": self._tape.bars[:, : self.n_slots].T,
            "curve": self.curve,
            "orders": self.orders,
            "slots": self._slots[:n_orders],
            "fates": self.fates,
            "positions": self.positions,
            "fills": self.fills,
            "held": book.held[: book.counts[N_OPEN]],
            **{name: getattr(book, name) for name in ("counts", "money", "markets")},
        }

    @classmethod
    def restored(cls, rule: Rule, timeframe: str, start: int, saved: Arrays) -> KeptAccount:
        """The account that `saved` knew."""
        account = cls(rule, timeframe, start)
        account.n_slots, account.n_orders = len(saved["bars"]), len(saved["orders"])
        room = max(LEAST_ROOM, account.n_slots)
        bars = np.ascontiguousarray(_within(room, saved["bars"]).T)
        account._tape = account._tape._replace(bars=bars)
        account._tape.rows[0, END] = account.n_slots
        account._curve = _within(room, saved["curve"])
        room = max(LEAST_ROOM, account.n_orders)
        account._orders, account._slots, account._fates = (
            _within(room, saved[name]) for name in OF_ORDERS
        )
        account._book = open_account(account._tape, room, rule)
        for name, part in account._book._asdict().items():
            part[: len(saved[name])] = saved[name]
        return account


def _within(room: int, rows: NDArray[Any]) -> NDArray[Any]:
    """The rows with room for so many."""
    larger = np.zeros((room, *rows.shape[1:]), rows.dtype)
    larger[: len(rows)] = rows
    return larger
