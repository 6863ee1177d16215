"""What an approver reads before the recovery instances of a drill are terminated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined

from recovery.tasks.gate_text import in_words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mypy_boto3_drs.type_defs import RecoveryInstanceTypeDef

    from recovery.execution import Execution, ServerRecord
    from recovery.plan import Plan

BODY = """\
The **DRILL** of **{{ execution.plan_name }}** that `{{ execution.requested_by }}` asked for has ended: \
**{{ execution.status }}**. As of {{ at.strftime("%Y-%m-%d %H:%M:%S") }} UTC, DRS lists the recovery \
instances below. They cost money until they are terminated; what was written there is lost with them.

### Terminated on approval

| Recovery instance | Source server | Hostname | Name |
| --- | --- | --- | --- |
{% for instance, server in pairs -%}
| `{{ instance.recoveryInstanceID }}` | `{{ instance.sourceServerID }}` | {{ server.hostname or "—" }} \
| {{ server.name or "—" }} |
{% else -%}
| none | | | |
{% endfor %}
Before each call DRS is asked again: only instances that are a drill's, and that a job of this execution \
launched, are terminated.

### Who may answer

{{ approvers }}. On rejection, or when nobody answers within {{ hours }}, the instances are kept. \
A reason is welcome.

The record: `python -m recovery show {{ execution.execution_id }}`.
"""


def clean_up_subject(execution: Execution) -> str:
    """Return the headline."""
    return f"DRILL {execution.plan_name}: terminate its recovery instances?"


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
    environment = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701 - Markdown, not HTML
    return environment.from_string(BODY).render(
        execution=execution,
        at=at,
        pairs=[(one, known[one["sourceServerID"]]) for one in instances],
        approvers=", ".join(f"`{user}`" for user in plan.approvers)
        or "Anyone who may answer gates in Airflow",
        hours=in_words(plan.gate_timeout),
    )
