"""The paper that pictures are drawn on: the same on every machine, one picture at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_ONE_AT_A_TIME = Lock()  # matplotlib's settings are those of the whole process


@contextmanager
def paper() -> Iterator[None]:
    """Draw under matplotlib's defaults, whatever a matplotlibrc on the machine says."""
    import matplotlib as mpl

    with _ONE_AT_A_TIME, mpl.rc_context():
        mpl.rcdefaults()
        mpl.rc("font", family="DejaVu Sans")
        mpl.rc("text", parse_math=False)  # market names are no formulas
        yield
