"""The page's templates, as modules, so that a table's key sees them as the code that they are."""

from tasks.report.templates.book import BOOK
from tasks.report.templates.evidence import EVIDENCE
from tasks.report.templates.macros import MACROS
from tasks.report.templates.page import PAGE
from tasks.report.templates.script import SCRIPT
from tasks.report.templates.style import STYLE
from tasks.report.templates.trust import TRUST

TEMPLATES = {
    "page": PAGE,
    "book": BOOK,
    "macros": MACROS,
    "evidence": EVIDENCE,
    "trust": TRUST,
}

__all__ = ["SCRIPT", "STYLE", "TEMPLATES"]
