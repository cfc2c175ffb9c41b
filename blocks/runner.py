"""Where tasks run: threads of this process."""

from __future__ import annotations

from typing import Any

from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner


def task_runner(n_workers: int) -> TaskRunner[Any]:
    """A runner of `n_workers` threads; kernels drop the lock, so threads use every core."""
    return ThreadPoolTaskRunner(max_workers=n_workers)
