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
        "kind": "feature, event or engine",
        "n_readings": "bars whose reading was compared, over all cuts and treatments",
        "n_rewritten": "readings that another future, a later start or a saved memory changed",
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
        "funding_regime": SIGN,
    },
    ("time",),
    {
        "rv_fast": "root mean square of log_return per bar over the fast window",
        "sigma": "ex-ante volatility per bar: half EWMA fast, half EWMA slow, of squared returns",
        "vol_regime": "tercile of rv_slow among its past: 0 low, 1 middle, 2 high, null unknown",
        "trend_regime": "-1 down, 0 flat, 1 up, null unknown",
        "session": "0 Asia, 1 Europe, 2 America, by the bar's close in UTC",
        "funding_regime": "-1 shorts pay, 0 usual, 1 longs pay much, null unknown",
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
        "era": "discovery, confirmation or sealed",
        "start": "first bar of the era; the longest horizon lies between two eras",
        "end": "no bar of the era, entry or exit, opens at or after this",
    },
)
ENTRIES = Table(
    "ENTRIES",
    {
        "market": TEXT,
        "family": TEXT,
        "event": TEXT,
        "condition": TEXT,
        "parameters": TEXT,
        "n": COUNT,
        "digest": TEXT,
        "opposite": TEXT,
    },
    ("market", "event", "condition"),
    {
        "parameters": "the event's parameters_key",
        "n": "occurrences in the discovery era; their outcomes are not known here",
        "digest": "SHA-256 of the bars and sides, where no side counts as long",
        "opposite": "the same with every side turned round",
    },
)
GRID = Table(
    "GRID",
    {
        "hypothesis": TEXT,
        "market": TEXT,
        "family": TEXT,
        "event": TEXT,
        "horizon": TEXT,
        "horizon_bars": COUNT,
        "condition": TEXT,
        "parameters": TEXT,
        "n_entries": COUNT,
        "entries": TEXT,
        "same_as": TEXT,
    },
    ("hypothesis",),
    {
        "hypothesis": "market|event|horizon|condition",
        "market": "BTCUSDT-5m, or all where the markets are pooled",
        "entries": "digest of the bars and sides, the same for a side and its opposite",
        "same_as": "the hypothesis with the same entries that is asked instead, or empty",
    },
)
LEDGER = Table(
    "LEDGER",
    {"hypothesis": TEXT, "event": TEXT, "p": REAL, "n_times": COUNT},
    ("hypothesis",),
    {
        "hypothesis": "asked of these bars by an earlier run, with the parameters of its event",
        "p": "the least that was found; 1 where a run did not get so far",
        "n_times": "runs that asked it",
    },
    raw=True,
)
SUMS = pl.List(pl.Float64)
EFFECTS = Table(
    "EFFECTS",
    {
        "market": TEXT,
        "family": TEXT,
        "event": TEXT,
        "horizon": TEXT,
        "horizon_bars": COUNT,
        "condition": TEXT,
        "cluster": pl.List(pl.Int64),
        "n": SUMS,
        "side": SUMS,
        "mean": SUMS,
        "scaled": SUMS,
        "weight": SUMS,
        "weight_side": SUMS,
        "weighted": SUMS,
        "score": SUMS,
        "inverse": REAL,
        "square": REAL,
    },
    ("market", "event", "horizon_bars", "condition"),
    {
        "event": "empty for the baseline: every bar of the condition, long side",
        "condition": "all, or a regime known at the event's close such as vol_regime=2",
        "cluster": "calendar blocks with observations, numbered from 1970, common to all markets; "
        "the other lists are sums by these blocks",
        "n": "observations",
        "side": "sides d, where no side counts as long",
        "mean": "d y: signed forward return",
        "scaled": "d y / (sigma sqrt(H)): in units of the volatility known at the close",
        "weight": "w: inverse variance, cut at five times the market's median",
        "weight_side": "w d",
        "weighted": "w d y",
        "score": "d times the rank of y / sigma among all bars, from -1 to 1",
        "inverse": "sum of 1 / (sigma sqrt(H)) over all blocks",
        "square": "sum of squared forward returns over all blocks",
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
        "sigma_bps": REAL,
        "mean_bps": REAL,
        "baseline_bps": REAL,
        "scaled_bps": REAL,
        "scaled_se_bps": REAL,
        "effect_bps": REAL,
        "se_bps": REAL,
        "weighted_bps": REAL,
        "weighted_se_bps": REAL,
        "median_bps": REAL,
        "t": REAL,
        "naive_t": REAL,
        "p_scaled": REAL,
        "p_mean": REAL,
        "p_weighted": REAL,
        "p": REAL,
        "p_unconditional": REAL,
        "p_rank": REAL,
        "p_permutation": REAL,
        "p_romano_wolf": REAL,
        "q": REAL,
        "q_event": REAL,
        "q_by": REAL,
        "shrunk_bps": REAL,
        "shrunk_sd_bps": REAL,
        "lower_bps": REAL,
        "upper_bps": REAL,
        "sign_rate": REAL,
        "null_share": REAL,
        "kept_share": REAL,
        "tree_bps": REAL,
        "tree_sd_bps": REAL,
        "james_stein_bps": REAL,
        "prior_dependent": FLAG,
        "detectable_bps": REAL,
        "i2_halves": REAL,
        "i2_years": REAL,
        "i2_markets": REAL,
        "i2_regimes": REAL,
        "largest_year_share": REAL,
        "n_wanted": COUNT,
        "verdict": TEXT,
        "reason": TEXT,
    },
    ("hypothesis",),
    {
        "hypothesis": "market|event|horizon|condition",
        "market": "BTCUSDT-5m, or all where the markets are pooled",
        "effective_clusters": "n^2 over the sum of squared counts by calendar block",
        "sigma_bps": "harmonic mean of sigma sqrt(H) at the events: turns the scaled effect to bps",
        "mean_bps": "mean signed return, nothing subtracted",
        "scaled_bps": "headline: excess of y / (sigma sqrt(H)) over the baseline, times sigma_bps; "
        "what a trade of size 1 / sigma earns per unit held. Negative says fade",
        "effect_bps": "excess of the equal-notional mean over the baseline",
        "weighted_bps": "excess of the inverse-variance mean over the baseline",
        "se_bps": "this and the other errors: clustered by calendar blocks common to all markets",
        "median_bps": "median signed return of those that were scrutinised, else NaN",
        "t": "of the scaled effect, with n_clusters - 1 degrees of freedom",
        "naive_t": "of the mean, as if occurrences were independent; never used",
        "p": "two-sided: Cauchy combination of p_scaled, p_mean and p_weighted, 1 where those "
        "below .1 disagree in sign; every p is NaN where the sample is too small to test",
        "p_unconditional": "the same against all bars of the market instead of the regime's own",
        "p_rank": "clustered rank test",
        "p_permutation": "circular shifts of the events, of those that were scrutinised, else NaN",
        "p_romano_wolf": "stepdown over the whole run: family-wise error",
        "q": "Benjamini and Bogomolov's two levels: events, and hypotheses inside them",
        "q_event": "of the event as a whole, the same in all its hypotheses",
        "q_by": "Benjamini and Yekutieli over the whole run",
        "shrunk_bps": "posterior mean of scaled_bps by block adaptive shrinkage",
        "lower_bps": "to upper_bps: 95 % of the posterior",
        "sign_rate": "local false sign rate: the posterior probability of the other sign or of 0",
        "null_share": "posterior probability that there is no effect at all",
        "kept_share": "shrunk over scaled effect: what the selection haircut leaves",
        "tree_bps": "posterior mean by the normal hierarchy, for comparison",
        "james_stein_bps": "positive-part James and Stein's closed form, for comparison",
        "prior_dependent": "the two posteriors disagree in sign or by more than one sd",
        "detectable_bps": "effect that this sample would find with 80 % power",
        "i2_halves": "share of the variation between halves of the era (years, markets, regimes) "
        "that sampling does not explain, of those that were scrutinised, else NaN",
        "largest_year_share": "share of the summed scaled effect that its largest year made",
        "n_wanted": "occurrences that would settle it, null where that is not the question",
        "verdict": "finding, no finding or insufficient evidence",
    },
)
JUDGEMENT = Table(
    "JUDGEMENT",
    {
        "n_named": COUNT,
        "n_asked": COUNT,
        "n_tested": COUNT,
        "n_effective": REAL,
        "n_events": COUNT,
        "n_events_selected": COUNT,
        "n_findings": COUNT,
        "null_centre": REAL,
        "null_sd": REAL,
        "null_share": REAL,
        "alarm": FLAG,
        "n_ever_asked": COUNT,
        "n_looks": COUNT,
        "n_looked_at": COUNT,
    },
    (),
    {
        "n_named": "hypotheses of the grid, before those with the same entries are counted once",
        "n_effective": "independent trials that the tested amount to, summed over the horizons",
        "n_events": "kinds of events tested; so many of them were selected as a whole",
        "null_sd": "of the normal that the central z-scores follow: 1 where p-values are right; "
        "NaN where there are too few",
        "alarm": "whether the p-values are not to be believed: null_sd outside .85 .. 1.2",
        "n_ever_asked": "of these bars, by all runs that the lake's ledger knows",
        "n_looks": "openings of a confirmation era that overlaps with this run's",
    },
)
SCRUTINY = Table(
    "SCRUTINY",
    {"hypothesis": TEXT, "p_permutation": REAL, "n_shifts": COUNT, "median_bps": REAL},
    ("hypothesis",),
    {"p_permutation": "share of circular shifts with as large a studentised effect"},
)
STABILITY = Table(
    "STABILITY",
    {
        "hypothesis": TEXT,
        "by": TEXT,
        "slice": TEXT,
        "n": COUNT,
        "n_clusters": COUNT,
        "scaled_bps": REAL,
        "scaled_se_bps": REAL,
        "sum_bps": REAL,
    },
    ("hypothesis", "by", "slice"),
    {
        "by": "half, year, market or regime",
        "scaled_se_bps": "NaN for a slice in fewer than two calendar blocks",
        "sum_bps": "the slice's excess summed over its occurrences",
    },
)
CONFIRMED = Table(
    "CONFIRMED",
    {
        "hypothesis": TEXT,
        "n": COUNT,
        "n_clusters": COUNT,
        "scaled_bps": REAL,
        "scaled_se_bps": REAL,
        "effect_bps": REAL,
        "se_bps": REAL,
        "p": REAL,
    },
    ("hypothesis",),
    {
        "hypothesis": "a finding of the discovery era, estimated anew in the confirmation era",
        "scaled_bps": "not selected for being large, so unbiased",
        "p": "one-sided, in the direction of the finding; NaN without occurrences",
    },
)
FOLDS = Table(
    "FOLDS",
    {"fold": COUNT, "train_start": TIME, "train_end": TIME, "start": TIME, "end": TIME},
    ("fold",),
    {
        "fold": "from 1; the test folds cut the confirmation era, one after the other",
        "train_start": "of the discovery era, for every fold",
        "train_end": "no training exit opens at or after this: the embargo before the start",
        "end": "no bar of the fold, entry or exit, opens at or after this",
    },
)
REFITS = Table(
    "REFITS",
    {
        "hypothesis": TEXT,
        "fold": COUNT,
        "n": COUNT,
        "n_clusters": COUNT,
        "scaled_bps": REAL,
        "scaled_se_bps": REAL,
        "p": REAL,
        "selected": FLAG,
    },
    ("hypothesis", "fold"),
    {
        "hypothesis": "a finding, estimated anew from all that was known before the fold",
        "p": "one-sided, in the direction of the finding",
        "selected": "whether the procedure would have traded it in this fold",
    },
)
STRESSED = Table(
    "STRESSED",
    {
        "hypothesis": TEXT,
        "test": TEXT,
        "level": TEXT,
        "n_trades": COUNT,
        "n_clusters": COUNT,
        "gross_bps": REAL,
        "cost_bps": REAL,
        "net_bps": REAL,
        "se_bps": REAL,
        "t": REAL,
        "p": REAL,
    },
    ("hypothesis", "test", "level"),
    {
        "test": "cost, delay, notional, break_even, trimmed, fold, year, market, regime; and the "
        "placebos: shifted, random, opposite",
        "level": "of the test: 2 for double costs, 1 for a bar later, 2024, BTCUSDT-5m, 7d, ...; "
        "of break_even the multiple of the costs at which nothing is left",
        "p": "one-sided: the net mean is not above zero; of random entries: the candidate earns "
        "no more than they do, and se_bps, t and n_clusters are of that difference",
    },
)
BRIDGED = Table(
    "BRIDGED",
    {
        "hypothesis": TEXT,
        "follow": SIGN,
        "n_folds": COUNT,
        "n_folds_selected": COUNT,
        "n_folds_judged": COUNT,
        "n_folds_positive": COUNT,
        "n_trades": COUNT,
        "n_clusters": COUNT,
        "gross_bps": REAL,
        "cost_bps": REAL,
        "net_bps": REAL,
        "se_bps": REAL,
        "t": REAL,
        "p": REAL,
        "q": REAL,
        "hit_rate": REAL,
        "worst_bps": REAL,
        "n_ambiguous": COUNT,
        "net_double_cost_bps": REAL,
        "gross_delayed_bps": REAL,
        "net_trimmed_bps": REAL,
        "largest_share": REAL,
        "break_even_cost_bps": REAL,
        "capacity": REAL,
        "n_years": COUNT,
        "n_years_positive": COUNT,
        "p_shifted": REAL,
        "p_random": REAL,
        "p_opposite": REAL,
    },
    ("hypothesis",),
    {
        "follow": "+1 trades the event's side, -1 against it",
        "n_folds_selected": "folds before which the procedure would have chosen it; their trades "
        "alone are counted here",
        "n_folds_judged": "of these, with enough trades to have a sign",
        "cost_bps": "both ways, per trade, funding included",
        "p": "one-sided: the net mean is not above zero",
        "n_ambiguous": "bars that touched stop and target: decided for the stop",
        "gross_delayed_bps": "when everything is done one bar later",
        "net_trimmed_bps": "without the best 5 % of the trades",
        "largest_share": "of the sum of winning trades, by the largest",
        "break_even_cost_bps": "per side, at which the net mean is zero; 0 where it earns nothing "
        "even for free",
        "capacity": "notional per trade at which impact leaves nothing, quote units; infinite "
        "where no notional that was tried does",
        "p_shifted": "the lesser p of the same trades a day and a week later",
        "p_random": "one-sided: the trades earn no more than matched random entries",
        "p_opposite": "of the same trades on the other side",
    },
)
GATED = Table(
    "GATED",
    {
        "hypothesis": TEXT,
        "step": COUNT,
        "gate": TEXT,
        "figure": REAL,
        "wanted": TEXT,
        "passed": FLAG,
        "reason": TEXT,
    },
    ("hypothesis", "step"),
    {
        "hypothesis": "a finding; every gate is asked of it, also behind one that stopped it",
        "figure": "what the gate computed",
        "wanted": "of the figure, in words",
        "reason": "why it did not pass, empty where it did",
    },
)
SEARCH = Table(
    "SEARCH",
    {
        "portfolio": TEXT,
        "n_days": COUNT,
        "n_strategies": COUNT,
        "n_trades": COUNT,
        "mean_bps": REAL,
        "sd_bps": REAL,
        "sharpe": REAL,
        "skew": REAL,
        "kurtosis": REAL,
        "n_trials": COUNT,
        "n_effective": REAL,
        "hurdle": REAL,
        "psr": REAL,
        "dsr": REAL,
        "dsr_effective": REAL,
        "least_days": REAL,
        "p_spa": REAL,
        "n_superior": COUNT,
        "superior": pl.List(pl.String),
        "pbo": REAL,
        "reason": TEXT,
    },
    ("portfolio",),
    {
        "portfolio": "candidates: every finding; promoted: those that passed every gate. Equal "
        "notional per trade, a trade's net result on the day of its exit, other days 0",
        "n_days": "of the confirmation era, with and without trades",
        "n_strategies": "that traded",
        "mean_bps": "net per day: the sum over trades and markets, over n_strategies",
        "sharpe": "mean over standard deviation of days; times sqrt(365) for a year",
        "n_trials": "hypotheses ever asked of these bars: this run's and the ledger's",
        "n_effective": "independent trials that these amount to, NaN where it is not known",
        "hurdle": "sharpe that the best of n_trials without skill is expected to show",
        "psr": "probability that the true ratio is above 0",
        "dsr": "deflated: probability that it is above the hurdle",
        "dsr_effective": "the same with n_effective trials",
        "least_days": "after which the same sharpe would be beyond the hurdle, NaN for never",
        "p_spa": "Hansen's consistent p: the best candidate is no better than doing nothing; this "
        "and the next three are of all candidates, and missing in the row of those promoted",
        "superior": "candidates that are, by Romano and Wolf's StepM",
        "pbo": "share of splits of the days in which the best candidate of one half is in the "
        "lower half of the other",
        "reason": "why a number is missing, empty where none is",
    },
)
TRADES = Table(
    "TRADES",
    {
        "hypothesis": TEXT,
        "fold": COUNT,
        "trade": COUNT,
        "market": TEXT,
        "event_time": TIME,
        "entry_time": TIME,
        "exit_time": TIME,
        "side": SIGN,
        "quantity": REAL,
        "notional": REAL,
        "entry_price": REAL,
        "exit_price": REAL,
        "exit": TEXT,
        "n_fills": COUNT,
        "n_ambiguous": COUNT,
        "best_bps": REAL,
        "worst_bps": REAL,
        "gross_bps": REAL,
        "fee_bps": REAL,
        "slippage_bps": REAL,
        "funding_bps": REAL,
        "cost_bps": REAL,
        "net_bps": REAL,
        "net": REAL,
    },
    ("hypothesis", "fold", "trade"),
    {
        "hypothesis": "or the name of the blueprint in a back-test",
        "fold": "test fold of the bridge, 0 in a back-test",
        "trade": "number of the position in its simulation, from 0 by entry",
        "entry_time": "the fill is at this bar's open",
        "exit_time": "bar of the last fill; at its open, inside it or at its close",
        "quantity": "base units of a linear contract",
        "entry_price": "of the market, before spread and impact",
        "exit_price": "the same of the exits, mean by quantity",
        "exit": "why the last part was left: time, stop, trail, target, structure, signal, ended, "
        "ruined",
        "n_ambiguous": "bars that touched stop and target: decided for the stop",
        "best_bps": "best price on the way against the entry, in the position's side",
        "gross_bps": "of the notional, before all costs",
        "slippage_bps": "spread and impact of all fills",
        "funding_bps": "paid; negative where received",
        "cost_bps": "fees, slippage and funding",
        "net": "what the account gained, in its currency",
    },
)
FILLS = Table(
    "FILLS",
    {
        "hypothesis": TEXT,
        "fold": COUNT,
        "trade": COUNT,
        "number": COUNT,
        "market": TEXT,
        "time": TIME,
        "moment": TEXT,
        "reason": TEXT,
        "quantity": REAL,
        "reference": REAL,
        "price": REAL,
        "fee": REAL,
        "slippage": REAL,
    },
    ("hypothesis", "fold", "trade", "number"),
    {
        "number": "of the fill in its position, 0 is the entry",
        "moment": "open, inside or close of the bar",
        "reason": "entry, or why a part was left",
        "quantity": "bought, negative where sold",
        "reference": "price of the market",
        "price": "paid or received, with spread and impact",
        "fee": "in the account's currency",
        "slippage": "what spread and impact took, in the account's currency",
    },
)
EQUITY = Table(
    "EQUITY",
    {"time": TIME, "equity": REAL, "cash": REAL, "gross": REAL, "n_open": COUNT},
    ("time",),
    {
        "time": "close of the bar",
        "equity": "cash and open positions at the bar's close; a gap keeps the last price",
        "gross": "sum of the positions' values",
    },
)
FATES = Table(
    "FATES",
    {"fate": TEXT, "n": COUNT},
    ("fate",),
    {
        "fate": "of an order: filled, or why it was refused; and of the filled positions: open, "
        "where one still was at the end",
        "n": "orders, or positions",
    },
)
METRICS = Table(
    "METRICS",
    {
        "metric": TEXT,
        "value": REAL,
        "lower": REAL,
        "upper": REAL,
        "unit": TEXT,
        "note": TEXT,
    },
    (),
    {
        "lower": "95 % by block bootstrap of the days, NaN where it is not asked",
        "unit": "share, per year, days, trades, bps, ...",
        "note": "why a value is missing, empty where it is not",
    },
)
DECISIONS = Table(
    "DECISIONS",
    {
        "market": TEXT,
        "time": TIME,
        "known_at": TIME,
        "engine": TEXT,
        "decision": TEXT,
        "side": SIGN,
        "reasons": TEXT,
        "fate": TEXT,
        "score": REAL,
        "wyckoff": REAL,
        "wyckoff_daily": REAL,
        "smc": REAL,
        "hob": REAL,
        "momentum": REAL,
        "alignment": REAL,
        "percentile": REAL,
        "macro": REAL,
        "close": REAL,
        "unit": REAL,
        "guard": REAL,
        "fresh_time": TIME,
        "state_hash": TEXT,
    },
    ("market", "time"),
    {
        "time": "bar at whose close it was decided",
        "engine": "whose stance is traded: one of the engines, or fusion",
        "decision": "enter, leave, turn (leave and enter the other side) or vetoed",
        "side": "entered, left or vetoed",
        "reasons": "codes, with commas between them",
        "fate": "what became of the order: taken, left, why it was refused; empty without an order",
        "score": "-1 to 1, after the factor of misaligned timeframes",
        **dict.fromkeys(
            ("wyckoff", "wyckoff_daily", "smc", "hob", "momentum"),
            "what this engine adds to the score, before the factor",
        ),
        "alignment": "how far the timeframes agree, 0 to 1",
        "percentile": "of the average true range among those of the bars before",
        "macro": "macro score known then, NaN for none",
        "unit": "average true range as a share of the close",
        "guard": "a close beyond it ends the position, NaN for none",
        "fresh_time": "bar at whose close the last fresh structure became known, null for none",
        "state_hash": "of all bars and decisions up to this one, 16 hex digits",
    },
)
STANCES = Table(
    "STANCES",
    {
        "market": TEXT,
        "engine": TEXT,
        "time": TIME,
        "stance": SIGN,
        "conviction": REAL,
        "phase": SIGN,
    },
    ("market", "engine", "time"),
    {
        "time": "base bar at whose close it became known; a row per change",
        "phase": "Wyckoff's, 1 to 5 for A to E, 0 for none and of other engines",
    },
)
ZONES = Table(
    "ZONES",
    {
        "market": TEXT,
        "engine": TEXT,
        "kind": TEXT,
        "zone": COUNT,
        "side": SIGN,
        "anchor_time": TIME,
        "born_time": TIME,
        "died_time": TIME,
        "why": TEXT,
        "top": REAL,
        "bottom": REAL,
        "value": REAL,
    },
    ("market", "engine", "kind", "zone"),
    {
        "kind": "gap, block, level, structure or swing",
        "zone": "its number in the engine",
        "anchor_time": "base bar at which it began",
        "born_time": "base bar at whose close it became known",
        "died_time": "base bar at whose close it was known to be over, null while it lives",
        "why": "it died: filled, aged, broken, crowded, replaced or over; empty while it lives",
        "value": "filled share of a gap, touches of a block, quality of a level; of the last note",
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
    {
        "blueprint": TEXT,
        "hypothesis": TEXT,
        "document_json": TEXT,
        "document_yaml": TEXT,
        "card": TEXT,
    },
    ("blueprint",),
    {
        "blueprint": "its name: event, horizon, market, first 8 hex digits of the document's hash",
        "card": "the document in words, Markdown",
    },
)
CALIBRATION = Table(
    "CALIBRATION",
    {
        "world": TEXT,
        "planted_bps": REAL,
        "number": COUNT,
        "seed": COUNT,
        **{
            name: FINDINGS.columns[name]
            for name in (
                *("hypothesis", "market", "family", "event", "horizon", "condition"),
                *("n", "n_clusters", "scaled_bps", "scaled_se_bps", "effect_bps", "se_bps"),
                *("weighted_bps", "weighted_se_bps", "naive_t", "p_scaled", "p_mean", "p_weighted"),
                *("p", "p_unconditional", "p_rank", "p_permutation", "p_romano_wolf"),
                *("q", "q_event", "q_by", "shrunk_bps", "lower_bps", "upper_bps", "tree_bps"),
                *("james_stein_bps", "sign_rate", "verdict"),
            )
        },
        "truth_scaled_bps": REAL,
        "truth_effect_bps": REAL,
        "truth_weighted_bps": REAL,
        "confirmed_bps": REAL,
        "confirmed_se_bps": REAL,
        "truth_confirmed_bps": REAL,
        "net_bps": REAL,
        "promoted": FLAG,
    },
    ("hypothesis",),
    {
        "world": "null, planted, or the placebo: shifted, bootstrapped, flipped, permuted",
        "planted_bps": "drift planted after each spike over the planted horizon",
        "number": "of the market, from 0 in each world and effect",
        "truth_scaled_bps": "what scaled_bps estimates: the same made of the planted drift alone",
        "confirmed_bps": "of a finding, scaled_bps in the confirmation era; NaN of all others",
        "truth_confirmed_bps": "what confirmed_bps estimates",
        "net_bps": "of a finding, mean of its trades after costs; NaN of all others, and without",
        "promoted": "null where nothing is traded, as in placebos",
    },
)
REPORT = Table(
    "REPORT",
    {"name": TEXT, "html": TEXT},
    ("name",),
    {"html": "one self-contained page"},
)

SHEET = Table(
    "SHEET",
    {"name": TEXT, "html": TEXT, "png": pl.Binary},
    ("name",),
    {
        "html": "the tear sheet of a back-test, one self-contained page",
        "png": "the same in one picture",
    },
)

TABLES: dict[str, Table] = {
    table.name: table for table in list(globals().values()) if isinstance(table, Table)
}
