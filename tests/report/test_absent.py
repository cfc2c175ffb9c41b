import polars as pl
import pytest

from lake.schema import COVERAGE
from tasks.report.absent import list_absent

NEEDS, FAILED = "not runnable: needs funding", "failed: its task ended with an error"


def coverage(*rows):
    """COVERAGE of (market, family, event, reason)."""
    columns = [name for name in COVERAGE.columns if name not in ("n_bars", "n_events", "share")]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    counted = frame.with_columns(n_bars=pl.lit(100), n_events=pl.lit(0), share=pl.lit(0.0))
    return COVERAGE.conform(counted.cast(dict(COVERAGE.columns)))


def test_where_everything_ran_there_is_no_table():
    assert list_absent(coverage(("A-1h", "positioning", "funding_flip", ""))) is None
    assert list_absent(COVERAGE.empty()) is None


def test_an_event_is_listed_once_per_reason_with_its_markets():
    grid = list_absent(
        coverage(
            ("C-1h", "positioning", "funding_flip", NEEDS),
            ("A-1h", "positioning", "funding_flip", NEEDS),
            ("B-1h", "positioning", "funding_flip", FAILED),
            ("B-1h", "liquidity", "absorption", FAILED),
            ("A-1h", "liquidity", "absorption", ""),
        )
    )
    assert [column.title for column in grid.columns] == ["event", "family", "why", "market"]
    assert grid.rows == (
        ("absorption", "liquidity", FAILED, "B-1h"),
        ("funding_flip", "positioning", NEEDS, "A-1h, C-1h"),
        ("funding_flip", "positioning", FAILED, "B-1h"),
    )


@pytest.mark.parametrize(("markets", "said"), [(["A-1h"], "A-1h"), (["A-1h", "B-1h"], "all 2")])
def test_every_market_is_said_in_short_where_there_are_several(markets, said):
    rows = [(market, "positioning", "funding_flip", NEEDS) for market in markets]
    assert list_absent(coverage(*rows)).rows[0][-1] == said
