import numpy as np
import pytest

from tasks.report.candles import HEIGHT, WIDTH, Scene, draw
from tests.report.drawing import by_class, read_svg, subpaths

NAN = float("nan")
# open, high, low, close: rises, falls, rises to a new high, falls
BARS = [(10, 12, 9, 11), (11, 13, 8, 9), (9, 20, 9, 18), (18, 19, 14, 15)]


def drawn(bars=BARS, at=2, anchor=0, side=1, label="vol_spike on ABCUSDT-15m"):
    return read_svg(draw(Scene(np.array(bars, float).reshape(-1, 4).T, at, anchor, side, label)))


def wicks(root):
    """x, top and bottom of every wick, from left to right."""
    pieces = [p for way in ("up", "down") for e in by_class(root, "wick", way) for p in subpaths(e)]
    return sorted((top[0], top[1], bottom[1]) for top, bottom in pieces)


def bodies(root, way):
    return [piece for element in by_class(root, way) for piece in subpaths(element)]


def test_bars_stand_side_by_side_from_the_oldest_to_the_newest():
    places = [x for x, _, _ in wicks(drawn())]
    assert np.diff(places) == pytest.approx(np.full(3, (WIDTH - 8) / 4), abs=0.11)
    assert 0 < places[0] < places[-1] < WIDTH


def test_what_is_higher_is_drawn_higher_and_all_lies_within_the_picture():
    found = wicks(drawn())
    tops, bottoms = [top for _, top, _ in found], [bottom for _, _, bottom in found]
    assert np.argsort(tops).tolist() == [2, 3, 1, 0]
    assert bottoms[3] < bottoms[0] == bottoms[2] < bottoms[1]
    assert all(0 < top < bottom < HEIGHT for _, top, bottom in found)


def test_equal_ratios_are_equal_heights():
    found = wicks(drawn([(1, 2, 1, 2), (2, 4, 2, 4), (4, 8, 4, 8)], at=1))
    lengths = [bottom - top for _, top, bottom in found]
    assert lengths == pytest.approx([lengths[0]] * 3, abs=0.11)


def test_rising_and_falling_bars_have_their_own_colours():
    root = drawn()
    assert len(bodies(root, "up")) == 2
    assert len(bodies(root, "down")) == 2
    assert [len(subpaths(e)) for e in by_class(root, "wick", "up")] == [2]


def test_a_body_spans_open_and_close_within_its_wick():
    root = drawn([(10, 12, 9, 11), (10, 12, 9, 11)], at=0)
    body, wick = bodies(root, "up")[0], wicks(root)[0]
    ys = [y for _, y in body]
    unit = (wick[2] - wick[1]) / np.log(12 / 9)
    assert min(ys) == pytest.approx(wick[1] + unit * np.log(12 / 11), abs=0.2)
    assert max(ys) == pytest.approx(wick[1] + unit * np.log(12 / 10), abs=0.2)
    xs = [x for x, _ in body]
    assert (min(xs) + max(xs)) / 2 == pytest.approx(wick[0], abs=0.2)


def test_a_rise_is_marked_below_the_low_by_a_triangle_that_points_up():
    root = drawn(side=1)
    (tip, *base), low = subpaths(by_class(root, "mark")[0])[0], wicks(root)[2]
    assert tip[0] == pytest.approx(low[0], abs=0.1)
    assert low[2] < tip[1] < min(y for _, y in base) <= HEIGHT


def test_a_fall_is_marked_above_the_high_by_a_triangle_that_points_down():
    root = drawn(side=-1)
    (tip, *base), high = subpaths(by_class(root, "mark")[0])[0], wicks(root)[2]
    assert 0 <= max(y for _, y in base) < tip[1] < high[1]


def test_an_event_without_a_side_is_marked_by_a_dot():
    root = drawn(side=0)
    (dot,) = by_class(root, "mark")
    assert dot.tag == "circle"
    assert 0 < float(dot.get("cy")) + float(dot.get("r")) < wicks(root)[2][1]


