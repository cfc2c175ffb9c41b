"""An engine beside the others: how much it said, and what it earned on its own."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lake.config import Config
from tasks.kernels.fusion_memory import MEMBERS

FUSION, DAILY = "fusion", "wyckoff_daily"


class Member(Config):
    """An engine beside the others.

    Attributes
    ----------
    engine, timeframe : str
    n_bars : int
        That it read, in all markets.
    in_stance : float or None
        Share of them at which it had a stance.
    contribution : float or None
        Mean size of what it adds to the score; of the fusion, of the score.
    net, net_share, sharpe, sharpe_lower, sharpe_upper, n_trades : float or None
        Of its own account, under the same terms with its stance alone as the score; None where it
        has none of its own, or it is not known.
    """

    engine: str
    timeframe: str
    n_bars: int
    in_stance: float | None
    contribution: float | None
    net: float | None = None
    net_share: float | None = None
    sharpe: float | None = None
    sharpe_lower: float | None = None
    sharpe_upper: float | None = None
    n_trades: float | None = None


def members_of(engine: str) -> tuple[str, ...]:
    """The members that an engine is: all of a fusion, two of Wyckoff, one of the others.

    Examples
    --------
    >>> members_of("wyckoff"), members_of("hob")
    (('wyckoff', 'wyckoff_daily'), ('hob',))
    """
    voter = {DAILY: "wyckoff"}
    return tuple(name for name in MEMBERS if engine in (FUSION, voter.get(name, name)))


def compare_best(members: Sequence[Member]) -> str:
    """Say whether the fusion beats its best member, by the Sharpe ratio; empty without a fusion.

    It does where the whole interval of its ratio lies above the member's ratio: the member is the
    best of several, and to be ahead of it by chance is easy with few trades.
    """
    fused = [row for row in members if row.engine == FUSION]
    others = [row for row in members if row.engine != FUSION and row.n_trades is not None]
    if not fused or not others:
        return ""
    best, own = max(others, key=_merit), fused[0]
    if not any(row.n_trades for row in (own, *others)):
        return "no engine traded: there is nothing to compare"
    return (
        f"fusion {_verb(own, best)} its best member, {best.engine}: "
        f"Sharpe ratio {_ratio(own)} against {_ratio(best)}, "
        f"net {_percent(own.net_share)} against {_percent(best.net_share)}, "
        f"{own.n_trades or 0:,.0f} trades against {best.n_trades:,.0f}{_both_lose(own, best)}"
    )


def _verb(own: Member, best: Member) -> str:
    if _merit(own) <= _merit(best):
        return "does not beat"
    is_known = own.sharpe_lower is not None and best.sharpe is not None
    if is_known and own.sharpe_lower > best.sharpe:  # type: ignore[operator]
        return "beats"
    return "is ahead of, but not beyond chance,"


def _merit(row: Member) -> tuple[float, float]:
    """The Sharpe ratio; where it is not known, behind all that have one, the net result."""
    sharpe = -math.inf if row.sharpe is None else row.sharpe
    return sharpe, 0.0 if row.net is None else row.net


def _both_lose(own: Member, best: Member) -> str:
    return "; both lose" if (own.net or 0.0) < 0 and (best.net or 0.0) < 0 else ""


def _ratio(row: Member) -> str:
    if row.sharpe is None:
        return "not known"
    if row.sharpe_lower is None or row.sharpe_upper is None:
        return f"{row.sharpe:.3f}"
    return f"{row.sharpe:.3f} (95 %: {row.sharpe_lower:.2f} to {row.sharpe_upper:.2f})"


def _percent(share: float | None) -> str:
    return "not known" if share is None else f"{100 * share:+.1f} %"
