"""What approvers read: at the gate of a wave, and before the recovery instances of a drill are terminated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.engine.launchable import GONE
from drs_recovery.engine.permission import rules_of_gate
from drs_recovery.names import path_part
from drs_recovery.plan.launch import launch_of
from drs_recovery.record.attempts import to_start
from drs_recovery.record.enums import LaunchStatus
from drs_recovery.record.judge import needed
from drs_recovery.record.targets import point_text, rpo_text, rto_text
from drs_recovery.report.actions import action_lines
from drs_recovery.text.durations import duration_text
from drs_recovery.text.markdown import Markdown, code, codes, link, render
from drs_recovery.text.values import or_absent
from drs_recovery.text.visible import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from mypy_boto3_drs.type_defs import RecoveryInstanceTypeDef

    from drs_recovery.plan import Plan
    from drs_recovery.record.approvals import GateRules
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.record.parts import Approval
    from drs_recovery.record.server_record import ServerRecord

WAVE = """\
**{{ execution.execution_type }}** of **{{ execution.plan_name }}**, \
asked for by {{ execution.requested_by | code }}\
{% if execution.reason %}: {{ execution.reason | code }}{% endif %}. \
As of {{ at.strftime("%Y-%m-%d %H:%M:%S") }} UTC, attempt {{ wave.attempt }}.

### Starts on approval: {{ wave.wave_name }}

{% if place %}In {{ place }}.

{% endif -%}
| Source server | Hostname | Name |{% if optional %} Optional |{% endif %}{% if points %} Data |{% endif %}
| --- | --- | --- |{% if optional %} --- |{% endif %}{% if points %} --- |{% endif %}
{% for server in servers -%}
| {{ server.source_server_id | code }} | {{ server.hostname | code }} | {{ server.name | code }} |\
{% if optional %} {{ "yes" if server.optional else "no" }} |{% endif %}\
{% if points %} {{ point(server) }} |{% endif %}
{% else -%}
| none{% if not gone %}: earlier attempts launched them all{% endif %} | | |{% if optional %} |{% endif %}\
{% if points %} |{% endif %}
{% endfor %}
{% if gone -%}
Not started, unless DRS knows them by then:

{% for server in gone -%}
- {{ server.source_server_id | code }}: {{ server.error }}
{% endfor %}
{% endif -%}
{{ policy }}
{%- if launch %}

Launched with these settings, which are set and read back before anything starts:
{% for text, ids in launch %}
- {{ text | code }}: {{ ids }}
{%- endfor %}
{%- endif %}
{%- if actions %}

### Actions
{% for line in actions %}
- {{ line }}
{%- endfor %}
{%- endif %}

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
{% if queue -%}
### DRS is short of room

Approved now, the wave would wait: {{ queue }}.

{% endif -%}
### Who may answer

{{ approvers }}. Nobody within {{ hours }}: the execution is CANCELLED. \
{% if execution.is_drill %}A reason is welcome.{% else %}A reason is required.{% endif %}

{% for line in several -%}
{{ line }}

{% endfor -%}
The live record: {{ show | code }}, or {{ run }}.
"""


CLEAN_UP = """\
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


def gate_subject(execution: Execution, wave: WaveRecord) -> str:
    """Return the headline of a gate, which is text and no Markdown."""
    return one_line(f"{execution.execution_type} {execution.plan_name}: start {wave.wave_name}?")


