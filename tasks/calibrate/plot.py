"""Plots of the calibration's page: small SVG that needs no script."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, HEIGHT = 460.0, 300.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 12.0, 12.0, 40.0
DOT = 3.0
Point = tuple[float | None, float | None]


@dataclass(frozen=True)
class Axis:
    """What an axis spans, its title, and its ticks with what is written there."""

    low: float
    high: float
    title: str
    ticks: tuple[tuple[float, str], ...]

    @classmethod
    def over(cls, values: Sequence[float | None], title: str, n_ticks: int = 5) -> Axis:
        """An axis with round ticks that spans the values that are there, and zero."""
        known = [0.0, *(value for value in values if value is not None and math.isfinite(value))]
        low, high = min(known), max(known)
        step = _round_step((high - low) / n_ticks if high > low else 1.0)
        first, last = math.floor(low / step), max(math.ceil(high / step), 1)
        ticks = tuple((step * i, f"{step * i:.6g}") for i in range(first, last + 1))
        return cls(step * first, step * last, title, ticks)

    def share(self, value: float) -> float:
        """Where a value lies, from 0 to 1; beyond the ends at them."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)


@dataclass(frozen=True)
class Series:
    """What is drawn in one colour.

    Attributes
    ----------
    name : str
        Said in the legend; a series without one is not listed.
    x, y : sequence of float
        Points; those that are None are left out.
    spans : sequence of (low, high)
        Of each y, drawn as whiskers; empty for none.
    joined : bool
        Whether a line goes through the points.
    dots : bool
        Whether the points themselves are drawn.
    """

    name: str
    x: Sequence[float | None]
    y: Sequence[float | None]
    spans: Sequence[Point] = ()
    joined: bool = True
    dots: bool = True


@dataclass(frozen=True)
class Guide:
    """A dashed line from one point to another: what is wanted."""

    start: tuple[float, float]
    end: tuple[float, float]


def draw(label: str, x: Axis, y: Axis, series: Sequence[Series], guides: Sequence[Guide]) -> Markup:
    """Return a plot as SVG; `label` is what a reader who cannot see it is told."""

    def px(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * x.share(value)

    def py(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * y.share(value)

    parts = [*_ground(x, y, px, py)]
    for guide in guides:
        (x0, y0), (x1, y1) = guide.start, guide.end
        line = f"M{px(x0):.1f},{py(y0):.1f}L{px(x1):.1f},{py(y1):.1f}"
        parts.append(f'<path class="guide" d="{line}"/>')
    for place, one in enumerate(series, 1):
        parts += _marks(one, place, px, py)
    return Markup(
        '<svg class="plot-svg" viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}">{}</svg>'
    ).format(WIDTH, HEIGHT, label, Markup("".join(parts)))  # noqa: S704 - numbers, and escaped


def legend(series: Sequence[Series]) -> list[tuple[int, str]]:
    """Colour and name of each series that has a name."""
    return [(place, one.name) for place, one in enumerate(series, 1) if one.name]


def _round_step(step: float) -> float:
    size = 10.0 ** math.floor(math.log10(step))
    return next(size * factor for factor in (1.0, 2.0, 5.0, 10.0) if step <= size * factor * 1.001)


def _ground(
    x: Axis, y: Axis, px: Callable[[float], float], py: Callable[[float], float]
) -> list[str]:
    bottom, middle = HEIGHT - BOTTOM, (LEFT + WIDTH - RIGHT) / 2
    parts = [
        f'<path class="grid" d="M{LEFT:.0f},{py(at):.1f}H{WIDTH - RIGHT:.0f}"/>'
        f'<text x="{LEFT - 6:.0f}" y="{py(at) + 3:.1f}" text-anchor="end">{escape(told)}</text>'
        for at, told in y.ticks
    ]
    parts += [
        f'<text x="{px(at):.1f}" y="{bottom + 14:.0f}" text-anchor="middle">{escape(told)}</text>'
        for at, told in x.ticks
    ]
    turned, low = (TOP + bottom) / 2, HEIGHT - 6
    return [
        *parts,
        f'<path class="base" d="M{LEFT:.0f},{bottom:.0f}H{WIDTH - RIGHT:.0f}"/>',
        f'<text x="{middle:.0f}" y="{low:.0f}" text-anchor="middle">{escape(x.title)}</text>',
        f'<text x="11" y="{turned:.0f}" text-anchor="middle" '
        f'transform="rotate(-90 11 {turned:.0f})">{escape(y.title)}</text>',
    ]


def _marks(
    one: Series, place: int, px: Callable[[float], float], py: Callable[[float], float]
) -> list[str]:
    at = [
        (px(x), py(y)) for x, y in zip(one.x, one.y, strict=True) if x is not None and y is not None
    ]
    parts = []
    for x, (low, high) in zip(one.x, one.spans, strict=False):
        if x is not None and low is not None and high is not None:
            whisker = f"M{px(x):.1f},{py(low):.1f}V{py(high):.1f}"
            parts.append(f'<path class="line s{place}" d="{whisker}"/>')
    if one.joined and len(at) > 1:
        line = "L".join(f"{x:.1f},{y:.1f}" for x, y in at)
        parts.append(f'<path class="line s{place}" d="M{line}"/>')
    if one.dots:
        parts += [f'<circle class="s{place}" cx="{x:.1f}" cy="{y:.1f}" r="{DOT}"/>' for x, y in at]
    return parts
