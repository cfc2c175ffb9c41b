"""Wyckoff as an engine: climaxes, tests, springs, signs, and the phases of their structure."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from lake.time import Timeframe
from tasks.engines.engine import Engine, EngineConfig
from tasks.kernels import wyckoff

Window = Annotated[int, Field(ge=2, le=200)]
Wait = Annotated[int, Field(ge=1, le=200)]
Share = Annotated[float, Field(gt=0, le=1)]
Ranges = Annotated[float, Field(ge=0, le=20)]
Score = Annotated[float, Field(ge=-10, le=20)]


class WyckoffConfig(EngineConfig):
    """The numbers of shared engines.md, Wyckoff.

    Windows and waits (`..._bars`) are in bars of the engine's timeframe, distances (`..._atr`) in
    average true ranges, scores (`..._vz`, `..._rz`) in standard deviations of the bars before, and
    shares (`..._share`) run from 0 to 1.

    Attributes
    ----------
    score_bars, atr_bars, extreme_bars : int
        Windows of the scores of volume and range, of Wilder's average true range, and of the prior
        extreme that springs and signs break.
    climax_vz, climax_rz, climax_range_bars, climax_range_share, climax_wick_share
        A climax: least volume and range, how near to the end of which range it closes, least wick.
    recovery_bars, recovery_share
        How soon, and how much of its bar, closes must recover to confirm a climax.
    reaction_bars, move_bars, retraced_least, retraced_most, reaction_vz, reaction_close_share
        The rally: how soon after the climax it comes, which move it retraces and how much of it,
        on what volume at most, and how near to the end of its bar it closes.
    test_share, test_volume_share, test_bars, tests_most
        A secondary test: how near to the climax in shares of the structure, on what share of its
        volume, how far apart, and how many.
    spring_atr, spring_vz, spring_bars
        A spring: least depth and volume, and how many bars after its own it may close back.
    shallow_atr, shallow_vz_least, shallow_vz_most, shallow_close_share
        A shallow spring: least depth (the greatest is `spring_atr`), its volume, and the share of
        the closing bar, far from the break, in which it closes.
    sign_atr, sign_vz, sign_close_share, sign_bars, lone_share
        A sign: how far beyond, volume, how near to the end of its bar it closes; how long it is
        remembered; what share of it counts without a structure.
    last_point_atr, last_point_vz, last_point_close_share
        A last point: how near to the broken level, volume at most, how near to the end it closes.
    break_atr, break_volume_share, deep_share, age_bars
        What ends a structure: a close so far beyond the climax on such a share of its volume; a
        break deeper than that share of the structure; age.
    confidence_events : int
        Events after which confidence counts in full.
    """

    timeframe: Timeframe = "4h"
    score_bars: Window = 20
    atr_bars: Window = 14
    extreme_bars: Window = 20
    climax_vz: Score = 2.5
    climax_rz: Score = 1.5
    climax_range_bars: Window = 50
    climax_range_share: Share = 0.2
    climax_wick_share: Share = 0.3
    recovery_bars: Wait = 5
    recovery_share: Share = 0.5
    reaction_bars: Wait = 15
    move_bars: Wait = Field(10, le=199)
    retraced_least: float = Field(0.4, gt=0, le=2)
    retraced_most: float = Field(0.7, gt=0, le=2)
    reaction_vz: Score = 1.0
    reaction_close_share: Share = 0.4
    test_share: Share = 0.03
    test_volume_share: Share = 0.7
    test_bars: Wait = 10
    tests_most: int = Field(2, ge=1, le=100)
    spring_atr: Ranges = 0.5
    spring_vz: Score = 0.5
    spring_bars: int = Field(3, ge=0, le=200)
    shallow_atr: Ranges = 0.1
    shallow_vz_least: Score = -0.5
    shallow_vz_most: Score = 2.0
    shallow_close_share: Share = 0.75
    sign_atr: Ranges = 0.25
    sign_vz: Score = 1.5
    sign_close_share: Share = 0.3
    sign_bars: Wait = 20
    lone_share: Share = 0.5
    last_point_atr: float = Field(0.5, gt=0, le=20)
    last_point_vz: Score = 0.0
    last_point_close_share: Share = 0.4
    break_atr: Ranges = 0.1
    break_volume_share: float = Field(0.8, ge=0, le=10)
    deep_share: float = Field(0.05, ge=0, le=10)
    age_bars: int = Field(1000, ge=2, le=1_000_000)
    confidence_events: int = Field(3, ge=1, le=20)

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        for least, most in (
            ("retraced_least", "retraced_most"),
            ("shallow_atr", "spring_atr"),
            ("shallow_vz_least", "shallow_vz_most"),
        ):
            low, high = getattr(self, least), getattr(self, most)
            if low >= high:
                raise ValueError(f"{least} is {low} and {most} {high}: give {least} below {most}")
        return self


WYCKOFF = Engine(
    name="wyckoff",
    events=wyckoff.EVENTS,
    facts=wyckoff.FACTS,
    config=WyckoffConfig,
    memory=wyckoff.MEMORY,
    rules=wyckoff.RULES,
    reading=wyckoff.READING,
    fold=wyckoff.run_wyckoff,
    max_zones=1,
    notes_per_bar=2,
)
