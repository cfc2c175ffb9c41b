import polars as pl

from lake.schema import FEATURES
from tasks.discovery.conditions import EVERYTHING, REGIMES, code_conditions, name_conditions
from tasks.discovery.config import CONDITIONS


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


def test_every_condition_of_the_config_is_a_regime_of_the_features():
    assert set(CONDITIONS) == {EVERYTHING, *REGIMES}
    assert set(REGIMES) <= set(FEATURES.columns)
    frame = FEATURES.empty()
    assert code_conditions(frame, CONDITIONS).shape == (0, len(CONDITIONS))


def test_a_value_that_no_regime_has_is_no_condition():
    frame = pl.DataFrame({"session": [0, 7]}, {"session": pl.Int8})
    assert code_conditions(frame, ("session",)).tolist() == [[0], [-1]]
