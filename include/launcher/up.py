"""``make up`` and ``make down``: a stack that is left running."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from launcher.environment import ROOT, Addresses, users
from launcher.home import PASSWORDS, Home
from launcher.settings import read_settings
from launcher.stack import Stack
from launcher.state import read_state

if TYPE_CHECKING:
    from rich.console import Console

HOME = ROOT / ".airflow"


def up(console: Console) -> int:
    """Start a stack and leave it running; one that runs and is whole is left as it is."""
    settings = read_settings()
    home = Home(HOME)
    state = read_state(home)
    if state and state.ready and not state.ended:
        console.print("Already running.")
        _tell_access(console, home, Addresses(state.airflow_port, state.aws_port))
        return 0
    if state:
        console.print(
            f"Not whole any more ({', '.join(state.ended) or 'a start was cut short'}): starting anew."
        )
    console.print("Starting PostgreSQL, local AWS and Airflow.")
    stack = Stack(
        HOME,
        airflow_port=settings.airflow_port,
        aws_port=settings.local_aws_port,
        speed=settings.local_aws_speed,
        console=console,
    )
    stack.start()
    _tell_access(console, home, stack.addresses)
    return 0


def down(console: Console) -> int:
    """Stop what runs in the home; where nothing runs, say so."""
    stopped = Stack(HOME).stop()
    console.print("Stopped." if stopped else "Nothing is running.")
    return 0


def _tell_access(console: Console, home: Home, addresses: Addresses) -> None:
    table = Table.grid(padding=(0, 3))
    table.add_row("Airflow", addresses.airflow_url)
    table.add_row("local AWS", addresses.aws_url)
    for user, password in home.passwords(users()).items():
        table.add_row(user, password)
    console.print(table, highlight=False)
    console.print(
        f"The passwords are in {home.path / PASSWORDS}. For the command line, in your shell:\n"
        f"  set -a; . {home.shell}; set +a\n"
        f"  {ROOT / '.venv/bin/python'} -m recovery list\n"
        "Stop it with: make down",
        highlight=False,
        soft_wrap=True,
    )
