"""The engine's peers, in an interpreter that has them: ``python -m perf.engine_peers``.

One line of JSON in, one line out, so that the bench times a peer that is loaded and warm. The first
line says of each peer its version, or why it is absent. Then ``{"peer": ..., "case": FILE,
"wants": "run"}`` runs the case of that npz file once and answers the seconds of the run alone;
"trades" answers the trades of the latest run, as rows [entry row, exit row, side, entry price, exit
price]. Nothing of Assay is needed; signals come with the case, so that only engines are timed.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np

FEE, DECIMALS, UNITS, CASH = 5e-4, 8, 1, 10**12
STEP_MS, STEP_NS = 60_000, 60_000_000_000
Trades = list[tuple[int, int, int, float, float]]
Case = dict[str, Any]
Peer = tuple[Callable[[], Any], Callable[[Any], Trades]]


def levels(case: Case) -> tuple[Any, Any]:
    """Stop and target by the row of the decision, from the open at which it is filled."""
    entry, side, unit = np.append(case["open"][1:], np.nan), case["sides"], case["unit"]
    return entry * np.exp(-side * case["stop"] * unit), entry * np.exp(side * case["target"] * unit)


def backtesting_py(case: Case) -> Peer:
    """Market orders at the next open; the bracket is set past the check against the last close."""
    import pandas as pd
    from backtesting import Backtest, Strategy

    sides, (stops, targets) = case["sides"], levels(case)

    class Crosses(Strategy):
        def init(self) -> None:
            pass

        def next(self) -> None:
            row = len(self.data) - 1
            if sides[row] == 0:
                return
            self.position.close()
            order = self.buy(size=UNITS) if sides[row] > 0 else self.sell(size=UNITS)
            if case["has_bracket"]:
                order._replace(sl_price=stops[row], tp_price=targets[row])

    names = ("open", "high", "low", "close")
    index = pd.to_datetime(np.arange(len(sides)) * STEP_MS, unit="ms")
    frame = pd.DataFrame({name.title(): case[name] for name in names}, index=index)
    test = Backtest(frame, Crosses, cash=CASH, commission=FEE)
    return test.run, _backtesting_trades


def _backtesting_trades(stats: Any) -> Trades:
    table = stats["_trades"]
    names = ("EntryBar", "ExitBar", "Size", "EntryPrice", "ExitPrice")
    rows = zip(*(table[name].tolist() for name in names), strict=True)
    return sorted((i, j, int(np.sign(size)), p, q) for i, j, size, p, q in rows)


def vectorbt(case: Case) -> Peer:
    """Signals one bar later at that bar's open; the stops from the fill, in shares of it."""
    import vectorbt as vbt

    later = np.append(0, case["sides"][:-1])
    terms: dict[str, Any] = {name: case[name] for name in ("open", "high", "low", "close")}
    if case["has_bracket"]:
        away, towards = case["stop"] * case["unit"], case["target"] * case["unit"]
        terms["sl_stop"] = np.abs(np.expm1(-later * np.append(0.0, away[:-1])))
        terms["tp_stop"] = np.abs(np.expm1(later * np.append(0.0, towards[:-1])))
        terms["stop_entry_price"] = "fillprice"
    terms |= {"entries": later > 0, "short_entries": later < 0, "price": case["open"]}
    terms |= {"size": UNITS, "fees": FEE, "init_cash": CASH, "upon_opposite_entry": "reverse"}
    return lambda: vbt.Portfolio.from_signals(**terms, engine="numba"), _vectorbt_trades


def _vectorbt_trades(portfolio: Any) -> Trades:
    table = portfolio.trades.records
    table = table[table["status"] == 1]
    names = ("entry_idx", "exit_idx", "direction", "entry_price", "exit_price")
    rows = zip(*(table[name].tolist() for name in names), strict=True)
    return sorted((i, j, 1 - 2 * short, p, q) for i, j, short, p, q in rows)


def nautilus_trader(case: Case) -> Peer:
    """Market orders are filled at the close of the decision, which is where the next bar opens."""
    from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
    from nautilus_trader.config import LoggingConfig
    from nautilus_trader.model.currencies import USDT
    from nautilus_trader.model.data import BarType
    from nautilus_trader.model.enums import AccountType, OmsType
    from nautilus_trader.model.objects import Money

    logging = LoggingConfig(bypass_logging=True)
    engine = BacktestEngine(BacktestEngineConfig(logging=logging, run_analysis=False))
    instrument = _nautilus_instrument()
    balance = Money(10**7, USDT)
    engine.add_venue(instrument.id.venue, OmsType.NETTING, AccountType.MARGIN, [balance])
    engine.add_instrument(instrument)
    bar_type = BarType.from_str(f"{instrument.id}-1-MINUTE-LAST-EXTERNAL")
    engine.add_data(_nautilus_bars(case, bar_type, instrument))
    strategy = _nautilus_strategy(case, bar_type, instrument)
    engine.add_strategy(strategy)

    def run() -> Any:
        engine.reset()
        engine.run()
        return strategy

    return run, _nautilus_trades


