"""What Airflow's processes import and read before they fork those that run tasks, so that no task has to.

A task of a plan lives for less than a second, and half of that went into imports and models of AWS services:
the process that runs it is forked from the scheduler (LocalExecutor), and imports all that the scheduler has
not.
"""

from __future__ import annotations

import importlib
import logging
from contextlib import suppress
from functools import cache

from airflow.listeners import hookimpl

log = logging.getLogger(__name__)

MODULES = (
    "airflow.sdk.execution_time.supervisor",  # what watches over a process that runs a task
    "airflow.sdk.execution_time.task_runner",  # what that process runs
    "airflow.dag_processing.dagbag",  # what reads the DAG file there
    "airflow.sdk.definitions.connection",  # what a hook asks for
    "drs_recovery.dag.files.bundle",  # where it finds the DAG file
    "drs_recovery.dag.loader",  # what the DAG file imports: the tasks, boto3, the Amazon provider
)

SERVICES = ("dynamodb", "drs", "sts")  # what nearly every task asks


@hookimpl
def on_starting() -> None:
    """Prepare a component of Airflow that starts; a process that was forked from one is prepared already."""
    prepare()


@cache
def prepare() -> None:
    """Import and read what tasks need, once."""
    for name in MODULES:
        try:
            importlib.import_module(name)
        except ImportError:
            log.exception("%s cannot be imported before it is needed", name)
    with suppress(ImportError):  # which is in the log by now
        from drs_recovery.aws.hooks.quick import read_models  # noqa: PLC0415 - the plugin alone needs no boto3

        read_models(*SERVICES)
