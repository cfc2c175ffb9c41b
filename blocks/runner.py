"""Where tasks run: threads of this process, or a cluster named in the profile."""

from __future__ import annotations

from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from lake.ref import Ref


def task_runner(n_workers: int) -> TaskRunner[PrefectFuture[Ref]]:
    """A runner of `n_workers` threads; kernels drop the lock, so threads use every core."""
    return ThreadPoolTaskRunner(max_workers=n_workers)
