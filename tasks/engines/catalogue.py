"""All engines."""

from __future__ import annotations

from tasks.engines.hob import HOB
from tasks.engines.momentum import MOMENTUM
from tasks.engines.smc import SMC
from tasks.engines.wyckoff import WYCKOFF

ENGINES = (MOMENTUM, HOB, SMC, WYCKOFF)
