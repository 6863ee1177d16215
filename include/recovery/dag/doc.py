"""A plan as people read it, on the page of its DAG in Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined

from recovery.execution.targets import brief
from recovery.plan import ServerTags
from recovery.plan.schedule import either_day
from recovery.tasks.gate_text import in_words

if TYPE_CHECKING:
    from recovery.plan import Plan, Wave

DOC = """\
## {{ plan.name }}

{{ plan.description or "" }}

| Wave | Starts after | Approval | Source servers | Must be launched | If it fails | Time-out |
| --- | --- | --- | --- | --- | --- | --- |
{% for wave in plan.waves -%}
| {{ wave.name | cell }} | {{ after[loop.index0] | cell }} | {{ "yes" if wave.pause_before_wave else "no" }} \
| {{ servers(wave.servers) | cell }} | {{ policy(wave) | cell }} | {{ wave.on_failure }} \
| {{ duration(wave.timeout) }} |
{% endfor %}
Recovers into **{{ plan.region }}** through the Airflow connection `{{ plan.aws_conn_id }}`. \
Approvers: {{ approvers }}. \
A gate that nobody answers within {{ gate_timeout }} cancels the execution. \
{% if plan.drill_schedule %}Drills by itself at `{{ plan.drill_schedule }}` (cron, UTC{{ either }}), \
approvals: {{ plan.drill_approvals }}.{% else %}No scheduled drills.{% endif %}\
{% if targets %} Targets: {{ targets }}.{% endif %} {{ cleanup }}

**Drill:** trigger this DAG. **Recovery:** trigger it with `execution_type` RECOVERY and `confirm` \
`{{ plan.id }}`. What happened is in the execution record: `python -m recovery show {{ plan.id }}`.

Plan hash `{{ plan.hash[:12] }}`
"""


def plan_doc(plan: Plan) -> str:
    """Return the plan as Markdown, with a table of its waves."""
    environment = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701 - Markdown, not HTML
    environment.filters["cell"] = _cell
    return environment.from_string(DOC).render(
        plan=plan,
        after=[_names(plan, numbers) for numbers in plan.dependencies],
        servers=_servers,
        policy=_policy,
        duration=in_words,
        targets=_targets(plan),
        either=_either(plan),
        gate_timeout=in_words(plan.gate_timeout),
        cleanup=_cleanup(plan),
        approvers=", ".join(f"`{user}`" for user in plan.approvers) or "anyone who may answer gates",
    )


def _either(plan: Plan) -> str:
    """Return what a schedule means that most people misread; no dates, which would change at each parse."""
    told = either_day(plan.drill_schedule) if plan.drill_schedule else None
    return f": {told}" if told else ""


def _targets(plan: Plan) -> str:
    targets = {"RTO": plan.rto, "RPO": plan.rpo}
    return ", ".join(f"{name} {brief(duration)}" for name, duration in targets.items() if duration)


def _cleanup(plan: Plan) -> str:
    if plan.cleanup == "never":
        return f"A drill's recovery instances stay until `python -m recovery clean-up {plan.id}`."
    after = f"{in_words(plan.cleanup_after)} after" if plan.cleanup_after else "at"
    asked = "" if plan.cleanup == "always" else ", once an approver says so"
    return f"A drill's recovery instances are terminated {after} its end{asked}."


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _names(plan: Plan, numbers: tuple[int, ...]) -> str:
    return ", ".join(plan.waves[number].name for number in numbers) or "the start"


def _servers(servers: ServerTags | tuple[str, ...]) -> str:
    if isinstance(servers, ServerTags):
        tags = ", ".join(f"`{key}={value}`" for key, value in sorted(servers.tags.items()))
        return f"all with the DRS tags {tags}"
    return ", ".join(f"`{server}`" for server in servers)


def _policy(wave: Wave) -> str:
    needed = wave.minimum_launched or "all"
    return f"{needed}, not counting {_servers(wave.optional)}" if wave.optional else str(needed)
