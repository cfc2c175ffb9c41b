"""Which companions of the markets are asked of Binance, beside their bars."""

from __future__ import annotations

import logging
import re

from tasks.ingest.binance_plan import settings_of
from tasks.ingest.config import IngestConfig
from tasks.ingest.snapshot import Beside, Snapshot

# A perpetual of a thousand or a million coins, whose price is that many times the spot's.
_OF_MANY = re.compile(r"1(?:000)+(?=[A-Z])")
_BARS = ("spot", "mark", "leader")
_LOG = logging.getLogger(__name__)


def survey_beside(config: IngestConfig, markets: list[Snapshot]) -> list[Snapshot]:
    """Say what will be asked of the venue beside the bars of `markets`.

    A perpetual has funding settlements, open interest, the bars of the same symbol's spot market
    and of its mark price, and those of the leader where the leader is not among the markets. A
    spot market has the leader. All are known up to the same moment as the market's bars.

    Parameters
    ----------
    config : IngestConfig
        ``beside`` names which of them are wanted, ``leader`` the leader.
    markets : list of Snapshot
        As `tasks.ingest.binance.survey` gives them.

    Returns
    -------
    list of Snapshot
        By market, in the order of ``beside``.
    """
    symbols = {market.symbol for market in markets}
    return [
        _companion(market, data, config.leader if data == "leader" else market.symbol)
        for market in markets
        for data in config.beside
        if _is_there(market, data) and not (data == "leader" and config.leader in symbols)
    ]


def _is_there(market: Snapshot, data: Beside) -> bool:
    if data == "leader":
        return True
    if market.settings["venue"] != "um":
        return False
    if data == "spot" and _OF_MANY.match(market.symbol):
        _LOG.info("%s is a contract of many coins: its spot price is another", market.symbol)
        return False
    return True


def _companion(market: Snapshot, data: Beside, symbol: str) -> Snapshot:
    venue = "spot" if data == "spot" else market.settings["venue"]
    is_bars = data in _BARS
    return market.model_copy(
        update={
            "data": data,
            "bars_of": symbol if is_bars else None,
            "bars_timeframe": market.timeframe if is_bars else None,
            "settings": settings_of(venue, data, market.settings["known_until"]),
        }
    )
