"""The bars of one market as arrays: what an analyzer sees."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lake.time import duration_ms, n_bars
from tasks.events.memo import Memo
from tasks.kernels.rolling import Reals, before

PRICES = ("open", "high", "low", "close")
VOLUMES = ("volume", "quote_volume", "taker_buy_volume")
FUNDING = ("funding", "funding_time", "funding_hours")
DIGITS = 28  # binary, of prices on a grid
CONTEXT = (*FUNDING, "open_interest", "spot", "leader", "mark", "fee", "news")


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
    funding, funding_time, funding_hours : array of float64, shape (n,)
        The last settlement known at the bar's close: rate per eight hours, milliseconds since
        1970 at which it was due, its interval.
    open_interest : array of float64, shape (n,)
        Quote units.
    spot, leader, mark : array of float64, shape (n,)
        Closes of the spot market, of the market leader and of the mark price.
    fee : array of float64, shape (n,)
        Bps per side in force at the close, by the user's table.
    news : array of float64, shape (n,)
        1 at the last bar before a release of the user's calendar, 0 at others.

    Notes
    -----
    From `funding` on they are what was known at the bar's close (table CONTEXT): NaN where nothing
    was, or nothing young enough. They are NaN throughout where they are not given.
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
    funding: Reals = None  # type: ignore[assignment]  # NaN throughout, see __post_init__
    funding_time: Reals = None  # type: ignore[assignment]
    funding_hours: Reals = None  # type: ignore[assignment]
    open_interest: Reals = None  # type: ignore[assignment]
    spot: Reals = None  # type: ignore[assignment]
    leader: Reals = None  # type: ignore[assignment]
    mark: Reals = None  # type: ignore[assignment]
    fee: Reals = None  # type: ignore[assignment]
    news: Reals = None  # type: ignore[assignment]
    memo: Memo = field(init=False, default_factory=Memo)

    def __post_init__(self) -> None:
        for name in ARRAYS:
            value = getattr(self, name)
            view = np.full(len(self), np.nan) if value is None else value.view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)

    @classmethod
    def of(cls, frame: pl.DataFrame, timeframe: str, context: pl.DataFrame | None = None) -> Bars:
        """Bars of a frame of BARS, and where there is one, of the market's CONTEXT.

        Where the source has no quote volume at all, volume times close stands in for it.
        """
        column = {name: frame[name].to_numpy() for name in (*PRICES, *VOLUMES)}
        if np.isnan(column["quote_volume"]).all():
            column["quote_volume"] = column["volume"] * column["close"]
        if context is not None:
            column |= {name: context[name].to_numpy() for name in CONTEXT if name != "funding_time"}
            settled = context["funding_time"].dt.epoch("ms").cast(pl.Float64)
            column["funding_time"] = settled.fill_null(np.nan).to_numpy()
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
            "F": np.isfinite(self.funding).any(),
            "I": np.isfinite(self.open_interest).any(),
            "S": np.isfinite(self.spot).any(),
            "M": np.isfinite(self.leader).any(),
            "X": np.isfinite(self.fee).any(),
            "C": True,
        }
        return bool(present.get(need, False))

    def once(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """What `make` gives, made once for these bars and `key`; it must not be written to."""
        return self.memo.once(key, make)

    @property
    def step_ms(self) -> int:
        """Milliseconds of a bar."""
        return duration_ms(self.timeframe)

    @property
    def close_time(self) -> NDArray[np.int64]:
        """When each bar is known, milliseconds since 1970, UTC, shape (n,)."""
        return self.time + self.step_ms

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

    @cached_property
    def flow(self) -> Reals:
        """Taker-buy share of volume minus one half, times two, shape (n,); NaN without volume."""
        with np.errstate(invalid="ignore", divide="ignore"):
            share = self.taker_buy_volume / self.volume
        return np.where(self.volume > 0.0, 2.0 * share - 1.0, np.nan)

    @cached_property
    def basis(self) -> Reals:
        """Log of the close over the spot market's, shape (n,)."""
        return _log(self.close, self.spot)

    @cached_property
    def leader_return(self) -> Reals:
        """Log return of the market leader, shape (n,); NaN beside a gap of its own."""
        return _log(self.leader, before(self.leader))

    def part(self, start: int, end: int) -> Bars:
        """The bars from `start` up to, without, `end`."""
        cut = {name: getattr(self, name)[start:end] for name in ARRAYS}
        return replace(self, **cut)

    def upside_down(self) -> Bars:
        """The chart mirrored about its first price p0 on the log axis: p becomes p0**2 / p.

        So are the charts of the other markets; takers sell what they bought, funding is paid by
        the other side.
        """
        pivot = float(self.close[np.isfinite(self.close)][0]) ** 2
        return replace(
            self,
            open=pivot / self.open,
            close=pivot / self.close,
            high=pivot / self.low,
            low=pivot / self.high,
            taker_buy_volume=self.volume - self.taker_buy_volume,
            funding=-self.funding,
            spot=pivot / self.spot,
            leader=pivot / self.leader,
            mark=pivot / self.mark,
        )

    def on_grid(self) -> Bars:
        """The same with prices rounded so that their sums and differences are exact."""
        step = 2.0 ** (math.frexp(self._highest)[1] - DIGITS)
        rounded = {name: np.round(getattr(self, name) / step) * step for name in PRICES}
        return replace(self, **rounded)

    def turned_over(self) -> Bars:
        """The chart mirrored about a price m on the axis of prices: p becomes 2 m - p.

        m is no lower than the highest price, so that all stay above zero, and a power of two: on a
        grid nothing is rounded. Only prices turn; engines read nothing else that has a side.
        """
        twice = 2.0 ** (math.frexp(self._highest)[1] + 1)
        return replace(
            self,
            open=twice - self.open,
            close=twice - self.close,
            high=twice - self.low,
            low=twice - self.high,
        )

    @property
    def _highest(self) -> float:
        known = self.high[np.isfinite(self.high)]
        return float(known.max()) if known.size else 1.0

    def rescaled(self, factor: float) -> Bars:
        """The same in another unit of account: prices, quote volume, open interest times it."""
        scaled: dict[str, Any] = {name: getattr(self, name) * factor for name in IN_QUOTE_UNITS}
        return replace(self, **scaled)


IN_QUOTE_UNITS = (*PRICES, "quote_volume", "open_interest", "spot", "leader", "mark")
ARRAYS = tuple(f.name for f in fields(Bars) if f.name not in ("timeframe", "memo"))


def _log(above: Reals, below: Reals) -> Reals:
    with np.errstate(invalid="ignore", divide="ignore"):
        out = np.log(above / below)
    return np.where(np.isfinite(out), out, np.nan)
