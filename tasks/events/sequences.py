"""Ordered sequences: one event, then another within a time."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from lake.time import duration_ms
from tasks.events.bars import Bars
from tasks.events.marks import Marks, marks
from tasks.events.registry import SEQUENCES, Analyzer, catalogue
from tasks.kernels.onset import last_true

WORDS = re.compile(r"(?P<first>\w+) +then +(?P<then>\w+) +within +(?P<within>\w+)")
WANTED = "FIRST then SECOND within DURATION, like 'vol_shock then oi_flush within 8h'"


def sequence(
    first: Analyzer, then: Analyzer, *, within: str = "8h", cooldown: str = "1h"
) -> Analyzer:
    """Make the event that `then` begins at most `within` after `first` has begun.

    Both with their default parameters. Side and strength are those of `then`; the anchor is the
    bar at which `first` stood. Two at the same bar are no sequence.

    Parameters
    ----------
    within, cooldown : str
        Durations: from the one to the other, and that of both events' onsets.

    Examples
    --------
    >>> from tasks.events.volatility import vol_shock, vol_spike
    >>> sequence(vol_shock, vol_spike, within="4h").name
    'vol_shock_then_vol_spike_within_4h'
    """
    duration_ms(within)

    def follows(bars: Bars, *, within: str = within, cooldown: str = cooldown) -> Marks:
        begun = last_true(first.marks(bars, cooldown).fired)
        found = then.marks(bars, cooldown)
        recent = (begun >= 0) & (np.arange(len(bars)) - begun <= bars.n(within))
        return marks(found.fired & recent, found.side, found.strength, begun)

    follows.__name__ = f"{first.name}_then_{then.name}_within_{within}"
    follows.__doc__ = (
        f"{first.name}, then {then.name} within {within} (catalogue, ordered sequences)."
    )
    return Analyzer(
        function=follows,
        family=SEQUENCES,
        terms=(first, then, "within", "cooldown", "cooldown"),
        needs="".join(dict.fromkeys(first.needs + then.needs)),
        mirrored=first.mirrored and then.mirrored and first.axis == then.axis,
        coarsest=min(first.coarsest, then.coarsest, key=duration_ms),
        parameters={"within": within, "cooldown": cooldown},
        axis=first.axis,
    )


def read_sequence(text: str, modules: Sequence[str] = ()) -> Analyzer:
    """Make the sequence that `text` says: ``vol_shock then oi_flush within 8h``.

    Raises
    ------
    ValueError
        When it says none, or names an event that there is not.
    """
    said = WORDS.fullmatch(text.strip())
    if said is None:
        raise ValueError(f"{text!r} is no sequence: wanted {WANTED}")
    known = {analyzer.name: analyzer for analyzer in catalogue(modules)}
    for name in (said["first"], said["then"]):
        if name not in known:
            raise ValueError(f"{text!r}: there is no event {name!r}; --list-events lists them")
    return sequence(known[said["first"]], known[said["then"]], within=said["within"])


def families_of(text: str, modules: Sequence[str] = ()) -> tuple[str, ...]:
    """The families of the two events of a sequence."""
    terms = read_sequence(text, modules).terms or ()
    return tuple(term.family for term in terms if isinstance(term, Analyzer))
