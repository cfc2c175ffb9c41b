from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from lake.keys import canonical_json, sha256
from tasks.report.calibration import tell_calibration
from tasks.report.cards import tell_cards
from tasks.report.config import ReportConfig
from tasks.report.costs import tell_costs
from tasks.report.formats import count, percent, signed
from tasks.report.funnel import tell_funnel
from tasks.report.headline import tell_headline
from tasks.report.occurrences import tell_occurrences
from tasks.report.planted import tell_planted
from tasks.report.provenance import tell_provenance
from tasks.report.quality import tell_quality
from tests.report.sample import PLANTED, make_barren, make_eventless, make_evidence, make_facts

CONFIG = ReportConfig()
EVIDENCE = make_evidence(2)
BARREN, EVENTLESS = make_barren(), make_eventless()


def cells(grid, title):
    place = [column.title for column in grid.columns].index(title)
    return [row[place] for row in grid.rows]


def test_the_headline_counts_what_the_frames_hold():
    tiles = {noun: figure for figure, noun in tell_headline(EVIDENCE)["tiles"]}
    n_found = EVIDENCE.findings.filter(verdict="finding").height
    assert n_found > 0
    assert tiles == {
        "markets": "2",
        "bars": count(EVIDENCE.months["n_bars"].sum()),
        "events": count(EVIDENCE.events["n"].sum()),
        "hypotheses": count(EVIDENCE.findings.height),
        "findings": count(n_found),
        "promoted": count(EVIDENCE.verdicts.filter(verdict="promoted").height),
    }


def test_a_market_without_alpha_is_said_to_yield_no_findings():
    told = tell_headline(BARREN)
    assert "A market without alpha yields no findings" in told["found"]
    assert told["best"] == []


def test_a_run_without_events_says_that_nothing_was_tested():
    assert tell_headline(EVENTLESS)["found"].startswith("Nothing was tested")


def test_the_headline_says_how_wrong_the_naive_t_is():
    assert any("median t by 1.80" in told for told in tell_headline(EVIDENCE)["caveats"])


def test_findings_that_all_fail_later_are_not_praised():
    rejected = EVIDENCE.verdicts.with_columns(verdict=pl.lit("rejected"))
    told = tell_headline(replace(EVIDENCE, verdicts=rejected))["found"]
    assert "nothing was promoted" in told


def test_the_quality_table_shows_bars_gaps_and_the_checks_that_met_something():
    grid = tell_quality(EVIDENCE, CONFIG)["summary"]
    gaps = EVIDENCE.months.group_by("market").agg(pl.col("n_gaps").sum()).sort("market")
    assert cells(grid, "missing") == [count(n) for n in gaps["n_gaps"]]
    assert cells(grid, "duplicate") == ["3", "3"]
    assert "bad ohlc" not in [column.title for column in grid.columns]


def test_months_change_their_tone_at_the_steps():
    share = [0.0, 0.0005, 0.001, 0.005, 0.05, 0.5]
    gaps = [round(10_000 * each) for each in share]
    months = pl.DataFrame(
        {
            "market": ["A-1h"] * 6,
            "month": [date(2023, month, 1) for month in range(1, 7)],
            "n_bars": [10_000 - n for n in gaps],
            "n_gaps": gaps,
            "first_time": [None] * 6,
            "last_time": [None] * 6,
        },
        schema=EVIDENCE.months.schema,
    )
    strip = tell_quality(replace(EVIDENCE, months=months), CONFIG)["strip"]
    assert strip.data[0]["z"] == [[0, 1, 1, 2, 3, 4]]


def test_a_month_before_a_market_began_is_empty_not_whole():
    late = EVIDENCE.months.filter(
        (pl.col("market") == "BTCUSDT-1h") | (pl.col("month") >= date(2024, 1, 1))
    )
    strip = tell_quality(replace(EVIDENCE, months=late), CONFIG)["strip"]
    assert strip.data[0]["z"][1][:12] == [None] * 12
    assert None not in strip.data[0]["z"][0]


def test_without_gaps_there_is_no_strip():
    assert tell_quality(EVENTLESS, CONFIG)["strip"] is None


