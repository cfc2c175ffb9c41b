"""What a reader of an engine's back-test has to know first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from lake.time import duration_ms
from tasks.backtest.decided import Told
from tasks.backtest.engine_figures import timeframe_read
from tasks.backtest.engine_member import DAILY, members_of
from tasks.kernels.fusion_memory import NOTHING

ASK_FOR_VOLUME = ("wyckoff", DAILY, "smc", "hob")
VOLUME = 4
NOT_REFUSED = ("filled", "open")


def list_notes(told: Told) -> list[str]:
    """Where an engine could not be heard in a market, and where nothing was decided."""
    return [*_cold(told), *_silent(told), *_coarser(told), *_undecided(told)]


def tell_refused(engine: str, fates: Mapping[str, int]) -> list[str]:
    """Say which entries of an engine's account were refused; by fate, how many orders."""
    refused = {reason: n for reason, n in sorted(fates.items()) if n and reason not in NOT_REFUSED}
    told = ", ".join(f"{reason} {n:,}" for reason, n in refused.items())
    return [f"{engine}: entries refused: {told}"] if refused else []


def _cold(told: Told) -> Iterator[str]:
    """Engines that had too few bars to leave their warm-up."""
    for name in members_of(told.engine):
        warm = told.decided.heard[name].readings["is_warm"]
        if not warm.any():
            yield (
                f"{told.market}: too few bars for {name}, which reads {len(warm):,} of "
                f"{timeframe_read(told, name)} and never left its warm-up: it has no weight"
            )


def _silent(told: Told) -> Iterator[str]:
    """Engines that ask for a volume that the market has not."""
    volume = told.slots.bars[VOLUME, ~told.slots.is_gap]
    deaf = [name for name in members_of(told.engine) if name in ASK_FOR_VOLUME]
    if volume.size and deaf and not np.any(volume > 0):
        shut = "" if np.isnan(volume).all() else "; a bar whose volume is 0 trades nothing"
        yield (
            f"{told.market} has no volume: what asks for it is silent ({', '.join(deaf)}), and "
            f"has its weight all the same{shut}"
        )


def _undecided(told: Told) -> Iterator[str]:
    """A market in which nothing was decided, and how far the score went."""
    fused = told.decided.fused
    if len(fused) and not np.any(fused["decision"] != NOTHING):
        most = float(np.max(np.abs(fused["score"])))
        enter = told.desk.config.fusion.enter
        yield (
            f"{told.market}: no decision; the score's size is {most:.2f} at most, and nothing is "
            f"entered up to {enter}"
        )


def _coarser(told: Told) -> Iterator[str]:
    """Engines that read longer bars than they were made for."""
    config, base = told.desk.config, told.desk.timeframe
    asked = {name: _wanted(config, name) for name in members_of(told.engine)}
    names = [name for name, frame in asked.items() if duration_ms(frame) < duration_ms(base)]
    if names:
        yield f"{told.market}: {', '.join(names)} read bars of {base} in the place of shorter ones"


def _wanted(config: object, member: str) -> str:
    if member == DAILY:
        return str(config.wyckoff_daily)  # type: ignore[attr-defined]
    return str(getattr(config, member).timeframe)
