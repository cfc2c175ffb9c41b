"""Where a run's settings come from besides flags and environment: a blueprint and a profile."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic_settings import PydanticBaseSettingsSource

from blocks.compiled import choose_blueprint, settings_from
from lake.errors import ConfigError

PROFILES = Path(__file__).with_name("profiles")
DEFAULT_PROFILE = "full"


class Compiled(PydanticBaseSettingsSource):
    """The layer below flags and environment: the blueprint that they name, if they name one."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False  # a blueprint is read whole, by __call__

    def __call__(self) -> dict[str, Any]:
        path = self.current_state.get("backtest", {}).get("blueprint")
        if not path:
            return {}
        modules = self.current_state.get("events", {}).get("modules", ())
        named = modules.split(",") if isinstance(modules, str) else modules
        return settings_from(choose_blueprint(path, named))


class Profile(PydanticBaseSettingsSource):
    """The last layer but the defaults: the profile that the others name."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False  # a profile is read whole, by __call__

    def __call__(self) -> dict[str, Any]:
        return load_profile(self.current_state.get("profile", DEFAULT_PROFILE))


def load_profile(name: str, seen: tuple[str, ...] = ()) -> dict[str, Any]:
    """The keys of a profile with those it extends, its own winning."""
    path = _profile_path(name)
    if str(path) in seen:
        raise ConfigError(
            f"profile {name} extends itself: {' -> '.join((*seen, str(path)))}",
            "a chain that ends",
            "remove one `extends`",
        )
    try:
        own = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"profile {path} is no YAML: {error}", "keys and values", "mend the file"
        ) from error
    if not isinstance(own, dict):
        raise ConfigError(f"profile {path} holds a {type(own).__name__}", "keys", "mend the file")
    parent = own.pop("extends", None)
    base = load_profile(str(parent), (*seen, str(path))) if parent else {}
    return _merge(base, own)


def _profile_path(name: str) -> Path:
    names = sorted(path.stem for path in PROFILES.glob("*.yaml"))
    path = PROFILES / f"{name}.yaml" if name in names else Path(name)
    if not path.is_file():
        raise ConfigError(
            f"no profile {name!r}{nearest(name, names)}",
            f"one of {', '.join(names)}, or the path of a YAML file",
            "name one with --profile",
        )
    return path


def _merge(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in own.items():
        below = merged.get(name)
        both = isinstance(below, dict) and isinstance(value, dict)
        merged[name] = _merge(below, value) if both else value  # type: ignore[arg-type]
    return merged


def nearest(name: str, names: Sequence[str]) -> str:
    """What to say of a name that is none: the most similar one, or nothing."""
    found = get_close_matches(name, names, n=1, cutoff=0.5)
    return f"; did you mean {found[0]!r}?" if found else ""
