"""The random numbers of the simulated market."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lake.keys import sha256
from tasks.kernels.market import Reals


@dataclass(frozen=True)
class Draws:
    """Random numbers of one symbol, some of them common to every symbol of the seed.

    Each stream has its own generator, seeded by the SHA-256 of its name, so no stream depends on
    which others are drawn, nor on how many numbers they take.

    Attributes
    ----------
    seed : int
        Of the market.
    symbol : str
        Whose numbers they are.
    n : int
        Bars.
    """

    seed: int
    symbol: str
    n: int

    def generator(self, stream: str, *, common: bool = False) -> np.random.Generator:
        """A new generator at the start of `stream`."""
        owner = "common" if common else f"symbol {self.symbol}"
        digest = sha256(f"{self.seed}|{owner}|{stream}".encode())
        return np.random.Generator(np.random.PCG64(int(digest, 16)))

    def normal(self, stream: str, common_share: float = 0.0) -> Reals:
        """Standard normal numbers of which a share of variance is common, shape (n,)."""
        own = self.generator(stream).standard_normal(self.n)
        if common_share == 0.0:
            return own
        common = self.generator(stream, common=True).standard_normal(self.n)
        return math.sqrt(common_share) * common + math.sqrt(1.0 - common_share) * own

    def uniform(self, stream: str, *, common: bool = False) -> Reals:
        """Numbers from 0 up to, without, 1, shape (n,)."""
        return self.generator(stream, common=common).random(self.n)
