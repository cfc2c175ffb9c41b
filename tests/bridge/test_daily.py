import numpy as np
import pytest

from lake.errors import SchemaError
from lake.schema import TRADES
from tasks.bridge.daily import daily_net
from tests.bridge.market import at, filled, two_eras


def trade(hypothesis, exit_hour, net, market="AAA-1h"):
    return {
        "hypothesis": hypothesis,
        "market": market,
        "exit_time": at(exit_hour),
        "net_bps": float(net),
    }


def daily(*rows, first=48, last=48 + 24 * 4):
    return daily_net(filled(TRADES, rows), two_eras(first, last))


def test_a_result_falls_on_the_day_of_its_exit_and_other_days_are_zero():
    got = daily(trade("a", 48, 10), trade("a", 71, 5), trade("a", 72, -3), trade("b", 143, 7))
    assert got.names == ("a", "b")
    assert got.n_trades.tolist() == [3, 1]
    assert got.net.tolist() == [[15, 0], [-3, 0], [0, 0], [0, 7]]


def test_a_strategy_that_holds_two_markets_earns_on_both():
    got = daily(trade("a", 60, 10), trade("a", 60, 4, "BBB-1h"), trade("b", 61, -2))
    assert got.net[0].tolist() == [14, -2]
    assert got.portfolio.tolist() == [6, 0, 0, 0]


def test_days_are_calendar_days_also_where_the_era_begins_within_one():
    got = daily(trade("a", 47, 1), trade("a", 48, 2), first=46, last=50)
    assert got.net.tolist() == [[1], [2]]


def test_without_trades_there_are_days_but_no_strategies():
    got = daily()
    assert got.names == ()
    assert got.net.shape == (4, 0)


def test_the_order_of_the_trades_does_not_matter():
    rng = np.random.default_rng(4)
    rows = [trade(f"h{k}", 48 + h, rng.normal(0, 9)) for k in range(3) for h in range(0, 96, 5)]
    whole = daily(*rows)
    shuffled = daily(*rng.permutation(np.array(rows, dtype=object)))
    assert shuffled.names == whole.names
    assert shuffled.net.tobytes() == whole.net.tobytes()


@pytest.mark.parametrize("hour", [47, 48 + 24 * 4])
def test_a_trade_that_ends_outside_the_era_is_refused(hour):
    with pytest.raises(SchemaError, match="outside the confirmation era"):
        daily(trade("a", hour, 1))


def test_some_strategies_keep_their_days():
    got = daily(trade("a", 48, 1), trade("b", 72, 2), trade("c", 96, 3))
    kept = got.only(np.array([True, False, True]))
    assert kept.names == ("a", "c")
    assert kept.net.tolist() == [[1, 0], [0, 0], [0, 3], [0, 0]]
