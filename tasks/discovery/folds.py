"""The test folds of the walk-forward, and what each may be trained on."""

from __future__ import annotations

import polars as pl

from lake.schema import FOLDS
from lake.time import duration_ms
from tasks.discovery.config import DiscoveryConfig
from tasks.discovery.eras import CONFIRMATION, DISCOVERY, span_of

DAY = duration_ms("1d")


def draw_folds(eras: pl.DataFrame, config: DiscoveryConfig) -> pl.DataFrame:
    """Cut the confirmation era into test folds, each with all that came before to train on.

    The training span of a fold begins with the discovery era and ends an embargo before the
    fold; the embargo is what lies between the two eras, the longest horizon. So the first fold
    is trained on the discovery era and nothing else, and the later ones on the folds before them
    too (statistics.md 3.3).

    Parameters
    ----------
    eras : DataFrame of ERAS
    config : DiscoveryConfig
        `n_folds`; fewer are cut where the era has fewer days.

    Returns
    -------
    DataFrame of FOLDS
        One after the other without a gap, from the start of the confirmation era to its end, cut
        at midnights UTC.

    Raises
    ------
    InputError
        When there is no confirmation era, or no discovery era to train on.
    """
    train_start, found_by = span_of(eras, DISCOVERY)
    start, end = span_of(eras, CONFIRMATION)
    n = max(1, min(config.n_folds, (end - start) // DAY))
    # A fold is a day at least, so no two borders fall on one midnight.
    borders = [(start + k * (end - start) // n) // DAY * DAY for k in range(1, n)]
    starts = [start, *borders]
    embargo = start - found_by
    rows = {
        "fold": range(1, n + 1),
        "train_start": [train_start] * n,
        "train_end": [moment - embargo for moment in starts],
        "start": starts,
        "end": [*borders, end],
    }
    typed = pl.DataFrame(rows).select(pl.col(n).cast(d) for n, d in FOLDS.columns.items())
    return FOLDS.conform(typed)
