"""What a run tells its user at the end: on the terminal, as JSON, and on Prefect's pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact
from pydantic import BaseModel

from flows.run import Run, Tables
from lake.ref import Ref
from tasks.report.digest import Digest
from tasks.report.formats import MISSING, count, estimate, interval, probability, signed
from tasks.report.judged import tell_alarm, tell_judgement, tell_ledger
from tasks.report.task import read_digest

N_BEST = 12
TOLD = ("findings", "confirmed", "judgement", "verdicts", "funnel", "blueprints")
BEST = (
    *("hypothesis", "n", "scaled_bps", "scaled_se_bps", "shrunk_bps", "lower_bps", "upper_bps"),
    *("confirmed_scaled_bps", "confirmed_scaled_se_bps", "q", "verdict", "decision", "because"),
)


@dataclass(frozen=True)
class Made:
    """The tables that the summary is drawn from."""

    quality: Tables
    events: Tables
    coverage: Tables
    findings: Ref
    confirmed: Ref
    judgement: Ref
    verdicts: Ref
    funnel: Ref
    blueprints: Ref
    report: Ref
    book: Ref


class Summary(BaseModel):
    """The end of a run: what ``--json`` prints, and behind it what the tables show."""

    run: str
    markets: list[str]
    n_bars: int
    n_events: int
    n_hypotheses: int
    n_findings: int
    n_promoted: int
    blueprints: list[str]
    report: str
    book: str
    not_runnable: dict[str, list[str]]
    cache: dict[str, int]
    seconds: dict[str, float]
    peak_rss_mb: dict[str, float]
    failed: list[str]
    judgement: dict[str, Any]
    best: list[dict[str, Any]]
    funnel: list[dict[str, Any]]

    @property
    def wrong(self) -> bool:
        """Whether some task failed."""
        return bool(self.failed)

    def show(self) -> None:
        """Print it for people."""
        from flows.terminal import show

        show(self)

    def for_machines(self) -> dict[str, Any]:
        """What ``--json`` prints."""
        known = self.model_dump(mode="json", exclude={"best", "funnel"})
        return known | {"best": [{name: row[name] for name in BEST} for row in self.best]}


def summarise(run: Run, made: Made) -> Summary:
    """Publish report and blueprints, and put the run into numbers."""
    found = _read(run.results.uri, made)
    report, book, *blueprints = _publish(run, found)
    summary = Summary(
        run=run.name,
        markets=made.quality.markets,
        n_bars=found.n_bars,
        n_events=sum(ref.n_rows for ref in made.events),
        n_hypotheses=found.n_hypotheses,
        n_findings=found.n_findings,
        n_promoted=found.n_promoted,
        blueprints=blueprints,
        report=report,
        book=book,
        not_runnable=found.not_runnable,
        cache={"hits": run.n_cached, "computed": len(run.outcomes) - run.n_cached},
        seconds={stage: round(cost.seconds, 3) for stage, cost in run.meter.costs.items()},
        peak_rss_mb={stage: round(c.peak_rss_mb, 1) for stage, c in run.meter.costs.items()},
        failed=[f"{o.task} {o.market} {o.part}: {o.error!r}" for o in run.failures],
        judgement=found.judgement,
        best=found.best,
        funnel=found.funnel,
    )
    _show_in_prefect(summary)
    return summary


def _read(uri: str, made: Made) -> Digest:
    told = {name: getattr(made, name) for name in TOLD}
    pages = (made.report, made.book)
    return read_digest(
        uri, made.quality, coverage=made.coverage, pages=pages, n_best=N_BEST, **told
    )


def _publish(run: Run, found: Digest) -> list[str]:
    pages = [run.publish(name, html) for name, html in found.pages.items()]
    for blueprint in found.blueprints:
        name = blueprint["blueprint"]
        pages.append(run.publish(f"{name}.json", blueprint["document_json"]))
        run.publish(f"{name}.yaml", blueprint["document_yaml"])
    return pages


def _show_in_prefect(summary: Summary) -> None:
    create_table_artifact(
        key="discovery-findings",
        table=summary.for_machines()["best"] or [{"hypotheses": 0}],
        description="Hypotheses with the smallest q-values",
    )
    create_markdown_artifact(
        key="discovery-summary", markdown=markdown(summary), description="Discovery in short"
    )


BEST_HEADS = (
    *("market | event | horizon | condition", "found", "shrunk (95 %)", "out of sample"),
    *("n", "q", "verdict", "because"),
)


def best_cells(row: dict[str, Any]) -> tuple[str, ...]:
    """What is shown of one of the best hypotheses, as `BEST_HEADS` names it."""
    return (
        row["hypothesis"],
        estimate(row["scaled_bps"], row["scaled_se_bps"]),
        _believed(row),
        _blank(estimate(row["confirmed_scaled_bps"], row["confirmed_scaled_se_bps"])),
        count(row["n"]),
        probability(row["q"]),
        row["decision"] or row["verdict"],
        row["because"] or row["reason"],
    )


def _believed(row: dict[str, Any]) -> str:
    ends = interval(row["lower_bps"], row["upper_bps"])
    return signed(row["shrunk_bps"]) + ("" if ends == MISSING else f" ({ends})")


def _blank(shown: str) -> str:
    """What was not asked is empty, not a dash."""
    return "" if shown == MISSING else shown


def judged_lines(summary: Summary) -> tuple[str, str, str]:
    """The judgement, the ledger, and the alarm or nothing."""
    row = summary.judgement
    return tell_judgement(row), tell_ledger(row), tell_alarm(row)


def _row(cells: tuple[str, ...]) -> str:
    escaped = (cell.replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"


def _grid(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join([_row(heads), "|" + "---|" * len(heads), *map(_row, rows)])


def _judged(summary: Summary) -> str:
    judged, history, alarm = judged_lines(summary)
    return f"{judged}.\n{history}." + (f"\n\n**{alarm}.**" if alarm else "")


def markdown(summary: Summary) -> str:
    """The summary as a page of Markdown."""
    gates = [
        (row["gate"], *(str(row[name]) for name in ("n_in", "n_stopped", "n_out")))
        for row in summary.funnel
    ]
    blueprints = "\n".join(f"- `{name}`" for name in summary.blueprints) or "- none"
    return f"""# Discovery {summary.run}

{len(summary.markets)} markets, {summary.n_bars:,} bars, {summary.n_events:,} events,
{summary.n_hypotheses:,} hypotheses: **{summary.n_findings} findings,
{summary.n_promoted} promoted**.

{_judged(summary)}

{_grid(BEST_HEADS, map(best_cells, summary.best))}

{_grid(("gate", "in", "stopped", "out"), gates)}

Blueprints:

{blueprints}

Report: `{summary.report}`, book of events: `{summary.book}`
"""
