import numpy as np
import pytest

from tasks.report.heatmap import LEAST, draw_heatmap
from tasks.report.overlap import Overlap
from tests.report.drawing import by_class, read_svg, subpaths

NAMES = ("gap", "shock", "spike")
FAMILIES = ("liquidity", "volatility", "volatility")
SHARE = np.array([[1.0, 0.0, 0.9], [np.nan, 1.0, 0.4], [0.8, 0.5, 1.0]])
CHANCE = np.where(np.isnan(SHARE), np.nan, 0.1)


def drawn(share=SHARE, names=NAMES, families=FAMILIES, chance=CHANCE, least=0.5):
    return read_svg(draw_heatmap(Overlap(tuple(names), share, chance), families, least))


def squares(root):
    """Opacity, words and class of each square by row and column, counted from the first."""
    cells = [each for each in root if each.tag == "rect"]
    corner = min(float(each.get("x")) for each in cells)
    side = float(cells[0].get("width")) + 1

    def place(each):
        return tuple(round((float(each.get(axis)) - corner) / side) for axis in ("y", "x"))

    return {place(e): (float(e.get("fill-opacity")), e[0].text, e.get("class")) for e in cells}


def test_a_square_is_as_dark_as_the_share_beyond_chance():
    found = squares(drawn())
    assert {place: opacity for place, (opacity, _, _) in found.items()} == {
        (0, 0): 1.0,
        (0, 2): pytest.approx(0.8 / 0.9, abs=0.005),
        (1, 1): 1.0,
        (1, 2): pytest.approx(0.3 / 0.9, abs=0.005),
        (2, 0): pytest.approx(0.7 / 0.9, abs=0.005),
        (2, 1): pytest.approx(0.4 / 0.9, abs=0.005),
        (2, 2): 1.0,
    }


def test_a_square_says_its_pair_its_share_and_the_chance():
    assert squares(drawn())[0, 2][1] == "gap near spike: 90 %, by chance 10 %"


def test_pairs_that_share_both_ways_are_framed():
    framed = {place for place, (_, _, kind) in squares(drawn()).items() if kind == "twin"}
    assert framed == {(0, 2), (2, 0)}
    assert not by_class(drawn(least=0.95), "twin")


def test_shares_of_no_account_are_not_drawn():
    share = np.full((3, 3), 0.1 + 0.8 * LEAST)
    np.fill_diagonal(share, 1.0)
    assert set(squares(drawn(share))) == {(0, 0), (1, 1), (2, 2)}


def test_every_name_stands_beside_its_row_and_above_its_column_and_leads_to_its_event():
    links = [each for each in drawn() if each.tag == "a"]
    assert [link.get("href") for link in links] == [f"#event-{name}" for name in NAMES]
    assert [[text.text for text in link] for link in links] == [[name, name] for name in NAMES]
    rows = [float(link[0].get("y")) for link in links]
    columns = [float(link[1].get("x")) for link in links]
    assert np.diff(rows).tolist() == np.diff(columns).tolist() == [12.0, 12.0]


def test_lines_part_the_families():
    (frame,) = by_class(drawn(), "frame")
    assert len(subpaths(frame)) == 2 + 1
    (alone,) = by_class(drawn(families=("volatility",) * 3), "frame")
    assert len(subpaths(alone)) == 1


@pytest.mark.parametrize("longest", [3, 26, 60])
def test_the_longest_name_has_room(longest):
    names = ("gap", "x" * longest, "spike")
    link = next(each for each in drawn(names=names) if each.tag == "a")
    assert float(link[0].get("x")) >= 5.3 * longest


def test_fifty_seven_names_fit_on_a_screen_and_are_legible():
    n = 57
    names = [f"index_component_diverge_{i:02d}" for i in range(n)]
    root = drawn(np.eye(n), names, ["volatility"] * n, np.zeros((n, n)))
    scale = float(root.get("width")) / float(root.get("viewBox").split()[2])
    assert float(root.get("width")) <= 1136
    assert 9 * scale >= 11


@pytest.mark.parametrize("n", [0, 1])
def test_few_names_do_not_break_it(n):
    root = drawn(np.ones((n, n)), ["gap"][:n], ["liquidity"][:n], np.zeros((n, n)))
    assert len([each for each in root if each.tag == "rect"]) == n


def test_names_are_escaped():
    root = drawn(names=('<b>"&', "shock", "spike"))
    assert not [each for each in root.iter() if each.tag == "b"]
    assert squares(root)[0, 2][1].startswith('<b>"& near spike')
