from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.stats import t

from lake.schema import BRIDGED, FOLDS, GATED, REFITS, STRESSED
from tasks.report.config import ReportConfig
from tasks.report.formats import MISSING, gate_words, signed
from tasks.report.gates import tell_gates
from tasks.report.page import draw_report
from tasks.report.stress import tell_stress
from tests.report.bridge import MULTIPLES, NOTIONALS
from tests.report.page import Page
from tests.report.sample import make_barren, make_eventless, make_evidence, make_facts
from tests.report.test_sections import cells

CONFIG = ReportConfig()
EVIDENCE = make_evidence(2)
POOLED = "all|crash|4h|all"  # of the sample: promoted, in both markets, one fold not chosen


def told_of(evidence, hypothesis=POOLED, config=CONFIG):
    """What the section says of one hypothesis, alone."""
    own = {"hypothesis": hypothesis}
    alone = replace(
        evidence,
        bridged=evidence.bridged.filter(**own),
        verdicts=evidence.verdicts.filter(**own),
    )
    (one,) = tell_stress(alone, config)["each"]
    return one


def panels_of(evidence, hypothesis=POOLED):
    return dict(told_of(evidence, hypothesis)["panels"])


def stressed_of(test, hypothesis=POOLED):
    rows = EVIDENCE.stressed.filter(hypothesis=hypothesis, test=test).to_dicts()
    return {row["level"]: row for row in rows}


def half(row):
    return t.ppf(0.975, row["n_clusters"] - 1) * row["se_bps"]


def near(shown, wanted):
    return np.allclose(np.array(shown, float), np.array(wanted, float), rtol=1e-5)


def test_the_promoted_are_told_and_nobody_else():
    promoted = EVIDENCE.verdicts.filter(verdict="promoted")
    told = tell_stress(EVIDENCE, CONFIG)
    assert len(told["each"]) == promoted.height < EVIDENCE.verdicts.height
    assert {one["verdict"] for one in told["each"]} == {"promoted"}
    assert told["sentence"].startswith(f"What was promoted ({promoted.height}):")


def test_only_so_many_promoted_are_drawn_and_it_is_said():
    told = tell_stress(EVIDENCE, ReportConfig(n_stressed=1))
    n = EVIDENCE.verdicts.filter(verdict="promoted").height
    assert len(told["each"]) == 1
    assert told["sentence"].startswith(f"The first 1 of {n} that were promoted:")


def test_where_nothing_was_promoted_the_best_few_candidates_are_told():
    rejected = replace(
        EVIDENCE, verdicts=EVIDENCE.verdicts.with_columns(verdict=pl.lit("rejected"))
    )
    told = tell_stress(rejected, ReportConfig(n_unpromoted=2))
    assert [one["verdict"] for one in told["each"]] == ["rejected"] * 2
    assert told["sentence"].startswith("Nothing was promoted. The best 2 candidates")


@pytest.mark.parametrize("evidence", [make_barren(), make_eventless()], ids=["barren", "no event"])
def test_without_candidates_there_was_nothing_to_stress(evidence):
    told = tell_stress(evidence, CONFIG)
    assert told["each"] == []
    assert "nothing to stress" in told["sentence"]


def test_every_fold_has_its_mark_filled_where_it_was_chosen():
    chosen, idle = panels_of(EVIDENCE)["Walk-forward"].data
    refits = EVIDENCE.refits.filter(hypothesis=POOLED).sort("fold").to_dicts()
    assert chosen["x"] == [row["fold"] - 1 for row in refits if row["selected"]]
    assert idle["x"] == [row["fold"] - 1 for row in refits if not row["selected"]] == [1]
    assert (chosen["marker"]["symbol"], idle["marker"]["symbol"]) == ("circle", "circle-open")
    trades = EVIDENCE.trades.filter(hypothesis=POOLED)
    means = dict(trades.group_by("fold").agg(pl.col("net_bps").mean()).iter_rows())
    assert near(chosen["y"], [means[at + 1] for at in chosen["x"]])
    assert near(idle["y"], [means[2]])
    levels = stressed_of("fold")
    assert near(chosen["error_y"]["array"], [half(levels[str(at + 1)]) for at in chosen["x"]])


def test_ticks_of_the_folds_count_their_trades():
    shape = panels_of(EVIDENCE)["Walk-forward"].layout
    n = dict(EVIDENCE.trades.filter(hypothesis=POOLED).group_by("fold").len().iter_rows())
    assert shape["xaxis"]["ticktext"] == [f"{fold}<br>{n[fold]}" for fold in (1, 2, 3, 4)]
    (net,) = EVIDENCE.bridged.filter(hypothesis=POOLED)["net_bps"]
    assert shape["shapes"][-1]["y0"] == net


def test_folds_stand_in_their_order_whatever_that_of_the_tables():
    mixed = replace(
        EVIDENCE,
        folds=EVIDENCE.folds.reverse(),
        refits=EVIDENCE.refits.reverse(),
        stressed=EVIDENCE.stressed.reverse(),
    )
    assert panels_of(mixed) == panels_of(EVIDENCE)


