"""What is to be known of the quality of what lies beside a market's bars."""

from __future__ import annotations

import numpy as np
import polars as pl

from lake.schema import QUALITY, TIME
from lake.time import UNITS_MS, duration_ms
from tasks.clean.config import CleanConfig
from tasks.clean.funding import hours_between, settle_funding
from tasks.clean.interest import gauge_interest, is_reading
from tasks.clean.quality import Check

MS_PER_S = 1000
NO_TIMES = pl.Series(dtype=TIME)
SEEN = ("funding", "open_interest", "spot", "leader", "mark")


def assess_context(
    raw_funding: pl.DataFrame | None,
    raw_interest: pl.DataFrame | None,
    context: pl.DataFrame,
    market: str,
    config: CleanConfig,
) -> pl.DataFrame:
    """Return the quality report of what lies beside a market's bars.

    Parameters
    ----------
    raw_funding, raw_interest : pl.DataFrame, optional
        RAW_FUNDING and RAW_INTEREST, where there are any.
    context : pl.DataFrame
        The market's CONTEXT.
    market : str
        ``BTCUSDT-5m``.

    Returns
    -------
    pl.DataFrame
        QUALITY: a row per check, also where it found nothing. `share` is of the settlements or
        readings for what concerns those, of the raw rows for rows left out, and of the grid for
        what is missing beside the bars.
    """
    checks = [_check_missing(context, name) for name in SEEN]
    if raw_funding is not None:
        checks += _check_funding(raw_funding)
    if raw_interest is not None:
        checks += _check_interest(raw_interest, duration_ms(config.interest_tolerance))
    rows = [check.row(market) for check in sorted(checks, key=lambda check: check.name)]
    return QUALITY.conform(pl.DataFrame(rows, schema=QUALITY.columns))


def _check_missing(context: pl.DataFrame, name: str) -> Check:
    missing = context.filter(pl.col(name).is_nan())["time"]
    ages = context[f"{name}_age_s"].drop_nans().to_numpy()
    note = "bars at whose close nothing young enough was known"
    if ages.size:
        note += f"; else at most {ages.max():g} s old"
    return Check(f"{name}_missing", missing.len(), context.height, missing, note)


def _check_funding(raw: pl.DataFrame) -> list[Check]:
    settled = settle_funding(raw)
    n, times, hours = settled.height, settled["time"], settled["hours"].to_numpy()
    between = hours_between(settled)
    late, extra = times.filter(between > hours), times.filter(between < hours)
    steps = np.diff(hours, prepend=hours[:1])
    changed = times.filter(np.isfinite(steps) & (steps != 0))
    longest = f"; the longest wait: {np.nanmax(between):g} h" if late.len() else ""
    return [
        Check("funding_settlements", n, n, settled["time"], "settlements, each once"),
        Check(
            *("funding_gaps", late.len(), n, late),
            f"settlements later after the one before than their interval{longest}",
        ),
        Check("funding_extra", extra.len(), n, extra, "settlements sooner than their interval"),
        Check("funding_changes", changed.len(), n, changed, "settlements with a new interval"),
        Check(
            *("funding_left_out", raw.height - n, raw.height, NO_TIMES),
            "rows that repeat a settlement, or lack its time or rate",
        ),
    ]


def _check_interest(raw: pl.DataFrame, tolerance_ms: int) -> list[Check]:
    no_reading = raw.filter(~is_reading())["time"]
    times = gauge_interest(raw)["known_at"]
    stamps = times.cast(pl.Int64)
    n, steps_ms = times.len(), stamps.diff().drop_nulls()
    usual_ms = _usual(steps_ms)
    late = times.filter(stamps % usual_ms != 0)
    outages = times.slice(1).filter(steps_ms > tolerance_ms)
    longest_h = _greatest(steps_ms) / UNITS_MS["h"]
    repeats = raw.height - no_reading.len() - n
    return [
        Check("open_interest_readings", n, n, times, f"mostly {usual_ms / MS_PER_S:g} s apart"),
        Check(
            *("open_interest_zero_values", no_reading.len(), raw.height, no_reading),
            "rows left out: a number of zero or less, or no number at all",
        ),
        Check("open_interest_late_stamps", late.len(), n, late, "readings off their usual step"),
        Check(
            *("open_interest_outages", outages.len(), n, outages),
            f"readings that end a wait beyond the tolerance; the longest wait: {longest_h:.1f} h",
        ),
        Check(
            *("open_interest_left_out", repeats, raw.height, NO_TIMES),
            "rows that repeat the stamp of an earlier one, or lack it",
        ),
    ]


def _usual(steps_ms: pl.Series) -> int:
    """The commonest step, the shortest of several."""
    return int(steps_ms.mode().to_numpy().min()) if steps_ms.len() else UNITS_MS["m"]


def _greatest(values: pl.Series) -> float:
    return float(values.to_numpy().max()) if values.len() else 0.0
