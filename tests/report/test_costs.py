from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tasks.report.config import ReportConfig
from tasks.report.costs import tell_costs
from tasks.report.formats import INFINITE, MISSING, amount, decimal, percent, probability, signed
from tasks.report.spent import tell_spent
from tests.report.sample import make_evidence
from tests.report.test_sections import cells

CONFIG = ReportConfig()
EVIDENCE = make_evidence(2)


def bridged_in_order():
    """Rows of BRIDGED in the order of the table: told apart by their net mean."""
    rows = {signed(row["net_bps"]): row for row in EVIDENCE.bridged.to_dicts()}
    assert len(rows) == EVIDENCE.bridged.height
    return [rows[net] for net in cells(tell_costs(EVIDENCE, CONFIG)["table"], "net")]


def test_folds_are_counted_from_the_refits_and_the_trades_in_them():
    table = tell_costs(EVIDENCE, CONFIG)["table"]
    for row, folds, earn in zip(
        bridged_in_order(), cells(table, "folds"), cells(table, "earn"), strict=True
    ):
        own = {"hypothesis": row["hypothesis"]}
        chosen = EVIDENCE.refits.filter(**own).filter(pl.col("selected"))["fold"].to_list()
        assert folds == f"{len(chosen)} of {EVIDENCE.folds.height}"
        trades = EVIDENCE.trades.filter(**own).filter(pl.col("fold").is_in(chosen))
        means = trades.group_by("fold").agg(pl.col("net_bps").mean())["net_bps"]
        assert earn == f"{(means > 0).sum()} of {means.len()}"


@pytest.mark.parametrize(
    ("title", "field", "say"),
    [
        ("net, costs \u00d7 2", "net_double_cost_bps", signed),
        ("gross, 1 bar later", "gross_delayed_bps", signed),
        ("net without best", "net_trimmed_bps", signed),
        ("break-even", "break_even_cost_bps", lambda value: decimal(value, 1)),
        ("largest", "largest_share", lambda value: percent(value, 0)),
        ("later", "p_shifted", probability),
        ("random", "p_random", probability),
        ("opposite", "p_opposite", probability),
        ("capacity", "capacity", amount),
    ],
)
def test_what_is_left_when_things_are_worse_is_that_of_the_bridge(title, field, say):
    table = tell_costs(EVIDENCE, CONFIG)["worse"]
    assert cells(table, title) == [say(row[field]) for row in bridged_in_order()]


def test_what_no_tried_notional_exhausts_is_above_the_largest_tried():
    endless = EVIDENCE.bridged.with_columns(capacity=pl.lit(np.inf), break_even_cost_bps=np.inf)
    table = tell_costs(replace(EVIDENCE, bridged=endless), CONFIG)["worse"]
    assert set(cells(table, "capacity")) == {"> 30M"}
    assert set(cells(table, "break-even")) == {INFINITE}
    untried = replace(EVIDENCE, bridged=endless, stressed=EVIDENCE.stressed.clear())
    assert set(cells(tell_costs(untried, CONFIG)["worse"], "capacity")) == {INFINITE}


def test_the_gross_is_split_into_fees_slippage_funding_and_net():
    rng = np.random.default_rng(3)
    n = EVIDENCE.trades.height
    parts = {name: rng.uniform(0, 9, n) for name in ("fee_bps", "slippage_bps", "funding_bps")}
    trades = EVIDENCE.trades.with_columns(**{k: pl.Series(v) for k, v in parts.items()})
    evidence = replace(EVIDENCE, trades=trades)
    names = EVIDENCE.bridged["hypothesis"]
    grid = tell_spent(evidence, names)
    for at, name in enumerate(names):
        chosen = EVIDENCE.refits.filter(pl.col("selected"), hypothesis=name)["fold"].to_list()
        own = trades.filter(pl.col("fold").is_in(chosen), hypothesis=name)
        assert cells(grid, "trades")[at] == str(own.height)
        assert cells(grid, "fees")[at] == decimal(own["fee_bps"].mean(), 1)
        assert cells(grid, "slippage")[at] == decimal(own["slippage_bps"].mean(), 1)
        assert cells(grid, "funding")[at] == signed(own["funding_bps"].mean())
        assert cells(grid, "net")[at] == signed(own["net_bps"].mean())
        assert cells(grid, "both touched")[at] == str(own["n_ambiguous"].sum())


def test_ways_out_are_shares_of_the_trades_the_most_frequent_first():
    name = EVIDENCE.counted["hypothesis"][0]
    own = EVIDENCE.counted.filter(hypothesis=name).head(8)
    left = ["stop", "time", "time", "time", "time", "target", "time", "stop"]
    trades = own.with_columns(exit=pl.Series(left))
    grid = tell_spent(replace(EVIDENCE, trades=trades), pl.Series([name]))
    assert cells(grid, "left by") == ["time 62, stop 25, target 12"]


def test_trades_of_folds_that_were_not_chosen_count_nowhere():
    nowhere = EVIDENCE.refits.with_columns(selected=pl.lit(value=False))
    told = tell_costs(replace(EVIDENCE, refits=nowhere), CONFIG)
    assert told["spent"] is None
    assert told["chart"] is None
    assert MISSING not in cells(told["worse"], "net")
