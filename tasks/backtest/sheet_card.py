"""The blueprint's card on the sheet: Markdown from outside, set as on the report."""

from tasks.report.markdown import set_card

__all__ = ["set_card"]
