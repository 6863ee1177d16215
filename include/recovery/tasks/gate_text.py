"""What an approver reads at a gate: what happened so far, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined

from recovery.execution import LaunchStatus, needed, to_start
from recovery.execution.targets import rpo_words, rto_words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from recovery.execution import Execution, ServerRecord, WaveRecord
    from recovery.plan import Plan

BODY = """\
**{{ execution.execution_type }}** of **{{ execution.plan_name }}**, \
asked for by `{{ execution.requested_by }}`\
{% if execution.reason %}: {{ execution.reason }}{% endif %}. \
As of {{ at.strftime("%Y-%m-%d %H:%M:%S") }} UTC, attempt {{ wave.attempt }}.

### Starts on approval: {{ wave.wave_name }}

| Source server | Hostname | Name |{% if optional %} Optional |{% endif %}
| --- | --- | --- |{% if optional %} --- |{% endif %}
{% for server in servers -%}
| `{{ server.source_server_id }}` | {{ server.hostname or "—" }} | {{ server.name or "—" }} |\
{% if optional %} {{ "yes" if server.optional else "no" }} |{% endif %}
{% else -%}
| none: earlier attempts launched them all | | |{% if optional %} |{% endif %}
{% endfor %}
{{ policy }}

### So far

{% for line in so_far -%}
- {{ line }}
{% else -%}
- Nothing has been started yet.
{% endfor %}
{% if targets %}
### Targets

{% for line in targets -%}
- {{ line }}
{% endfor %}
{% endif -%}
{% if execution.warnings %}
### Warnings at the start

{% for warning in execution.warnings -%}
- **{{ warning.check }}**: {{ warning.message }}
{% endfor %}
{% endif -%}
### Who may answer

{{ approvers }}. Nobody within {{ hours }}: the execution is CANCELLED. \
{% if execution.execution_type == "RECOVERY" %}A reason is required.{% else %}A reason is welcome.{% endif %}

The live record: `python -m recovery show {{ execution.execution_id }}`, or [the DAG run]({{ run_url }}).
"""


def gate_subject(execution: Execution, wave: WaveRecord) -> str:
    """Return the headline of a gate."""
    return f"{execution.execution_type} {execution.plan_name}: start {wave.wave_name}?"


def gate_body(
    plan: Plan,
    execution: Execution,
    wave: WaveRecord,
    servers: Sequence[ServerRecord],
    *,
    at: datetime,
    run_url: str,
) -> str:
    """Return the text of a gate, as Markdown; ``servers`` are those of the whole execution."""
    environment = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701 - Markdown, not HTML
    own = [server for server in servers if server.wave_number == wave.wave_number]
    return environment.from_string(BODY).render(
        hours=in_words(plan.gate_timeout),
        execution=execution,
        wave=wave,
        at=at,
        run_url=run_url,
        servers=to_start(wave, servers),
        optional=any(server.optional for server in own),
        policy=_policy(wave, own),
        so_far=[_told(other, servers) for other in execution.waves if other.start_time or other.attempt > 1],
        targets=_targets(execution, at),
        approvers=", ".join(f"`{user}`" for user in plan.approvers)
        or "Anyone who may answer gates in Airflow",
    )


def in_words(duration: timedelta) -> str:
    """Return a duration as people say it, such as `24 hours` or `1 hour 30 minutes`."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "hour"), (minutes, "minute"), (seconds, "second")]
    return " ".join(f"{count} {unit}{'s' * (count != 1)}" for count, unit in parts if count)


def _targets(execution: Execution, at: datetime) -> list[str]:
    rto, rpo = rto_words(execution, at), rpo_words(execution)
    return [*([f"RTO so far: {rto}"] if rto else []), *([f"RPO: {rpo}"] if rpo else [])]


def _told(wave: WaveRecord, servers: Sequence[ServerRecord]) -> str:
    own = [server for server in servers if server.wave_number == wave.wave_number]
    launched = sum(server.launch_status == LaunchStatus.LAUNCHED for server in own)
    ended = f", ended {wave.end_time:%H:%M:%S} UTC" if wave.end_time else ""
    again = f", attempt {wave.attempt}" if wave.attempt > 1 else ""
    told = f"**{wave.wave_name}** {wave.status}{again}: {launched} of {len(own)} servers launched{ended}"
    if wave.status.final and wave.failure:
        told += f". {wave.failure}"
    if wave.releases and not wave.status.met:
        told += ". The plan says `on_failure: continue`"
    return told


def _policy(wave: WaveRecord, servers: Sequence[ServerRecord]) -> str:
    """Return what is demanded of a wave, in a sentence."""
    counted = sum(not server.optional for server in servers)
    must = needed(wave, servers)
    if not must:
        return "All are optional: one that is launched is enough."
    if must == counted:
        return f"Every server{'' if counted == len(servers) else ' that is not optional'} must be launched."
    those = "" if counted == len(servers) else " that are not optional"
    return f"At least {must} of the {counted} servers{those} must be launched."
