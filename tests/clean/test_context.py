from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.schema import BARS, CONTEXT, FUNDING, INTEREST
from lake.time import duration_ms
from tasks.clean.config import CleanConfig
from tasks.clean.context import Companions, lay_beside
from tasks.clean.funding import settle_funding
from tasks.clean.grid import lay_on_grid
from tasks.clean.interest import gauge_interest
from tasks.clean.rejects import find_rejects
from tasks.ingest.config import IngestConfig
from tasks.ingest.files import load, load_beside, survey, survey_beside
from tests.real import REAL_DATA, needs_real_data

START = datetime(2024, 1, 1, tzinfo=UTC)
MARKET = "ETHUSDT-15m"
NAN = math.nan
CONFIG = CleanConfig()


def minutes(count):
    return START + timedelta(minutes=count)


def bars(closes, step=15, first=0):
    """Bars of `step` minutes from `first` minutes on; None is a gap."""
    rows = []
    for k, close in enumerate(closes):
        price = NAN if close is None else float(close)
        numbers = dict.fromkeys(BARS.columns, price)
        rows.append(numbers | {"time": minutes(first + k * step), "is_gap": close is None})
    return pl.DataFrame(rows, schema=BARS.columns)


def funding(*rows):
    """Settlements of minutes since the start at which they are known, and rate per 8 hours."""
    cells = [
        {"time": minutes(int(at)), "known_at": minutes(at), "rate": rate, "hours": 8.0,
         "rate_8h": rate}
        for at, rate in rows
    ]  # fmt: skip
    return pl.DataFrame(cells, schema=FUNDING.columns)


def interest(*rows):
    cells = [{"known_at": minutes(a), "contracts": c, "value": v} for a, c, v in rows]
    return pl.DataFrame(cells, schema=INTEREST.columns)


def laid(own, config=CONFIG, market=MARKET, **beside):
    context = lay_beside(own, market, Companions(**beside), config)
    assert context.schema == pl.Schema(CONTEXT.columns)
    return context


def shown(series):
    return [None if value is None or math.isnan(value) else value for value in series.to_list()]


def test_without_companions_every_number_is_missing():
    context = laid(bars([1, 2]))
    assert context["time"].to_list() == [minutes(0), minutes(15)]
    assert context["funding_time"].null_count() == 2
    for name in CONTEXT.columns:
        if name not in ("time", "funding_time"):
            assert shown(context[name]) == [None, None]


def test_a_settlement_stands_from_the_close_at_which_it_is_known():
    context = laid(bars([1] * 4), funding=funding((30, 5.0)))
    assert shown(context["funding"]) == [None, 5.0, 5.0, 5.0]
    assert shown(context["funding_age_s"]) == [None, 0.0, 900.0, 1800.0]
    assert context["funding_time"].to_list() == [None, *[minutes(30)] * 3]
    assert shown(context["funding_hours"]) == [None, 8.0, 8.0, 8.0]


def test_a_settlement_stamped_a_moment_late_stands_a_bar_later():
    context = laid(bars([1] * 3), funding=funding((30 + 1 / 60000, 5.0)))
    assert shown(context["funding"]) == [None, None, 5.0]
    assert context["funding_time"][2] == minutes(30)
    assert shown(context["funding_age_s"]) == [None, None, pytest.approx(899.999)]


def test_an_age_may_reach_its_tolerance_and_not_a_moment_more():
    config = CleanConfig(interest_tolerance="15m")
    context = laid(bars([1] * 3), config, interest=interest((15, 1.0, 7.0)))
    assert shown(context["open_interest"]) == [7.0, 7.0, None]
    assert shown(context["open_interest_age_s"]) == [0.0, 900.0, None]
    context = laid(bars([1] * 3), config, interest=interest((15 - 1 / 60, 1.0, 7.0)))
    assert shown(context["open_interest"]) == [7.0, None, None]


def test_a_value_too_old_is_not_replaced_by_an_older_one():
    both = funding((0, 1.0), (15, 2.0))
    context = laid(bars([1] * 45), CleanConfig(funding_tolerance="9h"), funding=both)
    assert shown(context["funding"]) == [2.0] * 37 + [None] * 8
    assert context["funding_time"].null_count() == 8


def test_bars_of_the_same_length_stand_beside_each_other():
    context = laid(bars([1, 2, 3]), spot=bars([10, 20, 30]), leader=bars([7, 8], first=15))
    assert shown(context["spot"]) == [10.0, 20.0, 30.0]
    assert shown(context["spot_age_s"]) == [0.0, 0.0, 0.0]
    assert shown(context["leader"]) == [None, 7.0, 8.0]


