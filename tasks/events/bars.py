"""The bars of one market as arrays: what an analyzer sees."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.time import duration_ms, n_bars
from tasks.kernels.rolling import Reals, before

PRICES = ("open", "high", "low", "close")
VOLUMES = ("volume", "quote_volume", "taker_buy_volume")


@dataclass(frozen=True, eq=False, repr=False)
class Bars:
    """Bars of one market on a whole grid, oldest first; the arrays cannot be written to.

    Attributes
    ----------
    time : array of int64, shape (n,)
        Open time, milliseconds since 1970, UTC.
    open, high, low, close : array of float64, shape (n,)
        Quote units; NaN in a gap.
    volume, quote_volume, taker_buy_volume : array of float64, shape (n,)
        Base units, quote units, base units; NaN where the source has none.
    is_gap : array of bool, shape (n,)
        Whether no bar came for this slot.
    timeframe : str
        Length of a bar, like ``5m``.
    """

    time: NDArray[np.int64]
    open: Reals
    high: Reals
    low: Reals
    close: Reals
    volume: Reals
    quote_volume: Reals
    taker_buy_volume: Reals
    is_gap: NDArray[np.bool_]
    timeframe: str

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                view = value.view()
                view.flags.writeable = False
                object.__setattr__(self, field.name, view)

    @classmethod
    def of(cls, frame: pl.DataFrame, timeframe: str) -> Bars:
        """Bars of a frame of BARS.

        Where the source has no quote volume at all, volume times close stands in for it.
        """
        column = {name: frame[name].to_numpy() for name in (*PRICES, *VOLUMES)}
        if np.isnan(column["quote_volume"]).all():
            column["quote_volume"] = column["volume"] * column["close"]
        return cls(
            time=frame["time"].dt.epoch("ms").to_numpy(),
            is_gap=frame["is_gap"].to_numpy(),
            timeframe=timeframe,
            **column,
        )

    def __len__(self) -> int:
        return int(self.time.size)

    def __repr__(self) -> str:
        return f"Bars({len(self)} of {self.timeframe}, {int(self.is_gap.sum())} gaps)"

    def n(self, duration: str) -> int:
        """Bars in a duration, at least one."""
        return n_bars(duration, self.timeframe)

    def has(self, need: str) -> bool:
        """Whether the data behind a letter of `tasks.events.registry.NEEDS` are here."""
        present = {
            "O": np.isfinite(self.close).any(),
            "V": np.nansum(self.volume) > 0.0,
            "T": np.nansum(self.taker_buy_volume) > 0.0,
            "C": True,
        }
        return bool(present.get(need, False))

    @property
    def step_ms(self) -> int:
        """Milliseconds of a bar."""
        return duration_ms(self.timeframe)

    @cached_property
    def log_return(self) -> Reals:
        """Log of each close over the close before, shape (n,); NaN beside a gap."""
        return _log(self.close, before(self.close))

    @cached_property
    def log_close(self) -> Reals:
        """Log of each close, shape (n,)."""
        return _log(self.close, np.ones(len(self)))

    @cached_property
    def log_range(self) -> Reals:
        """Log of each high over its low, shape (n,)."""
        return _log(self.high, self.low)

    @cached_property
    def log_true_range(self) -> Reals:
        """Log range with the close before, shape (n,): the true range, the same upside down.

        Source: Wilder (1978), New Concepts in Technical Trading Systems; here in logs.
        """
        last = before(self.close)
        return _log(np.maximum(self.high, last), np.minimum(self.low, last))

    def part(self, start: int, end: int) -> Bars:
        """The bars from `start` up to, without, `end`."""
        cut = {name: getattr(self, name)[start:end] for name in _arrays()}
        return replace(self, **cut)

    def upside_down(self) -> Bars:
        """The chart mirrored about its first price p0 on the log axis: p becomes p0**2 / p."""
        pivot = float(self.close[np.isfinite(self.close)][0]) ** 2
        return replace(
            self,
            open=pivot / self.open,
            close=pivot / self.close,
            high=pivot / self.low,
            low=pivot / self.high,
            taker_buy_volume=self.volume - self.taker_buy_volume,
        )

    def rescaled(self, factor: float) -> Bars:
        """The same bars in another unit of account: prices and quote volume times `factor`."""
        names = (*PRICES, "quote_volume")
        scaled: dict[str, Any] = {name: getattr(self, name) * factor for name in names}
        return replace(self, **scaled)


def _arrays() -> list[str]:
    return [field.name for field in fields(Bars) if field.name != "timeframe"]


def _log(above: Reals, below: Reals) -> Reals:
    with np.errstate(invalid="ignore", divide="ignore"):
        out = np.log(above / below)
    return np.where(np.isfinite(out), out, np.nan)
