"""Every table: its columns, dtypes, units and order. A column is named here and nowhere else.

Times are UTC and, unless said otherwise, the **open** of the bar. Prices are in quote units,
returns are simple and in shares (0.01 is one percent) unless the name ends in ``_bps``. A missing
number is NaN in float columns and null elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from polars.datatypes import DataType, DataTypeClass

from lake.errors import SchemaError

Dtype = DataType | DataTypeClass
TIME = pl.Datetime("ms", "UTC")
REAL, COUNT, SIGN, TEXT, FLAG = pl.Float64, pl.Int64, pl.Int8, pl.String, pl.Boolean


@dataclass(frozen=True)
class Table:
    """A kind of table.

    Attributes
    ----------
    name : str
        Its kind, as refs say it.
    columns : dict of str to dtype
        In the order in which they are stored.
    order : tuple of str
        Columns that the rows are sorted by; empty where the order is the source's own.
    meaning : dict of str to str
        Unit and meaning of the columns whose name does not say it.
    raw : bool
        Whether children are keyed by content (what came from outside) instead of by key.
    """

    name: str
    columns: dict[str, Dtype]
    order: tuple[str, ...]
    meaning: dict[str, str]
    raw: bool = False

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return `frame` with this table's columns, in order, or raise SchemaError."""
        missing = [name for name in self.columns if name not in frame.columns]
        extra = [name for name in frame.columns if name not in self.columns]
        if missing or extra:
            raise SchemaError(
                f"a {self.name} frame that lacks {missing} and brings {extra}",
                f"the columns {list(self.columns)}",
                "make the stage return the columns of lake/schema.py",
            )
        wrong = {n: frame.schema[n] for n, d in self.columns.items() if frame.schema[n] != d}
        if wrong:
            raise SchemaError(
                f"a {self.name} frame with {wrong}",
                f"{ {name: self.columns[name] for name in wrong} }",
                "cast in the stage that makes it",
            )
        return frame.select(list(self.columns))

    def empty(self) -> pl.DataFrame:
        """A frame of this kind without rows."""
        return pl.DataFrame(schema=self.columns)


_PRICES: dict[str, Dtype] = {"open": REAL, "high": REAL, "low": REAL, "close": REAL}
_FLOWS: dict[str, Dtype] = {
    "volume": REAL,
    "quote_volume": REAL,
    "trades": REAL,
    "taker_buy_volume": REAL,
    "taker_buy_quote_volume": REAL,
}

