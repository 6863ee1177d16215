"""The commands, their arguments and their help; the code of each is imported when it runs."""

from __future__ import annotations

import atexit
import gc
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated, Any, Literal

import typer

from drs_recovery.cli.arguments import (  # noqa: TC001 - typer reads the annotations
    Action,
    Approve,
    Confirm,
    Files,
    GatesThatWait,
    GroupIds,
    Json,
    Live,
    Named,
    NoFollow,
    OfType,
    PlanOrFile,
    PoolOnly,
    Reason,
    RecoveryPoint,
    ReplaceRecovered,
    Snapshots,
    TableOnly,
    Tier,
    User,
    Wave,
    Why,
)
from drs_recovery.cli.group import HELP, Commands

app = typer.Typer(
    cls=Commands,
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)


@app.command()
def check(files: Files = None, as_json: Json = False) -> int:
    """Show what is wrong with the files of plans and groups, as file:line:col: message."""
    from drs_recovery.cli.commands import check as command

    return command.check(_screen(as_json), files or [])


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder, or one that is empty.")],
    as_json: Json = False,
) -> int:
    """Make a folder for an Airflow of your own: loader, an example plan, policies, and a check for CI."""
    from drs_recovery.cli.commands import new as command

    return command.new(_screen(as_json), folder)


@app.command()
def groups(ids: GroupIds = None, as_json: Json = False) -> int:
    """Show protection groups: their servers as DRS has them now, and the plans that use them."""
    from drs_recovery.cli.commands import groups as command

    return command.show_groups(_screen(as_json), ids or [])


@app.command()
def preview(plan: PlanOrFile, as_json: Json = False) -> int:
    """Show what a plan would recover now, and what differs from its last execution; nothing is opened."""
    from drs_recovery.cli.commands import preview as command

    return command.show_preview(_screen(as_json), plan)


@app.command("settings")
def show_settings(
    plan: PlanOrFile,
    execution_type: OfType = "DRILL",
    as_json: Json = False,
) -> int:
    """Show what a start of a plan would change of launch settings, per server; nothing is changed."""
    from drs_recovery.cli.commands import settings as command

    return command.show_settings(_screen(as_json), plan, execution_type)


@app.command()
def init(
    table_only: TableOnly = False, pool_only: PoolOnly = False, user: User = None, as_json: Json = False
) -> int:
    """Make the DynamoDB table and the Airflow pool; what is there is kept.

    The pool is made through Airflow's REST API and needs a user who may (admin). Without it:
    `airflow pools set recovery 64 "Recovery plans"`.
    """
    from drs_recovery.cli.commands import init as command

    return command.init(_screen(as_json), table=not pool_only, pool=not table_only, user=user)


@app.command()
def doctor(user: User = None, as_json: Json = False) -> int:
    """Look at Airflow, the table and what AWS allows: what is not as it should be, and its cure.

    Nothing is changed. Exit code 1: a fault was found; warnings, and what could not be looked at, are none.
    """
    from drs_recovery.cli.commands import doctor as command

    return command.doctor(_screen(as_json), user)


@app.command()
def run(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="Id of the plan: the name of its file.")],
    execution_type: Annotated[
        Literal["DRILL", "RECOVERY"], typer.Option("--type", help="A RECOVERY is the real thing.")
    ] = "DRILL",
    confirm: Confirm = None,
    replace_recovered: ReplaceRecovered = None,
    approvals: GatesThatWait = None,
    reason: Reason = None,
    recovery_point: RecoveryPoint = None,
    recovery_points: Snapshots = None,
    approve: Approve = False,
    no_follow: NoFollow = False,
    user: User = None,
    as_json: Json = False,
) -> int:
    """Start an execution of a plan, once, and follow it to its end."""
    from drs_recovery.cli.commands import run as command

    request = command.Request(
        plan,
        execution_type,
        confirm,
        replace_recovered,
        approvals,
        reason,
        recovery_point,
        tuple(recovery_points or ()),
    )
    return command.run(_screen(as_json), request, approve=approve, follow=not no_follow, user=user)


@app.command()
def watch(named: Live, user: User = None, as_json: Json = False) -> int:
    """Follow an execution to its end: waves, servers, and gates that wait."""
    from drs_recovery.cli.commands import watch as command

    return command.watch(_screen(as_json), named, user)


@app.command()
def approve(
    named: Live, wave: Wave = None, reason: Reason = None, user: User = None, as_json: Json = False
) -> int:
    """Approve the gate that waits, as the signed-in user."""
    from drs_recovery.cli.commands import answer as command

    return command.answer(_screen(as_json), "Approve", named, wave_name=wave, reason=reason, user=user)