def test_of_shorter_bars_the_one_that_closes_with_the_bar_stands():
    spot = bars(range(1, 10), step=5)
    context = laid(bars([1, 1, 1]), spot=spot, timeframes={"spot": "5m"})
    assert shown(context["spot"]) == [3.0, 6.0, 9.0]


def test_a_longer_bar_is_not_seen_before_it_closes():
    mark = bars([100, 200], step=60)
    context = laid(bars([1] * 9), mark=mark, timeframes={"mark": "1h"})
    assert shown(context["mark"]) == [None, None, None, 100, 100, 100, 100, 200, 200]
    assert shown(context["mark_age_s"]) == [None] * 3 + [0, 900, 1800, 2700, 0, 900]


def test_a_gap_of_a_companion_is_no_value():
    context = laid(bars([1, 2, 3]), spot=bars([10, None, 30]))
    assert shown(context["spot"]) == [10.0, None, 30.0]
    patient = CleanConfig(spot_tolerance="15m")
    context = laid(bars([1, 2, 3]), patient, spot=bars([10, None, 30]))
    assert shown(context["spot"]) == [10.0, 10.0, 30.0]
    assert shown(context["spot_age_s"]) == [0.0, 900.0, 0.0]


def test_a_gap_of_the_market_still_knows_what_lay_beside_it():
    context = laid(bars([1, None, 3]), spot=bars([10, 20, 30]))
    assert shown(context["spot"]) == [10.0, 20.0, 30.0]


def test_contracts_are_valued_by_the_mark_price_else_the_close():
    readings = interest((15, 2.0, NAN), (30, 2.0, NAN), (45, 2.0, 5.0))
    own = bars([10, 11, 12])
    assert shown(laid(own, interest=readings)["open_interest"]) == [20.0, 22.0, 5.0]
    marked = laid(own, interest=readings, mark=bars([100, None, None]))
    assert shown(marked["open_interest"]) == [200.0, 200.0, 5.0]


def test_contracts_beside_a_gap_have_no_value():
    context = laid(bars([10, None]), interest=interest((15, 2.0, NAN), (30, 2.0, NAN)))
    assert shown(context["open_interest"]) == [20.0, None]
    assert shown(context["open_interest_age_s"]) == [0.0, None]


def naive_known(stamps, values, closes, tolerance_s):
    """Last value known at each close and its age, by looking at all of them."""
    out = []
    for close in closes:
        known = [(stamp, value) for stamp, value in zip(stamps, values, strict=True)
                 if stamp <= close]  # fmt: skip
        if not known or (close - known[-1][0]).total_seconds() > tolerance_s:
            out.append((None, None))
        else:
            out.append((known[-1][1], (close - known[-1][0]).total_seconds()))
    return out


STEPS = st.sampled_from(["1m", "5m", "15m", "1h", "4h"])


@given(
    st.sampled_from(["5m", "15m", "1h"]),
    STEPS,
    st.integers(-3, 3),
    st.lists(st.one_of(st.none(), st.integers(1, 99)), min_size=1, max_size=40),
    st.sampled_from(["1m", "20m", "2h"]),
)
@settings(max_examples=60, deadline=None)
def test_bars_beside_are_those_of_the_naive_join(own_step, step, shift, closes, tolerance):
    length = duration_ms(step) // 60_000
    own_length = duration_ms(own_step) // 60_000
    own = bars([1] * 30, step=own_length)
    companion = bars(closes, step=length, first=shift * length)
    config = CleanConfig(mark_tolerance=tolerance)
    context = laid(own, config, f"ETHUSDT-{own_step}", mark=companion, timeframes={"mark": step})
    real = [(minutes((shift + k + 1) * length), float(c)) for k, c in enumerate(closes) if c]
    at = [time + timedelta(minutes=own_length) for time in own["time"]]
    stamps, values = [stamp for stamp, _ in real], [value for _, value in real]
    wanted = naive_known(stamps, values, at, duration_ms(tolerance) / 1000)
    found = zip(shown(context["mark"]), shown(context["mark_age_s"]), strict=True)
    assert list(found) == wanted


