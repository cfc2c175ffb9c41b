from dataclasses import replace

import numpy as np
import polars as pl
from scipy.stats import t

from tasks.report.believed import tell_belief, tell_name, tell_proof
from tasks.report.config import ReportConfig
from tasks.report.curves import tell_curves
from tasks.report.findings import tell_findings
from tasks.report.formats import decimal, hypothesis_words, probability, signed, spread
from tasks.report.page import draw_report
from tasks.report.ranking import ranked
from tests.report.page import Page
from tests.report.sample import make_barren, make_eventless, make_evidence, make_facts

EVIDENCE, BARREN = make_evidence(2), make_barren()
CONFIG = ReportConfig()


def expected_rows(evidence, n):
    """The first rows by q, p and name, sorted in plain Python; untested ones last."""
    rows = [row for row in evidence.findings.to_dicts() if np.isfinite(row["q"])]
    return sorted(rows, key=lambda row: (row["q"], row["p"], row["hypothesis"]))[:n]


def test_the_table_shows_the_numbers_of_the_frame():
    page = Page(draw_report(EVIDENCE, make_facts(EVIDENCE))["html"][0])
    rows = expected_rows(EVIDENCE, 15)
    assert page.column("findings", "event") == [row["event"] for row in rows]
    assert page.column("findings", "found") == [
        f"{signed(row['scaled_bps'])} {spread(row['scaled_se_bps'])}" for row in rows
    ]
    assert page.column("findings", "shrunk") == [signed(row["shrunk_bps"]) for row in rows]
    assert page.column("findings", "95") == [
        f"{signed(row['lower_bps'])} to {signed(row['upper_bps'])}" for row in rows
    ]
    assert page.column("findings", "n") == [f"{row['n']:,}" for row in rows]
    assert page.column("findings", "blocks") == [f"{row['n_clusters']:,}" for row in rows]
    assert page.column("findings", "q") == [probability(row["q"]) for row in rows]
    assert page.column("findings", "verdict") == [row["verdict"] for row in rows]


def test_the_folded_tables_hold_every_other_estimate_and_test():
    page = Page(draw_report(EVIDENCE, make_facts(EVIDENCE))["html"][0])
    rows = expected_rows(EVIDENCE, 15)

    def shown(table, title, position=0):
        return page.column(table, title, position)

    def with_error(value, error):
        return [f"{signed(row[value])} {spread(row[error])}" for row in rows]

    assert shown("estimates", "equal") == with_error("effect_bps", "se_bps")
    assert shown("estimates", "inverse") == with_error("weighted_bps", "weighted_se_bps")
    assert shown("estimates", "hierarchy") == with_error("tree_bps", "tree_sd_bps")
    assert shown("estimates", "median") == [signed(row["median_bps"]) for row in rows]
    assert shown("estimates", "James\u2013Stein") == [signed(r["james_stein_bps"]) for r in rows]
    assert shown("estimates", "kept") == ["70"] * 15
    assert shown("estimates", "false") == [probability(row["sign_rate"]) for row in rows]
    assert shown("estimates", "no") == [probability(row["null_share"]) for row in rows]
    assert shown("estimates", "prior") == ["yes" if r["prior_dependent"] else "no" for r in rows]
    assert shown("estimates", "detectable") == [decimal(row["detectable_bps"], 1) for row in rows]
    assert shown("tests", "t") == [signed(row["t"], 2) for row in rows]
    fields = {
        "p": "p",
        "permuted": "p_permutation",
        "Romano\u2013Wolf": "p_romano_wolf",
        "BY": "q_by",
        "rank": "p_rank",
        "whole": "p_unconditional",
    }
    for title, field in fields.items():
        assert shown("tests", title) == [probability(row[field]) for row in rows]
    assert shown("tests", "q", 0) == [probability(row["q"]) for row in rows]
    assert shown("tests", "q", 1) == [probability(row["q_event"]) for row in rows]
    assert shown("tests", "reason") == [row["reason"] for row in rows]


def test_what_came_out_of_sample_stands_beside_what_was_found_and_is_blank_where_not_asked():
    told = tell_findings(EVIDENCE, ReportConfig(n_best=60))
    confirmed = {row["hypothesis"]: row for row in EVIDENCE.confirmed.to_dicts()}
    place = [column.title for column in told["table"].columns].index("out of sample")
    for cells, row in zip(told["table"].rows, ranked(EVIDENCE).head(60).to_dicts(), strict=True):
        own = confirmed.get(row["hypothesis"], {"scaled_bps": np.nan})
        if np.isfinite(own["scaled_bps"]):
            shown = f"{signed(own['scaled_bps'])} {spread(own['scaled_se_bps'])}"
            assert cells[place] == shown
        else:
            assert cells[place] == "\u2013"


def test_a_finding_in_words_says_what_is_believed_of_it_and_what_came_out_of_sample():
    row = {
        "scaled_bps": 36.1,
        "shrunk_bps": 34.4,
        "lower_bps": 30.2,
        "upper_bps": 38.6,
        "confirmed_scaled_bps": 33.4,
        "confirmed_scaled_se_bps": 4.1,
        "confirmed_n": 140,
    }
    assert f"{tell_belief(row)}; {tell_proof(row)}" == (
        "of +36.1 bps found, +34.4 are believed (95 %: +30.2 to +38.6); "
        "out of sample +33.4 \u00b1 4.1 bps over 140 events"
    )
    assert "not asked" in tell_proof(row | {"confirmed_scaled_bps": None})
    assert "did not occur" in tell_proof(row | {"confirmed_scaled_bps": float("nan")})


