"""What a run tells its user at the end: on the terminal, as JSON, and on Prefect's pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact
from pydantic import BaseModel

from flows.run import Run, Tables
from lake.ref import Ref
from tasks.report.digest import Digest
from tasks.report.task import read_digest

N_BEST = 12


@dataclass(frozen=True)
class Made:
    """The tables that the summary is drawn from."""

    quality: Tables
    events: Tables
    coverage: Tables
    findings: Ref
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
        return self.model_dump(mode="json", exclude={"best", "funnel"})


def summarise(run: Run, made: Made) -> Summary:
    """Publish report and blueprints, and put the run into numbers."""
    tables = (made.findings, made.verdicts, made.funnel, made.blueprints, made.report, made.book)
    uri, coverage = run.results.uri, made.coverage
    found = read_digest(uri, made.quality, *tables, coverage=coverage, n_best=N_BEST)
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
        best=found.best,
        funnel=found.funnel,
    )
    _show_in_prefect(summary)
    return summary


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
        table=summary.best or [{"hypotheses": 0}],
        description="Hypotheses with the smallest q-values",
    )
    create_markdown_artifact(
        key="discovery-summary", markdown=markdown(summary), description="Discovery in short"
    )


def markdown(summary: Summary) -> str:
    """The summary as a page of Markdown."""
    gates = "\n".join(
        f"| {row['gate']} | {row['n_in']} | {row['n_stopped']} | {row['n_out']} |"
        for row in summary.funnel
    )
    blueprints = "\n".join(f"- `{name}`" for name in summary.blueprints) or "- none"
    return f"""# Discovery {summary.run}

{len(summary.markets)} markets, {summary.n_bars:,} bars, {summary.n_events:,} events,
{summary.n_hypotheses:,} hypotheses: **{summary.n_findings} findings,
{summary.n_promoted} promoted**.

| gate | in | stopped | out |
|---|---:|---:|---:|
{gates}

Blueprints:

{blueprints}

Report: `{summary.report}`, book of events: `{summary.book}`
"""
