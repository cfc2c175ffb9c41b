"""Longer bars are visible when they have closed, and made of what came."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.kernels import coarse
from tests.engines.charts import market
from tests.kernels import naive_coarse

MINUTE = 60_000
DAY = 1_440 * MINUTE


def grid(n, step, start=0):
    return start + step * np.arange(n, dtype=np.int64)


def coarsened(times, bars, is_gap, step, base_step, memory=None):
    memory = np.zeros(1, coarse.COARSE) if memory is None else memory
    return coarse.coarsen(memory, times, bars, is_gap, step, base_step)


@given(
    st.integers(1, 200),
    st.sampled_from([(15, 60), (5, 60), (60, 240), (60, 1440), (60, 60)]),
    st.integers(0, 30),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 0.1, 0.9]),
)
def test_longer_bars_are_those_of_the_definition(n, frames, offset, seed, missing):
    base, step = (minutes * MINUTE for minutes in frames)
    rng = np.random.default_rng(seed)
    bars, is_gap = market(200, seed % 7)[:, :n], rng.random(n) < missing
    times = grid(n, base, 7 * DAY + offset * base)
    found, rows = coarsened(times, bars, is_gap, step, base)
    wanted, wanted_rows = naive_coarse.coarsen(times.tolist(), bars.tolist(), is_gap, step, base)
    assert rows.tolist() == wanted_rows
    assert found.T.tolist() == [list(bar) for bar in wanted]
    memory = np.zeros(1, coarse.COARSE)
    closed = [
        coarse.take(memory[0], times[t], bars[:, t].copy(), is_gap[t], step, base) for t in range(n)
    ]
    assert closed == [
        naive_coarse.take(times[: t + 1].tolist(), bars[:, : t + 1].tolist(), is_gap, step, base)
        for t in range(n)
    ]


def test_it_is_a_fold():
    bars, times = market(500, 1), grid(500, 15 * MINUTE, 3 * DAY + 15 * MINUTE)
    is_gap = np.random.default_rng(0).random(500) < 0.05
    whole, rows = coarsened(times, bars, is_gap, 240 * MINUTE, 15 * MINUTE)
    memory, parts, at = np.zeros(1, coarse.COARSE), [], []
    for t in range(500):
        one = slice(t, t + 1)
        part, row = coarsened(
            times[one], bars[:, one], is_gap[one], 240 * MINUTE, 15 * MINUTE, memory
        )
        parts.append(part)
        at.extend((row + t).tolist())
    assert np.array_equal(np.concatenate(parts, axis=1), whole)
    assert at == rows.tolist()


@pytest.mark.parametrize(("n_missing", "closes"), [(0, [15, 31]), (1, [30]), (15, [16, 32])])
def test_a_bar_that_began_before_the_first_slot_is_none(n_missing, closes):
    times = grid(40, 15 * MINUTE, DAY + n_missing * 15 * MINUTE)
    found, rows = coarsened(times, market(40, 2), np.zeros(40, bool), 240 * MINUTE, 15 * MINUTE)
    assert rows.tolist() == closes
    assert found.shape == (5, len(closes))
