"""What the plans' connections may do, where they are found outside of Airflow's database, as on a worker.

Only looks are made, those that triggers make too.
"""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.cli.doctor.finding import Found, ok, unknown, warning
from drs_recovery.cli.plan_files import PLANS
from drs_recovery.engine.frozen_plan import drs_at
from drs_recovery.engine.readiness.gather import SOON_OR_NOT_AT_ALL
from drs_recovery.engine.readiness.rights import find_denied
from drs_recovery.plan import Plan, read_plans
from drs_recovery.tasks.connections import outside_the_database
from drs_recovery.text.values import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.plan import Target

CURE = "Give the role of that connection the rights of docs/iam/watch.json: docs/production.md, The policies."


def findings() -> Iterator[Found]:
    """Yield what each connection lacks that the plans below this folder name, and that is found here."""
    plans = read_plans(PLANS).values()
    targets = dict.fromkeys(target for plan in plans if isinstance(plan, Plan) for target in plan.targets)
    with redirect_stdout(sys.stderr):  # to which Airflow logs
        for conn_id in dict.fromkeys(target.aws_conn_id for target in targets):
            yield from _of_connection(conn_id, [one for one in targets if one.aws_conn_id == conn_id])


def _of_connection(conn_id: str, targets: list[Target]) -> Iterator[Found]:
    try:
        found = outside_the_database(conn_id)
    except Exception as error:  # noqa: BLE001 - any: each secrets backend has its own
        yield unknown(
            f"{conn_id}: it cannot be read here, outside of Airflow's database: {_words_of(error)}",
            f"See AIRFLOW_CONN_{conn_id.upper()}, or what the secrets backend needs.",
        )
        return
    for target in targets if found else ():
        yield from _in_region(target, found.source if found else "")


def _in_region(target: Target, source: str) -> Iterator[Found]:
    where = f"{target.aws_conn_id} of {source}, in {target.region}"
    try:
        hook = drs_at(target).with_config(SOON_OR_NOT_AT_ALL)
        servers = list(hook.list_source_servers())
    except Exception as error:  # noqa: BLE001 - any: a connection can be wrong in many ways
        yield warning(f"{where}: DRS cannot be asked for source servers: {_words_of(error)}", CURE)
        return
    denied = find_denied(hook)
    for right, why in denied.items():
        yield warning(f"{where}: {right.action} cannot be used: {right.without} ({_words_of(why)})", CURE)
    if not denied:
        yield ok(f"{where}: DRS shows {plural(len(servers), 'source server')}, and all that triggers ask for")


def _words_of(error: Exception) -> str:
    """Return what AWS or botocore said; of another error only its kind: it may quote a part of a secret."""
    return str(error) if isinstance(error, ClientError | BotoCoreError) else type(error).__name__
