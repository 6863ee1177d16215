"""`whoami`: the user id that Airflow has, as a plan's ``approvers`` name it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.cli.connect import sign_in
from drs_recovery.cli.exits import Exit
from drs_recovery.cli.paper import Text
from drs_recovery.text.values import or_absent

if TYPE_CHECKING:
    from drs_recovery.cli.screen import Screen


def whoami(screen: Screen, user: str | None) -> Exit:
    """Show the id that belongs into ``approvers``, and the role if the auth manager gives one."""
    with sign_in(user) as client:
        me, role = client.me(), client.claims().get("role")
    document = {"id": me.id, "username": me.username, "role": role, "airflow": client.url}
    shown = Text.assemble("id    ", (me.id, "bold"), "  (what stands in a plan's approvers)")
    for line in (f"name  {me.username}", f"role  {or_absent(role)}", f"at    {client.url}"):
        shown.append("\n").append(line)
    screen.result(document, shown)
    return Exit.OK
