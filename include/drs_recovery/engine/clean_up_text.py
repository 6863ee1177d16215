"""What an approver reads before the recovery instances of a drill are terminated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.text.durations import duration_text
from drs_recovery.text.markdown import codes, render
from drs_recovery.text.visible import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mypy_boto3_drs.type_defs import RecoveryInstanceTypeDef

    from drs_recovery.plan import Plan
    from drs_recovery.record.models import Execution
    from drs_recovery.record.server_record import ServerRecord

BODY = """\
The **DRILL** of **{{ execution.plan_name }}** that {{ execution.requested_by | code }} asked for has ended: \
**{{ execution.status }}**. As of {{ at.strftime("%Y-%m-%d %H:%M:%S") }} UTC, DRS lists the recovery \
instances below. They cost money until they are terminated; what was written there is lost with them.

### Terminated on approval

| Recovery instance | Source server | Hostname | Name |
| --- | --- | --- | --- |
{% for instance, server in pairs -%}
| {{ instance.recoveryInstanceID | code }} | {{ instance.sourceServerID | code }} \
| {{ server.hostname | code }} | {{ server.name | code }} |
{% else -%}
| none | | | |
{% endfor %}
Before each call DRS is asked again: only instances that are a drill's, and that a job of this execution \
launched, are terminated.

### Who may answer

{{ approvers }}. On rejection, or when nobody answers within {{ hours }}, the instances are kept. \
A reason is welcome.

The record: {{ show | code }}.
"""


def clean_up_subject(execution: Execution) -> str:
    """Return the headline, which is text and no Markdown."""
    return one_line(f"DRILL {execution.plan_name}: terminate its recovery instances?")


def clean_up_body(
    plan: Plan,
    execution: Execution,
    servers: Sequence[ServerRecord],
    instances: Sequence[RecoveryInstanceTypeDef],
    *,
    at: datetime,
) -> str:
    """Return the text, as Markdown."""
    known = {server.source_server_id: server for server in servers}
    body = render(
        BODY,
        execution=execution,
        at=at,
        pairs=[(one, known[one["sourceServerID"]]) for one in instances],
        approvers=codes(plan.approvers) or "Anyone who may answer gates in Airflow",
        show=f"recovery show {execution.execution_id}",
        hours=duration_text(plan.gate_timeout),
    )
    return str(body)
