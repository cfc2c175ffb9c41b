"""One market of a calibration: discovery's answer to each hypothesis, beside the truth."""

from __future__ import annotations

import polars as pl

from lake.schema import CALIBRATION
from tasks.calibrate.pipeline import (
    Discovered,
    Known,
    confirm_all,
    estimate_all,
    follow,
    observe,
    search,
)
from tasks.calibrate.placebos import replace_outcomes
from tasks.calibrate.truth import expect_outcomes, true_effects
from tasks.calibrate.world import Procedure, World
from tasks.calibrate.worlds import Simulation, simulate_world
from tasks.discovery.scrutiny import MarketOutcomes

TRUTHS = ("truth_scaled_bps", "truth_effect_bps", "truth_weighted_bps")
NAN = float("nan")


def try_world(world: World, procedure: Procedure) -> pl.DataFrame:
    """Run discovery on a simulated market.

    Parameters
    ----------
    world : World
        Null or planted.
    procedure : Procedure

    Returns
    -------
    DataFrame of CALIBRATION
    """
    simulation = simulate_world(procedure, world)
    known = observe(simulation.bars, simulation.context, procedure)
    findings = search(known.searched, known.eras, procedure)
    discovered = follow(simulation.bars, simulation.funding, known, findings, procedure)
    if world.effect_bps == 0:
        return _pack(world, _nothing_planted(discovered))
    return _pack(world, _planted(simulation, known, discovered, procedure))


def try_placebo(world: World, known: Known, procedure: Procedure) -> pl.DataFrame:
    """Search the discovery era of real markets after its outcomes were replaced.

    The later eras stay closed: nothing is confirmed or traded.

    Parameters
    ----------
    world : World
        Which placebo.
    known : Known
        The user's markets.
    procedure : Procedure

    Returns
    -------
    DataFrame of CALIBRATION
    """
    real = known.searched
    outcomes, features = replace_outcomes(
        world,
        {m: dict(era.outcomes) for m, era in real.items()},
        {m: era.features for m, era in real.items()},
        procedure.discovery,
    )
    markets = {m: MarketOutcomes(era.events, features[m], outcomes[m]) for m, era in real.items()}
    findings = search(markets, known.eras, procedure)
    nothing = [pl.lit(NAN).alias(name) for name in ("confirmed_bps", "confirmed_se_bps", "net_bps")]
    truth = [pl.lit(0.0).alias(name) for name in TRUTHS]
    rows = findings.with_columns(*nothing, *truth, truth_confirmed_bps=NAN)
    return _pack(world, rows.with_columns(promoted=pl.lit(None, pl.Boolean)))


def _join(found: Discovered) -> pl.DataFrame:
    """FINDINGS with what became of them."""
    confirmed = found.confirmed.select(
        "hypothesis", confirmed_bps="scaled_bps", confirmed_se_bps="scaled_se_bps"
    )
    promoted = pl.col("verdict") == "promoted"
    rows = found.findings
    for told in (
        confirmed,
        found.bridged.select("hypothesis", "net_bps"),
        found.verdicts.select("hypothesis", promoted=promoted),
    ):
        rows = rows.join(told, on="hypothesis", how="left", maintain_order="left")
    unknown = pl.col("confirmed_bps", "confirmed_se_bps", "net_bps").fill_null(NAN)
    return rows.with_columns(unknown)


def _nothing_planted(found: Discovered) -> pl.DataFrame:
    rows = _join(found).with_columns(pl.lit(0.0).alias(name) for name in TRUTHS)
    confirmed = pl.when(pl.col("confirmed_bps").is_nan()).then(NAN).otherwise(0.0)
    return rows.with_columns(truth_confirmed_bps=confirmed)


def _planted(
    simulation: Simulation, known: Known, found: Discovered, procedure: Procedure
) -> pl.DataFrame:
    """The same estimates, made of what the planted drift alone would have brought."""
    expected = Known(
        known.features, known.events, expect_outcomes(simulation, known.outcomes), known.eras
    )
    truth = true_effects(estimate_all(expected.searched, procedure))
    later = confirm_all(expected, found.findings, procedure).select(
        "hypothesis", truth_confirmed_bps="scaled_bps"
    )
    rows = _join(found)
    for told in (truth, later):
        rows = rows.join(told, on="hypothesis", how="left", maintain_order="left")
    return rows.with_columns(pl.col(*TRUTHS, "truth_confirmed_bps").fill_null(NAN))


def _pack(world: World, rows: pl.DataFrame) -> pl.DataFrame:
    told = rows.with_columns(
        world=pl.lit(world.kind),
        planted_bps=pl.lit(world.effect_bps),
        number=pl.lit(world.number, pl.Int64),
        seed=pl.lit(world.seed, pl.Int64),
    )
    return CALIBRATION.conform(told.select(list(CALIBRATION.columns)).sort(CALIBRATION.order))
