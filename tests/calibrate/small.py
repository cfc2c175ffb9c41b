"""A small profile for the tests: two symbols, a hundred days of 15m, one family of events."""

from tasks.calibrate.world import Procedure
from tasks.events.config import EventsConfig
from tasks.ingest.config import DemoConfig, IngestConfig
from tasks.outcomes.config import OutcomesConfig

PROCEDURE = Procedure(
    ingest=IngestConfig(timeframe="15m", demo=DemoConfig(n_days=100)),
    events=EventsConfig(families=("volatility",)),
    outcomes=OutcomesConfig(horizons=("1h", "4h")),
)
