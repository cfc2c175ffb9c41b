"""Configuration of live: which file is replayed, how fast, and where its state is kept."""

from __future__ import annotations

from pydantic import Field

from lake.config import Config


class LiveConfig(Config):
    """A file of bars, fed to the engines one bar at a time.

    Attributes
    ----------
    save_bars, save_seconds : int, float
        The state is saved after so many bars, but not sooner after it was saved last.
    flush_bars : int
        After so many bars it is told what each engine took of the time.
    """

    replay: str | None = Field(
        None, description="the file that is replayed, Parquet or CSV: one bar after the other"
    )
    speed: float = Field(
        0.0, ge=0, allow_inf_nan=False, description="bars per second; 0 is as fast as it goes"
    )
    state: str | None = Field(
        None,
        description="file that all that is known is kept in, to go on from; "
        "the decisions are kept beside it, in FILE.jsonl",
    )
    resume: bool = Field(False, description="go on from --state")
    save_bars: int = Field(500, ge=1)
    save_seconds: float = Field(1.0, ge=0, allow_inf_nan=False)
    flush_bars: int = Field(500, ge=1)
