from dataclasses import replace

import numpy as np
import polars as pl
from scipy.stats import norm, t

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
    assert page.column("findings", "effect") == [signed(row["effect_bps"]) for row in rows]
    assert page.column("findings", "SE") == [decimal(row["se_bps"], 1) for row in rows]
    assert page.column("findings", "shrunk") == [
        f"{signed(row['shrunk_bps'])} {spread(row['shrunk_sd_bps'])}" for row in rows
    ]
    assert page.column("findings", "n") == [f"{row['n']:,}" for row in rows]
    assert page.column("findings", "t") == [signed(row["t"], 2) for row in rows]
    assert page.column("findings", "p") == [probability(row["p"]) for row in rows]
    assert page.column("findings", "q") == [probability(row["q"]) for row in rows]
    assert page.column("findings", "verdict") == [row["verdict"] for row in rows]


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
    raw, shrunk = figure.data
    rows = expected_rows(EVIDENCE, 15)
    assert np.allclose(raw["x"], [row["effect_bps"] for row in rows], rtol=1e-5)
    half = [row["se_bps"] * t.ppf(0.975, row["n_clusters"] - 1) for row in rows]
    assert np.allclose(raw["error_x"]["array"], half, rtol=1e-5)
    half = [row["shrunk_sd_bps"] * norm.ppf(0.975) for row in rows]
    assert np.allclose(shrunk["error_x"]["array"], half, rtol=1e-5)
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
    assert curve["told"] == f"1 finding; best: ETHUSDT-1h, 4h, {signed(own['effect_bps'][0])} bps"


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
