"""`run`: starts an execution of a plan, once, and follows it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drs_recovery.cli.airflow_view import AirflowView
from drs_recovery.cli.approver import Approver
from drs_recovery.cli.commands.watch import follow_to_the_end
from drs_recovery.cli.connect import sign_in
from drs_recovery.cli.exits import Exit, UsageError
from drs_recovery.cli.paper import Text
from drs_recovery.cli.preflight import check_ready_to_run
from drs_recovery.cli.record import open_store
from drs_recovery.cli.sign_in import interactive
from drs_recovery.clock import now
from drs_recovery.errors import ParamsError
from drs_recovery.record.params import RunParams
from drs_recovery.record.reasons import check_reason
from drs_recovery.report.documents import execution_document
from drs_recovery.report.snapshot import Snapshot, Target

if TYPE_CHECKING:
    from drs_recovery.cli.screen import Screen

MANUAL = "manual"
RECOVERY = "RECOVERY"


@dataclass(frozen=True)
class Request:
    """What a person asks for on the command line."""

    plan_id: str
    execution_type: str = "DRILL"
    confirm: str | None = None
    replace_recovered: str | None = None
    approvals: str | None = None
    reason: str | None = None
    recovery_point: str | None = None
    snapshots: tuple[str, ...] = ()

    def params(self) -> dict[str, Any]:
        """Return the params that were given; raises ParamsError for what no run may have."""
        asked = {
            "execution_type": self.execution_type,
            "confirm": self.confirm,
            "replace_recovered": self.replace_recovered,
            "approvals": self.approvals,
            "reason": self.reason,
            "recovery_point": self.recovery_point,
            "recovery_points": dict(map(_snapshot, self.snapshots)) or None,
        }
        params = {name: value for name, value in asked.items() if value is not None}
        RunParams.read(params).check(self.plan_id, MANUAL)
        return params


def _snapshot(text: str) -> tuple[str, str]:
    """Return the server and the recovery snapshot of ``SERVER=SNAPSHOT``."""
    server, equals, snapshot = text.partition("=")
    if not equals:
        raise ParamsError(f"--snapshot: {text!r} is not SERVER=SNAPSHOT, such as s-…=pit-…")
    return server, snapshot


def run(screen: Screen, request: Request, *, approve: bool, follow: bool, user: str | None) -> Exit:
    """Trigger one run of the plan and follow it to its end."""
    if approve and not follow:
        raise UsageError("--approve answers gates while it follows: leave out --no-follow")
    params = confirmed(screen, request).params()
    reason = gate_reason(request) if approve else ""
    store = open_store()
    with sign_in(user) as client:
        if warning := check_ready_to_run(client, request.plan_id):
            screen.err.print(Text.of_lines(warning, style="bold yellow"))
        target = Target(request.plan_id, new_run_id())
        client.trigger(target.plan_id, target.run_id, params)
        screen.message(
            Text.assemble(
                (request.execution_type, "bold"), f" of {target.plan_id} triggered: {target.execution_id}"
            )
        )
        if not follow:
            shown = Text(f"Follow it: recovery watch {target.execution_id}")
            screen.result(execution_document(Snapshot(target, now())), shown)
            return Exit.OK
        approver = Approver(client, reason) if approve else None
        return follow_to_the_end(screen, store, target, AirflowView(client), approver)


def confirmed(screen: Screen, request: Request) -> Request:
    """Return the request with its confirmation, which a RECOVERY asks for where a person can answer."""
    if request.execution_type != RECOVERY or request.confirm is not None or not interactive():
        return request
    screen.err.print(
        Text.assemble(
            ("This is a RECOVERY, not a drill: ", "bold red"),
            f"it launches the real recovery instances of {request.plan_id!r}.",
            "\n",
            "Type the id of the plan to go on: ",
        ),
        end="",
    )
    typed = input().strip()
    return Request(**{**request.__dict__, "confirm": typed})


def gate_reason(request: Request) -> str:
    """Return the reason given at each gate that --approve answers."""
    if request.reason is None and request.execution_type == RECOVERY:
        raise ParamsError("reason: the gates of a RECOVERY want one; --approve answers them with --reason")
    reason = request.reason or "approved by --approve of the command that started it"
    return check_reason(reason)


def new_run_id() -> str:
    """Return an id for a run, made here so that a request that is sent again cannot start a second one."""
    return f"manual__{now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