@app.command()
def reject(
    named: Live, wave: Wave = None, reason: Reason = None, user: User = None, as_json: Json = False
) -> int:
    """Reject the gate that waits: no later wave starts, and the execution is CANCELLED."""
    from drs_recovery.cli.commands import answer as command

    return command.answer(_screen(as_json), "Reject", named, wave_name=wave, reason=reason, user=user)


@app.command("list")
def list_(
    plan: Annotated[
        str | None, typer.Argument(metavar="[PLAN]", help="Only executions of this plan.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most this many.")] = 20,
    as_json: Json = False,
) -> int:
    """List executions, newest first; from the record alone."""
    from drs_recovery.cli.commands import listing as command

    return command.list_executions(_screen(as_json), plan, limit)


@app.command()
def show(named: Named, as_json: Json = False) -> int:
    """Show all that is on record about an execution, with its audit trail; from the record alone."""
    from drs_recovery.cli.commands import show as command

    return command.show(_screen(as_json), named)


@app.command()
def cancel(named: Live, reason: Reason = None, user: User = None, as_json: Json = False) -> int:
    """Cancel an execution: nothing more starts; jobs that run in DRS continue, and are named."""
    from drs_recovery.cli.commands import cancel as command

    return command.cancel(_screen(as_json), named, reason=reason, user=user)


@app.command("queue")
def show_queue(as_json: Json = False) -> int:
    """Show the waves that wait for room in DRS, who goes first, and when each is likely to start."""
    from drs_recovery.cli.commands import queue as command

    return command.show_queue(_screen(as_json))


@app.command("tier")
def set_tier(
    named: Live,
    tier: Tier,
    reason: Annotated[str, typer.Option(help="Why; kept in the trail.")],
    user: User = None,
    as_json: Json = False,
) -> int:
    """Let an execution go before others, or after them, when DRS is short of room."""
    from drs_recovery.cli.commands import tier as command

    return command.set_tier(_screen(as_json), named, tier, reason=reason, user=user)


@app.command("clean-up")
def clean_up(
    named: Named, reason: Reason = None, no_follow: NoFollow = False, user: User = None, as_json: Json = False
) -> int:
    """Terminate the recovery instances of a drill that has ended, also if its plan's `cleanup` is never.

    Only those that DRS calls a drill's and that a job of this execution launched. Where the plan asks for an
    approval first, its approvers are asked.
    """
    from drs_recovery.cli.commands import clean_up as command

    return command.clean_up(_screen(as_json), named, reason=reason, follow=not no_follow, user=user)


@app.command("run-again")
def run_again(named: Named, action: Action, reason: Why, user: User = None, as_json: Json = False) -> int:
    """Let an action of a plan run again that failed, or that nobody saw end; its tasks are cleared."""
    from drs_recovery.cli.commands import action as command
    from drs_recovery.record.enums import TaskState

    return command.answer(_screen(as_json), TaskState.AGAIN, named, action, reason=reason, user=user)


@app.command()
def skip(named: Named, action: Action, reason: Why, user: User = None, as_json: Json = False) -> int:
    """Let an action of a plan be that failed, or that nobody saw end: the execution is PARTIAL at best."""
    from drs_recovery.cli.commands import action as command
    from drs_recovery.record.enums import TaskState

    return command.answer(_screen(as_json), TaskState.SKIPPED, named, action, reason=reason, user=user)


@app.command()
def unlock(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="The plan's id.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the trail of the execution that held it.")],
    user: User = None,
    as_json: Json = False,
) -> int:
    """Free a plan by hand, from any execution that holds it: the last resort."""
    from drs_recovery.cli.commands import unlock as command

    return command.unlock(_screen(as_json), plan, reason, user)


@app.command()
def whoami(user: User = None, as_json: Json = False) -> int:
    """Show your user id in Airflow, as a plan's approvers name it."""
    from drs_recovery.cli.commands import whoami as command

    return command.whoami(_screen(as_json), user)


def _screen(as_json: bool) -> Any:
    from drs_recovery.cli.screen import Screen

    return Screen(as_json=as_json)


def main() -> None:
    """Run the command line."""
    from drs_recovery.cli.surroundings import prepare

    # Python searches all that was imported for garbage as it ends: a fifth of the time of `list`
    atexit.register(gc.freeze)
    prepare()
    app(prog_name="recovery")