def test_events_are_counted_per_market_and_year():
    told = tell_occurrences(EVIDENCE)
    crashes = EVIDENCE.events.filter(event="crash")
    row = cells(told["by_market"], "event").index("crash")
    assert cells(told["by_market"], "all")[row] == count(crashes["n"].sum())
    share = crashes["n"].sum() / EVIDENCE.months["n_bars"].sum()
    assert cells(told["by_market"], "of bars")[row] == percent(share)
    own = crashes.filter(market="ETHUSDT-1h")["n"].sum()
    assert cells(told["by_market"], "ETHUSDT-1h")[row] == count(own)
    year = crashes.filter(pl.col("month").dt.year() == 2024)["n"].sum()
    assert cells(told["by_year"], "2024")[row] == count(year)


@pytest.mark.parametrize("evidence", [EVIDENCE, EVENTLESS], ids=["events", "no event"])
def test_events_that_could_not_run_are_named_with_the_reason(evidence):
    absent = tell_occurrences(evidence)["absent"]
    assert cells(absent, "event") == ["oi_flush"]
    assert cells(absent, "why") == ["not runnable: needs open interest"]


def test_the_rate_of_a_quarter_is_events_by_bars():
    line = tell_occurrences(EVIDENCE)["quarters"].data[0]
    first = pl.col("month") < date(2023, 4, 1)
    n = EVIDENCE.events.filter(first, family=line["name"])["n"].sum()
    n_bars = EVIDENCE.months.filter(first)["n_bars"].sum()
    assert line["x"][0] == "2023-01-01"
    assert line["y"][0] == pytest.approx(1000 * n / n_bars, rel=1e-5)


def test_the_funnel_shows_what_each_gate_let_through():
    told = tell_funnel(EVIDENCE)
    on, stopped = told["chart"].data
    assert on["x"] == EVIDENCE.funnel["n_out"].to_list()
    assert stopped["x"] == EVIDENCE.funnel["n_stopped"].to_list()
    assert cells(told["table"], "went on") == [count(n) for n in EVIDENCE.funnel["n_out"]]
    assert tell_funnel(EVENTLESS) == {"empty": True}


def test_candidates_show_what_they_earned():
    told = tell_costs(EVIDENCE, CONFIG)
    shown = dict(zip(cells(told["table"], "net"), cells(told["table"], "trades"), strict=True))
    assert shown == {
        signed(row["net_bps"]): count(row["n_trades"]) for row in EVIDENCE.bridged.to_dicts()
    }


def test_promoted_candidates_come_first():
    promoted = cells(tell_costs(EVIDENCE, CONFIG)["table"], "verdict")
    assert promoted == sorted(promoted)
    assert {"promoted", "rejected"} == set(promoted)


def test_further_candidates_are_folded_away():
    told = tell_costs(EVIDENCE, ReportConfig(n_best=1))
    assert len(told["table"].rows) == 1
    assert len(told["further"].rows) == EVIDENCE.bridged.height - 1


def test_lines_end_at_the_sum_of_the_net_trades():
    totals = EVIDENCE.trades.group_by("hypothesis").agg(pl.col("net_bps").sum())["net_bps"]
    lines = tell_costs(EVIDENCE, CONFIG)["chart"].data
    assert np.allclose(sorted(line["y"][-1] for line in lines), sorted(totals), rtol=1e-5)


def test_long_lines_are_thinned_but_keep_their_end():
    lines = tell_costs(EVIDENCE, ReportConfig(n_points=10))["chart"].data
    whole = tell_costs(EVIDENCE, CONFIG)["chart"].data
    assert all(len(line["x"]) <= 11 for line in lines)
    assert [line["y"][-1] for line in lines] == [line["y"][-1] for line in whole]


def test_a_candidate_without_trades_is_listed_and_not_counted_as_earning():
    nothing = [pl.lit(np.nan).alias(name) for name in ("gross_bps", "net_bps", "hit_rate")]
    idle = replace(
        EVIDENCE,
        bridged=EVIDENCE.bridged.with_columns(*nothing, n_trades=pl.lit(0, pl.Int64)),
        trades=EVIDENCE.trades.clear(),
    )
    told = tell_costs(idle, CONFIG)
    assert told["chart"] is None
    assert "0 are above zero" in told["sentence"]
    assert set(cells(told["table"], "net")) == {"\u2013"}


