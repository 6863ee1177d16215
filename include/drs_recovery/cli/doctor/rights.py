"""What AWS allows: to this command, to workers as they found it, and to the connections that are found here.

What starts, launches and terminates nobody tries without doing it: a drill shows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.cli.doctor.finding import Found, fault, ok, unknown, warning
from drs_recovery.cli.plan_files import PLANS
from drs_recovery.text.denials import POLICIES, tells_of_denial
from drs_recovery.text.lists import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.cli.doctor.looks import Installation
    from drs_recovery.record.models import Execution

CHECK = "rights"
"""Of an execution, before it starts: what it finds is on record."""

CURE = "Give that role the rights of docs/iam/watch.json and docs/iam/table.json."
ALLOW = f"See which role needs it, and what denies it: {POLICIES}."
STS_ADDRESS = "AWS_ENDPOINT_URL_STS, or AWS_ENDPOINT_URL, holds an address; absent, AWS itself is asked."
SOON = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})


def check(it: Installation) -> Iterator[Found]:
    """Yield who this command is, and what is lacking: as workers found it, and by connections of here."""
    yield _identity(it)
    yield from _of_workers(it)
    if PLANS.is_dir():
        from drs_recovery.cli.doctor import connections  # noqa: PLC0415 - imports Airflow, in seconds

        yield from connections.findings()


def _identity(it: Installation) -> Found:
    """Return who AWS says this command is, for which nobody needs a right."""
    try:
        client = boto3.client("sts", region_name=it.dynamodb.meta.region_name, config=SOON)
        return ok(f"this command is {client.get_caller_identity()['Arn']}")
    except (ClientError, BotoCoreError) as error:
        return unknown(f"who this command is STS does not say: {error}", "See that this machine reaches STS.")
    except ValueError:  # of botocore, with the address, in which somebody may sign in
        return unknown("who this command is STS cannot be asked: its address is none", STS_ADDRESS)


def _of_workers(it: Installation) -> Iterator[Found]:
    """Yield what the newest execution of each plan was denied, or found before its start that workers lack.

    One that came to nothing for another reason, as a plan that was taken, tells nothing of rights.
    """
    newest = {one.plan_id: one for one in reversed(it.executions) if one.frozen or _denials(one)}
    denied = {plan_id: text for plan_id, one in newest.items() for text in _denials(one)[:1]}
    for plan_id, text in denied.items():
        where = f"{plan_id} ({newest[plan_id].start_time:%Y-%m-%d})"
        yield fault(f"the newest execution of {where} was denied a right: {text}", ALLOW)
    lacking = {
        warned.message: f"{one.plan_id}, {one.start_time:%Y-%m-%d}"
        for one in newest.values()
        for warned in one.warnings
        if warned.check == CHECK
    }
    for message, where in lacking.items():
        yield warning(f"a worker found ({where}): {message}", CURE)
    tried = sorted(newest.keys() - denied.keys())
    if not newest:
        yield unknown("what workers may do no execution has tried yet", "Drill a plan: `recovery run`.")
    elif tried and not lacking:
        yield ok(
            f"workers had every right that they look for before a start ({listed(tried)}); "
            "what launches and terminates only a drill shows"
        )


def _denials(execution: Execution) -> list[str]:
    """Return what is on record of what failed for want of a right: before its waves, in them, or after."""
    failures = [
        execution.failure.message if execution.failure else None,
        *(wave.failure for wave in execution.waves),
        execution.task_failure,
        execution.cleanup.failure if execution.cleanup else None,
    ]
    return [text for text in failures if text and tells_of_denial(text)]
