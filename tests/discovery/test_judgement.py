import numpy as np
import pytest
from scipy.stats import norm

from lake.schema import FINDINGS, GRID, JUDGEMENT
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.judgement import sum_up
from tests.discovery import market

CONFIG = DiscoveryConfig(conditions=("all",), n_sign_flips=99)
HISTORY = {"n_ever_asked": 500, "n_looks": 2, "n_looked_at": 7}
N = 96 * 150


def judged(n_events, kick=0.0, twice=()):
    """EFFECTS, GRID and FINDINGS of states, before the first of which a drift is planted."""
    rng = np.random.default_rng(3)
    rows = {f"state_{i:02}": market.runs(N, 50, 12, rng) for i in range(n_events)}
    rows |= {f"again_{i:02}": rows[f"state_{i:02}"] for i in twice}
    shocks = rng.normal(0, 1, N)
    shocks[np.minimum(rows["state_00"] + 2, N - 1)] += kick
    frame = market.bars(N, 3, shared=shocks)
    sides = {name: np.ones(own.size, int) for name, own in rows.items()}
    events = market.events(frame, rows | {"once": [700]}, sides_of=sides | {"once": [1]})
    grid, findings = market.judged([(events, frame)], CONFIG, ("1h", "4h"))
    return [market.effects_of(events, frame, CONFIG, ("1h", "4h"))], grid, findings


def said(effects, grid, findings):
    table = sum_up(findings, grid, effects, HISTORY, CONFIG)
    assert JUDGEMENT.conform(table).equals(table)
    return table.row(0, named=True)


def test_what_was_named_asked_tested_and_found_is_counted():
    effects, grid, findings = judged(6, kick=0.8, twice=(1, 2))
    row = said(effects, grid, findings)
    # Nine events, two horizons, one market and the same pooled; two events are the same as others.
    assert (row["n_named"], row["n_asked"]) == (9 * 2 * 2, 7 * 2)
    # One occurrence is no test.
    assert (row["n_tested"], row["n_events"]) == (12, 6)
    assert row["n_events_selected"] == 1
    assert row["n_findings"] == 2
    assert {name: row[name] for name in HISTORY} == HISTORY


def test_overlapping_hypotheses_amount_to_fewer_trials():
    effects, grid, findings = judged(6)
    row = said(effects, grid, findings)
    assert 4 < row["n_effective"] <= row["n_tested"]


def test_p_values_that_are_right_raise_no_alarm_and_naive_ones_do():
    effects, grid, findings = judged(120)
    row = said(effects, grid, findings)
    assert row["n_tested"] == 240
    assert not row["alarm"]
    assert row["null_sd"] == pytest.approx(1, abs=0.15)
    naive = 2 * norm.sf(np.abs(1.8 * findings["naive_t"].to_numpy()))
    wrong = said(effects, grid, findings.with_columns(p_scaled=naive))
    assert wrong["alarm"]
    assert wrong["null_sd"] > 1.2


def test_too_few_tests_say_nothing_of_the_null():
    row = said(*judged(3))
    assert np.isnan(row["null_sd"])
    assert not row["alarm"]


def test_nothing_asked_is_summed_up_as_well():
    row = said([], GRID.empty(), FINDINGS.empty())
    assert (row["n_asked"], row["n_tested"], row["n_findings"]) == (0, 0, 0)
    assert row["n_effective"] == 0
    assert not row["alarm"]


def test_the_order_of_findings_and_effects_does_not_matter():
    effects, grid, findings = judged(3)
    one = sum_up(findings, grid, effects, HISTORY, CONFIG)
    two = sum_up(findings.sort("p"), grid.reverse(), effects[::-1], HISTORY, CONFIG)
    assert one.drop("n_effective").equals(two.drop("n_effective"))
    assert one["n_effective"].item() == pytest.approx(two["n_effective"].item())
