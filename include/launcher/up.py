"""``make up`` and ``make down``: a stack that is left running."""

from __future__ import annotations

from typing import TYPE_CHECKING

from launcher.environment import ROOT, Addresses, users
from launcher.errors import SettingRefused
from launcher.home import PASSWORDS, Home
from launcher.settings import read_settings
from launcher.stack import Stack
from launcher.state import read_state

if TYPE_CHECKING:
    from launcher.console import Console

HOME = ROOT / ".airflow"


def up(console: Console) -> int:
    """Start a stack and leave it running; one that runs completely is left as it is."""
    settings = read_settings()
    home = Home(HOME)
    state = read_state(home)
    if state and state.executor != settings.executor and len(state.ended) < len(state.children):
        raise SettingRefused(
            f"EXECUTOR={settings.executor}: what runs here was started with EXECUTOR={state.executor}. "
            "Stop it first: make down"
        )
    if state and state.ready and not state.ended:
        console.print("Already running.")
        _print_access(console, home, Addresses(state.airflow_port, state.aws_port))
        return 0
    if state:
        console.print(
            f"Not whole any more ({', '.join(state.ended) or 'a start was cut short'}): starting again."
        )
    beside = ", Redis, HAProxy" if settings.executor == "celery" else ""
    console.print(f"Starting PostgreSQL{beside}, local AWS and Airflow.")
    stack = Stack(
        HOME,
        airflow_port=settings.airflow_port,
        aws_port=settings.local_aws_port,
        speed=settings.local_aws_speed,
        console=console,
        executor=settings.executor,
    )
    stack.start()
    _print_access(console, home, stack.addresses)
    return 0


def down(console: Console) -> int:
    """Stop what runs in the home, if anything does."""
    with console.status("stopping; tasks that are running may end their work"):
        stopped = Stack(HOME).stop()
    console.print("Stopped." if stopped else "Nothing is running.")
    return 0


def _print_access(console: Console, home: Home, addresses: Addresses) -> None:
    """Show addresses and users; a table would cut passwords short on a narrow screen."""
    people = "\n".join(f"{user:12}{password}" for user, password in home.passwords(users()).items())
    console.print(
        f"{'Airflow':12}{addresses.airflow_url}\n{'Local AWS':12}{addresses.aws_url}\n"
        f"{'user':12}password\n{people}\n"
        f"The passwords are kept in {home.path / PASSWORDS}.\n"
        f"To run a plan, in this shell: . {home.shell}; recovery run web_shop --user alice\n"
        "To stop: make down",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
