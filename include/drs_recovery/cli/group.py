"""What all commands have in common: the help above them, and that an error is one line and an exit code."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from typer.core import TyperGroup

if TYPE_CHECKING:
    from collections.abc import Sequence

HELP = """Recovery plans for AWS Elastic Disaster Recovery (DRS), run by Airflow.

`list` and `show` need the execution record alone: they work with Airflow down. `preview`, `groups` and
`settings` ask AWS by the Airflow connections of the plans, as they are found here; without one, with
boto3's credentials.

Airflow is found at RECOVERY_AIRFLOW_URL (http://127.0.0.1:8080). Who asks: --user or RECOVERY_AIRFLOW_USER;
the password is RECOVERY_AIRFLOW_PASSWORD, or the one that an Airflow started here by `make up` has written
into AIRFLOW_HOME (.airflow/), or asked for. RECOVERY_AIRFLOW_TOKEN stands for both.

The record is in the DynamoDB table RECOVERY_TABLE (recovery-executions) in RECOVERY_TABLE_REGION, reached
with boto3's own credentials.

Exit codes: 0 COMPLETED or PARTIAL, or done; 1 ended otherwise, or problems found; 2 usage; 3 refused;
4 Airflow or DynamoDB unreachable; 5 the command itself broke, or its output cannot be written.
"""


class Commands(TyperGroup):
    """Runs a command and turns an error into one line and an exit code."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        """Run the command that the arguments name, and leave with its exit code."""
        from drs_recovery.cli.guard import run_guarded

        given = list(sys.argv[1:] if args is None else args)
        run = partial(super().main, given, *rest, **{**extra, "standalone_mode": False})
        sys.exit(run_guarded(run, as_json="--json" in given))

    def invoke(self, ctx: Any) -> Any:
        """Run the command; its exit code is what it returns."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            from drs_recovery.cli.exits import Interrupted

            raise Interrupted("interrupted; what runs in Airflow goes on") from error
