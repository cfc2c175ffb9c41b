"""Pages are set here: templates with the style, escaped, every name that they use defined."""

from __future__ import annotations

from functools import cache
from typing import Any

from markupsafe import Markup

from tasks.report.formats import DOT, MISSING
from tasks.report.templates import STYLE, TEMPLATES


def set_page(template: str, **told: Any) -> str:
    """Set what is told in a template; text is escaped unless it is `Markup`."""
    style = Markup(STYLE)  # noqa: S704 - our own constant
    return str(_templates().get_template(template).render(style=style, **told))


@cache
def _templates() -> Any:
    from jinja2 import DictLoader, Environment, StrictUndefined

    loader = DictLoader(TEMPLATES)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    environment.globals |= {"dot": DOT, "missing": MISSING}
    return environment
