"""Everything on record about one execution, for people: `show`, and the last word of `run` and `watch`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table

from drs_recovery.cli.cleanups import cleanup_text
from drs_recovery.cli.paper import Text
from drs_recovery.cli.progress import address, picture
from drs_recovery.cli.words import ABSENT, lasting, plural, text, when, word
from drs_recovery.record.targets import rpo_text, rto_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from drs_recovery.cli.progress import Canvas
    from drs_recovery.cli.snapshot import Snapshot
    from drs_recovery.record.events import Event
    from drs_recovery.record.intent import Intent
    from drs_recovery.record.models import Execution

AWS = "aws.amazon.com"
DOMAINS = {"cn-": "amazonaws.cn", "us-gov-": "amazonaws-us-gov.com"}
"""Where the console of a partition is, by the beginning of its Regions' names."""


def ending(snapshot: Snapshot) -> Text:
    """Return the sentence an execution ended with."""
    execution = snapshot.execution
    if execution is None or not execution.final:
        return Text(snapshot.stranded or "", style="red")
    shown = Text.assemble(word(execution.status), "  ")
    shown.append(execution.outcome or (execution.failure.message if execution.failure else ABSENT))
    if message := cleanup_text(execution):
        shown.append("\n").append(f"Clean-up: {message}", style="dim")
    return shown


def summary(snapshot: Snapshot, canvas: Canvas) -> RenderableType:
    """Return how an execution stands, with every server, and how it ended."""
    return (
        Group(picture(snapshot, canvas), Text(), ending(snapshot))
        if snapshot.over
        else picture(snapshot, canvas)
    )


def details(snapshot: Snapshot, events: Sequence[Event], canvas: Canvas) -> RenderableType:
    """Return all that is on record."""
    execution = snapshot.execution
    if execution is None:
        return picture(snapshot, canvas)
    parts: list[RenderableType] = [summary(snapshot, canvas), _heading("Record"), _facts(execution)]
    if any(wave.approval for wave in execution.waves):
        parts += [_heading("Approvals"), _approvals(execution)]
    if any(wave.job_ids or wave.intents for wave in execution.waves):
        parts += [_heading("DRS jobs"), *_jobs(execution)]
    parts += [_heading("Audit trail"), _trail(execution, events)]
    return Group(*parts)


def job_url(region: str | None, job_id: str) -> str | None:
    """Return the page of a DRS job in the AWS console."""
    if region is None:
        return None
    domain = next((domain for prefix, domain in DOMAINS.items() if region.startswith(prefix)), AWS)
    return f"https://console.{domain}/drs/home?region={region}#/launchHistory/{job_id}"


def _heading(title: str) -> Text:
    return Text("\n", style="bold").append(title)


def _facts(execution: Execution) -> Table:
    table = _plain(2)
    facts = {
        "plan": f"{execution.plan_id} ({execution.plan_name}), hash {execution.plan_hash[:12]}",
        "execution": execution.execution_id,
        "DAG run": execution.dag_run_id,
        "Region": f"{text(execution.region)}, account {text(execution.account_id)}",
        "asked for by": text(execution.requested_by),
        "reason": text(execution.reason),
        "started": when(execution.start_time),
        "ended": when(execution.end_time),
        "took": lasting(execution.start_time, execution.end_time),
        "last polled": when(execution.last_polled_time),
    }
    targets = {"RTO": rto_text(execution), "RPO": rpo_text(execution)}
    facts |= {name: message for name, message in targets.items() if message}
    if execution.superseded_by:
        facts["superseded by"] = execution.superseded_by
    if execution.failure:
        facts["failure"] = f"{execution.failure.kind}: {execution.failure.message}"
    for name, value in facts.items():
        table.add_row(Text(name, style="dim"), Text(value))
    return table


def _approvals(execution: Execution) -> Table:
    table = _plain()
    for wave in execution.waves:
        if answer := wave.approval:
            by = answer.by or "nobody: the clock"
            why = Text(f"{by}, {when(answer.time)}, attempt {answer.attempt}: {text(answer.reason)}")
            table.add_row(Text(wave.wave_name), word(answer.decision), why)
    return table


def _jobs(execution: Execution) -> Iterator[RenderableType]:
    for wave in execution.waves:
        for intent in wave.intents:
            asked = f"{plural(intent.count, 'server')}, attempt {intent.attempt}, batch {intent.batch}"
            yield Text(f"  {wave.wave_name}  {_fate(intent)}  {asked}, {when(intent.time)}")
            if intent.job_id and (url := job_url(execution.region, intent.job_id)):
                yield address(url, "    ")


def _fate(intent: Intent) -> str:
    if intent.job_id:
        return intent.job_id
    return f"refused by AWS: {intent.refusal}" if intent.refusal else "sent, its job is not known yet"


def _trail(execution: Execution, events: Sequence[Event]) -> Table:
    names = {wave.wave_number: wave.wave_name for wave in execution.waves}
    table = _plain()
    for event in events:
        wave = "" if event.wave_number is None else names.get(event.wave_number, ABSENT)
        what = Text.assemble((event.type, "bold"), f"  {wave}" if wave else "")
        what.append(f"  {event.detail}" if event.detail else "")
        table.add_row(Text(when(event.time), style="dim"), Text(text(event.actor)), what)
    return table


def _plain(columns: int = 3) -> Table:
    table = Table(box=None, padding=(0, 0, 0, 2), show_header=False, show_edge=False)
    table.add_column(no_wrap=True)
    for _ in range(columns - 1):
        table.add_column(overflow="fold")
    return table