@given(st.lists(st.integers(0, 900), min_size=0, max_size=30, unique=True))
@settings(max_examples=60, deadline=None)
def test_stamped_values_are_those_of_the_naive_join(seconds):
    at = [START + timedelta(seconds=17 * second) for second in sorted(seconds)]
    values = [float(k + 1) for k in range(len(at))]
    columns = {"known_at": at, "contracts": values, "value": values}
    readings = pl.DataFrame(columns, schema=INTEREST.columns)
    own = bars([1] * 20)
    context = laid(own, interest=readings)
    closes = [time + timedelta(minutes=15) for time in own["time"]]
    wanted = naive_known(at, values, closes, 900.0)
    found = zip(shown(context["open_interest"]), shown(context["open_interest_age_s"]), strict=True)
    assert list(found) == wanted


@given(st.integers(1, 29))
@settings(max_examples=20, deadline=None)
def test_nothing_later_than_a_close_changes_what_stands_there(cut):
    """Cut every companion off at what was known at a bar's close: the rows up to it stay."""
    own = bars(range(1, 31))
    close = own["time"][cut] + timedelta(minutes=15)
    settled = funding(*((40 * k + 0.01, float(k)) for k in range(12)))
    read = interest(*((5 * k, 1.0, float(k + 1)) for k in range(90)))
    mark = bars(range(1, 9), step=60)
    whole = laid(own, funding=settled, interest=read, mark=mark, timeframes={"mark": "1h"})
    past = laid(
        own,
        funding=settled.filter(pl.col("known_at") <= close),
        interest=read.filter(pl.col("known_at") <= close),
        mark=mark.filter(pl.col("time").dt.offset_by("1h") <= close),
        timeframes={"mark": "1h"},
    )
    assert whole.head(cut + 1).equals(past.head(cut + 1))


@needs_real_data
def test_the_real_year_lies_beside_its_bars():
    folders = {
        "data": "binance_um/klines",
        "funding": "funding",
        "open_interest": "open_interest",
        "spot": "binance_spot/klines",
        "mark": "binance_um/mark_klines",
    }
    days = {"start": datetime(2023, 1, 1).date(), "end": datetime(2023, 12, 31).date()}
    places = {name: str(REAL_DATA / place) for name, place in folders.items()}
    asked = {"symbols": ("ETHUSDT",), "timeframe": "15m"}
    config = IngestConfig(source="files", **places, **asked, **days)
    markets = survey(config)
    own = cleaned(load(None, markets[0].keyed, markets[0].places), "15m")
    beside, steps = {}, {}
    for found in survey_beside(config, markets):
        raw = load_beside(None, found.keyed, found.places)
        if found.data == "funding":
            beside["funding"] = settle_funding(raw)
        elif found.data == "interest":
            beside["interest"] = gauge_interest(raw)
        else:
            steps[found.data] = found.bars_timeframe
            beside[found.data] = cleaned(raw, found.bars_timeframe)
    assert steps == {"spot": "5m", "mark": "1h", "leader": "15m"}
    context = laid(own, timeframes=steps, **beside)
    shares = {name: 1 - context[name].is_nan().mean() for name in ("funding", "leader", "mark")}
    assert shares == {"funding": 1.0, "leader": 1.0, "mark": 1.0}
    assert 1 - context["open_interest"].is_nan().mean() > 0.999
    assert 1 - context["spot"].is_nan().mean() > 0.999
    basis = (own["close"] / context["spot"]).drop_nans().log()
    assert abs(basis.median()) < 1e-3
    assert context["funding_age_s"].max() < 8 * 3600
    assert context["mark_age_s"].max() == 2700.0
    assert context["open_interest"].drop_nans().min() > 5e8


def cleaned(raw, timeframe):
    rejected = find_rejects(raw, MARKET, CONFIG, timeframe)
    return lay_on_grid(raw, rejected, MARKET, CONFIG, timeframe)


def test_a_fee_holds_until_the_next_and_a_release_stands_at_the_last_bar_before_it():
    first, minute = int(START.timestamp() * 1000), 60_000
    fees = [(first + 15 * minute, 4.0), (first + 40 * minute, 5.0)]
    releases = [first + 30 * minute, first + 59 * minute]
    context = laid(bars([1, 2, 3, 4]), fees=fees, releases=releases)
    assert context["fee"].to_list() == [4.0, 4.0, 5.0, 5.0]
    assert context["fee_age_s"].to_list() == [0.0, 900.0, 300.0, 1200.0]
    assert context["news"].to_list() == [0.0, 1.0, 1.0, 0.0]


def test_without_a_schedule_or_a_calendar_nothing_is_known_of_them():
    context = laid(bars([1, 2]))
    assert context["fee"].is_nan().all()
    assert context["news"].is_nan().all()
