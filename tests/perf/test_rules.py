"""The peers of the event benchmarks do the same work: they fire at the same bars."""

import pandas as pd
import pytest

from perf.rules import (
    agreement,
    by_pandas,
    by_polars,
    frame_of,
    ours,
    scored_by_pandas,
    scored_ours,
)
from tasks.events.proving import proving_ground


@pytest.fixture(scope="module")
def bars():
    return proving_ground(9000, "5m")


def test_polars_and_pandas_fire_where_we_do(bars):
    found, frame = ours(bars), frame_of(bars)
    assert sum(fired.sum() for fired in found.values()) > 500
    assert set(agreement(found, by_polars(frame)).values()) == {1.0}
    assert set(
        agreement(found, by_pandas(pd.DataFrame(frame.to_dict(as_series=False)))).values()
    ) == {1.0}


def test_pandas_scores_are_ours(bars):
    few = bars.part(0, 4000)
    frame = pd.DataFrame(frame_of(few).to_dict(as_series=False))
    assert set(agreement(scored_ours(few), scored_by_pandas(frame)).values()) == {1.0}
