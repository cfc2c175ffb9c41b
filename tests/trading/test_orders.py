import math

import numpy as np
import polars as pl
import pytest

from lake.errors import SchemaError
from tasks.trading.config import Exits, Limits, Sizing
from tasks.trading.orders import fitting, write_orders
from tests.trading.world import bars_of, lay, market_of, ms, signals_at, terms_of

SIGMA = 0.02


def flat(n=10, name="AAA-1h", first=0, **columns):
    columns = {"sigma": SIGMA, "atr": 3.0} | columns
    volume = columns.pop("volume", 50.0)
    return market_of(bars_of([100.0] * n, first=first, volume=volume), name, **columns)


def orders_of(signals, *markets, horizon="4h", delay=0, window=(None, None), **terms):
    markets = markets or (flat(),)
    signals = signals if isinstance(signals, dict) else {"AAA-1h": signals}
    start, end = (None if hour is None else ms(hour) for hour in window)
    sizing = terms.get("sizing") or Sizing()
    laid = lay(*markets, sizing=sizing).window(start, end)
    return write_orders(laid, signals, horizon, terms_of(**terms), delay)


def test_an_order_stands_at_its_signal_s_bar_for_the_bars_of_the_horizon():
    orders = orders_of(signals_at([2, 5], [1, -1]))
    assert orders["row"].tolist() == [2, 5]
    assert orders["side"].tolist() == [1, -1]
    assert orders["due"].tolist() == [4, 4]
    assert orders["market"].tolist() == [0, 0]
    assert orders["size"].tolist() == [100_000.0] * 2
    assert np.all(np.isinf(orders["most"]))


def test_a_horizon_is_rounded_up_to_bars():
    assert orders_of(signals_at([2], [1]), horizon="90m")["due"].tolist() == [2]
    assert orders_of(signals_at([2], [1]), horizon="5m")["due"].tolist() == [1]


def test_a_delay_moves_the_order_and_neither_its_size_nor_its_distance():
    sigma = np.linspace(0.01, 0.1, 10)
    sizing = Sizing(method="volatility_target", share=0.001)
    market = flat(sigma=sigma, volume=np.linspace(10.0, 100.0, 10))
    now, late = (
        orders_of(
            signals_at([2, 5], [1, -1]),
            market,
            delay=bars,
            sizing=sizing,
            limits=Limits(max_participation=0.1),
        )
        for bars in (0, 3)
    )
    assert late["row"].tolist() == [5, 8]
    for name in ("due", "side", "unit", "size", "most"):
        assert late[name].tolist() == now[name].tolist()


def test_a_delay_beyond_the_last_bar_is_no_order():
    orders = orders_of(signals_at([2, 7, 8], [1, 1, 1]), delay=3)
    assert orders["row"].tolist() == [5]


def test_signals_outside_of_the_window_are_no_orders():
    signals = signals_at([0, 2, 3, 5, 6, 30], [1] * 6)
    assert orders_of(signals, window=(2, 6))["row"].tolist() == [2, 3, 5]
    assert orders_of(signals, window=(7, 9))["row"].tolist() == []
    assert orders_of(signals, window=(20, 30))["row"].tolist() == []


def test_a_delay_brings_no_signal_into_the_window():
    assert orders_of(signals_at([1, 2], [1, 1]), window=(2, 9), delay=1)["row"].tolist() == [3]


def test_an_event_off_the_grid_is_refused():
    with pytest.raises(SchemaError, match="AAA-1h at times that are not on its grid"):
        orders_of(signals_at([2, 3.5], [1, 1]))


def test_signals_of_markets_that_are_not_on_the_tape_are_not_asked_for():
    orders = orders_of({"BBB-1h": signals_at([2.5], [1]), "AAA-1h": signals_at([4], [1])})
    assert orders["row"].tolist() == [4]
    assert len(orders_of({})) == 0
    assert len(orders_of(signals_at([2], [1]), flat(0))) == 0


def test_orders_go_by_slot_and_then_by_market():
    markets = flat(6, "BBB-1h", first=3), flat(10, "AAA-1h")
    signals = {
        "AAA-1h": signals_at([3, 4, 8], [1, 1, 1]),
        "BBB-1h": signals_at([4, 3, 7], [-1, -1, -1]),
    }
    orders = orders_of(signals, *markets)
    assert orders["market"].tolist() == [0, 1, 0, 1, 0, 1]
    # BBB's rows 0 to 5 open at 3 to 8, AAA's rows 6 to 15 at 0 to 9.
    assert orders["row"].tolist() == [0, 9, 1, 10, 4, 14]


