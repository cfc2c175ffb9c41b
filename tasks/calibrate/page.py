"""The page of a calibration: self-contained, opens from a file, needs no script."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from markupsafe import Markup

from tasks.calibrate import figures, tables
from tasks.calibrate.template import PAGE, STYLE_OF_PLOTS
from tasks.report.formats import DOT, MISSING, count, n_of
from tasks.report.templates import STYLE, TEMPLATES

Row = Mapping[str, Any]


def draw_page(told: Row, about: Row) -> str:
    """Draw the page.

    Parameters
    ----------
    told : mapping
        From `tasks.calibrate.sums.sum_up`.
    about : mapping
        What the markets were: `timeframe`, `n_days`, `symbols`, `own` (the user's markets),
        `bounds` (`tasks.calibrate.config.Bounds` as JSON values).
    """
    style = Markup(STYLE + STYLE_OF_PLOTS)  # noqa: S704 - our own constants
    page = _template().render(style=style, **tell_page(told, about))
    return str(page)


def tell_page(told: Row, about: Row) -> dict[str, Any]:
    """What the page says, before it is set."""
    null, planted = told["null"], told["planted"]
    return {
        "span": _span(null, planted, about),
        "tiles": _tiles(null, planted),
        "checks": tables.table_checks(told["checks"]),
        "null": _tell_null(null, about) if null["markets"] else None,
        "planted": _tell_planted(planted),
        "placebos": tables.table_placebos(told["placebos"]) if told["placebos"] else None,
        "own": ", ".join(about["own"]),
    }


def _tell_null(null: Row, about: Row) -> dict[str, Any]:
    wanted = about["bounds"]["size_5"]
    by = ("family", "horizon")
    return {
        "false": tables.table_false(null),
        "quantiles": figures.draw_quantiles(null),
        "sizes": figures.draw_sizes(null["size_by"], "0.05", wanted),
        "tests": tables.table_sizes("tests", "Size by test", null["size"], ["test"]),
        "uniformity": tables.table_uniformity(null["uniformity"]),
        "cells": tables.table_sizes("sizes", "Size by family and horizon", null["size_by"], by),
        "conditions": tables.table_sizes(
            "conditions", "Size by condition", null["size_by_condition"], ["condition"]
        ),
    }


def _tell_planted(planted: Row) -> dict[str, Any]:
    power = planted["power"]
    return {
        "any": bool(power),
        "power": figures.draw_power(power),
        "power_table": tables.table_power(power),
        "by_n": figures.draw_power_by_n(planted["power_by_n"]),
        "bias": tables.table_bias(planted["bias"]),
        "coverage": tables.table_coverage(planted["coverage"]),
        "selected": figures.draw_selected(planted["selected"]),
        "selected_table": tables.table_selected(planted["selected"]),
        "accuracy": tables.table_accuracy(planted["accuracy"]),
    }


def _span(null: Row, planted: Row, about: Row) -> str:
    symbols = n_of(len(about["symbols"]), "symbol")
    effects = ", ".join(f"{row['planted_bps']:g}" for row in planted["power"])
    as_many = f" and as many for {effects} bps" if effects else ""
    return (
        f"{n_of(null['markets'], 'null market')}{as_many}, each {symbols} of "
        f"{count(about['n_days'])} days of {about['timeframe']} {DOT} own bars: "
        f"{', '.join(about['own']) or 'none'}"
    )


def _tiles(null: Row, planted: Row) -> list[tuple[str, str]]:
    size = next((row["size"]["0.05"]["value"] for row in null["size"] if row["test"] == "p"), None)
    largest = planted["power"][-1] if planted["power"] else None
    tiles = [
        (tables.figure(null["false_findings"]["value"]), "false findings per null market"),
        (tables.figure(null["promoted"]["value"]), "promoted per null market"),
        (tables.figure(size), "size at 0.05"),
    ]
    if largest:
        found = tables.figure(largest["planted_found"]["value"])
        tiles.append((found, f"found of {largest['planted_bps']:g} bps"))
    return tiles


@cache
def _template() -> Any:
    from jinja2 import DictLoader, Environment, StrictUndefined

    loader = DictLoader({**TEMPLATES, "calibration": PAGE})
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    environment.globals |= {"dot": DOT, "missing": MISSING}
    return environment.get_template("calibration")
