import polars as pl

from tasks.discovery.conditions import code_conditions, name_conditions


def test_every_value_of_a_regime_is_a_condition():
    assert name_conditions(("all", "trend_regime", "vol_regime")) == [
        "all",
        "trend_regime=-1",
        "trend_regime=0",
        "trend_regime=1",
        "vol_regime=0",
        "vol_regime=1",
        "vol_regime=2",
    ]


def test_an_unknown_regime_is_no_condition():
    frame = pl.DataFrame(
        {"trend_regime": [None, -1, 0, 1], "vol_regime": [2, None, 0, 1]},
        {"trend_regime": pl.Int8, "vol_regime": pl.Int8},
    )
    codes = code_conditions(frame, ("all", "trend_regime", "vol_regime"))
    assert codes.tolist() == [[0, -1, 6], [0, 1, -1], [0, 2, 4], [0, 3, 5]]