RAW_BARS = Table(
    "RAW_BARS",
    {"time": TIME, **_PRICES, **_FLOWS, "part": pl.Int16},
    (),
    {
        "volume": "base units",
        "part": "which of the source's files or pages the row came from, oldest first",
        "trades": "number of trades, NaN where the source has none",
    },
    raw=True,
)
RAW_FUNDING = Table(
    "RAW_FUNDING",
    {"time": TIME, "rate": REAL, "hours": REAL, "part": pl.Int16},
    (),
    {
        "time": "stamp of the settlement, as it came",
        "rate": "paid by longs to shorts at the settlement, share of the position",
        "hours": "interval that the rate is for, NaN where the source does not say",
        "part": "which of the source's files or pages the row came from, oldest first",
    },
    raw=True,
)
RAW_INTEREST = Table(
    "RAW_INTEREST",
    {"time": TIME, "contracts": REAL, "value": REAL, "part": pl.Int16},
    (),
    {
        "time": "stamp of the reading, as it came",
        "contracts": "open interest in base units",
        "value": "open interest in quote units, NaN where the source has none",
        "part": "which of the source's files or pages the row came from, oldest first",
    },
    raw=True,
)
FETCHED = Table(
    "FETCHED",
    {
        "order": COUNT,
        "origin": TEXT,
        "name": TEXT,
        "content": TEXT,
        "n_bytes": COUNT,
        "checksum": TEXT,
        "checksum_holds": FLAG,
        "known_until": TIME,
    },
    ("order",),
    {
        "origin": "monthly, daily or rest",
        "name": "archive or page, without the host",
        "content": "SHA-256 of the kept bytes: the blob's name",
        "checksum": "what the venue publishes, null where it publishes none",
        "known_until": "when it was asked: bars that close later are not final",
    },
    raw=True,
)
TRUTH = Table(
    "TRUTH",
    {
        "event": TEXT,
        "horizon": TEXT,
        "side": SIGN,
        "effect_bps": REAL,
        "n_planted": COUNT,
        "note": TEXT,
    },
    ("event", "horizon"),
    {"effect_bps": "drift planted over the horizon after each occurrence, in the event's side"},
)
QUARANTINE = Table(
    "QUARANTINE",
    {"row": pl.UInt32, "time": TIME, **_PRICES, "volume": REAL, "part": pl.Int16, "reason": TEXT},
    ("row",),
    {"row": "position in RAW_BARS", "reason": "duplicate, conflict, off_grid, bad_ohlc, ..."},
)
BARS = Table(
    "BARS",
    {"time": TIME, **_PRICES, **_FLOWS, "is_gap": FLAG},
    ("time",),
    {"is_gap": "no bar came for this slot of the grid: every number is NaN"},
)
QUALITY = Table(
    "QUALITY",
    {
        "market": TEXT,
        "check": TEXT,
        "n": COUNT,
        "share": REAL,
        "first_time": TIME,
        "last_time": TIME,
        "note": TEXT,
    },
    ("market", "check"),
    {"n": "rows concerned", "share": "of the raw rows, or of the grid for gaps"},
)
FUNDING = Table(
    "FUNDING",
    {"time": TIME, "known_at": TIME, "rate": REAL, "hours": REAL, "rate_8h": REAL},
    ("time",),
    {
        "time": "when the cash flows: the schedule's moment, whole minutes",
        "known_at": "the stamp as it came: not known before",
        "rate": "paid by longs to shorts, share of the position",
        "hours": "interval, from the source or from the settlement before",
        "rate_8h": "rate per eight hours",
    },
)
INTEREST = Table(
    "INTEREST",
    {"known_at": TIME, "contracts": REAL, "value": REAL},
    ("known_at",),
    {
        "known_at": "the stamp as it came: not known before",
        "contracts": "open interest in base units",
        "value": "open interest in quote units, NaN where the source has none",
    },
)
CONTEXT = Table(
    "CONTEXT",
    {
        "time": TIME,
        "funding": REAL,
        "funding_time": TIME,
        "funding_hours": REAL,
        "funding_age_s": REAL,
        "open_interest": REAL,
        "open_interest_age_s": REAL,
        "spot": REAL,
        "spot_age_s": REAL,
        "leader": REAL,
        "leader_age_s": REAL,
        "mark": REAL,
        "mark_age_s": REAL,
        "fee": REAL,
        "fee_age_s": REAL,
        "news": REAL,
    },
    ("time",),
    {
        "time": "open of the market's bar: everything here was known at its close",
        "funding": "rate of the last settlement per eight hours, share of the position",
        "funding_time": "when that settlement was due, null where none is known",
        "funding_hours": "its interval",
        "funding_age_s": "seconds from when a value was known to the bar's close; NaN, as the "
        "value is, where it is older than its tolerance",
        "open_interest": "quote units",
        "spot": "close of the spot market",
        "leader": "close of the market leader",
        "mark": "close of the mark price",
        "fee": "bps per side in force, by the user's table",
        "news": "1 at the last bar before a release of the user's calendar, 0 at others",
    },
)
COVERAGE = Table(
    "COVERAGE",
    {
        "market": TEXT,
        "family": TEXT,
        "event": TEXT,
        "reason": TEXT,
        "n_bars": COUNT,
        "n_events": COUNT,
        "share": REAL,
    },
    ("market", "family", "event"),
    {
        "reason": "why the event could not run, empty where it could: not runnable: needs ...",
        "n_bars": "bars that are no gap",
        "share": "of these bars, those at which the event stands; NaN where it could not run",
    },
)
AUDIT = Table(
    "AUDIT",
    {
        "market": TEXT,
        "kind": TEXT,
        "name": TEXT,
        "n_cuts": COUNT,
        "n_readings": COUNT,
        "n_rewritten": COUNT,
        "first_time": TIME,
        "how": TEXT,
        "reason": TEXT,
    },
    ("market", "kind", "name"),
    {
        "kind": "feature or event",
        "n_readings": "bars whose reading was compared, over all cuts and treatments",
        "n_rewritten": "readings that another future, or a later start, changed",
        "first_time": "earliest bar of a rewritten reading, null where there is none",
        "how": "what rewrote it: cut, replaced, times ten, a tenth, restarted; or nothing",
        "reason": "why it was not audited, empty where it was",
    },
)
FEATURES = Table(
    "FEATURES",
    {
        "time": TIME,
        "log_return": REAL,
        "rv_fast": REAL,
        "rv_slow": REAL,
        "sigma": REAL,
        "atr": REAL,
        "volume_ratio": REAL,
        "trend_fast": REAL,
        "trend_slow": REAL,
        "vol_regime": SIGN,
        "trend_regime": SIGN,
        "session": SIGN,
    },
    ("time",),
    {
        "rv_fast": "root mean square of log_return per bar over the fast window",
        "sigma": "ex-ante volatility per bar: half EWMA fast, half EWMA slow, of squared returns",
        "vol_regime": "tercile of rv_slow among its past: 0 low, 1 middle, 2 high, null unknown",
        "trend_regime": "-1 down, 0 flat, 1 up, null unknown",
        "session": "0 Asia, 1 Europe, 2 America, by the bar's close in UTC",
    },
)
OUTCOMES = Table(
    "OUTCOMES",
    {"time": TIME, "exit_time": TIME, "forward_return": REAL, "highest": REAL, "lowest": REAL},
    ("time",),
    {
        "exit_time": "open time of the bar at whose close the position is left",
        "forward_return": "close of the exit bar over the next bar's open, minus one",
        "highest": "best simple return on the way, long side",
        "lowest": "worst simple return on the way, long side",
    },
)
EVENTS = Table(
    "EVENTS",
    {
        "market": TEXT,
        "event": TEXT,
        "family": TEXT,
        "time": TIME,
        "known_at": TIME,
        "anchor_time": TIME,
        "side": SIGN,
        "strength": pl.Float32,
        "parameters_key": TEXT,
    },
    ("time", "event"),
    {
        "time": "open of the bar at whose close the event is known",
        "known_at": "close of that bar",
        "anchor_time": "where the phenomenon began",
        "parameters_key": "first 12 hex digits of the SHA-256 of the event's parameters",
    },
)
ERAS = Table(
    "ERAS",
    {"era": TEXT, "start": TIME, "end": TIME},
    ("start",),
    {
        "era": "discovery or holdout",
        "start": "first bar of the era",
        "end": "no bar of the era, entry or exit, opens at or after this",
    },
)
EFFECTS = Table(
    "EFFECTS",
    {
        "market": TEXT,
        "family": TEXT,
        "event": TEXT,
        "horizon": TEXT,
        "horizon_bars": COUNT,
        "condition": TEXT,
        "cluster": COUNT,
        "n": COUNT,
        "n_sides": COUNT,
        "sum_return": REAL,
        "sum_square": REAL,
    },
    ("market", "event", "horizon_bars", "condition", "cluster"),
    {
        "event": "empty for the baseline: every bar of the condition, long side",
        "condition": "all, or a regime known at the event's close such as vol_regime=2",
        "cluster": "calendar block, numbered from 1970, common to all markets",
        "n": "events of the cell in the cluster",
        "n_sides": "sum of their sides, where no side counts as long",
        "sum_return": "sum of side times forward return",
        "sum_square": "sum of squared forward returns",
    },
)
EVENT_PATHS = Table(
    "EVENT_PATHS",
    {
        "market": TEXT,
        "event": TEXT,
        "offset": COUNT,
        "n": COUNT,
        "mean_bps": REAL,
        "lower_bps": REAL,
        "upper_bps": REAL,
    },
    ("market", "event", "offset"),
    {
        "offset": "bars from the event's bar",
        "mean_bps": "mean of side times return from the next open, less the baseline's drift",
        "lower_bps": "95 % band, clustered by calendar block",
    },
)
FINDINGS = Table(
    "FINDINGS",
    {
        "hypothesis": TEXT,
        "market": TEXT,
        "family": TEXT,
        "event": TEXT,
        "horizon": TEXT,
        "horizon_bars": COUNT,
        "condition": TEXT,
        "n": COUNT,
        "n_clusters": COUNT,
        "effective_clusters": REAL,
        "mean_bps": REAL,
        "baseline_bps": REAL,
        "effect_bps": REAL,
        "se_bps": REAL,
        "t": REAL,
        "naive_t": REAL,
        "p": REAL,
        "q": REAL,
        "shrunk_bps": REAL,
        "shrunk_sd_bps": REAL,
        "detectable_bps": REAL,
        "verdict": TEXT,
        "reason": TEXT,
    },
    ("hypothesis",),
    {
        "hypothesis": "market|event|horizon|condition",
        "market": "BTCUSDT-5m, or all where the markets are pooled",
        "effect_bps": "mean less baseline, in the event's side: negative says fade",
        "se_bps": "clustered by calendar block",
        "naive_t": "as if occurrences were independent; never used",
        "p": "two-sided; t, p and q are NaN where the sample is too small to test",
        "detectable_bps": "effect that this sample would find with 80 % power at q",
        "verdict": "finding, no finding or insufficient evidence",
    },
)
BRIDGED = Table(
    "BRIDGED",
    {
        "hypothesis": TEXT,
        "follow": SIGN,
        "n_trades": COUNT,
        "n_clusters": COUNT,
        "gross_bps": REAL,
        "cost_bps": REAL,
        "net_bps": REAL,
        "se_bps": REAL,
        "t": REAL,
        "p": REAL,
        "q": REAL,
        "break_even_cost_bps": REAL,
        "hit_rate": REAL,
        "worst_bps": REAL,
        "net_double_cost_bps": REAL,
    },
    ("hypothesis",),
    {
        "follow": "+1 trades the event's side, -1 against it",
        "cost_bps": "both ways, per trade",
        "p": "one-sided: the net mean is not above zero",
        "break_even_cost_bps": "cost per side at which the net mean is zero",
    },
)
TRADES = Table(
    "TRADES",
    {
        "hypothesis": TEXT,
        "market": TEXT,
        "event_time": TIME,
        "entry_time": TIME,
        "exit_time": TIME,
        "side": SIGN,
        "entry_price": REAL,
        "exit_price": REAL,
        "gross_bps": REAL,
        "cost_bps": REAL,
        "net_bps": REAL,
    },
    ("hypothesis", "entry_time", "market"),
    {
        "entry_time": "the fill is at this bar's open",
        "exit_time": "the fill is at this bar's close",
    },
)
VERDICTS = Table(
    "VERDICTS",
    {"hypothesis": TEXT, "verdict": TEXT, "reason": TEXT, "gate": TEXT, "n_more": COUNT},
    ("hypothesis",),
    {
        "verdict": "promoted, rejected or insufficient evidence",
        "gate": "first gate that stopped it, or none",
        "n_more": "occurrences that would settle it, null where that is not the question",
    },
)
FUNNEL = Table(
    "FUNNEL",
    {"step": COUNT, "gate": TEXT, "n_in": COUNT, "n_stopped": COUNT, "n_out": COUNT},
    ("step",),
    {"gate": "what was asked of each hypothesis"},
)
BLUEPRINTS = Table(
    "BLUEPRINTS",
    {"blueprint": TEXT, "hypothesis": TEXT, "document_json": TEXT, "document_yaml": TEXT},
    ("blueprint",),
    {"blueprint": "its name: event, horizon, market, first 8 hex digits of the document's hash"},
)
REPORT = Table(
    "REPORT",
    {"name": TEXT, "html": TEXT},
    ("name",),
    {"html": "one self-contained page"},
)

TABLES: dict[str, Table] = {
    table.name: table for table in list(globals().values()) if isinstance(table, Table)
}
