"""A plan as people read it, on the page of its DAG in Airflow."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from drs_recovery.plan.gate_rules import gate_rules
from drs_recovery.plan.schedule import either_day
from drs_recovery.plan.servers import listed_ids, tag_selections
from drs_recovery.record.approvals import GateRules
from drs_recovery.record.recovery_point import point_words
from drs_recovery.report.actions import action_lines
from drs_recovery.text.durations import compact, duration_text
from drs_recovery.text.markdown import Markdown, code, codes, compiled, render, text
from drs_recovery.text.people import ANYONE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.plan import Plan, Wave
    from drs_recovery.plan.launch import Launch
    from drs_recovery.plan.servers import Servers

DOC = """\
## {{ plan.name }}

{{ description }}

| Wave | Starts after | Approval | Source servers | Must be launched | If it fails | Time-out |
| --- | --- | --- | --- | --- | --- | --- |
{% for wave in plan.waves -%}
| {{ wave.name }} | {{ after[loop.index0] }} | {{ approval(loop.index0) }} \
| {{ servers(wave.servers) }} | {{ policy(wave) }} | {{ wave.on_failure }} \
| {{ duration(wave.timeout) }} |
{% endfor %}
{% if actions -%}
Actions: {% for line in actions %}{{ line }}{{ "; " if not loop.last else "." }}{% endfor %}

{% endif -%}
{% if launches -%}
Launches: {% for line in launches %}{{ line }}{% if loop.last %}.{% else %}; {% endif %}{% endfor %}

{% endif -%}
Recovers into {{ places }}. \
Approvers: {{ approvers }}. \
A gate that nobody answers within {{ gate_timeout }} cancels the execution. \
{% if plan.drill_schedule %}Drills by itself at {{ plan.drill_schedule | code }} \
(cron, UTC{% if either %}: {{ either }}{% endif %}), \
approvals: {{ plan.drill_approvals }}.{% else %}No scheduled drills.{% endif %}\
{% if targets %} Targets: {{ targets }}.{% endif %} {{ cleanup }}

**Drill:** trigger this DAG. **Recovery:** trigger it with `execution_type` RECOVERY and `confirm` \
{{ plan.id | code }}. What happened is in the execution record: {{ show | code }}.

Plan hash {{ plan.hash[:12] | code }}
"""
compiled(DOC)  # before tasks fork, each of which builds its DAG


def plan_doc(plan: Plan) -> Markdown:
    """Return the plan as Markdown, with a table of its waves."""
    return render(
        DOC,
        plan=plan,
        description=_paragraphs(plan.description),
        show=f"recovery show {plan.id}",
        places=_places(plan),
        launches=list(_launches(plan)),
        after=[_names(plan, numbers) for numbers in plan.dependencies],
        servers=_servers,
        policy=_policy,
        approval=partial(_approval, plan),
        duration=duration_text,
        targets=_targets(plan),
        either=_either(plan),
        gate_timeout=duration_text(plan.gate_timeout),
        cleanup=_cleanup(plan),
        approvers=codes(plan.approvers) or ANYONE,
        actions=action_lines(plan, "RECOVERY"),
    )


def _places(plan: Plan) -> Markdown:
    """Return where the plan recovers to; which waves go where, if that is not one place."""
    texts = []
    for target, numbers in plan.targets.items():
        place = Markdown("**{}** through the Airflow connection {}").format(
            target.region, code(target.aws_conn_id)
        )
        one = len(plan.targets) == 1
        texts.append(place if one else place + Markdown(" ({})").format(_names(plan, numbers)))
    return Markdown("; ").join(texts)


def _approval(plan: Plan, number: int) -> str:
    """Return whether a wave has a gate, and who passes it where that is not one of the plan's approvers."""
    if not plan.waves[number].pause_before_wave:
        return "no"
    drill, real = (gate_rules(plan, number, drill=drill) for drill in (True, False))
    excluded = gate_rules(plan, number, drill=True, requested_by="").excluded is not None
    alone = ", not by who asked for the run" if excluded else ""
    if drill != real:
        return f"yes{alone}; in a drill: {drill.who}; in a recovery: {real.who}"
    return f"yes{alone}" if drill == GateRules(plan.approvers) else f"yes{alone}: {real.who}"


def _launches(plan: Plan) -> Iterator[Markdown]:
    """Yield of each wave as what, and from which data, its servers are launched, where the plan says it."""
    for wave in plan.waves:
        said = {"{}": wave.launch, "in drills {}": wave.launch_in_drills}
        texts = [Markdown(when).format(_launch(one)) for when, one in said.items() if one]
        if point := wave.recovery_point or plan.recovery_point:
            texts.append(Markdown("data {}").format(code(point_words(point))))
        if texts:
            yield Markdown("{}: {}").format(wave.name, Markdown(", ").join(texts))


def _launch(said: Launch) -> Markdown:
    of_all = code(str(said) or "as in DRS")
    return Markdown("{} (single servers otherwise)").format(of_all) if said.servers else of_all


def _either(plan: Plan) -> str | None:
    """Return what a schedule means that most people misread; no dates, which would change at each parse."""
    return either_day(plan.drill_schedule) if plan.drill_schedule else None


def _targets(plan: Plan) -> str:
    targets = {"RTO": plan.rto, "RPO": plan.rpo}
    return ", ".join(f"{name} {compact(duration)}" for name, duration in targets.items() if duration)


def _cleanup(plan: Plan) -> str | Markdown:
    if plan.cleanup == "never":
        command = code(f"recovery clean-up {plan.id}")
        return Markdown("A drill's recovery instances stay until {}.").format(command)
    after = f"{duration_text(plan.cleanup_after)} after" if plan.cleanup_after else "at"
    asked = "" if plan.cleanup == "always" else ", once an approver says so"
    return f"A drill's recovery instances are terminated {after} its end{asked}."


def _paragraphs(description: str) -> Markdown:
    """Return a text of several paragraphs, in the lines that it has."""
    parts = (part.splitlines() for part in re.split(r"\n\s*\n", description))
    return Markdown("\n\n").join(Markdown("\\\n").join(map(text, lines)) for lines in parts)


def _names(plan: Plan, numbers: tuple[int, ...]) -> str:
    return ", ".join(plan.waves[number].name for number in numbers) or "the start"


def _servers(servers: Servers) -> Markdown:
    ids = listed_ids(servers)
    parts = [codes(ids)] if ids else []
    for part in tag_selections(servers):
        tags = codes(f"{key}={value}" for key, value in sorted(part.tags.items()))
        parts.append(Markdown("all with the DRS tags {}").format(tags))
    return Markdown("; ").join(parts)


def _policy(wave: Wave) -> str | Markdown:
    needed = wave.minimum_launched or "all"
    if wave.optional is None:
        return str(needed)
    return Markdown("{}, not counting {}").format(needed, _servers(wave.optional))
