"""Asks AWS for the facts that the checks look at, in a few calls, in the plan's account and Region (A-1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from drs_recovery.engine.jobs import LONGEST_JOB
from drs_recovery.plan import misfits, policies
from drs_recovery.tasks.base import now
from drs_recovery.tasks.preflight.facts import Facts, Unknown, server_facts
from drs_recovery.tasks.preflight.rights import find_denied

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_drs.type_defs import JobTypeDef, RecoveryInstanceTypeDef, SourceServerTypeDef

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.plan import Plan, Selection

T = TypeVar("T")


def gather(
    hook: DrsHook,
    plan: Plan,
    selection: Selection,
    items: Sequence[SourceServerTypeDef],
    execution_id: str,
) -> Facts:
    """Return the facts: ``items`` are what DescribeSourceServers has told already.

    The hook decides account, Region and patience; what it cannot ask is told as unknown.
    """
    message = {item["sourceServerID"]: item for item in items}
    ids = [server.source_server_id for servers in selection for server in servers if server.known]
    return Facts(
        servers=tuple(
            tuple(server_facts(server, message.get(server.source_server_id)) for server in servers)
            for servers in selection
        ),
        policies=policies(plan, selection),
        misfits=tuple(misfits(plan, selection)),
        fleet=len(message),
        jobs=_ask("what runs in DRS", lambda: _running(hook)),
        instances=_ask("recovery instances", lambda: _instances(hook, ids)),
        quotas=_ask("the quotas of DRS", hook.get_quotas),
        denied=find_denied(hook, execution_id),
    )


def _ask(what: str, look: Callable[[], T]) -> T | Unknown:
    try:
        return look()
    except Exception as error:  # noqa: BLE001 - whatever it is: what is not known does not pass (A-3)
        return Unknown(what, error)


def _running(hook: DrsHook) -> tuple[JobTypeDef, ...]:
    jobs = hook.list_jobs(since=now() - LONGEST_JOB)
    return tuple(job for job in jobs if job.get("status") != "COMPLETED")


def _instances(hook: DrsHook, ids: Sequence[str]) -> tuple[RecoveryInstanceTypeDef, ...]:
    return tuple(hook.list_recovery_instances(ids))