def test_the_marks_of_extreme_bars_stay_within_the_picture():
    for side, at in ((1, 1), (-1, 2), (0, 2)):
        (mark,) = by_class(drawn(side=side, at=at), "mark")
        ys = (
            [float(mark.get("cy")) - 3.5]
            if side == 0
            else [y for piece in subpaths(mark) for _, y in piece]
        )
        assert all(0 <= y <= HEIGHT for y in ys)


def test_all_after_the_events_close_is_veiled_and_nothing_before():
    root = drawn(at=1)
    (veil,), (known,) = by_class(root, "veil"), by_class(root, "known")
    places = [x for x, _, _ in wicks(root)]
    left, right = float(veil.get("x")), float(veil.get("x")) + float(veil.get("width"))
    assert places[1] < left < places[2]
    assert right == pytest.approx(WIDTH)
    assert subpaths(known)[0][0][0] == left


def test_the_veil_lies_above_the_bars_and_below_the_mark():
    order = [element.get("class") for element in drawn()]
    assert order.index("wick up") < order.index("veil") < order.index("mark")
    assert order.index("down") < order.index("veil")


def test_the_anchor_is_a_line_at_its_bar():
    (line,) = by_class(drawn(anchor=1), "anchor")
    assert subpaths(line)[0][0][0] == pytest.approx(wicks(drawn())[1][0])


@pytest.mark.parametrize("anchor", [-3, 2])
def test_an_anchor_before_the_window_or_at_the_event_is_no_line(anchor):
    assert by_class(drawn(anchor=anchor), "anchor") == []


def test_a_gap_is_drawn_as_nothing_and_keeps_its_place():
    root = drawn([BARS[0], (NAN,) * 4, BARS[2], BARS[3]])
    found, whole = wicks(root), wicks(drawn())
    assert len(found) == 3
    assert [x for x, _, _ in found] == [whole[i][0] for i in (0, 2, 3)]


@pytest.mark.parametrize("wrong", [NAN, float("inf"), 0.0, -5.0])
def test_a_bar_with_a_price_that_is_none_is_not_drawn(wrong):
    root = drawn([BARS[0], (11, 13, wrong, 9), BARS[2]])
    assert len(wicks(root)) == 2
    assert "nan" not in draw_text(root)


def draw_text(root):
    return " ".join(" ".join(element.attrib.values()) for element in root.iter()).lower()


@pytest.mark.parametrize(
    ("bars", "n"),
    [
        ([(5, 5, 5, 5)] * 4, 4),
        ([(5, 6, 4, 5)], 1),
        ([(5, 5, 5, 5)], 1),
        ([(NAN,) * 4] * 3, 0),
        ([], 0),
    ],
    ids=["flat", "one bar", "one flat bar", "all missing", "no bar"],
)
@pytest.mark.parametrize("side", [1, 0, -1])
def test_degenerate_windows_are_drawn_without_a_number_that_is_none(bars, n, side):
    root = drawn(bars, at=0, anchor=0, side=side)
    assert len(wicks(root)) == n
    assert len(by_class(root, "mark")) == min(n, 1)
    assert not {"nan", "inf"} & set(draw_text(root).replace(",", " ").split())
    assert "nan" not in draw_text(root)


def test_flat_bars_lie_in_the_middle():
    assert wicks(drawn([(5, 5, 5, 5)] * 4))[0][1] == pytest.approx(HEIGHT / 2)


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_the_unit_of_the_price_changes_nothing_but_the_figures(scale):
    scaled = drawn([tuple(scale * price for price in bar) for bar in BARS])
    assert wicks(scaled) == wicks(drawn())


def test_the_highest_and_the_lowest_price_are_written():
    assert [text.text for text in drawn().iter() if text.tag.endswith("text")] == ["20", "8"]


def test_the_label_is_escaped():
    root = drawn(label='<b>"A&B"</b>')
    assert root.get("aria-label") == '<b>"A&B"</b>'
    assert not [element for element in root.iter() if element.tag == "b"]
