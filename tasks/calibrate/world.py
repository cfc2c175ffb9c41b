"""What a simulated market is, and what it is put through: all that its table depends on."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lake.config import Config
from lake.time import Duration
from tasks.bridge.config import BridgeConfig
from tasks.clean.config import CleanConfig
from tasks.discovery.config import DiscoveryConfig
from tasks.events.config import EventsConfig
from tasks.features.config import FeaturesConfig
from tasks.ingest.config import IngestConfig
from tasks.outcomes.config import OutcomesConfig
from tasks.promotion.config import PromotionConfig

PLANTED_EVENT = "vol_spike"
Placebo = Literal["shifted", "bootstrapped", "flipped", "permuted"]
PLACEBOS: tuple[Placebo, ...] = ("shifted", "bootstrapped", "flipped", "permuted")


class Procedure(Config):
    """All that decides what discovery says of a market: the rooms' configs of the user's profile.

    Attributes
    ----------
    ingest : IngestConfig
        Of the simulated markets, whatever the user's own source is.
    fees, releases : tuple
        What the user gives by dates, see `tasks.ingest.dated`.
    """

    ingest: IngestConfig = IngestConfig()
    fees: tuple[tuple[int, float], ...] = ()
    releases: tuple[int, ...] = ()
    clean: CleanConfig = CleanConfig()
    features: FeaturesConfig = FeaturesConfig()
    events: EventsConfig = EventsConfig()
    outcomes: OutcomesConfig = OutcomesConfig()
    discovery: DiscoveryConfig = DiscoveryConfig()
    bridge: BridgeConfig = BridgeConfig()
    promotion: PromotionConfig = PromotionConfig()


class World(Config):
    """Which market: where it comes from, and what was done to it.

    Attributes
    ----------
    kind : str
        null or planted, of simulated markets; shifted, bootstrapped, flipped or permuted, of the
        user's own.
    number : int
        From 0 in each kind and effect.
    effect_bps, horizon : float, str
        What is planted after each spike, and how long it lasts; 0 where nothing is.
    seed : int
        Of all that is drawn for it.
    """

    kind: Literal["null", "planted"] | Placebo = "null"
    number: int = Field(0, ge=0)
    effect_bps: float = Field(0.0, ge=0)
    horizon: Duration = "1h"
    seed: int = Field(0, ge=0)

    @property
    def part(self) -> str:
        """Its name in the lake."""
        return f"{self.kind}-{self.effect_bps:g}-{self.number:04d}"
