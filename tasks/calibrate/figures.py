"""The plots of a calibration's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from lake.time import duration_ms
from tasks.calibrate.plot import Axis, Guide, Point, Series, draw, legend

Row = Mapping[str, Any]
PLANTED_AXIS = "planted effect, bps"


@dataclass(frozen=True)
class Figure:
    """A plot with its legend (colours 1 to 8) and caption."""

    svg: Markup
    key: list[tuple[int, str]]
    note: str


def draw_quantiles(null: Row) -> Figure:
    """Observed quantiles of p against those of even p-values, both in -log10."""
    parts = (("default test", null["quantiles"]), ("naive t", null["naive_quantiles"]))
    series = [
        Series(
            name,
            [row["expected"] for row in rows],
            [row["observed"] for row in rows],
            [(row["low"], row["high"]) for row in rows] if name == "default test" else (),
            joined=name != "default test",
            dots=name == "default test",
        )
        for name, rows in parts
    ]
    deepest = max((row["expected"] for row in null["quantiles"]), default=1.0)
    x = Axis.over([deepest], "expected, -log10 p")
    y = Axis.over([1.6 * x.high], "observed, -log10 p")
    guide = Guide((0.0, 0.0), (x.high, x.high))
    note = (
        "Quantiles of all p-values of the null markets; whiskers: two standard errors of the "
        "share, clustered by market. Dashed: even p-values. What lies beyond the top is cut off."
    )
    return _figure("Quantiles of p-values on null markets", x, y, series, [guide], note)


def draw_power(power: Sequence[Row]) -> Figure:
    """Share of markets in which the planted effect was found, by its size."""
    names = {
        "any_right": "a right finding",
        "planted_found": "the planted event at its horizon found",
        "planted_first": "the planted event ranks first",
        "promoted_right": "a right promotion",
    }
    planted = [row["planted_bps"] for row in power]
    series = [
        Series(told, planted, [row[name]["value"] for row in power], _spans(power, name))
        for name, told in names.items()
    ]
    x, y = Axis.over(planted, PLANTED_AXIS), Axis.over([1.0], "share of markets")
    note = "Whiskers: Clopper and Pearson's 95 % intervals over markets."
    return _figure("Power by planted effect", x, y, series, [], note)


def draw_power_by_n(rows: Sequence[Row]) -> Figure:
    """Share of hypotheses with a large true effect that became findings, by occurrences."""
    bins = sorted({row["n_from"] for row in rows})
    series = []
    for planted in sorted({row["planted_bps"] for row in rows}):
        own = [row for row in rows if row["planted_bps"] == planted]
        at = [float(bins.index(row["n_from"])) for row in own]
        found = [row["found"] for row in own]
        spans = [_two_errors(mean) for mean in found]
        series.append(Series(f"{planted:g} bps", at, [mean["value"] for mean in found], spans))
    ticks = tuple((float(i), f"{start:,}+") for i, start in enumerate(bins))
    x = Axis(-0.5, max(len(bins), 1) - 0.5, "occurrences", ticks)
    y = Axis.over([1.0], "share found")
    note = (
        "Of hypotheses whose true effect is at least half the planted one. Whiskers: two standard "
        "errors, clustered by market."
    )
    return _figure("Power by number of occurrences", x, y, series, [], note)


def draw_selected(rows: Sequence[Row]) -> Figure:
    """Bias of each number shown of a finding, by planted effect."""
    series = []
    shown = list(dict.fromkeys(row["shown"] for row in rows))
    for name in shown:
        own = [row for row in rows if row["shown"] == name and row["bias_bps"]["value"] is not None]
        biases = [row["bias_bps"] for row in own]
        at = [row["planted_bps"] for row in own]
        spans = [_two_errors(mean) for mean in biases]
        series.append(Series(name, at, [mean["value"] for mean in biases], spans))
    x = Axis.over([row["planted_bps"] for row in rows], PLANTED_AXIS)
    ends = [end for one in series for span in one.spans for end in span]
    y = Axis.over([*(value for one in series for value in one.y), *ends], "bias, bps")
    guide = Guide((x.low, 0.0), (x.high, 0.0))
    note = "Shown less true, along the sign of what was found; over findings alone."
    return _figure("Bias after selection", x, y, series, [guide], note)


def draw_sizes(rows: Sequence[Row], level: str, wanted: Sequence[float]) -> Figure:
    """Size of the default test by family of events, a colour for each horizon."""
    families = sorted({row["family"] for row in rows})
    horizons = sorted({row["horizon"] for row in rows}, key=duration_ms)
    series = []
    for place, horizon in enumerate(horizons):
        own = [row for row in rows if row["horizon"] == horizon]
        shift = 0.6 * ((place + 0.5) / len(horizons) - 0.5)
        at = [families.index(row["family"]) + shift for row in own]
        sizes = [row["size"][level] for row in own]
        spans = [_two_errors(mean) for mean in sizes]
        values = [mean["value"] for mean in sizes]
        series.append(Series(horizon, at, values, spans, joined=False))
    ticks = tuple((float(i), name[:4]) for i, name in enumerate(families))
    x = Axis(-0.5, max(len(families), 1) - 0.5, "family of events (first four letters)", ticks)
    y = Axis.over([1.5 * wanted[1], *(v for one in series for v in one.y)], "size")
    guides = [Guide((x.low, at), (x.high, at)) for at in wanted]
    note = f"Share of p at most {level}; whiskers: two standard errors, clustered by market."
    return _figure(f"Size at {level} by family and horizon", x, y, series, guides, note)


def _figure(
    label: str, x: Axis, y: Axis, series: Sequence[Series], guides: Sequence[Guide], note: str
) -> Figure:
    return Figure(draw(label, x, y, series, guides), legend(series), note)


def _spans(rows: Sequence[Row], name: str) -> list[Point]:
    return [(row[name]["low"], row[name]["high"]) for row in rows]


def _two_errors(mean: Row) -> Point:
    value, error = mean["value"], mean["se"]
    if value is None or error is None:
        return None, None
    return value - 2.0 * error, value + 2.0 * error
