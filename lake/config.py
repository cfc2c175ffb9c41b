"""What every room's config is: frozen, and strict about its keys."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Config(BaseModel):
    """Base of all configs. Units stand in the field's name, defaults are the research default."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
