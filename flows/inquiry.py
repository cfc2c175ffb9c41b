"""From events to judged findings: hypotheses first, outcomes after, and every look noted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from blocks.profile import RunConfig
from flows.run import Run, Tables
from lake.keys import canonical_json, sha256
from lake.ledger import Noted
from lake.ref import Ref
from tasks.discovery.task import (
    conclude,
    confirm,
    count_history,
    draw_eras,
    draw_folds,
    draw_grid,
    estimate,
    judge,
    ledger_state,
    list_earlier,
    list_entries,
    note_grid,
    note_look,
    note_tests,
    refit,
    scrutinise,
    slice_effects,
    sum_up,
    trace,
)
from tasks.outcomes.task import measure_outcomes

TESTED_BY = ("cluster_days", "cluster_horizons", "weight_cap", "disagreement_p")


@dataclass(frozen=True)
class Seen:
    """What is known of each market at each bar's close, and the funding that is paid in it."""

    bars: Tables
    context: Tables
    funding: Tables
    quality: Tables
    truth: Tables
    features: Tables
    events: Tables
    coverage: Tables


@dataclass(frozen=True)
class Asked:
    """The hypotheses, written down and noted before any outcome was read."""

    eras: Ref
    grid: Ref
    settings: str
    noted: Noted


@dataclass(frozen=True)
class Found:
    """What follows the events in the discovery era, and whether it went on in the next."""

    eras: Ref
    grid: Ref
    outcomes: Tables
    paths: Tables
    effects: Tables
    stability: Ref
    findings: Ref
    confirmed: Ref
    folds: Ref
    refits: Ref
    judgement: Ref


def find(run: Run, c: RunConfig, seen: Seen) -> Found:
    """Ask, estimate what followed in the discovery era, judge all at once, and confirm."""
    asked = ask(run, c, seen)
    horizons = c.outcomes.horizons
    outcomes = run.map("outcomes", measure_outcomes, seen.bars, parts=horizons, bars=seen.bars)
    known: dict[str, Any] = {"events": seen.events, "config": c.discovery}
    paths = run.map("discovery", trace, seen.bars, **known, eras=asked.eras, bars=seen.bars)
    known |= {"features": seen.features, "outcomes": outcomes}
    effects = run.map("discovery", estimate, seen.features, **known, eras=asked.eras)
    judged = judge_all(run, c, seen, asked, effects)
    found = conclude_all(run, asked, judged, effects, known)
    confirmed = open_confirmation(run, asked, found["findings"], known)
    again = walk(run, asked, found["findings"], known)
    about: dict[str, Any] = {"grid": asked.grid, "effects": effects, "config": c.discovery}
    history = recall(run, c, seen, asked)
    judgement = run.one("discovery", sum_up, findings=found["findings"], history=history, **about)
    told: dict[str, Any] = {**found, **again, "confirmed": confirmed, "judgement": judgement}
    told |= {"paths": paths, "effects": effects}
    return Found(eras=asked.eras, grid=asked.grid, outcomes=outcomes, **told)


def conclude_all(
    run: Run, asked: Asked, judged: Ref, effects: Tables, known: dict[str, Any]
) -> dict[str, Ref]:
    """Scrutinise what reached the top, slice it, and say the last word."""
    again = {"judged": judged, "config": known["config"]}
    looked = {name: value for name, value in known.items() if name != "config"}
    scrutiny = run.one("discovery", scrutinise, **again, **looked, eras=asked.eras)
    stability = run.one("discovery", slice_effects, **again, effects=effects)
    findings = run.one("discovery", conclude, **again, scrutiny=scrutiny, stability=stability)
    return {"stability": stability, "findings": findings}


def walk(run: Run, asked: Asked, findings: Ref, known: dict[str, Any]) -> dict[str, Ref]:
    """Cut the confirmation era into folds, and estimate the findings anew before each."""
    folds = run.one("discovery", draw_folds, eras=asked.eras, config=known["config"])
    refits = run.one("discovery", refit, findings=findings, folds=folds, **known)
    return {"folds": folds, "refits": refits}


def ask(run: Run, c: RunConfig, seen: Seen) -> Asked:
    """Write every hypothesis down and note it in the ledger, before any outcome is read."""
    timed: dict[str, Any] = {"horizons": c.outcomes.horizons}
    eras = run.one("discovery", draw_eras, bars=seen.bars, **timed, config=c.discovery)
    known: dict[str, Any] = {"features": seen.features, "eras": eras, "config": c.discovery}
    entries = run.map("discovery", list_entries, seen.features, events=seen.events, **known)
    grid = run.one("discovery", draw_grid, entries=entries, **timed)
    settings = settings_of(c)
    about: dict[str, Any] = {"grid": grid, "bars": seen.bars, "eras": eras, "source": c.source}
    noted = note_grid(run.results.uri, run.name, **about, settings=settings)
    return Asked(eras, grid, settings, noted)


def settings_of(c: RunConfig) -> str:
    """Hash of what makes the same name another hypothesis: its regimes, and how it is tested."""
    tested = c.discovery.model_dump(mode="json", include=set(TESTED_BY))
    settings = {"features": c.features.model_dump(mode="json"), "discovery": tested}
    return sha256(canonical_json(settings).encode())


def judge_all(run: Run, c: RunConfig, seen: Seen, asked: Asked, effects: Tables) -> Ref:
    """Judge every hypothesis of the run, or of the ledger, at once."""
    earlier = Tables()
    if c.discovery.multiplicity == "ledger":
        about: dict[str, Any] = {"bars": seen.bars, "grid": asked.grid, "source": c.source}
        about |= {"settings": asked.settings, "state": ledger_state(run.results.uri)}
        earlier.append(run.one("discovery", list_earlier, **about))
    given: dict[str, Any] = {"effects": effects, "grid": asked.grid, "earlier": earlier}
    return run.one("discovery", judge, part="first", **given, config=c.discovery)


def open_confirmation(run: Run, asked: Asked, findings: Ref, known: dict[str, Any]) -> Ref:
    """Note what was found and that its proof is opened; then open it."""
    noted: dict[str, Any] = {"entry": asked.noted.entry, "findings": findings}
    note_tests(run.results.uri, run.name, **noted)
    note_look(run.results.uri, run.name, **noted, eras=asked.eras)
    return run.one("discovery", confirm, findings=findings, eras=asked.eras, **known)


def recall(run: Run, c: RunConfig, seen: Seen, asked: Asked) -> dict[str, int]:
    """What the ledger says of all that was ever asked of these bars, this run included."""
    about: dict[str, Any] = {"grid": asked.grid, "bars": seen.bars, "eras": asked.eras}
    return count_history(run.results.uri, **about, source=c.source, settings=asked.settings)
