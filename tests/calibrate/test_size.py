import numpy as np
import polars as pl
import pytest
from scipy.stats import kstest, norm

from tasks.calibrate.config import CalibrateConfig
from tasks.calibrate.size import (
    count_false,
    quantiles,
    size_by,
    uniformity,
    with_naive_p,
)
from tests.calibrate.rows import rows_of

CONFIG = CalibrateConfig()


def markets(p_of, n_markets=40, n=200):
    draws = np.random.default_rng(20)
    return rows_of(
        *(
            {"number": number, "p": float(p), "horizon": ("1h", "4h")[i % 2]}
            for number in range(n_markets)
            for i, p in enumerate(p_of(draws, n))
        )
    )


@pytest.fixture(scope="module")
def even():
    return markets(lambda draws, n: draws.random(n))


def test_the_size_of_a_test_is_the_share_of_p_values_that_reach_the_level(even):
    (told,) = size_by(even, "p")
    share = float((even["p"] <= 0.01).mean())
    assert told["size"]["0.01"]["value"] == pytest.approx(share)
    assert told["size"]["0.01"]["se"] == pytest.approx(np.sqrt(0.01 * 0.99 / 8000), rel=0.3)
    assert (told["n"], told["n_markets"]) == (8000, 40)


def test_sizes_are_told_group_by_group(even):
    told = size_by(even, "p", ("family", "horizon"))
    assert [(row["family"], row["horizon"]) for row in told] == [
        ("volatility", "1h"),
        ("volatility", "4h"),
    ]
    assert sum(row["n"] for row in told) == 8000


def test_what_was_not_tested_does_not_count(even):
    untested = even.with_columns(
        p=pl.when(pl.col("horizon") == "4h").then(float("nan")).otherwise("p")
    )
    assert size_by(untested, "p")[0]["n"] == 4000


def test_p_values_that_come_in_copies_have_a_larger_error(even):
    copied = markets(lambda draws, n: np.repeat(draws.random(n // 50), 50))
    alone, together = (size_by(rows, "p")[0]["size"]["0.05"]["se"] for rows in (even, copied))
    assert together > 4 * alone


def test_even_p_values_are_not_told_from_even_ones(even):
    told = uniformity(even, "p", CONFIG)
    assert told["distance"] == pytest.approx(kstest(even["p"].to_numpy(), "uniform").statistic)
    assert told["p"] > 0.05


def test_copies_of_even_p_values_are_not_either_though_their_distance_is_large():
    copied = markets(lambda draws, n: np.repeat(draws.random(n // 50), 50))
    told = uniformity(copied, "p", CONFIG)
    assert kstest(copied["p"].to_numpy(), "uniform").pvalue < 1e-3
    assert told["p"] > 0.05


def test_crooked_p_values_are_told():
    assert uniformity(markets(lambda draws, n: draws.random(n) ** 1.3), "p", CONFIG)["p"] < 0.01


def test_few_markets_have_a_distance_but_no_p():
    told = uniformity(markets(lambda draws, n: draws.random(n), n_markets=3), "p", CONFIG)
    assert told["distance"] > 0
    assert told["p"] is None


def test_quantiles_of_even_p_values_lie_on_the_diagonal_within_their_band(even):
    points = quantiles(even, "p")
    assert all(point["low"] <= point["observed"] <= point["high"] for point in points)
    inside = [point["low"] <= point["expected"] <= point["high"] for point in points]
    assert np.mean(inside) > 0.85
    assert points[-1]["expected"] == pytest.approx(np.log10(8000))


def test_naive_p_values_are_those_of_the_naive_t():
    rows = with_naive_p(rows_of({"naive_t": -1.96}, {"naive_t": 3.0, "p": float("nan")}))
    assert rows["p_naive"][0] == pytest.approx(2 * norm.sf(1.96))
    assert np.isnan(rows["p_naive"][1])


def test_false_findings_are_counted_by_market_and_markets_without_hypotheses_too():
    rows = rows_of(
        {"number": 0, "verdict": "finding"},
        {"number": 0, "verdict": "finding", "promoted": True},
        {"number": 1},
    )
    told = count_false(rows, 4, CONFIG)
    assert (told["markets"], told["findings"], told["promotions"]) == (4, 2, 1)
    assert told["false_findings"]["value"] == 0.5
    assert told["any_finding"]["value"] == 0.25
    assert told["promoted"]["value"] == 0.25


def test_none_promoted_in_two_hundred_markets_is_under_one_in_sixty():
    rows = rows_of(*({"number": i} for i in range(200)))
    bound = count_false(rows, 200, CONFIG)["promoted"]["high"]
    assert bound == pytest.approx(-np.log(0.05) / 200)
    assert bound < 1 / 60


def test_where_nothing_is_traded_nothing_is_said_of_promotions():
    told = count_false(rows_of({"world": "shifted", "promoted": None}), 1, CONFIG)
    assert told["promoted"] == {"n": 0, "value": None, "low": None, "high": None}


def test_of_no_markets_nothing_is_said():
    none = rows_of({}).clear()
    assert count_false(none, 0, CONFIG)["false_findings"]["value"] is None
    assert size_by(none, "p")[0]["size"]["0.05"]["value"] is None
    assert size_by(none, "p", ("family",)) == []
    assert uniformity(none, "p", CONFIG)["distance"] is None
    assert quantiles(none, "p") == []
