"""What the plans' connections may do, where they are found outside of Airflow's database, as on a worker.

Only looks are made, those that triggers make too.
"""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

from drs_recovery.cli.doctor.finding import Found, ok, warning
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
        for target in targets:
            if found := outside_the_database(target.aws_conn_id):
                yield from _of_connection(target, found.source)


def _of_connection(target: Target, source: str) -> Iterator[Found]:
    where = f"{target.aws_conn_id} of {source}, in {target.region}"
    try:
        hook = drs_at(target).with_config(SOON_OR_NOT_AT_ALL)
        servers = list(hook.list_source_servers())
    except Exception as error:  # noqa: BLE001 - any: a connection can be wrong in many ways
        yield warning(f"{where}: DRS cannot be asked for source servers: {error}", CURE)
        return
    denied = find_denied(hook)
    for right, why in denied.items():
        yield warning(f"{where}: {right.action} cannot be used: {right.without} ({why})", CURE)
    if not denied:
        yield ok(f"{where}: DRS shows {plural(len(servers), 'source server')}, and all that triggers ask for")
