"""Prefect's view of promotion."""

from __future__ import annotations

import polars as pl

from lake.config import Config
from lake.ref import Ref
from lake.schema import FUNNEL, VERDICTS
from lake.store import Lake
from tasks.promotion.config import PromotionConfig
from tasks.promotion.verdicts import count_stops, judge_hypotheses, sufficient_counts
from tasks.stage.task import stage


@stage(makes=VERDICTS, code=[__name__], name="decide")
def decide(
    lake: Lake,
    *,
    findings: Ref,
    bridged: Ref,
    trades: Ref,
    discovery_config: Config,
    config: PromotionConfig,
) -> pl.DataFrame:
    """Promote, reject or send back every hypothesis, with the reason."""
    return judge_hypotheses(
        lake.read(findings),
        lake.read(bridged),
        lake.read(trades),
        sufficient_counts(discovery_config),
        config,
    )


@stage(makes=FUNNEL, code=[__name__], name="tally")
def tally(lake: Lake, *, verdicts: Ref) -> pl.DataFrame:
    """Count how many hypotheses each gate stopped."""
    return count_stops(lake.read(verdicts))