def _nautilus_instrument() -> Any:
    from decimal import Decimal

    from nautilus_trader.model.currencies import BTC, USDT
    from nautilus_trader.model.identifiers import InstrumentId, Symbol
    from nautilus_trader.model.instruments import CryptoPerpetual
    from nautilus_trader.model.objects import Price, Quantity

    return CryptoPerpetual(
        instrument_id=InstrumentId.from_str("BTCUSDT-PERP.BINANCE"),
        raw_symbol=Symbol("BTCUSDT"),
        base_currency=BTC,
        quote_currency=USDT,
        settlement_currency=USDT,
        is_inverse=False,
        price_precision=DECIMALS,
        price_increment=Price(10.0**-DECIMALS, DECIMALS),
        size_precision=0,
        size_increment=Quantity.from_int(1),
        margin_init=Decimal("0.01"),
        margin_maint=Decimal("0.005"),
        maker_fee=Decimal(str(FEE)),
        taker_fee=Decimal(str(FEE)),
        ts_event=0,
        ts_init=0,
    )


def _nautilus_bars(case: Case, bar_type: Any, instrument: Any) -> list[Any]:
    """Bars stamped with their close, deep enough that an order is a drop in them."""
    import pandas as pd
    from nautilus_trader.persistence.wranglers import BarDataWrangler

    index = pd.to_datetime((np.arange(len(case["open"])) + 1) * STEP_MS, unit="ms", utc=True)
    names = ("open", "high", "low", "close")
    frame = pd.DataFrame({name: case[name] for name in names} | {"volume": 1e6}, index=index)
    bars: list[Any] = BarDataWrangler(bar_type, instrument).process(frame)
    return bars


def _nautilus_strategy(case: Case, bar_type: Any, instrument: Any) -> Any:
    from nautilus_trader.trading.strategy import Strategy

    sides, turn = case["sides"], _nautilus_turn(case, instrument)

    class Crosses(Strategy):
        def on_start(self) -> None:
            self.row = 0
            self.closed: list[Any] = []
            self.subscribe_bars(bar_type)

        def on_bar(self, bar: Any) -> None:
            row = self.row
            self.row += 1
            if sides[row] != 0 and row + 1 < len(sides):
                turn(self, row)

        def on_position_closed(self, event: Any) -> None:
            self.closed.append(event)

    return Crosses()


def _nautilus_turn(case: Case, instrument: Any) -> Callable[[Any, int], None]:
    """How to turn around: by one order of twice the size, or by leaving and a new bracket."""
    from nautilus_trader.model.enums import OrderSide

    once, twice = instrument.make_qty(UNITS), instrument.make_qty(2 * UNITS)
    sides, name, (stops, targets) = case["sides"], instrument.id, levels(case)

    def turn(strategy: Any, row: int) -> None:
        side = OrderSide.BUY if sides[row] > 0 else OrderSide.SELL
        make = strategy.order_factory
        if not case["has_bracket"]:
            size = once if strategy.portfolio.is_flat(name) else twice
            strategy.submit_order(make.market(name, side, size))
            return
        strategy.cancel_all_orders(name)
        strategy.close_all_positions(name)
        prices = {
            "sl_trigger_price": instrument.make_price(stops[row]),
            "tp_price": instrument.make_price(targets[row]),
        }
        strategy.submit_order_list(make.bracket(name, side, once, tp_post_only=False, **prices))

    return turn


def _nautilus_trades(strategy: Any) -> Trades:
    """A fill at a close belongs to the row that opens there; one inside a bar to the bar."""
    from nautilus_trader.model.enums import OrderSide, OrderType

    rows = []
    for position in strategy.closed:
        is_inside = strategy.cache.order(position.closing_order_id).order_type != OrderType.MARKET
        entered, left_at = position.ts_opened // STEP_NS, position.ts_closed // STEP_NS
        side = 1 if position.entry == OrderSide.BUY else -1
        prices = float(position.avg_px_open), float(position.avg_px_close)
        rows.append((entered, left_at - is_inside, side, *prices))
    return sorted(rows)


PEERS = {
    "backtesting.py": ("backtesting", backtesting_py),
    "vectorbt": ("vectorbt", vectorbt),
    "nautilus_trader": ("nautilus_trader", nautilus_trader),
}


def find_peers() -> dict[str, dict[str, str]]:
    """Version of each peer, or why it is absent: not installed, or broken by its dependencies."""
    found = {}
    for name, (package, _) in PEERS.items():
        try:
            import_module(package)
            found[name] = {"version": version(package)}
        except Exception as failure:
            found[name] = {"absent": f"{type(failure).__name__}: {str(failure).splitlines()[0]}"}
    return found


def main() -> None:
    """Answer on what standard output was; what the peers print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    print(json.dumps(find_peers()), file=answers)
    prepared: dict[str, Peer] = {}
    latest: Any = None
    for line in sys.stdin:
        asked = json.loads(line)
        key = f"{asked['peer']} {asked['case']}"
        if key not in prepared:
            prepared = {key: PEERS[asked["peer"]][1](_read(asked["case"]))}
        run, list_trades = prepared[key]
        if asked["wants"] == "trades":
            print(json.dumps(list_trades(latest)), file=answers)
            continue
        started = time.perf_counter()
        latest = run()
        print(json.dumps(time.perf_counter() - started), file=answers)


def _read(path: str) -> Case:
    with np.load(path) as file:
        return {name: value if value.ndim else value.item() for name, value in file.items()}


if __name__ == "__main__":
    main()
