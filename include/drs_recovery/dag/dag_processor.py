"""Airflow's DAG processor, which reads a file over and over once a callback has run for one of its tasks.

Airflow hands a callback to the DAG processor for each task that ends in the triggerer, as the watch of every
wave does, whether or not the task has one. For a run that is pinned to a snapshot it keeps what came of that
beside what came of reading the file, takes it for the file's last reading, and finds no time in it: from then
on the file is read again at once, for ever (apache/airflow#73432, in 3.3.0 to 3.4.0b2). Where a callback ran
out of time it finds that time, and whenever the file is changed after it, the change is read for ever.
"""

from __future__ import annotations

import sys
from functools import cache, wraps
from typing import TYPE_CHECKING, Any

from airflow.listeners import hookimpl

if TYPE_CHECKING:
    from airflow.dag_processing.manager import DagFileProcessorManager

MANAGER = "airflow.dag_processing.manager"
"""What a DAG processor has imported when it starts, and nothing else has."""


@hookimpl
def on_starting() -> None:
    """Cure a DAG processor that starts; Airflow tells of each component, and not yet which it is."""
    if MANAGER in sys.modules:
        forget_callbacks()


@cache
def forget_callbacks() -> None:
    """Have a DAG processor forget what came of callbacks, each time before it looks what to read."""
    manager_class: type[DagFileProcessorManager] = sys.modules[MANAGER].DagFileProcessorManager
    prepare = manager_class.prepare_file_queue

    @wraps(prepare)
    def prepare_file_queue(self: DagFileProcessorManager, *args: Any, **kwargs: Any) -> None:
        stats = self._file_stats  # there is no other way to it
        for file in [one for one in stats if one.bundle_version is not None]:  # nothing else has one
            del stats[file]
        prepare(self, *args, **kwargs)

    manager_class.prepare_file_queue = prepare_file_queue  # type: ignore[method-assign]