def test_of_many_folds_only_some_have_a_tick():
    folds = pl.concat([EVIDENCE.folds.with_columns(fold=pl.col("fold") + 4 * k) for k in range(10)])
    chart = panels_of(replace(EVIDENCE, folds=folds))["Walk-forward"]
    assert chart.layout["xaxis"]["tickvals"] == list(range(0, 40, 4))
    assert chart.layout["xaxis"]["ticktext"][1].startswith("5<br>")


def test_a_fold_without_trades_has_no_mark_and_says_0():
    first = EVIDENCE.findings.filter(verdict="finding")["hypothesis"][0]
    chart = panels_of(EVIDENCE, first)["Walk-forward"]
    n_traded = EVIDENCE.trades.filter(hypothesis=first)["fold"].n_unique()
    assert n_traded == 3
    chosen = chart.data[0]
    assert chosen["y"][2] is chosen["error_y"]["array"][2] is None
    assert chart.layout["xaxis"]["ticktext"][2] == "3<br>0"


def test_a_fold_that_nobody_refitted_counts_as_not_chosen():
    lost = replace(EVIDENCE, refits=EVIDENCE.refits.filter(pl.col("fold") != 4))
    chosen, idle = panels_of(lost)["Walk-forward"].data
    assert 3 not in chosen["x"]
    assert 3 in idle["x"]


def test_costs_fall_along_their_multiples_and_the_zero_is_marked():
    chart = panels_of(EVIDENCE)["Costs"]
    (line,) = chart.data
    counted = EVIDENCE.counted.filter(hypothesis=POOLED)
    gross, cost = counted["gross_bps"].to_numpy(), counted["cost_bps"].to_numpy()
    assert line["x"] == list(MULTIPLES)
    assert near(line["y"], [np.mean(gross - m * cost) for m in MULTIPLES])
    even = gross.mean() / cost.mean()
    assert chart.layout["shapes"][-1]["x0"] == pytest.approx(even, rel=1e-9)
    assert f"{even:.1f} times" in chart.note


@pytest.mark.parametrize(
    ("level", "note", "n_lines"),
    [("0", "nothing even for free", 1), ("40", "40.0 times", 1), ("inf", "", 1), ("3.4", "3.4", 2)],
)
def test_a_break_even_off_the_axis_is_told_and_not_drawn(level, note, n_lines):
    is_even = pl.col("test") == "break_even"
    moved = EVIDENCE.stressed.with_columns(
        level=pl.when(is_even).then(pl.lit(level)).otherwise("level")
    )
    chart = panels_of(replace(EVIDENCE, stressed=moved))["Costs"]
    assert note in chart.note
    assert bool(chart.note) == bool(note)
    assert len(chart.layout["shapes"]) == n_lines
    assert chart.layout["xaxis"]["range"][1] == pytest.approx(1.06 * (3.4 if n_lines > 1 else 3))


def test_delays_start_with_the_candidate_itself():
    bars, net = panels_of(EVIDENCE)["Delay"].data
    (own,) = EVIDENCE.bridged.filter(hypothesis=POOLED).to_dicts()
    levels = stressed_of("delay")
    assert bars["x"] == net["x"] == [0, 1, 2, 3]
    assert near(bars["y"], [own["gross_bps"], *(levels[d]["gross_bps"] for d in "123")])
    assert near(net["y"], [own["net_bps"], *(levels[d]["net_bps"] for d in "123")])
    assert near(net["error_y"]["array"], [half(own), *(half(levels[d]) for d in "123")])


def test_sizes_stand_on_a_log_axis_with_a_tick_per_decade_and_the_capacity():
    chart = panels_of(EVIDENCE)["Size"]
    (line,) = chart.data
    assert chart.layout["xaxis"]["type"] == "log"
    assert chart.layout["xaxis"]["ticktext"] == ["10k", "100k", "1M", "10M"]
    assert line["x"] == list(NOTIONALS)
    levels = stressed_of("notional")
    assert near(line["y"], [levels[f"{q:.15g}"]["net_bps"] for q in NOTIONALS])
    assert line["text"] == ["10k", "30k", "100k", "300k", "1M", "3M", "10M", "30M"]
    assert chart.layout["shapes"][-1]["x0"] == 2.5e6
    assert chart.note == "Nothing is left at 2.5M."


@pytest.mark.parametrize(("capacity", "n_lines"), [(np.inf, 1), (np.nan, 1), (0.0, 1), (5e5, 2)])
def test_a_capacity_that_no_log_axis_can_hold_is_not_drawn(capacity, n_lines):
    bridged = EVIDENCE.bridged.with_columns(capacity=pl.lit(capacity))
    chart = panels_of(replace(EVIDENCE, bridged=bridged))["Size"]
    assert len(chart.layout["shapes"]) == n_lines


