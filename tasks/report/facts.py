"""What the report is drawn from: the run's frames, and the facts about where they come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from lake.ref import Ref
from lake.schema import EFFECTS


@dataclass(frozen=True)
class Evidence:
    """The frames of a run, over all markets.

    Attributes
    ----------
    months : DataFrame
        What `tasks.report.counts.count_bars` makes of each market's bars.
    events : DataFrame
        What `tasks.report.counts.count_events` makes of each market's and family's events.
    quality, coverage, paths, findings, stability, confirmed, judgement, folds, refits, trades,
    stressed, bridged, gated, verdicts, search, funnel, blueprints : DataFrame
        Tables of `lake.schema`; without rows where the run has none.
    effects : DataFrame of EFFECTS
        Those of the entries that `tasks.report.fusion` compares, and the baseline's.
    truth : DataFrame
        TRUTH with the market whose it is as `market`; without rows where nobody knows it.
    """

    quality: pl.DataFrame
    months: pl.DataFrame
    events: pl.DataFrame
    paths: pl.DataFrame
    findings: pl.DataFrame
    stability: pl.DataFrame
    confirmed: pl.DataFrame
    judgement: pl.DataFrame
    folds: pl.DataFrame
    refits: pl.DataFrame
    trades: pl.DataFrame
    stressed: pl.DataFrame
    bridged: pl.DataFrame
    gated: pl.DataFrame
    verdicts: pl.DataFrame
    search: pl.DataFrame
    funnel: pl.DataFrame
    blueprints: pl.DataFrame
    truth: pl.DataFrame
    coverage: pl.DataFrame
    effects: pl.DataFrame = field(default_factory=EFFECTS.empty)

    @property
    def markets(self) -> list[str]:
        """Every market that has bars, sorted."""
        return self.months["market"].unique().sort().to_list()

    @property
    def counted(self) -> pl.DataFrame:
        """Trades of the folds before which their hypothesis was selected: they are the evidence."""
        selected = self.refits.filter(pl.col("selected"))
        return self.trades.join(
            selected, on=["hypothesis", "fold"], how="semi", maintain_order="left"
        )

    @property
    def judged(self) -> dict[str, Any] | None:
        """The one row of `judgement`, or None where the run was not summed up."""
        return self.judgement.row(0, named=True) if self.judgement.height else None


@dataclass(frozen=True)
class Facts:
    """Where the frames come from.

    Attributes
    ----------
    refs : tuple of Ref
        Every table that the report was drawn from.
    code : dict of str to str
        SHA-256 of each module that made them.
    libraries : dict of str to str
        Versions of the libraries that can change them.
    settings : dict
        The run's configuration, without places of one machine.
    """

    refs: tuple[Ref, ...] = ()
    code: dict[str, str] = field(default_factory=dict)
    libraries: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
