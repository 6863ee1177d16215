"""`doctor`: what of this installation is not as it should be, each with its cure; nothing is changed."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from rich.table import Table

from drs_recovery import __version__
from drs_recovery.cli.airflow import AirflowClient
from drs_recovery.cli.doctor import AIRFLOW, AWS
from drs_recovery.cli.doctor.examine import examined
from drs_recovery.cli.doctor.finding import Finding, State, unknown
from drs_recovery.cli.doctor.looks import Installation
from drs_recovery.cli.exits import Exit
from drs_recovery.cli.paper import Text
from drs_recovery.cli.sign_in import Credentials, SignInNeeded, credentials
from drs_recovery.settings import settings
from drs_recovery.text.lists import listed
from drs_recovery.text.values import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from drs_recovery.cli.doctor.examine import Check
    from drs_recovery.cli.screen import Screen

GROUPS: Mapping[str, Mapping[str, Check]] = {"Airflow": AIRFLOW, "AWS": AWS}
STYLES = {
    State.OK: "green",
    State.WARNING: "bold yellow",
    State.FAULT: "bold red",
    State.UNKNOWN: "bold magenta",
}
TOGETHER = ""
"""In place of a check's name: for several that were not made, all for one reason."""

WIDTH = max(len(name) for checks in GROUPS.values() for name in checks)


def doctor(screen: Screen, user: str | None) -> Exit:
    """Look at everything, show each finding at once, and say how many are faults."""
    findings: list[Finding] = []
    with closing(_installation(user)) as it:
        for title, checks in GROUPS.items():
            screen.message(Text(title, style="bold"))
            for name, found in _findings(screen, checks, it):
                screen.progress.print(_shown(name, found[:1] if name == TOGETHER else found), crop=False)
                findings += found
            screen.message("")
    screen.message(_summary(findings))
    screen.document({"release": __version__, "findings": [one.document() for one in findings]})
    if any(one.found.unreachable for one in findings):
        return Exit.UNREACHABLE
    return Exit.NOT_RECOVERED if _count(findings, State.FAULT) else Exit.OK


def _installation(user: str | None) -> Installation:
    """Return what is looked at; a user who is missing is a finding, and keeps nothing else from being one."""
    try:
        known, why_not = credentials(user), None
    except SignInNeeded as error:
        known, why_not = Credentials(), str(error)
    url = settings().airflow_url
    return Installation(lambda: AirflowClient(url, known, tries=2, timeout=5), why_not)


def _findings(
    screen: Screen, checks: Mapping[str, Check], it: Installation
) -> Iterator[tuple[str, list[Finding]]]:
    """Yield what each check finds. After one that ends its subject no other is made, which is found too."""
    names = list(checks)
    for number, name in enumerate(names):
        with screen.err.status(f"Looking at {name} …"):
            found = examined(checks[name], it)
        yield name, [Finding(name, one) for one in found]
        left = names[number + 1 :]
        if left and any(one.ends for one in found):
            known = unknown(f"not looked at: {listed(left)}", "Cure what stands above, and ask again.")
            yield TOGETHER, [Finding(one, known) for one in left]
            return


def _shown(name: str, findings: Sequence[Finding]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, show_header=False, pad_edge=False)
    table.add_column(width=len(State.WARNING) + 2)
    table.add_column(width=WIDTH)
    table.add_column(overflow="fold")
    for number, finding in enumerate(findings):
        found = finding.found
        text = Text(found.message)
        if found.cure:
            text.append("\n").append(f"→ {found.cure}", style="dim")
        state = Text(f"  {found.state}", style=STYLES[found.state])
        table.add_row(state, Text("" if number else name), text)
    return table


def _summary(findings: Sequence[Finding]) -> Text:
    counts = [
        f"{count} unknown" if state is State.UNKNOWN else plural(count, str(state))
        for state in (State.FAULT, State.WARNING, State.UNKNOWN)
        if (count := _count(findings, state))
    ]
    if not counts:
        return Text("All is well.", style="green")
    worst = next(state for state in (State.FAULT, State.WARNING, State.UNKNOWN) if _count(findings, state))
    return Text(", ".join(counts), style=STYLES[worst])


def _count(findings: Sequence[Finding], state: State) -> int:
    return sum(one.found.state is state for one in findings)
