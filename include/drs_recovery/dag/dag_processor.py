"""Airflow's DAG processor, which reads a file over and over once a callback has run for one of its tasks.

Airflow hands a callback to the DAG processor for each task that ends in the triggerer, as the watch of every
wave does, whether or not the task has one. For a run that is pinned to a snapshot it keeps what came of that
beside what came of reading the file, takes it for the file's last reading, and finds no time in it: from then
on the file is read again at once, for ever (apache/airflow#73432, in 3.3.0 to 3.4.0b2). The files of a few
plans take a core that way.
"""

from __future__ import annotations

import sys
from functools import cache, wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.dag_processing.manager import DagFileProcessorManager

MANAGER = "airflow.dag_processing.manager"
"""What a DAG processor has imported when it starts, and nothing else has."""


@cache
def read_once() -> None:
    """Have a DAG processor forget what came of callbacks, before it looks what to read."""
    if (module := sys.modules.get(MANAGER)) is None:
        return
    manager_class: type[DagFileProcessorManager] = module.DagFileProcessorManager
    prepare = manager_class.prepare_file_queue

    @wraps(prepare)
    def prepare_file_queue(self: DagFileProcessorManager, *args: Any, **kwargs: Any) -> None:
        _forget_callbacks(self)
        prepare(self, *args, **kwargs)

    manager_class.prepare_file_queue = prepare_file_queue  # type: ignore[method-assign]


def _forget_callbacks(manager: DagFileProcessorManager) -> None:
    stats = manager._file_stats  # noqa: SLF001 - there is no other way to it
    callbacks = [
        file
        for file, stat in stats.items()
        if file.bundle_version is not None and stat.last_finish_time is None
    ]
    for file in callbacks:
        del stats[file]
