"""What runs in a home, on disk, so that another command finds and stops it."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from launcher.components import Executor
from launcher.home import write_private
from launcher.processes import Child

if TYPE_CHECKING:
    from collections.abc import Iterator

    from launcher.home import Home


class State(BaseModel):
    """The processes of a stack, in the order of their start, and its ports."""

    airflow_port: int
    aws_port: int
    executor: Executor = "local"
    children: tuple[Child, ...] = ()
    ready: bool = False

    @property
    def ended(self) -> list[str]:
        """Names of the processes that should run and do not."""
        return [child.name for child in self.children if not child.running]

    def with_child(self, child: Child) -> State:
        """Return the state with one more process."""
        return self.model_copy(update={"children": (*self.children, child)})

    def without(self, child: Child) -> State:
        """Return the state without a process that has ended."""
        return self.model_copy(update={"children": tuple(one for one in self.children if one != child)})

    def write(self, home: Home) -> State:
        """Put it on disk, all or nothing."""
        write_private(home.state, self.model_dump_json(indent=2) + "\n")
        return self


def read_state(home: Home) -> State | None:
    """Return what is on disk; None where nothing is, or nothing that this version wrote."""
    try:
        return State.model_validate_json(home.state.read_text())
    except (FileNotFoundError, ValidationError):
        return None


@contextmanager
def locked(home: Home) -> Iterator[None]:
    """Hold the lock of a home, so that one command at a time starts or stops it."""
    home.make()
    with home.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