def test_without_findings_no_costs_were_asked():
    assert tell_costs(BARREN, CONFIG)["empty"]


def test_a_card_says_rule_evidence_costs_and_when_to_stop():
    cards = tell_cards(EVIDENCE)["cards"]
    assert len(cards) == EVIDENCE.blueprints.height > 0
    card = next(each for each in cards if "low volatility" in each["title"])
    terms = dict(card["terms"])
    assert "under low volatility" in terms["Rule"]
    assert "next bar's open with the event's side" in terms["Rule"]
    assert "4 bars after the event (4h)" in terms["Rule"]
    assert "4.00 bps per side" in terms["Costs"]
    assert "last 50 trades is below \u22124.2 bps" in terms["Kill rule"]
    assert '"hypothesis"' in card["json"]


def test_without_promotion_there_is_no_card():
    told = tell_cards(BARREN)
    assert told["cards"] == []
    assert "no blueprint" in told["sentence"]


def test_planted_effects_stand_beside_what_was_found():
    told = tell_planted(EVIDENCE)
    assert cells(told["table"], "truth") == [signed(effect) for effect in PLANTED.values()]
    assert cells(told["table"], "planted") == ["1,280", "1,280"]
    n_promoted = EVIDENCE.verdicts.filter(
        pl.col("hypothesis").str.starts_with("all|crash|4h"), verdict="promoted"
    ).height
    assert cells(told["table"], "promoted")[0] == str(n_promoted)
    assert cells(told["each"], "market") == ["BTCUSDT-1h", "ETHUSDT-1h"] * 2
    pooled = EVIDENCE.findings.filter(hypothesis="all|crash|4h|all").to_dicts()[0]
    assert cells(told["table"], "effect")[0] == signed(pooled["effect_bps"])


def test_a_planted_effect_that_nobody_asked_for_is_shown_as_such():
    unasked = EVIDENCE.findings.filter(pl.col("event") != "crash")
    told = tell_planted(replace(EVIDENCE, findings=unasked))
    assert cells(told["table"], "verdict")[0] == "\u2013"


def test_a_market_whose_truth_nobody_knows_has_no_such_section():
    assert tell_planted(BARREN) is None


def test_the_histogram_and_the_table_count_p_values():
    told = tell_calibration(EVIDENCE, CONFIG)
    p = [value for value in EVIDENCE.findings["p"] if np.isfinite(value)]
    assert sum(told["histogram"].data[0]["y"]) == len(p)
    assert told["histogram"].data[0]["y"][0] == sum(value < 0.05 for value in p)
    assert cells(told["table"], "observed")[0] == count(sum(value <= 0.05 for value in p))
    n_untested = EVIDENCE.findings.height - len(p)
    assert f"{n_untested} untested" in told["sentence"]


def test_quantiles_of_even_p_values_lie_on_the_diagonal():
    n = EVIDENCE.findings.height
    even = EVIDENCE.findings.with_columns(p=(pl.int_range(n).reverse() + 0.5) / n)
    _, points = tell_calibration(replace(EVIDENCE, findings=even), CONFIG)["quantiles"].data
    assert np.allclose(points["x"], points["y"], rtol=1e-4)


def test_without_a_test_there_is_no_calibration():
    assert tell_calibration(EVENTLESS, CONFIG)["empty"]


def test_provenance_names_every_table_and_the_code():
    facts = make_facts(EVIDENCE)
    told = tell_provenance(facts)
    assert len(told["tables"].rows) == len(facts.refs)
    assert sorted(cells(told["tables"], "key")) == sorted(ref.key[:12] for ref in facts.refs)
    assert f"{len(facts.code)} modules" in told["sentence"]
    assert sha256(canonical_json(facts.code).encode())[:12] in told["sentence"]
    assert "cost_bps: 4.0" in told["settings"]
