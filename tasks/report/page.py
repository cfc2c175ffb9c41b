"""The whole page: every section told, set by the templates, in one string."""

from __future__ import annotations

from functools import cache
from typing import Any

import polars as pl
from markupsafe import Markup

from lake.schema import REPORT
from tasks.report.calibration import tell_calibration
from tasks.report.cards import tell_cards
from tasks.report.config import ReportConfig
from tasks.report.costs import tell_costs
from tasks.report.curves import tell_curves
from tasks.report.facts import Evidence, Facts
from tasks.report.findings import tell_findings
from tasks.report.funnel import tell_funnel
from tasks.report.fusion import tell_fusion
from tasks.report.headline import tell_headline
from tasks.report.insufficient import tell_insufficient
from tasks.report.occurrences import tell_occurrences
from tasks.report.planted import tell_planted
from tasks.report.provenance import tell_provenance
from tasks.report.quality import tell_quality
from tasks.report.search import tell_search
from tasks.report.setting import set_page
from tasks.report.stability import tell_stability
from tasks.report.stress import tell_stress
from tasks.report.templates import SCRIPT

NAME = "discovery"
CONTENTS = (
    ("headline", "Summary"),
    ("quality", "Data"),
    ("events", "Events"),
    ("planted", "Planted"),
    ("findings", "Findings"),
    ("stability", "Stability"),
    ("fusion", "Fusion"),
    ("funnel", "Funnel"),
    ("costs", "After costs"),
    ("stress", "Under stress"),
    ("search", "After the search"),
    ("blueprints", "Blueprints"),
    ("calibration", "Calibration"),
    ("provenance", "Provenance"),
)


def draw_report(
    evidence: Evidence, facts: Facts, config: ReportConfig | None = None, *, book: str = ""
) -> pl.DataFrame:
    """Draw the report of a discovery run.

    Parameters
    ----------
    evidence : Evidence
        The run's frames.
    facts : Facts
        Where they come from.
    config : ReportConfig, optional
        How much is shown; the defaults without one.
    book : str, optional
        Name of the file beside it that holds the book of events.

    Returns
    -------
    DataFrame of REPORT
        One row: a page that opens from a file, loads nothing, and is the same bytes whenever the
        arguments are the same.
    """
    told = tell(evidence, facts, config or ReportConfig()) | {"book": book}
    return pl.DataFrame({"name": [NAME], "html": [_set(told)]}, schema=REPORT.columns)


def tell(evidence: Evidence, facts: Facts, config: ReportConfig) -> dict[str, Any]:
    """What each section says, before it is set."""
    optional = {"planted": tell_planted(evidence), "search": tell_search(evidence)}
    return optional | {
        "contents": [entry for entry in CONTENTS if optional.get(entry[0], True)],
        "headline": tell_headline(evidence),
        "quality": tell_quality(evidence, config),
        "occurrences": tell_occurrences(evidence),
        "findings": tell_findings(evidence, config),
        "insufficient": tell_insufficient(evidence, config),
        "stability": tell_stability(evidence, config),
        "curves": tell_curves(evidence, config),
        "fusion": tell_fusion(evidence, config),
        "funnel": tell_funnel(evidence),
        "costs": tell_costs(evidence, config),
        "stress": tell_stress(evidence, config),
        "cards": tell_cards(evidence),
        "calibration": tell_calibration(evidence, config),
        "provenance": tell_provenance(facts),
    }


def _set(told: dict[str, Any]) -> str:
    ours = {"script": Markup(SCRIPT), "plotly": Markup(_plotly())}  # noqa: S704 - our own constant and plotly's file
    return set_page("page", **told, **ours)


@cache
def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())
