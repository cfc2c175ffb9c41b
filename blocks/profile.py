"""The one typed model of a run, in layers: defaults, profile, environment, flags."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    CliSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from blocks.flags import spelled_out
from blocks.layers import DEFAULT_PROFILE, Compiled, Profile, nearest
from lake.errors import ConfigError
from lake.time import Symbol
from tasks.audit.config import AuditConfig
from tasks.backtest.request import BacktestConfig
from tasks.blueprint.config import BlueprintConfig
from tasks.bridge.config import BridgeConfig
from tasks.calibrate.config import CalibrateConfig
from tasks.clean.config import CleanConfig
from tasks.discovery.config import DiscoveryConfig
from tasks.engines.config import EnginesConfig
from tasks.events.config import EventsConfig
from tasks.features.config import FeaturesConfig
from tasks.ingest.config import BESIDE, IngestConfig
from tasks.ingest.snapshot import Beside
from tasks.live.config import LiveConfig
from tasks.outcomes.config import OutcomesConfig
from tasks.promotion.config import PromotionConfig
from tasks.report.config import ReportConfig

ENV_PREFIX = "ASSAY_"
STAGES = (
    "ingest",
    "clean",
    "features",
    "events",
    "outcomes",
    "discovery",
    "bridge",
    "promotion",
    "blueprint",
    "report",
)
JOBS = (*STAGES, "audit", "calibrate", "backtest")
PLACES = ("data", "funding", "open_interest", "spot", "mark", "fees", "calendar")
SHOWN = ("refresh", "json_output", "debug", "profile", "list_events")
OTHER_JOBS = ("audit", "calibrate", "backtest", "engines", "live")
LOCAL = (*PLACES, *SHOWN, *OTHER_JOBS, "lake", "workers")


def n_cores() -> int:
    """Cores of this machine."""
    return os.cpu_count() or 1


class RunConfig(IngestConfig, BaseSettings):
    """Everything that a run of discovery can be told.

    Read from a profile (YAML, `extends` another), then the environment
    (``ASSAY_SOURCE``, ``ASSAY_CLEAN__MAX_LOG_JUMP``), then flags; the later wins. Every key of
    the rooms is a flag too: ``--discovery.fdr_q 0.1``.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        cli_prog_name="python -m flows.discovery",
        cli_implicit_flags=True,
        cli_hide_none_type=True,
        cli_avoid_json=True,
        cli_exit_on_error=False,
        cli_enforce_required=False,
        populate_by_name=True,
    )
    arguments: ClassVar[Sequence[str]] = ()

    symbols: Annotated[tuple[Symbol, ...], NoDecode] = Field(
        (), description=IngestConfig.model_fields["symbols"].description
    )
    beside: Annotated[tuple[Beside, ...], NoDecode] = Field(
        BESIDE, description=IngestConfig.model_fields["beside"].description
    )
    profile: str = Field(DEFAULT_PROFILE, description="smoke, full, or the path of a YAML file")
    lake: str = Field(".assay/lake", description="folder or object-store URI of the lake")
    workers: int = Field(
        default_factory=n_cores, ge=1, le=256, description="tasks at once; one per core by default"
    )
    refresh: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description=f"compute these again although they are cached: {', '.join(STAGES)}"
    )
    json_output: bool = Field(False, alias="json", description="print one JSON object only")
    debug: bool = Field(False, description="show the trace of an error")
    list_events: bool = Field(
        False,
        description="print the catalogue of events and stop; see also --events, --families, "
        "--sequences 'A then B within 8h', and --events-from MODULE for events of your own",
    )
    clean: CleanConfig = CleanConfig()
    features: FeaturesConfig = FeaturesConfig()
    events: EventsConfig = EventsConfig()
    outcomes: OutcomesConfig = OutcomesConfig()
    discovery: DiscoveryConfig = DiscoveryConfig()
    bridge: BridgeConfig = BridgeConfig()
    promotion: PromotionConfig = PromotionConfig()
    blueprint: BlueprintConfig = BlueprintConfig()
    report: ReportConfig = ReportConfig()
    audit: AuditConfig = AuditConfig()
    calibrate: CalibrateConfig = CalibrateConfig()
    backtest: BacktestConfig = BacktestConfig()
    engines: EnginesConfig = EnginesConfig()
    live: LiveConfig = LiveConfig()

    @property
    def ingest(self) -> IngestConfig:
        """What ingest depends on, alone."""
        return IngestConfig(**{name: getattr(self, name) for name in IngestConfig.model_fields})

    @property
    def recorded(self) -> dict[str, Any]:
        """The whole config as JSON values, for the record of the run."""
        return self.model_dump(mode="json")

    @property
    def research(self) -> dict[str, Any]:
        """What the results depend on: without places, workers and how it is shown."""
        return self.model_dump(mode="json", exclude=set(LOCAL))

    @field_validator("symbols", "beside", "refresh", mode="before")
    @classmethod
    def _separated_by_commas(cls, value: Any) -> Any:
        return [word for word in value.split(",") if word] if isinstance(value, str) else value

    @field_validator("refresh")
    @classmethod
    def _known_stages(cls, stages: tuple[str, ...]) -> tuple[str, ...]:
        for stage in stages:
            if stage not in JOBS:
                raise ValueError(f"no stage {stage!r}{nearest(stage, JOBS)}")
        return stages

    @model_validator(mode="after")
    def _ends_after_start(self) -> RunConfig:
        if self.start and self.end and self.end < self.start:
            raise ValueError(f"end {self.end} before start {self.start}")
        return self

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], *_: Any, **sources: PydanticBaseSettingsSource
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        flags: PydanticBaseSettingsSource = CliSettingsSource(
            settings_cls, cli_parse_args=list(cls.arguments)
        )
        layers = (sources["init_settings"], flags, sources["env_settings"])
        return *layers, Compiled(settings_cls), Profile(settings_cls)


