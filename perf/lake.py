"""The lake against plain Parquet files: what content addresses, hashes and syncs cost."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl

from lake.keys import make_key
from lake.schema import BARS, TIME
from lake.store import open_lake
from perf.harness import Bench

N_ROWS = 5_000
MINUTE_MS = 60_000


def sample_bars(n_rows: int, seed: int = 7) -> pl.DataFrame:
    """Bars of a random walk, as the table BARS."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 1e-3, n_rows)))
    columns = {name: rng.random(n_rows) for name in BARS.columns if name not in ("time", "is_gap")}
    columns |= {"open": close, "high": close * 1.001, "low": close * 0.999, "close": close}
    return pl.DataFrame(
        {"time": np.arange(n_rows) * 5 * MINUTE_MS, **columns, "is_gap": np.zeros(n_rows, bool)}
    ).with_columns(pl.col("time").cast(pl.Datetime("ms")).dt.replace_time_zone("UTC").cast(TIME))


def benches(wanted: Callable[[str], bool]) -> Iterator[Bench]:
    """Write, read and hit, each next to polars alone."""
    folder = Path(tempfile.mkdtemp(prefix="assay-perf-"))
    lake, frame, plain = (
        open_lake(str(folder / "lake")),
        sample_bars(N_ROWS),
        folder / "plain.parquet",
    )
    key = make_key("BARS", "PERF-5m", "-", code=["lake.schema"], config={}, parents=[])
    ref = lake.write(key, frame, [])

    def write_plain() -> None:
        frame.write_parquet(plain, compression="zstd", compression_level=3)

    def read_plain() -> pl.DataFrame:
        return pl.read_parquet(plain)

    write_plain()
    sides = {
        "lake write": (lambda: lake.write(key, frame, []), write_plain, "polars write_parquet"),
        "lake read": (lambda: lake.read(ref), read_plain, "polars read_parquet"),
        "lake hit": (lambda: lake.find(ref.address), read_plain, "polars read_parquet"),
    }
    for name, (ours, theirs, peer) in sides.items():
        if wanted(name):
            yield Bench(name, f"{peer}, {N_ROWS:,} rows", ours, theirs, n_rounds=21)