def test_placebos_stand_below_the_candidate_with_their_p():
    (points,) = panels_of(EVIDENCE)["Placebos"].data
    (own,) = EVIDENCE.bridged.filter(hypothesis=POOLED).to_dicts()
    rows = [
        own,
        *stressed_of("shifted").values(),
        *stressed_of("opposite").values(),
        *stressed_of("random").values(),
    ]
    assert near(points["x"], [row["net_bps"] for row in rows])
    assert near(points["error_x"]["array"], [half(row) for row in rows])
    labels = ["candidate", "1d later<br>p 0.81", "7d later<br>p 0.64", "other side<br>p 1.0"]
    assert points["text"] == [*labels, "random entries<br>p 0.0030"]


def test_slices_are_those_that_a_group_by_gives():
    (points,) = told_of(EVIDENCE)["slices"]["chart"].data
    counted = EVIDENCE.counted.filter(hypothesis=POOLED)
    shown = dict(zip(points["text"], points["x"], strict=True))
    means = dict(counted.group_by("market").agg(pl.col("net_bps").mean()).iter_rows())
    for market, mean in means.items():
        assert shown[market] == pytest.approx(mean, rel=1e-5)
    assert shown["2024"] == pytest.approx(counted["net_bps"].mean(), rel=1e-5)
    assert points["text"][-3:] == ["low volatility", "middle volatility", "high volatility"]
    steps = np.diff(points["y"])
    assert list(steps > 1.1) == [True, False, True, False, False]  # room between the kinds


def test_of_many_markets_those_with_the_most_trades_are_drawn():
    eth = (pl.col("test") == "market") & (pl.col("level") == "ETHUSDT-1h")
    n_trades = pl.when(eth).then(999).otherwise("n_trades").cast(pl.Int64)
    busy = replace(EVIDENCE, stressed=EVIDENCE.stressed.with_columns(n_trades=n_trades))
    told = told_of(busy, config=ReportConfig(n_slice_markets=1))["slices"]
    shown = told["chart"].data[0]["text"]
    assert "ETHUSDT-1h" in shown
    assert "BTCUSDT-1h" not in shown
    assert told["hidden"] == "1 market"


def test_gates_show_figure_wanted_and_answer_in_their_order():
    gates = told_of(EVIDENCE)["gates"]
    rows = EVIDENCE.gated.filter(hypothesis=POOLED).sort("step").to_dicts()
    assert cells(gates["table"], "gate") == [gate_words(row["gate"]) for row in rows]
    assert cells(gates["table"], "wanted") == [row["wanted"] for row in rows]
    answers = cells(gates["table"], "answer")
    assert answers == ["passed" if row["passed"] else "failed" for row in rows]
    figures = dict(zip([row["gate"] for row in rows], cells(gates["table"], "figure"), strict=True))
    (own,) = EVIDENCE.bridged.filter(hypothesis=POOLED).to_dicts()
    assert figures["net_positive"] == f"{signed(own['net_bps'])} bps"
    assert figures["confirmation_trades"] == str(own["n_trades"])
    assert figures["walk_forward"] == "0.75"
    assert figures["placebo_random"] == "0.0030"


def test_a_gate_that_failed_says_why_and_one_without_a_figure_has_a_dash():
    step = {"hypothesis": "h", "wanted": "above 0 bps"}
    rows = [
        step | {"step": 2, "gate": "delay", "figure": np.nan, "passed": False, "reason": "gone"},
        step | {"step": 1, "gate": "net_positive", "figure": 1.0, "passed": True, "reason": ""},
    ]
    told = tell_gates(0, pl.DataFrame(rows, schema=GATED.columns))
    assert cells(told["table"], "answer") == ["passed", "failed"]
    assert cells(told["table"], "figure") == ["+1.0 bps", MISSING]
    assert told["reasons"] == [("keeps its edge one bar later", "gone")]


def hollow(evidence):
    """Candidates that never traded: counts of 0 and NaN in every other number."""
    empty = {}
    for name, table in (("bridged", BRIDGED), ("stressed", STRESSED), ("gated", GATED)):
        zero = {
            column: pl.lit(0 if dtype.is_integer() else np.nan, dtype)
            for column, dtype in table.columns.items()
            if dtype.is_numeric() and column not in ("follow", "step")
        }
        empty[name] = getattr(evidence, name).with_columns(**zero)
    return replace(evidence, trades=evidence.trades.clear(), **empty)


def test_candidates_that_never_traded_leave_panels_empty():
    idle = hollow(EVIDENCE)
    one = told_of(idle)
    assert [drawn for _, drawn in one["panels"]] == [None] * 5
    assert one["slices"] is None
    assert one["told"].startswith("followed, but without a trade that counts")
    assert set(cells(one["gates"]["table"], "figure")) == {MISSING}
    html = draw_report(idle, make_facts(idle))["html"][0]
    assert "No trade to draw." in Page(html).text
    assert "nan" not in Page(html).text.split()


def test_a_run_without_stress_still_tells_what_it_knows():
    bare = {"folds": FOLDS, "refits": REFITS, "stressed": STRESSED, "gated": GATED}
    poor = replace(EVIDENCE, **{name: table.empty() for name, table in bare.items()})
    one = told_of(poor)
    assert [drawn for _, drawn in one["panels"]] == [None] * 5
    assert one["gates"] == {"table": None, "reasons": []}
    assert "No gate was asked." in Page(draw_report(poor, make_facts(poor))["html"][0]).text
