import json
import shlex
from dataclasses import replace
from datetime import date
from statistics import median

import numpy as np
import polars as pl
import pytest
from scipy.stats import t

from lake.keys import canonical_json, sha256
from tasks.events.registry import catalogue
from tasks.report.calibration import tell_calibration
from tasks.report.cards import tell_cards
from tasks.report.chart import N_SERIES
from tasks.report.config import ReportConfig
from tasks.report.costs import tell_costs
from tasks.report.formats import count, estimate, percent, signed
from tasks.report.funnel import tell_funnel
from tasks.report.headline import tell_headline
from tasks.report.insufficient import tell_insufficient
from tasks.report.occurrences import tell_occurrences
from tasks.report.planted import tell_planted
from tasks.report.provenance import tell_provenance
from tasks.report.quality import tell_quality
from tasks.report.ranking import ranked
from tasks.report.search import tell_search
from tasks.report.stability import tell_stability
from tests.report.contest import every_event
from tests.report.sample import (
    PLANTED,
    make_barren,
    make_eventless,
    make_evidence,
    make_facts,
    make_judgement,
)

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
    rows = EVIDENCE.findings.filter(pl.col("t").is_finite()).iter_rows(named=True)
    times = median(abs(row["naive_t"]) / abs(row["effect_bps"] / row["se_bps"]) for row in rows)
    assert any(f"median t by {times:.2f}" in told for told in tell_headline(EVIDENCE)["caveats"])


def test_the_number_of_a_promoted_hypothesis_is_that_out_of_sample():
    promoted = ranked(EVIDENCE).filter(promotion="promoted").row(0, named=True)
    proof = estimate(promoted["confirmed_scaled_bps"], promoted["confirmed_scaled_se_bps"])
    told = tell_headline(EVIDENCE)["best"][0]
    assert f": out of sample {proof} bps over {count(promoted['confirmed_n'])} events" in told
    after = told.index("In the search, of ")
    assert told.index("after costs: ") < after
    assert f"{signed(promoted['shrunk_bps'])} are believed" in told[after:]
    assert "false sign rate" in told[after:]
    assert "detectable" in told[after:]
    assert signed(promoted["scaled_bps"]) not in told[:after]


def test_an_alarm_stands_on_the_first_screen_and_beside_the_p_values():
    loud = make_judgement(EVIDENCE.findings, alarm=True, null_sd=1.38)
    alarmed = replace(EVIDENCE, judgement=loud)
    assert "standard deviation of 1.38" in tell_headline(alarmed)["alarm"]
    assert tell_calibration(alarmed, CONFIG)["alarm"].startswith("ALARM")
    assert tell_headline(EVIDENCE)["alarm"] == tell_calibration(EVIDENCE, CONFIG)["alarm"] == ""


def test_the_headline_tells_how_much_was_ever_asked():
    caveats = " ".join(tell_headline(EVIDENCE)["caveats"])
    asked = count(2 * EVIDENCE.findings.height)
    assert f"ever asked of these bars: {asked} hypotheses; confirmation era opened once" in caveats
    assert "null sd 0.98" in caveats


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


def test_many_events_stand_in_charts_side_by_side_family_by_family():
    evidence = replace(EVIDENCE, events=every_event(EVIDENCE))
    told = tell_occurrences(evidence)
    first, second = told["shares"]
    assert first.name != second.name
    assert first.layout["xaxis"]["range"] == second.layout["xaxis"]["range"]
    events = [[name for bars in chart.data for name in bars["y"]] for chart in (first, second)]
    known = sorted((analyzer.family, analyzer.name) for analyzer in catalogue())
    assert events[0] + events[1] == [name for _, name in known]
    assert max(map(len, events)) < 0.7 * len(known)
    families = [{bars["name"] for bars in chart.data} for chart in (first, second)]
    assert not families[0] & families[1]