def load_config(arguments: Sequence[str], command: str = "flows.discovery") -> RunConfig:
    """Read the layers into one config; `command` is the module that ``--help`` names.

    Raises
    ------
    ConfigError
        For an unknown key (with the nearest right one) or a value that does not fit.
    """
    named = SettingsConfigDict(cli_prog_name=f"python -m {command}")
    own = {"arguments": tuple(spelled_out(arguments)), "model_config": named}
    config_class = type("RunConfig", (RunConfig,), own)
    _check_environment()
    try:
        layered = config_class()
    except (ValidationError, SettingsError) as error:
        raise explain(error) from error
    return RunConfig.model_construct(**dict(layered))


def _check_environment() -> None:
    known = {key.replace(".", "__").upper(): key for key in _all_keys(RunConfig)}
    for name in sorted(os.environ):
        if name.startswith(ENV_PREFIX) and name.removeprefix(ENV_PREFIX) not in known:
            raise ConfigError(
                f"unknown environment variable {name}"
                + nearest(name, [ENV_PREFIX + key for key in known]),
                f"{ENV_PREFIX} and a key of the config, __ between its levels",
                "rename or unset it",
            )


def explain(error: ValidationError | SettingsError) -> ConfigError:
    """Turn a validator's words into: what came, what was wanted, what to do."""
    if isinstance(error, SettingsError):
        return _explain_flags(str(error.__cause__ or error))
    first = error.errors()[0]
    place = ".".join(str(step) for step in first["loc"])
    if first["type"] == "extra_forbidden":
        return _unknown(place)
    said = first["msg"].removeprefix("Value error, ")
    came = f"{place}: {first['input']!r}" if place else said
    wanted = said if place else "values that go together"
    return ConfigError(came, wanted, "see --help for every key and its default")


def _explain_flags(message: str) -> ConfigError:
    unknown = [word for word in message.split() if word.startswith("--")]
    if "unrecognized" in message and unknown:
        return _unknown(unknown[0].lstrip("-").split("=")[0])
    return ConfigError(message, "flags as --help lists them", "see --help")


def _unknown(place: str) -> ConfigError:
    return ConfigError(
        f"unknown key {place!r}{nearest(place, _all_keys(RunConfig))}",
        "a key of the config",
        "see --help for every key",
    )


def _all_keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    keys = []
    for name, field in model.model_fields.items():
        keys.append(prefix + (field.alias or name))
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            keys.extend(_all_keys(field.annotation, f"{prefix}{name}."))
    return keys
