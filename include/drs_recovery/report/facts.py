"""What is on record of an execution, fact by fact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.record.targets import rpo_text, rto_text
from drs_recovery.text.lists import listed
from drs_recovery.text.values import elapsed, or_absent, timestamp

if TYPE_CHECKING:
    from drs_recovery.record.intent import Intent
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.record.parts import Archived

AWS = "aws.amazon.com"
DOMAINS = {"cn-": "amazonaws.cn", "us-gov-": "amazonaws-us-gov.com"}
"""Where the console of a partition is, by the beginning of its Regions' names."""


def facts(execution: Execution) -> dict[str, str]:
    """Return the facts of an execution by their names."""
    known = {
        "plan": f"{execution.plan_id} ({execution.plan_name}), hash {execution.plan_hash[:12]}",
        "execution": execution.execution_id,
        "DAG run": execution.dag_run_id,
        "Region": places(execution),
        "asked for by": or_absent(execution.requested_by),
        "reason": or_absent(execution.reason),
        "started": timestamp(execution.start_time),
        "ended": timestamp(execution.end_time),
        "took": elapsed(execution.start_time, execution.end_time),
        "last polled": timestamp(execution.last_polled_time),
    }
    targets = {"RTO": rto_text(execution), "RPO": rpo_text(execution)}
    known |= {name: message for name, message in targets.items() if message}
    if execution.archived:
        known["archive"] = _archived(execution.archived)
    if execution.superseded_by:
        known["superseded by"] = execution.superseded_by
    if execution.failure:
        known["failure"] = f"{execution.failure.kind}: {execution.failure.message}"
    return known


def _archived(archived: Archived) -> str:
    """Return where the whole of an execution is, and until when it is here too."""
    beside = "servers, audit trail and all else"
    here = f"; {beside} leave the table from {timestamp(archived.expires)} on" if archived.expires else ""
    return f"{archived.state}{here}"


def places(execution: Execution) -> str:
    """Return where an execution recovers to; which waves go where, if that is not one place."""
    names: dict[str, list[str]] = {}
    for wave in execution.waves:
        names.setdefault(place(execution, wave), []).append(wave.wave_name)
    if len(names) == 1:
        return next(iter(names))
    return "; ".join(f"{where}: {listed(waves)}" for where, waves in names.items())


def place(execution: Execution, wave: WaveRecord) -> str:
    """Return where a wave is recovered to."""
    return f"{or_absent(execution.region_of(wave))}, account {or_absent(execution.account_of(wave))}"


def intent_result(intent: Intent) -> str:
    """Return the job of an intent, or why there is none."""
    if intent.job_id:
        return intent.job_id
    return f"not started: {intent.refusal}" if intent.refusal else "sent, its job is not known yet"


def job_url(region: str | None, job_id: str) -> str | None:
    """Return the page of a DRS job in the AWS console."""
    if region is None:
        return None
    domain = next((domain for prefix, domain in DOMAINS.items() if region.startswith(prefix)), AWS)
    return f"https://console.{domain}/drs/home?region={region}#/launchHistory/{job_id}"
