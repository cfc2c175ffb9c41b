import json
import math
import re
from typing import Any

import numpy as np
import pytest

from tasks.calibrate.config import CalibrateConfig
from tasks.calibrate.page import draw_page
from tasks.calibrate.plot import Axis, Guide, Series, draw
from tasks.calibrate.sums import Group, sum_up
from tests.calibrate.rows import rows_of

CONFIG = CalibrateConfig()
ABOUT = {
    "timeframe": "5m",
    "n_days": 730,
    "symbols": ["DEMOA"],
    "own": ["<b>-5m"],
    "bounds": CONFIG.bounds.model_dump(mode="json"),
}


def some_groups():
    draws = np.random.default_rng(2)

    def noise(world, planted, verdict="no finding"):
        return rows_of(
            *(
                {
                    "world": world,
                    "planted_bps": planted,
                    "number": i,
                    "p": float(draws.random()),
                    "naive_t": float(draws.normal()),
                    "scaled_bps": planted + float(draws.normal()),
                    "truth_scaled_bps": planted,
                    "verdict": verdict,
                }
                for i in range(30)
            )
        )

    return [
        Group("null", 30, noise("null", 0.0)),
        Group("planted", 30, noise("planted", 20.0, "finding")),
        Group("flipped", 30, noise("flipped", 0.0)),
    ]


@pytest.fixture(scope="module")
def told():
    return sum_up(some_groups(), CONFIG)


def not_a_number(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(not_a_number, value.values()))
    if isinstance(value, list):
        return any(map(not_a_number, value))
    return isinstance(value, float) and not math.isfinite(value)


def test_what_is_told_is_json_without_nan(told):
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert not not_a_number(told)


def test_the_order_of_the_markets_changes_nothing(told):
    shuffled = [
        Group(g.kind, g.n_markets, g.rows.sample(fraction=1.0, shuffle=True, seed=1))
        for g in some_groups()
    ]
    assert sum_up(shuffled, CONFIG) == told


def test_the_page_needs_nothing_from_elsewhere_and_no_script(told):
    page = draw_page(told, ABOUT)
    assert "<script" not in page
    assert not re.search(r"(src|href)=\"(?!#)", page)
    assert "NaN" not in page
    assert "nan" not in re.sub(r"<[^>]*>", " ", page).lower().split()
    assert page.count("<svg") == 5


def test_names_from_outside_are_escaped(told):
    page = draw_page(told, ABOUT)
    assert "<b>-5m" not in page
    assert "&lt;b&gt;-5m" in page


def test_the_page_of_nothing_says_so():
    told = sum_up([], CONFIG)
    assert all(row["holds"] is None for row in told["checks"])
    page = draw_page(told, ABOUT | {"own": []})
    for said in ("No null market was asked for", "Nothing was planted", "No placebo was asked"):
        assert said in page


def test_a_market_in_which_nothing_could_be_asked_counts_as_one_without_findings():
    told = sum_up([Group("null", 5, rows_of({}).clear())], CONFIG)
    assert told["null"]["any_finding"]["value"] == 0.0
    assert told["null"]["markets"] == 5
    draw_page(told, ABOUT)
    told = sum_up([Group("shifted", 5, rows_of({}).clear())], CONFIG)
    assert told["placebos"][0]["least_q"] is None
    draw_page(told, ABOUT)


def test_a_check_that_misses_within_chance_says_that_more_markets_would_tell(told):
    by_name = {row["name"]: row for row in told["checks"]}
    bound = by_name["promoted per null market, upper bound"]
    assert bound["figure"] == pytest.approx(-np.log(0.05) / 30)
    assert (bound["holds"], bound["near"]) == (False, True)
    assert by_name["planted event ranks first at 20 bps"]["holds"] is True


def test_an_axis_has_round_ticks_around_its_values():
    axis = Axis.over([0.37, 1.9, None, float("nan")], "x")
    assert (axis.low, axis.high) == (0.0, 2.0)
    assert [tick for _, tick in axis.ticks] == ["0", "0.5", "1", "1.5", "2"]
    assert Axis.over([], "x").high == 1.0
    assert Axis.over([-3.0, 1.0], "x").low <= -3.0


def test_a_plot_leaves_out_what_is_not_known_and_stays_inside():
    axis = Axis.over([10.0], "x")
    series = [Series("a", [1.0, None, 3.0], [1.0, 2.0, 99.0], [(0.5, 1.5), (None, None)])]
    svg = draw("A label & more", axis, axis, series, [Guide((0.0, 0.0), (10.0, 10.0))])
    assert svg.count("<circle") == 2
    heights = [float(y) for y in re.findall(r'cy="([-\d.]+)"', svg)]
    assert min(heights) >= 0
    assert "A label &amp; more" in svg