def gate_body(
    plan: Plan,
    execution: Execution,
    wave: WaveRecord,
    servers: Sequence[ServerRecord],
    *,
    at: datetime,
    base_url: str,
    given: Sequence[Approval] = (),
    queue: str | None = None,
) -> str:
    """Return the text of a gate, as Markdown; ``servers`` are those of the whole execution.

    ``given`` are approvals of this attempt that do not pass it yet, and ``queue`` is where the wave would
    stand among those that wait for room in DRS.
    """
    rules = rules_of_gate(plan, execution, wave.wave_number)
    place = f"dags/{path_part(execution.plan_id)}/runs/{path_part(execution.dag_run_id)}"
    own = [server for server in servers if server.wave_number == wave.wave_number]
    start = to_start(wave, servers)
    gone = [server for server in start if server.error == GONE and server.job_id is None]
    body = render(
        WAVE,
        hours=duration_text(plan.gate_timeout),
        execution=execution,
        wave=wave,
        place=_place(execution, wave),
        at=at,
        show=f"recovery show {execution.execution_id}",
        run=link("the DAG run", f"{base_url}/{place}"),
        servers=[server for server in start if server not in gone],
        gone=gone,
        optional=any(server.optional for server in own),
        points=any(server.point_wanted for server in own),
        point=lambda server: point_text(server, execution.start_time),
        policy=_policy(wave, own),
        launch=_launch(plan, execution, wave, start),
        actions=action_lines(plan, execution.execution_type.value, wave.wave_number),
        so_far=[
            _wave_line(other, servers) for other in execution.waves if other.start_time or other.attempt > 1
        ],
        targets=_targets(execution, at),
        queue=queue,
        several=_several(rules, given),
        approvers=_who_may_answer(rules.approvers),
    )
    return str(body)


def _place(execution: Execution, wave: WaveRecord) -> str | None:
    """Return where a wave is recovered to, if all of the execution is not in one place."""
    places = {(execution.account_of(each), execution.region_of(each)) for each in execution.waves}
    if len(places) == 1:
        return None
    return f"account {or_absent(execution.account_of(wave))}, {or_absent(execution.region_of(wave))}"


def _several(rules: GateRules, given: Sequence[Approval]) -> Iterator[Markdown]:
    """Yield what a gate asks for beside one approval of anyone who may answer."""
    if rules.needed > 1:
        yield Markdown(
            "**{} different people must approve**, and one rejection ends it. The gate asks again after each "
            "approval, and this text stays as it was when it first asked: who has approved is in the record."
        ).format(rules.needed)
    for answer in given:
        yield Markdown("Approved at {} UTC by {}.").format(f"{answer.time:%H:%M:%S}", code(answer.by))
    if rules.excluded:
        yield Markdown("{} asked for this run, and may not approve it.").format(code(rules.excluded))
    if rules.break_glass:
        yield Markdown(
            "**Break-glass**: one approval of {}, with a reason, passes this gate alone, and is named so."
        ).format(codes(rules.break_glass))


def _targets(execution: Execution, at: datetime) -> list[str]:
    rto, rpo = rto_text(execution, at), rpo_text(execution)
    return [*([f"RTO so far: {rto}"] if rto else []), *([f"RPO: {rpo}"] if rpo else [])]


def _wave_line(wave: WaveRecord, servers: Sequence[ServerRecord]) -> Markdown:
    own = [server for server in servers if server.wave_number == wave.wave_number]
    launched = sum(server.launch_status == LaunchStatus.LAUNCHED for server in own)
    ended = f", ended {wave.end_time:%H:%M:%S} UTC" if wave.end_time else ""
    again = f", attempt {wave.attempt}" if wave.attempt > 1 else ""
    stands = f"{wave.status}{again}: {launched} of {len(own)} servers launched{ended}"
    message = Markdown("**{}** {}").format(wave.wave_name, stands)
    if wave.status.final and wave.failure:
        message += Markdown(". {}").format(wave.failure)
    if wave.unblocks_dependents and not wave.status.policy_met:
        message += Markdown(". The plan says `on_failure: continue`")
    return message


def _launch(
    plan: Plan, execution: Execution, wave: WaveRecord, servers: Sequence[ServerRecord]
) -> list[tuple[str, Markdown]]:
    """Return the launch settings that the plan says, each with the servers that get them."""
    by_text: dict[str, list[str]] = {}
    for server in servers:
        said = launch_of(plan.waves[wave.wave_number], server.source_server_id, drill=execution.is_drill)
        if said.said:
            by_text.setdefault(str(said), []).append(server.source_server_id)
    return [(text, codes(ids)) for text, ids in by_text.items()]


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
        CLEAN_UP,
        execution=execution,
        at=at,
        pairs=[(one, known[one["sourceServerID"]]) for one in instances],
        approvers=_who_may_answer(plan.approvers),
        show=f"recovery show {execution.execution_id}",
        hours=duration_text(plan.gate_timeout),
    )
    return str(body)


def _who_may_answer(approvers: Sequence[str]) -> str:
    return codes(approvers) or "Anyone who may answer gates in Airflow"
