import pytest

from flows.run import Tables, spread
from lake.ref import Ref


def ref(kind: str, market: str, part: str = "-") -> Ref:
    return Ref(
        kind=kind, market=market, part=part, key="0" * 64, content="1" * 64, n_rows=1, n_bytes=1
    )


BARS = Tables([ref("BARS", "B-5m"), ref("BARS", "A-5m")])
OUTCOMES = Tables([ref("OUTCOMES", m, h) for m in ("A-5m", "B-5m") for h in ("15m", "1h")])


def test_tables_are_found_by_market() -> None:
    assert BARS.markets == ["A-5m", "B-5m"]
    assert OUTCOMES.of("A-5m") == [ref("OUTCOMES", "A-5m", h) for h in ("15m", "1h")]


def test_one_table_of_a_market_is_itself_and_parts_are_a_list() -> None:
    assert BARS.narrowed("A-5m") == ref("BARS", "A-5m")
    assert OUTCOMES.narrowed("A-5m") == OUTCOMES.of("A-5m")
    one_part = Tables([ref("OUTCOMES", "A-5m", "1h")])
    assert one_part.narrowed("A-5m") == [ref("OUTCOMES", "A-5m", "1h")]


def test_a_stage_is_called_once_per_table_with_what_belongs_to_its_market() -> None:
    calls = spread(BARS, bars=BARS, outcomes=OUTCOMES, config="c")
    assert [call["market"] for call in calls] == ["B-5m", "A-5m"]
    assert calls[1] == {
        "market": "A-5m",
        "part": "-",
        "bars": ref("BARS", "A-5m"),
        "outcomes": OUTCOMES.of("A-5m"),
        "config": "c",
    }


def test_a_stage_over_parts_gets_what_is_made_of_the_part() -> None:
    calls = spread(BARS, parts=["x", "y"], per_part={"code": lambda part: [f"m.{part}"]})
    assert [(c["market"], c["part"], c["code"]) for c in calls] == [
        ("B-5m", "x", ["m.x"]),
        ("B-5m", "y", ["m.y"]),
        ("A-5m", "x", ["m.x"]),
        ("A-5m", "y", ["m.y"]),
    ]


def test_tables_mapped_over_themselves_are_the_table_at_hand() -> None:
    calls = spread(OUTCOMES, outcomes=OUTCOMES)
    assert [call["outcomes"] for call in calls] == list(OUTCOMES)
    assert [call["part"] for call in calls] == ["15m", "1h", "15m", "1h"]


def test_a_market_that_is_not_there_has_no_tables() -> None:
    assert BARS.narrowed("C-5m") == []
    with pytest.raises(ValueError, match="safe name"):
        ref("BARS", "../../x")
