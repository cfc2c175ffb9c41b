"""What a user asks of a back-test, and what that means for the blueprint's bars and span."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any, Protocol, TypeVar, get_args

from pydantic import Field, field_validator

from lake.config import Config
from tasks.backtest.config import MetricsConfig
from tasks.backtest.engine_config import EngineTerms, EngineTrading
from tasks.backtest.span import Span, choose_span
from tasks.blueprint.code import changed_code, changed_libraries, current_code, current_libraries
from tasks.blueprint.document import Blueprint
from tasks.blueprint.text import write_json
from tasks.engines.config import EngineName

N_NAMED = 5
ENGINES: tuple[str, ...] = get_args(EngineName)


class BacktestConfig(Config):
    """A blueprint or an engine, and what is to be done with it."""

    blueprint: str | None = Field(None, description="the blueprint's file, JSON or YAML")
    engine: EngineName | None = Field(
        None, description=f"in a blueprint's place: one of {', '.join(ENGINES)}"
    )
    verify: bool = Field(
        False, description="replay its golden trades on the bars of its research, to the last bit"
    )
    open_sealed: bool = Field(
        False, description="trade in the sealed era too; the ledger counts it as a look"
    )
    metrics: MetricsConfig = MetricsConfig()
    engine_terms: EngineTerms = EngineTerms()
    engine_horizon_bars: int = Field(
        96, ge=0, le=1_000_000, description="an engine's positions are left then, 0 for never"
    )
    structure_stop: bool = Field(
        True, description="a close beyond the zone that gave the entry ends an engine's position"
    )
    engine_warmup_days: int = Field(
        120, ge=0, le=3650, description="days before --start that an engine hears first"
    )
    chart_bars: int = Field(300, ge=20, le=1500, description="bars in the chart of an engine")
    chart_end: date | None = Field(
        None, description="its last day, UTC; by default that of the bars, or of the last decision"
    )

    @field_validator("engine", mode="before")
    @classmethod
    def _known_engine(cls, name: Any) -> Any:
        if isinstance(name, str) and name not in ENGINES:
            near = get_close_matches(name, ENGINES, n=1, cutoff=0.0)
            raise ValueError(
                f"no engine {name!r}; the nearest is {near[0]!r}, all are {', '.join(ENGINES)}"
            )
        return name

    @property
    def traded(self) -> str:
        """The blueprint's file, or the engine."""
        return self.blueprint or self.engine or "nothing"

    @property
    def trading(self) -> EngineTrading:
        """How an engine's decisions are traded."""
        return EngineTrading(
            horizon_bars=self.engine_horizon_bars,
            structure_stop=self.structure_stop,
            terms=self.engine_terms,
        )


class Days(Protocol):
    """What says which bars are asked of a source."""

    @property
    def start(self) -> date | None: ...
    @property
    def end(self) -> date | None: ...
    @property
    def symbols(self) -> tuple[str, ...]: ...
    def model_copy(self: C, *, update: dict[str, Any]) -> C: ...


C = TypeVar("C", bound=Days)


@dataclass(frozen=True)
class Asked:
    """A blueprint, the days and symbols of its research, and what is traded now.

    Attributes
    ----------
    own_markets : bool
        Whether the symbols are those of the research, so that the blueprint's markets are traded.
    modules : tuple of str
        Of events of the user's own.
    """

    blueprint: Blueprint
    research: Days
    span: Span
    own_markets: bool
    modules: tuple[str, ...]

    @property
    def document(self) -> dict[str, Any]:
        """The blueprint as text, and the modules of the user's own that it may need."""
        return {"document": write_json(self.blueprint), "modules": self.modules}

    def widened(self, config: C) -> C:
        """`config` with the days of the research added: what is known on a day needs those before.

        Features remember; and golden trades are those of the bars that the research had.
        """
        start = _outer(min, config.start, self.research.start)
        end = _outer(max, config.end, self.research.end)
        return config.model_copy(update={"start": start, "end": end})

    def traded(self, markets: Iterable[str]) -> tuple[str, ...]:
        """Of the markets at hand those that are traded: the blueprint's, or all that were named."""
        present = tuple(markets)
        own = tuple(name for name in present if name in self.blueprint.markets)
        return own if own and self.own_markets else present

    def changed(self) -> list[str]:
        """What of the code and the libraries is not as it was when the blueprint was compiled."""
        code = changed_code(self.blueprint, current_code(self.blueprint.event, self.modules))
        libraries = changed_libraries(self.blueprint, current_libraries())
        return [
            f"compiled by another version of {what}: {_named(names)}"
            for what, names in (("the code", code), ("libraries", libraries))
            if names
        ]


def ask(
    blueprint: Blueprint,
    research: Days,
    days: Days,
    config: BacktestConfig,
    modules: tuple[str, ...],
) -> Asked:
    """Put a user's wishes and a blueprint together.

    Days that the user did not name are those of the research: of these, all bars are traded.
    """
    first = days.start if days.start != research.start else None
    last = days.end if days.end != research.end else None
    span = choose_span(blueprint, first, last, config.open_sealed)
    return Asked(blueprint, research, span, days.symbols == research.symbols, modules)


def _outer(choose: Any, *days: date | None) -> date | None:
    return None if None in days else choose(days)


def _named(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - N_NAMED} more" if len(names) > N_NAMED else ""
    return ", ".join(names[:N_NAMED]) + more
