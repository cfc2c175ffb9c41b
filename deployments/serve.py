"""Run discovery on a schedule from this process: ``make serve``.

The schedule and its parameters are those of ``prefect.yaml`` beside this file.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

from flows.server import settle

PLAN = Path(__file__).with_name("prefect.yaml")


def read_deployment(name: str) -> dict[str, Any]:
    """The deployment called `name` in ``prefect.yaml``."""
    plan = yaml.safe_load(PLAN.read_text(encoding="utf-8"))
    (deployment,) = [d for d in plan["deployments"] if d["name"] == name]
    return dict(deployment)


def main() -> int:
    """Serve until interrupted; needs a standing server (``make ui``)."""
    if settle() is None:
        print("no Prefect server answers: start one with `make ui` and try again", file=sys.stderr)
        return 2
    from flows.discovery import discover

    plan = read_deployment("nightly")
    (schedule,) = plan["schedules"]
    discover.serve(
        name=plan["name"],
        description=plan["description"],
        cron=schedule["cron"],
        parameters=plan["parameters"],
        limit=1,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
