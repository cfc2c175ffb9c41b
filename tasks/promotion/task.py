"""Prefect's view of promotion."""

from __future__ import annotations

import polars as pl

from lake.config import Config
from lake.ref import Ref
from lake.schema import FUNNEL, GATED, VERDICTS
from lake.store import Lake
from tasks.promotion.config import PromotionConfig
from tasks.promotion.verdicts import (
    Evidence,
    count_stops,
    gate_findings,
    judge_hypotheses,
    sufficient_counts,
)
from tasks.stage.task import stage


@stage(makes=VERDICTS, code=[__name__], name="decide")
def decide(
    lake: Lake,
    *,
    findings: Ref,
    bridged: Ref,
    stressed: Ref,
    trades: Ref,
    discovery_config: Config,
    config: PromotionConfig,
) -> pl.DataFrame:
    """Promote, reject or send back every hypothesis, with the reason."""
    evidence = _read(lake, findings, bridged, stressed, trades)
    return judge_hypotheses(evidence, sufficient_counts(discovery_config), config)


@stage(makes=GATED, code=[__name__], name="list gates")
def list_gates(
    lake: Lake,
    *,
    findings: Ref,
    bridged: Ref,
    stressed: Ref,
    trades: Ref,
    discovery_config: Config,
    config: PromotionConfig,
) -> pl.DataFrame:
    """Say what every gate computed for every finding."""
    evidence = _read(lake, findings, bridged, stressed, trades)
    return gate_findings(evidence, sufficient_counts(discovery_config), config)


@stage(makes=FUNNEL, code=[__name__], name="tally")
def tally(lake: Lake, *, verdicts: Ref) -> pl.DataFrame:
    """Count how many hypotheses each gate stopped."""
    return count_stops(lake.read(verdicts))


def _read(lake: Lake, *refs: Ref) -> Evidence:
    return Evidence(*(lake.read(ref) for ref in refs))
