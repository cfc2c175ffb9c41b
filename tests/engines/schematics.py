"""Wyckoff's schematic told at random: ranges after a climax, as real markets have them and
simulated ones have not, some of them just so and some of them just not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.engines.charts import GRID, MIDDLE

Reals = NDArray[np.float64]
UNIT = 16.0  # the usual range of a bar


class Pen:
    """Draws bar after bar in usual ranges from where it is."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng
        self.at = 0.0
        self.bars: list[tuple[float, float, float, float, float]] = []

    def draw(self, close: float, up: float, down: float, volume: float) -> None:
        top, bottom = max(self.at, close) + up, min(self.at, close) - down
        self.bars.append((self.at, top, bottom, close, volume))
        self.at = close

    def walk(self, to: float, n: int, swing: float = 0.3) -> None:
        """Quiet bars to a price."""
        start = self.at
        for k in range(1, n + 1):
            drift = start + (to - start) * k / n
            wicks = self.rng.uniform(0.1, 0.4, 2)
            close = drift + swing * self.rng.normal() * (k < n)
            self.draw(close, *wicks, 1000.0 * np.exp(0.2 * self.rng.normal()))

    def story(self, n_range: int) -> None:
        """Slide, climax, rally, tests, range, spring, sign, last point, rise."""
        u = self.rng.uniform
        self.walk(self.at - u(10, 20), 60)
        fall, wick, volume = u(3, 7), u(0.25, 0.5), u(2500, 5000)
        low = self.at - fall
        self.draw(low + wick * (fall + 0.2), 0.2, wick * (fall + 0.2), volume)
        self.walk(self.at + u(0.3, 0.8) * (self.at - low + 8.0), int(u(3, 20)), 0.1)
        height = self.at - low
        for gap in (int(u(4, 9)), int(u(8, 16))):
            self.walk(low + u(0.15, 0.3) * height, gap, 0.1)
            bottom = low + u(-0.01, 0.04) * height
            self.draw(self.at + 0.3, 0.1, self.at - bottom, u(0.1, 0.8) * volume)
        for _ in range(max(1, n_range // 40)):
            self.walk(low + u(0.6, 0.9) * height, 20)
            self.walk(low + u(0.15, 0.3) * height, 20)
        if u() < 0.3:
            self.draw(low - u(0.0, 0.4), 0.1, 0.05, u(0.4, 1.1) * volume)
            self.walk(low + 0.3 * height, 20)
        lows = min(bar[2] for bar in self.bars[-20:])
        under = max(lows - u(0.05, 1.5), low - u(0.0, 0.07) * height)
        self.draw(under + u(0.1, 1.0), 0.1, 0.1, u(800, 2500))
        self.walk(lows + u(-0.2, 1.0), int(u(1, 5)), 0.1)
        self.walk(low + 0.7 * height, 8)
        highs = max(bar[1] for bar in self.bars[-20:])
        self.draw(highs + u(0.0, 1.5), u(0.0, 0.8), 0.1, u(1300, 4000))
        self.walk(highs + u(0.0, 1.0), 3, 0.1)
        self.draw(self.at + 0.1, 0.2, u(0.0, 0.6), u(600, 1300))
        self.walk(self.at + u(5, 10), 30)


def schematics(n: int = 60, seed: int = 0) -> Reals:
    """A chart (5, about 200 n) of stories, both ways up in turn; one range is 1,600 bars long."""
    rng = np.random.default_rng(seed)
    parts, at = [], 0.0
    for k in range(n):
        pen = Pen(rng)
        pen.story(1600 if k == n // 2 else int(rng.uniform(20, 60)))
        o, h, low, c, v = np.array(pen.bars).T
        side = 1.0 if k % 2 == 0 else -1.0
        up, down = (h, low) if side > 0 else (low, h)
        prices = np.array([o, up, down, c]) * side + at
        at = prices[3, -1]
        parts.append(np.concatenate([prices, v[None]]))
    chart = np.concatenate(parts, axis=1)
    chart[:4] = np.round((chart[:4] * UNIT + MIDDLE) / GRID) * GRID
    chart[4] = np.round(chart[4])
    return chart
