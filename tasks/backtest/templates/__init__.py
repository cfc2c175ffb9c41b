"""The tear sheet's templates, as modules, so that a table's key sees them as code."""

from tasks.backtest.templates.sheet import SHEET
from tasks.backtest.templates.style import SHEET_STYLE

__all__ = ["SHEET", "SHEET_STYLE"]
