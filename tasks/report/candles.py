"""An occurrence of an event among its bars, drawn as a small picture that needs no script."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

WIDTH, HEIGHT = 360.0, 190.0
LEFT, RIGHT, TOP, BOTTOM = 4.0, 4.0, 18.0, 18.0
BODY_SHARE = 0.62
LEAST_BODY = 0.8
MARK, AWAY = 5.0, 3.0
Reals = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scene:
    """The bars around an occurrence.

    Attributes
    ----------
    prices : array of float64, shape (4, n)
        Open, high, low, close; NaN in a gap.
    at, anchor : int
        Bar at whose close the event was known, and the bar where it began (may lie before 0).
    side : int
        +1, -1 or 0.
    label : str
        What a reader who cannot see the picture is told.
    """

    prices: Reals
    at: int
    anchor: int
    side: int
    label: str


def draw(scene: Scene) -> Markup:
    """Return the picture as SVG; bars after the event's close are veiled.

    A bar with a price that is missing, infinite or not above zero is not drawn.
    """
    n = scene.prices.shape[1]
    step = (WIDTH - LEFT - RIGHT) / max(1, n)
    y = _scaled(scene.prices)
    x = LEFT + step * (np.arange(n) + 0.5)
    there = np.asarray(np.isfinite(y).all(axis=0))
    rising = there & (y[3] <= y[0])
    parts = [
        _anchor(scene, x),
        _candles("up", x, y, rising, step),
        _candles("down", x, y, there & ~rising, step),
        _veil(LEFT + step * (scene.at + 1)),
        _scale(scene.prices[:, there]),
        _mark(scene.side, x, y, scene.at) if there[scene.at : scene.at + 1].any() else "",
    ]
    return Markup(
        '<svg class="scene" viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}">{}</svg>'
    ).format(WIDTH, HEIGHT, scene.label, Markup("".join(parts)))  # noqa: S704 - numbers alone


def _scaled(prices: Reals) -> Reals:
    """Log prices on the picture's height, shape (4, n); equal ones in its middle."""
    drawn = np.isfinite(prices) & (prices > 0.0)
    logs = np.log(prices, where=drawn, out=np.full(prices.shape, np.nan))
    if not drawn.any():
        return logs
    low, high = np.nanmin(logs), np.nanmax(logs)
    per_unit = (HEIGHT - TOP - BOTTOM) / (high - low) if high > low else 0.0
    return 0.5 * (TOP + HEIGHT - BOTTOM) + per_unit * (0.5 * (low + high) - logs)


def _candles(name: str, x: Reals, y: Reals, which: NDArray[np.bool_], step: float) -> str:
    half = 0.5 * BODY_SHARE * step
    wicks, bodies = [], []
    for i in np.flatnonzero(which):
        open_, high, low, close = y[:, i]
        tall = max(abs(close - open_), LEAST_BODY)
        wicks.append(f"M{x[i]:.1f},{high:.1f}V{low:.1f}")
        top = min(open_, close)
        bodies.append(f"M{x[i] - half:.1f},{top:.1f}h{2 * half:.1f}v{tall:.1f}h{-2 * half:.1f}z")
    wick = f'<path class="wick {name}" d="{"".join(wicks)}"/>'
    return f'{wick}<path class="{name}" d="{"".join(bodies)}"/>' if bodies else ""


def _veil(known: float) -> str:
    """What was not yet known, and the line of the close at which the event became known."""
    return (
        f'<rect class="veil" x="{known:.1f}" y="0" width="{WIDTH - known:.1f}" '
        f'height="{HEIGHT:.0f}"/><path class="known" d="M{known:.1f},0V{HEIGHT:.0f}"/>'
    )


def _scale(prices: Reals) -> str:
    """The highest and the lowest price, in the margins that no bar reaches."""
    if not prices.size:
        return ""
    high, low = f"{prices[1].max():,.6g}", f"{prices[2].min():,.6g}"
    return (
        f'<text x="{LEFT:.0f}" y="{TOP - 6:.0f}">{high}</text>'
        f'<text x="{LEFT:.0f}" y="{HEIGHT - 5:.0f}">{low}</text>'
    )


def _anchor(scene: Scene, x: Reals) -> str:
    if not 0 <= scene.anchor < min(scene.at, x.size):
        return ""
    return f'<path class="anchor" d="M{x[scene.anchor]:.1f},0V{HEIGHT:.0f}"/>'


def _mark(side: int, x: Reals, y: Reals, at: int) -> str:
    """A triangle that points where the side does, or a dot where there is none."""
    here, above, below = x[at], y[1, at] - AWAY, y[2, at] + AWAY
    if side > 0:
        return f'<path class="mark" d="M{here:.1f},{below:.1f}l{MARK},{1.6 * MARK}h{-2 * MARK}z"/>'
    if side < 0:
        return f'<path class="mark" d="M{here:.1f},{above:.1f}l{MARK},{-1.6 * MARK}h{-2 * MARK}z"/>'
    return f'<circle class="mark" cx="{here:.1f}" cy="{above - MARK:.1f}" r="3.5"/>'