def test_more_families_than_colours_are_told_apart_by_dashes_and_hatching():
    told = tell_occurrences(replace(EVIDENCE, events=every_event(EVIDENCE)))
    lines = [(line["line"]["color"], line["line"]["dash"]) for line in told["quarters"].data]
    assert len(set(lines)) == len(lines) > N_SERIES
    markers = [str(bars["marker"]) for chart in told["shares"] for bars in chart.data]
    assert len(set(markers)) == len(markers)


def test_few_events_stand_in_one_chart():
    assert len(tell_occurrences(EVIDENCE)["shares"]) == 1


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
    selected = {
        (row["hypothesis"], row["fold"]) for row in EVIDENCE.refits.to_dicts() if row["selected"]
    }
    totals = dict.fromkeys(EVIDENCE.bridged["hypothesis"], 0.0)
    for trade in EVIDENCE.trades.to_dicts():
        counts = (trade["hypothesis"], trade["fold"]) in selected
        totals[trade["hypothesis"]] += counts * trade["net_bps"]
    assert sum(totals.values()) != pytest.approx(EVIDENCE.trades["net_bps"].sum())
    lines = tell_costs(EVIDENCE, CONFIG)["chart"].data
    assert np.allclose(sorted(line["y"][-1] for line in lines), sorted(totals.values()), rtol=1e-5)


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
    parts = {part.title: str(part.body) for part in card["parts"]}
    assert list(parts) == ["Rule", "Evidence", "Costs assumed", "What would falsify it"]
    assert "volatility regime is low" in parts["Rule"]
    document = json.loads(card["json"])
    assert document["hypothesis"] == "BTCUSDT-1h|crash|4h|vol_regime=0"
    assert document["version"] == 2
    for told in document["falsified_by"]:
        assert told in parts["What would falsify it"]


def test_what_other_sections_draw_is_folded_away_on_a_card():
    card = tell_cards(EVIDENCE)["cards"][0]
    assert [part.title for part in card["folded"]] == ["Walk-forward", "Stress", "Provenance"]
    assert "<table" in card["folded"][0].body


def test_a_card_names_the_command_that_replays_its_golden_trades():
    for card, name in zip(
        tell_cards(EVIDENCE)["cards"], EVIDENCE.blueprints["blueprint"], strict=True
    ):
        assert card["command"] == f"python -m flows.backtest --blueprint {name}.json --verify"
    odd = EVIDENCE.blueprints.head(1).with_columns(blueprint=pl.lit("a b; rm"))
    (card,) = tell_cards(replace(EVIDENCE, blueprints=odd))["cards"]
    assert shlex.split(card["command"])[-2:] == ["a b; rm.json", "--verify"]


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
    assert cells(told["table"], "found")[0] == estimate(
        pooled["scaled_bps"], pooled["scaled_se_bps"]
    )
    assert cells(told["table"], "equal notional")[0] == estimate(
        pooled["effect_bps"], pooled["se_bps"]
    )
    assert cells(told["table"], "shrunk")[0] == signed(pooled["shrunk_bps"])
    proof = EVIDENCE.confirmed.filter(hypothesis="all|crash|4h|all").to_dicts()[0]
    assert cells(told["table"], "out of sample")[0] == estimate(
        proof["scaled_bps"], proof["scaled_se_bps"]
    )


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


def test_the_judgement_stands_under_the_p_values_number_by_number():
    grid = tell_calibration(EVIDENCE, CONFIG)["judged"]
    shown = dict(zip(cells(grid, "count"), cells(grid, ""), strict=True))
    row = EVIDENCE.judgement.row(0, named=True)
    assert shown["asked"] == count(row["n_asked"])
    assert shown["its standard deviation"] == "0.98"
    assert shown["openings of the confirmation era"] == "1"
    assert len(shown) == len(row) - 1  # the alarm is said in words