def test_the_promoted_come_first_among_those_told_in_words():
    first = ranked(EVIDENCE).filter(promotion="promoted").row(0, named=True)
    words = tell_findings(EVIDENCE, CONFIG)["words"]
    assert words[0].startswith(f"{tell_name(first)}: of {signed(first['scaled_bps'])} bps found")
    assert tell_findings(BARREN, CONFIG)["words"] == []


def test_the_best_are_listed_even_if_none_passes():
    shown = tell_findings(BARREN, CONFIG)
    assert len(shown["table"].rows) == CONFIG.n_best
    assert "None passes" in shown["sentence"]


def test_every_finding_is_listed_beyond_the_best():
    many = make_evidence(12, n_days=60)
    n_found = many.findings.filter(pl.col("verdict") == "finding").height
    told = tell_findings(many, ReportConfig(n_best=3))
    assert len(told["further"].rows) == n_found - 3 > 0
    assert tell_findings(BARREN, CONFIG)["further"] is None


def test_findings_that_are_not_listed_are_counted():
    n_found = EVIDENCE.findings.filter(pl.col("verdict") == "finding").height
    told = tell_findings(EVIDENCE, ReportConfig(n_best=1, n_further=1))
    assert f" {n_found - 2} of them stand only" in told["sentence"]


def test_untested_hypotheses_stand_last():
    q = ranked(EVIDENCE)["q"].to_numpy()
    tested = np.isfinite(q)
    assert tested.sum() > 0
    assert not tested[tested.sum() :].any()


def test_the_forest_has_the_intervals_of_student_and_of_the_posterior():
    figure = tell_findings(EVIDENCE, CONFIG)["forest"]
    found, shrunk, proof = figure.data
    rows = expected_rows(EVIDENCE, 15)
    assert np.allclose(found["x"], [row["scaled_bps"] for row in rows], rtol=1e-5)
    half = [row["scaled_se_bps"] * t.ppf(0.975, row["n_clusters"] - 1) for row in rows]
    assert np.allclose(found["error_x"]["array"], half, rtol=1e-5)
    assert np.allclose(found["error_x"]["arrayminus"], half, rtol=1e-5)
    above = [row["upper_bps"] - row["shrunk_bps"] for row in rows]
    below = [row["shrunk_bps"] - row["lower_bps"] for row in rows]
    assert np.allclose(shrunk["error_x"]["array"], above, rtol=1e-4)
    assert np.allclose(shrunk["error_x"]["arrayminus"], below, rtol=1e-4)
    confirmed = {row["hypothesis"]: row for row in EVIDENCE.confirmed.to_dicts()}
    for row, centre, half in zip(rows, proof["x"], proof["error_x"]["array"], strict=True):
        own = confirmed.get(row["hypothesis"])
        if own is None or not np.isfinite(own["scaled_bps"]):
            assert centre is None
        else:
            quantile = t.ppf(0.975, own["n_clusters"] - 1)
            assert np.isclose(centre, own["scaled_bps"], rtol=1e-5)
            assert np.isclose(half, own["scaled_se_bps"] * quantile, rtol=1e-5)
    assert figure.layout["yaxis"]["ticktext"] == [hypothesis_words(r["hypothesis"]) for r in rows]


def test_each_event_with_a_finding_has_one_chart():
    found = ranked(EVIDENCE).filter(pl.col("verdict") == "finding")
    curves = tell_curves(EVIDENCE, CONFIG)["curves"]
    assert [curve["event"] for curve in curves] == found["event"].unique(
        maintain_order=True
    ).to_list()


def test_a_curve_is_the_path_with_its_band():
    curve = tell_curves(EVIDENCE, CONFIG)["curves"][0]
    path = EVIDENCE.paths.filter(market="ETHUSDT-1h", event=curve["event"]).sort("offset")
    lower, upper, mean = curve["chart"].data[3:]
    assert mean["name"] == "ETHUSDT-1h"
    assert mean["x"] == path["offset"].to_list()
    for trace, column in ((lower, "lower_bps"), (upper, "upper_bps"), (mean, "mean_bps")):
        assert np.allclose(trace["y"], path[column], rtol=1e-5)


def test_a_pooled_finding_shows_one_curve_per_market():
    curve = tell_curves(EVIDENCE, CONFIG)["curves"][0]
    names = {trace["name"] for trace in curve["chart"].data if "name" in trace}
    assert names == {"BTCUSDT-1h", "ETHUSDT-1h"}


def test_a_finding_of_one_market_shows_that_market_alone():
    own = EVIDENCE.findings.filter(hypothesis="ETHUSDT-1h|crash|4h|all")
    curve = tell_curves(replace(EVIDENCE, findings=own), CONFIG)["curves"][0]
    assert curve["where"] == "ETHUSDT-1h"
    believed = signed(own["shrunk_bps"][0])
    assert curve["told"] == f"1 finding; best: ETHUSDT-1h, 4h, {believed} bps shrunk"


def test_horizons_beyond_the_curve_are_not_marked():
    far = EVIDENCE.findings.with_columns(
        horizon_bars=pl.when(pl.col("market") == "all").then(300).otherwise(pl.col("horizon_bars"))
    )
    shape = tell_curves(replace(EVIDENCE, findings=far), CONFIG)["curves"][0]["chart"].layout
    dotted = [line["x0"] for line in shape["shapes"] if line["line"]["dash"] == "dot"]
    assert dotted == [4]
    assert shape["xaxis"]["range"] == [-4, 20]


def test_many_markets_are_drawn_without_bands():
    shown = tell_curves(make_evidence(12, n_days=60), CONFIG)["curves"]
    assert len(shown[0]["chart"].data) == 12


def test_without_findings_there_is_no_curve_and_it_says_so():
    for evidence in (make_barren(), make_eventless()):
        told = tell_curves(evidence, CONFIG)
        assert told["curves"] == []
        assert "no finding" in told["sentence"]