@pytest.mark.parametrize(
    ("unit", "expected"), [("volatility", SIGMA * 2), ("atr", 0.03), ("bps", 1e-4)]
)
def test_a_unit_is_a_volatility_a_range_or_a_basis_point(unit, expected):
    orders = orders_of(signals_at([2], [1]), exits=Exits(unit=unit, stop=1.0))
    assert orders["unit"] == pytest.approx([expected])


def test_the_unit_is_that_of_the_signal_s_bar():
    sigma = [0.01, 0.02, 0.04, 0.08] + [1.0] * 6
    orders = orders_of(signals_at([1, 3], [1, 1]), flat(sigma=sigma), horizon="9h")
    assert orders["unit"] == pytest.approx([0.06, 0.24])


@pytest.mark.parametrize(
    ("sizing", "size"),
    [
        ({"method": "fixed_notional", "notional": 7.0}, 7.0),
        ({"method": "equity_share", "share": 0.25}, 0.25),
        # The stop lies 2 units of sigma sqrt(4) away, 8 %: a share of 0.5 % is lost there.
        ({"method": "risk_share", "share": 0.005}, 0.0625),
        # Over a day of 24 bars the market moves by sigma sqrt(24).
        ({"method": "volatility_target", "share": 0.01}, 0.01 / (SIGMA * math.sqrt(24))),
        ({"method": "equity_share", "share": 5.0}, 1.0),
        ({"method": "equity_share", "share": 5.0, "max_leverage": 3.0}, 3.0),
        ({"method": "risk_share", "share": 0.4, "max_leverage": 3.0}, 3.0),
        ({"method": "volatility_target", "share": 0.4, "max_leverage": 3.0}, 3.0),
    ],
)
def test_sizes_by_every_method_up_to_the_largest_leverage(sizing, size):
    orders = orders_of(signals_at([2], [1]), sizing=Sizing(**sizing), exits=Exits(stop=2.0))
    assert orders["size"] == pytest.approx([size])


def test_a_risk_in_ranges_or_basis_points_is_sized_by_that_stop():
    sizing = Sizing(method="risk_share", share=0.003)
    ranges = orders_of(signals_at([2], [1]), sizing=sizing, exits=Exits(stop=0.5, unit="atr"))
    points = orders_of(signals_at([2], [1]), sizing=sizing, exits=Exits(stop=60.0, unit="bps"))
    assert ranges["size"] == pytest.approx([0.2])
    assert points["size"] == pytest.approx([0.5])


@pytest.mark.parametrize("method", ["risk_share", "volatility_target"])
def test_a_size_that_needs_a_volatility_is_not_known_without(method):
    exits = Exits(stop=2.0)
    unknown = flat(sigma=math.nan)
    sizing = Sizing(method=method)
    assert np.isnan(orders_of(signals_at([2], [1]), unknown, sizing=sizing, exits=exits)["size"][0])
    fixed = orders_of(signals_at([2], [1]), unknown, exits=exits)
    assert fixed["size"].tolist() == [100_000.0]
    assert np.isnan(fixed["unit"][0])


def test_the_most_is_a_share_of_the_usual_volume_where_it_is_known():
    market = flat(4, volume=[50.0, 50.0, math.nan, 50.0], volume_ratio=[1.0, 4.0, 1.0, 0.5])
    limits = Limits(max_participation=0.1)
    orders = orders_of(signals_at([0, 1, 2, 3], [1] * 4), market, limits=limits)
    assert orders["most"] == pytest.approx([500.0, 125.0, math.inf, 500.0])


def test_signals_without_rows_are_no_orders():
    assert len(orders_of(signals_at([2], [1]).filter(pl.lit(False)))) == 0


@pytest.mark.parametrize(("time_at", "kept"), [("close", [2, 5]), ("next_open", [2])])
def test_only_orders_that_are_due_inside_the_window_fit_into_it(time_at, kept):
    laid = lay(flat()).window(None, None)
    terms = terms_of(exits=Exits(time_at=time_at))
    signals = {"AAA-1h": signals_at([2, 5, 6, 8], [1, -1, 1, 1])}
    orders = write_orders(laid, signals, "4h", terms)
    assert fitting(laid, orders, terms)["row"].tolist() == kept


def test_what_fits_is_asked_of_each_market_s_own_end():
    laid = lay(flat(n=8), flat(n=12, name="BBB-1h")).window(None, None)
    signals = {name: signals_at([4], [1]) for name in laid.markets}
    orders = write_orders(laid, signals, "4h", terms_of())
    assert fitting(laid, orders, terms_of())["market"].tolist() == [1]