def test_the_best_of_each_event_is_cut_into_slices_the_promoted_first():
    told = tell_stability(EVIDENCE, CONFIG)
    every = ranked(EVIDENCE).filter(verdict="finding").to_dicts()
    every.sort(key=lambda row: (row["promotion"] != "promoted", row["rank"]))
    best = list({row["event"]: row for row in reversed(every)}.values())
    best.sort(key=lambda row: (row["promotion"] != "promoted", row["rank"]))
    titles = [drawn["title"].split(" ")[0] for drawn in told["charts"]]
    assert titles == [row["event"] for row in best[: CONFIG.n_slices]]


def test_a_slice_is_drawn_with_its_interval_and_without_where_there_is_no_error():
    drawn = tell_stability(EVIDENCE, CONFIG)["charts"][0]
    points = drawn["chart"].data[0]
    first = ranked(EVIDENCE).filter(promotion="promoted").row(0, named=True)
    own = {
        (row["by"], row["slice"]): row
        for row in EVIDENCE.stability.filter(hypothesis=first["hypothesis"]).to_dicts()
    }
    assert len(points["x"]) == len(own)
    assert points["text"][:4] == ["first half", "second half", "2023", "2024"]
    half = own["half", "first"]
    assert np.isclose(points["x"][0], half["scaled_bps"], rtol=1e-5)
    quantile = t.ppf(0.975, half["n_clusters"] - 1)
    assert np.isclose(points["error_x"]["array"][0], half["scaled_se_bps"] * quantile, rtol=1e-5)
    assert points["error_x"]["array"][1] is None
    assert points["y"] == sorted(points["y"])
    assert "years 37 %" in drawn["told"]
    assert "Largest year: 58 % of the sum" in drawn["told"]


def test_a_slice_of_few_blocks_has_no_interval():
    few = EVIDENCE.stability.with_columns(
        n_clusters=pl.when(pl.col("slice") == "first").then(4).otherwise(5).cast(pl.Int64)
    )
    (points,) = tell_stability(replace(EVIDENCE, stability=few), CONFIG)["charts"][0]["chart"].data
    at = points["text"].index("first half")
    assert points["error_x"]["array"][at] is None
    assert points["x"][at] is not None
    assert points["error_x"]["array"][points["text"].index("2023")] > 0


def test_where_nothing_was_sliced_the_section_says_so():
    assert tell_stability(BARREN, CONFIG)["empty"]


def test_hypotheses_that_lack_evidence_say_how_many_occurrences_would_settle_them():
    told = tell_insufficient(EVIDENCE, ReportConfig(n_short=4))
    lacking = EVIDENCE.findings.filter(verdict="insufficient evidence")
    assert f"{lacking.height} hypotheses have too few" in told["sentence"]
    assert cells(told["table"], "wanted") == ["30"] * 4
    most = sorted(lacking["n"], reverse=True)[:4]
    assert cells(told["table"], "n") == [str(n) for n in most]
    tested = EVIDENCE.findings.filter(pl.col("verdict") != "insufficient evidence")
    assert tell_insufficient(replace(EVIDENCE, findings=tested), CONFIG) is None


def test_after_the_search_all_candidates_are_weighed_by_what_was_tried():
    told = tell_search(EVIDENCE)
    words = " ".join(told["sentences"])
    assert "best of 5,000 trials without skill" in words
    assert "Hansen's test: p 0.0055. 1 candidate is" in words
    assert "In 6 % of the splits" in words
    assert cells(told["table"], "Sharpe")[0] == signed(0.266 * np.sqrt(365), 2)
    assert cells(told["table"], "deflated") == ["31.0", "31.0"]
    assert cells(told["table"], "days wanted") == ["400", "400"]


def test_without_trades_the_search_gives_the_reason():
    told = tell_search(BARREN)
    assert told["sentences"] == [
        "All candidates: nothing traded.",
        "Those promoted: nothing traded.",
    ]
    assert cells(told["table"], "Sharpe") == ["\u2013", "\u2013"]


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
