"""Flags as people write them: dashes, and short names for what is asked for most."""

from __future__ import annotations

from collections.abc import Sequence

NEGATION = "--no-"
SHORT = {
    "--events": "--events.names",
    "--families": "--events.families",
    "--events_from": "--events.modules",
    "--sequences": "--events.sequences",
    "--markets": "--calibrate.markets",
    "--effect": "--calibrate.effect",
    "--placebos": "--calibrate.placebos",
    "--blueprint": "--backtest.blueprint",
    "--engine": "--backtest.engine",
    "--verify": "--backtest.verify",
    "--open_sealed": "--backtest.open_sealed",
    "--replay": "--live.replay",
    "--speed": "--live.speed",
    "--state": "--live.state",
    "--resume": "--live.resume",
}


def spelled_out(arguments: Sequence[str]) -> list[str]:
    """Return `arguments` with every flag as the config calls it.

    Examples
    --------
    >>> spelled_out(["--events-from", "my_events", "--families=volatility"])
    ['--events.modules', 'my_events', '--events.families=volatility']
    """
    return [_flag(word) if word.startswith("--") else word for word in arguments]


def _flag(word: str) -> str:
    name, equals, value = word.partition("=")
    start = NEGATION if name.startswith(NEGATION) else "--"
    name = start + name.removeprefix(start).replace("-", "_")
    return SHORT.get(name, name) + equals + value
