"""`archive`: executions that ended long ago go into the archive, and DynamoDB removes what is kept there."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException

from drs_recovery.clock import now
from drs_recovery.engine.archive import archive
from drs_recovery.errors import ArchiveUnavailable
from drs_recovery.settings import settings
from drs_recovery.storage import CURE, Purpose, place_of
from drs_recovery.store.programs.archive import due_for_archive
from drs_recovery.tasks.base import execution_store
from drs_recovery.tasks.connections import table_conn_id
from drs_recovery.tasks.log_lines import about_execution

if TYPE_CHECKING:
    from airflow.sdk import Context

    from drs_recovery.storage import Place

MOST = 20
"""Executions that one run archives; the next minute brings the next."""

LOOKED_AT = 100
"""Executions that one run looks at: some of them may be in trouble for long."""

PROBE = "probe"
"""Name of a file that is not there."""

LONGEST = timedelta(seconds=20)
"""For which one run marks items: who ends executions waits for it."""

EXECUTIONS = Purpose(
    "Executions",
    "RECOVERY_ARCHIVE",
    "RECOVERY_TABLE_CONN_ID",
    f"{CURE}Nothing more leaves the table until they are archived",
    ArchiveUnavailable,
)


def archive_place(store: str) -> Place:
    """Return the place of archived executions in a store; raises ValueError if the store is none."""
    return place_of(store, table_conn_id(), "executions", EXECUTIONS)


class ArchiveExecutions(BaseOperator):
    """Archives each execution that ended long ago (`RECOVERY_ARCHIVE`), oldest first.

    Written as JSON and read back; only then may DynamoDB remove what lies beside its record, a week later.
    What was not kept stays in the table, and the next minute tries again.
    """

    ui_color = "#e4dff5"

    def execute(self, context: Context) -> list[str]:
        """Return the ids of the executions that were archived.

        Trouble with one holds no other back; it fails the task at its end. A record that cannot be read stays
        as it is.
        """
        wanted = settings()
        if wanted.archive is None:
            return []
        store, place = execution_store(), archive_place(wanted.archive)
        done, trouble = list[str](), list[str]()
        found = store.run(due_for_archive(now() - timedelta(days=wanted.archive_days), LOOKED_AT))
        try:
            if found:
                place.read(PROBE, 1)
        except ArchiveUnavailable as error:  # before any record says that it is being archived
            trouble, found = [str(error)], []
        until = now() + LONGEST
        for execution in found:
            if len(done) == MOST or now() > until:
                break
            with about_execution(execution.execution_id):
                try:
                    if archive(store, place, execution, now, until):
                        done.append(execution.execution_id)
                except Exception as error:
                    self.log.exception("Execution %s could not be archived", execution.execution_id)
                    trouble.append(f"{execution.execution_id}: {error}")
        if trouble:
            raise AirflowException(f"archived {', '.join(done) or 'none'}; " + "; ".join(trouble))
        return done
