"""A user's own family, whose texts are full of what a page must escape."""

from __future__ import annotations

import numpy as np

from tasks.events.bars import Bars
from tasks.events.marks import Marks, marks
from tasks.events.registry import event


@event(lookback=("n",), needs="O", mirrored=False)
def odd_bar(bars: Bars, *, n: int = 7, window: str = "8h") -> Marks:
    """Every `n`-th bar is <b>odd</b> & "new" (see ``x < y``).

    The second paragraph says <script>alert(1)</script>, and
    goes on.

    Notes
    -----
    Nobody reads this.
    """
    fired = np.arange(len(bars)) % n == n - 1
    return marks(fired, 1, np.ones(len(bars)))
