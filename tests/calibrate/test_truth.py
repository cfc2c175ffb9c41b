import numpy as np
import polars as pl
import pytest

from tasks.calibrate.pipeline import estimate_all, observe, search
from tasks.calibrate.truth import expect, expect_outcomes, true_effects
from tasks.calibrate.world import World
from tasks.calibrate.worlds import simulate_world
from tasks.ingest.demo_market import Market
from tasks.outcomes.forward import measure
from tests.calibrate.small import PROCEDURE


@pytest.fixture(scope="module")
def simulation():
    return simulate_world(PROCEDURE, World(kind="planted", effect_bps=40.0, seed=11))


@pytest.fixture(scope="module")
def known(simulation):
    return observe(simulation.bars, simulation.context, PROCEDURE)


def test_a_price_that_drift_alone_moves_is_expected_as_it_comes():
    drift = np.array([0.0, 0.0, 0.01, 0.02, -0.01, 0.0, 0.03, 0.0])
    close = 100.0 * np.cumprod(1.0 + drift)
    open_ = np.concatenate([[100.0], close[:-1]])
    prices = np.stack([open_, np.maximum(open_, close), np.minimum(open_, close), close])
    time = 900_000 * np.arange(8)
    nothing = np.zeros(8)
    drawn = Market(time, prices, nothing, nothing, nothing, drift, np.zeros((2, 8), np.int8))
    bars = pl.DataFrame(
        {
            "time": pl.Series(time).cast(pl.Datetime("ms", "UTC")),
            **dict(zip(("open", "high", "low", "close"), prices, strict=True)),
        }
    )
    outcome = measure(bars, "15m", "45m")
    expected = expect(outcome, drawn, 3)
    np.testing.assert_allclose(
        expected["forward_return"].to_numpy(), outcome["forward_return"].to_numpy(), rtol=1e-12
    )


def test_outcomes_are_expected_where_they_are_known_and_nowhere_else(simulation, known):
    expected = expect_outcomes(simulation, known.outcomes)
    for market, parts in known.outcomes.items():
        for horizon, frame in parts.items():
            told = expected[market][horizon]["forward_return"]
            assert told.is_nan().to_list() == frame["forward_return"].is_nan().to_list()
            assert told.is_nan().any()
            assert told.fill_nan(0.0).abs().max() < 0.05


def test_what_outcomes_have_beyond_the_expected_has_mean_zero():
    # Over independent markets the mean after spikes must be expected: no bias of the truth.
    errors = []
    for seed in range(12):
        world = World(kind="planted", effect_bps=60.0, seed=1000 + seed)
        simulation = simulate_world(PROCEDURE, world)
        market, drawn = "DEMOA-15m", simulation.drawn["DEMOA-15m"]
        outcome = measure(simulation.bars[market], "15m", "1h")
        excess = outcome["forward_return"] - expect(outcome, drawn, 4)["forward_return"]
        rows = np.searchsorted(drawn.time, outcome["time"].to_physical().to_numpy())
        sides = drawn.sides[0][rows]
        errors.append(np.nanmean(excess.to_numpy()[sides != 0] * sides[sides != 0]))
    errors = np.array(errors)
    assert abs(errors.mean()) < 3.5 * errors.std(ddof=1) / np.sqrt(errors.size)
    assert errors.std() < 60e-4


def test_the_truth_is_worked_out_as_discovery_estimates(known):
    # Of the real outcomes it must give discovery's own numbers, by other code.
    findings = search(known.searched, known.eras, PROCEDURE)
    told = findings.join(
        true_effects(estimate_all(known.searched, PROCEDURE)), on="hypothesis", how="left"
    )
    for name in ("scaled", "effect", "weighted"):
        np.testing.assert_allclose(
            told[f"truth_{name}_bps"].to_numpy(),
            told[f"{name}_bps"].to_numpy(),
            rtol=1e-8,
            atol=1e-8,
        )
    assert told.height > 50


def test_the_planted_event_has_about_the_effect_that_was_planted(simulation, known):
    from tasks.calibrate.pipeline import Known

    outcomes = expect_outcomes(simulation, known.outcomes)
    expected = Known(known.features, known.events, outcomes, known.eras)
    truth = true_effects(estimate_all(expected.searched, PROCEDURE))
    own = dict(truth.select("hypothesis", "truth_scaled_bps").iter_rows())
    assert own["all|vol_spike|1h|all"] == pytest.approx(40.0, rel=0.06)
